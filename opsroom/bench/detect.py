"""Cost of detection on one core: each detector alone, the whole engine, memory, and peers in the same run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from typing import Any, Final

import numpy as np

from opsroom.bench import detect_peers
from opsroom.bench.detect_tiers import instants, readings, tiers, timed

WIDE: Final = 10_000
LONG: Final = 10_000
INSTANTS: Final = 100
RESIDENT: Final = 100_000
WARM_INSTANTS: Final = 200
ONE_SERIES_TIMES: Final = 5
"""Runs over one series last milliseconds, which whatever else runs here disturbs: more of them are made."""
QUALITY_GOOD: Final = 192


def bench(*, repeat: int = 3, scale: float = 1.0, peers: bool = True) -> dict[str, Any]:
    """Give rows of time and memory; `scale` shrinks the number of series and readings alike.

    Time is the processor's own for this thread: what else runs here takes none of it, though it takes cache.

    Rows have `tier` (tail, filter, discord, engine, peer), `series`, `readings` timed at once,
    `us_per_reading` (median of `repeat`, warm) and `bytes_per_series`; a discord row also `history`. A peer's
    row has its cost as multiples of ours on one series, from this run.
    """
    from opsroom.detect.shipped import settings_hash

    with _OneCore():
        wide, long = max(2, round(WIDE * scale)), max(10, round(LONG * scale))
        rows: list[dict[str, Any]] = []
        for tier in tiers():
            for series, count in ((min(wide, tier.widest or wide), INSTANTS), (1, long)):
                row: dict[str, Any] = {"tier": tier.name, "series": series, "readings": series * count}
                if tier.history is not None:
                    row["history"] = tier.history
                times = repeat if series > 1 else ONE_SERIES_TIMES * repeat
                row["us_per_reading"] = round(timed(tier, series, count, times), 4)
                row["bytes_per_series"] = tier.bytes_per_series()
                rows.append(row)
        rows += [engine(wide, INSTANTS, repeat), engine(1, long, ONE_SERIES_TIMES * repeat)]
        rows.append(resident(max(2, round(RESIDENT * scale))))
        if peers:
            rows += _peers(rows, repeat)
    return {"bench": "detect", "settings_hash": settings_hash(), "rows": rows}


class _OneCore:
    """Stay on one core, where the system knows how; whatever runs beside must not add its own."""

    def __enter__(self) -> None:
        self._before = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set()
        if self._before:
            os.sched_setaffinity(0, {max(self._before)})

    def __exit__(self, *_: object) -> None:
        if self._before:
            os.sched_setaffinity(0, self._before)


def _peers(rows: list[dict[str, Any]], repeat: int) -> list[dict[str, Any]]:
    """Give the peers' rows, each with multiples of our rows on one series."""
    ours = {
        row["tier"]: row["us_per_reading"] for row in rows if row["series"] == 1 and "us_per_reading" in row
    }
    found = [
        row
        for row in (detect_peers.half_space_trees(repeat), detect_peers.k_means(repeat))
        if row is not None
    ]
    for row in found:
        for tier in ("tail", "engine"):
            row[f"times_{tier}"] = round(row["us_per_reading"] / ours[tier], 2)
    return found


def engine(series: int, count: int, repeat: int, warm_instants: int = WARM_INSTANTS) -> dict[str, Any]:
    """Time all detectors together, as the room runs them: `count` instants of `series` in one step."""
    from opsroom.detect import Engine, SeriesSpec
    from opsroom.detect.state import PARTS
    from opsroom.model import Columns

    made = Engine()
    state = made.configure(made.blank(), [SeriesSpec(id=i + 1, unit_id=1) for i in range(series)])
    ids = np.arange(1, series + 1, dtype=np.int32)

    def columns(first: int, length: int, seed: int) -> Columns:
        return Columns(
            series=np.tile(ids, length),
            t=np.repeat(instants(first, length), series),
            v=readings(length, series, seed).reshape(-1),
            q=np.full(length * series, QUALITY_GOOD, np.uint8),
        )

    warm = columns(0, warm_instants, 2)
    made.step(state, int(warm.t[-1]), warm)
    spent = []
    for k in range(repeat + 1):
        batch = columns(warm_instants + k * count, count, 3)
        start = time.thread_time()
        made.step(state, int(batch.t[-1]), batch)
        spent.append(time.thread_time() - start)
    return {
        "tier": "engine",
        "series": series,
        "readings": series * count,
        "us_per_reading": round(float(np.median(spent[1:])) / (series * count) * 1e6, 4),
        "bytes_per_series": sum(dtype.itemsize for dtype in PARTS.values()),
    }


def resident(series: int) -> dict[str, Any]:
    """Give the most memory a fresh process takes for that many series, interpreter and libraries included."""
    done = subprocess.run(  # noqa: S603 - our own module
        [sys.executable, "-m", "opsroom.bench.detect", str(series)],
        capture_output=True,
        text=True,
        check=True,
    )
    row: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return row


def _take(series: int) -> None:
    """Configure that many series, feed each three times, and print what the process took at most."""
    import resource

    engine(series, 1, 1, warm_instants=1)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1_024)
    row = {
        "tier": "engine",
        "series": series,
        "resident_bytes": peak,
        "resident_bytes_per_series": peak // series,
    }
    print(json.dumps(row))


if __name__ == "__main__":
    _take(int(sys.argv[1]))
