"""Names change, ids and what holds to the old names do not."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from opsroom.catalog import Catalog
from opsroom.economy import differences, parse_economy
from opsroom.errors import Conflict, Invalid, NotFound, OpsroomError
from opsroom.model import Series
from opsroom.records import AnyConfig, SeriesSet, UnitSet
from opsroom.renaming import FORMER_MAX, give_up, rename_series, rename_unit
from opsroom.rule import Rule, RuleKind
from opsroom.rules.binding import watches
from tests.catalog.test_catalog import tree


def told(catalog: Catalog, changes: list[AnyConfig]) -> Catalog:
    for change in changes:
        catalog.apply(change)
    return catalog


def renamed() -> Catalog:
    """Give the tree with the park renamed to `farm`, turbine 1's power to `power`."""
    catalog = tree()
    told(catalog, rename_unit(catalog, catalog.units[3], name="Wind farm", part="farm"))
    return told(catalog, rename_series(catalog, catalog.series[1], "power"))


def test_ids_stay_and_what_stands_below_moves_along() -> None:
    catalog = renamed()
    assert catalog.series_path(1) == "energy/farm/t1/power"
    assert [catalog.units[one].path for one in (3, 4, 5)] == [
        "energy/farm",
        "energy/farm/t1",
        "energy/farm/t2",
    ]
    assert (catalog.units[3].name, catalog.units[3].formerly, catalog.series[1].formerly) == (
        "Wind farm",
        ("park",),
        ("P_avg",),
    )


@pytest.mark.parametrize(
    ("node", "name"),
    [
        (1, "energy/farm/t1/power"),
        (1, "energy/park/t1/P_avg"),
        (1, "energy.park.t1.P_avg"),
        (1, "energy/farm/t1/P_avg"),
        (2, "park/t1/power"),
        (4, "P_avg"),
    ],
)
def test_a_plant_that_feeds_an_old_name_is_understood(node: int, name: str) -> None:
    catalog = renamed()
    found = catalog.resolve(node, name)
    assert found is not None
    assert found.id == 1
    assert catalog.propose_series(node, name, "kW", None) == []


def test_what_is_new_under_an_old_path_comes_to_stand_under_the_new_one() -> None:
    catalog = renamed()
    (made,) = catalog.propose_series(1, "energy/park/t1/heat", "Cel", None)
    assert isinstance(made, SeriesSet)
    assert catalog.series_path(made.series.id) == "energy/farm/t1/heat"


def test_what_the_log_holds_gives_the_same_tree_also_from_stored_rows() -> None:
    catalog, base = tree(), tree()
    changes = rename_unit(catalog, catalog.units[2], part="power")
    assert [change.via for change in changes if isinstance(change, UnitSet)] == [
        "",
        "moved",
        "moved",
        "moved",
    ]
    told(catalog, changes)
    for change in changes:
        base.apply(change)
    rows = {change.unit.id: change.unit for change in changes if isinstance(change, UnitSet)}
    stored = Catalog({**tree().units, **rows}.values(), tree().series.values())
    for other in (base, stored):
        assert other.units == catalog.units
        assert other.resolve(1, "energy/park/wind") == catalog.series[4]
        assert other.unit_at("energy/park") == catalog.units[3]


def test_a_name_that_leads_somewhere_is_taken_until_it_is_given_up() -> None:
    catalog = renamed()
    with pytest.raises(Conflict):
        rename_series(catalog, catalog.series[3], "P_avg")
    with pytest.raises(Conflict):
        rename_unit(catalog, catalog.units[5], part="t1")
    told(catalog, give_up(catalog.series[1], "P_avg"))
    assert catalog.resolve(4, "P_avg") is None
    (made,) = catalog.propose_series(4, "P_avg", "kW", None)
    assert isinstance(made, SeriesSet)
    assert (made.series.id, made.series.adopted) == (5, False)
    told(catalog, give_up(catalog.units[3], "park"))
    assert catalog.unit_at("energy/park") is None
    with pytest.raises(NotFound) as unknown:
        give_up(catalog.series[1], "P_avg")
    assert unknown.value.code == "name_unknown"


