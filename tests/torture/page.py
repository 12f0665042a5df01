"""The room on a screen for long, palette, wall and range switched all the while: its memory stays."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any, Final

from tests.dashboards.conftest import ARGUMENTS, CHROMIUM
from tests.story.demo import demo

GROWN_MB_MAX: Final = 10.0
DETACHED_MAX: Final = 400
START_S: Final = 120.0
WARM_S: Final = 1.0
LAPS_WARM: Final = 2
MEASURED: Final = 12
SPEED: Final = 60.0

ATTACHED: Final = """(() => {
  const walker = document.createTreeWalker(document, NodeFilter.SHOW_ALL);
  let n = 1;
  while (walker.nextNode()) n++;
  return n;
})()"""
WALLS: Final = "[...document.querySelectorAll('#menu .wall-choice')].filter((one) => !one.hidden).length"
# Also what is hidden on the wall in front is clicked: each step alters palette, wall and range at once.
SWITCH: Final = """(n) => {
  const each = (what) => {
    const found = [...document.querySelectorAll(what)].filter((one) => !one.hidden);
    found[n % found.length].click();
  };
  each("#choices .palette");
  each("#menu .wall-choice");
  each("#ranges button[aria-pressed]");
}"""


def switched(seconds: float, every_s: float, *, seed: int) -> dict[str, Any]:
    """Switch every `every_s` for `seconds`, after two laps of all walls; give the heap after each collection.

    In MB; `grown_mb` is the last heap less the first. Nodes and listeners stand beside it: they follow the
    alerts that stand, so what is judged is how many nodes are kept that are in no document (`detached`).
    """
    if CHROMIUM is None:
        return {"held": None, "note": "no chromium on this machine: apt-get install chromium"}
    from playwright.sync_api import sync_playwright

    with (
        tempfile.TemporaryDirectory(prefix="opsroom-page-") as folder,
        demo(Path(folder) / "words", seed=seed, for_s=seconds + 2 * START_S, speed=SPEED) as room,
        sync_playwright() as started,
    ):
        browser = started.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS.split())
        page = browser.new_page(viewport={"width": 1920, "height": 1080})
        complaints: list[str] = []
        page.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "response",
            lambda one: complaints.append(f"{one.status} {one.url}") if one.status >= 400 else None,
        )
        page.goto(room.page)
        page.fill("#person", room.chairs[0])
        page.fill("#password", room.passwords[room.chairs[0]])
        page.keyboard.press("Enter")
        page.wait_for_selector("#room:not([hidden]) .feed.is-live", timeout=START_S * 1000)
        heap = Heap(page)
        for step in range(LAPS_WARM * int(page.evaluate(WALLS))):
            page.evaluate(SWITCH, step)
            time.sleep(WARM_S)
        heap.measure()
        steps = max(1, round(seconds / every_s))
        for step in range(1, steps + 1):
            page.evaluate(SWITCH, step)
            page.wait_for_timeout(every_s * 1000)
            if step % max(1, steps // MEASURED) == 0 or step == steps:
                heap.measure()
        browser.close()
    return {"switches": steps, "every_s": every_s, **heap.figure(), "complaints": complaints[:5]}


class Heap:
    """What the page holds, each time after the garbage has been collected."""

    def __init__(self, page: Any) -> None:
        """Speak to the page's own debugger."""
        self._page, self._cdp = page, page.context.new_cdp_session(page)
        self._cdp.send("Performance.enable")
        self.rows: list[tuple[float, int, int, int]] = []

    def measure(self) -> None:
        """Note the heap (MB), nodes, listeners, and nodes that stand in the document."""
        for _ in range(3):
            self._cdp.send("HeapProfiler.collectGarbage")
        told = {one["name"]: one["value"] for one in self._cdp.send("Performance.getMetrics")["metrics"]}
        used = self._cdp.send("Runtime.getHeapUsage")["usedSize"] / 1e6
        attached = int(self._page.evaluate(ATTACHED))
        self.rows.append((round(used, 1), int(told["Nodes"]), int(told["JSEventListeners"]), attached))

    def figure(self) -> dict[str, Any]:
        """Give first, last and the row between, and whether the promise holds."""
        first, last = self.rows[0], self.rows[-1]
        grown = round(last[0] - first[0], 1)
        return {
            "grown_mb": grown,
            "heap_mb": [row[0] for row in self.rows],
            "nodes": [first[1], last[1]],
            "listeners": [first[2], last[2]],
            "detached": [first[1] - first[3], last[1] - last[3]],
            "held": grown <= GROWN_MB_MAX and last[1] - last[3] <= DETACHED_MAX,
        }


def run(minutes: int, *, seed: int) -> dict[str, Any]:
    """Switch once a minute."""
    return {"seed": seed, **switched(60.0 * minutes, 60.0, seed=seed)}
