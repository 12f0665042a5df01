"""The four-state filter against exhaustive enumeration, the facts of DOMAIN 2.4, forecasts and bad input."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numba import njit
from numpy.typing import NDArray

from opsroom.detect import filter as naming
from opsroom.detect.naming import QUIET
from opsroom.detect.state import SLOPE, STEP, TRANSIENT, blank_rows
from opsroom.model import ChangeKind
from tests.detect.streams import START_US, autoregressive, opens, run

KIND = {STEP: ChangeKind.STEP, SLOPE: ChangeKind.SLOPE, TRANSIENT: ChangeKind.TRANSIENT}
Floats = NDArray[np.float64]


@njit(nogil=True)  # not cached: numba would keep a cached caller when the kernel called has changed
def filter_all(rows: Any, t: Any, y: Any, profile: Any, kinds: Any) -> None:
    room = naming.scratch()
    for s in range(y.shape[1]):
        for i in range(len(t)):
            naming.move(rows[s], t[i], y[i, s], profile, room)
            kinds[i, s] = rows[s].kind if rows[s].fresh else 0


def go_on(rows: Any, y: Floats, profile: str = "default", t: Any = None) -> NDArray[np.int64]:
    """Move `rows` on by `y`, shape [readings, series]; give the kind confirmed at each reading (0 = none)."""
    kinds = np.zeros(y.shape, np.int64)
    start = int(rows["t"][:, 0].max())
    instants = start + 1 + np.arange(len(y)) if t is None else t
    filter_all(rows, np.asarray(instants, np.int64), y, naming.PROFILES[profile], kinds)
    return kinds


def filtered(y: Floats, profile: str = "default", t: Any = None) -> tuple[Any, NDArray[np.int64]]:
    rows = blank_rows(y.shape[1])["filter"]
    return rows, go_on(rows, y, profile, t)


def enumerate_paths(row: Any, y: Floats, profile: Floats) -> Floats:
    """Give the exact P(state of the last reading) from `row` on: every path of states, nothing collapsed."""
    p, m, c, s = (np.array(row[name], float) for name in ("p", "m", "c", "s"))
    degrees, last = float(row["degrees"]), np.zeros(4)
    prior, noise, level, growth, memory = profile
    for value in y:
        kept = min(degrees, memory[0] - 1.0)
        a1, a2 = (m[:, 0] + m[:, 1])[:, None], m[:, 1][:, None]
        rd = s[:, None] * growth
        r11 = (c[:, 0] + 2 * c[:, 1] + c[:, 2])[:, None] + s[:, None] * level + rd
        r12, r22 = (c[:, 1] + c[:, 2])[:, None] + rd, c[:, 2][:, None] + rd
        q, e = r11 + s[:, None] * noise, value - a1
        density = q**-0.5 * (1 + e * e / q / degrees) ** (-(degrees + 1) / 2)
        weight = p[:, None] * prior * density
        grown = (kept + e * e / q) / (kept + 1.0)
        m = np.stack([a1 + r11 / q * e, a2 + r12 / q * e], -1).reshape(-1, 2)
        cov = np.stack([r11 - r11 * r11 / q, r12 - r11 * r12 / q, r22 - r12 * r12 / q], -1)
        c, s = (cov * grown[:, :, None]).reshape(-1, 3), (s[:, None] * grown).reshape(-1)
        last = weight.sum(0) / weight.sum()
        p, degrees = (weight / weight.sum()).reshape(-1), kept + 1.0
    return last


def changed(shape: str, seed: int) -> Floats:
    """Give 30 clean readings and seven with a change among them."""
    y = np.random.default_rng(seed).normal(size=37)
    if shape == "step":
        y[33:] += 6.0
    elif shape == "spike":
        y[34] += 6.0
    elif shape == "slope":
        y[31:] += np.arange(6)
    return y


def misses(shape: str, profile: str, runs: int = 12) -> Floats:
    """Give how far the collapsed posterior is from that of all 4^7 paths, for each seed."""
    found = []
    for seed in range(runs):
        y = changed(shape, seed)
        rows, _ = filtered(y[:30, None], profile)
        exact = enumerate_paths(rows[0], y[30:], naming.PROFILES[profile])
        go_on(rows, y[30:, None], profile)
        found.append(np.abs(rows["p"][0] - exact).max())
    return np.array(found)


@pytest.mark.parametrize("shape", ["clean", "step", "spike", "slope"])
def test_collapsing_agrees_with_every_path_of_seven_steps(shape: str) -> None:
    off = misses(shape, "default")
    assert np.median(off) <= 0.005
    assert np.mean(off <= 0.015) >= 0.8
    assert off.max() <= 0.06


@given(arrays.arrays(np.float64, 3, elements=st.floats(-8, 8)), st.sampled_from(sorted(naming.PROFILES)))
def test_one_reading_is_the_enumeration_exactly(y: Floats, profile: str) -> None:
    rows, _ = filtered(changed("clean", 1)[:30, None], profile)
    for value in y:
        exact = enumerate_paths(rows[0], np.array([value]), naming.PROFILES[profile])
        go_on(rows, np.array([[value]]), profile)
        assert rows["p"][0] == pytest.approx(exact, abs=1e-9)


def noise(readings: int, phi: float, runs: int = 300) -> Floats:
    """Give AR(1) noise of deviation one."""
    return autoregressive(np.random.default_rng(7), (readings, runs), phi) * float(np.sqrt(1 - phi**2))


def named(y: Floats, at: int, profile: str = "default", within: int = 2) -> NDArray[np.int64]:
    """Give the last kind named in the readings `at` to `at + within`, each run's; 0 is none."""
    kinds = filtered(y[: at + within + 1], profile)[1][at:]
    last = np.zeros(y.shape[1], np.int64)
    for each in kinds:
        last = np.where(each > 0, each, last)
    return last


