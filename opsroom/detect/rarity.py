"""How rare a score is, stated as expected false alarms a week.

Peaks over threshold on the largest score of each past block.

A block is a stretch of readings (or a day); its largest score is one draw, which makes neighbouring
readings of one disturbance count once. The upper half of the remembered draws is fitted with exponential
excesses over the median; with a gamma prior on their rate the predictive tail is Lomax, P(excess > e) = (1
+ e / (B + sum))^-(A + k): heavy after few draws, exponential after many, and in constant memory. (Peaks
over threshold: Pickands 1975, Davison & Smith 1990; block maxima as declustering: Coles 2001, chapters 3
and 5.)
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from opsroom.detect.jit import inner, kernel

PRIOR_SHAPE = 2.0
"""A: the least for which a mean excess exists before any draw is seen."""
PRIOR_EXCESS = 1.0
"""B, in medians: before any draw, one more median is expected above the median."""
WEEK_US = 7 * 86_400_000_000
DAY_US = 86_400_000_000


@inner
def arrange(values: NDArray[np.float64]) -> None:
    """Sort in place (Shell 1959): short arrays only, and far quicker to compile than NumPy's sort."""
    gap = 1
    while gap < len(values):
        gap = 3 * gap + 1
    while gap > 1:
        gap //= 3
        for i in range(gap, len(values)):
            value = values[i]
            j = i
            while j >= gap and values[j - gap] > value:
                values[j] = values[j - gap]
                j -= gap
            values[j] = value


@inner
def place(ordered: NDArray[np.float64], value: float) -> int:
    """Give the first position in sorted `ordered` whose value is not below `value`."""
    low, high = 0, len(ordered)
    while low < high:
        middle = (low + high) // 2
        if ordered[middle] < value:
            low = middle + 1
        else:
            high = middle
    return low


@inner
def drawn(ring: NDArray[np.float32], count: int) -> NDArray[np.float64]:
    """Give the first `count` of a ring as floats of full width."""
    draws = np.empty(count)
    for i in range(count):
        draws[i] = ring[i]
    return draws


@inner
def fit(draws: NDArray[np.float64]) -> tuple[float, float, int]:
    """Give (median, sum of excesses in medians, number above) of `draws`, shape [n], n >= 1."""
    ordered = draws.copy()
    arrange(ordered)
    half = len(ordered) // 2
    base = ordered[half]
    excess = 0.0
    if base > 0.0:
        for i in range(half + 1, len(ordered)):
            excess += (ordered[i] - base) / base
    return base, excess, len(ordered) - half - 1


@kernel
def threshold(draws: NDArray[np.float64], per_week: float, budget: float) -> float:
    """Give the score that is passed at most `budget` times a week.

    Infinite where the past has no spread to judge by.

    `draws` are block maxima, shape [n]; `per_week` blocks make a week.
    """
    if len(draws) < 1:
        return math.inf
    base, excess, above = fit(draws)
    if base <= 0.0 or budget <= 0.0:
        return math.inf
    wanted = per_week * (above + 1) / ((len(draws) + 1) * budget)
    if wanted <= 1.0:
        return base
    return float(base * (1.0 + (PRIOR_EXCESS + excess) * (wanted ** (1.0 / (PRIOR_SHAPE + above)) - 1.0)))


@kernel
def rate(draws: NDArray[np.float64], per_week: float, score: float) -> float:
    """Give how often a week a block's largest score passes `score` (the inverse of `threshold`)."""
    if len(draws) < 1:
        return math.inf
    base, excess, above = fit(draws)
    share = (above + 1) / (len(draws) + 1)
    if base <= 0.0 or score <= base:
        return per_week * share
    over = (score - base) / base
    return float(per_week * share * (1.0 + over / (PRIOR_EXCESS + excess)) ** -(PRIOR_SHAPE + above))


@inner
def remember(ring: NDArray[np.float32], count: int, draw: float) -> int:
    """Append `draw`, dropping the oldest of a full ring; gives the new count."""
    if count >= len(ring):
        for i in range(len(ring) - 1):
            ring[i] = ring[i + 1]
        count = len(ring) - 1
    ring[count] = draw
    return count + 1


@inner
def pair_up(ring: NDArray[np.float32], count: int) -> int:
    """Join neighbouring blocks, the larger maximum stays: a short memory then spans a long past."""
    for i in range(count // 2):
        ring[i] = max(ring[2 * i], ring[2 * i + 1])
    return count // 2


@inner
def turn(value: float, full: float) -> float:
    """Bring a difference on a circle of `full` into [-full/2, full/2]; 0 leaves it as it is."""
    return value - full * np.round(value / full) if full > 0.0 else value
