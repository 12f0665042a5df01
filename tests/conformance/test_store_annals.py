"""What every store engine tells of the past: pages of alerts and edges by unit concerned, and the minutes."""

from msgspec.structs import replace

from opsroom.minutes import Minute
from opsroom.model import Alert, Annunciation, ChangeKind, Outcome, Priority, Series, Transition
from opsroom.records import SeriesSet, UnitSet
from opsroom.store.annals import AlertOrder, Audited, Matching, Wanted
from tests.conformance.shelf import Shelf, each_engine
from tests.conformance.test_store_rows import alert, unit


def climbed(one: Alert, to: int) -> Alert:
    above = Annunciation(level=1, unit_id=to, at=one.raised + 5, deadline=None)
    return replace(one, level=1, annunciations=(*one.annunciations, above))


@each_engine
def test_the_annals_give_pages_of_what_concerns_a_unit_in_any_order(shelf: Shelf) -> None:
    place = shelf.fresh()
    store = shelf.open(place)
    config = [UnitSet(unit(n, 1 if n > 1 else None)) for n in (1, 2, 3)]
    named = [
        SeriesSet(Series(id=n, root_id=1, unit_id=2, name=name)) for n, name in ((1, "c"), (2, "a"), (3, "b"))
    ]
    rows = [
        climbed(alert(1, unit_id=2, raised=30), 1),
        replace(alert(2, unit_id=2, raised=10), priority=Priority.ACT_NOW, kind=ChangeKind.SLOPE),
        replace(
            alert(3, unit_id=3, raised=20),
            active=False,
            unacked=False,
            recovered=25,
            outcome=Outcome.RECOVERED,
        ),
    ]
    store.journal.commit(
        1, [Transition(at=one.raised, verb="raised", alert=one) for one in rows], [*config, *named], []
    )
    seen = Transition(at=40, verb="acknowledged", alert=rows[1], actor="Ana Li_ma")
    store.journal.commit(2, [seen], [], [])
    if shelf.engine != "memory":
        shelf.close()
        store = shelf.open(place)
    annals = store.annals

    def ids(wanted: Wanted, order: AlertOrder = "raised", *, falling: bool = True) -> list[int]:
        found = annals.page(wanted, order, 0, 10, falling=falling)
        assert len(found) == annals.count(wanted)
        return [one.series_id for one in found]

    mine = Wanted(unit_id=2)
    assert ids(mine) == [1, 2]
    assert ids(mine, "priority", falling=False) == [2, 1]
    assert ids(mine, "series", falling=False) == [2, 1]
    assert ids(mine, "unit") == [1, 2]
    assert ids(mine, "kind", falling=False) == [2, 1]
    assert ids(Wanted(unit_id=3), "ended") == [3]
    assert ids(Wanted(unit_id=1)) == [1], "what has climbed there, and nothing else of those below"
    assert ids(Wanted(unit_id=1, audited=(Audited(2),))) == [1, 2], "once, though seen by both"
    assert ids(Wanted(unit_id=1, audited=(Audited(2, 1), Audited(3)))) == [1, 3]
    assert ids(replace(mine, t_from=10, t_to=30)) == [2]
    assert ids(Wanted(unit_id=3, standing=True)) == []
    assert ids(Wanted(unit_id=3, standing=False)) == [3]
    assert ids(replace(mine, priorities=(1,))) == [2]
    assert ids(replace(mine, matching=Matching((1,), (), "nobody"))) == [1]
    assert ids(replace(mine, matching=Matching((), ("slope",), "nobody"))) == [2]
    assert ids(replace(mine, matching=Matching((), (), "li_m"))) == [2]
    assert ids(replace(mine, matching=Matching((), (), "%"))) == []
    assert [one.series_id for one in annals.page(mine, "raised", 1, 1)] == [2]
    assert [edge.verb for edge in annals.edges(mine, 0, 10)] == ["acknowledged", "raised", "raised"]
    assert [edge.at for edge in annals.edges(mine, 1, 1, falling=False)] == [10]
    wanted = replace(mine, verbs=("acknowledged",))
    assert (annals.count_edges(wanted), annals.count_edges(mine)) == (1, 3)
    assert annals.count_edges(replace(mine, t_from=31)) == 1
    assert annals.count_edges(Wanted(unit_id=9)) == annals.count(Wanted(unit_id=9)) == 0


@each_engine
def test_minutes_are_found_by_who_decided_and_by_whom_they_are_addressed_to(shelf: Shelf) -> None:
    place = shelf.fresh()
    store = shelf.open(place)
    first, second = (
        Minute(id=f"d{n}", unit_id=n, seat_id=1, person="ana", at=n, text="do", addressee_id=3, followup=9)
        for n in (1, 2)
    )
    store.journal.commit(1, [], [], [], minutes=[first, second])
    later = replace(first, text="done")
    store.journal.commit(2, [], [], [], minutes=[later])
    if shelf.engine != "memory":
        shelf.close()
        store = shelf.open(place)
    assert store.annals.minutes(1) == [later]
    assert store.annals.minutes(3) == [second, later]
    assert store.annals.minutes(3, limit=1) == [second]
    assert store.annals.minute("d2") == second
    assert store.annals.minute("d9") is None
