"""Who is called when shifts hand over, also by local time, and nobody while a decision waits."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import hypothesis.strategies as st
import pytest
from hypothesis import given
from msgspec.structs import replace

from opsroom.alarm import AlarmClass, AlarmState, Rota
from opsroom.model import Alert
from opsroom.records import Acknowledge, ClassSet, Decide, Shelve, Unshelve
from tests.alert.room import CASH, HOUR, MIN, PLANT, ROOT, T0, TEMPERATURE, Room, S, calls, finding, rota

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


def us(text: str, zone: str) -> int:
    """The instant at which clocks there show `text`, the first where they show it twice."""
    return round(datetime.fromisoformat(text[:19]).replace(tzinfo=ZoneInfo(zone)).timestamp()) * S


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/Santiago", "Australia/Lord_Howe", "UTC"])
def test_shifts_hand_over_at_the_same_local_times_all_year(zone: str) -> None:
    plan = Rota(
        unit_id=PLANT, steps=((7,), (8,), (9,)), turn_s=8 * 3600.0, since=us("2026-01-05T06:00", zone)
    )
    for day in range(365):
        morning = datetime(2026, 1, 5, 6, tzinfo=UTC) + timedelta(days=day)
        for number, seat_id in enumerate((7, 8, 9)):
            start = us((morning + timedelta(hours=8 * number)).isoformat(), zone)
            last = us((morning + timedelta(hours=8 * number + 8)).isoformat(), zone) - 1
            assert {plan.seats(0, at, zone=zone) for at in (start, last)} == {(seat_id,)}


@pytest.mark.parametrize("turn_s", [1800.0, 3600.0, 5400.0, 8 * 3600.0])
def test_a_turn_that_clocks_show_twice_is_given_over_once(turn_s: float) -> None:
    zone = "Europe/Berlin"
    steps = tuple((seat_id,) for seat_id in range(1, 200))
    plan = Rota(unit_id=PLANT, steps=steps, turn_s=turn_s, since=us("2026-10-24T18:30", zone))
    start = us("2026-10-24T19:00", zone)
    called = [plan.seats(0, start + n * MIN, zone=zone)[0] for n in range(20 * 60)]
    assert called == sorted(called)
    assert set(called) == set(range(called[0], called[-1] + 1))


def test_the_unit_says_by_which_clock_its_shifts_go() -> None:
    zone = "Europe/Berlin"
    room = Room()
    room.catalog.units[PLANT] = replace(room.catalog.units[PLANT], time_zone=zone)
    rota(room, steps=((7,), (8,)), turn_s=12 * 3600.0, since=us("2026-10-20T06:00", zone))
    dawn = us("2026-10-26T05:30", zone)  # the day after clocks went back
    room.raised(dawn)
    assert [seat_ids for _, seat_ids, _ in calls(room)] == [[8]]
    room.find(dawn + MIN, finding("back"))
    room.raised(us("2026-10-26T06:30", zone), series_id=TEMPERATURE)
    assert [seat_ids for _, seat_ids, _ in calls(room)] == [[8], [7]]


@given(st.integers(0, 253_402_300_799_999_000), st.integers(0, 253_402_300_799_999_000), st.floats(1e-3, 3e8))
def test_no_instant_and_no_turn_is_too_far_off(since: int, at: int, turn_s: float) -> None:
    plan = Rota(unit_id=PLANT, steps=((7,), (8,)), turn_s=turn_s, since=since)
    assert plan.seats(0, at, zone="Europe/Berlin") in {(7,), (8,)}
    assert plan.seats(0, at, zone="No/Where") in {(7,), (8,)}
