"""What the tests of the command line share: the command, and a room to run it against."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import structlog
from typer.testing import CliRunner

from opsroom.cli import app

ROOT = Path(__file__).resolve().parents[2]
ECONOMY = """\
[[unit]]
path = ""
name = "Nation"
level = "nation"
[[unit]]
path = "energy/dam"
level = "enterprise"
[[series]]
path = "energy/dam/output"
unit = "MW"
band = [10.0, 100.0]
recovery_s = [60.0]
"""


class Ran(NamedTuple):
    """What a verb left."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The last line of standard output, as JSON."""
        return json.loads(self.out.splitlines()[-1])


Verb = Callable[..., Ran]


def run(folder: Path, *words: str, text: str = "", **environment: str) -> Ran:
    """Run the command with `words` in `folder`, in this process; `text` is its standard input."""
    with contextlib.chdir(folder):
        ran = CliRunner().invoke(app, list(words), input=text, env={**environment, "COLUMNS": "200"})
    structlog.reset_defaults()
    if ran.exception is not None and not isinstance(ran.exception, SystemExit):
        raise ran.exception
    return Ran(ran.exit_code, ran.stdout, ran.stderr)


def clean_environment() -> dict[str, str]:
    """Give an environment in which only the project's own path is set for it."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("OPSROOM_")}
    return {**kept, "PYTHONPATH": str(ROOT), "COLUMNS": "200", "NO_COLOR": "1"}


@pytest.fixture
def opsroom(tmp_path: Path) -> Verb:
    """Give the command, run in the test's own folder."""

    def verb(*words: str, text: str = "", **environment: str) -> Ran:
        return run(tmp_path, *words, text=text, **environment)

    return verb


class Live(NamedTuple):
    """A running room: its address and folder."""

    url: str
    folder: Path

    def verb(self, *words: str, text: str = "", **environment: str) -> Ran:
        """Run a verb in the room's folder."""
        return run(self.folder, *words, text=text, **environment)


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """Run `opsroom serve` on a small tree for the tests of a module."""
    folder = tmp_path_factory.mktemp("room")
    (folder / "economy.toml").write_text(ECONOMY, encoding="utf-8")
    with (folder / "server.log").open("w", encoding="utf-8") as words:
        process = subprocess.Popen(
            [sys.executable, "-m", "opsroom", "serve", "--port", "0", "--json"],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=words,
            text=True,
            env={**clean_environment(), "OPSROOM_LIMITS__LOGIN_PER_MINUTE": "1000"},  # each verb signs in
        )
    assert process.stdout is not None
    line = process.stdout.readline()
    try:
        assert line, (folder / "server.log").read_text(encoding="utf-8")
        yield Live(json.loads(line)["url"], folder)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) in {0, -signal.SIGTERM}
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
