"""History in fewer points than readings: extremes of equal spans, or the points that keep the shape. Pure.

Extremes show every spike at the price of a solid band where much is noise; the shape keeps single real
points, about as a person would draw the line.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from opsroom.model import MICROS_PER_S
from opsroom.store import Buckets

MINUTE_US: Final = 60 * MICROS_PER_S
HOUR_US: Final = 60 * MINUTE_US
ENDS: Final = 2
"""First and last point, which stay whatever their shape."""


def span_us(range_us: int, points: int) -> int:
    """Give a bucket width of which at most points / 2 - 1 cover the range.

    Whole minutes or hours, so that rollups serve.

    >>> span_us(3_600_000_000, 600) / 1e6, span_us(86_400_000_000, 600) / 1e6
    (12.040134, 300.0)
    """
    return width_us(range_us, max(1, points // 2 - 1))


def width_us(range_us: int, spans: int) -> int:
    """Give a width, whole minutes or hours where it is longer than one, of which `spans` cover the range.

    >>> width_us(1_000_000_000, 100), width_us(7_000_000_000, 100)
    (10000000, 120000000)
    """
    width = -(-range_us // spans)
    for unit in (HOUR_US, MINUTE_US):
        if width >= unit:
            return -(-width // unit) * unit
    return max(1, width)


def extremes(buckets: Buckets, width_us: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Give two points a bucket, its lowest and highest, in the order in which the values went."""
    rising = buckets.last >= buckets.first
    t = np.column_stack([buckets.t, buckets.t + width_us // 2]).ravel()
    first = np.where(rising, buckets.min, buckets.max)
    second = np.where(rising, buckets.max, buckets.min)
    return t, np.column_stack([first, second]).ravel()


def shape(t: NDArray[np.int64], v: NDArray[np.float64], points: int) -> NDArray[np.intp]:
    """Give the positions of `points` points (at least 2), in order, that keep the shape of the line.

    Of each span of equally many points the one that makes the largest triangle with the point chosen before
    it and the mean of the span behind it; first and last always (largest triangle three buckets: Steinarsson,
    Downsampling Time Series for Visual Representation, University of Iceland 2013). `t` and `v` (no NaN) have
    shape [n].

    >>> shape(np.arange(6), np.array([0.0, 0.0, 9.0, 0.0, 0.0, 0.0]), 3).tolist()
    [0, 2, 5]
    """
    if len(t) <= points:
        return np.arange(len(t))
    if points <= ENDS:
        return np.array([0, len(t) - 1])
    x = (t - t[0]).astype(np.float64)
    edges = np.linspace(1, len(t) - 1, points - 1).astype(np.intp)
    next_x, next_v = _behind(x, edges), _behind(v, edges)
    chosen = np.empty(points, np.intp)
    chosen[0], chosen[-1] = 0, len(t) - 1
    for k in range(points - ENDS):
        low, high = edges[k], edges[k + 1]
        before_x, before_v = x[chosen[k]], v[chosen[k]]
        area = np.abs(
            (before_x - next_x[k]) * (v[low:high] - before_v)
            - (before_x - x[low:high]) * (next_v[k] - before_v)
        )
        chosen[k + 1] = low + int(np.argmax(area))
    return chosen


def _behind(values: NDArray[np.float64], edges: NDArray[np.intp]) -> NDArray[np.float64]:
    """Give for each span between `edges` the mean of the span behind it, for the last one the last value."""
    sums = np.add.reduceat(values[: edges[-1]], edges[:-1])
    return np.append(sums[1:] / np.diff(edges)[1:], values[-1])
