"""The economy file of the simulated economy is one that the room takes, whole."""

from __future__ import annotations

from ingest.sim.dynamics import make_world
from ingest.sim.layout import LEVELS
from ingest.sim.tree import RECOVERY_S, economy_toml
from opsroom.alert.priority import priority_of
from opsroom.catalog import Catalog
from opsroom.economy import differences, parse_economy
from opsroom.model import Priority


def catalog() -> Catalog:
    """Give the catalog that the file makes."""
    made = Catalog()
    for change in differences(parse_economy(economy_toml()), made):
        made.apply(change)
    return made


def test_every_gauge_stands_in_the_tree() -> None:
    layout, made = make_world(1).layout, catalog()
    paths = {made.series_path(series_id) for series_id in made.series}
    assert paths == {layout.gauge_path(gauge) for gauge in range(len(layout.gauges))}


def test_four_levels_with_their_names() -> None:
    made = catalog()
    assert {(unit.depth, unit.level_name) for unit in made.units.values()} == set(enumerate(LEVELS))
    assert made.root() is not None


def test_every_unit_of_measure_is_known() -> None:
    unknown = {one.unit for one in catalog().series.values() if not one.unit_verified}
    assert not unknown


def test_an_alert_reaches_the_top_within_a_minute() -> None:
    for one in catalog().series.values():
        assert one.recovery_s == RECOVERY_S
    assert sum(RECOVERY_S) <= 60.0


def test_alerts_have_all_three_priorities() -> None:
    assert {priority_of(one) for one in catalog().series.values()} == set(Priority)


def test_offices_are_no_siblings_of_one_another() -> None:
    made = catalog()
    for one in made.series.values():
        if made.units[one.unit_id].depth < len(LEVELS) - 1:
            assert not made.siblings(one.id)


def test_names_resolve_from_the_unit_that_sends_them() -> None:
    layout, made = make_world(1).layout, catalog()
    for path, gauges in layout.fed().items():
        node = made.unit_at(path)
        assert node is not None
        for gauge in gauges:
            found = made.resolve(node.id, layout.names[gauge])
            assert found is not None
            assert made.series_path(found.id) == layout.gauge_path(gauge)


def test_figures_are_written_in_the_units_of_the_gauge() -> None:
    made = catalog()
    dam = made.unit_at("energy/hydro-south/dam-1")
    assert dam is not None
    output = made.own_series(dam.id, "output")
    assert output is not None
    assert output.indicator is not None
    assert (output.indicator.capability, output.indicator.potentiality) == (120.0, 150.0)
    assert output.band == (84.0, None)
    assert output.indicator.essential
