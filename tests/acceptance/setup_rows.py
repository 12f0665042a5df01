"""Rows about the first hour: a fresh clone without any virtual environment."""

from __future__ import annotations

import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from tests.acceptance.rows import PROJECT, ROWS, Outcome, call

FIRST_S = 120
SECOND_S = 10
_clone = tempfile.TemporaryDirectory(prefix="opsroom-clone-", ignore_cleanup_errors=True)


def clone() -> Path:
    """Give a fresh clone of what is committed, made once."""
    folder = Path(_clone.name) / "project"
    if not folder.exists():
        subprocess.run(["git", "clone", "-q", str(PROJECT), str(folder)], check=True)
    return folder


def answer_s(folder: Path, limit_s: float) -> tuple[float, str]:
    """Start `make demo` and give the seconds until its URL answers, with the last lines it printed."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    start = time.monotonic()
    log = Path(_clone.name) / "demo.log"
    with log.open("w") as file:
        demo = subprocess.Popen(
            ["make", "demo", f"ARGS=--port {port} --for {limit_s + 60:.0f}"],
            cwd=folder,
            stdout=file,
            stderr=subprocess.STDOUT,
        )
        try:
            while time.monotonic() - start < limit_s + 60 and demo.poll() is None:
                try:
                    with urllib.request.urlopen(f"http://127.0.0.1:{port}/room/", timeout=2) as answer:
                        if answer.status == 200 and f":{port}" in log.read_text():
                            return time.monotonic() - start, ""
                except (urllib.error.URLError, OSError):
                    time.sleep(0.1)
        finally:
            demo.terminate()
            demo.wait(60)
    return float("inf"), log.read_text()[-2000:]


@ROWS.row(
    "demo, first run", command="make demo (fresh clone)", limit=f"URL printed and answered within {FIRST_S} s"
)
def first() -> Outcome:
    seconds, note = answer_s(clone(), FIRST_S)
    return Outcome(f"{seconds:.1f} s", seconds <= FIRST_S, note)


@ROWS.row(
    "demo, second run", command="make demo (again)", limit=f"URL printed and answered within {SECOND_S} s"
)
def second() -> Outcome:
    seconds, note = answer_s(clone(), SECOND_S)
    return Outcome(f"{seconds:.1f} s", seconds <= SECOND_S, note)


@ROWS.row("tests in a fresh clone", command="make test (fresh clone)", limit="all pass within 15 minutes")
def tests() -> Outcome:
    code, output, seconds = call(
        "make",
        "test",
        cwd=clone(),
        timeout_s=1_500,
        OPSROOM_TEST_DATA=str(PROJECT.parent / "shared" / "data"),
    )
    lines = [line.strip("= ") for line in output.splitlines() if " passed" in line]
    closing = lines[-1] if lines else "no test ran"
    return Outcome(
        f"{closing}; {seconds:.0f} s in all",
        code == 0 and seconds <= 900,
        "" if code == 0 else output[-2000:],
    )
