"""A decision and its follow-up through the core: measured by the log, equal after a restart."""

from __future__ import annotations

import pytest

from opsroom.core import Core
from opsroom.model import Indicator, Orientation, Transition
from opsroom.records import Decide, RecordKind, encode
from opsroom.settings import RoomSection
from opsroom.store.memory import MemoryStore
from tests.room.test_core import Feed, S, catalog

RAISED = 61 * 60
TOP = RAISED + 2 * 180
DUE = TOP + 3600
OUTSIDE, INSIDE = 50.0, 5.0


class Council(Feed):
    """A feed whose steps are journalled, with an indicator, and which can be restarted from its snapshot."""

    def __init__(self) -> None:
        super().__init__()
        self.store = MemoryStore()
        self.told: list[Transition] = []
        self._serve()

    def _serve(self) -> None:
        indicator = Indicator(orientation=Orientation.MORE_IS_BETTER, capability=10.0)
        self.core = Core(catalog(indicator), RoomSection(), clock="stream")
        self.core.configure(list(self.core.catalog.series.values()))

    def restart(self) -> None:
        blob = self.core.snapshot()
        self._serve()
        assert self.core.restore(blob)

    def minutes(self, start_s: int, end_s: int, value: float) -> None:
        for at in range(start_s, end_s, 60):
            self.keep(self.read((at, value)).transitions)

    def decide(self) -> str:
        (alert,) = self.core.book.open.values()
        act = Decide(alert_id=alert.id, text="Go.", addressee_id=3, followup=DUE * S, unit_id=1, seat_id=1)
        step = self.record(RecordKind.ACT, encode(act))
        assert step.refused is None
        self.keep(step.transitions)
        return alert.id

    def keep(self, edges: list[Transition]) -> None:
        self.told += edges
        self.store.journal.commit(self.offset, edges, [], [])


def night(*, recovers: bool, restarts: tuple[int, ...] = ()) -> tuple[Council, str]:
    """An outage that climbs to the top, a decision there, and two hours more."""
    council = Council()
    council.minutes(0, 60 * 60, INSIDE)
    council.minutes(60 * 60, TOP + 60, OUTSIDE)
    alert_id = council.decide()
    for number, start in enumerate(range(TOP + 60 - TOP % 60, TOP + 7200, 600)):
        if number in restarts:
            council.restart()
        council.minutes(start, start + 600, INSIDE if recovers else OUTSIDE)
    return council, alert_id


@pytest.mark.parametrize(("recovers", "verb"), [(True, "followed_up"), (False, "annunciated")])
def test_the_readings_of_the_log_measure_what_came_of_it(verb: str, *, recovers: bool) -> None:
    council, alert_id = night(recovers=recovers)
    (edge,) = [edge for edge in council.told if edge.verb == verb]
    assert edge.at == DUE * S
    value = INSIDE if recovers else OUTSIDE
    assert (edge.params["value"], edge.params["productivity"]) == (OUTSIDE, OUTSIDE / 10)
    assert (edge.params["value_then"], edge.params["productivity_then"]) == (value, value / 10)
    kept = council.store.journal.alert(alert_id)
    assert kept is not None
    assert kept.decision == edge.alert.decision
    assert [one.verb for one in council.store.journal.edges(alert_id)].count(verb) == 1


@pytest.mark.parametrize("recovers", [True, False])
def test_a_restart_at_any_time_loses_and_doubles_nothing(*, recovers: bool) -> None:
    whole, _ = night(recovers=recovers)
    for place in range(12):
        parted, _ = night(recovers=recovers, restarts=(place, place + 1))
        assert parted.told == whole.told
        assert parted.core.book.dump() == whole.core.book.dump()
