"""Rows about every screen of the room: each wall at each size, in each palette and language."""

from __future__ import annotations

import itertools
import json
import shutil
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any, Final

from tests.acceptance.full_room import PASSWORD, VIEWER, data_words, fill, full_room
from tests.acceptance.rows import PROJECT, ROWS, Outcome
from tests.acceptance.screens import LANGUAGES, PALETTES, Cell, Screen, vocabulary_of
from tests.assembled.test_page import in_thread
from tests.dashboards.conftest import ARGUMENTS, CHROMIUM, SIZES

PICTURES: Final = PROJECT / "out" / "screens"
SHOWN_MAX: Final = 12


@ROWS.row(
    "what must hold on every screen",
    command='python -m tests.acceptance --only "what must hold on every screen" (pictures in out/screens)',
    limit="every wall at 1920, 1024 and 390 px, by day and night, in three languages, over a real room: no "
    "violation that axe finds, nothing on the console, no request elsewhere, no sideways scroll, no raw key "
    "or foreign word, no cut or covered text, on the phone no target below 44 px",
)
def everywhere() -> Outcome:
    if CHROMIUM is None:
        return Outcome(None, None, "no chromium here")
    from playwright.sync_api import sync_playwright

    shutil.rmtree(PICTURES, ignore_errors=True)
    PICTURES.mkdir(parents=True)
    with (
        tempfile.TemporaryDirectory(prefix="opsroom-screens-") as name,
        sync_playwright() as started,
        full_room(Path(name)) as room,
    ):
        in_thread(fill(room))
        browser = started.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS.split())
        found, cells, walls = looked(browser, room.home, data_words(room))
        browser.close()
    (PICTURES / "faults.json").write_text(json.dumps(found, indent=1, ensure_ascii=False), encoding="utf-8")
    told = [f"{fault} ({len(where)}: {where[0]})" for fault, where in found.items()]
    figure = {"walls": walls, "screens": cells, "faults": len(found)}
    return Outcome(figure, not found, "\n".join(told[:SHOWN_MAX]))


def looked(browser: Any, home: str, written: set[str]) -> tuple[dict[str, list[str]], int, int]:
    """Go through all cells on one page; gives where each fault was seen, and how many cells and walls."""
    context = browser.new_context(viewport={"width": 1920, "height": 1080})
    context.set_default_timeout(60_000)
    screen = Screen(context.new_page(), home)
    screen.sign_in(VIEWER, PASSWORD)
    vocabulary = vocabulary_of(screen.page, written)
    walls = screen.walls()
    found: dict[str, list[str]] = defaultdict(list)
    cells = [
        Cell(wall, size, palette, lang)
        for size, wall, palette, lang in itertools.product(SIZES, walls, PALETTES, LANGUAGES)
    ]
    for cell in cells:
        screen.show(cell)
        for fault in screen.faults(cell, vocabulary):
            found[fault].append(str(cell))
        screen.keep(cell, PICTURES)
    return dict(found), len(cells), len(walls)
