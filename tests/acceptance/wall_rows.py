"""Rows about the walls of a unit: drawn fast whatever is in them, at three sizes, in both palettes."""

from __future__ import annotations

import statistics
import time
from typing import Any, Final

from tests.acceptance.rows import ROWS, Outcome
from tests.dashboards.conftest import ARGUMENTS, CHROMIUM, SIZES, Visit
from tests.dashboards.drawn import draw_ms
from tests.dashboards.stand_in import Served
from tests.dashboards.stand_in_flows import link
from tests.dashboards.stand_in_state import StandIn
from tests.dashboards.test_room import violations

DRAW_MS: Final = 50.0
CHILDREN: Final = 24
LINKS: Final = 60
LANGUAGES: Final = ("en", "de", "es")
WALLS: Final = {
    "recursion": ("recursion.js", "redrawRecursion", "#recursion .channel"),
    "flow": ("flow.js", "redrawFlow", "#flow .flow-row, #flow .nothing:not(:empty)"),
    "enterprise": ("enterprise.js", "redrawEnterprise", "#enterprise .part-children"),
    "room": ("recursion.js", "redrawRecursion", "#recursion-now .vsm"),
}
NAME: Final = "Hilandería y tejeduría de lana peinada número"


class Filled(StandIn):
    """A stand-in room whose unit in focus is empty, full, or full and not heard from any more."""

    def __init__(self, state: str) -> None:
        """Take `empty`, `full` or `stale`."""
        super().__init__(alerts=state != "empty")
        self.state = state
        self.frozen = state == "stale"

    def snapshot(self, person: str, path: str) -> dict[str, Any]:
        """Give the first frame, filled as asked."""
        frame = super().snapshot(person, path)
        if self.state == "empty":
            return {**frame, "children": [], "series": [], "flows": [], "alerts": []}
        old = self.clock() - 3_600_000 * (self.state == "stale")
        some = [{**self.unit("copper"), "path": f"u{n}", "name": f"{NAME} {n}"} for n in range(CHILDREN)]
        joined = [(n * 7 % CHILDREN, (n * 11 + 3) % CHILDREN) for n in range(LINKS)]
        links = [link(f"u{a}", f"u{b}", 10.0 + a, 0.2 + b / 20, now=old) for a, b in joined if a != b]
        return {**frame, "children": [*frame["children"], *some], "flows": [*frame["flows"], *links]}


def visited(browser: Any, url: str, wall: str, size: str, palette: str, lang: str) -> Visit:
    """Sign in to a wall in a window of its own."""
    width, height = SIZES[size]
    context = browser.new_context(viewport={"width": width, "height": height})
    context.set_default_timeout(20_000)
    keep = "localStorage.setItem('opsroom."
    context.add_init_script(f"{keep}palette', '{palette}'); {keep}language', '{lang}')")
    seen = Visit(context.new_page())
    return seen.sign_in(f"{url}#{wall}" if wall != "room" else url)


@ROWS.row(
    "walls of a unit",
    command='python -m tests.acceptance --only "walls of a unit"',
    limit=f"recursion, flow, unit page and overview, empty, full ({CHILDREN} units more, {LINKS} links) and "
    f"stale, at 1920, 1024 and 390 px by day and night: each drawn in under {DRAW_MS:g} ms (median), no "
    "sideways scroll, no violation that axe finds, nothing on the console",
)
def walls() -> Outcome:
    from axe_playwright_python import sync_playwright as axe
    from playwright.sync_api import sync_playwright

    took: dict[str, list[float]] = {}
    faults: list[str] = []

    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS.split())
        for state in ("empty", "full", "stale"):
            with Served(Filled(state)) as served:
                combinations = [(wall, size) for wall in WALLS for size in SIZES]
                for n, (wall, size) in enumerate(combinations):
                    palette, lang = ("day", "night")[n % 2], LANGUAGES[n % 3]
                    seen = visited(browser, served.url, wall, size, palette, lang)
                    file, name, ready = WALLS[wall]
                    seen.page.wait_for_selector(ready, state="attached")
                    time.sleep(0.3)
                    where = f"{wall} {state} {size} {palette} {lang}"
                    took.setdefault(f"{wall} {state}", []).append(draw_ms(seen.page, file, name))
                    if not seen.page.evaluate("document.documentElement.scrollWidth <= innerWidth"):
                        faults.append(f"{where}: sideways")
                    faults += [f"{where}: {one}" for one in violations(axe, seen.page)]
                    faults += [f"{where}: {one}" for one in seen.complaints]
                    seen.page.context.close()
        browser.close()
    figure = {name: round(statistics.median(each), 1) for name, each in took.items()}
    most = max(max(each) for each in took.values())
    held = most < DRAW_MS and not faults
    return Outcome({"median_ms": figure, "most_ms": round(most, 1), "faults": faults[:10]}, held)
