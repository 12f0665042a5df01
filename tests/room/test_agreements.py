"""Agreements go through the log: a restart at any place, and a replay of all of it, give the same state."""

from __future__ import annotations

from typing import Any

import pytest

from opsroom.model import Transition
from opsroom.records import AnyAct, ConfirmTerms, ProposeTerms, RecordKind, encode
from tests.room.test_core import Feed, S

UNIT = 3
STORY = 6


class Told:
    """A room on the wall's clock, told the same story with or without restarts."""

    def __init__(self) -> None:
        self.feed = Feed("wall")
        self.journal: list[Transition] = []

    def restart(self) -> None:
        before, self.feed = self.feed, Feed("wall")
        assert self.feed.core.restore(before.core.snapshot())
        self.feed.offset = before.offset

    def act(self, act: AnyAct, at: int) -> None:
        assert self.feed.record(RecordKind.ACT, encode(act), at * S).refused is None

    def tell(self, part: int) -> None:
        feed, series_id = self.feed, 1
        above = feed.core.catalog.parent(feed.core.catalog.series[series_id].unit_id)
        assert above is not None
        terms: dict[str, Any] = {"series_id": series_id, "recovery_s": (20.0,), "essential": False}
        if part == 0:
            feed.read((0, 5.0), received=S)
            self.journal += feed.read((60, 50.0), (120, 50.0), received=2 * S).transitions
        elif part == 1:
            who: dict[str, Any] = {"person": "plant-council", "seat_id": 7, "unit_id": UNIT, "key": "p"}
            self.act(ProposeTerms(version=1, **terms, **who), 10)
        elif part == 2:
            who = {"person": "upper-council", "seat_id": 8, "unit_id": above.id, "key": "c"}
            self.act(ConfirmTerms(series_id=series_id, proposal=1, **who), 20)
        else:
            at = {3: 25, 4: 40, 5: 190}[part]
            self.journal += feed.record(RecordKind.TICK, b"", at * S).transitions


@pytest.mark.parametrize("place", range(STORY))
def test_a_restart_at_any_place_changes_nothing(place: int) -> None:
    straight, broken = Told(), Told()
    for part in range(STORY):
        straight.tell(part)
        if part == place:
            broken.restart()
        broken.tell(part)
    assert broken.journal == straight.journal
    assert broken.feed.core.book.dump() == straight.feed.core.book.dump()
    accord = straight.feed.core.book.agreed.accords[1]
    assert [(one.version, one.proposed.person, one.confirmed.person) for one in accord.versions] == [
        (2, "plant-council", "upper-council")
    ]
    told = [(edge.verb, edge.at // S) for edge in straight.journal if edge.verb in {"raised", "climbed"}]
    assert told == [("raised", 2), ("climbed", 182)]
