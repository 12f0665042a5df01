"""The tree under test: where it lies and which files belong to it."""

import ast
import gc
import subprocess
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = ("opsroom", "ingest", "dashboards")


class Module(NamedTuple):
    """One Python file: path relative to the root (posix), text and parsed tree."""

    path: str
    text: str
    tree: ast.Module

    @classmethod
    def of(cls, path: str, text: str) -> "Module":
        """Parse `text` as the module at `path`.

        Without garbage collection: a finalizer that parses too, as a traceback does, makes CPython 3.11 lose
        count of the depth (gh-106905).
        """
        was_enabled = gc.isenabled()
        gc.disable()
        try:
            return cls(path, text, ast.parse(text, path))
        finally:
            if was_enabled:
                gc.enable()


@cache
def modules(*folders: str) -> tuple[Module, ...]:
    """Every Python module below `folders`, sorted by path."""
    paths = (path for folder in folders for path in sorted((ROOT / folder).rglob("*.py")))
    return tuple(
        Module.of(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")) for path in paths
    )


@cache
def tracked() -> tuple[Path, ...]:
    """Every tracked file that is still there; empty where this is no git checkout."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False, text=True)
    paths = (ROOT / name for name in listed.stdout.split("\0") if name)
    return tuple(path for path in paths if path.is_file())
