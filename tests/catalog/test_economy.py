"""The economy file: what it makes, that ids last, and that every fault names its line."""

from __future__ import annotations

import doctest
import json
import os
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

import opsroom.economy.hierarchy
from opsroom.catalog import Catalog
from opsroom.economy import (
    Economy,
    differences,
    from_hierarchy,
    ladder,
    load_economy,
    parse_economy,
    read_economy,
)
from opsroom.economy.file import FlowTable, IndicatorTable, SeriesTable, Tables, UnitTable
from opsroom.economy.relations import BalanceTable, ClaimTable, OrdersTable, WholeTable
from opsroom.errors import SettingsError
from opsroom.model import Indicator, Orientation, RelationKind, Series, Unit
from opsroom.records import SeriesSet, UnitSet

ROOT = Path(__file__).parents[2]
DOCS = (ROOT / "docs/economy.md").read_text(encoding="utf-8")
EXAMPLE = re.findall(r"```toml\n(.*?)```", DOCS, re.DOTALL)[0]
DATA = Path(os.environ.get("OPSROOM_TEST_DATA", ROOT.parent / "shared/data"))


def apply(economy: Economy, catalog: Catalog | None = None) -> Catalog:
    catalog = catalog or Catalog()
    changes = differences(economy, catalog)
    catalog.check(changes)
    for change in changes:
        catalog.apply(change)
    return catalog


def made(text: str) -> Catalog:
    return apply(parse_economy(text))


def unit(catalog: Catalog, path: str) -> Unit:
    found = catalog.unit_at(path)
    assert found is not None
    return found


def series(catalog: Catalog, path: str) -> Series:
    found = catalog.resolve(1, path)
    assert found is not None
    return found


def test_the_example_of_the_docs_loads() -> None:
    catalog = made(EXAMPLE)
    root, works = catalog.root(), unit(catalog, "industry/gwangyang-steel/works")
    assert root is not None
    assert (root.name, root.level_name, root.time_zone) == ("Chile", "corporation", "America/Santiago")
    assert (works.level_name, works.time_zone, works.depth) == ("plant", "Asia/Seoul", 3)
    park = unit(catalog, "energy/la-haute-borne")
    assert (park.name, park.level_name) == ("La Haute Borne", "enterprise")
    assert unit(catalog, "energy/la-haute-borne/R80711").time_zone == "Europe/Paris"
    assert unit(catalog, "energy").time_zone == "America/Santiago"
    output = series(catalog, "industry/gwangyang-steel/works/output")
    assert (output.band, output.recovery_s, output.consequence) == (
        (120.0, None),
        (600.0, 3600.0, 14400.0),
        "major",
    )
    assert output.indicator == Indicator(
        orientation=Orientation.MORE_IS_BETTER, capability=180.0, potentiality=220.0, essential=True
    )
    assert series(catalog, "energy/la-haute-borne/R80711/Wa_avg").circular == 360.0
    power = series(catalog, "energy/la-haute-borne/R80711/P_avg")
    assert (power.unit, power.unit_verified, power.indicator) == ("kW", True, None)
    assert catalog.siblings(power.id) == [series(catalog, "energy/la-haute-borne/R80721/P_avg").id]
    (flow,) = catalog.flows.values()
    assert catalog.units[flow.source_id].path == "energy/la-haute-borne"
    assert (flow.coefficient, flow.usual, flow.starved, flow.unit) == (0.4, 900.0, 0.6, "kW")


@pytest.mark.parametrize(
    "table",
    [
        *(Tables, UnitTable, SeriesTable, IndicatorTable, FlowTable),
        *(ClaimTable, BalanceTable, OrdersTable, WholeTable),
    ],
)
def test_every_key_is_documented(table: type[msgspec.Struct]) -> None:
    keys = {field.encode_name for field in msgspec.structs.fields(table)} - {
        "indicator",
        "series",
        "flow",
        "unit",
        *RelationKind,
    }
    assert [key for key in keys if f"`{key}`" not in DOCS] == []


