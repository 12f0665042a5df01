"""The quantified flow: a chart where there is room, a list with bars on the phone; its layout is sound."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.dashboards.conftest import Visit
from tests.dashboards.drawn import DRAW_MS, LONG, draw_ms, holds
from tests.dashboards.stand_in import Served
from tests.dashboards.stand_in_flows import link
from tests.dashboards.stand_in_state import StandIn

pytestmark = pytest.mark.browser
Visits = Callable[..., Visit]
LAYOUT = (Path(__file__).parent / "layout_check.js").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def town() -> Iterator[Served]:
    """Serve one stand-in room for the whole module."""
    with Served(StandIn()) as running:
        yield running


def test_the_chart_moves_and_a_starved_link_turns_red(town: Served, visit: Visits) -> None:
    seen = visit("wall", "night").sign_in(town.url)
    page, room = seen.page, town.room
    page.wait_for_selector("#focus .flow-chart")
    assert page.locator("#focus .flow-link").count() == 7
    assert page.locator("#focus .flow-link.is-starved").count() == 1
    assert page.locator("#focus .flow-link.is-unmeasured").count() == 1
    before = page.locator("#focus .flow-now").first.get_attribute("stroke-width")
    moved = [
        link("copper", "light-industry", 12.0, 0.2, now=room.clock()),
        {**link("energy", "copper", 40.0, 0.9, now=room.clock()), "t": room.clock() - 400_000},
        {**link("textile", "energy", 40.0, 0.9, now=room.clock()), "to_name": LONG},
    ]
    room.tell(room.changes(flows=moved, units=[{**room.unit("textile"), "name": LONG}]))
    page.wait_for_selector("#focus .flow-link.is-old", state="attached")
    assert page.locator("#focus .flow-link.is-starved").count() == 1
    assert page.locator("#focus .flow-now").first.get_attribute("stroke-width") != before
    page.locator('#focus [data-key="energy"]').focus()
    page.keyboard.press("o")
    page.wait_for_selector("#flow .flow-row.is-starved")
    assert "2.40" in page.inner_text("#flow .flow-row.is-starved")
    assert page.evaluate(LAYOUT) == []
    holds(seen, "wall")
    assert draw_ms(page, "flow.js", "redrawFlow") < DRAW_MS


def test_on_the_phone_it_is_a_list_and_without_flows_it_says_how_to_declare_them(
    town: Served, visit: Visits
) -> None:
    seen = visit("phone", "day", "de").sign_in(f"{town.url}#flow")
    page = seen.page
    page.wait_for_selector("#flow .flow-row")
    assert page.locator("#flow .flow-chart").count() == 0
    assert page.locator("#flow .flow-row").count() == 7
    town.room.tell(town.room.changes(flows=[]))
    page.locator("#flow .nothing", has_text="[[flow]]").wait_for()
    holds(seen, "phone")
