"""What is spoken, and when a phone shakes: each call once, whatever way it came, and no counting aloud."""

from __future__ import annotations

import itertools
import json
import re
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.dashboards.conftest import Visit
from tests.dashboards.stand_in import Served
from tests.dashboards.stand_in_state import StandIn
from tests.dashboards.test_lines import ASK, alert, silent

pytestmark = pytest.mark.browser

Visits = Callable[..., Visit]
# Whatever a screen reader would be told, with the place that tells it.
LISTEN = """() => {
  window.heard = [];
  new MutationObserver((changes) => {
    const places = new Set(changes.map(({ target }) => (target.closest ? target : target.parentElement)
      ?.closest("[role=status], [role=alert], [aria-live]")));
    for (const place of places) {
      if (place && !place.closest("[hidden]") && place.textContent)
        window.heard.push([place.id || place.className, place.textContent]);
    }
  }).observe(document.body, { subtree: true, childList: true, characterData: true });
}"""
SHAKEN = "window.shaken = 0; Navigator.prototype.vibrate = () => (window.shaken += 1, true)"
SILENT_MS = (
    4_000  # the feed is stale after 2 s: two seconds of counting; after 5 s another connection is tried
)


def heard(page: Any) -> list[list[str]]:
    """Give what was told since listening began."""
    told: list[list[str]] = page.evaluate("window.heard")
    return told


def test_a_call_that_comes_with_the_snapshot_is_spoken_and_felt(visit: Visits) -> None:
    """The feed was away as it was raised; what stood there before is not said again, nor at first."""
    room = StandIn()
    seen = visit("phone", has_touch=True, is_mobile=True)
    seen.page.add_init_script(SHAKEN)
    with Served(room) as first:
        page = seen.sign_in(first.url).page
        page.evaluate(LISTEN)
        port = first.port
        assert page.inner_text("#say-now") == ""
        assert page.evaluate("window.shaken") == 0
    page.wait_for_selector(".feed.is-stale")
    again = StandIn()
    again.sessions = room.sessions
    raised = again._alert(3, 1, 30, level=0, kind="limit", own=True)
    again.alerts[raised["id"]] = raised
    with Served(again, port):
        page.wait_for_selector("#say-now:has-text('New alert')", state="attached")
        assert "water" in page.inner_text("#say-now")
        assert page.evaluate("window.shaken") == 1
        assert [place for place, _ in heard(page)].count("say-now") == 1


def test_a_call_that_comes_as_another_unit_is_looked_at_is_spoken(served: Served, visit: Visits) -> None:
    """The alerts of a snapshot are those of the seat, whichever unit is in focus."""
    room = served.room
    page = visit().sign_in(served.url).page
    page.wait_for_selector("#wall .card")
    raised = room._alert(3, 1, 30, level=0, kind="limit", own=True)
    room.alerts[raised["id"]] = raised  # told with the snapshot alone
    page.locator("#focus .focus-below .entity-button").first.dispatch_event("click")
    page.wait_for_selector("#say-now:has-text('New alert')", state="attached")
    assert "water" in page.inner_text("#say-now")


def test_a_call_that_comes_as_the_unit_is_renamed_is_spoken(served: Served, visit: Visits) -> None:
    """A new path is no other unit."""
    room = served.room
    page = visit().sign_in(served.url).page
    page.wait_for_selector("#wall .card")
    raised = room._alert(3, 1, 30, level=0, kind="limit", own=True)
    room.alerts[raised["id"]] = raised
    told = room.snapshot("council-1", "")
    room.tell({**told, "me": {**told["me"], "unit": "renamed"}})
    page.wait_for_selector("#say-now:has-text('New alert')", state="attached")


