"""How values are counted and correlated: against what is known, and whatever comes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from opsroom.analysis import PAIRS_MIN, correlation, distribution

ANY = st.floats(-1e12, 1e12) | st.just(float("nan"))
LINES = arrays.arrays(np.float64, st.integers(0, 60), elements=ANY)


@settings(max_examples=60)
@given(LINES)
def test_every_value_is_counted_once(v: np.ndarray) -> None:
    found = distribution(v)
    real = v[np.isfinite(v)]
    assert found.n == sum(found.counts) == len(real)
    assert len(found.edges) == (len(found.counts) + 1 if found.n else 0)
    if found.n:
        assert found.edges[0] <= real.min() <= real.max() <= found.edges[-1]
        assert found.quantiles == sorted(found.quantiles)


def test_a_normal_distribution_is_found_as_such() -> None:
    v = np.random.default_rng(7).normal(50.0, 4.0, 20_000)
    found = distribution(v)
    assert found.mean == pytest.approx(50.0, abs=0.1)
    assert found.sd == pytest.approx(4.0, rel=0.02)
    assert found.quantiles == pytest.approx([43.42, 47.30, 50.0, 52.70, 56.58], abs=0.15)
    width = found.edges[1] - found.edges[0]
    inside = [n for n, low in zip(found.counts, found.edges, strict=False) if abs(low + width / 2 - 50) < 4]
    assert sum(inside) / found.n == pytest.approx(0.683, abs=0.06)


@settings(max_examples=60)
@given(st.data(), st.integers(0, 20))
def test_correlation_is_numpys_and_stays_within_one(data: st.DataObject, most: int) -> None:
    n = data.draw(st.integers(0, 40))
    x, y = (data.draw(arrays.arrays(np.float64, n, elements=ANY)) for _ in range(2))
    found = correlation(x, y, most)
    assert len(found.lags) == len(found.r) == len(found.n) == len(found.bounds)
    for lag, r, count in zip(found.lags, found.r, found.n, strict=True):
        ours, theirs = (x[: n - lag], y[lag:]) if lag >= 0 else (x[-lag:], y[:lag])
        both = np.isfinite(ours) & np.isfinite(theirs)
        assert count == both.sum()
        assert r is None or -1.0 <= r <= 1.0
        if r is not None:
            assert count >= PAIRS_MIN
            assert r == pytest.approx(np.corrcoef(ours[both], theirs[both])[0, 1], abs=1e-6)
    mirrored = correlation(y, x, most)
    assert mirrored.r[::-1] == [None if r is None else pytest.approx(r, abs=1e-9) for r in found.r]


def test_who_follows_whom_is_found_with_lag_and_line() -> None:
    noise = np.random.default_rng(3)
    x = np.cumsum(noise.normal(size=400)) * 0.2 + noise.normal(size=400)
    y = np.full(400, np.nan)
    y[7:] = 3.0 * x[:-7] + 10.0
    found = correlation(x, y, 30)
    assert (found.strongest, found.lag) == (7, 7)
    assert found.slope == pytest.approx(3.0)
    assert found.intercept == pytest.approx(10.0)
    assert found.places == list(range(393))
    assert correlation(x, y, 30, lag=-2).lag == -2


def test_two_wandering_series_that_have_nothing_to_do_with_one_another_stay_within_the_bound() -> None:
    """Random walks correlate by themselves: readings near in time count as fewer."""
    noise = np.random.default_rng(11)
    beyond = 0
    for _ in range(40):
        x, y = (np.convolve(noise.normal(size=330), np.ones(30), "valid") for _ in range(2))
        found = correlation(x, y, 0)
        assert found.r[0] is not None
        assert found.bounds[0] is not None
        beyond += abs(found.r[0]) > found.bounds[0]
    assert beyond <= 8
