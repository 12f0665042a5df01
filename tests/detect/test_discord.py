"""The discord is the left matrix profile, exactly; and it goes to whom the budget says."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit
from numpy.typing import NDArray

from opsroom.detect import Engine, SeriesSpec, discord
from opsroom.detect.discord import HISTORY, SPARE, WINDOW
from opsroom.model import Indicator, Orientation
from tests.detect.streams import feed, matrix, opens

Floats = NDArray[np.float64]
MINUTE = 60_000_000


@njit
def _push(d: Any, values: Any, sums: Any, ys: Any, out: Any) -> None:
    for i in range(len(ys)):
        discord.push(d, values, sums, ys[i])
        out[i] = d.distance


def begun() -> discord.Past:
    past = discord.blank(1)
    past[0]["scale"] = 1.0
    return past


def pushed(past: discord.Past, ys: Floats) -> Floats:
    out = np.empty(len(ys))
    _push(past[0][0], past[1][0], past[2][0], ys, out)
    return out


def brute(ys: Floats, i: int) -> float:
    """Give the distance of the window that ends at `i` to its nearest past one that does not overlap it."""
    steps = np.clip(np.round(ys * discord.STEPS), -discord.MOST, discord.MOST)
    latest = min(HISTORY, i - WINDOW + 1)
    if latest < WINDOW:
        return -1.0
    windows = np.lib.stride_tricks.sliding_window_view(steps[: i + 1], WINDOW)
    past = windows[i - WINDOW + 1 - latest : i - 2 * WINDOW + 2]
    return math.sqrt(((past - windows[-1]) ** 2).sum(axis=1).min())


@settings(deadline=None)  # the first one compiles
@given(st.integers(0, 10**6), st.integers(2, 400), st.sampled_from([0.001, 1.0, 1e4, 1e9]))
def test_each_distance_is_the_nearest_neighbours(seed: int, count: int, size: float) -> None:
    ys = np.random.default_rng(seed).standard_t(2, size=count) * size
    assert pushed(begun(), ys).tolist() == [brute(ys, i) for i in range(count)]


def test_distances_are_exact_beyond_history_and_after_values_are_moved_back() -> None:
    ys = np.cumsum(np.random.default_rng(1).normal(size=HISTORY + SPARE + 2_500))
    out = pushed(begun(), ys)
    for i in [HISTORY - 1, *range(HISTORY + WINDOW - 3, HISTORY + WINDOW + 3), *range(SPARE, len(ys), 97)]:
        assert out[i] == brute(ys, i)


@pytest.mark.parametrize("cut", [1, 40, 95, 96, 3_000, HISTORY + 10, HISTORY + SPARE + 60])
def test_what_is_read_back_goes_on_bit_by_bit(cut: int) -> None:
    ys = np.cumsum(np.random.default_rng(2).normal(size=cut + 300))
    kept = begun()
    pushed(kept, ys[:cut])
    again = discord.load(*discord.dump(kept))
    used = min(cut - 1, HISTORY) + 1
    assert again[2][0, 1:used].tobytes() == kept[2][0, 1:used].tobytes()
    assert pushed(again, ys[cut:]).tobytes() == pushed(kept, ys[cut:]).tobytes()


def wave(count: int, seed: int = 3) -> Floats:
    """A wave of 48 readings under a little noise: [count, 1]."""
    noise = np.random.default_rng(seed).normal(size=count)
    values: Floats = 10.0 * np.sin(2.0 * np.pi * np.arange(count) / 48.0) + noise
    return values[:, None]


def test_a_shape_never_seen_opens_an_alert_that_ends() -> None:
    values = wave(1_700)
    values[1_400:1_448, 0] = values[1_400:1_448, 0] * -1.0
    engine = Engine()
    spec = SeriesSpec(id=1, unit_id=1, budget_per_week=1.0)
    state = engine.configure(engine.blank(), [spec])
    stream = matrix(values, 3_600.0)
    _, found = feed(engine, state, stream, [])
    at = [one for one in opens(found) if 1_400 <= np.searchsorted(stream.t, one.at) < 1_460]
    assert "discord" in {one.detector for one in at}
    back = [one for one in found if one.verb == "back" and one.at > at[0].at]
    assert back
    assert np.searchsorted(stream.t, back[0].at) < 1_600


def test_a_snapshot_in_mid_stream_gives_the_same_scores() -> None:
    stream = matrix(wave(900), 3_600.0)
    engine = Engine()
    specs = [SeriesSpec(id=1, unit_id=1)]
    _, found, whole = engine.scores(engine.configure(engine.blank(), specs), int(stream.t[-1]), stream)
    for cut in (30, 140, 500):
        head, rest = stream.take(np.arange(cut)), stream.take(np.arange(cut, len(stream)))
        state, first, left = engine.scores(
            engine.configure(engine.blank(), specs), int(stream.t[cut - 1]), head
        )
        again = Engine().restore(engine.snapshot(state))
        assert again is not None
        _, second, right = Engine().scores(again, int(stream.t[-1]), rest)
        assert np.concatenate([left, right]).tobytes() == whole.tobytes()
        assert first + second == found


@given(
    st.lists(st.floats(1e-4, 1e4), max_size=30),
    st.lists(st.floats(1e-4, 1e3), max_size=5),
    st.floats(0, 1),
    st.integers(0, 40),
)
def test_the_budget_holds(wanted: list[float], taken: list[float], share: float, most: int) -> None:
    chosen = discord.choose(enumerate(wanted), taken, share, most)
    assert chosen == sorted(set(chosen))
    assert len(chosen) + len(taken) <= max(most, len(taken))
    spent = sum(taken) + sum(wanted[row] for row in chosen)
    assert not chosen or spent * discord.COST_US / 1e6 <= share * (1 + 1e-9)
    if len(chosen) + len(taken) < most:  # nothing that would have fitted was left out
        left = [one for row, one in enumerate(wanted) if row not in chosen]
        assert all((spent + one) * discord.COST_US / 1e6 > share * (1 - 1e-9) for one in left)


def indicator(essential: bool) -> Indicator:
    return Indicator(orientation=Orientation.MORE_IS_BETTER, capability=60.0, essential=essential)


def holders(engine: Engine, state: Any) -> set[int]:
    del engine
    spec = state.rows["spec"]
    return set(spec["series"][spec["far"] >= 0].tolist())


def test_essential_indicators_come_first_and_those_chosen_stay() -> None:
    engine = Engine(discord_series=3)
    specs = [SeriesSpec(id=i, unit_id=1, period_us=MINUTE) for i in range(1, 6)]
    specs += [SeriesSpec(id=6, unit_id=1, period_us=MINUTE, indicator=indicator(False))]
    specs += [SeriesSpec(id=7, unit_id=1, period_us=MINUTE, indicator=indicator(True))]
    specs += [SeriesSpec(id=8, unit_id=1, period_us=60 * MINUTE, circular=360.0)]
    state = engine.configure(engine.blank(), specs)
    before = holders(engine, state)
    assert before == {1, 6, 7}
    more = [
        SeriesSpec(id=i, unit_id=1, period_us=60 * MINUTE, indicator=indicator(True)) for i in range(20, 30)
    ]
    assert holders(engine, engine.configure(state, more)) == before


def test_no_share_no_discord() -> None:
    engine = Engine(discord_share=0.0)
    state = engine.configure(engine.blank(), [SeriesSpec(id=1, unit_id=1, period_us=MINUTE)])
    assert holders(engine, state) == set()
