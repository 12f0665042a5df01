"""Rotas, classes and shelvings go through the log: a restart in between loses and doubles nothing."""

from __future__ import annotations

from typing import Any

import pytest

from opsroom.alarm import AlarmClass, AlarmState, Rota
from opsroom.model import Transition
from opsroom.records import (
    Acknowledge,
    AnyAct,
    AnyConfig,
    CauseSet,
    ClassSet,
    RecordKind,
    RotaSet,
    Shelve,
    encode,
)
from tests.alert.room import caused
from tests.room.test_core import Feed, S

UNIT = 3
AGREED: list[AnyConfig] = [
    RotaSet(Rota(unit_id=UNIT, steps=((7,), (8,)), step_s=30.0)),
    ClassSet(AlarmClass(name="anomaly", ack_timeout_s=50.0)),
    CauseSet(caused(99, 98)),
]
STORY = 6


class Shift:
    """A room on the wall's clock, told the same story with or without restarts."""

    def __init__(self) -> None:
        self.feed = Feed("wall")
        self.journal: list[Transition] = []

    def restart(self) -> None:
        before, self.feed = self.feed, Feed("wall")
        assert self.feed.core.restore(before.core.snapshot())
        self.feed.offset = before.offset

    def act(self, act: AnyAct, at: int) -> None:
        step = self.feed.record(RecordKind.ACT, encode(act), at * S)
        assert step.refused is None
        self.journal += step.transitions

    def tell(self, part: int) -> None:
        feed = self.feed
        known: dict[str, Any] = {"person": "operator-1", "seat_id": 7, "unit_id": UNIT}
        alert_id = next(iter(feed.core.book.open), "")
        if part == 0:
            feed.record(RecordKind.CONFIG, encode(AGREED), S)
        elif part == 1:
            feed.read((0, 5.0), received=S)
            self.journal += feed.read((60, 50.0), (120, 50.0), received=2 * S).transitions
        elif part == 2:
            self.act(Acknowledge(alert_id=alert_id, key="a", **known), 40)
        elif part == 3:
            shelving = Shelve(alert_id=alert_id, until=200 * S, reason="known", key="s", **known)
            self.act(shelving, 100)
        else:
            self.journal += feed.record(RecordKind.TICK, b"", (150 if part == 4 else 230) * S).transitions


@pytest.mark.parametrize("place", range(STORY))
def test_a_restart_at_any_place_changes_nothing(place: int) -> None:
    straight, broken = Shift(), Shift()
    for part in range(STORY):
        straight.tell(part)
        if part == place:
            broken.restart()
        broken.tell(part)
    assert broken.journal == straight.journal
    assert broken.feed.core.book.dump() == straight.feed.core.book.dump()
    told = [(edge.verb, edge.at // S) for edge in straight.journal if edge.verb not in {"named", "evidence"}]
    assert told == [
        ("raised", 2),
        ("called", 2),
        ("called", 32),
        ("acknowledged", 40),
        ("unacknowledged", 90),
        ("called", 90),
        ("shelved", 100),
        ("climbed", 182),
        ("unshelved", 200),
    ]
    assert next(iter(straight.feed.core.book.open.values())).state is AlarmState.UNACKED
