"""Figures too good to be true: found when they are made up, and honest ones left in peace."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats  # type: ignore[import-untyped]

from opsroom.detect import conduct
from opsroom.detect.conduct import HEAPED, HEAPED_OVER, SMOOTHED, SMOOTHED_OVER
from tests.detect.accounts import (
    DAY_US,
    NOISES,
    _forget_conduct,
    autoregressive,
    conduct_rates,
    heap_power,
    smooth_power,
    walk_conduct,
)

WARM = conduct.FIRST + conduct.LEARNED + 1


@pytest.mark.parametrize("noise", NOISES)
def test_honest_series_are_doubted_at_most_as_often_as_is_stated(noise: str) -> None:
    """One stretch in a hundred, whatever the noise; heaps of a peaked one may double and a half that."""
    smooth, heap = conduct_rates(noise, 12, 100, 1)
    assert smooth <= 0.0175
    assert heap <= (0.035 if noise in {"laplace", "heavy (t4)"} else 0.0175)


def test_seasons_of_noise_are_not_taken_for_smoothness() -> None:
    """A plant that is quiet at night and one whose noise comes and goes."""
    rng = np.random.default_rng(2)
    raised = 0
    for _ in range(12):
        t = np.arange(144 * 40) / 144.0
        x = autoregressive(rng, len(t), 0.5)
        x *= (1.0 + 0.9 * np.sin(2.0 * np.pi * t)) * np.exp(0.3 * autoregressive(rng, len(t), 0.98))
        said, _ = walk_conduct(100.0 + x, gap_us=DAY_US // 144)
        raised += int(((said & SMOOTHED) > 0).sum())
    assert raised <= 4  # 12 times 40 days at a hundredth a week allows 0.7


def test_a_series_that_stands_still_is_not_called_smooth() -> None:
    rng = np.random.default_rng(3)
    x = 100.0 + rng.standard_normal(2000)
    x[900:1300] = 100.0
    x[1300:1600] = 3.0 + 0.01 * rng.standard_normal(300)
    assert ((walk_conduct(x)[0][:1600] & SMOOTHED) == 0).all()


def test_smoothed_noise_is_found_with_the_stated_power() -> None:
    assert smooth_power(0.8, 20, 150, 4) >= 0.5
    assert smooth_power(0.6, 3, 150, 5) >= 0.8
    assert smooth_power(0.6, 10, 100, 5, noise="phi 0.9") >= 0.9


def test_smoothing_is_told_with_its_size_and_ends() -> None:
    rng = np.random.default_rng(6)
    x = rng.standard_normal(WARM + 2400)
    x[WARM + 1000 : WARM + 1700] *= 0.5
    said, row = walk_conduct(100.0 + 5.0 * x)
    raised, over = (np.flatnonzero(said & which) for which in (SMOOTHED, SMOOTHED_OVER))
    assert len(raised) == len(over) == 1
    assert WARM + 1000 < raised[0] <= WARM + 1201
    assert WARM + 1700 < over[0] <= WARM + 1901
    assert 0.0 < row["smooth_rate"] < 0.001


@pytest.mark.parametrize("better", [1, -1])
def test_reports_lifted_to_the_target_are_found(better: int) -> None:
    rng = np.random.default_rng(7)
    x = rng.standard_normal(WARM + 600)
    short = (x < 0.0) & (x > -1.0) & (rng.random(len(x)) < 0.8)
    short[:WARM] = False
    short[WARM + 300 :] = False
    x[short] = 0.0
    said, row = walk_conduct(100.0 + better * 5.0 * x, 100.0, better=better)
    assert WARM < np.flatnonzero(said & HEAPED)[0] <= WARM + 101
    assert (said[WARM + 300 :] & HEAPED_OVER).any()
    assert row["usual_share"] == pytest.approx(1.0 / 3.0, abs=0.02)


def test_the_power_against_heaping_is_as_stated() -> None:
    assert heap_power(0.5, 0.0, 150, 8) >= 0.85
    assert heap_power(0.8, 0.5, 150, 9) >= 0.95


@pytest.mark.parametrize("step", [0.5, 1.0, 3.0])
def test_honest_figures_in_steps_do_not_heap(step: float) -> None:
    rng = np.random.default_rng(10)
    stretches = raised = 0
    for _ in range(150):
        x = 100.0 + 5.0 * (rng.uniform(-1.0, 1.0) + rng.standard_normal(900))
        said, _ = walk_conduct(np.round(x / step) * step, 100.0)
        stretches += 7
        raised += int(((said & HEAPED) > 0).sum())
    assert raised / stretches <= 0.0175


def test_quick_telemetry_is_not_asked_for_heaps() -> None:
    x = np.full(4000, 100.0)
    x += np.where(np.arange(4000) % 5 == 0, np.random.default_rng(11).standard_normal(4000), 0.0)
    assert ((walk_conduct(x, 100.0, gap_us=60_000_000)[0] & HEAPED) == 0).all()


@pytest.mark.parametrize(("hits", "of"), [(0, 10), (5, 10), (20, 30), (40, 41), (90, 100)])
def test_the_binomial_tail_is_that_of_scipy(hits: int, of: int) -> None:
    assert conduct.binomial_tail(hits, of, 0.34) == pytest.approx(
        stats.binom.sf(hits - 1, of, 0.34), rel=1e-9
    )


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.one_of(st.floats(), st.sampled_from([0.0, 1.0, 1e300, math.nan])), min_size=1, max_size=60),
    st.floats(-1e6, 1e6),
    st.integers(0, 20),
)
def test_any_readings_at_all_are_taken(values: list[float], target: float, repeat: int) -> None:
    said, row = walk_conduct(np.array(values * (repeat + 1), np.float64), target)
    assert (said >= 0).all()
    for name in ("ratio", "share", "smooth_rate", "heap_rate", "noise", "root", "width"):
        assert np.isfinite(row[name])


@pytest.mark.parametrize("value", [0.0, 5.0, 1e300])
def test_a_constant_series_and_one_of_two_values_are_left_alone(value: float) -> None:
    assert (walk_conduct(np.full(3000, value), value)[0] == 0).all()
    rng = np.random.default_rng(12)
    assert ((walk_conduct(rng.integers(0, 2, 3000).astype(float), 5.0)[0] & HEAPED) == 0).all()


def test_what_was_learned_can_be_forgotten() -> None:
    rng = np.random.default_rng(13)
    _, row = walk_conduct(100.0 + rng.standard_normal(1000))
    rows = np.array([row])
    _forget_conduct(rows[0])
    said, after = walk_conduct(100.0 + 0.3 * rng.standard_normal(1000), r=rows)
    assert (said == 0).all()
    assert after["noise"] > 0.0
