"""Rules beside the detectors: from readings to alerts, at their own instants, whatever the batches."""

from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsroom.core import START
from opsroom.model import Series
from opsroom.records import RecordKind, RuleSet, SeriesSet
from opsroom.rule import Rule, RuleKind
from opsroom.rules import dump
from tests.rules.feed import Feed, limit, tree


def line(values: list[float], every: int = 60, series: int = 1) -> list[tuple[int, float, float]]:
    return [(series, every * n, value) for n, value in enumerate(values)]


def test_a_limit_opens_an_alert_and_ends_it() -> None:
    feed = Feed([limit()])
    feed.read(line([5, 5, 11, 12, 9]))
    assert feed.edges == [("raised", 120, 1), ("recovered", 240, 1)]


def test_a_deadband_and_delays_hold_back_both_edges() -> None:
    feed = Feed([limit(deadband=2.0, on_delay_s=120, off_delay_s=180)])
    feed.read(line([11, 9, 11, 11, 11, 9, 9, 7, 7, 9, 7, 7, 7, 7]))
    assert feed.told == [("hot", "open", 240, 1), ("hot", "back", 780, 1)]


def test_a_delay_passes_on_the_rooms_clock_where_nothing_more_comes() -> None:
    feed = Feed([limit(on_delay_s=120)])
    feed.read([(1, 0, 11.0)])
    assert feed.told == []
    feed.read([(2, 121, 0.0)])
    assert feed.told == [("hot", "open", 120, 1)]
    verb, at, _ = feed.edges[0]
    assert verb == "raised"
    assert at == pytest.approx(120, abs=1e-5)


def test_bad_readings_neither_raise_nor_clear() -> None:
    feed = Feed([limit()])
    feed.read([(1, 0, 99.0)], quality=0)
    feed.read([(1, 60, float("nan"))])
    assert feed.told == []
    feed.read([(1, 120, 99.0)])
    feed.read([(1, 180, 5.0)], quality=0)
    assert feed.verbs == [("open", 120)]


def test_late_readings_are_stored_and_not_judged() -> None:
    feed = Feed([limit()])
    feed.read(line([5, 5, 5]))
    step = feed.read([(1, 90, 99.0)])
    assert (step.late, feed.told) == (1, [])


def test_a_rate_is_the_change_over_its_span() -> None:
    rule = limit(kind=RuleKind.RATE, high=2.0, per_s=60.0, over_s=120.0)
    feed = Feed([rule])
    feed.read(line([0, 1, 2, 3, 6, 9, 12, 12, 12]))
    # 2 a minute over two minutes is not above; 3 a minute is.
    assert feed.verbs == [("open", 300), ("back", 420)]


def test_a_rate_on_a_circle_goes_the_short_way() -> None:
    turning = msgspec.structs.replace(tree()[3].series, circular=360.0)  # type: ignore[union-attr]
    rule = limit(kind=RuleKind.RATE, high=30.0, low=-30.0, per_s=60.0, over_s=60.0)
    feed = Feed([rule], config=[*tree()[:3], SeriesSet(turning)])
    feed.read(line([350, 5, 350, 100]))
    assert feed.verbs == [("open", 180)]


def test_silence_is_found_on_the_rooms_clock_and_ends_with_a_report() -> None:
    rule = limit(kind=RuleKind.MISSING, high=None, periods=3.0)
    feed = Feed([rule], clock="wall")
    feed.read([(1, 0, 5.0)], received=10)
    feed.record(RecordKind.TICK, received=189)
    assert feed.told == []
    feed.record(RecordKind.TICK, received=300)
    assert feed.verbs == [("open", 180)]
    feed.read([(1, 300, 5.0)], received=310, quality=0)
    assert feed.verbs == [("open", 180), ("back", 300)]


def test_a_start_of_the_room_is_nobodys_silence() -> None:
    rule = limit(kind=RuleKind.MISSING, high=None, after_s=100.0)
    feed = Feed([rule], clock="wall")
    feed.read([(1, 0, 5.0)], received=1)
    feed.record(RecordKind.TICK, START, received=1000)
    feed.record(RecordKind.TICK, received=1099)
    assert feed.told == []
    feed.record(RecordKind.TICK, received=1102)
    assert [verb for verb, _ in feed.verbs] == ["open"]


