"""The simulated economy: nothing lost, nothing negative, equal for equal seeds, struck as the truth says."""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.sim.dynamics import HOURS, Movement, State, World, make_world, move, start, step
from ingest.sim.faults import FaultKind, effects
from ingest.sim.kinds import Quantity, Role, Shift
from ingest.sim.layout import DISTRICT, LEVELS
from ingest.sim.scenarios import START_US, Scenario, plan
from ingest.sim.seasons import WEEK_SHARE, Moment, moment, working

SEEDS = st.integers(min_value=0, max_value=2**32)
SCENARIOS = st.sampled_from(list(Scenario))
DAY = 144


@cache
def begun() -> State:
    """Give one state at the live start: running in takes longer than what is tested."""
    return start(make_world(0))


def moved(world: World, state: State) -> tuple[State, Movement]:
    """Take one step without reading a gauge."""
    factor = effects(world.table, state.elapsed_s + HOURS * 3600.0, len(world.layout.places))
    return move(world, state, factor)


def run(world: World, days: float, state: State | None = None) -> tuple[State, np.ndarray]:
    """Run some days; gives the state and the values (rounds, G)."""
    state = begun() if state is None else state
    rows = []
    for _ in range(round(days * DAY)):
        state, values = step(world, state)
        rows.append(values)
    return state, np.array(rows)


def column(world: World, path: str) -> int:
    """Find the position of a gauge by its path."""
    return world.layout.gauges.paths.index(path)


def test_size_of_the_economy() -> None:
    layout = make_world(1).layout
    assert DISTRICT >= 60
    assert len(layout.branches) == 8
    assert len(LEVELS) == 4
    assert all(path.count("/") == 2 for path in layout.enterprises.paths)
    every = np.concatenate(list(layout.fed().values()))
    assert sorted(every.tolist()) == list(range(len(layout.gauges.gauges)))
    assert 5 <= sum(gauge.essential for gauge in layout.gauges.gauges) <= 40


@given(seed=SEEDS, scenario=SCENARIOS, late=st.integers(min_value=0, max_value=25), pooled=st.booleans())
@settings(max_examples=12, deadline=None)
def test_what_goes_in_comes_out_or_lies_in_store(
    seed: int, scenario: Scenario, late: int, pooled: bool
) -> None:
    world = make_world(seed, scenario)
    flows, n = world.layout.flows, len(world.layout.enterprises.paths)
    state = begun()._replace(elapsed_s=late * 86_400.0, pooled=pooled)
    for _ in range(24):
        before = state
        state, ledger = moved(world, state)
        for level in (state.raw, state.goods, state.pipe, state.water, *ledger[:9]):
            assert (level >= 0.0).all()
        makers = world.layout.roles[Role.MAKER]
        out = np.bincount(flows.supplier, ledger.shipped, n)
        np.testing.assert_allclose(
            (state.goods - before.goods)[makers],
            (ledger.made - ledger.sold - out)[makers],
            rtol=1e-9,
            atol=1e-6,
        )
        arrived = np.bincount(flows.bin, ledger.arrived, len(state.raw))
        np.testing.assert_allclose(state.raw - before.raw, arrived - ledger.used, rtol=1e-9, atol=1e-6)
        np.testing.assert_allclose(
            (state.pipe - before.pipe).sum(axis=0), ledger.shipped - ledger.arrived, rtol=1e-9, atol=1e-6
        )
        np.testing.assert_allclose(
            ledger.used, flows.bin_amount * ledger.made[flows.bin_consumer], rtol=1e-9, atol=1e-6
        )
        on = flows.carrier >= 0
        by_carrier = np.bincount(flows.carrier[on], ledger.shipped[on], n)
        np.testing.assert_allclose(ledger.carried.sum(), by_carrier.sum(), rtol=1e-9, atol=1e-6)


@given(seed=SEEDS, scenario=SCENARIOS)
@settings(max_examples=6, deadline=None)
def test_power_given_is_power_drawn_and_water_is_kept(seed: int, scenario: Scenario) -> None:
    world = make_world(seed, scenario)
    state = begun()._replace(elapsed_s=10 * 86_400.0)
    power_plants = np.concatenate([world.layout.roles[r] for r in (Role.HYDRO, Role.THERMAL, Role.WIND)])
    dams = world.layout.roles[Role.HYDRO]
    for _ in range(24):
        before = state
        state, ledger = moved(world, state)
        given_mwh = ledger.made[power_plants].sum()
        drawn_mwh = ledger.drawn.sum() + ledger.power.households * HOURS
        assert given_mwh == pytest.approx(drawn_mwh, rel=1e-9)
        kept = ledger.inflow - ledger.spilled - ledger.made
        np.testing.assert_allclose((state.water - before.water)[dams], kept[dams], atol=1e-6)
        assert (state.water <= world.layout.reservoir + 1e-9).all()


