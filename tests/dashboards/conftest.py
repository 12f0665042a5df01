"""A real browser on a stand-in room. Without Chromium these tests skip, with the reason."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.dashboards.stand_in import PASSWORD, Served
from tests.dashboards.stand_in_state import StandIn

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
# The last: the address bar draws its suggestions with two pages of its own, 1.4 s of a core for nobody.
ARGUMENTS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --disable-features=WebUIOmniboxPopup,WebUIOmniboxAimPopup"
)
PATIENT_MS = 30_000  # for what is waited for but not promised in time
SIZES = {"wall": (1920, 1080), "tablet": (1024, 768), "phone": (390, 844)}


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """One Chromium a module: the synchronous Playwright holds the thread's event loop while it is open."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("no chromium on this machine: apt-get install chromium")
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS.split())
        yield opened
        opened.close()


@pytest.fixture
def served() -> Iterator[Served]:
    """Serve a fresh stand-in room with five alerts."""
    with Served(StandIn()) as running:
        yield running


class Visit:
    """One page with what it complained about and what it asked for."""

    def __init__(self, page: Any) -> None:
        """Listen from the start."""
        self.page = page
        self.complaints: list[str] = []
        self.asked: list[str] = []
        page.on(
            "console",
            lambda line: self.complaints.append(line.text) if line.type in ("error", "warning") else None,
        )
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self.asked.append(request.url))

    def sign_in(self, url: str, person: str = "council-1") -> Visit:
        """Open the page and sign in with the keyboard alone."""
        self.page.goto(url)
        self.page.wait_for_selector("#person")
        self.page.keyboard.type(person)
        self.page.keyboard.press("Tab")
        self.page.keyboard.type(PASSWORD)
        self.page.keyboard.press("Enter")
        self.page.wait_for_selector("#room:not([hidden]) .feed.is-live")
        return self


@pytest.fixture
def visit(browser: Any) -> Iterator[Callable[..., Visit]]:
    """Open pages: `visit(size="wall", palette="day", lang="en")`; each has its own cookies."""
    contexts = []

    def open_page(size: str = "wall", palette: str = "day", lang: str = "en", **more: Any) -> Visit:
        width, height = SIZES[size]
        context = browser.new_context(viewport={"width": width, "height": height}, **more)
        context.set_default_timeout(PATIENT_MS)
        keep = "localStorage.setItem('opsroom."
        kept = f"{keep}palette', '{palette}'); {keep}language', '{lang}')"
        context.add_init_script(f"if (!localStorage.getItem('opsroom.palette')) {{ {kept} }}")
        contexts.append(context)
        return Visit(context.new_page())

    yield open_page
    for context in contexts:
        context.close()
