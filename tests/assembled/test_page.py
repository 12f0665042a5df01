"""The real page over the real room: killed under an open page, it says so and comes back by itself."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.assembled.town import PASSWORD, Town, town, works
from tests.dashboards.conftest import Visit, browser, visit
from tests.faults.server import Nursery

__all__ = ["browser", "visit"]  # fixtures, used by name

STALE_S = 2.5
LIVE_AGAIN_S = 4.0
CARD = "#wall .card"
# The page notes itself when its lamp changes: asking from outside is coarser than what is to be shown.
WATCH = """() => {
  window.lamps = [];
  const note = () => window.lamps.push([Date.now() / 1000, document.getElementById("feed").className]);
  new MutationObserver(note).observe(document.getElementById("feed"), {attributeFilter: ["class"]});
}"""

pytestmark = pytest.mark.browser


def seated(seen: Visit, server: Town, person: str) -> Any:
    """Sign in through the form; give the page."""
    page = seen.page
    page.goto(f"{server.home}/room/")
    page.wait_for_selector("#person")
    page.keyboard.type(person)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_selector("#room:not([hidden]) .feed.is-live")
    return page


def seconds(page: Any, lamp: str, since: float) -> float:
    """Wait for the feed's lamp; give the seconds from `since` (epoch s) to its change."""
    page.wait_for_selector(f".feed.{lamp}", timeout=20_000)
    at, name = page.evaluate("window.lamps[window.lamps.length - 1]")
    assert lamp in name
    return float(at) - since


def test_a_kill_under_an_open_page_is_shown_and_passes_without_a_reload(
    nursery: Nursery, tmp_path: Path, visit: Callable[..., Visit], slack: float
) -> None:
    async def breaks(server: Town, name: str) -> None:
        async with works(server, name) as dam:
            await dam.breaks(name)

    with town(tmp_path, nursery) as server:
        in_thread(breaks(server, "output"))
        seen = visit()
        page = seated(seen, server, "shift")
        page.wait_for_selector(CARD)
        shown = page.locator(CARD).evaluate_all("cards => cards.map(card => card.dataset.alert)")
        page.evaluate(WATCH)
        assert seen.complaints == []
        os.kill(server.process_id, signal.SIGSTOP)  # the sockets stay open and say nothing
        silent_s = seconds(page, "is-stale", time.time())
        os.kill(server.process_id, signal.SIGCONT)
        seconds(page, "is-live", time.time())
        server.kill()
        stale_s = seconds(page, "is-stale", time.time())
        server.start()
        live_s = seconds(page, "is-live", time.time())
        assert page.evaluate("Array.isArray(window.lamps)"), "the page was loaded again"
        assert page.locator(CARD).evaluate_all("cards => cards.map(card => card.dataset.alert)") == shown
        in_thread(breaks(server, "gate"))
        page.locator(CARD, has_text="gate").first.wait_for(timeout=5_000 * slack)
        page.keyboard.press("a")
        page.keyboard.press("Enter")
        page.locator(f"{CARD} .card-acknowledged", has_text="shift").first.wait_for(timeout=5_000 * slack)
    print(
        json.dumps(
            {"stale_s": round(stale_s, 2), "silent_s": round(silent_s, 2), "live_again_s": round(live_s, 2)}
        )
    )
    assert silent_s <= STALE_S * slack
    assert stale_s <= STALE_S * slack
    assert live_s <= LIVE_AGAIN_S * slack


def in_thread(what: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine where the browser's event loop is not."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, what).result()
