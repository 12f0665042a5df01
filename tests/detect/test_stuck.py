"""Stuck values: a freeze is found, a rest is not, and no false alarm on values that repeat by nature."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numba import njit
from numpy.typing import NDArray

from opsroom.detect import stuck
from opsroom.detect.state import blank_rows
from tests.detect.streams import START_US, autoregressive

Floats = NDArray[np.float64]
PERIOD_S = 600.0
DAYS = 42
READINGS, SERIES = DAYS * 144, 30
WEEKS = DAYS / 7 * SERIES
FREEZE, FROZEN_FOR = 21 * 144 + 70, 144


@njit(nogil=True)  # not cached: numba would keep a cached caller when the kernel called has changed
def move_all(rows: Any, t: Any, y: Any, budget: float, found: Any) -> None:
    for s in range(y.shape[1]):
        for i in range(len(t)):
            found[i, s] = stuck.move(rows[s], t[i], y[i, s], rows[s].told == 0, budget)


def stuck_at(y: Floats, budget: float = 0.1, rows: Any = None, first: int = 0) -> NDArray[np.bool_]:
    """Give where `y`, shape [readings, series], is found stuck. An alert lasts as long as the run."""
    rows = blank_rows(y.shape[1])["stuck"] if rows is None else rows
    found = np.zeros(y.shape, np.bool_)
    t = START_US + ((first + np.arange(len(y))) * PERIOD_S * 1e6).astype(np.int64)
    move_all(rows, t, y, budget, found)
    return found


def stream(kind: str, seed: int) -> Floats:  # noqa: C901, PLR0911, PLR0912 - one case a kind
    rng = np.random.default_rng(seed)
    shape = (READINGS, SERIES)
    hours = (np.arange(READINGS) * PERIOD_S / 3600 % 24)[:, None]
    day = (np.arange(READINGS) * PERIOD_S // 86_400)[:, None]
    match kind:
        case "white":
            return rng.normal(size=shape)
        case "ar9":
            return autoregressive(rng, shape, 0.9)
        case "walk":
            return np.cumsum(rng.normal(size=shape), axis=0)
        case "counts":
            return rng.poisson(1.0, shape).astype(float)
        case "rare":
            return (rng.random(shape) < 0.02) * rng.exponential(size=shape)
        case "shift counts":
            return rng.poisson(np.where((hours > 8) & (hours < 18), 4.0, 0.1), shape).astype(float)
        case "two-valued":
            return (rng.random(shape) < 0.9).astype(float)
        case "quantised":
            return np.round(autoregressive(rng, shape, 0.99))
        case "coarse walk":
            return np.round(0.2 * np.cumsum(rng.normal(size=shape), axis=0))
        case "nights at nought":
            return np.where((hours > 8) & (hours < 18), 50.0 + 5.0 * rng.normal(size=shape), 0.0)
        case "working days":
            works = (hours > 8) & (hours < 18) & (day % 7 < 5)
            return np.where(works, 50.0 + 5.0 * rng.normal(size=shape), 3.0)
        case "sun":
            return np.maximum(0.0, np.sin(2 * np.pi * (hours - 6) / 24)) * (5.0 + rng.normal(size=shape))
        case "saturated":
            return np.clip(autoregressive(rng, shape, 0.9), -1.5, 1.5)
        case _:
            return np.full(shape, 5.0)


KINDS = (
    "white", "ar9", "walk", "counts", "rare", "shift counts", "two-valued", "quantised", "coarse walk",
    "nights at nought", "working days", "sun", "saturated", "constant",
)  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_false_alarms_stay_within_the_budget(kind: str) -> None:
    assert stuck_at(stream(kind, 11)).sum() / WEEKS <= 0.1


def found_after(kind: str) -> Floats:
    """Give after how many equal readings a freeze by day is found, each series; 999 where it is not."""
    y = stream(kind, 12)[: FREEZE + FROZEN_FOR]
    y[FREEZE:] = y[FREEZE - 1]
    run = stuck_at(y)[FREEZE - 1 :]
    return np.where(run.any(0), run.argmax(0) + 1, 999)


@pytest.mark.parametrize(
    ("kind", "most"),
    [
        ("white", 4),
        ("ar9", 4),
        ("walk", 4),
        ("counts", 16),
        ("quantised", 20),
        ("nights at nought", 40),
        ("working days", 60),
        ("sun", 40),
    ],
)
def test_a_freeze_by_day_is_found(kind: str, most: int) -> None:
    assert np.mean(found_after(kind) <= most) >= 0.9


def test_a_freeze_is_found_once_and_again_the_next_time() -> None:
    y = stream("white", 13)[:2000]
    y[1000:1100] = y[1000]
    y[1500:1600] = y[1500]
    found = stuck_at(y)
    assert (found[1000:1100].sum(0) <= 1).all()
    assert np.mean(found[1000:1100].sum(0) == 1) >= 0.9  # a freeze at a record value may be a rest
    assert (found[1500:].sum(0) == 1).all()


def test_it_says_not_yet_while_it_warms_up_and_never_of_what_has_not_moved() -> None:
    y = stream("white", 14)[:300]
    y[20:60] = y[20]
    assert not stuck_at(y).any()
    y[60:] = y[60]
    assert not stuck_at(y[60:]).any()


def test_a_rest_at_an_end_is_judged_only_after_a_week() -> None:
    y = 50.0 + stream("white", 15)[:3000]
    y[600:700] = 0.0
    y[2000:3000] = 0.0
    found = stuck_at(y)
    assert not found[:1008].any()
    assert found[2000:].any(0).mean() >= 0.9  # ten times the only rest it knows


def test_how_often_such_a_run_comes_falls_with_its_length() -> None:
    y = stream("counts", 16)[:3000, :1]
    rows = blank_rows(1)["stuck"]
    stuck_at(y, rows=rows)
    told = []
    for k in range(40):
        stuck_at(np.array([[9.0]]), rows=rows, first=3000 + k)
        told.append(stuck.often(rows[0]))
    assert (np.diff(told) <= 0).all()
    assert 0.0 <= told[-1] < 0.1


@given(
    st.lists(
        st.tuples(st.sampled_from([0.0, 1.0, 1e300, -1e300, 5e-324, 3.5]), st.integers(1, 90)), max_size=30
    ),
    st.integers(1, 500),
)
def test_however_the_stream_is_cut_it_is_the_same_and_finite(
    stretches: list[tuple[float, int]], cut: int
) -> None:
    y = np.concatenate([np.zeros(1), *(np.full(times, value) for value, times in stretches)])[:, None]
    whole, parts = blank_rows(1)["stuck"], blank_rows(1)["stuck"]
    found = stuck_at(y, rows=whole)
    again = np.concatenate([stuck_at(y[:cut], rows=parts), stuck_at(y[cut:], rows=parts, first=len(y[:cut]))])
    assert (found == again).all()
    assert whole.tobytes() == parts.tobytes()
    for name in ("equal", "pairs", "longest", "ring", "block_us", "value"):
        assert np.isfinite(whole[name]).all()
    assert not np.isnan(whole["limit"]).any()
