"""The band of an open alert, told in other units or as another index.

A council may agree on a unit, or make a series an indicator, while an alert stands on it. The alert stays,
and what it is held against must mean the same as before.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from opsroom.detect.arbiter import frozen_band
from opsroom.index import actualities, productivity
from opsroom.measuring import turned

if TYPE_CHECKING:
    from opsroom.detect.memory import SeriesSpec


def recast(hold: Any, own: Any, before: SeriesSpec, now: SeriesSpec) -> None:
    """Turn the frozen band of a row of HOLD, written to; `own` is its row of TAIL, still of before.

    A band that has no meaning any more stays. The season of before is not what is learned from now on: the
    band stands where it stood at the last reading.
    """
    centre, half = frozen_band(hold, own, own["last"])
    ends = _scored(_read(centre - half, centre + half, before), now, before)
    if all(map(math.isfinite, ends)):
        hold["centre"], hold["half"] = (ends[0] + ends[1]) / 2, abs(ends[1] - ends[0]) / 2
        hold["seasonal"] = 0


def _read(low: float, high: float, spec: SeriesSpec) -> tuple[float, float]:
    """Give a band of what is scored as one of readings."""
    ends = actualities([spec.indicator], np.array([low]), np.array([high]))
    return float(ends[0][0]), float(ends[1][0])


def _scored(ends: tuple[float, float], now: SeriesSpec, before: SeriesSpec) -> tuple[float, float]:
    values = np.array([turned(end, before.way, now.way) for end in ends])
    indicator = now.indicator
    if indicator is not None and indicator.capability is not None:
        values = productivity(values, indicator)
    return float(values[0]), float(values[1])
