"""Two accounts of one thing: how soon a difference is found, how often honest reports are doubted."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsroom.detect import claims
from opsroom.detect.claims import OVER, QUIET, RAISED, STANDING
from opsroom.model import Relation, RelationKind
from tests.detect.accounts import (
    DAY_US,
    _forget,
    autoregressive,
    balance_runs,
    claim_run,
    instants,
    walk_balances,
    walk_claims,
)


def runs(shift: float, length: int, reps: int, seed: int, **more: object) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.array([claim_run(rng, shift, length, **more) for _ in range(reps)])  # type: ignore[arg-type]


@pytest.mark.parametrize(("shift", "low", "high"), [(0.5, 34, 48), (1.0, 9.7, 11.7)])
def test_a_lasting_difference_is_found_as_soon_as_is_stated(shift: float, low: float, high: float) -> None:
    found = runs(shift, 2000, 500, 1, known=True)
    assert low < found[:, 0].mean() < high
    assert (found[:, 1] == 0).mean() > 0.97


def test_honest_reports_are_doubted_as_seldom_as_is_stated() -> None:
    """About 930 between false alarms on each side, so half of that on both."""
    known = runs(0.0, 20_000, 400, 2, known=True)
    assert 420 < known[:, 0].mean() < 640
    assert 0.4 < (known[:, 1] == 0).mean() < 0.6
    for noise in ("normal", "heavy (t4)", "laplace", "phi 0.5"):
        assert runs(0.0, 4000, 120, 3, noise=noise)[:, 0].mean() > 250


def test_what_is_learned_serves_nearly_as_well() -> None:
    assert np.median(runs(1.0, 1000, 300, 4)[:, 0]) <= 12
    assert np.median(runs(1.0, 1000, 300, 5, learn=200)[:, 0]) <= 11


@pytest.mark.parametrize("limit", [3.0, 5.0, 8.0])
def test_the_run_length_is_that_of_a_simulation(limit: float) -> None:
    rng = np.random.default_rng(6)
    total, steps, ends = np.zeros(4000), 0, 0
    while ends < 3000:
        total = np.maximum(0.0, total + rng.standard_normal(4000) - 0.5)
        steps += 4000
        ends += int((total > limit).sum())
        total[total > limit] = 0.0
    assert claims.run_length(limit) == pytest.approx(steps / ends, rel=0.12)


def test_the_limit_keeps_the_budget_and_is_never_below_five() -> None:
    assert claims.limit_for(7.0, 0.1) == 5.0
    for per_week in (168.0, 1008.0, 604_800.0):
        for budget in (0.01, 0.1, 1.0):
            limit = claims.limit_for(per_week, budget)
            assert limit >= 5.0
            assert per_week / claims.run_length(limit) <= budget * 1.01
    assert claims.limit_for(7.0, 0.0) == math.inf


def test_the_larger_account_is_asked_and_told_since_when() -> None:
    rng = np.random.default_rng(7)
    got = 50.0 + rng.standard_normal(200)
    for sign, of in ((1.0, 0), (-1.0, 1)):
        said = got + rng.standard_normal(200)
        said[120:] += 2.0 * sign
        out, ofs, row = walk_claims(said, got)
        assert list(np.flatnonzero(out == RAISED)) == [(hit := int(np.argmax(out == RAISED)))]
        assert 120 <= hit <= 128
        assert ofs[hit] == of
        assert row["sign"] == sign
        assert abs(row["onset"] - instants(200)[120]) <= 6 * DAY_US
        assert 1.0 < sign * row["z"] <= 2.5
        assert 0.0 < row["rate"] < 7.0 / 900


def test_it_stands_while_it_lasts_and_ends_when_reports_agree_again() -> None:
    rng = np.random.default_rng(8)
    got = 50.0 + rng.standard_normal(500)
    said = got + rng.standard_normal(500)
    said[120:300] += 1.5
    out, _, _ = walk_claims(said, got)
    raised, over = np.flatnonzero(out == RAISED), np.flatnonzero(out == OVER)
    assert len(raised) == len(over) == 1
    assert 300 < over[0] < 330
    assert set(out[raised[0] + 1 : over[0]]) == {STANDING}


def test_a_decision_lets_it_learn_anew() -> None:
    rng = np.random.default_rng(9)
    got = 50.0 + rng.standard_normal(700)
    said = got + rng.standard_normal(700)
    said[120:] += 3.0
    _, _, row = walk_claims(said[:200], got[:200])
    assert row["open"] == 1
    _forget(row)
    rows = np.array([row])
    out, _, after = walk_claims(said[200:], got[200:], t=instants(500, first=200), r=rows)
    assert after["centre"] == pytest.approx(3.0, abs=0.5)
    assert (out[:100] == QUIET).all()


def test_a_receipt_a_day_late_is_laid_beside_its_claim_where_that_is_declared() -> None:
    rng = np.random.default_rng(10)
    sent = 100.0 + 20.0 * rng.standard_normal(400)
    got = np.concatenate([[100.0], sent[:-1]]) + rng.standard_normal(400)
    assert walk_claims(sent, got, lag=1)[2]["scale"] < 1.6
    assert walk_claims(sent, got)[2]["scale"] > 15.0
    sent[200:] += 3.0
    assert (walk_claims(sent, got, lag=1)[0] == RAISED).any()


def test_a_declared_clean_period_is_what_is_learned_from() -> None:
    rng = np.random.default_rng(11)
    said, got = rng.standard_normal((2, 400)) + 50.0
    said[:100] += 30.0
    said[300:] += 3.0
    t = instants(400)
    relation = Relation(
        id=1,
        root_id=1,
        unit_id=1,
        name="flour",
        kind=RelationKind.CLAIM,
        members=(1, 2),
        clean=(int(t[100]), int(t[250])),
    )
    out, _, row = walk_claims(said, got, t=t, r=claims.declared(relation))
    assert (out[:300] == QUIET).all()
    assert (out[300:310] == RAISED).any()
    assert abs(row["centre"]) < 0.5


def test_a_wrong_meter_in_a_balance_is_found_by_adding_up() -> None:
    """A single sample shows an error of five deviations of one of two meters in .7 of cases."""
    single, mean, _ = balance_runs(5.0, 200, 12)
    assert 0.66 < single < 0.75
    assert mean < 4.0
    single, mean, _ = balance_runs(2.0, 200, 13)
    assert single < 0.1
    assert mean < 10.0


def test_a_balance_that_holds_is_left_in_peace() -> None:
    rng = np.random.default_rng(14)
    raised = 0
    for _ in range(20):
        flow = 100.0 + 20.0 * autoregressive(rng, 600, 0.95)
        stored = 5.0 * autoregressive(rng, 600, 0.5)
        x = np.stack([flow + stored, flow, stored], 1) + rng.standard_normal((600, 3))
        out, row = walk_balances(x, np.array([1.0, -1.0, -1.0]))
        assert row["of"] == 0
        raised += int((out == RAISED).sum())
    assert raised <= 40  # 10,000 judged, one in 465 expected


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(*(st.one_of(st.floats(), st.sampled_from([0.0, 1.0, 1e300, -1e300])),) * 2),
        min_size=1,
        max_size=120,
    ),
    st.sampled_from([0, 1]),
    st.integers(0, 3),
)
def test_any_figures_at_all_give_a_verdict_and_no_nan(
    pairs: list[tuple[float, float]], lag: int, repeat: int
) -> None:
    values = np.array(pairs * (repeat + 1), np.float64)
    out, _, row = walk_claims(values[:, 0].copy(), values[:, 1].copy(), learn=16, lag=lag)
    assert set(out) <= {QUIET, RAISED, OVER, STANDING}
    for name in ("centre", "scale", "total", "rate", "z", "gap"):
        assert np.isfinite(row[name]).all()


def test_missing_reports_move_nothing() -> None:
    rng = np.random.default_rng(15)
    said, got = rng.standard_normal((2, 300)) + 10.0
    said[150:] += 1.0
    keep = np.sort(rng.permutation(400)[:300])
    holed = np.full((2, 400), np.nan)
    holed[0, keep], holed[1, keep] = said, got
    t = instants(400)
    out, _, row = walk_claims(*holed, t=t)
    dense, _, same = walk_claims(said, got, t=t[keep])
    np.testing.assert_array_equal(np.isin(out[keep], [RAISED, OVER]), np.isin(dense, [RAISED, OVER]))
    assert row["total"].tolist() == same["total"].tolist()


def test_two_accounts_that_always_agree_raise_nothing_and_then_the_first_difference_counts() -> None:
    said = np.full(300, 7.0)
    got = said.copy()
    assert (walk_claims(said, got)[0] == QUIET).all()
    said[200:] += 0.5
    assert int(np.argmax(walk_claims(said, got)[0] == RAISED)) in range(201, 204)
    assert (walk_claims(np.zeros(300), np.zeros(300))[0] == QUIET).all()


def test_one_wrong_figure_raises_nothing() -> None:
    rng = np.random.default_rng(16)
    quiet = 0
    for _ in range(100):
        said, got = rng.standard_normal((2, 160)) + 10.0
        said[140] = 1e9
        quiet += int((walk_claims(said, got)[0][140:145] == RAISED).sum() == 0)
    assert quiet >= 90
