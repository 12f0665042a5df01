"""Faults put into series that had none: steps, slopes, spikes, freezes, drifts and broken seasons.

A size in standard deviations is a multiple of the series' own about its time-of-day course (the median of
each half hour), both taken from the readings before the fault.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from opsroom.bench.streams import DAY_S, MIXED, START_US, Values, mixed
from opsroom.model import MICROS_PER_S, ChangeKind

Ints = NDArray[np.int64]

SLOTS: Final = 48
SEASON_SHARE: Final = 0.5
"""A season is broken only in series whose time of day explains half of the variance."""
DROP_LEAST: Final = 10.0
"""Deviations above zero that a never negative series must stand for its faults to go down."""
AFTER: Final = 288
"""Readings kept after the fault."""
BROKEN_SEASON_US: Final = DAY_S * MICROS_PER_S
LATE_US: Final = BROKEN_SEASON_US // 4


class Case(NamedTuple):
    """One fault of one size: found when an alert opens within `horizon` readings, the first included.

    `horizon` 0 is a day. `named` is what the filter should call it, None where it has no word for it.
    """

    fault: str
    size: str
    amount: float
    horizon: int
    named: ChangeKind | None = None


CASES: Final = (
    *(Case("step", f"{k} sd", k, 144, ChangeKind.STEP) for k in (2, 3, 4, 6, 10)),
    *(Case("spike", f"{k} sd", k, 3, ChangeKind.TRANSIENT) for k in (2, 3, 4, 6, 10)),
    *(Case("slope", f"{k:g} sd a reading", k, 144, ChangeKind.SLOPE) for k in (0.1, 0.25, 0.5)),
    *(Case("drift", f"{k:g} sd a reading", k, 288) for k in (0.02, 0.05)),
    *(Case("freeze", f"{k} readings", k, k) for k in (12, 36, 72, 144)),
    Case("season", "6 h late", LATE_US, 0),
    Case("season", "day missing", 0, 0),
)


class Track(NamedTuple):
    """One series: times (int64 us) and values, both [n], and `at`, the reading at which faults begin.

    `deviation` as above, `seasonal` whether it has a course of the day, `up` the direction of its faults.
    """

    kind: str
    t: Ints
    v: Values
    at: int
    deviation: float
    seasonal: bool
    up: bool


def course(t: Ints, v: Values, wanted: Ints) -> Values:
    """Give the median of `v` by half hour of the day at the times `wanted`; an empty slot has the whole's."""
    width = BROKEN_SEASON_US // SLOTS
    slot = (t // width) % SLOTS
    medians = np.full(SLOTS, np.median(v))
    for k in np.unique(slot):
        medians[k] = np.median(v[slot == k])
    return np.asarray(medians[(wanted // width) % SLOTS])


def track(kind: str, t: Ints, v: Values, at: int, number: int) -> Track | None:
    """Cut a series after `at` + AFTER readings and measure it; None where its past never moves.

    Faults of even `number` go up, of odd ones down, unless that would take a never negative series below 0.
    """
    t, v = t[: at + AFTER], v[: at + AFTER]
    past = v[:at]
    rest = past - course(t[:at], past, t[:at])
    deviation = float(rest.std())
    if not deviation > 0.0:
        return None
    seasonal = bool(rest.var() < SEASON_SHARE * past.var())
    floor = past.min() >= 0.0 and np.median(past) < DROP_LEAST * deviation
    return Track(kind, t, v, at, deviation, seasonal, up=number % 2 == 0 or bool(floor))


def simulated(seed: int, each: int = 20, days: float = 14, period_s: float = 600) -> list[Track]:
    """Give `each` series of every kind of the mixed set, with `days` of past."""
    after_days = 2 * AFTER * period_s / DAY_S
    kinds, values = mixed(seed, each * len(MIXED), days + after_days, period_s)
    t = START_US + np.round(np.arange(len(values)) * period_s * MICROS_PER_S).astype(np.int64)
    begin = START_US + round(days * DAY_S * MICROS_PER_S)
    found = []
    for i, kind in enumerate(kinds):
        there = np.isfinite(values[:, i])
        own = t[there]
        found.append(track(kind, own, values[there, i], int(np.searchsorted(own, begin)), i // len(MIXED)))
    return [one for one in found if one is not None]


def applies(case: Case, one: Track) -> bool:
    """Tell whether the fault can be put into the series."""
    return case.fault != "season" or one.seasonal


def horizon(case: Case, one: Track) -> int:
    """Give the readings within which the fault must be found in this series."""
    left = len(one.t) - one.at
    if case.horizon:
        return min(case.horizon, left)
    return int(np.searchsorted(one.t[one.at :], one.t[one.at] + BROKEN_SEASON_US))


def inject(case: Case, one: Track) -> Values:
    """Give the values of the series from its fault on, shape [n - at]."""
    v, t = one.v[one.at :].copy(), one.t[one.at :]
    unit = one.deviation if one.up else -one.deviation
    match case.fault:
        case "step":
            v += case.amount * unit
        case "spike":
            v[0] += case.amount * unit
        case "slope" | "drift":
            v += case.amount * unit * np.arange(1, len(v) + 1)
        case "freeze":
            v[: int(case.amount)] = one.v[one.at - 1]
        case "season":
            during = t < t[0] + BROKEN_SEASON_US
            if case.amount:
                earlier = np.searchsorted(one.t, t - int(case.amount), side="right") - 1
                v[during] = one.v[np.maximum(earlier, 0)][during]
            else:
                usual = course(one.t[: one.at], one.v[: one.at], t)
                v[during] += (usual.min() - usual)[during]
        case _:
            raise ValueError(case.fault)
    return v
