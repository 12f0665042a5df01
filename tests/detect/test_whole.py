"""A plant as a whole: its statistics against NumPy, its clean rates, and what bad input does to it."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numba import njit
from numpy.typing import NDArray

from opsroom.detect import whole, whole_fit
from opsroom.detect.whole_fit import CLOSED, INSIDE, NOT_YET, OPENED, OVER, PASSED

Rows = NDArray[np.float64]
CLEAN = 1500
SIZE = 6


def plant(seed: int, count: int, size: int = SIZE) -> Rows:
    """Give a stationary first-order vector autoregression with correlated noise, float64 [count, size]."""
    rng = np.random.default_rng(seed)
    carried = 0.7 * np.linalg.qr(rng.normal(size=(size, size)))[0]
    mixed = 0.5 * np.eye(size) + rng.normal(size=(size, size)) / np.sqrt(size)
    rows = np.zeros((count, size))
    noise = rng.normal(size=(count, size)) @ mixed.T
    for t in range(1, count):
        rows[t] = carried @ rows[t - 1] + noise[t]
    return 100.0 + 3.0 * rows


def run(
    model: whole.Model, rows: Rows, allowed: float = 0.0
) -> tuple[Rows, NDArray[np.int64], NDArray[np.int64]]:
    ratios, verdicts, decided = (
        np.empty(len(rows)),
        np.empty(len(rows), np.int64),
        np.empty(len(rows), np.int64),
    )
    whole.run(model, np.ascontiguousarray(rows), allowed, ratios, verdicts, decided)
    return ratios, verdicts, decided


def taught(rows: Rows) -> whole.Model:
    model = whole.blank(rows.shape[1], *whole.split(len(rows)))
    run(model, rows)
    assert whole.phase(model) == whole_fit.WATCHING
    return model


@pytest.fixture(scope="module")
def stream() -> Rows:
    return plant(1, CLEAN + 20_000)


@pytest.fixture(scope="module")
def model(stream: Rows) -> whole.Model:
    return taught(stream[:CLEAN])


def by_numpy(clean: Rows, rows: Rows) -> Rows:
    """Give both kinds of T2 for every lambda, float64 [channel, reading], with NumPy's linear algebra."""
    mean, pairs = clean.mean(axis=0), len(clean) - 1
    sd = np.sqrt(((clean[:-1] - mean) ** 2).mean(axis=0))
    z = (clean - mean) / sd
    ridge = whole_fit.RIDGE * np.eye(len(sd))
    before = z[:-1].T @ z[:-1] / pairs
    step = (z[1:].T @ z[:-1] / pairs) @ np.linalg.inv(before + ridge)
    left = z[1:] - z[:-1] @ step.T
    watched = (rows - mean) / sd
    innovation = np.vstack([np.zeros(len(sd)), watched[1:] - watched[:-1] @ step.T])
    found = []
    for vectors, precision in (
        (watched, np.linalg.inv(before + ridge)),
        (innovation, np.linalg.inv(left.T @ left / pairs + ridge)),
    ):
        for weight in whole_fit.LAMBDAS:
            smooth, out = np.zeros(len(sd)), []
            for vector in vectors:
                smooth = (1 - weight) * smooth + weight * vector
                out.append(smooth @ precision @ smooth)
            found.append(out)
    return np.array(found)


def test_statistics_and_limits_are_those_of_linear_algebra(stream: Rows) -> None:
    clean = 8000
    learn, count = whole.split(clean)
    model = taught(stream[:clean])
    expected = by_numpy(stream[:learn], stream[learn:clean])
    tops = whole_fit.HEAD + (3 + whole_fit.CHANNELS) * SIZE + 3 * SIZE**2
    limits = model[tops : tops + whole_fit.CHANNELS]
    above = expected > limits[:, None] * (1 + 1e-9)
    assert 0 < above.any(axis=0).sum() <= whole_fit.SHARE * count
    assert len(set(above.sum(axis=1))) == 1, "all channels have the same rank"
    for channel in range(whole_fit.CHANNELS):
        assert np.isclose(np.sort(expected[channel])[-1 - above[channel].sum()], limits[channel])


def test_the_largest_ratio_counts(stream: Rows, model: whole.Model) -> None:
    own = model.copy()
    whole.restart(own)
    rows = stream[CLEAN : CLEAN + 40]
    start = whole_fit.HEAD + (3 + whole_fit.CHANNELS) * SIZE + 3 * SIZE**2
    limits = own[start : start + whole_fit.CHANNELS]
    expected = by_numpy(stream[: whole.split(CLEAN)[0]], rows) / limits[:, None]
    np.testing.assert_allclose(run(own, rows)[0], expected.max(axis=0), rtol=1e-9)


