"""What no plan foresees: a session that ends in the middle of an act, a wrong clock, a name that attacks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.dashboards.conftest import Visit
from tests.dashboards.stand_in import PASSWORD, Served
from tests.dashboards.test_lines import ASK

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


def two_cards(served: Served, visit: Visits) -> tuple[Any, str, str]:
    """Give a page with two alerts that may be acknowledged, and their ids; shown on the wall."""
    for alert in served.room.alerts.values():
        alert.update(unacked=True, may_acknowledge=True)
    page = visit("wall", "day", "en").sign_in(served.url).page
    page.wait_for_selector("#wall .card.waiting")
    seen = page.locator("#wall .card.waiting:visible")
    first, second, *_ = seen.evaluate_all("(all) => all.map((one) => one.dataset.alert)")
    return page, first, second


def hold(page: Any, pattern: str) -> list[Any]:
    """Give the requests that come, each unanswered until a test answers it."""
    held: list[Any] = []

    def keep(route: Any) -> None:
        held.append(route)

    page.route(pattern, keep)
    return held


def open_form(page: Any, alert_id: str) -> None:
    page.click(f".card[data-alert='{alert_id}'] .card-title")
    page.keyboard.press("a")
    page.wait_for_selector(f".card[data-alert='{alert_id}'] form input")


def test_an_act_under_way_goes_on_as_another_form_is_opened(served: Served, visit: Visits) -> None:
    """Its first try is lost on the way: opening another form is no cancelling."""
    page, first, second = two_cards(served, visit)
    page.route("**/acknowledge", lambda route: route.abort(), times=1)
    open_form(page, first)
    page.keyboard.type("Seen")
    with page.expect_event("requestfailed"):
        page.keyboard.press("Enter")
    open_form(page, second)
    page.wait_for_selector(f".card[data-alert='{first}']:not(.waiting)")
    assert served.room.alerts[first]["acknowledgements"][-1]["note"] == "Seen"
    assert page.evaluate("document.activeElement.closest('.card form') !== null"), (
        "the hand stays where it is"
    )


@pytest.mark.parametrize("cancelled", [False, True])
def test_a_refusal_is_told_when_its_form_is_closed(served: Served, visit: Visits, *, cancelled: bool) -> None:
    page, first, second = two_cards(served, visit)
    held = hold(page, "**/acknowledge")
    open_form(page, first)
    with page.expect_request("**/acknowledge"):
        page.keyboard.press("Enter")
    if cancelled:
        page.keyboard.press("Escape")
    else:
        open_form(page, second)
    params = {"person": "chair-9", "at": served.room.clock()}
    held[0].fulfill(status=409, json={"error": {"code": "conflict", "message": "", "params": params}})
    page.wait_for_selector("#notice:has-text('chair-9')")
    title = page.inner_text(f".card[data-alert='{first}'] .card-title")
    assert title in page.inner_text("#notice"), "another form may be under the hand: it says which is meant"


def test_an_act_that_was_given_up_is_told_as_undone(served: Served, visit: Visits) -> None:
    """The page goes on trying its feed, not this."""
    page, first, second = two_cards(served, visit)
    page.route("**/acknowledge", lambda route: route.abort())
    open_form(page, first)
    title = page.inner_text(f".card[data-alert='{first}'] .card-title")
    page.keyboard.press("Enter")
    open_form(page, second)
    page.wait_for_selector("#notice:not([hidden])")
    told = page.inner_text("#notice")
    assert title in told
    assert "do it again" in told
    assert "goes on trying" not in told


@pytest.mark.parametrize("fails", [False, True])
def test_what_is_refused_after_picking_was_ended_is_told(
    served: Served, visit: Visits, *, fails: bool
) -> None:
    """It does not wait in a list that nobody sees, to stand there as if new when picking begins again."""
    page, first, second = two_cards(served, visit)
    held = hold(page, "**/alerts/acknowledge")
    for one in (first, second):
        page.click(f".card[data-alert='{one}'] .card-title")
        page.keyboard.press("g")
    name = page.inner_text(f".card[data-alert='{second}'] .card-title")
    page.wait_for_selector("#wall-picks:not([hidden])")
    page.focus("#wall-picks input[name=note]")
    with page.expect_request("**/alerts/acknowledge"):
        page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    error = {"code": "conflict", "message": "", "params": {"person": "chair-9", "at": served.room.clock()}}
    if fails:
        held[0].fulfill(status=500, json={"error": {"code": "x", "message": "Broken.", "params": {}}})
    else:
        rows = [{"id": first, "ok": True}, {"id": second, "ok": False, "error": error}]
        held[0].fulfill(json={"acknowledged": 1, "alerts": rows})
    page.wait_for_selector(f"#notice:has-text('{'Broken.' if fails else name}')")
    page.wait_for_function("document.activeElement === document.body")  # the hidden field let the hand go
    page.keyboard.press("g")
    page.wait_for_selector("#wall-picks:not([hidden])")
    assert page.inner_text("#wall-picks .refused, #wall-picks .fault") == ""
    assert page.locator("#wall-picks .refused li").count() == 0


def test_a_decision_that_is_refused_is_told_once(served: Served, visit: Visits) -> None:
    page, *_ = two_cards(served, visit)
    error = {"code": "x", "message": "Broken.", "params": {}}
    page.route("**/v1/decisions", lambda route: route.fulfill(status=409, json={"error": error}))
    page.evaluate(ASK, ["council", "decideFreely", []])
    page.fill("dialog[open] textarea", "Send a crew.")
    page.click("dialog[open] button[type=submit]")
    page.wait_for_selector("dialog[open] .fault:has-text('Broken.')")
    assert page.inner_text("#notice") == ""


def bring(page: Any, wall: str) -> None:
    page.evaluate("(wall) => document.querySelector(`#menu .wall-choice[data-wall=${wall}]`).click()", wall)
    page.wait_for_selector(f"#walls[data-front='{wall}']")


def test_escape_closes_what_is_seen_and_only_that(served: Served, visit: Visits) -> None:
    """Neither a form that stands on a wall behind nor what was picked there is thrown away."""
    page, first, second = two_cards(served, visit)
    series_wall(page)
    open_form(page, first)
    page.keyboard.type("Seen")
    page.click(f".card[data-alert='{second}'] .card-title")
    page.keyboard.press("g")
    bring(page, "series")
    page.locator("#catalogue .accord-acts button").first.click()
    page.wait_for_selector("#catalogue form")
    page.keyboard.press("Escape")
    assert page.locator("#catalogue form").count() == 0
    page.keyboard.press("Escape")
    bring(page, "room")
    assert page.input_value(f".card[data-alert='{first}'] form input") == "Seen"
    page.focus(f".card[data-alert='{first}'] form input")
    page.keyboard.press("Escape")
    assert page.locator(".card form").count() == 0
    assert page.locator("#wall-picks").is_visible()
    page.keyboard.press("Escape")
    page.wait_for_selector("#wall-picks", state="hidden")


def test_a_form_that_is_done_late_leaves_the_hand_where_it_is(served: Served, visit: Visits) -> None:
    """What is typed on would else be heard as keys of the room."""
    page, first, second = two_cards(served, visit)
    hold_acknowledge, hold_adopt = hold(page, "**/acknowledge"), hold(page, "**/adopt")
    open_form(page, first)
    with page.expect_request("**/acknowledge"):
        page.keyboard.press("Enter")
    page.click(f".card[data-alert='{second}'] .card-title")
    page.keyboard.press("g")
    page.wait_for_selector("#wall-picks:not([hidden])")
    page.focus("#wall-picks input[name=note]")
    hold_acknowledge[0].fulfill(json={})
    page.wait_for_selector(f".card[data-alert='{first}'] form", state="detached")
    assert page.evaluate("document.activeElement.closest('#wall-picks') !== null")
    series_wall(page)
    bring(page, "series")
    for n in (1, 2):
        page.click(f"#catalogue [data-series='{n}'] .accord-acts button")
        page.wait_for_selector(f"#catalogue article[data-series='{n}'] form")
        if n == 1:
            with page.expect_request("**/adopt"):
                page.click("#catalogue form button[type=submit]")
    hold_adopt[0].fulfill(json={})
    page.wait_for_selector("#catalogue article[data-series='1'] form", state="detached")
    assert page.evaluate("document.activeElement.closest('#catalogue form') !== null")


def test_a_change_of_units_leaves_the_wall_of_series_as_it_stands(served: Served, visit: Visits) -> None:
    """Units move each second: what is unfolded and the focus stay, nothing is asked again, a refusal told."""
    page, *_ = two_cards(served, visit)
    series_wall(page)
    asked = hold(page, "**/series/1/versions")
    bring(page, "series")
    mine = "#catalogue article[data-series='1']"
    with page.expect_request("**/series/1/versions"):
        page.click(f"{mine} .accord-acts button:text-is('Versions')")
    one: dict[str, Any] = {"person": "council-1", "unit_name": "", "at": None, "via": "", "changes": []}
    asked[0].fulfill(json={"versions": [one]})
    page.wait_for_selector(f"{mine} .version")
    for productivity in (0.71, 0.72, 0.73):
        units = [{**served.room.unit("copper"), "productivity": productivity}]
        told = served.room.changes(units=units)
        served.room.tell(told)
        while int(page.evaluate("document.documentElement.dataset.revision")) < told["to"]:
            page.wait_for_timeout(50)
    assert len(asked) == 1
    assert page.inner_text(":focus") == "Versions"
    assert page.locator(f"{mine} .version").count() == 1
    params = {"person": "chair-9", "at": served.room.clock()}
    refused = {"error": {"code": "conflict", "message": "", "params": params}}
    page.route("**/give-up", lambda route: route.fulfill(status=409, json=refused))
    page.click(f"{mine} .series-formerly button")
    page.wait_for_selector("#notice:has-text('old steam')")


def test_versions_of_an_agreement_stay_unfolded(served: Served, visit: Visits) -> None:
    page, *_ = two_cards(served, visit)
    level = {"unit": "", "name": "Economy", "level_name": "nation", "recovery_s": 600.0}
    version: dict[str, Any] = {"version": 1, "levels": [level], "essential": False, "usual": True, "note": ""}
    row = {"series_id": 2, "name": "steam", "unit": "", "unit_name": "", "side": "unit", "agreed": None}
    found: dict[str, Any] = {"rows": [{**version, **row, "proposal": None}], "left_out": 0}
    past = {"versions": [{**version, "proposed": None}], "ended": []}
    page.route("**/agreements", lambda route: route.fulfill(json=found))
    page.route("**/agreements/2", lambda route: route.fulfill(json=past))
    bring(page, "agreements")
    page.click("#agreements .accord .accord-acts button")
    page.wait_for_selector("#agreements .version")
    found["rows"][0]["name"] = "hot steam"
    served.room.tell(served.room.changes(agreements={"waiting": 1, "revision": 7}))
    page.wait_for_selector("#agreements .accord:has-text('hot steam')")
    assert page.locator("#agreements .version").count() == 1
    assert page.get_attribute("#agreements .accord .accord-acts button", "aria-expanded") == "true"


def series_wall(page: Any) -> None:
    """Have the wall of series show two of our own."""
    own = {"rows": [a_series(1), a_series(2)], "left_out": 0}
    own["unit"] = {"id": 0, "may_rename": False, "formerly": []}
    news: dict[str, Any] = {"waiting": 0, "rows": [], "left_out": 0}
    page.route("**/series/own", lambda route: route.fulfill(json=own))
    page.route("**/series/unadopted", lambda route: route.fulfill(json=news))


def a_series(id_: int) -> dict[str, Any]:
    """Give one series as the wall of series hears of it."""
    plain = {"unit": "t", "unit_path": "", "unit_name": "Economy", "unit_verified": True, "kept": "t"}
    none: dict[str, Any] = {
        "indicator": None,
        "band": None,
        "period_s": None,
        "description": "",
        "formerly": ["old steam"],
    }
    return {"id": id_, "name": "steam", "value": 1.0, "adopted": True, "may_adopt": True, **plain, **none}


def test_what_was_cancelled_waits_for_nobody_to_sign_in(served: Served, visit: Visits) -> None:
    """Its session turns out to have ended only after: the sign-in promises nothing, and nothing is sent."""
    page, first, _ = two_cards(served, visit)
    held = hold(page, "**/acknowledge")
    open_form(page, first)
    with page.expect_request("**/acknowledge"):
        page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    held[0].fulfill(status=401, json={"error": {"code": "not_signed_in", "message": "", "params": {}}})
    page.wait_for_selector("#signin:not([hidden])")
    assert page.locator("#signin-drop").is_hidden()
    assert len(held) == 1


def test_a_dialog_that_is_done_as_somebody_signs_in_stays_away(served: Served, visit: Visits) -> None:
    page = visit("wall", "day", "en").sign_in(served.url).page
    page.wait_for_selector("#wall .card.waiting")
    held = hold(page, "**/decide")
    page.locator("button:text-is('Decide')").first.click()
    page.fill("dialog[open] textarea", "Send a crew.")
    with page.expect_request("**/decide"):
        page.click("dialog[open] button[type=submit]")
    served.room.sessions.clear()
    page.evaluate("dispatchEvent(new Event('focus'))")
    page.wait_for_selector("#signin:not([hidden]) #person")
    held[0].fulfill(json={})
    page.fill("#person", "council-1")
    page.fill("#password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_selector("#room:not([hidden]) .feed.is-live")
    page.wait_for_timeout(300)
    assert page.locator("dialog[open]").count() == 0


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
