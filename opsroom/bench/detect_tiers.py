"""Each detector alone in a loop as tight as the engine's, so that its own cost is what is timed.

The loops are compiled anew in each run: what they call is compiled into them, and a cache would not see it
change.
"""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from opsroom.detect import Engine, discord, evidence, tail
from opsroom.detect import filter as naming
from opsroom.detect import state as layout

Floats = NDArray[np.float64]
PERIOD_US: Final = 60_000_000
START_US: Final = 1_767_225_600_000_000
WARM_SERIES: Final = 16
"""Series warmed one by one; wider states are copies of them: warming each takes longer than timing."""
PHI: Final = 0.9
SEASON: Final = 2.0
DAY_READINGS: Final = 1_440
BUDGET: Final = 0.1
HISTORIES: Final = (1_000, discord.HISTORY)
SHIPPED_SERIES: Final = int(inspect.signature(Engine).parameters["discord_series"].default)
NO_DISCORD: Final = -1.0


@dataclass(frozen=True)
class Tier:
    """A detector on its own: `blank` makes its rows, `run` takes (rows, t, values) instant by instant.

    `t` is shape [instants], `values` [instants, series]. `widest` bounds the series it is timed over.
    """

    name: str
    warm: int
    blank: Callable[[int], Any]
    run: Callable[[Any, NDArray[np.int64], Floats], None]
    history: int | None = None
    widest: int | None = None

    def bytes_per_series(self) -> int:
        """Give what is remembered of a series."""
        rows = self.blank(1)
        return int(sum(part.nbytes for part in rows) if isinstance(rows, tuple) else rows.nbytes)


def readings(instants: int, series: int, seed: int = 1) -> Floats:
    """Give a day's wave under autoregressive noise, shape [instants, series]: none rests, none is cheap."""
    random = np.random.default_rng(seed)
    values = random.normal(size=(instants, series))
    for i in range(1, instants):
        values[i] += PHI * values[i - 1]
    wave = SEASON * np.sin(2.0 * np.pi * np.arange(instants) / DAY_READINGS)
    return np.asarray(values + wave[:, None])


def instants(first: int, count: int) -> NDArray[np.int64]:
    """Give instants by number, microseconds."""
    return START_US + PERIOD_US * np.arange(first, first + count, dtype=np.int64)


def warmed(tier: Tier, series: int) -> Any:
    """Give rows that have seen `tier.warm` readings."""
    few = min(series, WARM_SERIES)
    rows = tier.blank(few)
    tier.run(rows, instants(0, tier.warm), readings(tier.warm, few, seed=2))
    place = np.arange(series) % few
    return tuple(part[place] for part in rows) if isinstance(rows, tuple) else rows[place]


def timed(tier: Tier, series: int, count: int, repeat: int) -> float:
    """Give the median time of a reading, microseconds: `count` instants of `series`, `repeat` times."""
    rows = warmed(tier, series)
    values = readings(count, series, seed=3)
    spent = []
    for k in range(repeat + 1):  # the first meets cold memory and is not counted
        t = instants(tier.warm + k * count, count)
        start = time.thread_time()
        tier.run(rows, t, values)
        spent.append(time.thread_time() - start)
    return float(np.median(spent[1:])) / (count * series) * 1e6


def tiers() -> list[Tier]:
    """Give every detector that can be timed on its own."""
    return [
        Tier("tail", 2_000, lambda n: layout.blank_rows(n)["tail"], _run_tail),
        Tier("filter", 200, lambda n: layout.blank_rows(n)["filter"], _run_filter),
        *(_discord(history) for history in HISTORIES),
    ]


def _discord(history: int) -> Tier:
    """Give the discord with that many past readings: fewer than shipped are the same code on shorter rows.

    The shipped one is timed over as many series as may have it at once.
    """
    widest = SHIPPED_SERIES if history == discord.HISTORY else None
    warm = history + 2 * discord.WINDOW
    return Tier("discord", warm, lambda n: _pasts(n, history), _run_discord, history, widest)


def _pasts(count: int, history: int) -> tuple[Any, ...]:
    """Give blank pasts of series whose yardstick is known: (rows of the tail, *past)."""
    rows, values, sums = discord.blank(count)
    tails = layout.blank_rows(count)["tail"]
    tails["now"]["sized"], tails["now"]["scale"] = evidence.SIZING, 1.0
    kept = history + discord.WINDOW + discord.SPARE
    return tails, rows, values[:, :kept].copy(), sums[:, : history + 1].copy()


def _tail_loop(rows: Any, t: Any, values: Any) -> None:
    """Feed the tail instant by instant."""
    leaf = tail.calendar()
    for i in range(len(t)):
        for k in range(values.shape[1]):
            tail.look_ahead(rows, min(k + tail.AHEAD, values.shape[1] - 1), leaf)
            r = rows[k]
            y = values[i, k]
            if r.n == 0:
                tail.first_reading(r, t[i], y)
            else:
                tail.score(r, leaf, t[i], y, tail.keep_time(r, t[i]), 0.0, BUDGET, NO_DISCORD)


def _filter_loop(rows: Any, t: Any, values: Any, profile: Any) -> None:
    """Feed the filter instant by instant."""
    room = naming.scratch()
    for i in range(len(t)):
        for k in range(values.shape[1]):
            naming.move(rows[k], t[i], values[i, k], profile, room)


def _discord_loop(tails: Any, rows: Any, known: Any, sums: Any, values: Any) -> None:
    """Feed the discord instant by instant."""
    for i in range(len(values)):
        for k in range(values.shape[1]):
            discord.distance(rows[k], known[k], sums[k], tails[k], values[i, k])
            discord.learn(rows[k])


_tail = njit(nogil=True)(_tail_loop)
_filter = njit(nogil=True)(_filter_loop)
_distances = njit(nogil=True)(_discord_loop)


def _run_tail(rows: Any, t: NDArray[np.int64], values: Floats) -> None:
    _tail(rows, t, values)


def _run_filter(rows: Any, t: NDArray[np.int64], values: Floats) -> None:
    _filter(rows, t, values, naming.PROFILES["A"])


def _run_discord(rows: Any, _t: NDArray[np.int64], values: Floats) -> None:
    _distances(*rows, values)
