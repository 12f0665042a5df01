"""The table of states: every edge is walked by the room itself, every other pair is named and refused."""

from __future__ import annotations

from itertools import product

import pytest
from msgspec.structs import replace

from opsroom.alarm import AlarmClass, Hush, Silencing
from opsroom.alert.quiet import placeholder
from opsroom.alert.states import ALLOWED, CLOCK, EDGES, FORBIDDEN, State, check, printed
from opsroom.model import Alert, Priority, Transition
from opsroom.records import (
    Acknowledge,
    CauseSet,
    ClassSet,
    Decide,
    OutOfService,
    Press,
    Rebase,
    Reset,
    ReturnToService,
    Shelve,
    Unacknowledge,
    Unshelve,
)
from tests.alert.room import HOUR, MIN, OTHER_OUTPUT, OUTPUT, PLANT, ROOT, T0, Room, S, caused, finding
from tests.docs.pages import ROOT as PROJECT

LATCHING = ClassSet(AlarmClass(name="anomaly", latching=True))
EASY = ClassSet(AlarmClass(name="anomaly", needs_ack=False))
DESIGN = CauseSet(caused(OUTPUT, OTHER_OUTPUT))
LATER = T0 + HOUR


def by(unit_id: int = PLANT) -> dict[str, object]:
    return {"person": "Rosa", "unit_id": unit_id, "seat_id": 7}


class Walk:
    """A room that is brought into a state and moved on, by what people, plants and time do."""

    def __init__(self) -> None:
        self.room = Room()
        self.now = T0
        self.id = ""

    def __call__(self, *steps: str) -> Transition:
        own: list[Transition] = []
        edges: list[Transition] = []
        for step in steps:
            self.now += S
            edges = getattr(self, step)()
            own = [edge for edge in edges if edge.alert.series_id == OUTPUT]
        mine = [edge for edge in own if edge.alert.id == self.id]
        return (mine or own or edges or self.room.journal)[-1]

    def latching(self) -> list[Transition]:
        self.room.book.agreed.take(LATCHING)
        return []

    def easy(self) -> list[Transition]:
        self.room.book.agreed.take(EASY)
        return []

    def true(self) -> list[Transition]:
        edges = self.room.find(self.now, finding())[0]
        self.id = edges[-1].alert.id
        return edges

    def false(self) -> list[Transition]:
        return self.room.find(self.now, finding("back"))[0]

    def ack(self) -> list[Transition]:
        return self.room.act(self.now, Acknowledge(alert_id=self.id, **by()))  # type: ignore[arg-type]

    def unack(self) -> list[Transition]:
        return self.room.act(self.now, Unacknowledge(alert_id=self.id, **by()))  # type: ignore[arg-type]

    def reset(self) -> list[Transition]:
        return self.room.act(self.now, Reset(alert_id=self.id, **by()))  # type: ignore[arg-type]

    def shelve(self, *, one_shot: bool = False, until: int = 5 * MIN) -> list[Transition]:
        act = Shelve(series_id=OUTPUT, until=self.now + until, reason="known", one_shot=one_shot, **by())  # type: ignore[arg-type]
        return self._named(self.room.act(self.now, act))

    def one_shot(self) -> list[Transition]:
        return self.shelve(one_shot=True)

    def unshelve(self) -> list[Transition]:
        return self.room.act(self.now, Unshelve(alert_id=self.id, **by()))  # type: ignore[arg-type]

    def expire(self) -> list[Transition]:
        alert = self.room.now_of_id(self.id)
        assert alert.silenced is not None
        assert alert.silenced.until is not None
        self.now = alert.silenced.until
        return self.room.wait(self.now)

    def service(self) -> list[Transition]:
        return self._named(self.room.act(self.now, OutOfService(series_id=OUTPUT, reference="W-12", **by())))  # type: ignore[arg-type]

    def back_in_service(self) -> list[Transition]:
        return self.room.act(self.now, ReturnToService(alert_id=self.id, **by()))  # type: ignore[arg-type]

    def cause(self) -> list[Transition]:
        self.room.book.agreed.take(DESIGN)
        return self.room.find(self.now, finding(series_id=OTHER_OUTPUT))[0]

    def cause_ends(self) -> list[Transition]:
        return self.room.find(self.now, finding("back", OTHER_OUTPUT))[0]

    def urgent(self) -> list[Transition]:
        self.room.book.agreed.rules["hot"] = AlarmClass(name="hot", priority=1)
        return self.room.find(self.now, finding("evidence", detector="rule:hot"))[0]

    def quietly_urgent(self) -> list[Transition]:
        self.room.book.agreed.rules["hot"] = AlarmClass(name="hot", priority=1, re_alarm=False)
        return self.room.find(self.now, finding("evidence", detector="rule:hot"))[0]

    def climb(self) -> list[Transition]:
        due = self.room.now_of_id(self.id).deadline
        assert due is not None
        self.now = due
        return self.room.wait(due)

    def press(self) -> list[Transition]:
        return self.room.act(self.now, Press(series_id=OUTPUT, **by()))  # type: ignore[arg-type]

    def rebase(self) -> list[Transition]:
        above = self.room.catalog.parent(PLANT)
        assert above is not None
        return self.room.act(self.now, Rebase(series_id=OUTPUT, capability=8.0, **by(above.id)))  # type: ignore[arg-type]

    def decide(self) -> list[Transition]:
        act = Decide(alert_id=self.id, text="mend", addressee_id=PLANT, followup=self.now + HOUR, **by(ROOT))  # type: ignore[arg-type]
        return self.room.act(self.now, act)

    def long(self) -> list[Transition]:
        """Let the time to reopen pass."""
        self.now += 2 * HOUR
        return self.room.wait(self.now)

    def _named(self, edges: list[Transition]) -> list[Transition]:
        self.id = edges[-1].alert.id
        return edges


