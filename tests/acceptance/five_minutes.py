"""docs/feed-your-plant.md typed from an empty folder, until the first reading stands on the wall."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.acceptance.rows import PROJECT, Outcome
from tests.cli.conftest import clean_environment
from tests.dashboards.conftest import ARGUMENTS, CHROMIUM
from tests.docs.pages import blocks
from tests.faults.server import free_port

PAGE = PROJECT / "docs" / "feed-your-plant.md"
PASSWORD = "a long enough word"
LIMIT_S = 300.0
HEADINGS = ("1. A room", "2. A token and a seat", "3. The first reading", "The past")
READING = "41.7"


def typed(folder: Path, port: int, headings: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
    """Type the commands under some headings into one shell; the room they start goes on behind it."""
    text = "test ! -e token || export OPSROOM_TOKEN=$(cat token)\n" + "\n".join(
        block.text for block in blocks(PAGE) if block.language == "sh" and block.heading in headings
    )
    environment = {
        **clean_environment(),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "OPSROOM_PASSWORD": PASSWORD,
        "OPSROOM_SERVER__PORT": str(port),
    }
    # The room's words go to a file: a pipe that it holds open would never end.
    text = text.replace("127.0.0.1:8040", f"127.0.0.1:{port}").replace(
        "opsroom serve &", "opsroom serve > room.log 2>&1 & echo $! > room.pid"
    )
    text += '\nprintf %s "$OPSROOM_TOKEN" > token'
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", text],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )


def on_the_wall(port: int) -> str:
    """Sign in as a person does and wait until the reading is seen; gives what stands around it."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS.split())
        page = browser.new_page(viewport={"width": 1920, "height": 1080})
        page.set_default_timeout(60_000)
        page.goto(f"http://127.0.0.1:{port}/room/")
        page.wait_for_selector("#person")
        page.keyboard.type("shift")
        page.keyboard.press("Tab")
        page.keyboard.type(PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_selector("#room:not([hidden]) .feed.is-live")
        page.wait_for_function(f"document.body.innerText.includes('{READING}')")
        page.screenshot(path=str(Path(tempfile.gettempdir()) / "opsroom-first-reading.png"))
        text = str(page.inner_text("body"))
        browser.close()
    at = text.index(READING)
    return " ".join(text[max(0, at - 30) : at + 15].split())


def row() -> Outcome:
    """Type it all; the figure is how long it took, and what the wall says."""
    if CHROMIUM is None:
        return Outcome(None, None, "no chromium here")
    port, begun = free_port(), time.monotonic()
    with tempfile.TemporaryDirectory(prefix="opsroom-first-") as name:
        folder = Path(name)
        try:
            ran = typed(folder, port, HEADINGS[:3])
            said = ran.stdout + ran.stderr
            if ran.returncode:
                return Outcome(ran.returncode, held=False, note=said[-1500:])
            wall = on_the_wall(port)
            seconds = time.monotonic() - begun
            past = typed(folder, port, HEADINGS[3:])
        finally:
            stop(folder)
    figure = {
        "seconds": round(seconds, 1),
        "wall": wall,
        "said": said.strip().splitlines()[-1],
        "past": past.stdout.strip().splitlines()[-1:],
    }
    return Outcome(figure, seconds <= LIMIT_S and past.returncode == 0, past.stderr[-1500:])


def stop(folder: Path) -> None:
    """End the room that the page started."""
    file = folder / "room.pid"
    if not file.exists():
        return
    pid = int(file.read_text())
    try:
        os.kill(pid, signal.SIGTERM)
        for _ in range(300):
            os.kill(pid, 0)
            time.sleep(0.1)
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
