"""An exercise ends by itself at its agreed end, once, whatever was done before."""

from __future__ import annotations

import pytest

from opsroom.alarm import AlarmState
from opsroom.drill import is_exercise, said
from opsroom.records import Acknowledge, Shelve
from tests.alert.room import MIN, PLANT, T0, TEMPERATURE, Room

BY = {"unit_id": PLANT, "seat_id": 7, "person": "Rosa"}
END = T0 + 30 * MIN


def begun(room: Room, until: int = END, at: int = T0) -> str:
    edges, _ = room.find(at, said(TEMPERATURE, at, until=until))
    assert is_exercise(edges[-1].alert)
    return edges[-1].alert.id


@pytest.mark.parametrize("restarts", [False, True])
def test_it_ends_at_its_end_and_not_before(restarts: bool) -> None:
    room = Room()
    exercise, real = begun(room), room.raised()
    if restarts:
        room.restart()
    assert "recovered" not in [edge.verb for edge in room.wait(END - 1)]
    (end,) = [edge for edge in room.wait(END) if edge.verb == "recovered"]
    assert (end.at, end.alert.id, end.alert.level) == (END, exercise, 2)
    assert room.now_of(real).active
    assert room.states() == room.__class__.states(rebuilt(room))


def rebuilt(room: Room) -> Room:
    other = Room()
    other.book = room.rebuilt()
    return other


def test_what_was_ended_by_hand_ends_once_and_a_new_one_has_its_own_end() -> None:
    room = Room()
    begun(room)
    room.find(T0 + MIN, said(TEMPERATURE, T0 + MIN))
    assert room.verbs()[-1] == "recovered"
    again = begun(room, until=END + 60 * MIN, at=T0 + 2 * MIN)
    assert "recovered" not in [edge.verb for edge in room.wait(END + 59 * MIN)]
    assert [(edge.alert.id, edge.at) for edge in room.wait(END + 90 * MIN) if edge.verb == "recovered"] == [
        (again, END + 60 * MIN)
    ]


def test_a_silenced_or_acknowledged_one_ends_too() -> None:
    room = Room()
    exercise = begun(room)
    room.act(T0 + MIN, Acknowledge(alert_id=exercise, **BY))  # type: ignore[arg-type]
    room.act(T0 + 2 * MIN, Shelve(alert_id=exercise, reason="x", until=END + MIN, **BY))  # type: ignore[arg-type]
    room.wait(END)
    assert not room.now_of_id(exercise).active
    room.wait(END + 2 * MIN)
    assert room.states() == {TEMPERATURE: AlarmState.RTN_UNACKED}, "it had climbed, where nobody has seen it"
