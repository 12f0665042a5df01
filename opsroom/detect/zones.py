"""Local time inside kernels: each IANA zone as a table of instants and offsets."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
from numpy.typing import NDArray

_FIRST, _LAST = 1990, 2060
_STEP = timedelta(days=7)


@lru_cache(maxsize=256)
def transitions(name: str) -> tuple[tuple[int, int], ...]:
    """Give (instant, offset) pairs, microseconds: from each instant on, local time is UTC plus offset.

    Exact to the second, 1990-2060.

    A name that the time zone base does not know counts as UTC: a wrong slot is better than no detection.
    """
    try:
        zone = ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ((np.iinfo(np.int64).min, 0),)

    def offset(at: datetime) -> int:
        delta = at.astimezone(zone).utcoffset() or timedelta(0)
        return round(delta.total_seconds()) * 1_000_000

    at, end = datetime(_FIRST, 1, 1, tzinfo=UTC), datetime(_LAST, 1, 1, tzinfo=UTC)
    found = [(int(np.iinfo(np.int64).min), offset(at))]
    while at < end:
        after = at + _STEP
        if offset(after) != found[-1][1]:
            low, high = at, after
            while high - low > timedelta(seconds=1):
                middle = low + (high - low) // 2
                low, high = (low, middle) if offset(middle) != found[-1][1] else (middle, high)
            edge = round(high.timestamp()) * 1_000_000
            found.append((edge, offset(high + timedelta(seconds=1))))
        at = after
    return tuple(found)


def table(names: list[str]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Give (start of each zone's pairs, shape [zones + 1]; instants; offsets) for kernels."""
    pairs = [transitions(name) for name in names]
    starts = np.cumsum([0] + [len(p) for p in pairs]).astype(np.int64)
    flat = [pair for p in pairs for pair in p]
    return starts, np.array([a for a, _ in flat], np.int64), np.array([b for _, b in flat], np.int64)