def test_reading_again_changes_nothing_and_ids_are_kept_by_path() -> None:
    catalog = made(EXAMPLE)
    assert differences(parse_economy(EXAMPLE), catalog) == []
    before = series(catalog, "energy/la-haute-borne/R80711/P_avg")
    altered = EXAMPLE.replace('unit = "kW"\nperiod_s = 600', 'unit = "kW"\nperiod_s = 300', 1)
    (change,) = differences(parse_economy(altered), catalog)
    assert isinstance(change, SeriesSet)
    assert (change.series.id, change.series.period_s) == (before.id, 300.0)
    (change,) = differences(parse_economy(EXAMPLE.replace("La Haute Borne", "LHB")), catalog)
    assert isinstance(change, UnitSet)
    assert change.unit.id == unit(catalog, "energy/la-haute-borne").id


def test_what_a_plant_brought_is_adopted_and_keeps_what_the_file_leaves_open() -> None:
    catalog = made('root = "a"\n[[unit]]\npath = "p"')
    catalog.propose_series(2, "x", "kW", 60.0, unit_verified=True)
    apply(parse_economy('[[series]]\npath = "p/x"\nlow = 1.0'), catalog)
    found = series(catalog, "p/x")
    assert (found.id, found.adopted, found.unit, found.period_s) == (1, True, "kW", 60.0)
    assert (found.unit_verified, found.band) == (True, (1.0, None))
    assert unit(catalog, "").name == "a"


def test_the_catalog_is_not_touched_by_a_difference() -> None:
    catalog = Catalog()
    assert len(differences(parse_economy(EXAMPLE), catalog)) > 8
    assert (catalog.units, catalog.revision) == ({}, 0)


def test_any_depth_and_the_keys_of_an_indicator_in_the_series() -> None:
    path = "/".join("abcdefgh")
    catalog = made(
        f'[[unit]]\npath = "{path}"\nlevel = "cell"\n[[series]]\npath = "{path}/x"\norientation = "less"\n'
        'capability = 2\nessential = true\nrecovery_s = 60\nunit = "deg"\ncircular = 0'
    )
    deep = unit(catalog, path)
    assert (deep.depth, deep.level_name, unit(catalog, "a").level_name) == (8, "cell", "unit")
    found = series(catalog, f"{path}/x")
    assert found.indicator is not None
    assert (found.indicator.orientation, found.indicator.essential) == (Orientation.LESS_IS_BETTER, True)
    assert (found.recovery_s, found.circular) == ((60.0,), None)


HEAD = 'root = "a"\nlevels = ["top", "plant"]\n\n[[unit]]\npath = "p"\n\n[[series]]\npath = "p/x"\n'


@pytest.mark.parametrize(
    ("text", "line", "key"),
    [
        ("root = \n", 1, ""),
        ('root = "a"\nroots = 1\n', 2, "roots"),
        ('time_zone = "Mars/Base"\n', 1, "time_zone"),
        (HEAD + "period_s = 0\n", 9, "series.period_s"),
        (HEAD + 'period_s = "1"\n', 9, "series.period_s"),
        (HEAD + "perid_s = 1\n", 9, "series.perid_s"),
        (HEAD + "band = [2, 1]\n", 9, "series.band"),
        (HEAD + "band = [1]\n", 9, "series.band"),
        (HEAD + "band = [1, nan]\n", 9, "series.band"),
        (HEAD + "band = [1, 2]\nlow = 1\n", 9, "series.band"),
        (HEAD + "low = 3\nhigh = 2\n", 9, "series.low"),
        (HEAD + "recovery_s = [60, -1]\n", 9, "series.recovery_s"),
        (HEAD + 'consequence = "bad"\n', 9, "series.consequence"),
        (HEAD + "essential = true\n", 9, "series.essential"),
        (HEAD + "capability = 1\n", 9, "series.capability"),
        (HEAD + '[series.indicator]\norientation = "up"\n', 10, "series.indicator.orientation"),
        (HEAD + "[series.indicator]\ncapability = 1\n", 9, "series.indicator"),
        (HEAD + 'essential = true\n[series.indicator]\norientation = "more"\n', 9, "series.essential"),
        (HEAD + '[[series]]\npath = "p/x"\n', 10, "series.path"),
        (HEAD + '[[series]]\npath = "q/x"\n', 10, "series.path"),
        (HEAD + '[[series]]\npath = "p//x"\n', 10, "series.path"),
        (HEAD + "[[series]]\nperiod_s = 1\n", 9, "series"),
        (HEAD + '[[unit]]\npath = "p"\n', 10, "unit.path"),
        (HEAD + '[[unit]]\npath = "p/q"\n', 10, "unit.path"),
        (HEAD + '[[unit]]\npath = "/q"\nlevel = "x"\n', 10, "unit.path"),
        (HEAD + '[[unit]]\npath = "q"\ntime_zone = "no"\n', 11, "unit.time_zone"),
        (HEAD + '[[flow]]\nfrom = "p/x"\nto = "r"\n', 11, "flow.to"),
        (HEAD + '[[flow]]\nfrom = "p/x"\n', 9, "flow"),
        (HEAD + '[[flow]]\nfrom = "p/x"\nto = ""\n', 11, "flow.to"),
        (HEAD + '[[unit]]\npath = "q"\n[[flow]]\nfrom = "p"\nto = "q"\nseries = "q/no"\n', 14, "flow.series"),
        (HEAD + '[[unit]]\npath = "q"\n[[flow]]\nfrom = "p/x"\nto = "q"\nunit = "kg"\n', 14, "flow.unit"),
    ],
)
def test_every_fault_names_file_line_and_key(text: str, line: int, key: str) -> None:
    with pytest.raises(SettingsError) as refused:
        differences(parse_economy(text, "tree.toml"), Catalog())
    params = refused.value.params
    assert (params["file"], params["line"], params["key"]) == ("tree.toml", line, key)
    assert refused.value.message.startswith(f"tree.toml:{line}: ")
    assert refused.value.remedy


