"""The economy in motion: one pure step, all plants at once, the same for the same seed.

A stock-and-flow model with Euler steps, after DYNAMO's levels and rates. Levels are output and unfilled
orders (P), raw material in store (E) and noise (G); what a plant can make is bounded by power, by the
scarcest of its stocks, by who came to work, by the rhythm of the day and by what is broken. Stocks are in
seconds of consumption at full output.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ingest.sim.faults import Fault, FaultTable, effects, plan_faults, tabulate
from ingest.sim.kinds import METERED, Quantity
from ingest.sim.layout import Layout, lay_out
from opsroom.model import MICROS_PER_S

if TYPE_CHECKING:
    from opsroom.model import Micros

DAY_S = 600.0
HOURS = 24.0
UTILISATION = 0.94
COVER_H = 1.5
OUTPUT_MEMORY_S = 4.0
ORDER_GAIN = 1.5
SCARCE = 0.35
RESERVE = 1.35
GREAT_LOAD = -2.0
SHED_FIRST = 3.2
SHED_LAST = 0.75
STEP_S_MAX = 5.0
NOISE_STREAM = 2
ORDERS_S = 150.0
ORDERS_MEMORY_S = 120.0
LABOUR = 0.1
LINING = 0.09
GOODS_SOLD = 0.5
SCRAP_STOP = 0.6
SCRAP_WEAR = 1.0
DROOP = 0.004
BOOKS_S = 60.0
RESERVE_BOOKED = 1.02
FULL_LOAD = 1.34
SEEN_AT_ONCE = (Quantity.RESERVE, Quantity.FREQUENCY, Quantity.HAULAGE)


class World(NamedTuple):
    """All that does not change: layout, truth, and `speed` in simulated seconds a second."""

    seed: int
    speed: float
    day_s: float
    layout: Layout
    faults: tuple[Fault, ...]
    table: FaultTable


class State(NamedTuple):
    """The economy at the instant `at`, `elapsed_s` after the live start (negative before it).

    `output` (P) is in shares of capacity, `backlog` (P) in seconds of orders, `stock` (E) in seconds of
    consumption, `noise` (G) in standard deviations. `booked` (quantities, S) is what offices have on paper:
    they learn of their plants with delay.
    """

    at: Micros
    elapsed_s: float
    tick: int
    output: np.ndarray
    backlog: np.ndarray
    stock: np.ndarray
    noise: np.ndarray
    booked: np.ndarray


def make_world(seed: int, *, speed: float = 1.0, day_s: float = DAY_S, faulty: bool = True) -> World:
    """Make the world of `seed`; `faulty` false leaves every fault out.

    Raises:
        PluginError: a file in `ingest/sim/plants/` cannot be used.
    """
    layout = lay_out()
    faults = plan_faults(layout, seed) if faulty else ()
    return World(seed, speed, day_s, layout, faults, tabulate(layout, faults))


def start(world: World, now: Micros, *, history_s: float = 0.0) -> State:
    """Give an even state at `now`, `history_s` simulated seconds before the first live instant."""
    layout = world.layout
    usual = np.ones((len(Quantity), len(layout.member)))
    usual[Quantity.OUTPUT] = UTILISATION
    return State(
        at=now,
        elapsed_s=-history_s,
        tick=0,
        output=np.full(len(layout.sites), UTILISATION),
        backlog=np.full(len(layout.sites), ORDERS_S),
        stock=np.full(len(layout.source), _cover_s(world)),
        noise=np.zeros(len(layout.gauges)),
        booked=usual,
    )


def step(world: World, state: State, now: Micros) -> tuple[State, np.ndarray]:
    """Move to `now` and read every gauge: the new state and the values (float64, G) in the gauges' units.

    NaN stands where a plant does not report. A longer gap than 5 simulated seconds is walked in several Euler
    steps, so that stocks stay sane after a pause.
    """
    span_s = max(0, now - state.at) / MICROS_PER_S * world.speed
    parts = max(1, int(np.ceil(span_s / STEP_S_MAX)))
    factor = np.ones((len(Quantity), len(world.layout.sites)))
    output, backlog, stock, elapsed_s = state.output, state.backlog, state.stock, state.elapsed_s
    for _ in range(parts):
        elapsed_s += span_s / parts
        factor = effects(world.table, elapsed_s, len(output))
        missed = _rhythm(world, elapsed_s) - output
        backlog = backlog + span_s / parts * (missed - (backlog - ORDERS_S) / ORDERS_MEMORY_S)
        output, stock = _flow(world, elapsed_s, output, stock, factor, span_s / parts)
    random = np.random.Generator(
        np.random.Philox(key=[world.seed, NOISE_STREAM], counter=[0, state.tick, 0, 0])
    )
    noise = _noise(world.layout, state.noise, span_s, random)
    moved = State(now, elapsed_s, state.tick + 1, output, backlog, stock, noise, state.booked)
    plants = _quantities(world, moved, factor)
    moved = moved._replace(booked=_book(world.layout, moved.booked, plants, span_s))
    return moved, _read(world, moved, plants, factor)


def _flow(
    world: World, elapsed_s: float, output: np.ndarray, stock: np.ndarray, factor: np.ndarray, dt_s: float
) -> tuple[np.ndarray, np.ndarray]:
    """Take one Euler step of outputs and stocks."""
    layout, cover_s = world.layout, _cover_s(world)
    order = np.clip(1.0 + ORDER_GAIN * (cover_s - stock) / cover_s, 0.0, 2.0)
    freight = np.where(layout.carrier >= 0, np.minimum(output[layout.carrier] / UTILISATION, 1.0), 1.0)
    arriving = np.minimum(output[layout.source] * order, 1.0) * freight
    stock = np.maximum(0.0, stock + dt_s * (arriving - output[layout.target]))
    bound = np.ones(len(output))
    np.minimum.at(bound, layout.target, np.clip(stock / (SCARCE * cover_s), 0.0, 1.0))
    present = 1.0 - LABOUR * (factor[Quantity.ABSENCE] - 1.0)
    sound = 1.0 - LINING * (factor[Quantity.INTENSITY] - 1.0)
    able = np.minimum(bound, np.maximum(0.0, present * sound) * factor[Quantity.OUTPUT])
    wanted = _rhythm(world, elapsed_s) * _power(layout, output) * able
    share = min(1.0, dt_s / OUTPUT_MEMORY_S)
    return output + (wanted - output) * share, stock


def _rhythm(world: World, elapsed_s: float) -> np.ndarray:
    """Give the share of capacity that the shifts of the day would run (P)."""
    swing = np.sin(2.0 * np.pi * elapsed_s / world.day_s)
    rhythm: np.ndarray = UTILISATION * (1.0 + world.layout.rhythm * swing)
    return rhythm


def _power(layout: Layout, output: np.ndarray) -> np.ndarray:
    """Give the share of its wanted power that each plant gets (P); generators always get theirs.

    The grid keeps a reserve and sheds the great loads first, so that one station's outage is felt at the
    steelworks and the paper mill without stopping everyone.
    """
    given = float(np.maximum(layout.power, 0.0) @ output)
    full = float(np.maximum(layout.power, 0.0).sum()) * UTILISATION
    share = min(1.0, RESERVE * given / full)
    great = max(0.0, 1.0 - SHED_FIRST * (1.0 - share))
    small = min(1.0, share / SHED_LAST)
    return np.where(layout.power > 0.0, 1.0, np.where(layout.power <= GREAT_LOAD, great, small))


def _noise(layout: Layout, noise: np.ndarray, span_s: float, random: np.random.Generator) -> np.ndarray:
    """Move the noise of each gauge, an Ornstein-Uhlenbeck process of unit variance."""
    kept = np.exp(-span_s / layout.memory_s)
    moved: np.ndarray = kept * noise + np.sqrt(1.0 - kept**2) * np.clip(
        random.standard_normal(len(noise)), -4.0, 4.0
    )
    return moved


def _book(layout: Layout, booked: np.ndarray, plants: np.ndarray, span_s: float) -> np.ndarray:
    """Let the offices' books (quantities, S) follow the plants; grid and roads are seen at once."""
    true = plants @ layout.member.T
    moved: np.ndarray = true + np.exp(-span_s / BOOKS_S) * (booked - true)
    moved[list(SEEN_AT_ONCE)] = true[list(SEEN_AT_ONCE)]
    return moved


