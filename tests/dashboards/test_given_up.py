"""What a form says of an act that came to nothing, and that the hand stays in it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.dashboards.conftest import Visit
from tests.dashboards.stand_in import PASSWORD, Served
from tests.dashboards.test_bad_input import bring, hold, open_form, series_wall, two_cards
from tests.dashboards.test_lines import ASK

pytestmark = pytest.mark.browser

Visits = Callable[..., Visit]
POSTS = "**/api/v1/**"


@pytest.mark.parametrize("form", ["card", "dialog", "wall", "picking"])
def test_an_open_form_says_of_an_act_that_was_given_up_that_it_was(
    served: Served, visit: Visits, form: str
) -> None:
    """Nothing tries it again, whatever else the page goes on trying."""
    page, first, _ = two_cards(served, visit)
    page.route(POSTS, lambda route: route.abort() if route.request.method == "POST" else route.continue_())
    if form == "card":
        open_form(page, first)
        page.keyboard.press("Enter")
    elif form == "dialog":
        page.evaluate(ASK, ["council", "decideFreely", []])
        page.fill("dialog[open] textarea", "Send a crew.")
        page.click("dialog[open] button[type=submit]")
    elif form == "wall":
        series_wall(page)
        bring(page, "series")
        page.locator("#catalogue .accord-acts button").first.click()
        page.click("#catalogue form button[type=submit]")
    else:
        page.click(f".card[data-alert='{first}'] .card-title")
        page.keyboard.press("g")
        page.wait_for_selector("#wall-picks:not([hidden])")
        page.focus("#wall-picks input[name=note]")
        page.keyboard.press("Enter")
    page.wait_for_selector(".fault:visible:not(:empty)")
    told = page.inner_text(".fault:visible:not(:empty)")
    assert "do it again" in told
    assert "goes on trying" not in told


def test_a_sign_in_that_reaches_nobody_is_tried_by_nobody(served: Served, visit: Visits) -> None:
    page = visit("wall", "day", "en").page
    page.goto(served.url)
    page.route("**/api/v1/session", lambda route: route.abort())
    page.fill("#person", "council-1")
    page.fill("#password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_selector("#signin-fault:not(:empty)")
    told = page.inner_text("#signin-fault")
    assert "does not answer" in told
    assert "goes on trying" not in told


def test_a_second_end_of_the_session_leaves_the_hand_where_it_types(served: Served, visit: Visits) -> None:
    """Several acts may be under way as it ends; each hears of it in its own time."""
    page, first, second = two_cards(served, visit)
    held = hold(page, "**/acknowledge")
    for one in (first, second):
        open_form(page, one)
        with page.expect_request("**/acknowledge"):
            page.keyboard.press("Enter")
    ended = {"error": {"code": "not_signed_in", "message": "", "params": {}}}
    held[0].fulfill(status=401, json=ended)
    page.wait_for_selector("#signin:not([hidden]) #person:focus")
    page.keyboard.press("Tab")
    page.keyboard.type("se")
    with page.expect_response("**/acknowledge"):
        held[1].fulfill(status=401, json=ended)
    page.wait_for_timeout(200)
    page.keyboard.type("cret")
    assert (page.input_value("#person"), page.input_value("#password")) == ("council-1", "secret")
