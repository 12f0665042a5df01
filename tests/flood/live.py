"""Two hundred live series in a real Chromium beside other screens: how late, and what it costs.

Two windows are open, as on a desk with two screens: the overview with its tiles and a trend, and the three
panes of the Datafeed, each at a trend.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any, Final

import numpy as np

from opsroom.bench.fanout import PASSWORD, PERSON, SERIES, feed, screens
from opsroom.bench.rig import Rig, room, seat_for, session_cookie, token_for
from opsroom.bench.viewers import Task
from tests.dashboards.conftest import ARGUMENTS, CHROMIUM

WARM_S: Final = 5.0
SECONDS: Final = 20.0
OTHERS: Final = 19
SCREEN: Final[Any] = {"width": 1920, "height": 1080}

# Runs in the page. A frame brings values, each with the instant it was measured; what the page alters after
# it is painted with the next frame of the browser. Noted are that instant and how much later that was (ms).
WATCH: Final = """
(() => {
  const noted = { late: [], first: 0 };
  window.noted = noted;
  let newest = 0;
  const Plain = WebSocket;
  window.WebSocket = class extends Plain {
    constructor(...args) {
      super(...args);
      this.addEventListener("message", ({ data }) => {
        const { values, series } = JSON.parse(data);
        const rows = values ? Object.values(values) : (series ?? []).map((one) => [one.t]);
        const times = rows.map((row) => row[0]);
        newest = Math.max(newest, ...times.filter((t) => t !== null));
      });
    }
  };
  let marked = 0;
  const look = () => {
    if (!noted.first && document.querySelector(".tile-value")?.textContent) {
      requestAnimationFrame(() => setTimeout(() => (noted.first ||= performance.now())));
    }
    if (newest === marked) return;
    const at = (marked = newest);
    requestAnimationFrame(() => setTimeout(() => noted.late.push([at, Date.now() - at])));
  };
  const all = { childList: true, subtree: true, characterData: true };
  const begin = () => new MutationObserver(look).observe(document.body, all);
  if (document.body) begin(); else addEventListener("DOMContentLoaded", begin);
})();
"""
SHOWN: Final = """
(() => {
  const inside = (node) => {
    const { height, top, bottom } = node.getBoundingClientRect();
    return height && bottom > 0 && top < innerHeight;
  };
  const count = (what) => [...document.querySelectorAll(what)].filter(inside).length;
  return { tiles: count(".tile"), charts: count(".uplot") };
})()
"""


def live() -> dict[str, Any]:
    """Feed a room 200 series of a value a second; look at it with one browser and 19 screens by protocol."""
    with room() as rig:
        token = token_for(rig)
        seat_for(rig, PERSON, PASSWORD)
        return asyncio.run(_measured(rig, token))


async def _measured(rig: Rig, token: str) -> dict[str, Any]:
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(feed(rig, token, stop))
        try:
            await asyncio.sleep(WARM_S)
            cookie = await asyncio.to_thread(session_cookie, rig, PERSON, PASSWORD)
            task = Task(rig.feed_url, rig.url, cookie, OTHERS, 0, 0.0, 10 * SECONDS)
            async with screens(task):
                return await _looked(rig)
        finally:
            stop.set()


async def _looked(rig: Rig) -> dict[str, Any]:
    from playwright.async_api import async_playwright

    async with async_playwright() as started:
        opened = await started.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS.split())
        context = await opened.new_context(viewport=SCREEN)
        await context.add_init_script(WATCH)
        sizes: list[tuple[int, int]] = []
        await _signed_in(await context.new_page(), rig.url, sizes)
        page = await context.new_page()
        await page.goto(f"{rig.url}/room/")
        await page.wait_for_selector(".tile-value:not(:empty)", timeout=30_000)
        beside = await opened.new_context(viewport=SCREEN, storage_state=await context.storage_state())
        await beside.add_init_script(
            WATCH
        )  # a context is a window: a second page of one would hide the first
        windows = [page, await _panes(await beside.new_page(), rig.url)]
        await asyncio.sleep(WARM_S)
        first = await page.evaluate("window.noted.first")
        for window in windows:
            await window.evaluate("window.noted.late.length = 0")
        before, server, begun = await _cpu_s(opened), rig.cpu_s(), time.monotonic()
        await asyncio.sleep(SECONDS)
        took = time.monotonic() - begun
        cores = (await _cpu_s(opened) - before) / took
        server_cores = (rig.cpu_s() - server) / took
        late = [row[1] for window in windows for row in await window.evaluate("window.noted.late")]
        shown = [await window.evaluate(SHOWN) for window in windows]
        await opened.close()
    return {
        "series": SERIES,
        "screens": OTHERS + 1,
        "tiles": shown[0]["tiles"],
        "charts": shown[0]["charts"] + shown[1]["charts"],
        "painted": len(late),
        **{f"p{share}_ms": round(float(np.percentile(late, share)), 1) for share in (50, 95, 99)},
        "browser_cores": round(cores, 3),
        "server_cores": round(server_cores, 3),
        "first_live_ms": round(first),
        "page_bytes": sum(whole for whole, _ in sizes),
        "page_bytes_sent": sum(sent for _, sent in sizes),
    }


async def _panes(page: Any, url: str) -> Any:
    """Open the Datafeed, and a series in each of its panes."""
    await page.goto(f"{url}/room/#datafeed")
    for number in (1, 2, 3):
        await page.locator(f"#pane-{number} .pane-row").nth(10 * number).click(timeout=30_000)
        await page.locator(f"#pane-{number} .uplot").wait_for()
    return page


async def _signed_in(page: Any, url: str, sizes: list[tuple[int, int]]) -> None:
    """Sign in with the keyboard, and leave: the next page of this browser is of one who comes back.

    Noted of each answer are its bytes and how many of them went over the wire.
    """

    async def weigh(response: Any) -> None:
        sent = (await response.request.sizes())["responseBodySize"]
        sizes.append((len(await response.body()), sent))

    async with asyncio.TaskGroup() as weighing:
        page.on("response", lambda response: weighing.create_task(weigh(response)))
        await page.goto(f"{url}/room/")
        await page.wait_for_selector("#person")
        await page.keyboard.type(PERSON)
        await page.keyboard.press("Tab")
        await page.keyboard.type(PASSWORD)
        await page.keyboard.press("Enter")
        await page.wait_for_selector("#room:not([hidden]) .feed.is-live", timeout=30_000)
        await asyncio.sleep(2.0)  # what is loaded behind the first picture
    await page.close()


async def _cpu_s(browser: Any) -> float:
    """Give the CPU seconds of all processes of a browser, as it says itself."""
    session = await browser.new_browser_cdp_session()
    told = await session.send("SystemInfo.getProcessInfo")
    await session.detach()
    return float(sum(process["cpuTime"] for process in told["processInfo"]))