def _read(world: World, state: State, plants: np.ndarray, factor: np.ndarray) -> np.ndarray:
    """Read every gauge."""
    layout = world.layout
    places = np.concatenate([plants, state.booked], axis=1)
    true = places[layout.gauge_quantity, layout.gauge_place]
    values: np.ndarray = layout.nominal * np.maximum(0.0, true + layout.noise * state.noise)
    values = values.round(4)
    mute = np.concatenate([factor[Quantity.REPORT] < 1.0, np.zeros(len(layout.member), bool)])
    values[mute[layout.gauge_place] & np.isin(layout.gauge_quantity, METERED)] = np.nan
    return values


def _quantities(world: World, state: State, factor: np.ndarray) -> np.ndarray:
    """Give every quantity of every plant (quantities, P)."""
    layout, output = world.layout, state.output
    share = output / UTILISATION
    found = np.ones((len(Quantity), len(output)))
    found[Quantity.OUTPUT] = output
    found[Quantity.INTENSITY] = (0.88 + 0.12 / np.maximum(share, 0.25)) * factor[Quantity.INTENSITY]
    found[Quantity.ABSENCE] = factor[Quantity.ABSENCE]
    found[Quantity.HEAT] = 0.97 + 0.03 * share
    found[Quantity.STOCK] = np.inf
    np.minimum.at(found[Quantity.STOCK], layout.target, state.stock / _cover_s(world))
    found[Quantity.STOCK][np.isinf(found[Quantity.STOCK])] = 1.0
    orders = state.backlog / ORDERS_S
    found[Quantity.BACKLOG] = orders
    found[Quantity.GOODS] = np.maximum(0.0, 1.0 - GOODS_SOLD * (orders - 1.0))
    found[Quantity.ON_TIME] = 1.0 / np.maximum(orders, 1.0)
    found[Quantity.ENERGY] = share * found[Quantity.INTENSITY]
    stopped, worn = np.maximum(0.0, 0.95 - share), np.maximum(0.0, factor[Quantity.INTENSITY] - 1.0)
    found[Quantity.SCRAP] = 1.0 + SCRAP_STOP * stopped + SCRAP_WEAR * worn
    reserve = _reserve(layout, share)
    found[Quantity.RESERVE] = reserve
    found[Quantity.FREQUENCY] = 1.0 - DROOP * (1.0 - min(reserve, 1.0))
    depots = np.unique(layout.carrier[layout.carrier >= 0])
    found[Quantity.HAULAGE] = min(FULL_LOAD, 1.0 / max(0.2, float(share[depots].mean())))
    return found


def _reserve(layout: Layout, share: np.ndarray) -> float:
    """Give what the grid could give beyond its load, 1 on an ordinary day, 0 where it sheds."""
    given = float(np.maximum(layout.power, 0.0) @ share) / float(np.maximum(layout.power, 0.0).sum())
    load = float(np.minimum(layout.power, 0.0) @ share) / float(np.minimum(layout.power, 0.0).sum())
    spare = (RESERVE * given / max(load, 0.2) - 1.0) / (RESERVE - 1.0)
    # What the great loads do not yet draw again after a shortage is not booked as reserve.
    return min(max(0.0, spare), RESERVE_BOOKED)


def _cover_s(world: World) -> float:
    """Give the stock that plants aim at, in seconds of consumption."""
    return COVER_H * world.day_s / HOURS
