"""Looking at readings: how one series is distributed, how two go together, one behind the other. Pure.

Nothing here judges or raises anything; it answers who asks what the past of a plant looks like.
"""

from __future__ import annotations

import math
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

BINS_MIN: Final = 10
BINS_MAX: Final = 60
QUANTILES: Final = (0.05, 0.25, 0.5, 0.75, 0.95)
PAIRS_MIN: Final = 8
"""Fewer pairs than this say nothing about a lag."""
NORMAL_95: Final = 1.96


class Distribution(msgspec.Struct, frozen=True, kw_only=True):
    """`counts` [bins] of values between `edges` [bins + 1], in the unit of the values; empty without values.

    `quantiles` [5] are those of `QUANTILES`, `sd` the sample's standard deviation (None below two values).
    """

    n: int
    mean: float | None
    sd: float | None
    edges: list[float]
    counts: list[int]
    quantiles: list[float]


class Correlation(msgspec.Struct, frozen=True, kw_only=True):
    """How x goes with y a lag later.

    `r` [lags] by `lags` (steps of the grid; None with too few pairs), each of its `n` pairs; beyond `bounds`
    [lags] two series that have nothing to do with one another come in one of twenty cases. At `lag`: the
    pairs as positions of x in the grid, and the least-squares line y = `slope` x + `intercept`. `strongest`
    is the lag of the largest |r|, None where no lag has enough pairs.
    """

    lags: list[int]
    r: list[float | None]
    n: list[int]
    bounds: list[float | None]
    lag: int
    strongest: int | None
    places: list[int]
    slope: float | None
    intercept: float | None


def distribution(v: NDArray[np.float64]) -> Distribution:
    """Count values, NaN left out, in bins as wide as Freedman and Diaconis say.

    10 to 60 of them (On the histogram as a density estimator: L2 theory, 1981: twice the interquartile range
    over the cube root of the number).

    >>> distribution(np.array([1.0, 2.0, 2.0, np.nan, 3.0])).n
    4
    """
    v = v[np.isfinite(v)]
    if not len(v):
        return Distribution(n=0, mean=None, sd=None, edges=[], counts=[], quantiles=[])
    low, high = float(v.min()), float(v.max())
    if not high - low > abs(low) * 1e-12:  # one value, or so near that bins would have no width
        wide = max(abs(low) * 1e-6, 1e-9)
        return Distribution(
            n=len(v), mean=low, sd=0.0, edges=[low - wide, low + wide], counts=[len(v)], quantiles=[low] * 5
        )
    quantiles = np.quantile(v, QUANTILES)
    width = 2.0 * float(quantiles[3] - quantiles[1]) / math.cbrt(len(v))
    bins = (
        BINS_MIN
        if width <= 0
        else min(BINS_MAX, max(BINS_MIN, math.ceil(min((high - low) / width, BINS_MAX))))
    )
    counts, edges = np.histogram(v, bins, (low, high))
    return Distribution(
        n=len(v),
        mean=float(v.mean()),
        sd=float(v.std(ddof=1)) if len(v) > 1 else None,
        edges=edges.tolist(),
        counts=counts.tolist(),
        quantiles=quantiles.tolist(),
    )


def correlation(
    x: NDArray[np.float64], y: NDArray[np.float64], most: int, lag: int | None = None
) -> Correlation:
    """Correlate x with y up to `most` steps later and earlier; shape [n] on one grid, NaN for no value.

    A lag above 0 means that y follows x. `lag` chooses the pairs that are given, by default the strongest.
    Pearson's r of each lag's own pairs. Readings near in time are alike, so the bound counts them as fewer:
    n / (1 + 2 sum of rx(k) ry(k)) (Bartlett, On the theoretical specification and sampling properties of
    autocorrelated time-series, 1946).
    """
    most = max(0, min(most, len(x) - PAIRS_MIN))
    alike = _alike(x, y)
    lags = list(range(-most, most + 1))
    r: list[float | None] = []
    counted: list[int] = []
    bounds: list[float | None] = []
    for step in lags:
        ours, theirs = _pairs(x, y, step)
        found, _, _ = _line(ours, theirs)
        n = len(ours)
        r.append(found)
        counted.append(n)
        bounds.append(None if n < PAIRS_MIN else min(1.0, NORMAL_95 / math.sqrt(max(1.0, n / alike))))
    known = [(abs(value), -abs(step), step) for step, value in zip(lags, r, strict=True) if value is not None]
    strongest = max(known)[2] if known else None
    chosen = max(-most, min(most, lag if lag is not None else strongest or 0))
    ours, theirs = _pairs(x, y, chosen)
    _, slope, intercept = _line(ours, theirs)
    return Correlation(
        lags=lags,
        r=r,
        n=counted,
        bounds=bounds,
        lag=chosen,
        strongest=strongest,
        places=_places(x, y, chosen).tolist(),
        slope=slope,
        intercept=intercept,
    )


def _places(x: NDArray[np.float64], y: NDArray[np.float64], step: int) -> NDArray[np.intp]:
    """Give the positions of x that have a value and a y that many steps later."""
    at = np.arange(max(0, -step), min(len(x), len(x) - step))
    return at[np.isfinite(x[at]) & np.isfinite(y[at + step])]


def _pairs(
    x: NDArray[np.float64], y: NDArray[np.float64], step: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    at = _places(x, y, step)
    return x[at], y[at + step]


def _line(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[float | None, float | None, float | None]:
    """Give r, slope and intercept; None where there are too few pairs or one side never moves."""
    if len(x) < PAIRS_MIN:
        return None, None, None
    dx, dy = x - x.mean(), y - y.mean()
    xx, yy, xy = float(dx @ dx), float(dy @ dy), float(dx @ dy)
    still = [abs(float(side.mean())) * 1e-12 * math.sqrt(len(side)) for side in (x, y)]
    if math.sqrt(xx) <= still[0] or math.sqrt(yy) <= still[1]:
        return None, None, None
    slope = xy / xx
    r = max(-1.0, min(1.0, xy / math.sqrt(xx) / math.sqrt(yy)))
    return r, slope, float(y.mean()) - slope * float(x.mean())


def _alike(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    """Give how many readings count as one, at least 1."""
    mine, theirs = _autocorrelation(x), _autocorrelation(y)
    return max(1.0, 1.0 + 2.0 * float(mine @ theirs))


def _autocorrelation(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give r(k) for k from 1 to a quarter of the length, shape [n // 4]; gaps count as the mean."""
    real = np.isfinite(x)
    if not real.any():
        return np.zeros(len(x) // 4)
    d = np.where(real, x - x[real].mean(), 0.0)
    total = float(d @ d)
    if total <= 0.0:
        return np.zeros(len(x) // 4)
    return np.array([float(d[:-k] @ d[k:]) / total for k in range(1, len(x) // 4 + 1)])
