"""Rows about the panels of the walls: drawn fast whatever is in them, and fitting also empty and stale."""

from __future__ import annotations

import contextlib
import os
import signal
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

from tests.acceptance.full_room import PASSWORD, VIEWER, FullRoom, Size, data_words, fill, full_room
from tests.acceptance.rows import ROWS, Outcome
from tests.acceptance.screens import LANGUAGES, PALETTES, SETTLED_S, Cell, Screen, Vocabulary, vocabulary_of
from tests.assembled.test_page import in_thread
from tests.dashboards.conftest import ARGUMENTS, CHROMIUM, SIZES

DRAW_MS: Final = 50.0
SILENT_S: Final = 0.5
UNITS, LINKS, OWN = 24, 60, 200
DRAW: Final = (Path(__file__).parent / "draw_panels.js").read_text(encoding="utf-8")
FULL: Final = Size(UNITS, OWN, LINKS)
KEPT_WORDS: Final = """(() => {
  const [plain, kept] = [window.fetch, new Map()];
  window.fetch = (url, how) => {
    if (!String(url).startsWith("/api/v1/words/")) return plain(url, how);
    if (!kept.has(url)) kept.set(url, plain(url, how));
    return kept.get(url).then((answer) => answer.clone());
  };
})()"""
"""A room that is not heard from gives no catalogue either: the page keeps those that it had."""


class Drawn(NamedTuple):
    """What draws some panels of one wall: a function of a module, or topics whose painters do."""

    panels: tuple[str, ...]
    file: str = ""
    call: str = ""
    topics: tuple[str, ...] = ("words",)


PANELS: Final[dict[str, tuple[Drawn, ...]]] = {
    "room": (
        Drawn(("wall",), topics=("alerts",)),
        Drawn(("focus", "datafeed"), topics=("units", "selection")),
        Drawn(("tiles",), topics=("series",)),
        Drawn(("recursion-now",), "recursion.js", "redrawRecursion"),
    ),
    "recursion": (Drawn(("recursion",), "recursion.js", "redrawRecursion"),),
    "flow": (Drawn(("flow",), "flow.js", "redrawFlow"),),
    "enterprise": (Drawn(("enterprise",), "enterprise.js", "redrawEnterprise"),),
    "figures": (Drawn(("figures",)),),
    "agreements": (Drawn(("agreements", "duty")),),
    "series": (Drawn(("unadopted", "catalogue")),),
    "audits": (Drawn(("audits",)),),
    "feeds": (Drawn(("feeds",), "feeds.js", "paint"),),
    "datafeed": (Drawn(("pane-1", "pane-2", "pane-3", "armrest"), "panes.js", "paint"),),
    "journal": (Drawn(("journal",), "journal.js", "paint"),),
    "council": (Drawn(("council",), "council.js", "paint"),),
    "first": (Drawn(("first",), "firstuse.js", "paint"),),
    "settings": (Drawn(("set-units", "set-tokens", "set-people", "set-journal"), "settings.js", "paint"),),
    "rules": (Drawn(("rules", "events")),),
    "analysis": (Drawn(("analysis",), "analysis.js", "paint"),),
}
"""Every panel of the frame. What one painter draws together is measured together, against the same limit."""


@contextlib.contextmanager
def silent(room: FullRoom, screen: Screen) -> Iterator[None]:
    """Let the room say nothing for the body; its sockets stay open."""
    os.kill(room.process_id, signal.SIGSTOP)
    try:
        screen.page.wait_for_selector(".feed.is-stale")
        screen.patience_s = SILENT_S  # nothing is answered, however long one waits
        screen.cut_off = True
        yield
    finally:
        screen.patience_s = SETTLED_S
        os.kill(room.process_id, signal.SIGCONT)
        screen.page.wait_for_selector(".feed.is-live")
        screen.cut_off = False


def opened(browser: Any, room: FullRoom) -> tuple[Screen, Vocabulary]:
    """Sign in on a page that keeps its words, and see every wall once."""
    context = browser.new_context(viewport={"width": 1920, "height": 1080})
    context.set_default_timeout(60_000)
    context.add_init_script(KEPT_WORDS)
    screen = Screen(context.new_page(), room.home)
    screen.sign_in(VIEWER, PASSWORD)
    return screen, vocabulary_of(screen.page, data_words(room))


class Measured:
    """What was found on the way."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.took: dict[str, float] = {}
        self.faults: list[str] = []

    def draw(self, screen: Screen, state: str, size: str, n: int) -> None:
        """Draw every panel of every wall in its state at one size."""
        for wall, each in PANELS.items():
            screen.show(Cell(wall, size, PALETTES[n % 2], LANGUAGES[n % 3]))
            asked = [["+".join(one.panels), one.file, one.call, one.topics] for one in each]
            for name, ms in screen.page.evaluate(DRAW, [asked, LANGUAGES[:2]]).items():
                self.took[f"{name} {state} {size}"] = round(ms, 1)

    def look(
        self,
        screen: Screen,
        vocabulary: Vocabulary,
        state: str,
        size: str,
        n: int,
        walls: Iterable[str] = PANELS,
        *,
        axe: bool = True,
    ) -> None:
        """Ask of walls what must hold."""
        for wall in walls:
            cell = Cell(wall, size, PALETTES[n % 2], LANGUAGES[n % 3])
            screen.show(cell)
            self.faults += [f"{cell} {state}: {one}" for one in screen.faults(cell, vocabulary, axe=axe)]


@ROWS.row(
    "every panel, empty, full and stale",
    command='python -m tests.acceptance --only "every panel, empty, full and stale"',
    limit="every panel of every wall at 1920, 1024 and 390 px, over a room with nothing in it, one with "
    f"{UNITS} units, {OWN} series and {LINKS} links more and an alert on each of these series, and the same "
    f"one silent: drawn with all its words new in under {DRAW_MS:g} ms (median of three, layout included); "
    "empty walls and the stale overview hold what every screen must",
)
def panels() -> Outcome:
    if CHROMIUM is None:
        return Outcome(None, None, "no chromium here")
    from playwright.sync_api import sync_playwright

    found = Measured()
    with tempfile.TemporaryDirectory(prefix="opsroom-panels-") as name, sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS.split())
        with full_room(Path(name) / "empty", size=Size(bare=True)) as room:
            screen, vocabulary = opened(browser, room)
            named = {one.removesuffix("-panel") for one in screen.panels()}
            for n, size in enumerate(SIZES):
                found.draw(screen, "empty", size, n)
                found.look(screen, vocabulary, "empty", size, n, axe=size == "phone")
        with full_room(Path(name) / "full", size=FULL) as room:
            in_thread(fill(room, broken=tuple(FULL.own[len(FULL.own) - OWN :])))
            screen, vocabulary = opened(browser, room)
            for n, size in enumerate(SIZES):
                found.draw(screen, "full", size, n)
                with silent(room, screen):
                    found.draw(screen, "stale", size, n)
                    found.look(screen, vocabulary, "stale", size, n, ["room"])
        browser.close()
    listed = {panel for each in PANELS.values() for one in each for panel in one.panels}
    slow = {name: ms for name, ms in sorted(found.took.items(), key=lambda row: -row[1]) if ms >= DRAW_MS}
    figure = {
        "panels": len(named),
        "most_ms": max(found.took.values()),
        "slow": slow,
        "not_measured": sorted(named - listed),
        "faults": len(found.faults),
    }
    return Outcome(figure, not slow and not found.faults and named == listed, "\n".join(found.faults[:12]))