@given(seed=SEEDS, scenario=SCENARIOS)
@settings(max_examples=4, deadline=None)
def test_equal_seeds_give_equal_bytes(seed: int, scenario: Scenario) -> None:
    first, second = (run(make_world(seed, scenario), 0.15)[1] for _ in range(2))
    assert first.tobytes() == second.tobytes()
    assert make_world(seed, scenario).faults == make_world(seed, scenario).faults


def test_other_seeds_give_other_readings() -> None:
    assert run(make_world(1), 0.1)[1].tobytes() != run(make_world(2), 0.1)[1].tobytes()


def test_a_step_leaves_its_state_alone() -> None:
    world = make_world(3, Scenario.STRIKE)
    state = begun()
    kept = [np.copy(part) for part in state if isinstance(part, np.ndarray)]
    _, values = step(world, state)
    _, same = step(world, state)
    np.testing.assert_array_equal(values, same)
    for one, part in zip(kept, [part for part in state if isinstance(part, np.ndarray)], strict=True):
        np.testing.assert_array_equal(one, part)


def test_the_week_is_what_the_shifts_say() -> None:
    hours = np.arange(0.0, 24.0, 1.0 / 12.0)
    shifts = np.arange(len(Shift))
    week = [
        working(shifts, np.zeros(len(shifts)), Moment(hour, day, 40, is_holiday=False))
        for day in range(7)
        for hour in hours
    ]
    np.testing.assert_allclose(np.mean(week, axis=0), WEEK_SHARE, atol=2e-3)


def test_the_live_start_is_a_monday_before_the_first_shift() -> None:
    began = moment(START_US)
    assert (began.weekday, began.hour) == (0, 3.0)
    holiday = moment(START_US + 3 * 86_400_000_000)
    assert holiday.rests
    assert working(np.array([int(Shift.TWO)]), np.zeros(1), holiday._replace(hour=12.0))[0] == 0.0


def test_a_calm_week_stays_inside_its_bands() -> None:
    world = make_world(5)
    _, values = run(world, 7.0)
    gauges = world.layout.gauges
    for gauge, one in enumerate(gauges.gauges):
        if one.band is not None:
            low, high = (end if end is None else end * gauges.nominal[gauge] for end in one.band)
            seen = values[~np.isnan(values[:, gauge]), gauge]
            assert low is None or seen.min() >= low, gauges.paths[gauge]
            assert high is None or seen.max() <= high, gauges.paths[gauge]
    assert 90.0 < np.nanmean(values[:, column(world, "deliveries")]) <= 101.0


def days_until_low(world: World, values: np.ndarray, path: str) -> float:
    """Give after how many days a store first lies under its band; inf where it never does."""
    gauge = column(world, path)
    low = (world.layout.gauges.gauges[gauge].band or (0.0, None))[0] or 0.0
    under = np.flatnonzero(values[:, gauge] < low * world.layout.gauges.nominal[gauge])
    return float(under[0]) / DAY if len(under) else np.inf


@pytest.fixture(scope="module")
def struck() -> tuple[World, np.ndarray, np.ndarray]:
    """Ten days of the strike, and the same with the lorries in common from the fifth day on."""
    world = make_world(1, Scenario.STRIKE)
    helped = make_world(1, Scenario.STRIKE, help_h=96.0)
    state, first = run(world, 4.0)
    rest = [run(one, 6.0, state)[1] for one in (world, helped)]
    return world, np.concatenate([first, rest[0]]), np.concatenate([first, rest[1]])


