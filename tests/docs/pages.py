"""The pages as a test reads them: links, headings, fenced blocks."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
PAGES = (README, ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md")))
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"(?<!`)!?\[[^\]]*\]\(([^)\s]+)\)")


class Block(NamedTuple):
    """A fenced block: the heading it stands under, its language, its text."""

    heading: str
    language: str
    text: str


def read(page: Path) -> str:
    """Give the text of a page."""
    return page.read_text(encoding="utf-8")


def blocks(page: Path) -> list[Block]:
    """Give all fenced blocks in order."""
    text = read(page)
    found = []
    for match in _FENCE.finditer(text):
        above = re.findall(r"^#{1,6} (.+)$", _FENCE.sub("", text[: match.start()]), re.MULTILINE)
        found.append(Block(above[-1] if above else "", match[1], match[2]))
    return found


def links(page: Path) -> list[str]:
    """Give the targets of all links and pictures outside code."""
    return _LINK.findall(_FENCE.sub("", read(page)))


def anchors(page: Path) -> set[str]:
    """Give the anchors of a page's headings, as forges make them."""
    found: set[str] = set()
    for heading in re.findall(r"^#{1,6} (.+)$", _FENCE.sub("", read(page)), re.MULTILINE):
        plain = re.sub(r"[^\w\- ]", "", heading.lower())
        found.add(plain.strip().replace(" ", "-"))
    return found
