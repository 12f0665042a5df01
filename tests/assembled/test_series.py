"""A plant feeds what nobody declared, in kW; its council adopts it in MW, and a rename keeps its history."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import websockets

from opsroom.clock import wall_now
from tests.assembled.test_page import in_thread
from tests.assembled.town import PASSWORD, Town, town
from tests.cli.conftest import run
from tests.dashboards.conftest import Visit, browser, visit
from tests.faults.server import Nursery

__all__ = ["browser", "visit"]  # fixtures, used by name

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]


@pytest.fixture(scope="module")
def room(nursery: Nursery, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """One room for the whole page."""
    with town(tmp_path_factory.mktemp("town"), nursery, room={"detection": False}) as server:
        feed(server, {"series": "depth", "value": 81.5, "unit": "m"})
        yield server


def feed(room: Town, *readings: dict[str, Any]) -> None:
    """Let the dam's plant send readings, a second apart up to now, and wait until they are stored."""

    async def send() -> None:
        url, headers = f"{room.url}/api/v1/ingest", {"Authorization": f"Bearer {room.token}"}
        async with websockets.connect(url, additional_headers=headers, compression=None) as socket:
            now = wall_now() // 1_000
            at = [now - 1_000 * (len(readings) - n) for n in range(len(readings))]
            await socket.send(json.dumps([{**one, "ts": ts} for one, ts in zip(readings, at, strict=True)]))
            told = json.loads(await socket.recv())
            assert told["stored"] == len(readings), told

    in_thread(send())  # the browser holds this thread's loop


def power(room: Town, *values: float, name: str = "power") -> None:
    """Let it send its power in kW."""
    feed(room, *({"series": name, "value": value, "unit": "kW"} for value in values))


def enter(seen: Visit, room: Town, person: str, wall: str = "") -> Any:
    """Sign in through the form, as a person types; gives the page."""
    page = seen.page
    page.goto(f"{room.home}/room/{wall}")
    page.wait_for_selector("#person")
    page.keyboard.type(person)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_selector("#room:not([hidden]) .feed.is-live")
    return page


def test_an_unknown_series_in_kw_becomes_an_indicator_in_mw_and_is_renamed(
    room: Town, visit: Callable[..., Visit]
) -> None:
    seen = visit()
    page = enter(seen, room, "keeper")
    page.locator('#menu [data-wall="series"] .wall-waiting', has_text="1").wait_for()
    power(room, 3_000.0, 3_100.0, 3_200.0)
    badge = page.locator('#menu [data-wall="series"] .wall-waiting', has_text="2")
    badge.wait_for()
    assert badge.get_attribute("aria-label") == "2 series not adopted"
    page.keyboard.press("e")
    new = page.locator("#unadopted .accord", has_text="power")
    new.locator(".series-value", has_text="3,200 kW").wait_for()
    adopt_in_megawatts(page, new)
    own = page.locator("#catalogue .accord", has_text="power")
    own.wait_for()
    own.locator(".series-value", has_text="3.20 MW").wait_for()
    assert "capability 3.50 MW" in own.inner_text()
    assert "stored in kW" in own.inner_text()
    tile(page, "power", "3.20", "MW")
    power(room, 3_400.0)
    tile(page, "power", "3.40", "MW")
    rename(page, room)
    assert [one for one in seen.complaints if "422" not in one] == []  # the refusal that was asked for


def adopt_in_megawatts(page: Any, new: Any) -> None:
    """Adopt with figures, past a unit of another dimension, which is refused in words."""
    new.get_by_role("button", name="Adopt with figures").click()
    form = new.locator("form")
    form.locator('[name="unit"]').fill("MWh")
    form.locator('[name="capability"]').fill("3.5")
    form.locator('[name="recovery"]').fill("10 min, 30 min")
    form.get_by_role("button", name="Adopt").click()
    form.locator(".fault", has_text="kW (power) cannot be converted to MW.h (energy)").wait_for()
    form.locator('[name="unit"]').fill("MW")
    form.get_by_role("button", name="Adopt").click()
    new.wait_for(state="detached")


def tile(page: Any, name: str, value: str, unit: str) -> None:
    """Wait for the tile of the overview to show a value; comes back to the wall of series."""
    page.keyboard.press("e")
    found = page.locator("#tile-grid .tile", has_text=name)
    found.locator(".tile-value", has_text=value).wait_for()
    assert found.locator(".tile-unit").inner_text() == unit
    page.keyboard.press("e")


def rename(page: Any, room: Town) -> None:
    """Rename it; screen, history and plant go on, and the old name can be given up."""
    own = page.locator("#catalogue .accord", has_text="power")
    own.get_by_role("button", name="Rename").click()
    own.locator('[name="name"]').fill("busbar")
    own.locator("form").get_by_role("button", name="Rename").click()
    own = page.locator("#catalogue .accord", has_text="busbar")
    own.locator(".series-formerly", has_text="power").wait_for()
    power(room, 3_300.0, name="power")
    tile(page, "busbar", "3.30", "MW")
    own.get_by_role("button", name="Versions").click()
    own.locator(".version").nth(2).wait_for()
    told = own.locator(".versions").inner_text()
    for said in ("keeper (dam)", "power → busbar", "kW → MW", "Brought by a plant", "10 min, 30 min"):
        assert said in told, told
    own.get_by_role("button", name="Give up the name power").click()
    own.locator(".series-formerly").wait_for(state="detached")
    power(room, 1.0, name="power")
    page.locator("#unadopted .accord", has_text="power").wait_for()
    shown = run(room.folder, "series", "show", "energy/dam/busbar", "--json").json
    assert (shown["unit"], shown["kept"], shown["formerly"]) == ("MW", "kW", [])
    history = page.evaluate(f"fetch('/api/v1/series/{shown['id']}/readings').then((answer) => answer.json())")
    assert history["v"] == [3.0, 3.1, 3.2, 3.4, 3.3]


def test_who_may_not_adopt_is_not_asked_to(room: Town, visit: Callable[..., Visit]) -> None:
    seen = visit()
    page = enter(seen, room, "shift", "#series")
    page.locator("#catalogue .accord").first.wait_for()
    assert page.locator('#menu [data-wall="series"] .wall-waiting').is_hidden()
    assert page.locator("#unadopted .accord").count() == 0
    names = page.locator("#catalogue button").all_inner_texts()
    assert set(names) == {"Versions"}
    assert seen.complaints == []


def test_a_note_is_marked_on_the_trend_and_no_library_is_fetched_for_it(
    room: Town, visit: Callable[..., Visit]
) -> None:
    seen = visit()
    page = enter(seen, room, "shift")
    page.locator(".marks-write").click()
    page.locator('dialog textarea[name="text"]').fill("<b>belt</b> slipped")
    page.locator("dialog button.strong").click()
    page.locator(".marks-toggle", has_text="1 mark").click()
    row = page.locator(".marks-list .mark-row")
    row.focus()
    assert "shift: <b>belt</b> slipped" in row.inner_text()
    assert "slipped" in page.locator(".mark-said").inner_text()
    page.locator(".mark-away").click()
    row.wait_for(state="detached")
    assert [url for url in seen.asked if "plotly" in url or url.endswith("analysis.js")] == []
    assert seen.complaints == []
