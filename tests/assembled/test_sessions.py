"""Sessions end and change hands under an open page: nothing typed is lost, nothing called off is sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.assembled.test_page import in_thread, seated
from tests.assembled.town import PASSWORD, Town, person, works
from tests.dashboards.conftest import Visit, browser, visit

__all__ = ["browser", "visit"]  # fixtures, used by name

pytestmark = pytest.mark.browser

Visits = Callable[..., Visit]
TYPED = "Open the second gate"
SIGN_IN = """async ([person, password]) => (await fetch("/api/v1/session", {
  method: "POST", headers: {"Content-Type": "application/json"}, body: JSON.stringify({person, password}),
})).status"""
AGAIN = "#signin:not([hidden]) #person"
ROOM = "#room:not([hidden]) .feed.is-live"
RETRIED_MS = 3_000  # an act that nobody called off has been tried three times by then


def broken(server: Town, name: str, who: str) -> str:
    """Break a series; give its alert once `who` may decide on it or acknowledge it."""

    async def story() -> str:
        async with works(server, f"dam-{name}") as dam, person(server.home, who) as one:
            await dam.breaks(name)
            right = "may_decide" if who.startswith("chair") else "may_acknowledge"
            return str((await one.alert(name, **{right: True}))["id"])

    found: list[str] = []

    async def keep() -> None:
        found.append(await story())

    in_thread(keep())
    return found[0]


def fact(server: Town, alert: str, name: str, who: str = "chair-2") -> Any:
    """Give one field of an alert, as the room tells it to `who`."""
    found: list[Any] = []

    async def keep() -> None:
        async with person(server.home, who) as one:
            found.append((await one.get(f"alerts/{alert}"))["alert"][name])

    in_thread(keep())
    return found[0]


def cookie(page: Any) -> str:
    """Give the session's cookie as a header."""
    one = next(one for one in page.context.cookies() if one["httpOnly"])
    return f"{one['name']}={one['value']}"


def end(server: Town, session: str) -> None:
    """End the session, and leave the browser its cookie: it has run out."""
    with httpx.Client(base_url=f"{server.home}/api/v1/", headers={"Cookie": session}) as client:
        csrf = client.get("session").json()["csrf"]
        assert client.delete("session", headers={"X-CSRF-Token": csrf}).status_code == 200


def elsewhere(page: Any, server: Town, who: str) -> None:
    """Sign in in another window of the same browser."""
    window = page.context.new_page()
    window.goto(f"{server.home}/-/healthy")
    assert window.evaluate(SIGN_IN, [who, PASSWORD]) == 200
    window.close()


def back(page: Any, who: str) -> None:
    """Sign in with keyboard and mouse: nothing lies over the form."""
    page.wait_for_selector(AGAIN)
    page.click("#person")
    page.fill("#person", who)
    page.fill("#password", PASSWORD)
    page.click("#signin button[type=submit]")
    page.wait_for_selector(ROOM)


def deciding(seen: Visit, server: Town, name: str) -> tuple[Any, str]:
    """Let the top type a decision; give the page and the alert."""
    alert = broken(server, name, "chair-1")
    page = seated(seen, server, "chair-1")
    page.click(f".card[data-alert='{alert}'] button:text-is('Decide')")
    page.fill("dialog textarea", TYPED)
    return page, alert


def ends_on_the_way(page: Any, server: Town, act: str) -> None:
    """Let the session end between the press and the room."""
    session = cookie(page)

    def late(route: Any) -> None:
        end(server, session)
        route.continue_()

    page.route(f"**/{act}", late, times=1)


def test_a_dialog_gives_way_to_the_sign_in_and_stands_there_again(running: Town, visit: Visits) -> None:
    page, alert = deciding(visit(), running, "heat")
    end(running, cookie(page))
    page.wait_for_selector("#signin-why:has-text('sign in again as chair-1')")
    assert page.locator("#signin-drop").is_hidden(), "nothing was sent that could wait"
    back(page, "chair-1")
    assert page.locator("dialog[open] textarea").input_value() == TYPED
    page.click("dialog button[type=submit]")
    page.wait_for_selector(f".card[data-alert='{alert}'] .card-decided:has-text('{TYPED}')")


