"""Streaming left discord: how far the last readings lie from everything the series has done before.

The distance (Euclid, of raw values) of the last `WINDOW` readings to their nearest neighbour among the
windows of the last `HISTORY` readings that do not overlap them: the left matrix profile (Yeh et al. 2016)
without normalisation, so that a level never had is as strange as a shape never seen. Each lag's sum of
squares moves on by one term in and one out, so a reading costs one pass over the history.

Values are rounded to a 128th of the series' usual residual: sums of squares are then whole numbers below
2^53, exact in floats, and what is rebuilt from a snapshot's values is equal to what was kept, bit by bit.

It costs too much for every series: `choose` takes them while a share of one core lasts.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from opsroom.detect import evidence
from opsroom.detect.jit import inner, kernel
from opsroom.detect.state import CHANNEL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opsroom.model import Indicator

WINDOW: Final = 48
HISTORY: Final = 6_000
REACH: Final = HISTORY + WINDOW
SPARE: Final = 2_048
"""Places before the values are moved back: moving costs a quarter of a reading then."""
STEPS: Final = 128.0
"""Steps of rounding in one usual residual."""
MOST: Final = 2.0**20
"""Steps from the first level that still count as farther."""
PERIOD_US: Final = 60_000_000
"""What is reckoned with where a series declares no period."""
COST_US: Final = 8.0
"""Of one reading at full history on one core: what `choose` reckons with; measured: a quarter to a half."""
LEARNED: Final = 100 * evidence.WEIGHT
"""Counts from which the distance is scored."""
INFINITE: Final = np.iinfo(np.int64).max

DISCORD = np.dtype(
    [
        ("n", "i8"),  # values taken
        ("head", "i8"),  # place of the newest value; older ones follow
        ("offset", "f8"),
        ("scale", "f8"),
        ("channel", CHANNEL),
        ("place", "i4"),  # of the last distance in the histogram
        ("distance", "f8"),
    ],
    align=True,
)


Past = tuple[NDArray[Any], NDArray[np.float64], NDArray[np.float64]]
"""Rows [n], values [n, REACH + SPARE], sums of squares by lag [n, HISTORY + 1]."""


def blank(count: int) -> Past:
    """Give `count` pasts of series that have not been heard."""
    rows = np.zeros(count, DISCORD)
    rows["head"], rows["place"], rows["distance"] = SPARE, -1, -1.0
    return rows, np.zeros((count, REACH + SPARE)), np.zeros((count, HISTORY + 1))


def forget(past: Past, places: NDArray[np.int64]) -> None:
    """Let these begin anew."""
    for array, fresh in zip(past, blank(len(places)), strict=True):
        array[places] = fresh


def dump(past: Past) -> tuple[NDArray[Any], NDArray[np.int32]]:
    """Give (rows, values [n, REACH] newest first): what the sums of squares follow from."""
    rows = past[0].copy()
    values = np.zeros((len(rows), REACH), np.int32)
    for k, head in enumerate(rows["head"].tolist()):
        values[k] = past[1][k, head : head + REACH]
    rows["head"] = SPARE
    return rows, values


def load(rows: NDArray[Any], values: NDArray[np.int32]) -> Past:
    """Read what `dump` gave; bit by bit what was dumped."""
    past = blank(len(rows))
    past[0][:] = rows
    past[1][:, SPARE:] = values
    for k in range(len(rows)):
        rebuild(past[0][k], past[1][k], past[2][k])
    return past


def rank(indicator: Indicator | None) -> int:
    """Give how early a series is chosen: essential indicators 0, other indicators 1, plain series 2."""
    if indicator is None:
        return 2
    return 0 if indicator.essential else 1


@inner
def _move(sums: Any, old: Any, older: Any, step: float, leaving: float) -> None:
    """Move sums of squares on by a term in and a term out.

    A loop without choices over slices: the compiler does several lags at once.
    """
    for k in range(len(sums)):
        comes, goes = step - old[k], leaving - older[k]
        sums[k] += comes * comes - goes * goes


@inner
def _least(sums: Any) -> Any:
    """Give the least of numbers from nought up, infinite of none.

    Such floats stand in the order of their bits, and whole numbers are compared several at once.
    """
    bits = sums.view(np.int64)
    least = INFINITE
    for k in range(len(bits)):
        least = min(least, bits[k])
    return math.inf if least == INFINITE else np.int64(least).view(np.float64)


@inner
def push(d: Any, values: Any, sums: Any, y: float) -> None:
    """Take a value: move every lag's sum of squares on and find the nearest past window."""
    step = min(max(np.round((y - d.offset) / d.scale * STEPS), -MOST), MOST)
    if d.head == 0:
        for k in range(len(values) - SPARE - 1, -1, -1):
            values[SPARE + k] = values[k]
        d.head = SPARE
    d.head -= 1
    head = d.head
    values[head] = step
    history = len(sums) - 1
    lags = min(d.n, history)
    full = min(max(d.n - WINDOW, 0), history)  # lags whose window lies wholly in what was heard
    old = values[head + 1 : head + 1 + lags]
    older = values[head + 1 + WINDOW : head + 1 + WINDOW + full]
    _move(sums[1 : full + 1], old[:full], older, step, values[head + WINDOW])
    for k in range(full, lags):
        sums[k + 1] += (step - old[k]) ** 2
    nearest = _least(sums[WINDOW : full + 1])
    if d.n - WINDOW + 1 <= history and d.n >= 2 * WINDOW - 1:
        nearest = min(nearest, sums[d.n - WINDOW + 1])
    d.n += 1
    d.distance = math.sqrt(nearest) if nearest < math.inf else -1.0


@inner
def distance(d: Any, values: Any, sums: Any, r: Any, y: float) -> Any:
    """Take a value of the series whose tail is `r`; gives -log10 p of its discord, -1 where there is none."""
    if d.n == 0:
        if r.now.sized < evidence.SIZING:
            return -1.0
        d.offset, d.scale = r.level, r.now.scale
    push(d, values, sums, y)
    return weigh(d)


@inner
def weigh(d: Any) -> Any:
    """Give -log10 p of the last distance; -1 where there is none yet or the past is too short."""
    d.place = -1
    if d.distance < 0.0:
        return -1.0
    p, d.place = evidence.weigh(d.channel, d.distance, evidence.INDEPENDENT_LEAST)
    return evidence.surprise(p) if evidence.counted(d.channel) >= LEARNED else -1.0


@inner
def learn(d: Any) -> None:
    """Let the last distance be one of the past."""
    if d.distance >= 0.0:
        evidence.learn(d.channel, d.distance, d.place)


@kernel
def rebuild(d: Any, values: Any, sums: Any) -> None:
    """Find every lag's sum of squares anew from the values: exact, so equal to what was kept."""
    for lag in range(1, min(d.n - 1, HISTORY) + 1):
        total = 0.0
        for k in range(min(WINDOW, d.n - lag)):
            total += (values[d.head + k] - values[d.head + lag + k]) ** 2
        sums[lag] = total


def choose(wanted: Iterable[tuple[int, float]], taken: Sequence[float], share: float, most: int) -> list[int]:
    """Give which series get a discord: in the order given, while the budget lasts.

    `wanted` are (row, readings a second), most important first; `taken` the readings a second of those
    chosen before; `share` of one core's time; `most` series in all.
    """
    spent = sum(taken) * COST_US / 1e6
    count = len(taken)
    chosen = []
    for row, per_s in wanted:
        cost = per_s * COST_US / 1e6
        if count >= most:
            break
        if spent + cost <= share:
            chosen.append(row)
            spent += cost
            count += 1
    return chosen
