"""What is filed as event: found, kept, counted by itself; no alert, no call, no notice."""

from __future__ import annotations

from opsroom.records import RuleSet
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
