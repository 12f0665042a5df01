"""The simulated economy: same for the same seed, quiet without faults, struck where the truth says."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.sim.dynamics import World, make_world, start, step
from ingest.sim.faults import FIRST_S, FaultKind
from ingest.sim.layout import LEVELS
from opsroom.model import MICROS_PER_S, Orientation

SEEDS = st.integers(min_value=0, max_value=2**32)


class Run(NamedTuple):
    """A run: the live seconds (n), the values (n, G) and whether each stands outside its band (n, G)."""

    elapsed_s: np.ndarray
    values: np.ndarray
    outside: np.ndarray


def simulate(world: World, seconds: int) -> Run:
    """Run `seconds` from the live start, one reading a second."""
    state = start(world, 0)
    rows, elapsed = [], []
    for second in range(1, seconds + 1):
        state, values = step(world, state, second * MICROS_PER_S)
        rows.append(values)
        elapsed.append(state.elapsed_s)
    values = np.array(rows)
    bands = [gauge.band or (None, None) for gauge in world.layout.gauges]
    low = np.array([-np.inf if lo is None else lo for lo, _ in bands]) * world.layout.nominal
    high = np.array([np.inf if hi is None else hi for _, hi in bands]) * world.layout.nominal
    return Run(np.array(elapsed), values, (values < low) | (values > high))


def column(world: World, path: str) -> int:
    """Find the position of a gauge by its full path."""
    return [world.layout.gauge_path(gauge) for gauge in range(len(world.layout.gauges))].index(path)


def test_size_of_the_economy() -> None:
    layout = make_world(1).layout
    assert len(layout.enterprises()) >= 14
    assert 60 <= len(layout.gauges) <= 80
    assert len(LEVELS) == 4
    assert sum(len(rows) for rows in layout.enterprises().values()) == len(layout.gauges)
    assert any(gauge.orientation is Orientation.LESS_IS_BETTER for gauge in layout.gauges)
    assert 1 <= sum(gauge.essential for gauge in layout.gauges) <= 10
    assert any(gauge.orientation is None and gauge.band is None for gauge in layout.gauges)


@given(seed=SEEDS)
@settings(max_examples=10, deadline=None)
def test_equal_seeds_give_equal_readings(seed: int) -> None:
    first, second = (simulate(make_world(seed), 40) for _ in range(2))
    np.testing.assert_array_equal(first.values, second.values)
    assert make_world(seed).faults == make_world(seed).faults


def test_other_seeds_give_other_readings() -> None:
    assert not np.array_equal(simulate(make_world(1), 5).values, simulate(make_world(2), 5).values)


def test_step_leaves_its_state_alone() -> None:
    world = make_world(3)
    state = start(world, 0)
    before = [part.copy() for part in (state.output, state.stock, state.noise)]
    later, values = step(world, state, MICROS_PER_S)
    again, same = step(world, state, MICROS_PER_S)
    np.testing.assert_array_equal(values, same)
    assert later.elapsed_s == again.elapsed_s
    for kept, part in zip(before, (state.output, state.stock, state.noise), strict=True):
        np.testing.assert_array_equal(kept, part)


@given(seed=SEEDS)
@settings(max_examples=5, deadline=None)
def test_without_faults_no_band_is_left(seed: int) -> None:
    run = simulate(make_world(seed, faulty=False), 900)
    assert not run.outside.any()
    assert np.isfinite(run.values).all()


@given(seed=SEEDS)
@settings(max_examples=20, deadline=None)
def test_the_plan_of_faults(seed: int) -> None:
    faults = make_world(seed).faults
    assert FIRST_S[0] <= faults[0].start_s <= FIRST_S[1]
    assert [fault.kind for fault in faults[:3]] == list(FaultKind)
    for fault, following in pairwise(faults):
        assert fault.start_s < fault.end_s < following.start_s
    assert all(fault.series for fault in faults)


@given(seed=SEEDS)
@settings(max_examples=4, deadline=None)
def test_the_truth_is_what_is_seen(seed: int) -> None:
    world = make_world(seed)
    run = simulate(world, 820)
    for fault in (fault for fault in world.faults if fault.end_s < 800):
        settle_s = 60.0 if fault.kind is FaultKind.DRIFT else 8.0
        held = (run.elapsed_s >= fault.start_s + settle_s) & (run.elapsed_s < fault.end_s - 1)
        for path in fault.series:
            assert run.outside[held, column(world, path)].all(), (seed, fault.kind, path)
    first = world.faults[0]
    assert not run.outside[run.elapsed_s < first.start_s].any()


@pytest.mark.parametrize("seed", [1, 7])
def test_a_collapse_of_transport_starves_plants_downstream(seed: int) -> None:
    world = make_world(seed)
    run = simulate(world, 600)
    collapse = world.faults[1]
    assert collapse.kind is FaultKind.TRANSPORT
    bakery = column(world, "food/bread-capital/bakery/output")
    dam = column(world, "energy/hydro-south/dam-2/output")
    during = (run.elapsed_s > collapse.start_s + 90) & (run.elapsed_s < collapse.end_s)
    assert run.outside[during, bakery].all()
    assert not run.outside[during, dam].any()
    mill_works = run.elapsed_s < collapse.start_s + 20
    assert not run.outside[mill_works, bakery].any(), "the stock bridges the first seconds"


def test_a_pause_is_walked_in_small_steps() -> None:
    world = make_world(5, faulty=False)
    state, values = step(world, start(world, 0), 300 * MICROS_PER_S)
    assert state.elapsed_s == pytest.approx(300.0)
    assert (state.output > 0.7).all()
    assert (values > 0).all()


def test_speed_multiplies_elapsed_time_only() -> None:
    state, _ = step(make_world(1, speed=10.0), start(make_world(1), 0), MICROS_PER_S)
    assert state.elapsed_s == pytest.approx(10.0)
    assert state.at == MICROS_PER_S
