"""From an empty folder to the first reading by the screen alone: unit, token, copied lines, reading.

Then what can go wrong with it: a sender is killed, its token revoked, its unit retired while it is on screen.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.acceptance.five_minutes import stop
from tests.acceptance.rows import Outcome
from tests.cli.conftest import clean_environment
from tests.dashboards.conftest import ARGUMENTS, CHROMIUM
from tests.faults.server import free_port

FIRST_S = 60.0
STALE_S = 2.0
CUT_OFF_S = 1.0
SIZES = {"wall": (1920, 1080), "tablet": (1024, 768), "phone": (390, 844)}
SENDER = """\
import time
from ingest import Plant
with Plant({url!r}, token={token!r}, source="mill-1") as plant:
    while True:
        plant.send("output", 40.0, unit="t/h")
        time.sleep(0.2)
"""


def environment(port: int) -> dict[str, str]:
    """Give a clean environment in which `opsroom` and `python` are those of the tests."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return {**clean_environment(), "PATH": path, "OPSROOM_SERVER__PORT": str(port)}


def started(folder: Path, port: int) -> str:
    """Start a room on fresh settings and give its one seat; returns the password."""
    with (folder / "room.log").open("w") as log:
        serving = subprocess.Popen(
            ["opsroom", "serve"], cwd=folder, env=environment(port), stdout=log, stderr=log
        )
    (folder / "room.pid").write_text(str(serving.pid))
    until(lambda: "answers at" in (folder / "room.log").read_text(), 120.0)
    made = subprocess.run(
        ["opsroom", "seat", "new", "boss", "--unit", "/", "--role", "admin", "--random"],
        cwd=folder,
        env=environment(port),
        capture_output=True,
        text=True,
        check=True,
    )
    return made.stdout.strip()


def until(holds: Any, within_s: float) -> float:
    """Wait until it holds; gives how long that took, seconds."""
    begun = time.monotonic()
    while not holds():
        if time.monotonic() - begun > within_s:
            raise TimeoutError(f"not within {within_s:g} s")
        time.sleep(0.05)
    return time.monotonic() - begun


def entered(browser: Any, home: str, password: str, size: str, palette: str) -> Any:
    """Sign in as a person does."""
    width, height = SIZES[size]
    context = browser.new_context(viewport={"width": width, "height": height})
    keep = "localStorage.setItem('opsroom."
    context.add_init_script(f"{keep}palette', '{palette}'); {keep}language', 'en')")
    page = context.new_page()
    page.set_default_timeout(30_000)
    page.goto(f"{home}/room/")
    page.fill("#person", "boss")
    page.keyboard.press("Tab")
    page.keyboard.type(password)
    page.keyboard.press("Enter")
    page.wait_for_selector("#room:not([hidden]) .feed.is-live")
    return page


def first_reading(page: Any, port: int) -> tuple[float, str]:
    """Follow the four steps with the keyboard and one pasted line; gives seconds and the token."""
    begun = time.monotonic()
    page.click("#first-now button")
    page.click('[data-step="1"] .step-acts button')
    page.keyboard.type("Wire mill")
    page.keyboard.press("Enter")
    page.wait_for_selector(".step-made")
    page.click('[data-step="2"] .step-acts button')
    page.wait_for_selector('[data-step="2"] form')
    page.keyboard.press("Enter")
    token = page.inner_text(".secret-text")
    lines = [one.inner_text() for one in page.locator(".feed-line code").all()]
    pasted(lines[0], port)
    page.wait_for_selector(".step-figure", timeout=10_000)
    seconds = time.monotonic() - begun
    for line in lines[1:]:
        pasted(line, port)
    return seconds, str(token)


def pasted(line: str, port: int) -> None:
    """Run a line of the screen in a shell, as it stands there."""
    subprocess.run(
        ["bash", "-c", line], env=environment(port), capture_output=True, text=True, timeout=120, check=True
    )


def sender(home: str, token: str, port: int) -> subprocess.Popen[bytes]:
    """Start a plant that sends five readings a second."""
    text = SENDER.format(url=home.replace("http", "ws"), token=token)
    return subprocess.Popen([sys.executable, "-c", text], env=environment(port), stderr=subprocess.DEVNULL)


