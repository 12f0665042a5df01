"""A graver rule on a series that has an alert already makes it as urgent, and of its own class."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from opsroom.alarm import AlarmClass, AlarmState
from opsroom.errors import Invalid
from opsroom.model import Alert, Transition
from opsroom.records import (
    Acknowledge,
    CauseSet,
    Decide,
    OutOfService,
    ReturnToService,
    Shelve,
    Unshelve,
)
from tests.alert.room import (
    CASH,
    HOUR,
    MIN,
    OTHER_OUTPUT,
    OUTPUT,
    PLANT,
    ROOT,
    T0,
    Room,
    S,
    calls,
    caused,
    finding,
    rota,
)

SEAT: dict[str, Any] = {"person": "Rosa", "unit_id": PLANT, "seat_id": 7}
TOP = SEAT | {"unit_id": ROOT}
HI = AlarmClass(name="process", priority=3)
HIHI = AlarmClass(name="safety", priority=1, latching=True, note_required=True, ack_timeout_s=120.0)
QUIETLY = AlarmClass(name="safety", priority=1, re_alarm=False)


def met(room: Room, rule: str, at: int, series_id: int = OUTPUT) -> list[Transition]:
    return room.find(at, finding(series_id=series_id, detector=f"rule:{rule}", rate_per_week=None))[0]


def high(room: Room, series_id: int = OUTPUT, hihi: AlarmClass = HIHI) -> Alert:
    """An alert that the rule `hi` opened, in a room that knows `hihi` too."""
    room.book.agreed.rules |= {"hi": HI, "hihi": hihi}
    alert = met(room, "hi", T0, series_id)[0].alert
    assert (alert.priority, alert.rule, alert.alarm_class) == (3, "hi", "process")
    return alert


def test_what_nobody_acknowledged_yet_rises_and_is_of_the_graver_class() -> None:
    room = Room()
    alert = high(room)
    edges = met(room, "hihi", T0 + S)
    assert [edge.verb for edge in edges] == ["evidence", "risen"]
    assert edges[-1].params == {"from": 3, "to": 1}
    now = room.now_of(alert)
    assert (now.state, now.priority, now.rule, now.alarm_class) == (AlarmState.UNACKED, 1, "hihi", "safety")
    assert now.deadline == alert.deadline
    with pytest.raises(Invalid, match="note"):
        room.act(T0 + 2 * S, Acknowledge(alert_id=alert.id, **SEAT))
    room.act(T0 + 2 * S, Acknowledge(alert_id=alert.id, note="valve shut", **SEAT))
    assert room.now_of(alert).acked_until == T0 + 122 * S
    room.restart()
    room.find(T0 + 3 * S, finding("back"))
    assert room.now_of(alert).state is AlarmState.LATCHED_ACKED
    assert room.rebuilt().open == room.book.open


def test_who_was_called_to_the_lesser_one_is_called_anew() -> None:
    room = Room()
    rota(room)
    high(room)
    room.wait(T0 + 6 * MIN)
    met(room, "hihi", T0 + 7 * MIN)
    room.wait(T0 + 8 * MIN)
    assert calls(room) == [(0, [7], False), (300, [8], False), (420, [7], False)]


def test_a_lesser_rule_and_the_same_rule_again_alter_nothing() -> None:
    room = Room()
    room.book.agreed.rules |= {"hi": HI, "hihi": HIHI}
    alert = met(room, "hihi", T0)[-1].alert
    assert [edge.verb for edge in met(room, "hi", T0 + S)] == ["evidence"]
    assert met(room, "hihi", T0 + 2 * S) == []
    now = room.now_of(alert)
    assert (now.priority, now.rule, now.alarm_class) == (1, "hihi", "safety")


def test_a_rule_that_was_agreed_to_be_graver_raises_when_it_is_met_again() -> None:
    room = Room()
    alert = high(room)
    room.book.agreed.rules["hi"] = HIHI
    assert [edge.verb for edge in met(room, "hi", T0 + S)] == ["risen"]
    assert (room.now_of(alert).priority, room.now_of(alert).alarm_class) == (1, "safety")


def test_a_rule_takes_over_what_a_detector_found_at_the_same_priority() -> None:
    room = Room()
    room.book.agreed.rules["hi"] = HI
    alert = room.raised()
    assert (alert.rule, alert.alarm_class) == ("", "anomaly")
    assert [edge.verb for edge in met(room, "hi", T0 + S)] == ["evidence"]
    now = room.now_of(alert)
    assert (now.priority, now.rule, now.alarm_class) == (3, "hi", "process")


def test_what_reopens_by_a_graver_rule_is_as_grave() -> None:
    room = Room()
    alert = high(room)
    room.find(T0 + S, finding("back"))
    assert [edge.verb for edge in met(room, "hihi", T0 + 2 * S)] == ["reopened", "risen"]
    assert (room.now_of(alert).priority, room.now_of(alert).rule) == (1, "hihi")


def shelved(room: Room, alert: Alert) -> Callable[[int], list[Transition]]:
    room.act(T0 + S, Shelve(alert_id=alert.id, until=T0 + HOUR, reason="known", **SEAT))
    return lambda at: room.act(at, Unshelve(alert_id=alert.id, **SEAT))


def serviced(room: Room, alert: Alert) -> Callable[[int], list[Transition]]:
    room.act(T0 + S, OutOfService(alert_id=alert.id, reference="W-12", **SEAT))
    return lambda at: room.act(at, ReturnToService(alert_id=alert.id, **SEAT))


def suppressed(room: Room, alert: Alert) -> Callable[[int], list[Transition]]:
    room.book.agreed.take(CauseSet(caused(OUTPUT, OTHER_OUTPUT)))
    room.raised(T0 + S, OTHER_OUTPUT)
    return lambda at: room.find(at, finding("back", OTHER_OUTPUT))[0]


@pytest.mark.parametrize(
    ("hush", "state", "after"),
    [
        (shelved, AlarmState.SHELVED, AlarmState.ACKED),
        (serviced, AlarmState.OUT_OF_SERVICE, AlarmState.UNACKED),
        (suppressed, AlarmState.SUPPRESSED, AlarmState.UNACKED),
    ],
)
def test_what_is_silenced_rises_in_silence(
    hush: Callable[[Room, Alert], Callable[[int], list[Transition]]], state: AlarmState, after: AlarmState
) -> None:
    room = Room()
    rota(room)
    alert = high(room)
    release = hush(room, alert)
    met(room, "hihi", T0 + 2 * S)
    room.wait(T0 + 2 * S)
    assert [at for at, *_ in calls(room)] == [0]
    now = room.now_of(alert)
    assert (now.state, now.priority, now.rule) == (state, 1, "hihi")
    room.restart()
    release(T0 + 3 * S)
    assert (room.now_of(alert).state, room.now_of(alert).priority) == (after, 1)


def test_an_acknowledgement_stays_where_the_class_does_not_call_again() -> None:
    room = Room()
    alert = high(room, hihi=QUIETLY)
    room.act(T0 + S, Acknowledge(alert_id=alert.id, **SEAT))
    assert [edge.verb for edge in met(room, "hihi", T0 + 2 * S)] == ["evidence", "risen"]
    now = room.now_of(alert)
    assert (now.state, now.priority, now.rule) == (AlarmState.ACKED, 1, "hihi")


def test_what_is_decided_rises_and_waits_for_its_follow_up() -> None:
    room = Room()
    alert = high(room, CASH)
    followup = T0 + HOUR
    decide = Decide(alert_id=alert.id, text="wait", addressee_id=ROOT, followup=followup, **TOP)
    room.act(T0 + MIN, decide)
    met(room, "hihi", T0 + 2 * MIN, CASH)
    now = room.now_of(alert)
    assert (now.state, now.priority, now.deadline) == (AlarmState.ACKED, 1, followup)
    room.wait(followup)
    assert room.now_of(alert).state is AlarmState.UNACKED
