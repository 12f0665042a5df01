"""Seasons, gaps, siblings and second alarms, as the tail takes them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit
from numpy.typing import NDArray

from opsroom.detect import Engine, SeriesSpec, State, tail
from opsroom.detect.evidence import APART
from opsroom.model import Columns, Finding
from tests.detect.streams import autoregressive, feed, matrix, opens

DAY = 144
PERIOD_S = 600.0


def run_on(
    values: NDArray[np.float64], edges: list[int] | None = None, **spec: Any
) -> tuple[State, list[Finding], Columns]:
    """Feed a matrix [readings, series] of ten minutes; gives the state, what was found, and the stream."""
    engine, stream = Engine(discord_share=0.0), matrix(values, PERIOD_S)
    specs = [SeriesSpec(id=i + 1, unit_id=1, **spec) for i in range(values.shape[1])]
    state, found = feed(engine, engine.configure(engine.blank(), specs), stream, edges or [])
    return state, found, stream


def test_the_week_is_used_where_there_is_one() -> None:
    """A plan for every hour of the week, against a day's wave alone."""
    rng = np.random.default_rng(1)
    hours = np.arange(5 * 7 * DAY)
    wave = 3.0 * np.sin(2.0 * np.pi * (hours % DAY) / DAY)
    plan = 4.0 * rng.normal(size=7 * 24)[(hours // 6) % (7 * 24)]
    noise = rng.normal(size=(len(hours), 2))
    state, _, _ = run_on(np.column_stack([wave + noise[:, 0], wave + plan + noise[:, 1]]))
    own = state.rows["tail"]
    assert own["weekly"].tolist() == [0, 1]
    assert own["weekday"][1] < tail.WEEK_USED * own["plain"][1]
    assert own["spread"][1] < 2.0 < own["plain"][1]


def test_a_clock_change_is_no_news() -> None:
    """The plant keeps local time: its day moves by an hour in UTC."""
    change = datetime(2015, 10, 25, 1, tzinfo=UTC).timestamp() * 1e6
    start = change - 21 * 86_400_000_000
    t = (start + np.arange(28 * DAY) * PERIOD_S * 1e6).astype(np.int64)
    local = t + np.where(t < change, 2, 1) * 3_600_000_000
    rng = np.random.default_rng(2)
    v = np.where((local // 3_600_000_000) % 24 >= 12, 20.0, 0.0) + rng.normal(size=len(t))
    stream = Columns(np.ones(len(t), np.int32), t, v, np.full(len(t), 192, np.uint8))

    def alarms(zone: str) -> int:
        engine = Engine(discord_share=0.0)
        spec = SeriesSpec(id=1, unit_id=1, time_zone=zone)
        found = feed(engine, engine.configure(engine.blank(), [spec]), stream, [])[1]
        return len([one for one in opens(found) if one.at >= change])

    assert alarms("Europe/Berlin") == 0
    assert alarms("UTC") > 0


@pytest.mark.parametrize("after_s", [60.0, 3_600.0])
def test_a_series_that_changes_its_period_goes_on(after_s: float) -> None:
    rng = np.random.default_rng(3)
    v = rng.normal(size=3_000)
    steps = np.where(np.arange(3_000) < 2_000, PERIOD_S, after_s) * 1e6
    t = (1_437_264_000_000_000 + np.cumsum(steps)).astype(np.int64)
    engine = Engine(discord_share=0.0)
    state = engine.configure(engine.blank(), [SeriesSpec(id=1, unit_id=1)])
    stream = Columns(np.ones(3_000, np.int32), t, v, np.full(3_000, 192, np.uint8))
    state, found, scores = engine.scores(state, int(t[-1]), stream)
    assert [one.detector for one in opens(found)] in ([], ["drift"])  # fewer readings in half a day: it sways
    assert np.isfinite(scores).all()
    assert state.rows["tail"]["gap"][0] == pytest.approx(after_s * 1e6, rel=0.25)


def test_a_gap_of_days_forgets_what_was_smoothed() -> None:
    """Before it the series stood high for a while; after it one plain reading says nothing of that."""
    engine = Engine(discord_share=0.0)
    rng = np.random.default_rng(4)
    v = rng.normal(size=1_000)
    v[-8:] += 1.5
    t = 1_437_264_000_000_000 + np.arange(1_001) * 600_000_000
    t[-1] += 3 * 86_400_000_000
    stream = Columns(np.ones(1_001, np.int32), t, np.append(v, 0.0), np.full(1_001, 192, np.uint8))
    state = engine.configure(engine.blank(), [SeriesSpec(id=1, unit_id=1)])
    state, _ = feed(engine, state, stream.take(np.arange(1_000)), [])
    before = abs(state.rows["tail"]["smooth"][0])
    state, _ = feed(engine, state, stream.take(np.arange(1_000, 1_001)), [])
    assert abs(state.rows["tail"]["smooth"][0]) < 0.1 < before


def test_a_second_alarm_soon_after_is_ten_times_rarer() -> None:
    budget, pairs = 20.0, 0
    for seed in range(6):
        rng = np.random.default_rng(seed)
        values = rng.standard_t(3, size=(4_000, 1))
        at = rng.integers(1_000, 3_900, 12)
        for first in at.tolist():
            values[first, 0] += 12.0
            values[first + 20, 0] += 25.0
        _, found, stream = run_on(values, budget_per_week=budget)
        raised = opens(found)
        for one, other in pairwise(raised):
            between = np.searchsorted(stream.t, other.at) - np.searchsorted(stream.t, one.at)
            if between < APART and other.detector in ("tail", "drift"):
                pairs += 1
                assert other.rate_per_week is not None
                assert other.rate_per_week <= tail.AGAIN * budget
    assert pairs >= 6


def park(common: float, lone: float) -> NDArray[np.float64]:
    """Four turbines in one wind: [readings, 4]; a blow to all at 2,000, to the third at 2,500."""
    rng = np.random.default_rng(7)
    values = autoregressive(rng, (3_000, 1), 0.5) + 0.5 * rng.normal(size=(3_000, 4))
    values[2_000:2_003] += common
    values[2_500:2_503, 2] += lone
    return values


@settings(max_examples=3, deadline=None)
@given(st.lists(st.integers(1, 11_999), max_size=6, unique=True))
def test_what_siblings_share_is_weather_and_what_one_shows_is_not(cuts: list[int]) -> None:
    values = park(common=9.0, lone=9.0)
    alone = run_on(values)[1]
    _, found, stream = run_on(values, sorted(cuts), siblings="park")
    blow, lone = int(stream.t[4 * 2_000]), int(stream.t[4 * 2_500])
    hour = 3_600_000_000

    def near(these: list[Finding], at: int) -> set[int]:
        return {one.series_id for one in opens(these) if at <= one.at < at + hour}

    assert near(alone, blow), "or this shows little"
    assert near(found, blow) == set()
    assert near(found, lone) == {3}
    assert found == run_on(values, siblings="park")[1]


_turned = tail._turned


@njit
def _shown(leaf: Any, local: Any) -> Any:
    return _turned(leaf, local)


@given(st.lists(st.integers(-(10**15), 4 * 10**15), min_size=1, max_size=20))
def test_the_leaf_of_the_calendar_says_what_the_instant_says(instants: list[int]) -> None:
    leaf = tail.calendar()
    for local in [0, *instants, *sorted(instants)]:
        when = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=local)
        expected = (when.hour * 2 + when.minute // 30, when.weekday() * 24 + when.hour)
        assert _shown(leaf, local) == expected
