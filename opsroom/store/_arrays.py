"""The arithmetic of readings as arrays: order, the last of equals, aggregates. Pure."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from opsroom.store import Buckets

Index = NDArray[np.intp]


def order(series: NDArray[np.int32], t: NDArray[np.int64]) -> Index | None:
    """Give the stable order by (series, t), or None where it is kept already."""
    if len(t) < 2:  # noqa: PLR2004 - one reading is in order
        return None
    same = series[1:] == series[:-1]
    if bool(np.all((series[1:] > series[:-1]) | (same & (t[1:] >= t[:-1])))):
        return None
    if bool(np.all(t[1:] >= t[:-1])):
        return np.argsort(series, kind="stable")
    return np.lexsort((t, series))


def last_of_equals(series: NDArray[np.int32], t: NDArray[np.int64]) -> NDArray[np.bool_] | None:
    """Mark, in arrays ordered by (series, t), the last of each run of equals; None where all are single."""
    if len(t) < 2:  # noqa: PLR2004 - one reading has no equal
        return None
    keep = np.ones(len(t), np.bool_)
    np.not_equal(t[1:], t[:-1], out=keep[:-1])
    keep[:-1] |= series[1:] != series[:-1]
    return None if bool(keep.all()) else keep


def starts(*keys: NDArray[Any]) -> Index:
    """Give where a new combination of `keys` (arrays in order, not empty) starts; the first is 0."""
    fresh = np.zeros(len(keys[0]), np.bool_)
    fresh[0] = True
    for key in keys:
        fresh[1:] |= key[1:] != key[:-1]
    return np.flatnonzero(fresh)


def aggregate(
    series: NDArray[np.int32], t: NDArray[np.int64], v: NDArray[np.float64], width_us: int
) -> Buckets:
    """Aggregate readings in order of (series, t), without equals, by `width_us`; NaN does not count."""
    real = ~np.isnan(v)
    if not real.all():
        series, t, v = series[real], t[real], v[real]
    if not len(t):
        return no_buckets()
    bucket = t // width_us * width_us
    at = starts(series, bucket)
    ends = np.append(at[1:], len(t))
    with np.errstate(invalid="ignore", over="ignore"):
        total = np.add.reduceat(v, at)
    return Buckets(
        series=series[at],
        t=bucket[at],
        count=(ends - at).astype(np.int64),
        sum=total,
        min=np.minimum.reduceat(v, at),
        max=np.maximum.reduceat(v, at),
        first=v[at],
        last=v[ends - 1],
    )


def combine(parts: Buckets, width_us: int) -> Buckets:
    """Join aggregates of disjoint spans, in order of (series, t, time within), to buckets of `width_us`."""
    if not len(parts):
        return parts
    bucket = parts.t // width_us * width_us
    at = starts(parts.series, bucket)
    ends = np.append(at[1:], len(bucket))
    with np.errstate(invalid="ignore", over="ignore"):
        total = np.add.reduceat(parts.sum, at)
    return Buckets(
        series=parts.series[at],
        t=bucket[at],
        count=np.add.reduceat(parts.count, at),
        sum=total,
        min=np.minimum.reduceat(parts.min, at),
        max=np.maximum.reduceat(parts.max, at),
        first=parts.first[at],
        last=parts.last[ends - 1],
    )


def no_buckets() -> Buckets:
    """Give zero buckets."""
    ints, floats = np.empty(0, np.int64), np.empty(0, np.float64)
    return Buckets(np.empty(0, np.int32), ints, ints, floats, floats, floats, floats, floats)


def pick(buckets: Buckets, index: NDArray[Any]) -> Buckets:
    """Give the buckets that `index` (positions or a mask) selects."""
    return Buckets(*(getattr(buckets, name)[index] for name in buckets.__struct_fields__))


def join(parts: list[Buckets]) -> Buckets:
    """Put buckets one after the other."""
    if len(parts) == 1:
        return parts[0]
    names = Buckets.__struct_fields__
    return (
        Buckets(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))
        if parts
        else no_buckets()
    )