def killed(page: Any, home: str, token: str, port: int) -> float:
    """Kill a sender that is on the wall of feeds; gives how long until it shows as lost, seconds."""
    plant = sender(home, token, port)
    try:
        page.keyboard.press("d")
        page.wait_for_selector(".feed-row.is-well:has-text('mill-1')")
        time.sleep(2.0)
        plant.send_signal(signal.SIGKILL)
        row = page.locator(".feed-row.is-lost", has_text="mill-1")
        return until(lambda: row.count() == 1, 10.0)
    finally:
        plant.kill()
        plant.wait()


def revoked(page: Any, home: str, token: str, port: int) -> float:
    """Revoke the token of a sender from the screen; gives how long until it is cut off, seconds."""
    plant = sender(home, token, port)
    try:
        page.wait_for_selector(".feed-row.is-well:has-text('mill-1')")
        page.keyboard.press("j")
        page.get_by_role("button", name="Revoke: Wire mill").click()
        page.locator("#set-tokens form button[type=submit]").click()
        return until(lambda: connected(page, "mill-1") == 0, 10.0)
    finally:
        plant.kill()
        plant.wait()


def connected(page: Any, source: str) -> int:
    """Ask the room how many connections a source has."""
    ask = "fetch(`/api/v1/feeds?q=${encodeURIComponent(name)}`).then((answer) => answer.json())"
    told = page.evaluate(f"(name) => {ask}", source)
    return sum(int(row["connections"]) for row in told["rows"])


def fitting(browser: Any, home: str, password: str) -> list[str]:
    """Look at the new walls in three widths and two palettes; gives what is wrong with any."""
    from axe_playwright_python.sync_playwright import Axe

    wrong = []
    for size, palette in (("wall", "day"), ("tablet", "night"), ("phone", "day"), ("phone", "night")):
        page = entered(browser, home, password, size, palette)
        for name in ("feeds", "settings", "first"):
            page.evaluate(f"location.hash = '{name}'")
            page.wait_for_selector(f'[data-wall="{name}"].panel:visible')
            time.sleep(1.5)
            found = Axe().run(page).response["violations"]
            wrong += [f"{size} {palette} {name}: {one['id']}" for one in found]
            if not page.evaluate("document.documentElement.scrollWidth <= innerWidth"):
                wrong.append(f"{size} {palette} {name}: scrolls sideways")
        page.context.close()
    return wrong


def retired(browser: Any, home: str, password: str, page: Any) -> str:
    """Retire a unit that another screen shows; gives what that screen says and where it went."""
    other = entered(browser, home, password, "tablet", "day")
    other.goto(f"{home}/room/?unit=wire-mill")
    other.locator("#where-name", has_text="Wire mill").wait_for()
    page.get_by_role("button", name="Retire: Wire mill").click()
    page.locator("#set-units form button[type=submit]").click()
    other.locator("#where-name", has_text="Economy").wait_for()
    return str(other.inner_text("#notice"))


def row() -> Outcome:
    """Do it all; the figures are seconds, and what was found wrong."""
    if CHROMIUM is None:
        return Outcome(None, None, "no chromium here")
    from playwright.sync_api import sync_playwright

    port = free_port()
    home = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory(prefix="opsroom-first-") as name, sync_playwright() as playwright:
        folder = Path(name)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS.split())
        try:
            password = started(folder, port)
            page = entered(browser, home, password, "wall", "day")
            first_s, token = first_reading(page, port)
            stale_s = killed(page, home, token, port)
            wrong = fitting(browser, home, password)
            cut_off_s = revoked(page, home, token, port)
            said = retired(browser, home, password, page)
        finally:
            browser.close()
            stop(folder)
    figure = {
        "first_reading_s": round(first_s, 1),
        "dead_shown_after_s": round(stale_s, 2),
        "revoked_after_s": round(cut_off_s, 2),
        "wrong": wrong,
        "said": said,
    }
    held = first_s <= FIRST_S and stale_s <= STALE_S and cut_off_s <= CUT_OFF_S and not wrong
    return Outcome(figure, held and "retired" in said, json.dumps(wrong))