def test_chatter_is_held_until_it_has_been_quiet() -> None:
    swing = [11.0, 9.0] * 40
    naive, guarded = Feed([limit()]), Feed([limit(chatter_raises=3, chatter_in_s=600.0)])
    for feed in (naive, guarded):
        feed.read(line([*swing, *[9.0] * 30]))
    assert sum(verb == "open" for verb, _ in naive.verbs) == 40
    assert [verb for verb, _ in guarded.verbs] == ["open", "back", "open", "back", "open", "back"]
    assert guarded.verbs[-1][1] == 60 * 79 + 600  # it was quiet for the whole ten minutes


def test_two_rules_hold_one_alert_and_the_last_ends_it() -> None:
    feed = Feed([limit(), limit(id="hotter", high=20.0)])
    feed.read(line([5, 25, 15, 5]))
    assert feed.edges == [("raised", 60, 1), ("evidence", 60, 1), ("recovered", 180, 1)]


def test_detectors_and_rules_hold_one_alert_together() -> None:
    band = msgspec.structs.replace(tree()[3].series, band=(0.0, 10.0))  # type: ignore[union-attr]
    feed = Feed([limit(off_delay_s=600)], detection=True, config=[*tree()[:3], SeriesSet(band)])
    feed.read(line([5.0] * 5 + [50.0] * 5 + [5.0] * 20))
    assert [verb for verb, _, _ in feed.edges if verb in {"raised", "recovered"}] == ["raised", "recovered"]
    assert feed.edges[-1][:2] == ("recovered", 1200)


def test_an_event_is_told_and_opens_nothing() -> None:
    feed = Feed([limit(event=True)])
    feed.read(line([5, 25, 5]))
    assert feed.verbs == [("open", 60), ("back", 120)]
    assert feed.edges == []


def test_a_retired_rule_lets_go() -> None:
    feed = Feed([limit()])
    feed.read(line([5, 25]))
    feed.config([RuleSet(limit(retired=True, version=2))])
    assert [verb for verb, _, _ in feed.edges] == ["raised", "recovered"]
    feed.read([(1, 180, 30.0)])
    assert len(feed.edges) == 2


def test_an_altered_rule_keeps_what_it_remembers() -> None:
    feed = Feed([limit()])
    feed.read(line([5, 25]))
    feed.config([RuleSet(limit(high=30.0, version=2))])
    assert [verb for verb, _, _ in feed.edges] == ["raised"]
    feed.read([(1, 180, 25.0)])
    assert [verb for verb, _, _ in feed.edges] == ["raised", "recovered"]


def test_a_series_that_comes_later_is_watched() -> None:
    feed = Feed([limit(series="mill/*")])
    feed.config([SeriesSet(Series(id=9, root_id=1, unit_id=2, name="dust"))])
    feed.read([(9, 60, 11.0)])
    assert feed.told == [("hot", "open", 60, 9)]


def test_only_series_that_a_rule_could_mean_arrange_it_anew() -> None:
    feed = Feed([limit()])
    before = feed.core.rules
    feed.config([SeriesSet(Series(id=9, root_id=1, unit_id=2, name="dust"))])
    assert feed.core.rules is before
    moved = msgspec.structs.replace(feed.core.catalog.series[1], name="warmth")
    feed.config([SeriesSet(moved)])
    feed.config([SeriesSet(Series(id=10, root_id=1, unit_id=3, name="heat"))])
    feed.read([(1, 60, 11.0), (10, 60, 11.0)])
    assert feed.told == [("hot", "open", 60, 10)]


def several(**changed: Any) -> Rule:
    body: dict[str, Any] = {
        "id": "loss", "root_id": 1, "kind": RuleKind.EXPRESSION, "unit": "mill/press",
        "names": (("heat", "heat"), ("flow", "flow")), "formula": "heat - flow > 5",
    }  # fmt: skip
    return Rule(**{**body, **changed})


def test_an_expression_waits_until_all_have_spoken() -> None:
    feed = Feed([several()])
    feed.read([(1, 0, 10.0), (2, 0, 9.0), (1, 60, 20.0), (2, 60, 19.0), (1, 120, 20.0), (2, 120, 9.0)])
    assert feed.told == [("loss", "open", 120, 1)]