@pytest.mark.parametrize("phi", [0.0, 0.5, 0.9])
@pytest.mark.parametrize("profile", ["default", "historical", "precise"])
def test_steps_and_spikes_of_six_deviations_have_their_right_name_within_two_readings(
    phi: float, profile: str
) -> None:
    step, spike = noise(203, phi), noise(203, phi)
    step[200:] += 6.0
    spike[200] += 6.0
    assert np.mean(named(step, 200, profile) == STEP) >= 0.9
    assert np.mean(named(spike, 200, profile) == TRANSIENT) >= 0.9


def test_a_step_looks_like_a_spike_first() -> None:
    y = noise(201, 0.0)
    y[200] += 6.0
    rows, kinds = filtered(y)
    assert (kinds[200] == 0).all()
    assert np.mean(rows["p"][:, TRANSIENT] > rows["p"][:, STEP]) >= 0.9


def test_a_spike_is_certain_one_reading_later() -> None:
    y = noise(202, 0.0)
    y[200] += 6.0
    assert np.mean(named(y, 200, within=1) == TRANSIENT) >= 0.9


@pytest.mark.parametrize("slope", [0.5, 0.75, 1.0])
def test_a_slope_is_found_in_a_few_readings(slope: float) -> None:
    y = noise(230, 0.0)
    y[200:] += slope * np.arange(1, 31)[:, None]
    found = filtered(y)[1][200:] == SLOPE
    delay = np.where(found.any(0), found.argmax(0) + 1, 99)
    assert np.mean(delay <= 12) >= 0.93
    assert 3 <= np.median(delay) <= 8


def test_a_slope_is_not_named_for_ten_readings_after_a_step() -> None:
    y = noise(230, 0.0)
    y[200:] += 6.0
    kinds = filtered(y)[1]
    steps = 0
    for s in range(y.shape[1]):
        for i in (np.flatnonzero(kinds[200:220, s] == STEP) + 200).tolist():
            steps += 1
            assert not (kinds[i : i + QUIET, s] == SLOPE).any()
    assert steps > 200


def test_clean_readings_confirm_little_and_the_priors_of_1971_confirm_more_spikes() -> None:
    y = np.random.default_rng(8).normal(size=(10_000, 3))
    ours, theirs, precise = (filtered(y, name)[1][100:] for name in ("default", "historical", "precise"))
    per_thousand = 1000 / ours.size
    assert (ours > 0).sum() * per_thousand <= 0.6
    assert (precise > 0).sum() * per_thousand <= 0.6
    assert 3.5 <= (theirs == TRANSIENT).sum() * per_thousand <= 6.5


def test_the_learned_deviation_is_a_little_too_small() -> None:
    rows, _ = filtered(7.0 * noise(400, 0.0))
    deviation = np.sqrt((rows["p"] * rows["s"]).sum(1)).mean() / 7.0
    assert 0.89 <= deviation <= 0.97


def walk(shape: tuple[int, int]) -> Floats:
    return np.cumsum(np.random.default_rng(6).normal(size=shape), axis=0)


def multi_process(shape: tuple[int, int]) -> Floats:
    """Draw from the very model: one reading in a hundred each is a step, a slope, a transient."""
    rng = np.random.default_rng(6)
    states = rng.choice(4, p=[0.97, 0.01, 0.01, 0.01], size=shape)
    slope = np.cumsum((states == SLOPE) * rng.normal(size=shape), axis=0)
    level = np.cumsum(slope + (states == STEP) * 10.0 * rng.normal(size=shape), axis=0)
    return level + rng.normal(size=shape) * np.where(states == TRANSIENT, 10.0, 1.0)


