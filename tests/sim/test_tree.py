"""The economy file of the simulated economy is one that the room takes, whole."""

from __future__ import annotations

import pytest

from ingest.sim.dynamics import make_world
from ingest.sim.layout import LEVELS
from ingest.sim.tree import economy_toml
from opsroom.alert.priority import priority_of
from opsroom.catalog import Catalog
from opsroom.economy import differences, parse_economy
from opsroom.model import Priority


@pytest.fixture(scope="module")
def made() -> Catalog:
    """Give the catalog that the file makes."""
    catalog = Catalog()
    for change in differences(parse_economy(economy_toml(make_world(1).layout)), catalog):
        catalog.apply(change)
    return catalog


def test_every_gauge_stands_in_the_tree(made: Catalog) -> None:
    gauges = make_world(1).layout.gauges
    assert {made.series_path(one) for one in made.series} == set(gauges.paths)


def test_four_levels_with_their_names(made: Catalog) -> None:
    assert {(unit.depth, unit.level_name) for unit in made.units.values()} == set(enumerate(LEVELS))


def test_every_unit_of_measure_is_known(made: Catalog) -> None:
    assert not {one.unit for one in made.series.values() if not one.unit_verified}


def test_alerts_have_all_three_priorities(made: Catalog) -> None:
    assert {priority_of(one) for one in made.series.values()} == set(Priority)


def test_siblings_are_of_one_kind_in_one_sector(made: Catalog) -> None:
    for one in made.series.values():
        siblings = made.siblings(one.id)
        places = {made.units[made.series[other].unit_id].parent_id for other in (one.id, *siblings)}
        assert len(places) == 1
        assert len(siblings) == 0 or len(siblings) >= 2


def test_names_resolve_from_the_unit_that_sends_them(made: Catalog) -> None:
    layout = make_world(1).layout
    for path, gauges in layout.fed().items():
        node = made.unit_at(path)
        assert node is not None
        for gauge in gauges.tolist():
            found = made.resolve(node.id, layout.gauges.paths[gauge].removeprefix(f"{path}/" if path else ""))
            assert found is not None
            assert made.series_path(found.id) == layout.gauges.paths[gauge]


def test_figures_are_written_in_the_units_of_the_gauge(made: Catalog) -> None:
    dam = made.unit_at("energy/hydro/dam-1")
    assert dam is not None
    output = made.own_series(dam.id, "available")
    assert output is not None
    assert output.indicator is not None
    capacity = make_world(1).layout.enterprises.capacity[
        make_world(1).layout.enterprises.paths.index("energy/hydro/dam-1")
    ]
    assert output.indicator.capability == pytest.approx(capacity, rel=1e-3)
    assert output.indicator.essential
