"""Forks servers out of one process that has imported everything.

A start then costs what the room itself needs, not what the imports need: many kills fit into a short test.
What is killed is a process of its own all the same.
"""

from __future__ import annotations

import ctypes
import importlib
import json
import os
import signal
import sys

from fastapi import FastAPI

import dashboards
from opsroom.kernels import compile_all
from opsroom.registry import survey

PR_SET_PDEATHSIG = 1
HEAVY = ("alembic.command", "dashboards", "opsroom.main", "opsroom.cli", "opsroom.cli.serve", "uvloop")


def child(argv: list[str], out: str) -> None:
    """Become `opsroom ARGV` in a session of its own, with both streams in the file `out`."""
    os.setsid()
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)  # none outlives the tests
    file = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(file, 1)
    os.dup2(file, 2)
    from opsroom.cli import app

    code = 1
    try:
        app(argv, standalone_mode=True)
    except SystemExit as leave:
        code = leave.code if isinstance(leave.code, int) else 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def warm() -> None:
    """Import what a start needs, engines and the screens' libraries included, and compile the kernels."""
    for name in HEAVY:
        importlib.import_module(name)
    for package in ("opsroom.log", "opsroom.store"):
        survey(package)
    dashboards.mount(FastAPI())
    compile_all()


def main() -> None:
    """Take orders, one JSON object a line: `argv` and `out` start, `wait` waits.

    Each is answered with a line: a process id, or an exit code (negative: the signal).
    """
    warm()
    print("ready", flush=True)
    for line in iter(sys.stdin.readline, ""):
        order = json.loads(line)
        if "argv" in order:
            answer = os.fork()
            if answer == 0:
                child(order["argv"], order["out"])
        else:
            answer = os.waitstatus_to_exitcode(os.waitpid(order["wait"], 0)[1])
        print(answer, flush=True)


if __name__ == "__main__":
    main()
