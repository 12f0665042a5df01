"""What every store engine keeps beside readings: alerts, acts, snapshots, seats, each economy for itself."""

import numpy as np
import pytest
from msgspec.structs import replace

from opsroom.audit import Audit
from opsroom.figures import Edge
from opsroom.flow import Flow
from opsroom.model import (
    Alert,
    Annunciation,
    ChangeKind,
    Outcome,
    Priority,
    Relation,
    RelationKind,
    Role,
    Sentence,
    Series,
    Transition,
    Unit,
)
from opsroom.pleasure import Pleasure
from opsroom.records import Acknowledge, FlowSet, RelationSet, SeriesSet, UnitSet
from opsroom.seats import PlantToken, Seat, Session
from tests.conformance.shelf import Shelf, columns, each_durable, each_engine

# -- journal -------------------------------------------------------------------------------------------


def unit(number: int, parent: int | None = None) -> Unit:
    return Unit(
        id=number,
        root_id=1,
        parent_id=parent,
        path=f"u{number}",
        name=f"U{number}",
        level_name="plant",
        depth=0,
    )


def alert(number: int, *, unit_id: int = 1, raised: int = 0, outcome: Outcome = Outcome.OPEN) -> Alert:
    return Alert(
        id=f"a-{number}",
        root_id=1,
        series_id=number,
        unit_id=unit_id,
        kind=ChangeKind.STEP,
        priority=Priority.WATCH,
        raised=raised,
        onset=None,
        active=True,
        unacked=True,
        level=0,
        deadline=raised + 5,
        outcome=outcome,
        annunciations=(Annunciation(level=0, unit_id=unit_id, at=raised, deadline=raised + 5),),
    )


@each_engine
def test_a_commit_is_whole_and_a_replayed_one_changes_nothing(shelf: Shelf) -> None:
    place = shelf.fresh()
    store = shelf.open(place)
    assert store.journal.offset() == 0
    first = alert(1, raised=10)
    edge = Transition(at=10, verb="raised", alert=first)
    series = Series(id=4, root_id=1, unit_id=2, name="output", band=(None, 3.0), recovery_s=(1.0, 2.0))
    related = Relation(
        id=1, root_id=1, unit_id=1, name="flour", kind=RelationKind.CLAIM, members=(4, 5), clean=(1, 2), lag=1
    )
    flow = Flow(id=1, root_id=1, source_id=1, target_id=2, name="flour", series_id=4, usual=3.0)
    seen = Acknowledge(person="ana", seat_id=3, alert_id="a-1", key="k")
    store.journal.commit(
        7,
        [edge],
        [
            UnitSet(unit(2, 1)),
            UnitSet(unit(1)),
            RelationSet(related),
            FlowSet(replace(flow, usual=2.0)),
            FlowSet(flow),
            SeriesSet(series),
            UnitSet(unit(2, 1)),
        ],
        [(7, 10, seen)],
    )
    later = alert(1, raised=10, outcome=Outcome.RECOVERED)
    store.journal.commit(7, [Transition(at=11, verb="recovered", alert=later)], [], [(7, 11, seen)])
    assert store.journal.alert("a-1") == first
    store.journal.commit(
        9,
        [edge, Transition(at=12, verb="recovered", alert=later)],
        [UnitSet(unit(1))],
        [(7, 10, seen), (8, 12, seen)],
    )
    if shelf.engine != "memory":
        shelf.close()
        store = shelf.open(place)
    assert store.journal.offset() == 9
    assert store.journal.alert("a-1") == later
    assert store.journal.alert("a-2") is None
    assert [found.verb for found in store.journal.edges("a-1")] == ["raised", "raised", "recovered"]
    assert store.journal.edges("a-1")[0] == edge
    assert store.journal.acts() == [(7, 10, seen), (8, 12, seen)]
    assert store.journal.acts(since_offset=7) == [(8, 12, seen)]
    assert store.catalog.units() == [unit(1), unit(2, 1)]
    assert store.catalog.series() == [series]
    assert store.catalog.relations() == [related]
    assert store.catalog.flows() == [flow]


