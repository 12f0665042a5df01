"""A process that stores day after day under a short horizon, to be killed, and what it has to leave behind.

Run as `python -m tests.store.cutter FILE`.
"""

from __future__ import annotations

import contextlib
import random
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from opsroom.model import Columns
from opsroom.section import StoreSection
from opsroom.store import Store, open_store

MINUTE = 60_000_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
FIRST, LAST = -(2**63), 2**63 - 1
SERIES, EVERY = 20, 10 * MINUTE
A_DAY = SERIES * DAY // EVERY
KEPT = StoreSection(keep_readings_d=3, keep_minutes_d=5, keep_hours_d=0)
PROJECT = Path(__file__).resolve().parents[2]


def day(number: int) -> Columns:
    """Give the readings of a day; each is the minute of the day in which it was taken."""
    t = np.repeat(np.arange(number * DAY, (number + 1) * DAY, EVERY), SERIES)
    ids = np.tile(np.arange(1, SERIES + 1, dtype=np.int32), DAY // EVERY)
    return Columns(ids, t, (t % DAY // MINUTE).astype(np.float64), np.full(len(t), 192, np.uint8))


def store_days(store: Store, days: int, calls: int = 3) -> None:
    """Go on where the store is, up to so many days: the record of a day is its number and one."""
    for number in range(store.readings.flushed_offset, days):
        store.readings.take(day(number), number + 1)
        for _ in range(calls):
            store.readings.flush((number + 1) * DAY, force=True)
        sys.stdout.write(f"{number + 1}\n")
        sys.stdout.flush()


def wrong(store: Store) -> list[str]:
    """Say what of a store is not as it has to be after some whole days."""
    days, said = store.readings.flushed_offset, []
    found = [store.readings.read(one, FIRST, LAST) for one in range(1, SERIES + 1)]
    if store.readings.count() != sum(map(len, found)):
        said.append(f"{store.readings.count()} counted, {sum(map(len, found))} read")
    for one, columns in enumerate(found, 1):
        if store.readings.count([one]) != len(columns):
            said.append(f"series {one}: {store.readings.count([one])} counted, {len(columns)} read")
        if len(columns) and (np.diff(columns.t) != EVERY).any():
            said.append(f"series {one}: a gap")
        if len(columns) and columns.t[-1] != days * DAY - EVERY:
            said.append(f"series {one}: ends at {columns.t[-1]}")
    for width in (HOUR, DAY):
        buckets = store.readings.buckets(range(1, SERIES + 1), FIRST, LAST, width)
        if buckets.count.sum() != days * A_DAY or len(set(buckets.count.tolist())) > 1:
            said.append(f"{buckets.count.sum()} readings by {width} us, {days * A_DAY} were stored")
    return said


def killed(folder: Path, times: int, seed: int, days: int = 60) -> dict[str, object]:
    """Kill the process at random instants and look at what it leaves each time."""
    rng, url, said, reached = random.Random(seed), f"sqlite:///{folder}/store.db", [], 0
    for _ in range(times):
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.store.cutter", str(folder / "store.db")],
            cwd=PROJECT,
            stdout=subprocess.PIPE,
        )
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(rng.uniform(0, 0.4))
        process.kill()
        process.communicate()
        with contextlib.closing(open_store(url, KEPT)) as store:
            said += wrong(store)
            reached = store.readings.flushed_offset
        if reached >= days:
            break
    return {"seed": seed, "kills": times, "days": reached, "wrong": said}


if __name__ == "__main__":
    with contextlib.closing(open_store(f"sqlite:///{sys.argv[1]}", KEPT)) as opened:
        store_days(opened, 10_000)
