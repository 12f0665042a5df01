"""The economy in motion: one pure step of ten minutes, all enterprises at once, the same for the same seed.

A stock-and-flow model with Euler steps, after DYNAMO's levels and rates. What is made comes out of raw
material in store and lies in the store of goods until it is sold or a carrier takes it; on the way it
arrives through two stages of delay. Nothing is made of nothing, nothing is lost, nothing is negative:
`Movement` is the ledger. Equations in docs/simulated-economy.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from ingest.sim import grid
from ingest.sim.faults import Fault, FaultTable, effects, reported, tabulate
from ingest.sim.haulage import by_contract, in_common
from ingest.sim.kinds import Quantity, Role, Shift
from ingest.sim.layout import DISTRICT, Layout, lay_out
from ingest.sim.measures import measure, read
from ingest.sim.scenarios import START_US, Scenario, plan
from ingest.sim.seasons import MEMORY_H, WEEK_SHARE, Moment, Weather, moment, shopping, weather, working
from opsroom.model import MICROS_PER_S

if TYPE_CHECKING:
    from opsroom.model import Micros

PERIOD_S: Final = 600.0
HOURS: Final = PERIOD_S / 3600.0
NOISE_STREAM: Final = 2
PLAN_H: Final = 72.0
"""In what time an enterprise fills its store of goods, and how long it remembers what was taken and used."""
ORDER_H: Final = 48.0
ORDERS_MOST: Final = 2.0
BUSIEST: Final = 0.97
"""Nobody plans for all of what could be made."""
BOOKS_H: Final = 24.0
DRIFT: Final = 0.015
DRIFT_H: Final = 6.0
ABSENT: Final = 5.0
ABSENT_SPREAD: Final = 0.025
ABSENT_H: Final = 20.0
LABOUR: Final = 0.006
"""Share of the output that each per cent of absence beyond the usual costs."""
ON_ROAD: Final = 0.94
READY: Final = 0.94
RUN_IN_D: Final = 1


class World(NamedTuple):
    """All that does not change: layout, scenario, truth; `help_h`: hours until lorries are pooled or None."""

    seed: int
    scenario: Scenario
    layout: Layout
    faults: tuple[Fault, ...]
    table: FaultTable
    help_h: float | None


class State(NamedTuple):
    """The economy at the instant `at` (us UTC), `elapsed_s` after the live start (negative before it).

    Stores `raw` (B), `goods` (E) and `pipe` (2 stages, F) in t, `water` (E) in MWh; `used_h` (B) and
    `taken_h` (E) are remembered rates in t/h; `made_h` and `could_h` (E) the books of the offices. `drift`,
    `absent` (E), `sky` (3, 3) and `noise` (G) are standard normal; `last` (G) is what each gauge reported.
    `pooled`: lorries are shared out by the room.
    """

    at: Micros
    elapsed_s: float
    tick: int
    raw: np.ndarray
    goods: np.ndarray
    pipe: np.ndarray
    water: np.ndarray
    used_h: np.ndarray
    taken_h: np.ndarray
    made_h: np.ndarray
    could_h: np.ndarray
    drift: np.ndarray
    absent: np.ndarray
    sky: np.ndarray
    noise: np.ndarray
    last: np.ndarray
    pooled: bool


class Movement(NamedTuple):
    """What moved in one step, in t or MWh: the ledger; and what went with it.

    `made`, `sold`, `carried` and `drawn` (MWh) are of enterprises (E), `used` of bins (B), `shipped` and
    `arrived` of flows (F), `ready` what lay ready to be carried by road (t), `inflow` and `spilled` of
    reservoirs (E). `lorries` is the share of the fleet in service, `fit` what people and machines allow (E).
    """

    made: np.ndarray
    used: np.ndarray
    shipped: np.ndarray
    arrived: np.ndarray
    sold: np.ndarray
    carried: np.ndarray
    drawn: np.ndarray
    inflow: np.ndarray
    spilled: np.ndarray
    ready: float
    power: grid.Power
    moment: Moment
    weather: Weather
    lorries: np.ndarray
    absence: np.ndarray
    fit: np.ndarray


def make_world(
    seed: int,
    scenario: Scenario = Scenario.CALM,
    *,
    plants: int = DISTRICT,
    help_h: float | None = None,
) -> World:
    """Make the world of `seed` with at least so many enterprises, in whole districts.

    Raises:
        PluginError: a file in `ingest/sim/plants/` cannot be used.
    """
    layout = lay_out(max(1, -(-plants // DISTRICT)))
    faults = plan(layout, seed, scenario)
    return World(seed, scenario, layout, faults, tabulate(layout, faults), help_h)


def start(world: World, *, days: float = 0.0, live: Micros = START_US) -> State:
    """Give an even state `days` before the live start, after some days of running in without faults."""
    made, flows, gauges = world.layout.enterprises, world.layout.flows, world.layout.gauges
    ticks = round((days + RUN_IN_D) * 86_400.0 / PERIOD_S)
    state = State(
        at=live - round(ticks * PERIOD_S) * MICROS_PER_S,
        elapsed_s=-ticks * PERIOD_S,
        tick=0,
        raw=flows.bin_target.copy(),
        goods=made.goods_target.copy(),
        pipe=np.tile(flows.nominal * flows.transit_h / 2.0, (2, 1)),
        water=0.8 * world.layout.reservoir,
        used_h=flows.bin_use.copy(),
        taken_h=made.rate.copy(),
        made_h=made.rate.copy(),
        could_h=made.capacity * WEEK_SHARE[made.shift],
        drift=np.zeros(len(made.paths)),
        absent=np.zeros(len(made.paths)),
        sky=np.zeros((3, 3)),
        noise=np.zeros(len(gauges.gauges)),
        last=gauges.nominal.copy(),
        pooled=False,
    )
    for _ in range(round(RUN_IN_D * 86_400.0 / PERIOD_S)):
        state, _ = step(world, state)
    return state


def step(world: World, state: State) -> tuple[State, np.ndarray]:
    """Move ten minutes on and read every gauge: the new state and the values (float64, G) in their units.

    NaN stands where a gauge is not due or its enterprise is silent.
    """
    factor = effects(world.table, state.elapsed_s + PERIOD_S, len(world.layout.places))
    state, movement = move(world, state, factor)
    true = measure(world.layout, state, movement, HOURS)
    values = read(world.layout, true, movement.arrived / HOURS, state.noise)
    values = reported(world.table, world.layout, state.elapsed_s, values, state.last)
    gauges = world.layout.gauges
    due = state.tick % gauges.every == 0
    state = state._replace(last=np.where(due, values, state.last))
    silent = factor[Quantity.REPORT][gauges.place] < 1.0
    return state, np.where(due & ~silent, values, np.nan)


def move(world: World, state: State, factor: np.ndarray) -> tuple[State, Movement]:
    """Take one Euler step under faults (`factor`, quantities x places); no gauge is read."""
    layout = world.layout
    made, flows = layout.enterprises, layout.flows
    n = len(made.paths)
    state = _chance(world, state)
    now = moment(state.at)
    sky = weather(state.sky, now)
    pooled = state.pooled or (world.help_h is not None and state.elapsed_s >= world.help_h * 3600.0)
    work = working(made.shift, made.offset_h, now)
    absence = ABSENT * np.exp(ABSENT_SPREAD * state.absent) * factor[Quantity.ABSENCE, :n]
    fit = (1.0 - LABOUR * (absence - ABSENT)) * (1.0 + DRIFT * state.drift) * factor[Quantity.OUTPUT, :n]
    lorries = ON_ROAD * (1.0 + DRIFT * state.drift) * factor[Quantity.LORRIES, :n]

    wish = _wish(layout, state, work, np.maximum(fit, 0.0))
    power = grid.dispatch(layout, state, wish, work, fit, factor, now, sky, HOURS)
    makes = power.made * HOURS
    makers = layout.roles[Role.MAKER]
    makes[makers] = wish[makers] * power.served * HOURS
    goods = state.goods + np.where(made.role == 0, makes, 0.0)
    buys = made.demand * HOURS * np.where(made.essential, shopping(now), 1.0)
    sold = np.minimum(goods, buys)
    goods = goods - sold

    wanted = _wanted(layout, state, goods, work, pooled=pooled)
    able = np.maximum(fit, 0.0)
    able[layout.trucks] = lorries[layout.trucks]
    able = np.minimum(able * made.capacity * work, grid.within(layout, state.raw, HOURS))
    taken, carried = _carried(layout, state, wanted, able, pooled=pooled)
    makes[layout.roles[Role.CARRIER]] = carried[layout.roles[Role.CARRIER]] * HOURS
    shipped = taken * HOURS
    used = np.minimum(state.raw, flows.bin_amount * makes[flows.bin_consumer])
    leave = state.pipe * (1.0 - np.exp(-2.0 * HOURS / flows.transit_h))
    arrived = leave[1]
    out = np.bincount(flows.supplier, shipped, n)
    memory = HOURS / PLAN_H
    state = state._replace(
        raw=np.maximum(0.0, state.raw - used) + np.bincount(flows.bin, arrived, len(state.raw)),
        goods=np.maximum(0.0, goods - out),
        pipe=np.stack([state.pipe[0] + shipped - leave[0], state.pipe[1] + leave[0] - leave[1]]),
        water=power.water,
        used_h=state.used_h + memory * (used / HOURS - state.used_h),
        taken_h=state.taken_h + memory * ((out + buys) / HOURS - state.taken_h),
        made_h=state.made_h + HOURS / BOOKS_H * (_stood(layout, makes, fit, lorries, work) - state.made_h),
        could_h=state.could_h + HOURS / BOOKS_H * (made.capacity * work - state.could_h),
        pooled=pooled,
    )
    ready = float(wanted[flows.is_road].sum()) * HOURS
    moved = Movement(
        makes, used, shipped, arrived, sold, carried * HOURS, power.drawn * HOURS, power.inflow,
        power.spilled, ready, power, now, sky, lorries, absence, fit,
    )  # fmt: skip
    return state, moved


def _chance(world: World, state: State) -> State:
    """Move everything that is chance, and the clock: Ornstein-Uhlenbeck processes of unit variance."""
    random = np.random.Generator(
        np.random.Philox(key=[world.seed, NOISE_STREAM], counter=[0, state.tick, 0, 0])
    )
    n, gauges = len(state.drift), world.layout.gauges
    draw = np.clip(random.standard_normal(2 * n + 9 + len(state.noise)), -4.5, 4.5)
    sky = draw[2 * n : 2 * n + 9].reshape(3, 3)
    return state._replace(
        at=state.at + round(PERIOD_S) * MICROS_PER_S,
        elapsed_s=state.elapsed_s + PERIOD_S,
        tick=state.tick + 1,
        drift=_ou(state.drift, DRIFT_H, draw[:n]),
        absent=_ou(state.absent, ABSENT_H, draw[n : 2 * n]),
        sky=_ou(state.sky, MEMORY_H, sky),
        noise=_ou(state.noise, gauges.memory_h, draw[2 * n + 9 :]),
    )


def _ou(before: np.ndarray, memory_h: float | np.ndarray, draw: np.ndarray) -> np.ndarray:
    """Give the next value of a process that forgets in `memory_h` hours."""
    kept = np.exp(-HOURS / memory_h)
    moved: np.ndarray = kept * before + np.sqrt(1.0 - kept**2) * draw
    return moved


def _wish(layout: Layout, state: State, work: np.ndarray, fit: np.ndarray) -> np.ndarray:
    """Give what each maker would make with all the power it asks for (E, t/h)."""
    made = layout.enterprises
    could = made.capacity * WEEK_SHARE[made.shift]
    planned = state.taken_h + (made.goods_target - state.goods) / PLAN_H
    share = np.clip(planned / np.maximum(could, 1e-9), 0.0, BUSIEST)
    bound = grid.within(layout, state.raw, HOURS)
    room = (made.goods_max - state.goods) / HOURS
    wish: np.ndarray = np.minimum(np.minimum(made.capacity * work * share * fit, bound), room)
    return np.where(made.role == 0, np.maximum(wish, 0.0), 0.0)


def _wanted(layout: Layout, state: State, goods: np.ndarray, work: np.ndarray, *, pooled: bool) -> np.ndarray:
    """Give what consumers order and suppliers have ready (F, t/h)."""
    made, flows = layout.enterprises, layout.flows
    bins = len(state.raw)
    on_way = np.bincount(flows.bin, state.pipe.sum(axis=0), bins)
    usual = np.bincount(flows.bin, flows.nominal * flows.transit_h, bins)
    order = state.used_h + (flows.bin_target - state.raw + usual - on_way) / ORDER_H
    order = np.clip(order, 0.0, ORDERS_MOST * flows.bin_use)
    weight = flows.weight
    if pooled:  # another supplier steps in: whoever has goods sends them
        held = goods[flows.supplier]
        weight = held / np.maximum(np.bincount(flows.bin, held, bins), 1e-9)[flows.bin]
    road = work[layout.trucks[0]] / WEEK_SHARE[Shift.ROAD]
    asked = order[flows.bin] * weight * np.where(flows.is_road, road, 1.0)
    total = np.bincount(flows.supplier, asked, len(made.paths))
    share = np.minimum(1.0, goods / np.maximum(total * HOURS, 1e-12))
    wanted: np.ndarray = asked * share[flows.supplier]
    return wanted


def _stood(
    layout: Layout, makes: np.ndarray, fit: np.ndarray, lorries: np.ndarray, work: np.ndarray
) -> np.ndarray:
    """Give what the books of the offices count (E): what is made; of stations and carriers what is ready."""
    made = layout.enterprises
    ready = READY * np.minimum(np.maximum(fit, 0.0), 1.05)
    ready[layout.trucks] = lorries[layout.trucks]
    counted: np.ndarray = np.where(made.role == 0, makes / HOURS, ready * made.capacity * work)
    return counted


def _carried(
    layout: Layout, state: State, wanted: np.ndarray, able: np.ndarray, *, pooled: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Give what each flow gets carried (F, t/h), and what each carrier carries (E, t/h)."""
    flows, n = layout.flows, len(able)
    on = flows.carrier >= 0
    if not pooled:
        taken = by_contract(layout, wanted, able)
        return taken, np.bincount(flows.carrier[on], taken[on], n)
    filled = state.raw / np.maximum(flows.bin_target, 1e-9)
    taken = in_common(layout, wanted, able, np.clip(1.0 - filled, 0.0, 1.0)[flows.bin])
    rail = on & ~flows.is_road
    carried = np.bincount(flows.carrier[rail], taken[rail], n)
    trucks = layout.trucks
    share = able[trucks] / max(float(able[trucks].sum()), 1e-12)
    carried[trucks] = share * float(taken[flows.is_road].sum())
    return taken, carried
