"""The recursion wall and its panel: Beer's drawing, coloured by what the room knows."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.dashboards.conftest import Visit
from tests.dashboards.drawn import DRAW_MS, LONG, draw_ms, holds
from tests.dashboards.stand_in import Served
from tests.dashboards.stand_in_state import StandIn

pytestmark = pytest.mark.browser
Visits = Callable[..., Visit]


@pytest.fixture(scope="module")
def town() -> Iterator[Served]:
    """Serve one stand-in room for the whole module."""
    with Served(StandIn()) as running:
        yield running


def test_circles_lead_down_squares_up_and_the_address_says_where(town: Served, visit: Visits) -> None:
    size = "phone"
    seen = visit(size, "night", "de").sign_in(f"{town.url}#recursion")
    page = seen.page
    page.wait_for_selector("#recursion .vsm")
    assert page.locator("#recursion .vsm-operation").count() == 6
    assert page.locator("#recursion [data-key=up]").count() == 0, "nobody is above the top"
    page.locator('#recursion [data-key="copper"]').focus()
    page.keyboard.press("Enter")
    page.locator("#where-name", has_text="Copper").wait_for()
    assert page.url.endswith("?unit=copper#recursion")
    page.locator("#recursion [data-key=up]").focus()
    page.keyboard.press(" ")
    page.locator("#where-name", has_text="Economy").wait_for()
    page.go_back()
    page.locator("#where-name", has_text="Copper").wait_for()
    page.go_back()
    page.locator("#where-name", has_text="Economy").wait_for()
    town.room.tell(town.room.changes(units=[{**town.room.unit("copper"), "name": LONG}]))
    page.locator('#recursion [data-key="copper"] .vsm-name', has_text="<script>").wait_for()
    holds(seen, size)
    assert draw_ms(page, "recursion.js", "redrawRecursion") < DRAW_MS


def test_channels_are_grey_until_something_runs_on_them(visit: Visits) -> None:
    with Served(StandIn(alerts=False)) as quiet:
        page = visit().sign_in(quiet.url).page
        page.keyboard.press("y")
        page.wait_for_selector("#recursion .vsm")
        assert page.locator(".vsm .speaks, .vsm .busy").count() == 0
        room, one = quiet.room, StandIn()
        risen = next(alert for alert in one.alerts.values() if alert["level"] == 1)
        room.alerts[risen["id"]] = risen
        room.tell(room.changes(alerts=[{**risen, "kind": "oscillation"}], units=[room.unit("copper")]))
        page.wait_for_selector(f"#recursion .vsm-algedonic.speaks.p{risen['priority']}")
        assert page.locator("#recursion .vsm-coordination.speaks").count() == 2, "the line and one branch"
        room.tell(room.changes(agreements={"waiting": 2, "revision": 1}))
        page.wait_for_selector("#recursion .vsm-bargain.busy", state="attached")
        assert "2" in page.locator(".channel", has_text="Resource bargain").inner_text()
