"""Relations: what the economy file makes of them, and what file and catalog refuse."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from opsroom.catalog import Catalog
from opsroom.economy import differences, parse_economy
from opsroom.errors import Conflict, NotFound, SettingsError
from opsroom.model import Relation, RelationKind
from opsroom.records import RelationSet, SeriesSet, decode_config, encode

DOCS = (Path(__file__).parents[2] / "docs/economy.md").read_text(encoding="utf-8")
EXAMPLE = next(block for block in re.findall(r"```toml\n(.*?)```", DOCS, re.DOTALL) if "[[claim]]" in block)
PATHS = dict.fromkeys(re.findall(r'"(\w[\w-]*(?:/[\w-]+)+)"', EXAMPLE))
TREE = "".join(f'[[unit]]\npath = "{path}"\n' for path in dict.fromkeys(p.rpartition("/")[0] for p in PATHS))
SERIES = "".join(f'[[series]]\npath = "{path}"\n' for path in PATHS)


def made(text: str, catalog: Catalog | None = None) -> Catalog:
    catalog = catalog or Catalog()
    changes = differences(parse_economy(text), catalog)
    catalog.check(changes)
    for change in decode_config(encode(changes)):
        catalog.apply(change)
    return catalog


def test_the_example_of_the_docs_makes_one_relation_of_each_kind() -> None:
    catalog = made(TREE + SERIES + EXAMPLE)
    found = {relation.kind: relation for relation in catalog.relations.values()}
    assert set(found) == set(RelationKind)
    paths = {
        kind: [catalog.series_path(member) for member in relation.members] for kind, relation in found.items()
    }
    assert paths[RelationKind.CLAIM] == ["energy/coke-plant/sent", "industry/gwangyang-steel/works/coke"]
    assert paths[RelationKind.ORDERS] == ["food/bakery/sold", "food/bakery/ordered"]
    claim, balance, whole = (found[k] for k in (RelationKind.CLAIM, RelationKind.BALANCE, RelationKind.WHOLE))
    assert (claim.lag, claim.clean_readings, claim.unit_id) == (1, 100, 1)
    assert (balance.weights, catalog.units[balance.unit_id].path) == ((1.0, -1.0, -1.0), "forestry/pulp")
    assert whole.clean == (1_772_323_200_000_000, 1_773_532_800_000_000)


def test_reading_again_changes_nothing_and_a_relation_keeps_its_id_by_name() -> None:
    catalog = made(TREE + SERIES + EXAMPLE)
    assert differences(parse_economy(TREE + SERIES + EXAMPLE), catalog) == []
    assert differences(parse_economy(TREE), catalog) == []
    (change,) = differences(parse_economy(EXAMPLE.replace("lag = 1", "lag = 0")), catalog)
    assert isinstance(change, RelationSet)
    before = catalog.relation_named("coke to the works")
    assert before is not None
    assert change.relation == msgspec.structs.replace(before, lag=0)
    made(EXAMPLE.replace("lag = 1", "watched = false"), catalog)
    assert catalog.relations[before.id].members == ()
    assert catalog.copy().relations == catalog.relations


HEAD = '[[unit]]\npath = "p"\n[[series]]\npath = "p/x"\n[[series]]\npath = "p/y"\n'
TWO = 'supplier = "p/x"\nconsumer = "p/y"\n'


@pytest.mark.parametrize(
    ("text", "line", "key"),
    [
        ("[[claim]]\n" + TWO, 7, "claim"),
        ('[[claim]]\nname = "a"\nsupplier = "p/x"\nconsumer = "p/x"\n', 10, "claim.consumer"),
        ('[[claim]]\nname = "a"\nsupplier = "p/z"\nconsumer = "p/x"\n', 9, "claim.supplier"),
        ('[[claim]]\nname = "a"\nsupplier = "p//x"\nconsumer = "p/x"\n', 9, "claim.supplier"),
        ('[[claim]]\nname = "a"\n' + TWO + "lag = 2\n", 11, "claim.lag"),
        ('[[claim]]\nname = "a"\n' + TWO + "clean_readings = 3\n", 11, "claim.clean_readings"),
        (
            '[[claim]]\nname = "a"\n' + TWO + "clean = [2026-01-02T00:00:00Z, 2026-01-01T00:00:00Z]\n",
            11,
            "claim.clean",
        ),
        (
            '[[claim]]\nname = "a"\n' + TWO + "clean = [2026-01-01T00:00:00, 2026-01-02T00:00:00]\n",
            11,
            "claim.clean",
        ),
        ('[[claim]]\nname = "a"\n' + TWO + '[[claim]]\nname = "a"\n' + TWO, 12, "claim.name"),
        ('[[claim]]\nname = "a"\n' + TWO + "weights = [1]\n", 11, "claim.weights"),
        ('[[balance]]\nname = "a"\nmembers = ["p/x", "p/y"]\nweights = [1.0]\n', 10, "balance.weights"),
        ('[[balance]]\nname = "a"\nmembers = ["p/x", "p/y"]\nweights = [1.0, 0]\n', 10, "balance.weights"),
        ('[[balance]]\nname = "a"\nmembers = ["p/x", "p/q"]\nweights = [1, -1]\n', 9, "balance.members"),
        ('[[orders]]\nname = "a"\ndemand = "p/x"\norders = "q/y"\n', 10, "orders.orders"),
        (
            '[[orders]]\nname = "a"\ndemand = "p/x"\norders = "p/y"\nclean_readings = 50\n',
            11,
            "orders.clean_readings",
        ),
        ('[[whole]]\nname = "a"\nmembers = ["p/x"]\n', 9, "whole.members"),
        ('[[whole]]\nname = "a"\nmembers = []\n', 9, "whole.members"),
    ],
)
def test_every_fault_names_file_line_and_key(text: str, line: int, key: str) -> None:
    with pytest.raises(SettingsError) as refused:
        differences(parse_economy(HEAD + text, "tree.toml"), Catalog())
    params = refused.value.params
    assert (params["file"], params["line"], params["key"]) == ("tree.toml", line, key)
    assert refused.value.remedy


def test_a_name_taken_by_another_kind_is_refused() -> None:
    catalog = made(HEAD + '[[claim]]\nname = "a"\n' + TWO)
    with pytest.raises(SettingsError) as refused:
        differences(parse_economy('[[orders]]\nname = "a"\ndemand = "p/x"\norders = "p/y"\n'), catalog)
    assert refused.value.params["key"] == "orders.name"


def test_a_catalog_refuses_members_that_are_not_there_and_names_that_are_taken() -> None:
    catalog = made(HEAD + '[[claim]]\nname = "a"\n' + TWO)
    other = Relation(id=9, root_id=1, unit_id=1, name="b", kind=RelationKind.CLAIM, members=(1, 2))
    catalog.check([RelationSet(other)])
    with pytest.raises(NotFound):
        catalog.check([RelationSet(msgspec.structs.replace(other, members=(1, 77)))])
    with pytest.raises(Conflict):
        catalog.check([RelationSet(msgspec.structs.replace(other, name="a"))])
    series = msgspec.structs.replace(catalog.series[2], id=3, name="z")
    catalog.check([SeriesSet(series), RelationSet(msgspec.structs.replace(other, members=(1, 3)))])
    assert catalog.next_relation_id == 2