def test_back_to_a_former_name_and_no_news_where_all_is_so() -> None:
    catalog = renamed()
    told(catalog, rename_series(catalog, catalog.series[1], "P_avg"))
    assert catalog.series[1].formerly == ("power",)
    assert rename_series(catalog, catalog.series[1], "P_avg") == []
    assert rename_unit(catalog, catalog.units[3], name="Wind farm") == []


@pytest.mark.parametrize("name", ["", "  ", "a/b", ".", "..", "x" * 101, "a\nb"])
def test_what_is_no_name_is_refused(name: str) -> None:
    catalog = tree()
    with pytest.raises(Invalid) as refused:
        rename_series(catalog, catalog.series[1], name)
    assert refused.value.code == "name_invalid"
    with pytest.raises(Invalid) as refused:
        rename_unit(catalog, catalog.units[3], part=name)
    assert refused.value.code == "name_invalid"
    with pytest.raises(Invalid):
        rename_unit(catalog, catalog.units[1], part="economy")


def test_former_names_are_bounded() -> None:
    catalog = tree()
    for number in range(FORMER_MAX):
        told(catalog, rename_series(catalog, catalog.series[1], f"name {number}"))
    with pytest.raises(OpsroomError) as refused:
        rename_series(catalog, catalog.series[1], "one more")
    assert (refused.value.code, refused.value.params["limit"]) == ("names_too_many", FORMER_MAX)
    assert catalog.resolve(4, "P_avg") == catalog.series[1]


@pytest.mark.parametrize(
    "rule",
    [
        Rule(id="r", root_id=1, kind=RuleKind.LIMIT, series="energy/park/t1/P_avg", high=1.0),
        Rule(
            id="r",
            root_id=1,
            kind=RuleKind.LIMIT,
            series="energy/park/*/P_avg",
            high=1.0,
            owner="energy/park",
        ),
        Rule(id="r", root_id=1, kind=RuleKind.LIMIT, series="energy/farm/t1/power", high=1.0),
        Rule(
            id="r",
            root_id=1,
            kind=RuleKind.EXPRESSION,
            unit="energy/park/t1",
            names=(("a", "P_avg"),),
            formula="a",
            high=1.0,
        ),
    ],
    ids=["path", "pattern", "new path", "expression"],
)
def test_rules_go_on_watching_what_they_name(rule: Rule) -> None:
    assert 1 in [watch.series for watch in watches(renamed(), [rule])]


def test_the_economy_file_finds_what_was_renamed_and_keeps_the_name() -> None:
    catalog = renamed()
    text = (
        '[[unit]]\npath = "energy/park/t1"\nname = "T1"\n'
        '[[series]]\npath = "energy/park/t1/P_avg"\nunit = "MW"\ndescription = "Mean of ten minutes"\n'
    )
    told(catalog, differences(parse_economy(text), catalog))
    one = catalog.series[1]
    assert (len(catalog.series), len(catalog.units)) == (4, 5)
    assert (one.name, one.unit, one.description) == ("power", "MW", "Mean of ten minutes")
    assert catalog.units[3].name == "Wind farm"
    assert differences(parse_economy(text), catalog) == []


@pytest.mark.parametrize(
    ("before", "verified", "unit", "kept"),
    [("kW", True, "MW", "kW"), ("kW", True, "t/h", ""), ("odd", False, "MW", ""), ("", False, "MW", "")],
)
def test_a_file_that_tells_another_unit_keeps_what_can_be_converted(
    before: str, verified: bool, unit: str, kept: str
) -> None:
    catalog = tree()
    series = Series(
        id=1, root_id=1, unit_id=4, name="P_avg", unit=before, unit_verified=verified, adopted=False
    )
    catalog.apply(SeriesSet(series))
    text = f'[[series]]\npath = "energy/park/t1/P_avg"\nunit = "{unit}"\n'
    (change,) = differences(parse_economy(text), catalog)
    assert isinstance(change, SeriesSet)
    assert change.via == "file"
    assert change.series == replace(series, unit=unit, unit_verified=True, kept=kept, adopted=True)