WALKS: dict[tuple[str, State, State], tuple[str, ...]] = {
    ("1", State.NORMAL, State.UNACKED): ("true",),
    ("2", State.UNACKED, State.ACKED): ("true", "ack"),
    ("3", State.UNACKED, State.RTN_UNACKED): ("true", "false"),
    ("3", State.UNACKED, State.NORMAL): ("easy", "true", "false"),
    ("4", State.ACKED, State.NORMAL): ("true", "ack", "false"),
    ("5", State.UNACKED, State.UNACKED): ("true", "urgent"),
    ("5", State.ACKED, State.UNACKED): ("true", "ack", "urgent"),
    ("5", State.ACKED, State.ACKED): ("true", "ack", "quietly_urgent"),
    ("5", State.SHELVED, State.SHELVED): ("true", "shelve", "urgent"),
    ("5", State.SUPPRESSED, State.SUPPRESSED): ("true", "cause", "urgent"),
    ("5", State.OUT_OF_SERVICE, State.OUT_OF_SERVICE): ("true", "service", "urgent"),
    ("6", State.ACKED, State.UNACKED): ("true", "ack", "unack"),
    ("7", State.RTN_UNACKED, State.NORMAL): ("true", "false", "ack"),
    ("8", State.RTN_UNACKED, State.UNACKED): ("true", "false", "true"),
    ("9", State.UNACKED, State.LATCHED_UNACKED): ("latching", "true", "false"),
    ("9", State.ACKED, State.LATCHED_ACKED): ("latching", "true", "ack", "false"),
    ("9a", State.LATCHED_UNACKED, State.LATCHED_ACKED): ("latching", "true", "false", "ack"),
    ("10", State.LATCHED_UNACKED, State.NORMAL): ("latching", "true", "false", "reset"),
    ("10", State.LATCHED_ACKED, State.NORMAL): ("latching", "true", "ack", "false", "reset"),
    ("11", State.LATCHED_UNACKED, State.UNACKED): ("latching", "true", "false", "true"),
    ("11", State.LATCHED_ACKED, State.UNACKED): ("latching", "true", "ack", "false", "true"),
    ("12", State.NORMAL, State.SHELVED): ("shelve",),
    ("12", State.UNACKED, State.SHELVED): ("true", "shelve"),
    ("12", State.ACKED, State.SHELVED): ("true", "ack", "shelve"),
    ("12", State.RTN_UNACKED, State.SHELVED): ("true", "false", "shelve"),
    ("13", State.SHELVED, State.UNACKED): ("true", "shelve", "expire"),
    ("14", State.SHELVED, State.ACKED): ("true", "shelve", "unshelve"),
    ("15", State.SHELVED, State.NORMAL): ("true", "shelve", "false", "unshelve"),
    ("16", State.SHELVED, State.NORMAL): ("true", "one_shot", "false"),
    ("17", State.UNACKED, State.SUPPRESSED): ("true", "cause"),
    ("17", State.ACKED, State.SUPPRESSED): ("true", "ack", "cause"),
    ("17", State.RTN_UNACKED, State.SUPPRESSED): ("true", "false", "cause"),
    ("18", State.SUPPRESSED, State.UNACKED): ("true", "cause", "cause_ends"),
    ("18", State.SUPPRESSED, State.NORMAL): ("true", "cause", "false", "cause_ends"),
    ("19", State.NORMAL, State.OUT_OF_SERVICE): ("service",),
    ("19", State.UNACKED, State.OUT_OF_SERVICE): ("true", "service"),
    ("19", State.ACKED, State.OUT_OF_SERVICE): ("true", "ack", "service"),
    ("19", State.RTN_UNACKED, State.OUT_OF_SERVICE): ("true", "false", "service"),
    ("20", State.OUT_OF_SERVICE, State.UNACKED): ("true", "service", "back_in_service"),
    ("20", State.OUT_OF_SERVICE, State.NORMAL): ("service", "back_in_service"),
    ("climb", State.UNACKED, State.UNACKED): ("true", "climb"),
    ("climb", State.ACKED, State.UNACKED): ("true", "ack", "climb"),
    ("climb", State.SHELVED, State.UNACKED): ("true", "long_shelve", "climb"),
    ("climb", State.SUPPRESSED, State.UNACKED): ("true", "cause", "climb"),
    ("climb", State.OUT_OF_SERVICE, State.UNACKED): ("true", "service", "climb"),
    ("press", State.UNACKED, State.UNACKED): ("true", "press"),
    ("press", State.ACKED, State.UNACKED): ("true", "ack", "press"),
    ("press", State.SHELVED, State.UNACKED): ("true", "shelve", "press"),
    ("press", State.SUPPRESSED, State.UNACKED): ("true", "cause", "press"),
    ("press", State.OUT_OF_SERVICE, State.UNACKED): ("true", "service", "press"),
    ("decide", State.UNACKED, State.ACKED): ("true", "press", "decide"),
    ("rebase", State.UNACKED, State.NORMAL): ("true", "rebase"),
    ("rebase", State.ACKED, State.NORMAL): ("true", "ack", "rebase"),
    ("born silenced", State.NORMAL, State.SHELVED): ("shelve", "true"),
    ("born silenced", State.NORMAL, State.OUT_OF_SERVICE): ("service", "true"),
    ("born silenced", State.NORMAL, State.SUPPRESSED): ("cause", "true"),
}
BY_HAND = {"again", "end", "replace"}
"""Of these the walks stand in tests of their own (climbing, presses, the random walk)."""


