"""A wall in a real Chromium while the flood runs: when a press is painted, how long keys and tasks take."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from tests.dashboards.conftest import ARGUMENTS, CHROMIUM

# Runs in the page: notes when the name of a pressed indicator first stands in a painted frame, and what the
# browser itself says of long tasks and of the time from a key to the next paint.
WATCH = """
(() => {
  const noted = { painted: {}, tasks: [], keys: [] };
  window.flooded = noted;
  const since = performance.timeOrigin;
  const keep = (into, which) => (list) => {
    for (const e of list.getEntries()) if (which(e)) into.push([since + e.startTime, e.duration]);
  };
  new PerformanceObserver(keep(noted.tasks, () => true))
    .observe({ type: "longtask", buffered: true });
  new PerformanceObserver(keep(noted.keys, (e) => e.name === "keydown"))
    .observe({ type: "event", durationThreshold: 16, buffered: true });
  const look = () => {
    for (const node of document.querySelectorAll("#wall .card-title")) {
      const name = node.textContent;
      if (!name.startsWith("PREFIX-") || name in noted.painted) continue;
      const box = node.getBoundingClientRect();
      if (box.height === 0) continue;
      noted.painted[name] = 0;
      requestAnimationFrame(() => setTimeout(() => (noted.painted[name] = since + performance.now())));
    }
  };
  const all = { childList: true, subtree: true, characterData: true };
  const begin = () => new MutationObserver(look).observe(document.body, all);
  if (document.body) begin(); else addEventListener("DOMContentLoaded", begin);
})();
"""


class Wall:
    """The page, signed in."""

    def __init__(self, page: Any) -> None:
        """Take an open page."""
        self.page = page
        self.complaints: list[str] = []
        self.keys_ms: list[float] = []
        page.on("console", lambda line: self.complaints.append(line.text) if line.type == "error" else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    async def acknowledge_worst(self) -> float:
        """Press A, wait for the form, say why, send it; give ms from the key to the form."""
        begun = time.perf_counter()
        await self.page.keyboard.press("a")
        await self.page.wait_for_selector(".card form input", timeout=30_000)
        took = (time.perf_counter() - begun) * 1e3
        self.keys_ms.append(took)
        await self.page.keyboard.type("seen")
        await self.page.keyboard.press("Enter")
        await self.page.wait_for_selector(".card form", state="detached", timeout=30_000)
        return took

    async def noted(self) -> dict[str, Any]:
        """Give what the page noted of itself."""
        found: dict[str, Any] = await self.page.evaluate("window.flooded")
        nodes = await self.page.evaluate("document.querySelectorAll('*').length")
        cards = await self.page.evaluate("document.querySelectorAll('#wall .card').length")
        return {**found, "nodes": nodes, "cards": cards}


@asynccontextmanager
async def wall(url: str, person: str, password: str, prefix: str) -> AsyncIterator[Wall]:
    """Open the room in Chromium and sign in by keyboard."""
    from playwright.async_api import async_playwright

    async with async_playwright() as started:
        opened = await started.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS.split())
        try:
            context = await opened.new_context(viewport={"width": 1920, "height": 1080})
            await context.add_init_script(WATCH.replace("PREFIX", prefix))
            seen = Wall(await context.new_page())
            await seen.page.goto(f"{url}/room/")
            await seen.page.wait_for_selector("#person")
            await seen.page.keyboard.type(person)
            await seen.page.keyboard.press("Tab")
            await seen.page.keyboard.type(password)
            await seen.page.keyboard.press("Enter")
            await seen.page.wait_for_selector("#room:not([hidden]) .feed.is-live")
            yield seen
        finally:
            await opened.close()
