"""What the room itself expects of a series: the forecast of its filter, in units of the readings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from opsroom.detect.filter import AHEAD
from opsroom.index import actualities

if TYPE_CHECKING:
    from opsroom.core import Core

STEPS_MAX: Final = 5 * AHEAD
"""Five times as far as the filter compares what it foresaw with what came; farther on a line says nothing."""
NORMAL_95: Final = 1.96


class Foresight(msgspec.Struct, frozen=True, kw_only=True):
    """Times (us) and, at each, the middle and the band that 95 of 100 readings keep; all of shape [steps].

    `step_us` is the usual distance of readings. Empty where the filter has not started.
    """

    step_us: int
    t: NDArray[np.int64]
    mean: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


def foresee(core: Core, series_id: int, ahead_us: int) -> Foresight:
    """Give what comes of a series up to so long behind its last reading, if nothing changes from now on.

    By the filter of Harrison and Stevens (opsroom/detect/filter.py), whose band is kept at 95 % by what
    earlier forecasts missed. An indicator is scored on its productivity: its forecast is turned back
    into readings. At most `STEPS_MAX` steps.
    """
    nothing = Foresight(
        step_us=0, t=np.empty(0, np.int64), mean=np.empty(0), low=np.empty(0), high=np.empty(0)
    )
    row = core.detectors.row(series_id)
    if row < 0:
        return nothing
    told = core.detectors.rows["filter"][row]
    last, gap = int(told["t"][0]), round(float(told["gap"]))
    if gap <= 0:
        return nothing
    steps = min(STEPS_MAX, max(1, ahead_us // gap))
    mean, deviation = core.engine.forecast(core.detectors, series_id, steps)
    if not np.isfinite(mean).all():
        return nothing
    indicators = [core.catalog.series[series_id].indicator] * steps
    low, high = actualities(indicators, mean - NORMAL_95 * deviation, mean + NORMAL_95 * deviation)
    middle, _ = actualities(indicators, mean.copy(), mean.copy())
    return Foresight(
        step_us=gap, t=last + gap * np.arange(1, steps + 1, dtype=np.int64), mean=middle, low=low, high=high
    )
