"""Which scripts the page's first one brings along: fetched at once, not one layer after another."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

_IMPORT: Final = re.compile(r'^(?:import|export)\s(?:[^"]*?from )?"\./([\w.]+)";', re.MULTILINE)


def brought_along(folder: Path, first: str) -> list[str]:
    """List the modules below `folder` that `first` imports, and what those import: nearest first.

    Only static imports count: what is imported when somebody asks for it (`import("./x.js")`) is not listed.

    Raises:
        FileNotFoundError: a module imports one that is not there.
    """
    found = [first]
    for name in found:  # grows while it is walked
        text = (folder / name).read_text(encoding="utf-8")
        for match in _IMPORT.finditer(text):
            if match[1] not in found:
                found.append(match[1])
    return found[1:]
