"""Years of a modest plant in a store that lets go of what is old: its file, and what it still says."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import Any

import numpy as np

from opsroom.model import Columns
from opsroom.section import StoreSection
from opsroom.store import open_store

MINUTE = 60_000_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
T0 = 19_000 * DAY
SERIES, EVERY = 10, 5 * MINUTE
A_DAY = SERIES * DAY // EVERY
KEPT = StoreSection(keep_readings_d=14, keep_minutes_d=60, keep_hours_d=400)


def years(folder: Path, days: int) -> dict[str, Any]:
    """Store `days`, a flush each, and give the file's bytes on the way and what is left."""
    file, rng = folder / "store.db", np.random.default_rng(3)
    ids = np.arange(1, SERIES + 1, dtype=np.int32)
    per = DAY // EVERY
    largest: dict[int, int] = {}
    begun, longest = time.monotonic(), 0.0
    with contextlib.closing(open_store(f"sqlite:///{file}", KEPT)) as store:
        for number in range(days):
            at = T0 + number * DAY
            t = np.repeat(at + np.arange(per) * EVERY, SERIES)
            v = np.round(50 + rng.normal(size=len(t)), 2)
            columns = Columns(np.tile(ids, per), t, v, np.full(len(t), 192, np.uint8))
            store.readings.take(columns, number + 1)
            since = time.monotonic()
            store.readings.flush(at + DAY, force=True)
            longest = max(longest, time.monotonic() - since)
            size = file.stat().st_size
            hundred = (number // 100 + 1) * 100
            largest[hundred] = max(largest.get(hundred, 0), size)
        end = T0 + days * DAY
        since = time.monotonic()
        year = store.readings.buckets(range(1, SERIES + 1), end - 365 * DAY, end, DAY)
        year_ms = (time.monotonic() - since) * 1000
        levels = store.readings.levels()
        counted = store.readings.count()
    return {
        "days": days,
        "stored": days * A_DAY,
        "kb_by_day": {str(day): round(size / 1024) for day, size in largest.items()},
        "readings_left": counted,
        "rows_left": [level.rows for level in levels],
        "days_left": [round((end - (level.oldest or end)) / DAY, 1) for level in levels],
        "year_days": len(np.unique(year.t)),
        "year_readings": int(year.count.sum()),
        "year_ms": round(year_ms, 1),
        "flush_longest_ms": round(longest * 1000),
        "seconds": round(time.monotonic() - begun, 1),
    }
