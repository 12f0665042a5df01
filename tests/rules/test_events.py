"""What is filed as event: found, kept, counted by itself; no alert, no call, no notice."""

from __future__ import annotations

from opsroom.drill import said
from opsroom.records import RecordKind, Reported, RuleSet, encode
from opsroom.rule import Rule, RuleKind
from tests.rules.feed import Feed, limit


def test_an_event_is_found_and_opens_nothing() -> None:
    feed = Feed([limit(id="warm", event=True), limit(id="hot", high=50.0)])
    step = feed.read([(1, 0, 20.0), (1, 60, 5.0), (1, 120, 20.0)])
    assert [(one.rule, one.event, one.opened, one.unit_id) for one in step.ruled] == [
        ("warm", True, True, 3),
        ("warm", True, False, 3),
        ("warm", True, True, 3),
    ]
    assert step.transitions == []
    assert feed.core.book.open == {}
    both = feed.read([(1, 180, 60.0)])
    assert [(one.rule, one.event) for one in both.ruled] == [("hot", False)]
    assert [edge.verb for edge in both.transitions] == ["raised"]
    (alert,) = feed.core.book.open.values()
    assert {finding.detector for finding in alert.findings} == {"rule:hot"}


def test_an_event_that_ends_with_an_alarm_of_its_series_does_not_hold_the_alert() -> None:
    feed = Feed([limit(id="warm", event=True), limit(id="hot", high=15.0)])
    feed.read([(1, 0, 20.0)])
    step = feed.read([(1, 60, 5.0)])
    assert sorted(one.rule for one in step.ruled) == ["hot", "warm"]
    assert [edge.verb for edge in step.transitions] == ["recovered"]


def test_the_version_that_found_it_is_kept_with_it() -> None:
    feed = Feed([limit(id="warm", event=True)])
    feed.read([(1, 0, 20.0)])
    feed.config([RuleSet(limit(id="warm", event=True, version=2, high=30.0))])
    step = feed.read([(1, 60, 5.0), (1, 120, 40.0)])
    assert {(one.rule, one.version) for one in step.ruled} == {("warm", 2)}


def test_a_retired_event_ends_with_its_name() -> None:
    feed = Feed([limit(id="warm", event=True)])
    feed.read([(1, 0, 20.0)])
    step = feed.config([RuleSet(limit(id="warm", event=True, version=2, retired=True))])
    assert [(one.rule, one.event, one.opened) for one in step.ruled] == [("warm", True, False)]
    assert step.transitions == []


def put(feed: Feed, rule: Rule) -> list[str]:
    return [edge.verb for edge in feed.config([RuleSet(rule)]).transitions]


def test_an_alarm_that_is_filed_as_event_from_now_on_ends_its_alert() -> None:
    feed = Feed([limit()])
    feed.read([(1, 0, 20.0)])
    assert put(feed, limit(event=True, version=2)) == ["recovered"]
    assert feed.read([(1, 60, 20.0), (1, 120, 5.0)]).transitions == []


def test_an_event_that_is_an_alarm_from_now_on_alarms_while_it_lasts() -> None:
    feed = Feed([limit(event=True)])
    feed.read([(1, 0, 20.0)])
    step = feed.config([RuleSet(limit(version=2))])
    assert [(one.event, one.opened) for one in step.ruled] == [(True, False)]
    assert [edge.verb for edge in feed.read([(1, 60, 20.0)]).transitions] == ["raised"]
    assert [edge.verb for edge in feed.read([(1, 120, 5.0)]).transitions] == ["recovered"]


def test_silence_that_was_an_event_alarms_without_another_report() -> None:
    silence = limit(kind=RuleKind.MISSING, high=None, after_s=100.0, event=True)
    feed = Feed([silence], clock="wall")
    feed.read([(1, 0, 5.0)])
    feed.record(RecordKind.TICK, received=150)
    put(feed, limit(kind=RuleKind.MISSING, high=None, after_s=100.0, version=2))
    assert [edge.verb for edge in feed.record(RecordKind.TICK, received=151).transitions] == ["raised"]


def test_a_rule_that_watches_another_kind_of_thing_ends_what_stood_by_it() -> None:
    feed = Feed([limit()])
    feed.read([(1, 0, 20.0)])
    assert put(feed, limit(kind=RuleKind.RATE, high=500.0, version=2)) == ["recovered"]


def test_an_event_that_is_retired_ends_no_alert_of_others() -> None:
    feed = Feed([limit(event=True)])
    feed.read([(1, 0, 20.0)])
    told = Reported(source="drill", findings=(said(1, 0, until=10**12),))
    assert [edge.verb for edge in feed.record(RecordKind.ACT, encode(told)).transitions] == ["raised"]
    assert put(feed, limit(event=True, version=2, retired=True)) == []
