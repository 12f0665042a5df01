"""Rows about what no plan foresees on a screen: names that attack, a clock that is wrong."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any, Final

from opsroom.clock import wall_now
from tests.acceptance.full_room import PASSWORD, VIEWER, Hand, Size, act, data_words, full_room, moves
from tests.acceptance.rows import ROWS, Outcome
from tests.acceptance.screens import LANGUAGES, PALETTES, Cell, Screen, vocabulary_of
from tests.assembled.test_page import in_thread
from tests.assembled.town import person
from tests.dashboards.conftest import ARGUMENTS, CHROMIUM, SIZES

HOURS: Final = 7
NASTY: Final = (
    "<script>window.broken=1</script><img src=x onerror=window.broken=1> مصنع النسيج " + "W" * 200
)[:190]
"""A text that would like to be markup, runs both ways, and ends in one long word."""
NAME: Final = ("<img src=x onerror=window.broken=1> مصنع النسيج " + "W" * 200)[:98]
"""The same as a name: without a slash, and no longer than a unit's may be."""
CLOCK: Final = f"const real = Date.now.bind(Date); Date.now = () => real() + {HOURS * 3_600_000};"
AGES: Final = "all => all.map((one) => one.textContent).slice(0, 3)"


async def named(room: Any) -> None:
    """Give everything that people name a nasty name."""
    await act(room)
    async with person(room.home, VIEWER) as who:
        hand = Hand(who, room)
        told = await who.get("settings")
        units = [row for row in told["units"] if row["path"] in ("copper", "textile", "energy")]
        for row in units:
            await hand.does(f"units/{row['id']}/rename", name=NAME)
        series = {row["path"]: row["id"] for row in (await who.get("series"))["series"]}
        for path in ("water", "cotton", "steam"):
            await hand.does(f"series/{series[path]}/rename", name=f"{path} {NAME}"[:100])
        for row in await who.alerts():
            if row["may_note"]:
                await hand.does(f"alerts/{row['id']}/recovering", note=NASTY)
        await hand.does("tokens", unit="", name=NAME)
        await hand.does("seats", person=NAME, unit="", role="council")
        await hand.does("decisions", text=NASTY, addressee="copper", followup=wall_now() // 1000 + 3_600_000)


@ROWS.row(
    "names that attack",
    command='python -m tests.acceptance --only "names that attack"',
    limit="units, series, seats, tokens, notes and decisions called by as many characters as they may have, "
    "of markup, in both directions and without a blank: on every wall at three sizes nothing runs, nothing "
    "is cut off or wider than the window, nothing that axe finds; a browser whose clock is "
    f"{HOURS} hours wrong shows the room's",
)
def names() -> Outcome:
    if CHROMIUM is None:
        return Outcome(None, None, "no chromium here")
    from playwright.sync_api import sync_playwright

    found: list[str] = []
    with (
        tempfile.TemporaryDirectory(prefix="opsroom-names-") as name,
        sync_playwright() as started,
        full_room(Path(name), size=Size(2, name=NAME[:94])) as room,
    ):
        in_thread(moves(room, broken=("water", "cotton", "scrap", "port", "textile/output")))
        in_thread(named(room))
        browser = started.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS.split())
        wrong = entered(browser, room.home, CLOCK)
        right = entered(browser, room.home, "")
        vocabulary = vocabulary_of(right.page, data_words(room))
        cells = [
            Cell(wall, size, PALETTES[n % 2], LANGUAGES[n % 3])
            for n, (size, wall) in enumerate((size, wall) for size in SIZES for wall in right.walls())
        ]
        for cell in cells:
            right.show(cell)
            found += [f"{cell}: {one}" for one in right.faults(cell, vocabulary) if "words:" not in one]
        broken = right.page.evaluate("window.broken ?? 0")
        clocks = [one.page.locator(".clock-time").inner_text()[:2] for one in (right, wrong)]
        live = wrong.page.locator(".feed.is-live").count()
        browser.close()
    figure = {"screens": len(cells), "ran": broken, "hours_shown": clocks, "faults": len(found)}
    held = not found and not broken and live == 1 and clocks[0] == clocks[1]
    return Outcome(figure, held, "\n".join(found[:12]))


def entered(browser: Any, home: str, script: str) -> Screen:
    """Sign in on a page of its own that runs `script` first."""
    context = browser.new_context(viewport={"width": 1920, "height": 1080})
    context.set_default_timeout(60_000)
    if script:
        context.add_init_script(script)
    screen = Screen(context.new_page(), home)
    screen.sign_in(VIEWER, PASSWORD)
    return screen
