"""What a rule's record makes of its alerts: class, priority, words, and what stands for them."""

from opsroom.alarm import AlarmState
from opsroom.model import Priority, Series
from opsroom.records import AnyConfig, RuleSet, SeriesSet
from opsroom.rule import Rule, Suppression
from opsroom.words import word
from tests.rules.feed import Feed, limit, tree, unit

CHILDREN = 30


def power() -> tuple[list[AnyConfig], list[Rule]]:
    """A site with a supply and thirty pumps below it."""
    config: list[AnyConfig] = [unit(1, None, ""), unit(2, 1, "site"), unit(3, 1, "other")]
    config.append(SeriesSet(Series(id=1, root_id=1, unit_id=2, name="volts")))
    for n in range(CHILDREN):
        config.append(unit(10 + n, 2, f"site/pump{n}"))
        config.append(SeriesSet(Series(id=10 + n, root_id=1, unit_id=10 + n, name="flow")))
    config.append(SeriesSet(Series(id=99, root_id=1, unit_id=3, name="flow")))
    rules = [
        limit(id="cut", series="site/volts", low=200.0, high=None),
        limit(id="dry", series="*/flow", low=1.0, high=None, suppress=(Suppression(rule="cut"),)),
    ]
    return config, rules


def states(feed: Feed) -> dict[int, AlarmState]:
    return {alert.series_id: alert.state for alert in feed.core.book.open.values()}


def test_a_cause_stands_for_what_lies_below_it_and_for_nothing_else() -> None:
    config, rules = power()
    feed = Feed(rules, config=config)
    ids = [*range(10, 10 + CHILDREN), 99]
    feed.read([(1, 0, 100.0), *((one, 0, 0.0) for one in ids)])
    found = states(feed)
    assert found[1] is AlarmState.UNACKED
    assert found[99] is AlarmState.UNACKED
    assert {found[one] for one in ids[:-1]} == {AlarmState.SUPPRESSED}
    feed.read([(1, 60, 230.0), *((one, 60, 0.0) for one in ids)])
    assert {states(feed)[one] for one in ids} == {AlarmState.UNACKED}


def test_a_design_that_ends_lets_go() -> None:
    config, rules = power()
    feed = Feed(rules, config=config)
    feed.config([RuleSet(limit(id="dry", series="*/flow", low=1.0, high=None, version=2))])
    feed.read([(1, 0, 100.0), (10, 0, 0.0)])
    assert states(feed)[10] is AlarmState.UNACKED


def test_class_and_priority_come_from_the_record() -> None:
    rule = limit(
        consequence="severe", response_s=120.0, response="Open it.", alarm_class="safety", latching=True,
        title="Hot", guidance="Slowly.",
    )  # fmt: skip
    feed = Feed([rule])
    feed.read([(1, 0, 99.0), (1, 60, 5.0)])
    (alert,) = feed.core.book.open.values()
    assert (alert.rule, alert.alarm_class, alert.priority) == ("hot", "safety", Priority.ACT_NOW)
    assert alert.state is AlarmState.LATCHED_UNACKED
    codes = [sentence.code for sentence in alert.explanation]
    assert codes[:4] == ["why.limit.above", "why.rule", "why.rule.response", "why.rule.guidance"]
    told = [word("en", one.code, one.params) for one in alert.explanation[1:4]]
    assert told == [
        "The rule “Hot” is met.",
        "Agreed response, within 2 min: Open it.",
        "Guidance: Slowly.",
    ]


def test_a_graver_rule_makes_an_alert_graver_that_nobody_has_seen_yet() -> None:
    high = limit(id="high", consequence="minor", response_s=3600.0)
    highest = limit(
        id="highest", high=20.0, consequence="severe", response_s=120.0, alarm_class="safety", latching=True
    )
    feed = Feed([high, highest])
    feed.read([(1, 0, 15.0)])
    (alert,) = feed.core.book.open.values()
    assert (alert.rule, alert.alarm_class, alert.priority) == ("high", "process", Priority.WATCH)
    feed.read([(1, 60, 25.0)])
    (alert,) = feed.core.book.open.values()
    assert (alert.rule, alert.alarm_class, alert.priority) == ("highest", "safety", Priority.ACT_NOW)
    feed.read([(1, 120, 15.0)])  # the lesser one stands, and the alert with it
    (alert,) = feed.core.book.open.values()
    assert (alert.state, alert.priority) == (AlarmState.UNACKED, Priority.ACT_NOW)
    feed.read([(1, 180, 5.0)])
    (alert,) = feed.core.book.open.values()
    assert alert.state is AlarmState.LATCHED_UNACKED


def test_a_rule_without_time_to_respond_is_only_watched() -> None:
    feed = Feed([limit(consequence="severe")], config=tree())
    feed.read([(1, 0, 99.0)])
    assert [alert.priority for alert in feed.core.book.open.values()] == [Priority.WATCH]
