"""Ten thousand alerts on one wall, in a real browser: drawn, walked, scrolled, sought and acknowledged."""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.acceptance.rows import Outcome
from tests.acceptance.stage import until_js
from tests.dashboards.conftest import ARGUMENTS, CHROMIUM
from tests.flood.page import WATCH
from tests.flood.plan import PRESSED, Plan
from tests.flood.rig import PASSWORD, PERSON, Flood, percentile, prepared, spread

ALERTS: Final = 10_000
FIRST_MS: Final = 4_000
KEY_MS: Final = 100
SOUGHT_MS: Final = 1_000
SCROLL_MS: Final = 100
ALL_S: Final = 60
FRAME_KB: Final = 2_000
CLIMBED_S: Final = 90.0
KEYS: Final = (
    *["ArrowDown"] * 12,
    *["ArrowUp"] * 4,
    "t",
    "t",
    "g",
    "Escape",
    "z",
    "z",
    "ArrowRight",
    "q",
    "q",
)

# When the first card, and the first value of a tile, stood in a painted frame.
FIRST: Final = """
(() => {
  window.first = 0;
  const look = () => {
    if (window.first || !document.querySelector("#wall .card-title")?.textContent) return;
    requestAnimationFrame(() => setTimeout(() => (window.first ||= performance.now())));
  };
  const begin = () => new MutationObserver(look).observe(document.body, { childList: true, subtree: true });
  if (document.body) begin(); else addEventListener("DOMContentLoaded", begin);
})();
"""
# From frame to frame while the open line is scrolled from its top to its end.
SCROLLED: Final = """async () => {
  const frames = [...document.querySelectorAll(".inside-list")].filter((one) => one.clientHeight);
  const list = frames.sort((a, b) => b.scrollHeight - a.scrollHeight)[0];
  const took = [];
  let last = performance.now();
  for (let n = 0; n < 60; n++) {
    list.scrollTop = (list.scrollHeight * n) / 60;
    await new Promise((next) => requestAnimationFrame(() => setTimeout(next)));
    took.push(performance.now() - last);
    last = performance.now();
  }
  return { rows: list.querySelectorAll(".card").length, took };
}"""

SOUGHT: Final = """(name) => {
  const rows = [...document.querySelectorAll(".ag-center-cols-container .ag-row")];
  return rows.length === 1 && rows[0].textContent.includes(name);
}"""
PICKED: Final = """(n) => {
  const said = document.querySelector(".picks-count").textContent;
  return Number(said.replace(/[^0-9]/g, "")) >= n;
}"""


@dataclass(frozen=True)
class Held(Plan):
    """A flood of which nothing goes back."""

    def _closed(self, slot: int) -> list[int]:  # noqa: ARG002 - as the plan asks
        return []


def measured() -> dict[str, Any]:
    """Raise them, and look at them as one who comes back to the room does; give figures."""
    from playwright.sync_api import sync_playwright

    plan = Held(rate=1_000, seconds=ALERTS // 1_000)
    with tempfile.TemporaryDirectory(prefix="opsroom-many-") as folder:
        server, token = prepared(Path(folder), plan)
        try:
            flood = Flood(server, plan, token, browser=False)
            with ThreadPoolExecutor(1) as pool:
                pool.submit(asyncio.run, flood.run()).result()
            with sync_playwright() as started:
                browser = started.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS.split())
                figure = looked(browser, flood.home)
                browser.close()
        finally:
            server.close()
    return {**figure, "failed": flood.seen.failed[:5]}


def looked(browser: Any, home: str) -> dict[str, Any]:
    """Do what people do with so many; the figures are in ms, kB, or counts."""
    context = browser.new_context(viewport={"width": 1920, "height": 1080})
    context.add_init_script(WATCH.replace("PREFIX", PRESSED) + FIRST)
    page = context.new_page()
    page.set_default_timeout(60_000)
    frames: list[int] = []
    complaints: list[str] = []
    signed_in(page, home)
    standing = stands(page, home)
    page.on("websocket", lambda one: one.on("framereceived", lambda frame: frames.append(len(frame))))
    page.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(f"{home}/room/")
    page.wait_for_selector("#wall .card-title")
    page.wait_for_timeout(3_000)
    first = page.evaluate("window.first")
    keys = walked(page)
    scroll = scrolled(page)
    sought = journal(page)
    done = acknowledged(page, home)
    tasks = page.evaluate("window.flooded.tasks.map(([, ms]) => ms)")
    return {
        "standing": standing,
        "first_ms": round(first),
        "keys_ms": keys,
        "scroll_ms": scroll,
        "sought_ms": sought,
        **done,
        "frames": len(frames),
        "frame_kb_most": round(max(frames) / 1e3),
        "long_task_ms_most": round(max(tasks, default=0)),
        "nodes": page.evaluate("document.querySelectorAll('*').length"),
        "complaints": complaints[:5],
    }