@each_engine
def test_audits_are_found_from_both_sides_and_replaced_by_their_latest_state(shelf: Shelf) -> None:
    place = shelf.fresh()
    store = shelf.open(place)
    made = [
        Audit(
            id=f"a{number}",
            root_id=1,
            by_unit=by,
            unit_id=of,
            person="ana",
            seat_id=3,
            reason="sample",
            declared=number,
            until=100,
        )
        for number, (by, of) in enumerate([(1, 2), (1, 3), (2, 3)], 1)
    ]
    store.journal.commit(3, [], [], [], made)
    looked = made[0].with_looks(4, "ana", 2, 50)
    store.journal.commit(4, [], [], [], [made[0], looked])
    store.journal.commit(4, [], [], [], [made[0]])
    if shelf.engine != "memory":
        shelf.close()
        store = shelf.open(place)
    assert store.journal.audits(1) == [made[1], looked]
    assert store.journal.audits(2) == [made[2], looked]
    assert store.journal.audits(3, limit=1) == [made[2]]
    assert store.journal.audits(9) == []
    assert store.journal.audit("a1") == looked
    assert store.journal.audit("a9") is None


@each_engine
def test_alerts_are_found_by_state_unit_and_time(shelf: Shelf) -> None:
    store = shelf.new()
    made = [
        alert(1, unit_id=1, raised=10),
        alert(2, unit_id=2, raised=20, outcome=Outcome.DECIDED),
        alert(3, unit_id=2, raised=30),
        alert(4, unit_id=3, raised=30),
    ]
    store.journal.commit(1, [Transition(at=a.raised, verb="raised", alert=a) for a in made], [], [])

    def found(**asked: object) -> list[str]:
        return [a.id for a in store.journal.alerts(**asked)]  # type: ignore[arg-type]

    assert found() == ["a-4", "a-3", "a-2", "a-1"]
    assert found(open_only=True) == ["a-4", "a-3", "a-1"]
    assert found(unit_ids=[2]) == ["a-3", "a-2"]
    assert found(unit_ids=[]) == []
    assert found(since=20, open_only=True) == ["a-4", "a-3"]
    assert found(limit=2) == ["a-4", "a-3"]


@each_engine
def test_edges_of_a_span_come_in_pages_and_with_what_stood_at_its_start(shelf: Shelf) -> None:
    """Five alerts: one over before, two that reach in, one inside, one that reaches over the whole span."""
    store = shelf.new()
    ended = {number: alert(number, raised=number, outcome=Outcome.RECOVERED) for number in range(1, 6)}
    story = [
        [(1, 1), (2, 2)],
        [(3, 3), (4, 1), (5, 5)],
        [(20, 2), (21, 4)],
        [(22, 4), (30, 5)],
        [(40, 3)],
    ]
    for offset, commit in enumerate(story):
        edges = [
            Transition(at=at, verb="recovered" if at > 21 or at in {4, 20} else "raised", alert=ended[number])
            for at, number in commit
        ]
        store.journal.commit(10 * offset + 7, edges, [], [])

    def ids(edges: list[Edge]) -> list[tuple[int, str]]:
        return [(edge.at, edge.alert.id) for edge in edges]

    page, after = [], (0, 0)
    while found := store.journal.edges_within(4, 30, after, limit=2):
        assert len(found) <= 2
        page += [edge for _, edge in found]
        after = found[-1][0]
    assert ids(page) == [(4, "a-1"), (5, "a-5"), (20, "a-2"), (21, "a-4"), (22, "a-4")]
    assert ids(store.journal.edges_standing(10)) == [(2, "a-2"), (3, "a-3"), (5, "a-5")]
    assert ids(store.journal.edges_standing(25)) == [(3, "a-3"), (5, "a-5")]
    assert store.journal.edges_standing(0) == []
    assert page[0].alert.standing.unit_id == ended[1].standing.unit_id
    for t_from in range(0, 45, 3):
        whole = [e for offset in story for e in offset if t_from <= e[0] < t_from + 7]
        assert ids([edge for _, edge in store.journal.edges_within(t_from, t_from + 7)]) == [
            (at, f"a-{number}") for at, number in whole
        ]


@each_engine
def test_a_snapshot_is_the_last_of_its_name(shelf: Shelf) -> None:
    store = shelf.new()
    assert store.snapshots.load("engine") is None
    store.snapshots.save("engine", 1, 10, b"\x00one")
    store.snapshots.save("engine", 2, 20, b"\x00two")
    store.snapshots.save("book", 1, 5, b"")
    assert store.snapshots.load("engine") == (2, 20, b"\x00two")
    assert store.snapshots.load("book") == (1, 5, b"")


@each_engine
def test_a_large_snapshot_in_parts_is_given_as_one(shelf: Shelf) -> None:
    store = shelf.new()
    noise = np.random.default_rng(1).bytes(9 << 20)
    for offset in (10, 20):
        parts = (b"head", memoryview(noise), bytes([offset]) * 100_000)
        store.snapshots.save("core", 1, offset, *parts)
        assert store.snapshots.load("core") == (1, offset, b"".join(parts))
    store.snapshots.save("core", 1, 30, b"small")
    assert store.snapshots.load("core") == (1, 30, b"small")