def test_a_known_alert_that_calls_again_is_spoken(served: Served, visit: Visits) -> None:
    room = served.room
    page = visit().sign_in(served.url).page
    page.wait_for_selector("#wall .card")
    room.alter("e-3", unacked=True, may_acknowledge=True)
    page.wait_for_selector("#say:has-text('Calls again')", state="attached")
    page.wait_for_selector("#say:has-text('effluent COD')", state="attached")
    room.alter("7-1", level=1, standing="", standing_name="Economy")
    page.wait_for_selector("#say-now:has-text('Calls again')", state="attached")
    page.wait_for_selector("#say-now:has-text('truck wait')", state="attached")
    page.evaluate(LISTEN)
    room.alter("7-1", raises_30d=9)
    room.alter("c-1", raises_30d=9)
    page.wait_for_timeout(800)
    assert heard(page) == []


def test_what_calls_while_a_dialog_is_open_is_told_in_it(served: Served, visit: Visits) -> None:
    """All outside a modal dialog is inert: none of it is read aloud, a notice lies under its backdrop."""
    page = visit().sign_in(served.url).page
    page.wait_for_selector("#wall .card")
    page.keyboard.press("?")
    page.wait_for_selector("dialog[open]")
    served.room.alter("7-1", level=1, standing="", standing_name="Economy")
    page.wait_for_selector("dialog[open] #say-now:has-text('Calls again')", state="attached")
    assert page.locator("dialog[open] > #notice").count() == 1
    page.keyboard.press("Escape")
    page.wait_for_selector("#frame > #say-now", state="attached")
    assert page.locator("#frame > #notice").count() == 1


def test_what_calls_anew_in_examples(served: Served, visit: Visits) -> None:
    page = visit().page
    page.goto(served.url)
    page.wait_for_selector("#person")
    waits = alert("a", "mill", 0, unacked=True, audited=False, level=0)
    seen, risen = {**waits, "unacked": False}, {**waits, "level": 1}
    shelved = {**waits, **silent("shelved")}
    asked = [
        (waits, None, True),
        (seen, None, False),
        (shelved, None, False),
        ({**waits, "audited": True}, None, False),
        (waits, waits, False),
        (waits, seen, True),
        (waits, shelved, True),
        (risen, waits, True),
        ({**risen, "unacked": False}, waits, False),
        ({**waits, "priority": 1}, waits, True),
        (waits, {**waits, "priority": 1}, False),
    ]
    for now, before, anew in asked:
        assert page.evaluate(ASK, ["lines", "callsAnew", [now, before]]) is anew, (now, before)


def test_a_silent_feed_is_said_once_and_its_age_never(served: Served, visit: Visits) -> None:
    page = visit().sign_in(served.url).page
    page.wait_for_selector("#wall .card")
    page.wait_for_timeout(500)
    page.evaluate(LISTEN)
    served.room.frozen = True
    page.wait_for_timeout(SILENT_MS)
    page.wait_for_selector(".feed.is-stale")
    served.room.frozen = False
    page.wait_for_selector("#say-feed:has-text('live')", state="attached")
    told = heard(page)
    assert {place for place, _ in told} == {"say-feed"}
    words = [text for _, text in told]
    assert "silent" in words[0]
    assert all("silent" in text or "live" in text for text in words)
    assert [text for text, after in itertools.pairwise(words) if text == after] == []


def test_the_first_reading_is_not_counted_aloud(served: Served, visit: Visits) -> None:
    page = visit().sign_in(served.url).page
    came = round(time.time() * 1000)
    unit = {"path": "", "name": "Economy", "retired": False, "may_found": True, "may_entrust": False}
    answers = {
        "settings": {"units": [unit], "tokens": []},
        "feeds/series": {"series": [{"path": "tap/flow", "t": came, "value": 3.0, "unit": "MW"}]},
        "feeds?sort": {"rows": [{"source": "tap", "heard": came}]},
    }

    def fulfil(route: Any) -> None:
        name = next(one for one in answers if f"/api/v1/{one}" in route.request.url)
        route.fulfill(content_type="application/json", body=json.dumps(answers[name]))

    page.route(re.compile("/api/v1/(settings|feeds)"), fulfil)
    page.evaluate("document.querySelector('#menu [data-wall=first]').click()")
    page.wait_for_selector(".step-reading:has-text('tap/flow')")
    page.evaluate(LISTEN)
    page.wait_for_timeout(3_000)
    assert heard(page) == []