def test_a_file_is_read_from_disk_and_none_is_no_change(tmp_path: Path) -> None:
    file = tmp_path / "economy.toml"
    assert load_economy(file, Catalog()) == []
    file.write_text(EXAMPLE, encoding="utf-8")
    assert load_economy(str(file), Catalog()) == differences(parse_economy(EXAMPLE), Catalog())
    file.write_bytes(b'root = "\xff"')
    with pytest.raises(SettingsError) as refused:
        read_economy(file)
    assert refused.value.params["file"] == str(file)


def test_a_bare_tree_takes_its_levels_from_the_ladder() -> None:
    body = {"chile": {"energy": {"park": ["t1", "t2"]}, "steel": {}}}
    catalog = apply(from_hierarchy(body, "America/Santiago"))
    levels = [(u.path, u.level_name) for u in catalog.below(1)]
    assert levels == [
        ("", "corporation"),
        ("energy", "branch"),
        ("steel", "branch"),
        ("energy/park", "enterprise"),
        ("energy/park/t1", "plant"),
        ("energy/park/t2", "plant"),
    ]
    assert unit(catalog, "").name == "chile"
    assert {u.time_zone for u in catalog.units.values()} == {"America/Santiago"}


def test_the_ladder_has_as_many_steps_as_asked() -> None:
    assert [len(ladder(count)) for count in range(1, 9)] == list(range(1, 9))
    assert all(ladder(count)[-1] == "plant" for count in range(1, 9))
    assert doctest.testmod(opsroom.economy.hierarchy).failed == 0


@pytest.mark.parametrize("body", [{}, {"a": {}, "b": {}}, {"a": 1}, {"a": {"b": "plant"}}, {"a": [1]}])
def test_a_tree_that_is_none_is_refused(body: dict[str, Any]) -> None:
    with pytest.raises(SettingsError) as refused:
        from_hierarchy(body, where="h.json")
    assert refused.value.params["file"] == "h.json"


@pytest.mark.data
def test_the_recorded_economy_has_four_levels() -> None:
    file = DATA / "economy/hierarchy.json"
    if not file.exists():
        pytest.skip("no recorded economy: set OPSROOM_TEST_DATA")
    catalog = apply(from_hierarchy(json.loads(file.read_text(encoding="utf-8"))))
    works = unit(catalog, "industry/gwangyang-steel/works")
    assert [u.level_name for u in catalog.ancestors(works.id)] == [
        "plant",
        "enterprise",
        "branch",
        "corporation",
    ]
    assert len(catalog.units) == 17
