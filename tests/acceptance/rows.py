"""What an acceptance row is, and how one is run."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

PROJECT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Outcome:
    """What a row measured. `held` None means it could not run here; `note` then says why."""

    figure: Any
    held: bool | None
    note: str = ""


@dataclass(frozen=True)
class Row:
    """One promise: `limit` in words, `command` what a person types to see the same."""

    name: str
    command: str
    limit: str
    run: Callable[[], Outcome]


@dataclass
class Rows:
    """All rows, in the order they are declared."""

    all: list[Row] = field(default_factory=list)

    def row(
        self, name: str, *, command: str, limit: str
    ) -> Callable[[Callable[[], Outcome]], Callable[[], Outcome]]:
        """Declare the decorated function as a row."""

        def add(run: Callable[[], Outcome]) -> Callable[[], Outcome]:
            self.all.append(Row(name, command, limit, run))
            return run

        return add


ROWS = Rows()


OF_MAKE: Final = ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "MAKEOVERRIDES")
"""By which a `make` within `make accept` would know where it is, and print its folder last."""


def call(
    *argv: str, cwd: Path = PROJECT, timeout_s: float = 900, **environment: str
) -> tuple[int, str, float]:
    """Run a command; give exit code, output (both streams) and seconds."""
    import os

    inherited = {name: value for name, value in os.environ.items() if name not in OF_MAKE}
    start = time.monotonic()
    done = subprocess.run(
        argv,
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=timeout_s,
        env={**inherited, **environment},
        check=False,
    )
    return done.returncode, done.stdout, time.monotonic() - start


def pytest_outcome(*nodes: str, timeout_s: float = 900) -> Outcome:
    """Run tests by node; the figure is pytest's closing line, skipped tests leave the row open."""
    code, output, _ = call(
        sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", *nodes, timeout_s=timeout_s
    )
    closing = output.strip().splitlines()[-1].strip("= ") if output.strip() else "no output"
    if code == 0 and "passed" not in closing:
        reasons = [line for line in output.splitlines() if line.startswith("SKIPPED")]
        return Outcome(closing, None, "; ".join(reasons))
    return Outcome(closing, code == 0, "" if code == 0 else output[-2000:])