def signed_in(page: Any, home: str) -> None:
    """Sign in, so that the next visit is of one who comes back."""
    page.goto(f"{home}/room/")
    page.fill("#person", PERSON)
    page.fill("#password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_selector("#room:not([hidden]) .feed.is-live")


def waiting(page: Any, home: str) -> tuple[int, int]:
    """Give how many alerts stand, and how many of them wait for this seat."""
    told = page.request.get(f"{home}/api/v1/journal/alerts?state=open&format=picks").json()
    return len(told["alerts"]), sum(one["may_acknowledge"] for one in told["alerts"])


def stands(page: Any, home: str) -> int:
    """Wait until those from below have climbed."""
    until = time.monotonic() + CLIMBED_S
    while (found := waiting(page, home)[0]) < ALERTS and time.monotonic() < until:
        time.sleep(1.0)
    return found


def walked(page: Any) -> dict[str, Any]:
    """Press keys; a key whose next frame came within 16 ms is none that the browser tells of."""
    page.evaluate("window.flooded.keys.length = 0")
    for key in KEYS:
        page.keyboard.press(key)
        page.wait_for_timeout(250)
    told = [ms for _, ms in page.evaluate("window.flooded.keys")]
    return spread95([*told, *[16.0] * (len(KEYS) - len(told))])


def spread95(values: list[float]) -> dict[str, Any]:
    """Give count, median, the most, and what one in twenty is above."""
    return {**spread(values), "p95": percentile(values, 95)}


def scrolled(page: Any) -> dict[str, Any]:
    """Open the line with most members and scroll it through."""
    for shut in page.locator(".inside-head[aria-expanded=false]").all()[:1]:
        shut.click()
    page.wait_for_timeout(500)
    found = page.evaluate(SCROLLED)
    return {"rows": found["rows"], **spread95(found["took"])}


def journal(page: Any) -> dict[str, Any]:
    """Seek three names in the journal: from the last letter to the rows."""
    page.keyboard.press("Escape")
    page.keyboard.press("b")
    page.wait_for_selector(".ag-row .ag-cell")
    took = []
    for name in ("s00042", "s01234", "s09876"):
        page.fill(".journal-search input", name)
        begun = time.perf_counter()
        until_js(page, SOUGHT, name)
        took.append((time.perf_counter() - begun) * 1e3)
    page.fill(".journal-search input", "")
    page.keyboard.press("Tab")
    page.click("#menu [data-wall=room]")
    return spread(took)


def acknowledged(page: Any, home: str) -> dict[str, Any]:
    """Pick all of our own by one key, then all, and acknowledge them with one note."""
    stood, before = waiting(page, home)
    page.evaluate("document.activeElement?.blur()")
    begun = time.perf_counter()
    page.keyboard.press("w")
    until_js(page, PICKED, 501)
    own_ms = (time.perf_counter() - begun) * 1e3
    page.locator(".picks-which button", has_text="All").click()
    until_js(page, PICKED, before)
    page.keyboard.press("a")
    page.keyboard.type("power cut")
    begun = time.perf_counter()
    page.keyboard.press("Enter")
    page.wait_for_selector("#wall-picks", state="hidden", timeout=240_000)
    took = time.perf_counter() - begun
    page.wait_for_timeout(1_000)
    return {
        "waited": before,
        "picked_own_ms": round(own_ms),
        "acknowledged_s": round(took, 1),
        "left": waiting(page, home)[1],
        "shown_waiting": page.locator("#wall .card.waiting").count(),
        "stood": stood,
    }


def row() -> Outcome:
    """Run it and judge."""
    if CHROMIUM is None:
        return Outcome(None, None, "no chromium on this machine: apt-get install chromium")
    found = measured()
    held = (
        found["standing"] >= ALERTS
        and found["first_ms"] <= FIRST_MS
        and found["keys_ms"]["p95"] <= KEY_MS
        and found["scroll_ms"]["p95"] <= SCROLL_MS
        and found["sought_ms"]["most"] <= SOUGHT_MS
        and found["waited"] >= ALERTS
        and found["acknowledged_s"] <= ALL_S
        and found["left"] == found["shown_waiting"] == 0
        and found["frame_kb_most"] <= FRAME_KB
        and not found["complaints"]
        and not found["failed"]
    )
    return Outcome(found, held)


if __name__ == "__main__":
    print(json.dumps(measured(), indent=1))
