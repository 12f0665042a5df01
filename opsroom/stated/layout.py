"""What is remembered of an indicator with a declared capability, and what is found of it: only layout."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[Any]
LAYOUT: Final = 1
NEVER: Final = np.iinfo(np.int64).min

PAIRS: Final = 12
"""Pairs of capability and potentiality remembered of before: a year of monthly re-declarations."""

SAID = np.dtype(
    [
        ("latency", "f8"),  # NaN where no potentiality is declared
        ("until", "i8"),  # when another pair was declared
        ("mean", "f8"),  # productivity under it: mean, scatter of a reading, readings
        ("scatter", "f8"),
        ("n", "i8"),
    ],
    align=True,
)

# Eight bytes a field, so that equal states are equal bytes.
ROW = np.dtype(
    [
        ("series", "i8"),
        ("orientation", "i8"),
        ("capability", "f8"),
        ("latency", "f8"),
        ("last", "i8"),
        ("before", "f8"),  # productivity of the last reading
        ("moved", "f8"),  # mean absolute difference of neighbours, and of how many
        ("pairs", "i8"),
        ("run", "i8"),  # readings in a row above what was declared, since when, and their sum
        ("since", "i8"),
        ("sum", "f8"),
        ("mean", "f8"),  # productivity since the declaration
        ("n", "i8"),
        ("inside", "i8", (2,)),  # readings in a row that are back, of each of the two doubts
        ("standing", "i8", (2,)),
        ("base_latency", "f8"),  # what stands was raised against
        ("base_mean", "f8"),
        ("past", SAID, (PAIRS,)),  # newest first
    ],
    align=True,
)

UNDERSTATED, ERODED = 0, 1

EVENT = np.dtype(
    [
        ("row", "i8"),
        ("doubt", "i1"),
        ("up", "u1"),
        ("at", "i8"),
        ("since", "i8"),
        ("productivity", "f8"),
        ("latency", "f8"),
        ("productivity_then", "f8"),
        ("latency_then", "f8"),
    ],
    align=True,
)


def blank(count: int) -> Rows:
    """Give `count` indicators that have not been heard."""
    rows = np.zeros(count, ROW)
    rows["before"] = rows["latency"] = np.nan
    rows["last"] = rows["since"] = NEVER
    rows["past"]["latency"] = np.nan
    rows["past"]["until"] = NEVER
    return rows
