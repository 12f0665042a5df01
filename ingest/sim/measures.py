"""From what is true to what is read: quantities of every place, and the gauges that look at them. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from ingest.sim import grid
from ingest.sim.kinds import Quantity
from ingest.sim.layout import UTILISATION

if TYPE_CHECKING:
    from ingest.sim.dynamics import Movement, State
    from ingest.sim.layout import Layout

SPARE_USUAL: Final = 0.25
LEAST_SHARE: Final = 0.25
READY: Final = 0.94
SAG_HZ: Final = 2.0


def measure(layout: Layout, state: State, movement: Movement, hours: float) -> np.ndarray:
    """Give every quantity of every place (quantities, places) in its unit, NaN where it has no meaning."""
    made = layout.enterprises
    n, s, b = len(made.paths), len(layout.sectors), len(layout.branches)
    found = np.full((len(Quantity), n + s + b + 1), np.nan)
    _of_enterprises(layout, state, movement, hours, found[:, :n])
    made_all, could_all = state.made_h, np.maximum(state.could_h, 1e-9)
    for first, count, group in ((n, s, made.sector), (n + s, b, made.branch), (n + s + b, 1, None)):
        of = np.zeros(n, np.intp) if group is None else group
        share = np.bincount(of, made_all / could_all, count) / np.bincount(of, minlength=count)
        found[Quantity.INDEX, first : first + count] = 100.0 * share
        people = np.bincount(of, movement.absence, count) / np.bincount(of, minlength=count)
        found[Quantity.ABSENCE, first : first + count] = people
    _of_branches(layout, state, movement, hours, found[:, n + s : n + s + b])
    _of_nation(layout, state, movement, found[:, -1])
    return found


def _of_enterprises(
    layout: Layout, state: State, movement: Movement, hours: float, found: np.ndarray
) -> None:
    """Fill in what enterprises measure."""
    made, flows = layout.enterprises, layout.flows
    rate = movement.made / hours
    found[Quantity.OUTPUT] = rate
    days = state.raw / np.maximum(flows.bin_use, 1e-9) / 24.0
    cover = np.full(len(rate), np.inf)
    np.minimum.at(cover, flows.bin_consumer, days)
    found[Quantity.COVER] = np.where(np.isfinite(cover), cover, np.nan)
    found[Quantity.GOODS] = state.goods
    found[Quantity.ENERGY] = movement.drawn / hours
    found[Quantity.INTENSITY] = 1000.0 * found[Quantity.ENERGY] / np.maximum(rate, LEAST_SHARE * made.rate)
    found[Quantity.ABSENCE] = movement.absence
    found[Quantity.LORRIES] = layout.nominal[Quantity.LORRIES, : len(rate)] * movement.lorries
    found[Quantity.LEVEL] = 100.0 * state.water / np.maximum(layout.reservoir, 1e-9)
    found[Quantity.PLAN] = 100.0 / UTILISATION * state.made_h / np.maximum(state.could_h, 1e-9)
    filled = np.minimum(1.0, found[Quantity.LEVEL] / (100.0 * grid.LOW_WATER))
    wet = np.where(layout.reservoir > 0.0, filled, 1.0)
    found[Quantity.AVAILABLE] = READY * made.capacity * np.maximum(movement.fit, 0.0) * wet
    found[Quantity.WIND] = movement.weather.wind[made.region]


def _of_branches(layout: Layout, state: State, movement: Movement, hours: float, found: np.ndarray) -> None:
    """Fill in what branches measure: power, and how full the stores of their members are."""
    made, flows = layout.enterprises, layout.flows
    count = len(layout.branches)
    found[Quantity.ENERGY] = np.bincount(made.branch, movement.drawn, count) / hours
    filled = np.minimum(1.0, state.raw / np.maximum(flows.bin_target, 1e-9))
    of = made.branch[flows.bin_consumer]
    stores = np.bincount(of, minlength=count)
    full = np.bincount(of, filled, count) / np.maximum(stores, 1)
    found[Quantity.SUPPLIED] = np.where(stores > 0, 100.0 * full, 100.0)


def _of_nation(layout: Layout, state: State, movement: Movement, found: np.ndarray) -> None:
    """Fill in what the national statistics measure."""
    made, flows, power = layout.enterprises, layout.flows, movement.power
    trucks = layout.trucks
    fleet = layout.nominal[Quantity.LORRIES, trucks]
    found[Quantity.ON_ROAD] = 100.0 * float((fleet * movement.lorries[trucks]).sum() / fleet.sum())
    shipped = float(movement.shipped[flows.is_road].sum())
    found[Quantity.DELIVERED] = 100.0 * shipped / max(movement.ready, 1e-9)
    load = float(power.drawn.sum()) + power.households
    found[Quantity.LOAD] = load
    spare = power.spare / max(load, 1e-9)
    found[Quantity.RESERVE] = 100.0 * spare
    # Governors hold 50 Hz while there is power in reserve; a shortage pulls it down until load is shed.
    found[Quantity.FREQUENCY] = 50.0 - SAG_HZ * (1.0 - power.served) - 0.02 * max(0.0, SPARE_USUAL - spare)
    eaten = made.essential & (made.demand > 0.0) & (made.branch == layout.branches.index("food"))
    found[Quantity.FOOD] = float(state.goods[eaten].sum() / (24.0 * made.demand[eaten].sum()))
    found[Quantity.TEMPERATURE] = float(movement.weather.temperature.mean())


def read(layout: Layout, true: np.ndarray, arrivals: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """Read every gauge (G): its quantity at its place, with its error, in the digits it shows.

    `arrivals` (F, t/h) is what scales weigh.
    """
    gauges = layout.gauges
    exact = np.where(gauges.flow < 0, true[gauges.quantity, gauges.place], arrivals[gauges.flow])
    values: np.ndarray = np.rint(exact * (1.0 + gauges.noise * noise) * gauges.scale) / gauges.scale
    return values.clip(0.0)