@pytest.mark.parametrize(("name", "dropped"), [("noise", False), ("wear", True)])
def test_an_act_waits_for_its_session_and_may_be_called_off(
    running: Town, visit: Visits, name: str, *, dropped: bool
) -> None:
    page, alert = deciding(visit(), running, name)
    ends_on_the_way(page, running, "decide")
    page.click("dialog button[type=submit]")
    page.wait_for_selector("#signin-why:has-text('it is sent when chair-1 is back')")
    if dropped:
        page.click("#signin-drop")
    back(page, "chair-1")
    if not dropped:
        page.wait_for_selector(f".card[data-alert='{alert}'] .card-decided:has-text('{TYPED}')")
        assert page.locator("dialog").count() == 0
        return
    page.wait_for_selector("dialog[open] .fault:has-text('This was not sent.')")
    assert page.locator("dialog[open] textarea").input_value() == TYPED
    page.click("dialog button:text-is('Cancel')")
    page.wait_for_timeout(RETRIED_MS / 3)
    assert fact(running, alert, "decision") is None


def test_what_is_cancelled_is_not_tried_again(running: Town, visit: Visits) -> None:
    page, alert = deciding(visit(), running, "tap")
    tries = []

    def fails(route: Any) -> None:
        tries.append(route.request.url)
        route.abort()

    page.route("**/decide", fails)
    with page.expect_event("requestfailed"):
        page.click("dialog button[type=submit]")
    page.click("dialog button:text-is('Cancel')")
    page.unroute("**/decide")
    page.wait_for_timeout(RETRIED_MS)
    assert fact(running, alert, "decision") is None
    assert len(tries) == 1


def test_who_signed_in_again_in_another_window_goes_on_here(running: Town, visit: Visits) -> None:
    alert = broken(running, "output", "shift")
    page = seated(visit(), running, "shift")
    page.evaluate("window.same = true")
    elsewhere(page, running, "shift")
    page.click(f".card[data-alert='{alert}'] .card-title")
    page.keyboard.press("a")
    page.keyboard.type(TYPED)
    page.keyboard.press("Enter")
    page.wait_for_selector(f".card[data-alert='{alert}'] .card-acknowledged:has-text('{TYPED}')")
    assert page.evaluate("window.same") is True


def test_nobody_acts_with_the_session_of_somebody_else(running: Town, visit: Visits) -> None:
    """Another person signed in in another window: this one says so, and keeps what was typed for its own."""
    alert = broken(running, "gate", "shift")
    page = seated(visit(), running, "shift")
    page.evaluate("window.same = true")
    page.click(f".card[data-alert='{alert}'] .card-title")
    page.keyboard.press("a")
    page.keyboard.type(TYPED)
    elsewhere(page, running, "night")
    page.keyboard.press("Enter")
    page.wait_for_selector("#signin-why:has-text('night has signed in in another window')")
    back(page, "shift")
    page.wait_for_selector(f".card[data-alert='{alert}'] .card-acknowledged:has-text('{TYPED}')")
    assert [one["person"] for one in fact(running, alert, "acknowledgements", "night")] == ["shift"]
    assert page.evaluate("window.same") is True


def test_a_feed_that_comes_back_as_somebody_elses_is_not_shown(running: Town, visit: Visits) -> None:
    page = seated(visit(), running, "shift")
    mine = cookie(page)
    elsewhere(page, running, "night")
    end(running, mine)
    page.wait_for_selector("#signin-why:has-text('night has signed in in another window')")


def test_somebody_else_begins_with_an_empty_page(running: Town, visit: Visits) -> None:
    page = seated(visit(), running, "branch")
    page.evaluate("window.same = true")
    page.keyboard.press("?")
    page.wait_for_selector("dialog[open]")
    end(running, cookie(page))
    back(page, "night")
    page.wait_for_selector(f"{ROOM}")
    page.wait_for_selector(".seat.mine:has-text('night')")
    assert page.evaluate("window.same") is None
    assert page.locator("dialog").count() == 0


def test_one_window_signed_in_brings_the_other_along(running: Town, visit: Visits) -> None:
    first = seated(visit(), running, "shift")
    second = first.context.new_page()
    second.goto(f"{running.home}/room/")
    second.wait_for_selector(ROOM)
    end(running, cookie(first))
    for page in (first, second):
        page.wait_for_selector(AGAIN)
    back(first, "shift")
    second.wait_for_selector(ROOM)


def test_signing_out_of_a_room_that_does_not_answer_says_so(running: Town, visit: Visits) -> None:
    page = seated(visit(), running, "shift")
    page.route("**/api/v1/session", lambda route: route.abort())
    page.click("#choices [data-word='room.sign_out']")
    page.wait_for_selector("#notice:has-text('You are still signed in')")
    assert page.locator(ROOM).count() == 1
    page.unroute("**/api/v1/session")
    page.click("#choices [data-word='room.sign_out']")
    page.wait_for_selector(AGAIN)
    page.reload()
    page.wait_for_selector(AGAIN)
