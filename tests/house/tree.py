"""The tree under test: where it lies and which files belong to it."""

import ast
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
        """Parse `text` as the module at `path`."""
        return cls(path, text, ast.parse(text, path))


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