@pytest.mark.parametrize("profile", ["default", "historical", "precise"])
@pytest.mark.parametrize("kind", ["white", "ar5", "ar9", "walk", "model"])
def test_a_forecast_band_of_95_percent_covers_as_much(kind: str, profile: str) -> None:
    shape = (812, 500)
    make = {"white": 0.0, "ar5": 0.5, "ar9": 0.9}
    if kind in make:
        y = noise(shape[0], make[kind], shape[1])
    else:
        y = walk(shape) if kind == "walk" else multi_process(shape)
    rows, _ = filtered(y[:800], profile)
    inside = np.zeros((12, shape[1]))
    for s in range(shape[1]):
        mean, deviation = naming.forecast(rows[s], 12, naming.PROFILES[profile])
        inside[:, s] = np.abs(y[800:, s] - mean) <= 1.96 * deviation
    for ahead in (1, 6, 12):
        assert 0.91 <= inside[ahead - 1].mean() <= 0.985


def finite(rows: Any) -> bool:
    """Say whether nothing in the row is NaN or infinite and the probabilities add up."""
    good = all(np.isfinite(rows[name]).all() for name in rows.dtype.names)
    return bool(good and ((rows["n"] < naming.START_READINGS) | (abs(rows["p"].sum(1) - 1) < 1e-9)).all())


WILD = st.one_of(
    st.floats(-1e3, 1e3),
    st.sampled_from([0.0, 1.0, 1.0, 5.0, 1e300, -1e300, 1e-300, 1.7e308, np.nan, np.inf]),
)


@given(
    st.lists(st.tuples(WILD, st.integers(1, 40)), min_size=1, max_size=60),
    st.lists(st.integers(0, 10**12), min_size=80, max_size=80),
)
def test_no_reading_whatever_makes_it_raise_or_gives_a_number_that_is_none(
    stretches: list[tuple[float, int]], gaps: list[int]
) -> None:
    y = np.concatenate([np.full(times, value) for value, times in stretches])[:80, None]
    rows, kinds = filtered(y, t=np.cumsum(gaps[: len(y)]))
    assert finite(rows)
    assert set(kinds.ravel()) <= {0, STEP, SLOPE, TRANSIENT}
    mean, deviation = naming.forecast(rows[0], 3, naming.DEFAULT)
    if rows["n"][0] >= naming.START_READINGS and abs(y[np.isfinite(y)]).max() < 1e150:
        assert np.isfinite(mean).all()
        assert (deviation > 0).all()


def test_what_never_moves_starts_nothing() -> None:
    rows, kinds = filtered(np.full((200, 1), 5.0))
    assert not kinds.any()
    assert np.isnan(naming.forecast(rows[0], 3, naming.DEFAULT)[0]).all()


def test_a_duplicated_instant_changes_nothing() -> None:
    y = noise(60, 0.0, 1)
    once, _ = filtered(y)
    t = np.arange(60).repeat(2) + 1
    twice, _ = filtered(y.repeat(2, axis=0), t=t)
    assert once.tobytes() == twice.tobytes()


def test_over_a_gap_the_slope_goes_on_and_at_most_so_far() -> None:
    ramp = 2.0 * np.arange(120)[:, None] + noise(120, 0.0, 20)
    there = np.delete(ramp, np.arange(101, 106), axis=0)
    t = np.delete(np.arange(120), np.arange(101, 106)) + 1
    _, kinds = filtered(there, t=t * 600)
    assert not np.isin(kinds[100:], (STEP, TRANSIENT)).any()
    rows, _ = filtered(ramp[:100])
    before = rows["m"][:, 0, 1].copy()
    expected = rows["m"][:, 0, 0] + (naming.MOST_MISSED + 1) * before
    go_on(rows, expected[None, :], t=np.array([10**9]))
    assert not (rows["fresh"] > 0).any()
    assert rows["m"][:, 0, 0] == pytest.approx(expected, abs=0.01)


def test_a_counter_that_starts_again_is_a_step() -> None:
    y = np.cumsum(5.0 + np.random.default_rng(3).normal(size=(230, 40)), axis=0)
    y[200:] -= y[200]
    rows, _ = filtered(y)
    assert finite(rows)
    assert np.mean(named(y, 200) == STEP) >= 0.9


def test_two_values_by_turns_are_no_change() -> None:
    y = (np.random.default_rng(4).random((2000, 5)) < 0.5).astype(float)
    rows, kinds = filtered(y)
    assert finite(rows)
    assert (kinds > 0).mean() <= 0.001


def test_the_filter_names_an_open_alert_and_opens_none() -> None:
    values = np.random.default_rng(3).normal(size=(1600, 1))
    values[1500:] += 8.0
    found = run(values, 600.0)
    assert len(opens(found)) == 1
    names = [f for f in found if f.verb == "name"]
    assert names[0].detector == "filter"
    assert ChangeKind.STEP in {f.kind for f in names}
    step = next(f for f in names if f.kind == ChangeKind.STEP)
    assert step.p is not None
    assert step.p >= 0.5
    assert abs((step.onset or 0) - START_US - 1500 * 600_000_000) <= 2 * 600_000_000
    assert step.direction == 1
