"""What every store engine keeps of rules: what they found, and each of their versions."""

from __future__ import annotations

from msgspec.structs import replace

from opsroom.model import ChangeKind, Finding, FindingVerb
from opsroom.records import RuleSet
from opsroom.rule import Rule, RuleKind, Ruling
from tests.conformance.shelf import Shelf, each_engine

HOT = Rule(id="hot", root_id=1, kind=RuleKind.LIMIT, series="mill/heat", high=80.0)


def ruling(
    at: int, rule: str = "hot", *, unit_id: int = 1, opened: bool = True, event: bool = False
) -> Ruling:
    verb = FindingVerb.OPEN if opened else FindingVerb.BACK
    finding = Finding(series_id=7, verb=verb, detector=f"rule:{rule}", kind=ChangeKind.LIMIT, at=at)
    return Ruling(finding=finding, rule=rule, unit_id=unit_id, event=event)


@each_engine
def test_what_rules_found_is_counted_and_events_are_listed(shelf: Shelf) -> None:
    store = shelf.open(shelf.fresh())
    store.journal.commit(
        1, [], [], [], rulings=[ruling(10), ruling(11, opened=False), ruling(12, "warm", event=True)]
    )
    store.journal.commit(1, [], [], [], rulings=[ruling(10)])
    more = [
        ruling(20, "warm", event=True, opened=False),
        ruling(20, unit_id=2),
        ruling(30, "warm", event=True),
    ]
    store.journal.commit(5, [], [], [], rulings=more)
    assert store.rulings.raises(0, 30) == [("hot", 1, False, 1), ("hot", 2, False, 1), ("warm", 1, True, 1)]
    assert store.rulings.raises(11, 31) == [("hot", 2, False, 1), ("warm", 1, True, 2)]
    assert [(one.finding.at, one.opened) for one in store.rulings.events([1, 2], 0, 40, 10)] == [
        (30, True),
        (20, False),
        (12, True),
    ]
    assert [one.finding.at for one in store.rulings.events([1], 0, 30, 1)] == [20]
    assert store.rulings.events([2], 0, 40, 10) == []


@each_engine
def test_every_version_of_a_rule_is_kept(shelf: Shelf) -> None:
    store = shelf.open(shelf.fresh())
    second, third = replace(HOT, version=2, high=90.0), replace(HOT, version=3, retired=True)
    store.journal.commit(1, [], [RuleSet(HOT), RuleSet(second)], [])
    store.journal.commit(2, [], [RuleSet(third), RuleSet(replace(HOT, id="cold"))], [])
    assert store.rulings.versions("hot") == [third, second, HOT]
    assert store.rulings.versions("none") == []
    assert store.catalog.rules()[-1] == third
