"""Times of the doors: integers in the precision a request states, and a guess where it states a wrong one.

Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ingest.doors.readings import ARRIVAL
from ingest.times import MS_MAX, MS_MIN
from opsroom.model import MICROS_PER_S

# Name to (microseconds, of how many): one nanosecond is 1 / 1,000 us.
PRECISIONS: Final[Mapping[str, tuple[int, int]]] = {
    "ns": (1, 1_000),
    "us": (1, 1),
    "ms": (1_000, 1),
    "s": (MICROS_PER_S, 1),
    "m": (60 * MICROS_PER_S, 1),
    "h": (3_600 * MICROS_PER_S, 1),
}
SYNONYMS: Final[Mapping[str, str]] = {"": "ns", "n": "ns", "u": "us", "µ": "us", "µs": "us"}
GUESSES: Final = ("s", "ms", "us", "ns")
YEAR_2000: Final = 946_684_800 * MICROS_PER_S
TOO_EARLY: Final = 40 * 86_400 * MICROS_PER_S
"""Where a time of this century falls that is stated in a precision a thousand times too fine."""
_LEAST: Final = MS_MIN * 1_000
_MOST: Final = MS_MAX * 1_000

TimeFault = tuple[str, dict[str, Any]]


class Timed(NamedTuple):
    """Event times, int64 us, shape (n,), and by index what is wrong with some: code and params."""

    t: NDArray[np.int64]
    faults: dict[int, TimeFault]


def precision_of(text: str) -> str | None:
    """Give the name of a precision as clients write it (version 1 and 2), None where it is none.

    >>> precision_of("n"), precision_of("ms"), precision_of(""), precision_of("d")
    ('ns', 'ms', 'ns', None)
    """
    name = SYNONYMS.get(text, text)
    return name if name in PRECISIONS else None


def timed(raw: NDArray[np.int64], precision: str, now: int, ahead_us: int) -> Timed:
    """Turn times of a precision into microseconds; ARRIVAL stays.

    A time more than `ahead_us` after `now` (us) is refused, and one that makes sense in another one only.
    """
    latest = now + ahead_us
    many, of = PRECISIONS[precision]
    told = raw != ARRIVAL
    fits = (raw >= _LEAST * of // many) & (raw <= _MOST * of // many)
    t = np.where(fits, raw, 0) * many // of
    wrong = told & (~fits | (t > latest) | ((np.abs(t) < TOO_EARLY) & (raw != 0)))
    faults: dict[int, TimeFault] = {}
    for at in np.flatnonzero(wrong).tolist():
        fault = _fault(int(raw[at]), int(t[at]) if fits[at] else None, precision, now, ahead_us)
        if fault is not None:
            faults[at] = fault
    return Timed(np.where(told, t, ARRIVAL), faults)


def _fault(raw: int, t: int | None, precision: str, now: int, ahead_us: int) -> TimeFault | None:
    """Say what is wrong with one time; None where it is early, and makes no better sense otherwise."""
    for guess in GUESSES:
        many, of = PRECISIONS[guess]
        if guess != precision and YEAR_2000 <= raw * many // of <= now + ahead_us:
            return "time_precision", {"time": raw, "precision": precision, "guess": guess}
    if t is None:
        return "time_invalid", {}
    if t > now + ahead_us:
        ahead = {"ahead_s": (t - now) // MICROS_PER_S, "limit_s": ahead_us // MICROS_PER_S}
        return "too_far_ahead", ahead
    return None
