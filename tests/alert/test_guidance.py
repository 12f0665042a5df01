"""Guidance comes down the tree: a rule's own, else its class's, else the nearest unit's, with its name."""

from __future__ import annotations

from msgspec.structs import replace

from opsroom.alert.explain import explain
from opsroom.catalog import Catalog
from opsroom.model import ChangeKind, Finding, FindingVerb, Sentence
from opsroom.notify.edges import SENTENCES_KEPT
from opsroom.records import RuleSet, UnitSet
from opsroom.rule import Rule, helps
from opsroom.words import word
from tests.rules.feed import limit, tree


def catalog(*rules: Rule, **guidance: str) -> Catalog:
    """Give root, mill and mill/press with a series; `guidance` by `root`, `mill`, `press`."""
    made = Catalog()
    for change in [*tree(), *(RuleSet(rule) for rule in rules)]:
        made.apply(change)
    for path, name in (("", "root"), ("mill", "mill"), ("mill/press", "press")):
        unit = made.unit_at(path)
        assert unit is not None
        if name in guidance:
            made.apply(UnitSet(replace(unit, name=name.title(), guidance=guidance[name])))
    return made


def said(made: Catalog, *detectors: str) -> list[Sentence]:
    found = [
        Finding(
            series_id=1,
            verb=FindingVerb.OPEN,
            detector=one,
            kind=ChangeKind.LIMIT,
            at=0,
            value=99.0,
            high=10.0,
        )
        for one in detectors
    ]
    return [one for one in explain(made, made.series[1], found) if helps(one)]


def test_the_nearest_unit_up_the_tree_helps_whatever_found_it() -> None:
    made = catalog(limit(), root="Call the ministry.", mill="Ask the mill.")
    for detector in ("rule:hot", "tail"):
        (one,) = said(made, detector)
        assert one == Sentence("why.unit.guidance", {"guidance": "Ask the mill.", "place": "Mill"})
        assert word("en", one.code, one.params) == "Guidance from Mill: Ask the mill."
        assert word("de", one.code, one.params) == "Hinweis von Mill: Ask the mill."
    (one,) = said(catalog(press="Turn it off.", mill="Ask the mill."), "tail")
    assert one.params["guidance"] == "Turn it off."
    assert said(catalog(), "tail") == []


def test_a_rule_and_its_class_are_nearer_than_any_unit() -> None:
    own = limit(guidance="Slowly.", procedure="https://example.org/p", class_guidance="Count to ten.")
    assert [(one.code, one.params) for one in said(catalog(own, press="Ask."), "rule:hot")] == [
        ("why.rule.guidance", {"guidance": "Slowly."}),
        ("why.rule.procedure", {"procedure": "https://example.org/p"}),
    ]
    of_class = limit(class_guidance="Count to ten.", alarm_class="calm")
    assert [(one.code, one.params) for one in said(catalog(of_class, press="Ask."), "rule:hot", "tail")] == [
        ("why.class.guidance", {"guidance": "Count to ten.", "alarm_class": "calm"})
    ]


def test_a_notification_tells_it_however_much_else_is_said() -> None:
    from opsroom.notify.edges import told_of

    rule = limit(consequence="severe", response="Open it.", response_s=120.0)
    made = catalog(rule, mill="Ask the mill.")
    found = [
        Finding(
            series_id=1, verb=FindingVerb.OPEN, detector="rule:hot", kind=ChangeKind.LIMIT, at=0, value=99.0
        )
    ]
    sentences = explain(made, made.series[1], found)
    assert not any(helps(one) for one in sentences[:SENTENCES_KEPT])
    kept = told_of(sentences)
    assert kept[:SENTENCES_KEPT] == sentences[:SENTENCES_KEPT]
    assert [one.code for one in kept[SENTENCES_KEPT:]] == ["why.unit.guidance"]
