"""Take the pictures of docs/pictures anew: a real demo in a real browser.

Run `.venv/bin/python -m tests.docs.pictures`: the room about two minutes after the start, and the
fifth day of the hauliers' strike, four times as fast, and walls of that week. `--only strike` takes one.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from tests.dashboards.conftest import ARGUMENTS, CHROMIUM
from tests.story.demo import Demo, demo

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "pictures"
PICTURES = {"room-1920.png": (1920, 1080, "day"), "phone-390.png": (390, 844, "day")}
STRIKE = {"strike-1920.png": (1920, 1080, "day")}
WALLS = {f"{wall}-1920.png": (1920, 1080, "day") for wall in ("recursion", "flow", "enterprise")}
"""Walls of the unit at the top, on the same day of the strike."""
SITTINGS = {
    "start": (PICTURES, 600.0, 120.0),
    "strike": (STRIKE, 2400.0, 175.0),
    "walls": (WALLS, 2400.0, 100.0),
}
"""What is taken together: pictures, simulated seconds a second, seconds after the room is ready."""


def signed_in(browser: Any, room: Demo, width: int, height: int, palette: str) -> Any:
    """Open the room of `chair-1` in a window of that size (px)."""
    context = browser.new_context(viewport={"width": width, "height": height})
    kept = "localStorage.setItem('opsroom."
    context.add_init_script(f"{kept}palette', '{palette}'); {kept}language', 'en')")
    page = context.new_page()
    page.goto(room.page)
    page.wait_for_selector("#person")
    page.fill("#person", "chair-1")
    page.keyboard.press("Tab")
    page.keyboard.type(room.passwords["chair-1"])
    page.keyboard.press("Enter")
    page.wait_for_selector("#room:not([hidden]) .feed.is-live")
    return page


DRAWN_S = 3.0
OPEN_S = 30.0
"""How long a page has been open when its picture is taken: long enough for a trail of every series."""


def shrink(picture: Path) -> None:
    """Leave a picture 256 colours, where `pngquant` is installed."""
    if shutil.which("pngquant"):
        subprocess.run(
            ["pngquant", "--quality=70-98", "--speed=1", "--strip", "--force", "--ext=.png", picture],
            check=True,
        )


def take(sitting: str, seed: int, folder: Path) -> None:
    """Write the pictures of one sitting to `folder`."""
    pictures, speed, after_s = SITTINGS[sitting]
    words = Path(tempfile.mkdtemp()) / "demo.log"
    with demo(words, seed=seed, for_s=after_s + 120, speed=speed) as room, sync_playwright() as started:
        begun = time.monotonic()
        browser = started.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS.split())
        time.sleep(max(0.0, after_s - OPEN_S - (time.monotonic() - begun)))
        pages = {name: signed_in(browser, room, *size) for name, size in pictures.items()}
        time.sleep(max(0.0, after_s - (time.monotonic() - begun)))
        for page in pages.values():
            page.keyboard.press("ArrowDown")  # the first alert is chosen, and its trend drawn
        for name, page in pages.items():
            if name in WALLS:
                page.click(f'[data-wall="{name.partition("-")[0]}"]')
        time.sleep(DRAWN_S)
        for name, page in pages.items():
            page.screenshot(path=str(folder / name))
            shrink(folder / name)
            print(name, (folder / name).stat().st_size, "bytes")
        browser.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=list(SITTINGS))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, default=FOLDER)
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    for sitting in [asked.only] if asked.only else SITTINGS:
        take(sitting, asked.seed, asked.folder)
