"""Every page can be reached, and everything a page points at is there."""

from __future__ import annotations

import struct
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.docs.pages import PAGES, README, ROOT, anchors, links

PICTURES = sorted((ROOT / "docs" / "pictures").iterdir())
PICTURE_BYTES_MAX = 300 * 1024


def named(pages: tuple[Path, ...]) -> list[str]:
    return [page.relative_to(ROOT).as_posix() for page in pages]


@pytest.mark.parametrize("page", PAGES, ids=named(PAGES))
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    broken = []
    for target in links(page):
        if target.startswith(("http://", "https://")):
            continue
        file, _, anchor = target.partition("#")
        there = (page.parent / file).resolve() if file else page
        if not there.exists() or (anchor and anchor not in anchors(there)):
            broken.append(target)
    assert broken == []


def test_a_broken_link_would_be_seen(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# Title, here\n\n[a](b.md#c) and `[no](link)`\n```\n# no heading [x](y)\n```\n", "utf-8")
    assert links(page) == ["b.md#c"]
    assert anchors(page) == {"title-here"}


@pytest.mark.parametrize("page", PAGES, ids=named(PAGES))
def test_every_page_can_be_reached_from_the_front(page: Path) -> None:
    front = {(README.parent / target.partition("#")[0]).resolve() for target in links(README)}
    assert page == README or page in front


@pytest.mark.parametrize("picture", PICTURES, ids=lambda path: path.name)
def test_pictures_are_small_shown_and_as_wide_as_they_say(picture: Path) -> None:
    assert picture.stat().st_size <= PICTURE_BYTES_MAX
    shown = {(page.parent / target).resolve() for page in PAGES for target in links(page)}
    assert picture in shown
    assert picture.stem.rsplit("-", 1)[1] == str(width(picture))


def width(picture: Path) -> int:
    """Give the width in pixels that a PNG or SVG file states."""
    if picture.suffix == ".svg":
        return int(ET.fromstring(picture.read_text(encoding="utf-8")).attrib["width"])  # noqa: S314
    stated: int = struct.unpack(">I", picture.read_bytes()[16:20])[0]
    return stated
