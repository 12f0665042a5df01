"""Rows about every screen of the room: each wall at each size, in each palette and language."""

from __future__ import annotations

import itertools
import json
import shutil
import tempfile
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from tests.acceptance.full_room import PASSWORD, VIEWER, data_words, fill, full_room
from tests.acceptance.rows import PROJECT, ROWS, Outcome
from tests.acceptance.screens import LANGUAGES, PALETTES, Cell, Screen, vocabulary_of
from tests.assembled.test_page import in_thread
from tests.dashboards.conftest import ARGUMENTS, CHROMIUM, SIZES

PICTURES: Final = PROJECT / "out" / "screens"
SHOWN_MAX: Final = 12
PAGES: Final = 2
"""Browsers that go through the walls at once."""


@ROWS.row(
    "what must hold on every screen",
    command='python -m tests.acceptance --only "what must hold on every screen" (pictures in out/screens)',
    limit="every wall at 1920, 1024 and 390 px, by day and night, in three languages, over a real room: no "
    "violation that axe finds (asked at each size in each palette, and in each language), nothing on the "
    "console, no request elsewhere, no sideways scroll, no raw key or foreign word, "
    "no cut or covered text, on the phone no target below 44 px",
)
def everywhere() -> Outcome:
    if CHROMIUM is None:
        return Outcome(None, None, "no chromium here")
    shutil.rmtree(PICTURES, ignore_errors=True)
    PICTURES.mkdir(parents=True)
    with tempfile.TemporaryDirectory(prefix="opsroom-screens-") as name, full_room(Path(name)) as room:
        in_thread(fill(room))
        with ThreadPoolExecutor(PAGES) as pool:
            looks = [pool.submit(looked, room.home, data_words(room), n) for n in range(PAGES)]
            seen = [one.result() for one in looks]
    found: dict[str, list[str]] = defaultdict(list)
    for faults, _cells, _walls in seen:
        for fault, where in faults.items():
            found[fault] += where
    (PICTURES / "faults.json").write_text(json.dumps(found, indent=1, ensure_ascii=False), encoding="utf-8")
    told = [f"{fault} ({len(where)}: {where[0]})" for fault, where in found.items()]
    figure = {
        "walls": sum(walls for _, _, walls in seen),
        "screens": sum(cells for _, cells, _ in seen),
        "faults": len(found),
    }
    return Outcome(figure, not found, "\n".join(told[:SHOWN_MAX]))


def looked(home: str, written: set[str], first: int) -> tuple[dict[str, list[str]], int, int]:
    """Go through every second wall in a browser of its own; gives where which fault is, cells and walls."""
    from playwright.sync_api import sync_playwright

    found: dict[str, list[str]] = defaultdict(list)
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS.split())
        context = browser.new_context(viewport={"width": 1920, "height": 1080})
        context.set_default_timeout(60_000)
        screen = Screen(context.new_page(), home)
        screen.sign_in(VIEWER, PASSWORD)
        vocabulary = vocabulary_of(screen.page, written)
        walls = screen.walls()[first::PAGES]
        cells = [cell for size, wall in itertools.product(SIZES, walls) for cell in turns(wall, size)]
        for n, cell in enumerate(cells):
            screen.show(cell)
            # the slowest to answer: once a wall, size and palette, so that a wall is asked in every language
            asks_axe = n % len(LANGUAGES) == list(SIZES).index(cell.size)
            for fault in screen.faults(cell, vocabulary, axe=asks_axe):
                found[fault].append(str(cell))
            screen.keep(cell, PICTURES)
        browser.close()
    return dict(found), len(cells), len(walls)


def turns(wall: str, size: str) -> list[Cell]:
    """Give the cells of one wall and size in the order that changes least from one to the next."""
    languages = [*LANGUAGES, *reversed(LANGUAGES)]
    palettes = [palette for palette in PALETTES for _ in LANGUAGES]
    return [Cell(wall, size, palette, lang) for palette, lang in zip(palettes, languages, strict=True)]
