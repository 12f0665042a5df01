"""Rollups: aggregates of one minute and one hour, kept as rows like readings.

A flush writes for each bucket it touches either a *partial* row (its readings come after all stored ones of
the series: it adds to what is there) or a *whole* one (a late or replaced reading: it stands for the bucket
as it is now, redone from readings, and what was written before no longer counts). So in-order data never
reads back. Pure.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from opsroom.store import Buckets
from opsroom.store._arrays import aggregate, starts
from opsroom.store._chunks import Rows, join, no_rows
from opsroom.store._streams import Ints

MINUTE_US: Final = 60_000_000
HOUR_US: Final = 3_600_000_000
WIDTHS_US: Final = (HOUR_US, MINUTE_US)
_FLOATS: Final = 6


def rollup(fresh: Rows, late: NDArray[np.bool_], stored: Rows, width_us: int) -> Rows:
    """Give the rollup rows of a flush, sorted.

    `fresh` are its readings (sorted, single), `late` marks those at or before the newest stored reading of
    their series, `stored` are the stored readings (sorted, single) of every bucket a late one falls into,
    at least.
    """
    if not late.any():
        return rows_of(aggregate(fresh.series, fresh.t, fresh.floats[0], width_us), whole=False)
    dirty = _keys(fresh.take(late), width_us)
    redo = _in(fresh, dirty, width_us)
    ordered = fresh.take(~redo)
    both = join([stored.take(_in(stored, dirty, width_us)), fresh.take(redo)]).sorted().lasting()
    redone = aggregate(both.series, both.t, both.floats[0], width_us)
    parts = [
        rows_of(aggregate(ordered.series, ordered.t, ordered.floats[0], width_us), whole=False),
        _emptied(dirty),
        rows_of(redone, whole=True),
    ]
    return join(parts).sorted()


def settle(rows: Rows) -> Rows:
    """Join sorted rollup rows, earlier before later among equals, to one row a bucket."""
    if len(rows) < 2:  # noqa: PLR2004 - one row is one bucket
        return rows
    at = starts(rows.series, rows.t)
    if len(at) == len(rows):
        return rows
    ends = np.append(at[1:], len(rows))
    place = np.arange(len(rows))
    since = np.maximum.accumulate(np.where(rows.marks[0] != 0, place, np.repeat(at, ends - at)))
    kept = rows.take(place >= np.repeat(since[ends - 1], ends - at))
    at = starts(kept.series, kept.t)
    ends = np.append(at[1:], len(kept))
    count, total, low, high, first, last = kept.floats
    real = count > 0
    place = np.arange(len(kept))
    before = np.minimum.reduceat(np.where(real, place, len(kept)), at)
    after = np.maximum.reduceat(np.where(real, place, -1), at)
    with np.errstate(invalid="ignore", over="ignore"):
        floats = [
            np.add.reduceat(count, at),
            np.add.reduceat(np.where(real, total, 0.0), at),
            np.fmin.reduceat(low, at),
            np.fmax.reduceat(high, at),
            first[np.where(before < len(kept), before, at)],
            last[np.where(after >= 0, after, at)],
        ]
    return Rows(kept.series[at], kept.t[at], floats, [np.maximum.reduceat(kept.marks[0], at)])


def buckets_of(rows: Rows) -> Buckets:
    """Give settled rows as buckets; emptied ones are absent."""
    real = rows.floats[0] > 0
    rows = rows if bool(real.all()) else rows.take(real)
    count, *rest = rows.floats
    return Buckets(rows.series, rows.t, count.astype(np.int64), *rest)


def rows_of(buckets: Buckets, *, whole: bool) -> Rows:
    """Give aggregates as partial or whole rows."""
    floats = [
        buckets.count.astype(np.float64),
        buckets.sum,
        buckets.min,
        buckets.max,
        buckets.first,
        buckets.last,
    ]
    return Rows(buckets.series, buckets.t, floats, [np.full(len(buckets), whole, np.uint8)])


def _keys(rows: Rows, width_us: int) -> tuple[NDArray[np.int32], Ints]:
    """Give the distinct (series, bucket) of sorted rows."""
    bucket = rows.t // width_us * width_us
    at = starts(rows.series, bucket)
    return rows.series[at], bucket[at]


def among(rows: Rows, some: Rows, width_us: int) -> NDArray[np.bool_]:
    """Mark the rows that fall into a bucket of a series into which one of `some` (sorted) falls."""
    return _in(rows, _keys(some, width_us), width_us) if len(some) else np.zeros(len(rows), np.bool_)


def _in(rows: Rows, keys: tuple[NDArray[np.int32], Ints], width_us: int) -> NDArray[np.bool_]:
    """Mark the rows whose (series, bucket) is among `keys`, which are sorted and not empty."""
    series, buckets = keys
    ids = np.unique(series)
    low = int(buckets.min()) // width_us
    span = int(buckets.max()) // width_us - low + 1
    rank = np.minimum(np.searchsorted(ids, rows.series), len(ids) - 1)
    number = rows.t // width_us - low
    mine = (ids[rank] == rows.series) & (number >= 0) & (number < span)
    known = np.searchsorted(ids, series) * span + (buckets // width_us - low)
    asked = rank * span + number
    place = np.minimum(np.searchsorted(known, asked), len(known) - 1)
    found: NDArray[np.bool_] = mine & (known[place] == asked)
    return found


def _emptied(keys: tuple[NDArray[np.int32], Ints]) -> Rows:
    """Give whole rows without readings; where there are some, their row follows and adds to it."""
    series, buckets = keys
    empty = no_rows(_FLOATS, 1)
    nan = np.full(len(series), np.nan)
    floats = [np.zeros(len(series)), np.zeros(len(series)), nan, nan, nan, nan]
    return Rows(series, buckets, floats, [np.ones(len(series), np.uint8)]) if len(series) else empty
