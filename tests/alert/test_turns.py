"""Who is called when shifts hand over, and who is not while a decision waits for its follow-up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given

from opsroom.alarm import AlarmClass, AlarmState, Rota
from opsroom.model import Alert
from opsroom.records import Acknowledge, ClassSet, Decide, Shelve, Unshelve
from tests.alert.room import CASH, HOUR, MIN, PLANT, ROOT, T0, Room, S, calls, finding, rota

TOP: dict[str, Any] = {"person": "Rosa", "unit_id": ROOT, "seat_id": 7}


def test_the_first_place_goes_round() -> None:
    turning = Rota(unit_id=PLANT, steps=((7,), (8,), (9,)), turn_s=3600.0, since=T0)
    first = [turning.seats(0, T0 + hour * HOUR) for hour in range(4)]
    assert first == [(7,), (8,), (9,), (7,)]
    assert Rota(unit_id=PLANT).seats(0, T0) == ()


@pytest.mark.parametrize("restarts", [False, True])
def test_a_handover_between_two_steps_leaves_nobody_out(restarts: bool) -> None:
    room = Room()
    rota(room, steps=((7,), (8,)), turn_s=8 * 3600.0, since=T0 + 2 * MIN - 8 * HOUR)
    room.raised()  # two minutes before the handover
    if restarts:
        room.wait(T0 + 3 * MIN)
        room.restart()
    room.wait(T0 + 5 * MIN)
    assert calls(room) == [(0, [7], False), (300, [8], False)]


@given(
    st.integers(1, 5),
    st.sampled_from((1.0, 60.0, 300.0, 3600.0)),
    st.sampled_from((1.0, 200.0, 300.0, 1000.0, 28_800.0)),
    st.integers(0, 8 * 3600),
)
def test_whatever_the_turn_each_step_is_called_once(
    steps: int, step_s: float, turn_s: float, before: int
) -> None:
    room = Room()
    row = tuple((seat_id,) for seat_id in range(1, steps + 1))
    rota(room, ROOT, steps=row, step_s=step_s, turn_s=turn_s, since=T0 - before * S)
    room.raised(series_id=CASH)  # at the top, where nothing climbs
    room.wait(T0 + 6 * HOUR)
    assert sorted(seat_ids[0] for _, seat_ids, _ in calls(room)) == list(range(1, steps + 1))


def long_enough(room: Room, alert: Alert) -> None:
    """Nothing: the acknowledgement of before is old by then."""


def shelved_for_a_moment(room: Room, alert: Alert) -> None:
    room.act(T0 + 2 * MIN, Shelve(alert_id=alert.id, until=T0 + HOUR, reason="known", **TOP))
    room.act(T0 + 3 * MIN, Unshelve(alert_id=alert.id, **TOP))


def well_for_a_moment(room: Room, alert: Alert) -> None:
    room.find(T0 + 2 * MIN, finding("back", CASH))
    room.find(T0 + 3 * MIN, finding(series_id=CASH))
    room.act(T0 + 3 * MIN, Acknowledge(alert_id=alert.id, **TOP))


@pytest.mark.parametrize("meanwhile", [long_enough, shelved_for_a_moment, well_for_a_moment])
def test_what_is_decided_and_seen_stays_seen_until_its_follow_up(
    meanwhile: Callable[[Room, Alert], None],
) -> None:
    room = Room()
    rota(room, ROOT, steps=((7,), (8,)))
    room.book.agreed.take(ClassSet(AlarmClass(name="anomaly", ack_timeout_s=120.0)))
    alert = room.raised(series_id=CASH)
    room.act(T0 + S, Acknowledge(alert_id=alert.id, **TOP))
    followup = T0 + HOUR
    decide = Decide(alert_id=alert.id, text="wait", addressee_id=ROOT, followup=followup, **TOP)
    room.act(T0 + MIN, decide)
    meanwhile(room, alert)
    assert room.now_of(alert).state is AlarmState.ACKED
    before = len(calls(room))
    room.wait(followup - 1)
    assert room.now_of(alert).state is AlarmState.ACKED
    assert len(calls(room)) == before
    room.wait(followup)
    assert room.now_of(alert).state is AlarmState.UNACKED
    assert [at for at, *_ in calls(room)[before:]] == [3600]
