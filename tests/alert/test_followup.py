"""What the telemetry did by the follow-up time of a decision: recorded once, whatever became of the alert."""

from __future__ import annotations

import numpy as np
import pytest

from opsroom.decision import FollowUp, Measured
from opsroom.errors import Conflict
from opsroom.model import Alert, Columns, Outcome
from opsroom.records import Acknowledge, Decide, Press
from opsroom.settings import RoomSection
from tests.alert.room import CASH, HOUR, MIN, OUTPUT, PLANT, ROOT, SCRAP, T0, Room, S, finding

DAY = 24 * HOUR
NOW = T0 + 2 * DAY
DUE = NOW + DAY


def read(room: Room, at: int, value: float, *, series_id: int = OUTPUT, q: int = 192) -> None:
    one = np.ones(1, np.int32)
    columns = Columns(one * series_id, np.array([at]), np.array([value]), np.full(1, q, np.uint8))
    room.book.latest.take(columns)


def decide(alert_id: str, followup: int = DUE) -> Decide:
    by = {"unit_id": ROOT, "seat_id": 1, "person": "Ada"}
    return Decide(alert_id=alert_id, text="Send a crew.", addressee_id=PLANT, followup=followup, **by)  # type: ignore[arg-type]


def decided(room: Room) -> Alert:
    alert = room.raised()
    room.wait(NOW)
    read(room, NOW - S, 3.0)
    (edge,) = room.act(NOW, decide(alert.id))
    assert (edge.params["value"], edge.params["productivity"]) == (3.0, 0.3)
    return edge.alert


def found(alert: Alert) -> FollowUp:
    assert alert.decision is not None
    assert alert.decision.found is not None
    return alert.decision.found


def test_what_has_not_recovered_is_called_again_with_both_values(room: Room) -> None:
    alert = decided(room)
    read(room, DUE - MIN, 4.0)
    assert room.wait(DUE - 1) == []
    (edge,) = room.wait(DUE + DAY)
    assert (edge.verb, edge.at, edge.alert.unacked) == ("annunciated", DUE, True)
    assert {name: edge.params[name] for name in ("outcome", "value", "value_then")} == {
        "outcome": "open",
        "value": 3.0,
        "value_then": 4.0,
    }
    assert found(edge.alert).measured == Measured(value=4.0, at=DUE - MIN, productivity=0.4)
    assert room.now_of(alert).decision == edge.alert.decision


@pytest.mark.parametrize("restarts", [False, True])
def test_what_recovered_earlier_is_recorded_then_and_calls_nobody(room: Room, *, restarts: bool) -> None:
    alert = decided(room)
    room.find(NOW + HOUR, finding("back"))
    assert alert.id not in room.book.open
    read(room, NOW + 2 * HOUR, 9.0)
    if restarts:
        room.restart()
    assert room.wait(DUE - 1) == []
    (edge,) = room.wait(DUE + DAY)
    assert (edge.verb, edge.at, edge.alert.unacked, edge.alert.level) == ("followed_up", DUE, False, 3)
    assert found(edge.alert) == FollowUp(
        at=DUE, outcome="recovered", measured=Measured(value=9.0, at=NOW + 2 * HOUR, productivity=0.9)
    )
    if restarts:
        room.restart()
    assert room.wait(DUE + 9 * DAY) == []
    assert (room.book.followups(), room.book.following) == (0, {})


def test_the_journal_alone_gives_what_waits(room: Room) -> None:
    alert = decided(room)
    room.find(NOW + HOUR, finding("back"))
    assert room.rebuilt().following == room.book.following == {alert.id: room.now_of(alert)}
    assert room.rebuilt().resting == room.book.resting


def test_a_newer_alert_of_the_series_takes_nothing_from_the_follow_up(room: Room) -> None:
    old = decided(room)
    room.find(NOW + HOUR, finding("back"))
    new = room.raised(NOW + 20 * HOUR)
    assert new.id != old.id
    edges = [edge for edge in room.wait(DUE) if edge.verb == "followed_up"]
    assert [(edge.alert.id, edge.at) for edge in edges] == [(old.id, DUE)]
    assert found(edges[0].alert).outcome == "recovered"
    assert room.now_of(new).active


def test_what_reopens_after_its_follow_up_keeps_what_was_found_and_is_called(room: Room) -> None:
    alert = decided(room)
    room.find(DUE - MIN, finding("back"))
    (seen,) = room.wait(DUE)
    edges, _ = room.find(DUE + MIN, finding())
    assert [edge.verb for edge in edges] == ["reopened", "annunciated"]
    assert room.now_of(alert).decision == seen.alert.decision


def test_what_reopens_before_is_called_at_the_follow_up_once(room: Room) -> None:
    alert = decided(room)
    room.find(NOW + HOUR, finding("back"))
    room.find(NOW + HOUR + MIN, finding())
    assert alert.id in room.book.open
    assert room.book.following == {}
    assert [(edge.verb, edge.at) for edge in room.wait(DUE + DAY)] == [("annunciated", DUE)]


def test_what_was_pressed_since_is_recorded_without_a_second_call(room: Room) -> None:
    alert = decided(room)
    room.act(NOW + HOUR, Press(series_id=OUTPUT, unit_id=PLANT, note="Worse.", person="Rosa", seat_id=7))
    assert room.now_of(alert).unacked
    (edge,) = room.wait(DUE)
    assert (edge.verb, found(edge.alert).outcome) == ("followed_up", "open")


def test_a_bad_reading_measures_nothing_and_a_series_without_one_says_so(room: Room) -> None:
    alert = decided(room)
    read(room, NOW + HOUR, 0.0, q=63)
    read(room, NOW + HOUR, float("nan"))
    (edge,) = room.wait(DUE)
    assert found(edge.alert).measured.at == NOW - S
    assert edge.alert.id == alert.id
    cash = room.raised(DUE, series_id=CASH)
    (plain,) = room.act(DUE + S, decide(cash.id, DUE + DAY))
    assert plain.alert.decision is not None
    assert plain.alert.decision.measured == Measured()


def test_as_many_wait_as_the_setting_allows(room: Room) -> None:
    room.settings = RoomSection(followups_max=1)
    decided(room)
    room.find(NOW + HOUR, finding("back"))
    other = room.raised(NOW + HOUR, series_id=CASH)
    with pytest.raises(Conflict) as full:
        room.act(NOW + HOUR, decide(other.id))
    assert (full.value.code, full.value.params["most"]) == ("followups_full", 1)
    room.wait(DUE)
    assert room.act(DUE, decide(other.id, DUE + DAY))[0].verb == "decided"


def test_an_alert_still_to_be_seen_keeps_that_when_it_is_followed_up(room: Room) -> None:
    alert = decided(room)
    room.act(NOW + HOUR, Press(series_id=OUTPUT, unit_id=PLANT, note="Worse.", person="Rosa", seat_id=7))
    room.find(NOW + 2 * HOUR, finding("back"))
    (edge,) = room.wait(DUE)
    assert (edge.alert.unacked, edge.alert.outcome) == (True, Outcome.RECOVERED)
    room.act(DUE + S, Acknowledge(alert_id=alert.id, unit_id=ROOT, person="Ada", seat_id=1))
    assert alert.id not in room.book.open


def test_two_series_are_measured_apart(room: Room) -> None:
    decided(room)
    read(room, NOW + HOUR, 8.0, series_id=SCRAP)
    (edge,) = room.wait(DUE)
    assert found(edge.alert).measured.value == 3.0