def test_clean_readings_stand_above_a_limit_as_seldom_as_stated() -> None:
    shares = []
    for seed in range(6):
        rows = plant(seed, 4000 + 10_000)
        shares.append(float((run(taught(rows[:4000]), rows[4000:])[1] == OVER).mean()))
    assert 0.5 * whole_fit.SHARE < np.mean(shares) < 2.0 * whole_fit.SHARE, shares


def test_alerts_on_clean_plants_stay_near_what_is_allowed() -> None:
    allowed, count, opened = 1e-3, 10_000, 0
    for seed in range(10, 18):
        rows = plant(seed, 2000 + count)
        opened += int((run(taught(rows[:2000]), rows[2000:], allowed)[2] == OPENED).sum())
    assert opened <= 2.0 * allowed * count * 8


def test_a_broken_coupling_is_found_where_every_variable_stays_in_its_band() -> None:
    rng = np.random.default_rng(5)
    rows = rng.normal(size=(1300, 4))
    rows[:, 1] = rows[:, 0] + 0.05 * rng.normal(size=1300)
    rows[1200:, 1] = -rows[1200:, 0]
    ratios, verdicts, decided = run(taught(rows[:1100]), rows[1100:], 1e-5)
    assert (verdicts[100:] == OVER).mean() > 0.9
    first = int(np.flatnonzero(decided == OPENED)[0])
    assert 100 <= first < 110
    assert ratios[:100].max() < ratios[100:].max() / 10


def test_contributions_sum_to_the_ratio_and_the_moved_variable_leads(
    stream: Rows, model: whole.Model
) -> None:
    own = model.copy()
    rows = stream[CLEAN : CLEAN + 5].copy()
    rows[:, 2] += 60.0
    ratios, _, _ = run(own, rows)
    parts = np.empty(SIZE)
    whole.explain(own, parts)
    assert parts.sum() == pytest.approx(ratios[-1])
    assert parts.argmax() == 2


def test_an_alert_opens_after_two_instants_and_ends_soon_after_the_cause(
    stream: Rows, model: whole.Model
) -> None:
    own = model.copy()
    rows = stream[CLEAN : CLEAN + 300].copy()
    rows[50:200] += 1e4
    _, verdicts, decided = run(own, rows, 1e-5)
    assert np.flatnonzero(decided == OPENED).tolist() == [50 + whole_fit.HOLD_OFF - 1]
    closed = np.flatnonzero(decided == CLOSED)
    assert closed.size == 1
    assert 200 < closed[0] < 230
    assert (verdicts[closed[0] - whole_fit.BACK + 1 : closed[0] + 1] == INSIDE).all()


@given(st.lists(st.integers(1, 400), max_size=6), st.integers(0, 2000))
def test_cuts_and_snapshots_change_no_bit(cuts: list[int], saved: int) -> None:
    rows = plant(3, 2000)
    rows[::37, 1] = np.nan
    together = whole.blank(SIZE, *whole.split(CLEAN))
    expected = run(together, rows, 1e-3)
    apart = whole.blank(SIZE, *whole.split(CLEAN))
    edges = sorted({0, 2000, saved, *(min(edge * 5, 2000) for edge in cuts)})
    parts = []
    for a, b in itertools.pairwise(edges):
        parts.append(run(apart, rows[a:b], 1e-3))
        if b == saved:
            apart = np.frombuffer(apart.tobytes()).copy()
    assert apart.tobytes() == together.tobytes()
    for k in range(3):
        np.testing.assert_array_equal(np.concatenate([part[k] for part in parts]), expected[k])


def test_a_missing_value_is_the_one_that_the_others_let_expect(stream: Rows, model: whole.Model) -> None:
    clean, row = stream[: whole.split(CLEAN)[0]], stream[CLEAN + 5].copy()
    mean = clean.mean(axis=0)
    sd = np.sqrt(((clean[:-1] - mean) ** 2).mean(axis=0))
    z = ((clean - mean) / sd)[:-1]
    precision = np.linalg.inv(z.T @ z / len(z) + whole_fit.RIDGE * np.eye(SIZE))
    holed, filled = row.copy(), row.copy()
    holed[3] = np.nan
    others = np.delete(np.arange(SIZE), 3)
    filled[3] = mean[3] - sd[3] / precision[3, 3] * (precision[3, others] @ ((row - mean) / sd)[others])
    first, second = model.copy(), model.copy()
    a, b = run(first, holed[None])[0], run(second, filled[None])[0]
    assert a[0] == pytest.approx(b[0], rel=1e-6)
    np.testing.assert_allclose(first, second, rtol=1e-6, atol=1e-9)


def test_an_instant_with_much_missing_is_passed_over(stream: Rows, model: whole.Model) -> None:
    own = model.copy()
    before = run(own, stream[CLEAN : CLEAN + 3])[0][-1]
    kept = own.copy()
    holed = stream[CLEAN + 3].copy()
    holed[:2] = np.nan
    ratio, verdict, decided = run(own, holed[None], 1.0)
    assert (ratio[0], verdict[0], decided[0]) == (before, PASSED, 0)
    kept[whole_fit.LINKED] = 0.0
    assert own.tobytes() == kept.tobytes()


