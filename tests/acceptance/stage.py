"""A room of the whole product with people in real browsers, for rows about what is seen and done."""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
import time
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from tests.acceptance.rows import ROWS, Outcome
from tests.assembled.town import PASSWORD, Person, Town, person, town, works
from tests.dashboards.conftest import ARGUMENTS, CHROMIUM, SIZES, Visit

PATIENT_MS: Final = 20_000
LIVE: Final = "#room:not([hidden]) .feed.is-live"
SECOND_MS: Final = 1_000
NO_BROWSER: Final = Outcome(None, None, "no chromium on this machine: apt-get install chromium")
COMMAND: Final = "python -m tests.acceptance --only '{}'"
TITLES: Final = "[...document.querySelectorAll('#wall .card-title')].map((one) => one.textContent)"


class Stage:
    """One room and one Chromium; what pages complained about is told at the end."""

    def __init__(self, server: Town, browser: Any) -> None:
        """Take both running."""
        self.server, self.browser = server, browser
        self.home = server.home
        self.visits: list[Visit] = []

    def opened(self, *, size: str = "wall", lang: str = "en", palette: str = "day", **more: Any) -> Visit:
        """Open a window with cookies of its own."""
        width, height = SIZES[size]
        context = self.browser.new_context(viewport={"width": width, "height": height}, **more)
        context.set_default_timeout(PATIENT_MS)
        keep = "localStorage.setItem('opsroom."
        context.add_init_script(f"{keep}palette', '{palette}'); {keep}language', '{lang}')")
        seen = Visit(context.new_page())
        self.visits.append(seen)
        return seen

    def seated(self, name: str, **how: Any) -> Any:
        """Sign in by the form; give the page."""
        page = self.opened(**how).page
        page.goto(f"{self.home}/room/")
        page.wait_for_selector("#person")
        page.keyboard.type(name)
        page.keyboard.press("Tab")
        page.keyboard.type(PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_selector(LIVE)
        return page

    def breaks(self, *names: str) -> None:
        """Let series of the dam leave their bands, and wait until the dam's council sees their alerts."""

        async def breaking() -> None:
            async with works(self.server, f"stage-{names[0]}") as dam, person(self.home, "keeper") as keeper:
                await dam.breaks(*names)
                for name in names:
                    await keeper.alert(name)

        outside(breaking())

    def acts(self, name: str, path: str, body: dict[str, Any]) -> tuple[int, Any]:
        """Act as somebody over REST; give status and answer."""

        async def acting() -> tuple[int, Any]:
            async with person(self.home, name) as who:
                answer = await who.post(path, body)
                return answer.status_code, answer.json()

        told: tuple[int, Any] = outside(acting())
        return told

    def reads(self, name: str, path: str, **params: Any) -> Any:
        """Read as somebody over REST."""

        async def reading() -> Any:
            async with person(self.home, name) as who:
                return await _read(who, path, params)

        return outside(reading())

    def count(self, sql: str) -> int:
        """Ask the store as it lies there."""
        with sqlite3.connect(f"file:{self.server.folder}/store.db?mode=ro", uri=True) as base:
            return int(base.execute(sql).fetchone()[0])

    def complaints(self) -> list[str]:
        """Give what pages said on their consoles, refusals and cuts that a story provokes left out."""
        provoked = ("status of 401", "status of 403", "status of 409", "status of 422", "ERR_CONNECTION")
        said = [line for seen in self.visits for line in seen.complaints]
        return [line for line in said if not any(one in line for one in provoked)]


async def _read(who: Person, path: str, params: dict[str, Any]) -> Any:
    answer = await who.client.get(path, params=params)
    is_json = answer.headers["content-type"].startswith("application/json")
    return answer.json() if is_json else answer.text


def outside(what: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine where the browser's event loop is not."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, what).result()


@contextmanager
def stage(**how: Any) -> Iterator[Stage]:
    """Start room and browser, and leave nothing behind."""
    from playwright.sync_api import sync_playwright

    with (
        tempfile.TemporaryDirectory(prefix="opsroom-stage-") as folder,
        town(Path(folder), None, **how) as server,
        sync_playwright() as started,
    ):
        browser = started.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS.split())
        yield Stage(server, browser)
        browser.close()


def scene_row(
    name: str, *, limit: str, **how: Any
) -> Callable[[Callable[[Stage, Told], None]], Callable[[], Outcome]]:
    """Make a row of what plays on a stage (`how`: as `stage` takes it) and tells what held."""

    def entered(play: Callable[[Stage, Told], None]) -> Callable[[], Outcome]:
        @ROWS.row(name, command=COMMAND.format(name), limit=limit)
        def row() -> Outcome:
            if CHROMIUM is None:
                return NO_BROWSER
            with stage(**how) as scene:
                told = Told()
                play(scene, told)
                return told.outcome(scene)

        return row

    return entered


def titles(page: Any) -> set[str]:
    """Give the names on the alert wall."""
    return set(page.evaluate(TITLES))


def until_ms(holds: Any, within_s: float = 20.0) -> float:
    """Wait until it holds; give how long that took in ms.

    Raises:
        TimeoutError: it never did.
    """
    begun = time.monotonic()
    while not holds():
        if time.monotonic() - begun > within_s:
            raise TimeoutError(f"not within {within_s:g} s: {holds}")
        time.sleep(0.02)
    return (time.monotonic() - begun) * 1e3


def until_js(page: Any, holds: str, arg: Any = None, within_s: float = 20.0) -> float:
    """Wait until a function of the page holds, which its policy lets nobody poll inside; gives ms."""
    return until_ms(lambda: page.evaluate(holds, arg), within_s)


class Told:
    """What a story found out: figures, and each statement that did not hold."""

    def __init__(self) -> None:
        """Start with nothing."""
        self.figures: dict[str, Any] = {}
        self.broken: list[str] = []
        self.checked = 0

    def holds(self, said: str, what: Any) -> None:
        """Note a statement, and whether it holds."""
        self.checked += 1
        if not what:
            self.broken.append(said)

    def outcome(self, scene: Stage) -> Outcome:
        """Judge."""
        figure = {"statements": self.checked, **self.figures, "broken": self.broken}
        complaints = scene.complaints()
        return Outcome({**figure, "complaints": complaints[:5]}, not self.broken and not complaints)