def test_the_strike_starves_first_who_has_least_in_store(
    struck: tuple[World, np.ndarray, np.ndarray],
) -> None:
    world, values, _ = struck
    milk = min(days_until_low(world, values, f"food/milk/dairy-{n}/stock-cover") for n in (1, 2, 3))
    flour = min(days_until_low(world, values, f"food/bread/bakery-{n}/stock-cover") for n in (1, 2, 3, 4, 5))
    timber = min(days_until_low(world, values, f"building/timber/mill-{n}/stock-cover") for n in (1, 2, 3))
    castings = min(days_until_low(world, values, f"metals/machines/works-{n}/stock-cover") for n in (1, 2))
    assert 1.0 < milk < flour < timber < castings < np.inf
    bread = column(world, "food/bread/bakery-1/output")
    assert np.nanmean(values[:DAY, bread]) > 2.0 * np.nanmean(values[-DAY:, bread])
    copper = column(world, "mining/copper/smelter-1/output")
    assert np.nanmin(values[:, copper]) > 0.8 * world.layout.gauges.nominal[copper], "rail runs on"


def test_lorries_in_common_bring_bread(struck: tuple[World, np.ndarray, np.ndarray]) -> None:
    world, alone, helped = struck
    bakeries = [column(world, f"food/bread/bakery-{n}/output") for n in (1, 2, 3, 4, 5)]
    worst, shared = (rows[-2 * DAY :, bakeries].mean(axis=0).min() for rows in (alone, helped))
    assert shared > 4.0 * worst


def test_a_drought_empties_the_reservoirs() -> None:
    world = make_world(1, Scenario.DROUGHT)
    _, values = run(world, 12.0)
    level = values[:, column(world, "energy/hydro/dam-1/reservoir")]
    assert np.nanmin(level[-DAY:]) < 0.6 * np.nanmax(level[:DAY])


@given(seed=SEEDS)
@settings(max_examples=8, deadline=None)
def test_the_plan_of_ordinary_trouble(seed: int) -> None:
    layout = make_world(0).layout
    faults = plan(layout, seed, Scenario.TROUBLE)
    assert faults[0].kind is FaultKind.OUTAGE
    assert faults[0].unit.startswith("energy/hydro/")
    assert {fault.kind for fault in faults} == set(FaultKind) - {FaultKind.STRIKE, FaultKind.DROUGHT}
    for unit in {fault.unit for fault in faults}:
        for one, following in pairwise(fault for fault in faults if fault.unit == unit):
            assert one.end_s < following.start_s
    assert all(fault.series and set(fault.series) <= set(layout.gauges.paths) for fault in faults)


def test_the_truth_is_what_is_reported() -> None:
    world = make_world(2, Scenario.TROUBLE)
    gauges = world.layout.gauges
    _, calm = run(make_world(2), 6.0)
    _, values = run(world, 6.0)
    seen = set()
    for fault in world.faults:
        first, last = int(fault.start_s // 600.0) + 2, int(min(fault.end_s // 600.0, 6 * DAY)) - 1
        if first + 12 > last or fault.kind in seen:
            continue
        seen.add(fault.kind)
        gauge = column(world, fault.series[0])
        held, usual = values[first:last, gauge], calm[first:last, gauge]
        due = ~np.isnan(usual)
        if fault.kind is FaultKind.SILENCE:
            assert np.isnan(held).all()
        elif fault.kind is FaultKind.STUCK:
            assert len(np.unique(held[due])) == 1
        elif fault.kind is FaultKind.OUTAGE:
            assert np.median(held[due]) < 0.2 * gauges.nominal[gauge]
        elif fault.kind in {FaultKind.WASTE, FaultKind.ABSENCE}:
            assert held[due][-3] > 1.25 * usual[due][-3]
    assert {FaultKind.OUTAGE, FaultKind.STUCK, FaultKind.SILENCE, FaultKind.WASTE} <= seen


def test_ten_thousand_enterprises_are_whole_districts() -> None:
    world = make_world(1, Scenario.STRIKE, plants=10_000)
    assert 10_000 <= len(world.layout.enterprises.paths) < 10_000 + DISTRICT
    state, values = run(world, 0.05, start(world))
    assert np.isfinite(values[-1]).sum() > 10_000
    assert (state.raw >= 0.0).all()
    strikers = [fault.unit for fault in world.faults]
    assert len(strikers) == len(set(strikers)) == len(world.layout.trucks)


def test_who_carries_is_loaded_alike() -> None:
    made = make_world(1).layout.enterprises
    for region in range(3):
        rates = made.rate[(made.kind == made.kind[make_world(1).layout.trucks[0]]) & (made.region == region)]
        assert rates.max() < 3.0 * rates.min()


def test_every_gauge_has_a_nominal_value() -> None:
    layout = make_world(1).layout
    assert (layout.gauges.nominal > 0.0).all()
    assert layout.nominal.shape == (len(Quantity), len(layout.places))