def test_incomplete_instants_teach_nothing() -> None:
    rows = plant(4, 1000)
    holed = np.insert(rows, [100, 700], np.full(SIZE, np.nan), axis=0)
    holed[100, 1:] = 5.0
    model = whole.blank(SIZE, *whole.split(1000))
    _, verdicts, _ = run(model, holed[:-1])
    assert (verdicts == NOT_YET).all()
    assert whole.phase(model) == whole_fit.LIMITS
    run(model, holed[-1:])
    assert whole.phase(model) == whole_fit.WATCHING


def test_without_neighbouring_instants_innovations_are_not_judged() -> None:
    rows = plant(9, 1600)
    model = whole.blank(SIZE, 600, 200)
    run(model, rows[:600])
    holed = rows[600:1000].copy()
    holed[::2] = np.nan
    run(model, holed)
    assert whole.phase(model) == whole_fit.WATCHING
    ratios, verdicts, _ = run(model, rows[1000:])
    assert (verdicts == OVER).mean() < 0.1
    assert ratios.max() < 3.0


def test_a_constant_variable_is_left_out() -> None:
    rows = plant(6, 1400)
    rows[:, 2] = 0.1
    model = taught(rows[:1200])
    moved = rows[1200:].copy()
    moved[:, 2] += 1e6
    a, b = run(model.copy(), rows[1200:]), run(model.copy(), moved)
    np.testing.assert_array_equal(a[0], b[0])
    constant = taught(np.ones((1200, 3)))
    assert (run(constant, np.zeros((20, 3)))[1] == INSIDE).all()


def test_identical_variables_are_quiet_until_they_part() -> None:
    rows = plant(7, 1400)
    rows[:, 5] = rows[:, 4]
    model = taught(rows[:1200])
    assert (run(model.copy(), rows[1200:])[1] == OVER).mean() < 0.05
    rows[1200:, 5] += 3.0
    assert (run(model.copy(), rows[1200:])[1] == OVER).all()


@given(
    st.integers(0, 1000),
    st.lists(
        st.tuples(
            st.integers(0, 399),
            st.integers(0, 2),
            st.sampled_from([np.nan, np.inf, -np.inf, 1e300, -1e300, 1e99, 1e-300, 0.0]),
        ),
        max_size=40,
    ),
    st.sampled_from([1e-160, 1e-30, 1.0, 1e90]),
)
def test_no_input_gives_an_exception_or_a_number_that_is_none(
    seed: int, holes: list[tuple[int, int, float]], unit: float
) -> None:
    rows = np.random.default_rng(seed).normal(size=(400, 3)) * unit
    for at, variable, value in holes:
        rows[at, variable] = value
    model = whole.blank(3, *whole.split(200))
    ratios, verdicts, _ = run(model, rows, 1e-3)
    assert np.isfinite(ratios).all()
    assert set(verdicts.tolist()) <= {NOT_YET, PASSED, INSIDE, OVER}
    assert not np.isnan(model).any()
    parts = np.empty(3)
    whole.explain(model, parts)
    assert np.isfinite(parts).all()


@njit
def end(model: Rows) -> None:
    whole_fit.end_phase(model)


def test_a_clean_period_given_by_time_ends_when_it_is_told_to() -> None:
    rows = plant(8, 900)
    told, counted = whole.blank(SIZE, 10**6, 10**6), whole.blank(SIZE, 500, 400)
    run(told, rows[:500])
    assert whole.phase(told) == whole_fit.LEARNING
    end(told)
    run(told, rows[500:])
    assert whole.phase(told) == whole_fit.LIMITS
    end(told)
    run(counted, rows)
    assert whole.phase(told) == whole.phase(counted) == whole_fit.WATCHING
    targets = [whole_fit.LEARN_N, whole_fit.LIMIT_N]
    np.testing.assert_array_equal(np.delete(told, targets), np.delete(counted, targets))


def test_too_short_a_clean_period_is_made_up_by_what_follows() -> None:
    rows, model = plant(8, 400), whole.blank(SIZE, 10**6, 10**6)
    least = whole_fit.LEAST_PER_VARIABLE * SIZE
    run(model, rows[:5])
    end(model)
    run(model, rows[5 : least - 1])
    assert whole.phase(model) == whole_fit.LEARNING
    run(model, rows[least - 1 : least])
    assert whole.phase(model) == whole_fit.LIMITS
    end(model)
    run(model, rows[least : least + whole_fit.LEAST_LIMITS])
    assert whole.phase(model) == whole_fit.WATCHING


@pytest.mark.parametrize("size", [0, 1, whole_fit.MOST_MEMBERS + 1])
def test_too_few_or_too_many_variables_are_refused(size: int) -> None:
    with pytest.raises(ValueError, match="variables"):
        whole.blank(size, 100, 100)
