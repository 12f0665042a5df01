"""Silence is a signal: a series that misses two declared periods and five seconds has not reported.

Counted on the room's `now` at which readings were given, not on their event time: late is late. Only series
with a declared period, and only after their first reading.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

PERIODS = 2
GRACE_US = 5_000_000


def due_at(
    seen: NDArray[np.int64], period: NDArray[np.int64], silent: NDArray[np.bool_]
) -> NDArray[np.int64]:
    """Give the instants at which series fall silent, shape [n]; the largest int64 where they cannot."""
    never = np.iinfo(np.int64).max
    watched = (period > 0) & (seen != np.iinfo(np.int64).min) & ~silent
    return np.where(watched, np.where(watched, seen, 0) + PERIODS * period + GRACE_US, never)


def newly_silent(
    seen: NDArray[np.int64], period: NDArray[np.int64], silent: NDArray[np.bool_], now: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Give (rows, instants) of the series whose silence is due at or before `now`, in order of instant."""
    due = due_at(seen, period, silent)
    rows = np.nonzero(due <= now)[0]
    order = np.lexsort((rows, due[rows]))
    return rows[order], due[rows][order]
