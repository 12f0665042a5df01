"""The catalog: names to series, ids that last, paths that follow their unit."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsroom.catalog import RESOLVED_MAX, Catalog
from opsroom.errors import Conflict, Invalid, NotFound
from opsroom.model import Series, Unit
from opsroom.records import AnyConfig, SeriesSet, UnitSet


def unit(unit_id: int, path: str, parent_id: int | None, time_zone: str = "UTC") -> Unit:
    depth = len(path.split("/")) if path else 0
    return Unit(
        id=unit_id,
        root_id=1,
        parent_id=parent_id,
        path=path,
        name=path.rpartition("/")[2] or "economy",
        level_name=("corporation", "branch", "enterprise", "plant")[min(depth, 3)],
        depth=depth,
        time_zone=time_zone,
    )


def tree() -> Catalog:
    catalog = Catalog(
        [
            unit(1, "", None, time_zone="America/Santiago"),
            unit(2, "energy", 1),
            unit(3, "energy/park", 2),
            unit(4, "energy/park/t1", 3),
            unit(5, "energy/park/t2", 3),
        ]
    )
    for series_id, unit_id, name in ((1, 4, "P_avg"), (2, 5, "P_avg"), (3, 4, "gear.temp"), (4, 3, "wind")):
        catalog.apply(SeriesSet(Series(id=series_id, root_id=1, unit_id=unit_id, name=name, unit="kW")))
    return catalog


@pytest.mark.parametrize(
    ("node", "name", "series_id"),
    [
        (4, "P_avg", 1),
        (3, "t1/P_avg", 1),
        (3, "t1.P_avg", 1),
        (2, "park.t1/P_avg", 1),
        (1, "energy/park/t2/P_avg", 2),
        (1, "energy.park.t2.P_avg", 2),
        (4, "gear.temp", 3),
        (3, "t1/gear.temp", 3),
        (3, "t1.gear.temp", 3),
        (3, "wind", 4),
        (3, "P_avg", None),
        (4, "gear/temp", None),
        (3, "t1/", None),
        (3, "/wind", None),
        (3, "", None),
        (99, "wind", None),
    ],
)
def test_names_resolve_relative_to_the_node(node: int, name: str, series_id: int | None) -> None:
    found = tree().resolve(node, name)
    assert (found.id if found else None) == series_id


def test_a_literal_name_with_a_dot_goes_before_a_path() -> None:
    catalog = tree()
    catalog.apply(SeriesSet(Series(id=9, root_id=1, unit_id=3, name="t1.P_avg")))
    found = catalog.resolve(3, "t1.P_avg")
    assert found is not None
    assert found.id == 9


def test_a_name_proposed_literally_keeps_its_dots() -> None:
    catalog = tree()
    catalog.propose_series(3, "web1.example.com/10.0.0.5:9100/up", "", None, literal=True)
    found = catalog.resolve(3, "web1.example.com/10.0.0.5:9100/up")
    assert found is not None
    assert catalog.series_path(found.id).endswith("web1.example.com/10.0.0.5:9100/up")
    assert catalog.propose_series(3, "web1.example.com/10.0.0.5:9100/up", "", None, literal=True) == []


def test_an_answer_is_forgotten_when_the_catalog_changes() -> None:
    catalog = tree()
    assert catalog.resolve(4, "new") is None
    catalog.apply(SeriesSet(Series(id=7, root_id=1, unit_id=4, name="new")))
    found = catalog.resolve(4, "new")
    assert found is not None
    assert found.id == 7


def test_unknown_names_cannot_fill_the_memory() -> None:
    catalog = tree()
    for number in range(RESOLVED_MAX + 10):
        catalog.resolve(4, f"no-{number}")
    assert len(catalog._resolved) <= RESOLVED_MAX


def test_applying_again_alters_nothing() -> None:
    catalog = tree()
    revision = catalog.revision
    catalog.apply(UnitSet(catalog.units[3]))
    catalog.apply(SeriesSet(catalog.series[1]))
    assert catalog.revision == revision


def test_ways_up_and_down() -> None:
    catalog = tree()
    assert [u.id for u in catalog.ancestors(4)] == [4, 3, 2, 1]
    assert [u.id for u in catalog.children(3)] == [4, 5]
    assert [u.id for u in catalog.below(2)] == [2, 3, 4, 5]
    assert catalog.parent(1) is None
    assert catalog.contains(2, 5)
    assert catalog.contains(5, 5)
    assert not catalog.contains(5, 2)
    assert catalog.series_path(1) == "energy/park/t1/P_avg"
    assert [s.id for s in catalog.series_of(4)] == [1, 3]
    assert catalog.root() == catalog.units[1]


def test_siblings_share_parent_name_and_unit_or_like() -> None:
    catalog = tree()
    assert catalog.siblings(1) == [2]
    assert catalog.siblings(3) == []
    for series_id in (3, 4):
        catalog.apply(SeriesSet(msgspec.structs.replace(catalog.series[series_id], like="warm")))
    assert catalog.siblings(3) == [4]
    catalog.apply(SeriesSet(msgspec.structs.replace(catalog.series[2], unit="MW")))
    assert catalog.siblings(1) == []


def test_a_moved_unit_takes_the_paths_below_along() -> None:
    catalog = tree()
    catalog.apply(UnitSet(unit(6, "industry", 1)))
    moved = msgspec.structs.replace(
        catalog.units[3], parent_id=6, path="industry/wind-park", name="wind-park"
    )
    catalog.apply(UnitSet(moved))
    assert catalog.series_path(1) == "industry/wind-park/t1/P_avg"
    assert catalog.unit_at("energy/park") is None
    assert catalog.children(2) == []
    assert [u.id for u in catalog.ancestors(5)] == [5, 3, 6, 1]
    assert catalog.resolve(1, "industry/wind-park/t2/P_avg") == catalog.series[2]


def test_the_unadopted_are_counted_with_every_unit_above_and_move_along() -> None:
    catalog = tree()
    for name in ("a", "b", "deep/er"):
        catalog.propose_series(4, name, "", None)
    assert [catalog.unadopted(one) for one in (1, 2, 3, 4, 5)] == [3, 3, 3, 3, 0]
    catalog.apply(UnitSet(unit(16, "mines", 1)))
    catalog.apply(UnitSet(unit(4, "mines/t1", 16)))
    assert [catalog.unadopted(one) for one in (1, 2, 3, 4, 16)] == [3, 0, 0, 3, 3]
    one = catalog.resolve(4, "a")
    assert one is not None
    catalog.apply(SeriesSet(msgspec.structs.replace(one, adopted=True)))
    assert [catalog.unadopted(one) for one in (1, 4, 16)] == [2, 2, 2]


def test_a_proposal_makes_the_missing_path_with_new_ids() -> None:
    catalog = tree()
    changes = catalog.propose_series(2, "park/t3.angle", "deg", 600.0)
    made = [
        c.unit.path if isinstance(c, UnitSet) else catalog.series_path(c.series.id)
        for c in changes
        if isinstance(c, UnitSet | SeriesSet)
    ]
    assert made == ["energy/park/t3", "energy/park/t3/angle"]
    series = catalog.resolve(2, "park/t3/angle")
    assert series is not None
    assert (series.id, series.adopted, series.circular, series.period_s) == (5, False, 360.0, 600.0)
    t3 = catalog.units[series.unit_id]
    assert (t3.id, t3.level_name, t3.time_zone, t3.depth) == (6, "plant", "UTC", 3)
    assert catalog.propose_series(2, "park/t3.angle", "deg", 600.0) == []


@pytest.mark.parametrize("name", ["", "/", "a//b", "a/", ".a", "a..b", "a\nb", "x" * 201, "/".join("a" * 17)])
def test_a_name_that_is_none_is_refused_and_makes_nothing(name: str) -> None:
    catalog = tree()
    revision = catalog.revision
    with pytest.raises(Invalid) as refused:
        catalog.propose_series(4, name, "", None)
    assert refused.value.params["field"] == "series"
    assert catalog.revision == revision


def test_a_proposal_needs_its_node() -> None:
    with pytest.raises(NotFound):
        tree().propose_series(99, "a", "", None)


def test_check_finds_taken_names_and_missing_parents() -> None:
    catalog = tree()
    with pytest.raises(Conflict):
        catalog.check([UnitSet(unit(9, "energy/park", 2))])
    with pytest.raises(Conflict):
        catalog.check([SeriesSet(Series(id=9, root_id=1, unit_id=4, name="P_avg"))])
    with pytest.raises(NotFound):
        catalog.check([SeriesSet(Series(id=9, root_id=1, unit_id=77, name="a"))])
    catalog.check(
        [UnitSet(unit(9, "energy/grid", 2)), SeriesSet(Series(id=9, root_id=1, unit_id=9, name="a"))]
    )
    assert catalog.unit_at("energy/grid") is None


names = st.lists(st.sampled_from(["a", "b", "c.d", "e"]), min_size=1, max_size=4).map("/".join)


@given(st.lists(st.tuples(st.integers(1, 5), names), max_size=20))
def test_the_logged_changes_give_the_same_catalog(proposals: list[tuple[int, str]]) -> None:
    live, logged = tree(), list[AnyConfig]()
    for node, name in proposals:
        changes = live.propose_series(node, name, "kW", 60.0)
        found = live.resolve(node, name)
        assert found is not None
        assert not changes or isinstance(changes[-1], SeriesSet)
        logged += changes
    replayed = tree()
    for change in logged:
        replayed.apply(change)
        replayed.apply(change)
    assert (replayed.units, replayed.series) == (live.units, live.series)
    assert len(live._unit_by_path) == len(live.units)
    for one in live.series.values():
        assert live.resolve(1, live.series_path(one.id)) == one