def long_shelve(walk: Walk) -> list[Transition]:
    return walk.shelve(until=HOUR)


Walk.long_shelve = long_shelve  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("number", "source", "target", "steps"),
    [(*key, steps) for key, steps in WALKS.items()],
    ids=[f"{n}:{s}->{t}" for n, s, t in WALKS],
)
def test_each_edge_is_walked(number: str, source: State, target: State, steps: tuple[str, ...]) -> None:
    walk = Walk()
    if len(steps) > 1:
        walk(*steps[:-1])
    before = walk.room.states().get(OUTPUT, State.NORMAL)
    edge = walk(steps[-1])
    row = next(row for row in EDGES + CLOCK if row.number == number)
    assert edge.verb in row.verbs
    assert (source, target) in row.pairs
    # What carries the silencing of a series is replaced by the alert that is born with it.
    assert before is source or number == "born silenced"
    assert edge.alert.state is target
    rebuilt = walk.room.rebuilt()
    assert (rebuilt.open, rebuilt.by_series) == (walk.room.book.open, walk.room.book.by_series)


def test_every_pair_of_every_edge_is_walked() -> None:
    declared = {(row.number, *pair) for row in EDGES + CLOCK for pair in row.pairs}
    walked = set(WALKS)
    left = {key for key in declared - walked if key[0] not in BY_HAND}
    assert left == {("decide", State.ACKED, State.ACKED)}
    assert walked <= declared


def test_every_ordered_pair_is_an_edge_or_forbidden_with_its_reason() -> None:
    pairs = set(product(State, State))
    assert set(ALLOWED) | set(FORBIDDEN) == pairs
    assert not set(ALLOWED) & set(FORBIDDEN)
    assert all(FORBIDDEN.values())
    assert len({row.number for row in EDGES}) == len(EDGES) == 21


def in_state(state: State) -> Alert:
    room = Room()
    alert = room.raised()
    kinds = {State.SHELVED, State.SUPPRESSED, State.OUT_OF_SERVICE}
    if state in kinds:
        held = Silencing(kind=Hush(state), by="a", seat_id=1, unit_id=PLANT, level=0, at=T0)
        return replace(alert, silenced=held)
    return replace(
        alert,
        active=state in {State.UNACKED, State.ACKED},
        unacked=state in {State.UNACKED, State.RTN_UNACKED, State.LATCHED_UNACKED},
        latched=state in {State.LATCHED_UNACKED, State.LATCHED_ACKED},
    )


VERBS = sorted({verb for verbs in ALLOWED.values() for verb in verbs})


@pytest.mark.parametrize(("source", "target"), FORBIDDEN)
def test_no_verb_leads_where_none_may(source: State, target: State) -> None:
    before, after = in_state(source), in_state(target)
    assert (before.state, after.state) == (source, target)
    for verb in VERBS:
        with pytest.raises(AssertionError, match=FORBIDDEN[source, target][:20]):
            check(verb, before, after)


@pytest.mark.parametrize(("source", "target"), ALLOWED)
def test_an_edge_is_gone_by_its_own_verbs_alone(source: State, target: State) -> None:
    before, after = in_state(source), in_state(target)
    for verb in VERBS:
        if verb in ALLOWED[source, target]:
            check(verb, before, after)
        else:
            with pytest.raises(AssertionError):
                check(verb, before, after)


def test_the_book_refuses_what_the_table_does_not_know() -> None:
    room = Room()
    alert = room.raised()
    with pytest.raises(AssertionError):
        room.book.put(Transition(at=T0, verb="reset", alert=replace(alert, unacked=False)))
    assert room.book.find(alert.id) == alert


def test_the_page_prints_the_table() -> None:
    page = (PROJECT / "docs" / "alarms.md").read_text(encoding="utf-8")
    assert printed() in page


def test_what_was_never_raised_is_normal() -> None:
    series = Room().catalog.series[OUTPUT]
    assert placeholder("x", series, T0, Priority.WATCH).state is State.NORMAL
