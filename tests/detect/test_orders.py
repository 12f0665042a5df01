"""Oscillation between two units: found where orders swing wider than demand, and nowhere else."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsroom.detect import orders
from opsroom.detect.claims import OVER, QUIET, RAISED, STANDING
from tests.detect.accounts import CASES, _accept, autoregressive, order_rate, walk_orders


@pytest.mark.parametrize("case", CASES[:6])
def test_orders_that_do_not_swing_wider_are_left_in_peace(case: str) -> None:
    """One judgement in a hundred is the bound, where only one of the two holds."""
    assert order_rate(case, 300, 1)[0] <= 0.0175


def test_demand_that_alternates_and_is_passed_on_with_a_little_noise_is_left_in_peace() -> None:
    rng = np.random.default_rng(2)
    raised = judged = 0
    for _ in range(200):
        demand = autoregressive(rng, 200, -0.7)
        out, _ = walk_orders(demand, demand + 0.05 * rng.standard_normal(200))
        raised, judged = raised + int((out == RAISED).sum()), judged + 8
    assert raised / judged <= 0.02


@pytest.mark.parametrize(("case", "power"), [("swinging, 1.5 sd", 0.55), ("swinging, 2 sd", 0.75)])
def test_orders_that_swing_are_found_within_sixty(case: str, power: float) -> None:
    assert order_rate(case, 200, 3)[1] >= power


def swing(seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    demand = 100.0 + 5.0 * rng.standard_normal(600)
    ordered = demand.copy()
    ordered[200:400] += 15.0 * (-1.0) ** np.arange(200)
    return demand, ordered


def test_it_is_told_with_its_size_and_ends() -> None:
    out, row = walk_orders(*(part[:300] for part in swing(4)))
    (raised,) = np.flatnonzero(out == RAISED)
    assert 200 < raised <= 260
    assert row["ratio"] > 5.0
    assert row["alternation"] < -0.5
    assert 0.0 < row["rate"] < 0.01
    out, row = walk_orders(*swing(4))
    (over,) = np.flatnonzero(out == OVER)
    assert 400 < over <= 460
    assert set(out[raised + 1 : over]) == {STANDING}


def test_what_was_accepted_is_not_found_again_but_what_is_wider_is() -> None:
    demand, ordered = swing(5)
    _, row = walk_orders(demand[:340], ordered[:340])
    rows = np.array([row])
    _accept(rows[0])
    more = np.tile(demand[200:400], 2), np.tile(ordered[200:400], 2)
    assert not (walk_orders(*more, r=rows.copy())[0] == RAISED).any()
    wider = more[0], more[0] + 4.0 * (more[1] - more[0])
    assert (walk_orders(*wider, r=rows.copy())[0] == RAISED).any()


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(*(st.one_of(st.floats(), st.sampled_from([0.0, 1.0, 1e99, 1e300])),) * 2),
        min_size=1,
        max_size=90,
    ),
    st.integers(0, 2),
)
def test_any_figures_at_all_give_a_verdict_and_no_nan(pairs: list[tuple[float, float]], repeat: int) -> None:
    values = np.array(pairs * (repeat + 1), np.float64)
    out, row = walk_orders(values[:, 0].copy(), values[:, 1].copy())
    assert set(out) <= {QUIET, RAISED, OVER, STANDING}
    for name in ("ratio", "alternation", "rate", "accepted"):
        assert np.isfinite(row[name])


def test_constant_and_missing_figures_raise_nothing() -> None:
    flat, holes = np.full(300, 4.0), np.full(300, np.nan)
    swinging = np.where(np.arange(300) % 2, 5.0, 3.0)
    assert (walk_orders(flat, flat)[0] == QUIET).all()
    assert (walk_orders(swinging, flat)[0] == QUIET).all()
    assert (walk_orders(holes, swinging)[0] == QUIET).all()
    assert (walk_orders(flat, swinging)[0] == RAISED).sum() == 1  # even demand, swinging orders


def test_memory_is_constant() -> None:
    assert orders.ORDERS.itemsize < 500
