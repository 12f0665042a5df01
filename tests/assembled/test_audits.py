"""A declared audit in the whole product: over a kill, and between two browsers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.assembled.test_page import in_thread, seated
from tests.assembled.town import Town, eventually, person, town, works
from tests.dashboards.conftest import Visit, browser, visit
from tests.faults.server import Nursery

__all__ = ["browser", "visit"]  # fixtures, used by name

DAM = "energy/dam"
WHY = {"unit": DAM, "reason": "Yearly sample", "duration_s": 3600}


async def rows(home: str, name: str) -> list[dict[str, Any]]:
    async with person(home, name) as one:
        found: list[dict[str, Any]] = (await one.get("audits"))["audits"]
        return found


async def looks(home: str) -> bool:
    return bool((await rows(home, "shift"))[0]["looks"])


@pytest.mark.parametrize("snapshot_s", [0.2, 60.0], ids=["from a snapshot", "from the log alone"])
def test_an_audit_survives_a_kill_and_opens_the_same_afterwards(
    nursery: Nursery, tmp_path: Path, snapshot_s: float
) -> None:
    async def story(server: Town) -> None:
        async with works(server) as dam, person(server.home, "chair-1") as chair:
            await dam.breaks("output")
            assert (await chair.post("audits", WHY)).status_code == 200
            series = (await chair.get("series", unit=DAM))["series"]
            assert {one["unit_path"] for one in series} == {DAM}
            await eventually(looks, server.home)
            before = await rows(server.home, "shift")
        await asyncio.sleep(0.5)
        server.kill()
        server.start()
        after = await rows(server.home, "shift")
        assert [{**row, "looks": []} for row in after] == [{**row, "looks": []} for row in before]
        assert {(one["series"], one["person"]) for one in after[0]["looks"]} >= {
            (one["series"], one["person"]) for one in before[0]["looks"]
        }
        async with person(server.home, "chair-2") as chair, person(server.home, "branch") as branch:
            assert (await chair.get("series", unit=DAM))["series"]
            assert (await branch.get("series", unit=DAM))["series"] == []
            assert (await branch.get("audits"))["audits"] == []

    with town(tmp_path, nursery, room={"snapshot_s": snapshot_s}) as server:
        in_thread(story(server))  # the browser of the other test may hold this thread's loop


@pytest.mark.browser
def test_two_rooms_see_an_audit_begin_and_end(
    nursery: Nursery,
    tmp_path: Path,
    visit: Callable[..., Visit],
    record_property: Callable[[str, object], None],
    slack: float,
) -> None:
    """The council declares it from the unit in focus; the plant's room says so, and keeps the list."""

    async def breaks(server: Town) -> None:
        async with works(server) as dam:
            await dam.breaks("output")

    with town(tmp_path, nursery) as server:
        in_thread(breaks(server))
        above, below = visit("wall", "day", "en"), visit("tablet", "night", "de")
        plant = seated(below, server, "shift")
        council = seated(above, server, "chair-1")
        council.goto(f"{server.home}/room/?unit={DAM}")
        council.wait_for_selector("#audit-declare:visible")
        assert council.locator(".tile:not(.of-unit)").count() == 0, "autonomy: no readings of the dam"
        council.click("#audit-declare")
        council.fill(".dialog textarea", "Yearly sample")
        asked = time.monotonic()
        council.click(".dialog .button.strong")
        line = plant.locator("#audits-now .audit-line")
        line.wait_for(timeout=5_000 * slack)
        record_property("banner_s", round(time.monotonic() - asked, 2))
        text = line.inner_text()
        assert "chair-1 von Nation" in text
        assert "Yearly sample" in text
        assert line.locator("button").count() == 1, "the audited unit ends nothing"
        council.wait_for_selector("#audits-now .audit-line")
        council.locator(".tile:not(.of-unit)", has_text="output").wait_for()
        card = council.locator(".card", has_text="output")
        card.wait_for()
        assert council.locator(".card .card-acts .button").count() == 0, "it may see and never act"
        assert council.locator(".lamp-count").all_inner_texts() == ["0", "0", "0"]
        council.locator("#audits-now .audit-line button").first.click()
        line.wait_for(state="detached", timeout=5_000 * slack)
        council.locator(".tile:not(.of-unit)").first.wait_for(state="detached")
        assert council.locator(".card").count() == 0
        for page, side in ((plant, "of"), (council, "by")):
            page.keyboard.press("x")
            row = page.locator(f'.audit[data-side="{side}"]')
            row.locator("tbody tr", has_text="output").wait_for(timeout=8_000 * slack)
            assert "chair-1" in row.locator("tbody").inner_text()
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert above.complaints == below.complaints == []
