"""Streams no plant should send: nothing raises, only numbers come out, and it is stated what happens.

| input | what happens |
|---|---|
| constant | no alert, ever; the band is the value |
| two values | no alert of switching as it always did |
| counter that resets | scored like any other; a reset is a drop, and may be found |
| gap of days | the charts start anew behind it; the gap itself is silence's to find |
| instant given twice | the first counts, the others are passed over |
| another period | the gap is learned anew; no number is lost |
| beyond 1e60, below 1e-60 | counts as 1e60, as nought |
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from opsroom.detect import Engine, SeriesSpec, State
from opsroom.model import Columns, Finding, Indicator, Orientation, Relation, RelationKind
from tests.detect.streams import START_US, columns, feed, matrix, opens

MINUTE_US = 60_000_000
ODD = [0.0, -0.0, 1.0, 1e300, -1e300, 1.7e308, 5e-324, 1e-300, -2e-310, 1e61, 1e-61, 1e15, math.nan, math.inf]
KINDS = (RelationKind.WHOLE, RelationKind.CLAIM, RelationKind.BALANCE, RelationKind.ORDERS)
RELATIONS = [
    Relation(
        id=n + 1,
        root_id=1,
        unit_id=1,
        name=kind,
        kind=kind,
        members=(1, 2),
        weights=(1.0, -1.0),
        clean_readings=60,
    )
    for n, kind in enumerate(KINDS)
]


def specs(**more: object) -> list[SeriesSpec]:
    return [SeriesSpec(id=i + 1, unit_id=1, siblings="kin", **more) for i in range(4)]  # type: ignore[arg-type]


def sound(engine: Engine, state: State, found: list[Finding], scores: NDArray[np.float64]) -> None:
    """Nothing that leaves detection is NaN or infinite, but for what is not known yet."""
    assert np.isfinite(scores).all()
    for f in found:
        said = (f.value, f.expected, f.low, f.high, f.p, f.rate_per_week, *(z for _, z in f.contributors))
        assert all(one is None or math.isfinite(one) for one in said)
    for ends in engine.bands(state, list(state.specs)):
        assert not np.isinf(ends).any()
    for series_id in state.specs:
        for curve in engine.forecast(state, series_id, 3):
            assert not np.isinf(curve).any()


def through(stream: Columns, **more: object) -> tuple[Engine, State, list[Finding]]:
    """Run a stream through four siblings and every kind of relation."""
    engine = Engine()
    state = engine.relate(engine.configure(engine.blank(), specs(**more)), RELATIONS)
    state, found, scores = engine.scores(state, int(stream.t[-1]), stream)
    assert not state.rows["hold"]["failed"].any()
    assert not state.bonds.gathers["failed"].any()
    sound(engine, state, found, scores)
    return engine, state, found


def noise(count: int, seed: int = 3) -> NDArray[np.float64]:
    return np.random.default_rng(seed).normal(size=(count, 4))


@pytest.mark.parametrize("value", [0.0, 7.0, -3.5, 1e15, 1e300, 5e-324])
def test_a_constant_series_is_never_found(value: float) -> None:
    engine, state, found = through(matrix(np.full((3000, 4), value), 600.0))
    assert found == []
    assert engine.bands(state, [1])[0] == pytest.approx(min(value, 1e60))


def test_two_values_that_switch_as_ever_are_not_found() -> None:
    values = (np.random.default_rng(4).random((4000, 4)) < 0.4).astype(float)
    _, _, found = through(matrix(values, 600.0), budget_per_week=0.01)
    assert opens(found) == []


@settings(max_examples=10, deadline=None)
@given(st.integers(5, 500), st.floats(0.1, 1e9))
def test_a_counter_that_resets(every: int, step: float) -> None:
    values = (np.arange(1500) % every * step)[:, None] + np.abs(noise(1500)) * step / 10
    through(matrix(values, 600.0))


@settings(max_examples=10, deadline=None)
@given(st.lists(st.tuples(st.integers(20, 900), st.integers(1, 400)), min_size=1, max_size=4))
def test_gaps_of_days(gaps: list[tuple[int, int]]) -> None:
    t = START_US + np.arange(1000) * 600_000_000
    for at, days in gaps:
        t[at:] += days * 86_400_000_000
    stream = columns(np.tile(np.arange(1, 5), 1000), np.repeat(t, 4), noise(1000).ravel())
    through(stream)


@settings(max_examples=10, deadline=None)
@given(st.lists(st.integers(0, 1999), max_size=60), st.floats(-1e300, 1e300))
def test_of_an_instant_given_twice_the_first_reading_counts(twice: list[int], other: float) -> None:
    once = matrix(noise(500), 600.0)
    order = np.sort(np.concatenate([np.arange(2000), np.array(twice, np.int64)]), kind="stable")
    again = once.take(order)
    again.v[1:][order[1:] == order[:-1]] = other
    assert through(again)[2] == through(once)[2]


@pytest.mark.parametrize("factor", [0.01, 0.2, 30.0, 1000.0])
def test_a_series_that_changes_its_period(factor: float) -> None:
    steps = np.where(np.arange(2000) < 1000, 600e6, 600e6 * factor).astype(np.int64)
    t = START_US + np.cumsum(steps)
    stream = columns(np.tile(np.arange(1, 5), 2000), np.repeat(t, 4), noise(2000).ravel())
    _, state, _ = through(stream)
    assert state.rows["tail"]["gap"] == pytest.approx(600e6 * factor, rel=0.05, abs=0.03 * 600e6)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.sampled_from(ODD), min_size=1, max_size=12),
    st.integers(0, 300),
    st.sampled_from([None, Orientation.MORE_IS_BETTER, Orientation.LESS_IS_BETTER]),
    st.sampled_from([None, 360.0]),
)
def test_values_of_any_size(
    odd: list[float], calm: int, orientation: Orientation | None, circular: float | None
) -> None:
    values = noise(calm + 200)
    values[calm:, 0] = np.resize(odd, 200)
    values[calm:, 1] = -np.resize(odd, 200)
    values[calm:, 2] *= 1e300
    indicator = Indicator(orientation=orientation, capability=1e-9) if orientation else None
    through(matrix(values, 600.0), indicator=indicator, circular=circular)


# -- a detector that raises --------------------------------------------------------------------------


def faulty() -> Columns:
    values = noise(1200) + 20.0
    values[900:, 2] += 40.0
    return matrix(values, 600.0)


def spoil(state: State, row: int) -> None:
    """Corrupt what the filter remembers, as a bad block of a disk might: it then divides by nought."""
    own = state.rows["filter"]
    for name in own.dtype.names or ():
        own[name][row] = 0
    own["n"][row] = 1000


def test_a_detector_that_raises_is_switched_off_for_its_series_and_for_no_other() -> None:
    stream, engine = faulty(), Engine()
    alone = [SeriesSpec(id=i, unit_id=1) for i in (1, 2, 3, 4)]
    first, rest = stream.take(np.arange(2000)), stream.take(np.arange(2000, len(stream)))
    state, before = feed(engine, engine.configure(engine.blank(), alone), first, [])
    spoil(state, 1)
    state, after = feed(engine, state, rest, [])
    failed = [f for f in before + after if f.kind == "detector_failed"]
    assert [(f.series_id, f.verb) for f in failed] == [(2, "open")]
    without = stream.take(stream.series != 2)
    _, expected = feed(engine, engine.configure(engine.blank(), alone), without, [])
    assert [f for f in before + after if f.series_id != 2] == expected
    assert opens(expected)

    again = engine.restore(engine.snapshot(state))
    assert again is not None
    assert again.rows["hold"]["failed"].tolist() == [0, 1, 0, 0]
    later = columns(np.full(3, 2), stream.t[-1] + np.arange(1, 4) * 600_000_000, np.full(3, 20.0))
    assert feed(engine, again, later, [])[1] == []
    again, ended = feed(engine, engine.configure(state, alone[1:2]), later, [])
    assert [(f.series_id, f.verb, f.kind) for f in ended] == [(2, "back", "detector_failed")]
    assert engine.open_series(again) == [3]


@settings(max_examples=8, deadline=None)
@given(st.lists(st.integers(0, 2800), max_size=20))
def test_a_failure_does_not_depend_on_how_the_stream_is_cut(edges: list[int]) -> None:
    stream = faulty()
    first, rest = stream.take(np.arange(2000)), stream.take(np.arange(2000, len(stream)))
    runs = []
    for cuts in ([], sorted(edges)):
        engine = Engine()
        state = engine.relate(engine.configure(engine.blank(), specs()), RELATIONS)
        state, _ = feed(engine, state, first, [])
        spoil(state, 1)
        runs.append(feed(engine, state, rest, cuts)[1])
    assert runs[0] == runs[1]
    assert [f.series_id for f in runs[0] if f.kind == "detector_failed"] == [2]
