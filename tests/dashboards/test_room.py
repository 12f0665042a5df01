"""The room in a real browser: what must hold whatever it shows."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.dashboards.conftest import PATIENT_MS, Visit
from tests.dashboards.stand_in import PASSWORD, Served
from tests.dashboards.stand_in_state import StandIn

pytestmark = pytest.mark.browser

Visits = Callable[..., Visit]
UNACKED = "#wall .card.waiting"
LIVE_AGAIN_S = 4.0
STALE_S = 2.5


def violations(axe: Any, page: Any) -> list[str]:
    found = axe.Axe().run(page).response["violations"]
    return [
        f"{one['id']}: {node['target']} {node['failureSummary']}" for one in found for node in one["nodes"]
    ]


def _count(page: Any, selector: str, n: int) -> None:
    """Wait until `n` nodes match (the policy forbids the eval that waiting for an expression needs)."""
    from playwright.sync_api import expect

    expect(page.locator(selector)).to_have_count(n, timeout=PATIENT_MS)


def test_four_keys_after_sign_in_acknowledge_the_worst(served: Served, visit: Visits) -> None:
    seen = visit().sign_in(served.url)
    seen.page.wait_for_selector(UNACKED)
    before = seen.page.locator(UNACKED).count()
    seen.page.keyboard.press("a")
    seen.page.keyboard.press("Enter")
    _count(seen.page, UNACKED, before - 1)
    worst = served.room.alerts["c-1"]
    assert not worst["unacked"]
    assert worst["acknowledgements"][-1]["person"] == "council-1"


def test_a_note_typed_keeps_its_letters(served: Served, visit: Visits) -> None:
    """The keys of the room are letters too: in a field they stay so, and a repaint takes nothing away."""
    seen = visit().sign_in(served.url)
    seen.page.wait_for_selector(UNACKED)
    seen.page.keyboard.press("a")
    seen.page.keyboard.type("at the tap")
    served.room.alter("7-1", raises_30d=9)
    seen.page.wait_for_timeout(700)
    seen.page.keyboard.type(" again?")
    seen.page.keyboard.press("Enter")
    seen.page.wait_for_selector("text=at the tap again?")
    assert served.room.alerts["c-1"]["acknowledgements"][-1]["note"] == "at the tap again?"


def test_escape_closes_the_note_and_arrows_walk(served: Served, visit: Visits) -> None:
    seen = visit().sign_in(served.url)
    seen.page.wait_for_selector(UNACKED)
    seen.page.keyboard.press("a")
    seen.page.wait_for_selector(".card form")
    seen.page.keyboard.press("Escape")
    assert seen.page.locator(".card form").count() == 0
    assert seen.page.locator(".card.chosen > .card-text .card-title").inner_text() == "copper cathode"
    seen.page.keyboard.press("ArrowUp")
    seen.page.wait_for_selector(".card.chosen .card-title:text-is('truck wait')")
    seen.page.keyboard.press("ArrowRight")
    seen.page.wait_for_selector(".tile.chosen")
    seen.page.keyboard.press("?")
    seen.page.wait_for_selector("dialog[open]")


def test_the_loser_of_a_race_reads_who_won(served: Served, visit: Visits) -> None:
    seen = visit().sign_in(served.url)
    seen.page.wait_for_selector(UNACKED)
    seen.page.keyboard.press("a")
    won = {"person": "council-4", "unit": "", "level": 1, "at": served.room.clock(), "note": ""}
    served.room.alerts["c-1"].update(
        unacked=False, acknowledgements=[won]
    )  # not told yet: the answer comes first
    seen.page.keyboard.press("Enter")
    seen.page.wait_for_selector(".card .fault:has-text('council-4 was first')")


def test_the_loser_reads_it_even_when_the_card_has_gone(served: Served, visit: Visits) -> None:
    """A returned alert leaves the wall with its acknowledgement: who came second is told all the same."""
    seen = visit().sign_in(served.url)
    seen.page.wait_for_selector(UNACKED)
    seen.page.keyboard.press("a")
    won = {"person": "council-4", "unit": "", "level": 1, "at": served.room.clock(), "note": ""}

    def late(route: Any) -> None:  # from here on: a frame that tells it before Enter would close the form
        served.room.alerts["c-1"].update(unacked=False, acknowledgements=[won])
        served.room.end("c-1")
        time.sleep(0.7)
        route.continue_()

    seen.page.route("**/acknowledge", late)
    seen.page.keyboard.press("Enter")
    seen.page.wait_for_selector("#notice:has-text('council-4 was first')")


def test_both_viewers_see_the_same_name(served: Served, visit: Visits, slack: float) -> None:
    one, two = visit().sign_in(served.url, "council-1"), visit().sign_in(served.url, "council-2")
    one.page.wait_for_selector(UNACKED)
    one.page.keyboard.press("a")
    one.page.keyboard.press("Enter")
    for seen in (one, two):
        seen.page.wait_for_selector("text=/Acknowledged by council-1/", timeout=1_500 * slack)


def test_a_silent_feed_is_stale_in_time_and_live_again(served: Served, visit: Visits, slack: float) -> None:
    seen = visit().sign_in(served.url)
    served.room.frozen = True
    start = time.monotonic()
    seen.page.wait_for_selector(".feed.is-stale")
    # The stand-in's last frame may be half a second younger.
    assert time.monotonic() - start < STALE_S * slack + 0.5
    served.room.frozen = False
    seen.page.wait_for_selector(".feed.is-live")


def test_a_restarted_server_is_live_again_without_reload(visit: Visits, slack: float) -> None:
    room = StandIn()
    with Served(room) as first:
        seen = visit().sign_in(first.url)
        seen.page.evaluate("window.same = true")
        port = first.port
    seen.page.wait_for_selector(".feed.is-stale")
    again = StandIn()
    again.sessions = room.sessions
    with Served(again, port):
        start = time.monotonic()
        seen.page.wait_for_selector(".feed.is-live")
        assert time.monotonic() - start < LIVE_AGAIN_S * slack
        assert seen.page.evaluate("window.same") is True


def test_an_ended_session_leads_to_sign_in(served: Served, visit: Visits) -> None:
    seen = visit().sign_in(served.url)
    served.room.sessions.clear()
    seen.page.evaluate("document.querySelector('[data-word=\"room.sign_out\"]').click()")
    seen.page.wait_for_selector("#signin:not([hidden]) #person")


def test_wrong_password_is_said_with_a_remedy(served: Served, visit: Visits) -> None:
    seen = visit("phone", lang="de")
    seen.page.goto(served.url)
    seen.page.fill("#person", "council-1")
    seen.page.fill("#password", "no")
    seen.page.keyboard.press("Enter")
    seen.page.wait_for_selector("#signin-fault:has-text('Tippfehler')")


def test_old_values_carry_their_age(served: Served, visit: Visits) -> None:
    seen = visit().sign_in(served.url)
    served.room.series[10]["t"] -= 600_000
    seen.page.reload()
    seen.page.wait_for_selector(".tile.old .tile-age:has-text('min old')")


def test_a_value_that_is_gone_is_grey_at_once_and_breaks_the_line(served: Served, visit: Visits) -> None:
    seen = visit().sign_in(served.url)
    one = served.room.series[10]
    one.update(value=None, q=0, trail=[*one["trail"], (one["t"], None)])
    seen.page.reload()
    seen.page.wait_for_selector(".tile.old .tile-age:has-text('no value for')")


def test_a_bad_reading_looks_live_on_no_wall(served: Served, visit: Visits) -> None:
    """Tile, pane and unit page grey it at once, however new it is, and say so."""
    seen, room = visit().sign_in(served.url), served.room
    room.series[8].update(q=0, t=room.clock())
    room.frozen = True  # the next beat would bring a good one
    seen.page.reload()
    seen.page.wait_for_selector(".tile.old:has-text('order book') .tile-age:has-text('uncertain')")
    pane = {"seat_id": None, "person": None, "shows": {"kind": "series", "id": "8", "opened": True}}
    room.tell(room.changes(chairs={"panes": [pane] * 3, "pressed": None, "floor": None, "pointer": None}))
    seen.page.evaluate("location.hash = 'datafeed'")
    seen.page.wait_for_selector("#pane-1 .pane-value.old:has-text('uncertain')")
    seen.page.evaluate("location.hash = 'enterprise'")
    seen.page.wait_for_selector(".enterprise-table tr.old:has-text('order book'):has-text('uncertain')")


def test_a_bad_reading_grows_old_and_says_so(served: Served, visit: Visits) -> None:
    """Its source died on it days ago: pane and tile say that; the focus and the index of a pane grey it."""
    seen, room = visit().sign_in(served.url), served.room
    room.frozen = True
    own = next(one for one in room.series.values() if one.get("indicator"))
    for one in (own, room.series[8]):
        one.update(q=0, t=room.clock() - 3 * 86_400_000)
    seen.page.reload()
    seen.page.wait_for_selector(".tile.old:has-text('order book') .tile-age:has-text('3 d')")
    figure = f".indicators .entity:has-text('{own['name']}') .entity-line.old"
    assert "3 d" in str(seen.page.wait_for_selector(figure).get_attribute("title"))
    panes = [
        {"seat_id": None, "person": None, "shows": {"kind": "series", "id": "8", "opened": opened}}
        for opened in (True, False, False)
    ]
    room.tell(room.changes(chairs={"panes": panes, "pressed": None, "floor": None, "pointer": None}))
    seen.page.evaluate("location.hash = 'datafeed'")
    seen.page.wait_for_selector("#pane-1 .pane-value.old:has-text('uncertain · 3 d')")
    seen.page.wait_for_selector("#pane-2 .pane-row:has-text('order book') .figure.old")


def test_the_figure_of_a_unit_in_the_index_of_a_pane_moves(served: Served, visit: Visits) -> None:
    seen, room = visit().sign_in(served.url), served.room
    pane = {"seat_id": None, "person": None, "shows": {"kind": None, "id": None, "opened": False}}
    room.tell(room.changes(chairs={"panes": [pane] * 3, "pressed": None, "floor": None, "pointer": None}))
    seen.page.evaluate("location.hash = 'datafeed'")
    row = "#pane-1 .pane-row:has(.pane-row-name:text-is('Copper')) .figure"
    seen.page.wait_for_selector(f"{row}:has-text('0.')")
    room.tell(room.changes(units=[{**room.unit("copper"), "productivity": 0.12}]))
    seen.page.wait_for_selector(f"{row}:has-text('0.12')", timeout=8_000)


def test_palette_and_language_are_remembered(served: Served, visit: Visits) -> None:
    seen = visit().sign_in(served.url)
    seen.page.keyboard.press("t")
    seen.page.click("#choices [data-lang=de]")
    seen.page.wait_for_selector("text=Indexwand")
    seen.page.reload()
    seen.page.wait_for_selector("text=Indexwand")
    assert seen.page.evaluate("document.documentElement.dataset.palette") == "night"


def test_a_child_opens_by_its_address_and_back(served: Served, visit: Visits) -> None:
    seen = visit().sign_in(served.url)
    seen.page.click('#focus [data-key="copper"]')
    seen.page.wait_for_selector("h1:has-text('Copper')")
    assert seen.page.url.endswith("?unit=copper")
    seen.page.go_back()
    seen.page.wait_for_selector("h1:has-text('Economy')")


def test_a_press_comes_onto_the_wall_under_a_typing_hand(served: Served, visit: Visits) -> None:
    """As many lines as before, as on a crowded wall: one press goes as the other comes."""
    seen, room = visit().sign_in(served.url), served.room
    own = next(one for one in room.alerts.values() if one["own"] and one["may_acknowledge"])
    early, late = (room._alert(series, 1, 30, level=0, kind="press", own=True) for series in (1, 2))
    room.tell(room.changes(alerts=[early]))
    seen.page.wait_for_selector(f".card[data-alert='{early['id']}']")
    seen.page.click(f".card[data-alert='{own['id']}'] .card-title")
    seen.page.keyboard.press("a")
    seen.page.wait_for_selector(f".card[data-alert='{own['id']}'] form input")
    seen.page.keyboard.type("half a sen")
    room.tell(room.changes(alerts=[late], ended=[early["id"]]))
    seen.page.wait_for_selector(f".card[data-alert='{late['id']}']")
    seen.page.keyboard.type("tence")
    typed = seen.page.evaluate("document.activeElement.closest('form').elements.note.value")
    assert typed == "half a sentence"
    seen.page.keyboard.press("Escape")
    assert seen.complaints == []


def test_reduced_motion_stops_the_blinking(served: Served, visit: Visits) -> None:
    seen = visit(reduced_motion="reduce").sign_in(served.url)
    seen.page.wait_for_selector(".mark.unacked")
    dark = "['dark-1', 'dark-2', 'dark-3'].some((one) => document.documentElement.classList.contains(one))"
    seen.page.evaluate(f"window.darkened = 0; setInterval(() => window.darkened += {dark}, 50)")
    seen.page.wait_for_timeout(1_100)
    assert seen.page.evaluate("window.darkened") == 0
    fills = "getComputedStyle(document.querySelector('#wall .mark.unacked .shape')).fill"
    seen.page.evaluate(f"window.fills = new Set(); setInterval(() => window.fills.add({fills}), 50)")
    seen.page.emulate_media(reduced_motion="no-preference")
    seen.page.wait_for_timeout(2_100)
    assert seen.page.evaluate("window.darkened") > 0
    assert len(seen.page.evaluate("[...window.fills]")) == 2


def test_marks_blink_where_they_are_seen(served: Served, visit: Visits) -> None:
    seen = visit(size="phone").sign_in(served.url)
    seen.page.wait_for_selector("#wall .mark.unacked")
    blinking = ".tile .mark.unacked .empties"
    seen.page.wait_for_timeout(300)
    assert seen.page.locator(blinking).count() == 0
    seen.page.locator(".tile:not(.of-unit)[data-priority='1']").first.scroll_into_view_if_needed()
    seen.page.wait_for_selector(blinking)


def test_no_panel_stands_there_before_it_is_filled(served: Served, visit: Visits) -> None:
    page = visit(size="phone").page
    page.route_web_socket("**/api/v1/feed", lambda _: None)  # opened, and nothing comes
    page.goto(served.url)
    page.fill("#person", "council-1")
    page.fill("#password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_selector("#room:not([hidden]) .feed")
    assert not page.locator("#wall-panel").is_visible()


def test_empty_wall_says_so(visit: Visits) -> None:
    with Served(StandIn(alerts=False)) as calm:
        seen = visit().sign_in(calm.url)
        seen.page.wait_for_selector("text=Nothing has risen")
        seen.page.wait_for_selector("#chart canvas")
        assert seen.complaints == []


def test_a_unit_that_is_not_ours_leads_to_our_own(served: Served, visit: Visits) -> None:
    seen = visit().sign_in(served.url + "?unit=nowhere")
    seen.page.wait_for_selector("h1:has-text('Economy')")
    assert seen.page.url == served.url


def test_a_decision_names_text_addressee_and_follow_up(served: Served, visit: Visits) -> None:
    seen = visit().sign_in(served.url)
    seen.page.click(".card:has(.card-title:text-is('backlog')) button:text-is('Decide')")
    seen.page.fill("dialog textarea", "Run two shifts")
    seen.page.select_option("dialog select[name=addressee]", "textile")
    seen.page.click("dialog button[type=submit]")
    seen.page.wait_for_selector(".card-decided:has-text('council-1 decided: “Run two shifts” To Textile')")
    decision = served.room.alerts["12-2"]["decision"]
    assert decision["addressee"] == "textile"
    assert decision["followup"] > served.room.clock()


def test_a_decision_says_what_came_of_it(served: Served, visit: Visits) -> None:
    seen = visit().sign_in(served.url)
    made = {"person": "Ada", "text": "Run two shifts", "addressee": "", "at": served.room.clock() - 9_000_000}
    due = served.room.clock() - 60_000
    before = {"value": 3.0, "productivity": 0.3, "read_at": made["at"]}
    found = {"at": due, "outcome": "open", "value": 4.25, "productivity": 0.425, "read_at": due}
    served.room.alter("12-2", decision={**made, "followup": due, "measured": before, "found": found})
    line = seen.page.locator(".card:has(.card-title:text-is('backlog')) .card-decided").filter(has_text="Ada")
    line.filter(has_text="it had not recovered. Value 3 → 4.25").wait_for()
    assert "Productivity 0.30 → 0.43." in line.inner_text()
    still = {**found, "outcome": "recovered", "value": 3.0, "productivity": None, "read_at": made["at"]}
    served.room.alter("12-2", decision={**made, "followup": due, "measured": before, "found": still})
    line.filter(has_text="it had recovered. Value 3 → 3").wait_for()
    assert line.inner_text().endswith("No reading came between.")


def test_an_essential_indicator_is_pressed_with_a_reason(served: Served, visit: Visits) -> None:
    seen = visit().sign_in(served.url)
    seen.page.click(".tile-button:has-text('steam')")
    seen.page.click("button:text-is('Press straight to the top')")
    seen.page.fill("dialog textarea", "Boiler wall glows")
    seen.page.click("dialog button[type=submit]")
    seen.page.wait_for_selector(".card:has(.card-title:text-is('steam'))")


def test_the_unit_replies_and_its_clock_runs_on(served: Served, visit: Visits) -> None:
    seen = visit().sign_in(served.url)
    seen.page.click(".card:has(.card-title:text-is('backlog')) button:text-is('Reply')")
    seen.page.keyboard.type("Second line starts at noon")
    seen.page.select_option(".card form select", "3600")
    seen.page.keyboard.press("Tab")
    seen.page.click(".card form button[type=submit]")
    seen.page.wait_for_selector(".card-reply:has-text('Second line starts at noon')")
    assert served.room.alerts["12-2"]["notes"][0]["until"] > served.room.clock()


def test_one_key_says_whether_the_chosen_alert_was_useful(served: Served, visit: Visits) -> None:
    seen = visit().sign_in(served.url)
    seen.page.wait_for_selector(".card.chosen")
    seen.page.keyboard.press("n")
    card = seen.page.locator(".card.chosen")
    card.get_by_text("Found not useful by council-1.").wait_for()
    seen.page.keyboard.press("u")
    card.get_by_text("Found useful by council-1.").wait_for()
    assert card.get_by_text("not useful by").count() == 0, "the last word counts"
    judged = [alert["judgements"] for alert in served.room.alerts.values() if alert["judgements"]]
    assert [[(one["person"], one["useful"]) for one in row] for row in judged] == [[("council-1", True)]]
    assert seen.complaints == []
