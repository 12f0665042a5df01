"""The grid: what is drawn is given at the same instant, by wind first, then coal and water. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from ingest.sim.kinds import Quantity, Role
from ingest.sim.layout import HOUSEHOLDS, THERMAL_SHARE, THERMAL_USED
from ingest.sim.seasons import WEEK_SHARE, lighting

if TYPE_CHECKING:
    from ingest.sim.dynamics import State
    from ingest.sim.layout import Layout
    from ingest.sim.seasons import Moment, Weather

FIXED: Final = 0.15
"""Share of the power of full work that an enterprise draws however little it makes."""
CUT_IN_MS, RATED_MS, CUT_OUT_MS = 3.0, 12.0, 25.0
LOW_WATER: Final = 0.2
SAVING_FROM: Final = 0.6
RAIN_GAIN: Final = 2.0
RAIN_USUAL: Final = 0.09
COLD_GAIN: Final = 0.01
WARM_C: Final = 15.0


class Power(NamedTuple):
    """One step of the grid: `made` and `drawn` by enterprises (E, MW), `served` the share of what was asked.

    `spare` (MW) could still be given. `water` (E, MWh) is what is left in reservoirs, after `inflow` and
    `spilled` (E, MWh).
    """

    made: np.ndarray
    drawn: np.ndarray
    households: float
    served: float
    spare: float
    water: np.ndarray
    inflow: np.ndarray
    spilled: np.ndarray


def dispatch(
    layout: Layout,
    state: State,
    wish: np.ndarray,
    work: np.ndarray,
    fit: np.ndarray,
    factor: np.ndarray,
    now: Moment,
    sky: Weather,
    hours: float,
) -> Power:
    """Serve the load of everyone who makes `wish` (E, t/h); where it is too much all get the same share."""
    made = layout.enterprises
    n = len(made.paths)
    dams, stations, parks = (layout.roles[role] for role in (Role.HYDRO, Role.THERMAL, Role.WIND))
    busy = made.rate * work / WEEK_SHARE[made.shift]
    drawn = made.energy * factor[Quantity.INTENSITY, :n] * ((1.0 - FIXED) * wish + FIXED * busy)
    cold = 1.0 + COLD_GAIN * max(0.0, WARM_C - float(sky.temperature.mean()))
    people = layout.load * HOUSEHOLDS / (1.0 + HOUSEHOLDS) * lighting(now) * cold
    asked = float(drawn.sum()) + people

    store = layout.reservoir
    rain = 1.0 + RAIN_GAIN * (sky.rain[made.region[dams]] - RAIN_USUAL)
    inflow = made.rate[dams] * np.maximum(rain, 0.2) * factor[Quantity.LEVEL, dams] * hours
    held = state.water[dams] + inflow
    level = held / store[dams]
    fit = np.maximum(fit, 0.0)
    wet = np.minimum(made.capacity[dams] * fit[dams] * np.minimum(1.0, level / LOW_WATER), held / hours)
    coal = within(layout, state.raw, hours)[stations]
    hot = np.minimum(made.capacity[stations] * np.minimum(fit[stations], 1.0), coal)
    blown = made.capacity[parks] * _curve(sky.wind[made.region[parks]])
    could = float(wet.sum() + hot.sum() + blown.sum())
    served = min(1.0, could / asked)

    need = asked * served
    windy = min(need, float(blown.sum()))
    saving = float(np.clip((SAVING_FROM - level.mean()) / 0.3, 0.0, 1.0))
    base = THERMAL_USED / THERMAL_SHARE + (1.0 - THERMAL_USED / THERMAL_SHARE) * saving
    burnt = min(need - windy, base * float(hot.sum()))
    flowing = min(need - windy - burnt, float(wet.sum()))
    burnt = need - windy - flowing
    given = np.zeros(n)
    for members, able, total in ((parks, blown, windy), (stations, hot, burnt), (dams, wet, flowing)):
        given[members] = able * (total / max(float(able.sum()), 1e-12))
    left = np.maximum(held - given[dams] * hours, 0.0)
    water = state.water.copy()
    water[dams] = np.minimum(left, store[dams])
    flown, spilled = np.zeros(n), np.zeros(n)
    flown[dams], spilled[dams] = inflow, left - water[dams]
    return Power(given, drawn * served, people * served, served, could - need, water, flown, spilled)


def within(layout: Layout, raw: np.ndarray, hours: float) -> np.ndarray:
    """Give what each enterprise could make an hour (E) before the scarcest of its `raw` (B) is used up."""
    flows = layout.flows
    bound = np.full(len(layout.enterprises.paths), np.inf)
    np.minimum.at(bound, flows.bin_consumer, raw / (flows.bin_amount * hours))
    return bound


def _curve(wind: np.ndarray) -> np.ndarray:
    """Give the share of its full power that a park gives in a wind of so many m/s."""
    share = np.clip((wind**3 - CUT_IN_MS**3) / (RATED_MS**3 - CUT_IN_MS**3), 0.0, 1.0)
    return np.where(wind > CUT_OUT_MS, 0.0, share)