def test_an_expression_goes_on_without_a_series_that_is_late() -> None:
    feed = Feed([several()])
    feed.read([(1, 0, 10.0), (2, 0, 9.0), (1, 60, 20.0)])
    assert feed.told == []
    feed.read([(1, 62, 20.0)])
    assert feed.verbs == [("open", 60)]


def test_an_expression_does_not_believe_what_is_too_old() -> None:
    feed = Feed([several(max_age_s=90.0)])
    feed.read([(1, 0, 10.0), (2, 0, 9.0), (1, 60, 10.0), (1, 120, 99.0), (1, 180, 99.0)])
    assert feed.told == []


def test_an_expression_over_a_window() -> None:
    feed = Feed([several(formula="avg(heat, 120) > 10 and max(flow, 600) < 3")])
    feed.read([(n, 60 * k, v) for k, v in enumerate([9.0, 12.0, 9.0, 9.0]) for n, v in ((1, v), (2, 1.0))])
    assert feed.verbs == [("open", 60), ("back", 180)]


def test_a_deviation_is_from_the_forecast_before_the_reading() -> None:
    noise = np.random.default_rng(1).normal(50.0, 1.0, 600)
    feed = Feed([limit(id="odd", kind=RuleKind.DEVIATION, low=-4.0, high=4.0)], detection=True)
    feed.read(line([*noise, 90.0]))
    assert feed.told[-1][:3] == ("odd", "open", 36_000)
    blind = Feed([limit(id="odd", kind=RuleKind.DEVIATION, low=-4.0, high=4.0)], detection=False)
    blind.read(line([*noise, 90.0]))
    assert blind.told == []


RULES = [
    limit(deadband=1.0, on_delay_s=90, off_delay_s=150, chatter_raises=2, chatter_in_s=900),
    limit(id="flow", series="mill/press/flow", high=12.0),
    limit(id="fast", kind=RuleKind.RATE, high=2.0, low=-2.0, over_s=180.0),
    limit(id="gone", kind=RuleKind.MISSING, high=None, periods=2.0, off_delay_s=120),
    several(),
    several(id="mean", formula="avg(heat, 240) > 9 or min(flow, 120) > 11", on_delay_s=60),
]


def story(seed: int) -> list[tuple[int, float, float]]:
    rng = np.random.default_rng(seed)
    found: list[tuple[int, float, float]] = []
    for n in range(60):
        spoken = [series for series in (1, 2) if rng.random() < 0.85]
        found += [(series, 60 * n, float(rng.normal(10.0, 3.0))) for series in spoken]
    return found


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 1000), st.sets(st.integers(1, 100), max_size=12))
def test_how_readings_are_cut_and_snapshots_change_nothing(seed: int, cuts: set[int]) -> None:
    readings = story(seed)
    whole = Feed(RULES)
    whole.read(readings)
    pieces = Feed(RULES)
    ends = [*sorted(cut for cut in cuts if cut < len(readings)), len(readings)]
    for number, (start, end) in enumerate(zip([0, *ends], ends, strict=False)):
        if start < end:
            pieces.read(readings[start:end])
        if number % 3 == 2:
            before = dump(pieces.core.rules)
            assert pieces.core.restore(pieces.core.snapshot())
            assert dump(pieces.core.rules) == before
    assert pieces.told == whole.told
    assert pieces.edges == whole.edges
    assert dump(pieces.core.rules) == dump(whole.core.rules)
    assert len(whole.told) > 5


def test_other_series_in_the_batch_change_nothing() -> None:
    readings = story(3)
    alone, crowd = Feed(RULES, config=tree(40)), Feed([*RULES, limit(id="all", series="*")], config=tree(40))
    alone.read(readings)
    crowd.read(sorted([*readings, *((n, 60.0 * k, 50.0) for n in range(3, 41) for k in range(60))],
                      key=lambda one: (one[1], one[0])))  # fmt: skip
    assert [one for one in crowd.told if one[0] != "all"] == alone.told


def test_silence_goes_on_after_people_ended_its_alert() -> None:
    rule = limit(kind=RuleKind.MISSING, high=None, after_s=100.0)
    feed = Feed([rule], clock="wall")
    feed.read([(1, 0, 5.0)])
    feed.record(RecordKind.TICK, received=150)
    feed.core.rules = feed.core.rulebook.release(feed.core.rules, 1)
    feed.record(RecordKind.TICK, received=151)
    assert feed.verbs == [("open", 100), ("open", 100)]
