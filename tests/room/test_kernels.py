"""Whoever compiles beforehand never waits for a compiler afterwards."""

from __future__ import annotations

import subprocess
import sys

from tests.acceptance.rows import PROJECT


def test_nothing_is_compiled_once_all_is() -> None:
    """Neither by a world with its restarts nor by relations that are judged, nor by rules."""
    command = [sys.executable, "-m", "tests.room.compiled"]
    told = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True)
    assert told.stdout == ""
