"""Nothing that the log holds moves a running clock, and a climb says who silenced what and why (rule 2)."""

from __future__ import annotations

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from opsroom.alarm import Cause
from opsroom.core import Core
from opsroom.log.columns import encode_columns
from opsroom.model import Alert, Columns, Micros, Transition
from opsroom.records import Acknowledge, AnyAct, CauseSet, RecordKind, SeriesSet, Shelve, encode
from opsroom.settings import RoomSection
from tests.room.test_core import Feed, S, catalog

OUTPUT, INTAKE, CLOCK, MILL = 1, 2, 3, 3
RAISED = 61 * 60
DUE = RAISED + 180
INSIDE, OUTSIDE = 5.0, 50.0
BY = {"unit_id": MILL, "seat_id": 7, "person": "Rosa"}
WHAT = ("bad", "null", "historical", "cause", "shelve", "acknowledge", "agree")


class Mill(Feed):
    """A mill whose output is outside its band since a minute; its intake may stand for that."""

    def __init__(self) -> None:
        super().__init__()
        tree = catalog()
        self.output = tree.series[OUTPUT]
        tree.apply(SeriesSet(replace(self.output, id=INTAKE, name="intake", period_s=None)))
        tree.apply(SeriesSet(replace(self.output, id=CLOCK, name="clock", band=None, period_s=None)))
        self.core = Core(tree, RoomSection(), clock="stream")
        self.core.configure(list(tree.series.values()))
        self.told: list[Transition] = []
        for minute in range(60):
            self.say(60 * minute, INSIDE, OUTPUT, INTAKE)
        self.say(60 * 60, OUTSIDE, OUTPUT)
        self.say(RAISED, OUTSIDE, OUTPUT)

    def say(self, at: int, value: float, *series: int, q: int = 192, historical: bool = False) -> None:
        n = len(series)
        columns = Columns(
            np.array(series, np.int32), np.full(n, at * S), np.full(n, value), np.full(n, q, np.uint8)
        )
        self._keep(RecordKind.READINGS, encode_columns(columns, historical))

    def happens(self, at: int, what: str) -> None:
        """Let time come to `at`, and one thing happen that must move no deadline."""
        self.say(at, 0.0, CLOCK)
        if what in {"bad", "null"}:
            for second in (0, 1, 2):
                self.say(
                    at + second, INSIDE if what == "bad" else np.nan, OUTPUT, q=63 if what == "bad" else 0
                )
        elif what == "historical":
            for past in range(at - 3_000, at, 60):
                self.say(past + 1, INSIDE, OUTPUT, historical=True)
        elif what == "cause":
            cause = Cause(series_id=OUTPUT, causes=(INTAKE,), reason="one intake")
            self._keep(RecordKind.CONFIG, encode([CauseSet(cause)]))
            self.say(at + 1, OUTSIDE, INTAKE)
            self.say(at + 2, OUTSIDE, INTAKE)
        elif what == "agree":
            longer = replace(self.output, recovery_s=(7_200.0,))
            self._keep(RecordKind.CONFIG, encode([SeriesSet(longer)]))
        else:
            self._keep(RecordKind.ACT, encode(self._act(at, what)))

    def alert(self, series_id: int = OUTPUT) -> Alert:
        found = self.core.book.active(series_id)
        assert found is not None
        return found

    def climbs(self) -> list[Transition]:
        return [e for e in self.told if e.verb == "climbed" and e.alert.series_id == OUTPUT]

    def _act(self, at: int, what: str) -> AnyAct:
        alert_id, until = self.alert().id, Micros((at + 3_600) * S)
        if what == "shelve":
            return Shelve(alert_id=alert_id, reason="known", until=until, **BY)  # type: ignore[arg-type]
        return Acknowledge(alert_id=alert_id, **BY)  # type: ignore[arg-type]

    def _keep(self, kind: RecordKind, payload: bytes) -> None:
        self.told += self.record(kind, payload).transitions


SLOTS = st.lists(
    st.tuples(st.integers(0, 16), st.sampled_from(WHAT)), max_size=6, unique_by=lambda one: one[0]
)
"""What happens ten seconds apart, so that no readings come late."""


@settings(max_examples=25, deadline=None)
@given(SLOTS)
@example([(0, "bad")])
@example([(0, "null")])
@example([(0, "historical")])
@example([(0, "cause")])
@example([(0, "shelve"), (1, "cause")])
@example([(0, "bad"), (1, "cause")])
@example([(0, "cause"), (5, "historical"), (9, "bad")])
def test_whatever_the_log_holds_it_climbs_at_its_deadline(done: list[tuple[int, str]]) -> None:
    mill = Mill()
    assert (mill.alert().raised, mill.alert().deadline) == (RAISED * S, DUE * S)
    for slot, what in sorted(done):
        mill.happens(RAISED + 1 + 10 * slot, what)
        assert (mill.alert().deadline, mill.alert().level) == (DUE * S, 0)
    mill.say(DUE - 1, 0.0, CLOCK)
    held = mill.alert().silenced
    assert mill.climbs() == []
    mill.say(DUE, 0.0, CLOCK)
    (climb,) = mill.climbs()
    assert (climb.at, climb.alert.level, climb.alert.unacked) == (DUE * S, 1, True)
    said = {name: climb.params.get(name) for name in ("silenced", "by", "reason", "cause")}
    happened = [what for _, what in sorted(done)]
    if "cause" in happened or "shelve" in happened:
        assert held is not None
    if held is None:
        assert said == dict.fromkeys(said)
    elif held.cause:
        by_design = {"silenced": "suppressed", "by": "design", "reason": "one intake"}
        assert said == by_design | {"cause": mill.alert(INTAKE).id}
    else:
        assert said == {"silenced": "shelved", "by": "Rosa", "reason": "known", "cause": None}
