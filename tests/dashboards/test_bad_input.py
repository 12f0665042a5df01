"""What no plan foresees: a session that ends in the middle of an act, a wrong clock, a name that attacks."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.dashboards.conftest import Visit
from tests.dashboards.stand_in import PASSWORD, Served

pytestmark = pytest.mark.browser

Visits = Callable[..., Visit]
HOURS_MS = 7 * 3_600_000
NASTY = "<script>window.broken = true</script>" + "مرحبا " * 5 + "x" * 200


@pytest.mark.parametrize("again", ["council-1", "council-2"])
def test_an_act_is_not_lost_when_its_session_ends(served: Served, visit: Visits, again: str) -> None:
    """The same person signs in again and it goes on by itself; somebody else does not act for them."""
    page = visit("wall", "day", "en").sign_in(served.url).page
    page.wait_for_selector("#wall .card.waiting")
    page.keyboard.press("a")
    page.keyboard.type("Seen from the gallery")
    served.room.sessions.clear()
    page.keyboard.press("Enter")
    page.wait_for_selector("#signin:not([hidden]) #person")
    page.fill("#person", again)
    page.fill("#password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_selector("#room:not([hidden]) .feed.is-live")
    said = page.locator("#wall", has_text="Seen from the gallery")
    if again == "council-1":
        said.wait_for()
    else:
        page.wait_for_timeout(1_000)
        assert "Acknowledged by council-2" not in page.locator("#wall").inner_text()


def test_a_browser_whose_clock_is_hours_wrong_shows_the_rooms_time(served: Served, visit: Visits) -> None:
    right = visit("wall", "day", "en").sign_in(served.url).page
    wrong = visit("wall", "day", "en")
    wrong.page.add_init_script(f"const real = Date.now.bind(Date); Date.now = () => real() + {HOURS_MS};")
    other = wrong.sign_in(served.url).page
    for page in (right, other):
        page.wait_for_selector("#wall .card-since")
    ages = [page.locator("#wall .card-since").first.inner_text() for page in (right, other)]
    assert ages[0] == ages[1]
    clocks = [page.locator(".clock-time").inner_text()[:4] for page in (right, other)]
    assert clocks[0] == clocks[1]
    assert other.locator(".feed.is-live").count() == 1


def test_a_name_of_200_characters_with_a_script_breaks_nothing(served: Served, visit: Visits) -> None:
    seen = visit("phone", "night", "es")
    for alert in served.room.alerts.values():
        alert["series_name"] = NASTY
        alert["unit_name"] = NASTY
    page = seen.sign_in(served.url).page
    page.wait_for_selector("#wall .card")
    assert page.evaluate("window.broken") is None
    assert "<script>" in page.locator("#wall").inner_text(), "shown as it was written"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert seen.complaints == []