@each_engine
def test_a_snapshot_that_breaks_off_leaves_the_one_before(shelf: Shelf) -> None:
    """A second one of the same offset too: a room that leaves may write the state it started with."""
    store = shelf.new()
    noise = np.random.default_rng(2).bytes(9 << 20)
    store.snapshots.save("core", 1, 10, noise)
    with pytest.raises(TypeError):
        store.snapshots.save("core", 1, 10, noise[::-1], "no bytes")  # type: ignore[arg-type]
    assert store.snapshots.load("core") == (1, 10, noise)


@each_engine
def test_seats_sessions_and_tokens(shelf: Shelf) -> None:
    access = shelf.new().access
    ana = access.put_seat(Seat(0, "ana", Role.COUNCIL, 1))
    ben = access.put_seat(Seat(0, "ben", Role.OPERATOR, 2))
    assert (ana.id, ben.id) == (1, 2)
    access.put_seat(Seat(2, "ben", Role.ADMIN, 1))
    assert access.seats() == [ana, Seat(2, "ben", Role.ADMIN, 1)]
    access.put_credential(1, "password", "old", 1)
    access.put_credential(1, "password", "new", 2)
    access.put_credential(1, "key", "k", 3)
    assert access.credentials(1, "password") == ["new", "old"]
    assert access.credentials(2, "password") == []
    access.put_session(Session("h", 1, "c", 100))
    access.put_session(Session("h", 1, "d", 200))
    assert access.session("h") == Session("h", 1, "d", 200)
    access.end_session("h")
    access.end_session("h")
    assert access.session("h") is None
    for key, of, expires in (("a", 1, 300), ("b", 2, 300), ("c", 1, 400)):
        access.put_session(Session(key, of, "c", expires))
    assert sorted(access.sessions()) == ["a", "b", "c"]
    access.end_sessions(1)
    assert access.sessions() == ["b"]
    access.put_session(Session("d", 1, "c", 500))
    access.end_expired(300)
    assert access.sessions() == ["d"]
    access.delete_seat(2)
    access.delete_seat(2)
    assert access.put_seat(Seat(0, "eve", Role.OBSERVER, 2)).id == 3, "an id is never given again"
    first, second = PlantToken("x", 2, "mill", 5), PlantToken("a", 3, "kiln", 6)
    access.put_token(second)
    access.put_token(first)
    assert access.tokens() == [first, second]
    access.delete_token("x")
    access.delete_token("x")
    assert access.tokens() == [second]


@each_durable
def test_economies_in_one_store_do_not_see_each_other(shelf: Shelf) -> None:
    url, root = shelf.fresh()
    one, other = shelf.open((url, root)), shelf.open((url, root + 1))
    one.readings.take(columns([(1, 5, 2.5, 192)]), 3)
    one.readings.flush(0, force=True)
    one.journal.commit(3, [Transition(at=1, verb="raised", alert=alert(1))], [UnitSet(unit(1))], [])
    one.access.put_seat(Seat(0, "ana", Role.COUNCIL, 1))
    assert other.readings.count() == 0
    assert other.journal.offset() == 0
    assert other.journal.alerts() == []
    assert other.catalog.units() == []
    assert other.access.seats() == []
    again = shelf.open((url, root))
    assert again.readings.read(1, 0, 10).v.tolist() == [2.5]


@each_engine
def test_good_news_is_found_by_its_unit_and_by_the_one_it_was_offered_to(shelf: Shelf) -> None:
    place = shelf.fresh()
    store = shelf.open(place)
    first, second = (
        Pleasure(
            id=f"g{number}-4",
            root_id=1,
            unit_id=unit_id,
            series_id=4,
            kind=ChangeKind.SLOPE,
            p=0.96,
            before=1.0,
            after=2.0,
            onset=number,
            at=number,
            explanation=(Sentence("why.better", {"before": 1.0}),),
        )
        for number, unit_id in ((1, 2), (2, 3))
    )
    store.journal.commit(3, [], [], [], pleasures=[first, second])
    offered = replace(first, offered=5, offered_by="ana", offered_to=3)
    store.journal.commit(4, [], [], [], pleasures=[offered])
    store.journal.commit(4, [], [], [], pleasures=[first])
    if shelf.engine != "memory":
        shelf.close()
        store = shelf.open(place)
    assert store.journal.pleasures(2) == [offered]
    assert store.journal.pleasures(3) == [second, offered]
    assert store.journal.pleasures(3, limit=1) == [second]
    assert store.journal.pleasures(1) == []
    assert store.journal.pleasure(first.id) == offered
    assert store.journal.pleasure("g9-4") is None
