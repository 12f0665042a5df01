"""A long history put straight into a store, for rows that ask how long it takes to play."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

import numpy as np

from opsroom.model import Columns, Series, Unit
from opsroom.records import SeriesSet, UnitSet
from opsroom.store import open_store

MINUTES_A_DAY = 1_440
MINUTE_US = 60_000_000
T0 = 1_700_000_000_000_000
PLANTS = 12


def month(folder: Path, series: int, days: int) -> int:
    """Store `series` autoregressive series of a reading a minute over `days`; give the number of readings."""
    (folder / "opsroom-data").mkdir(parents=True)
    rng = np.random.default_rng(2)
    state = np.zeros(series)
    ids = np.arange(1, series + 1, dtype=np.int32)
    with contextlib.closing(open_store(f"sqlite:///{folder}/opsroom-data/store.db")) as store:
        store.journal.commit(1, [], _tree(series), [])
        for day in range(days):
            noise = rng.normal(0.0, 1.0, (MINUTES_A_DAY, series))
            values = np.empty_like(noise)
            for n in range(MINUTES_A_DAY):
                state = 0.7 * state + noise[n]
                values[n] = state
            t = np.repeat(T0 + (day * MINUTES_A_DAY + np.arange(MINUTES_A_DAY)) * MINUTE_US, series)
            columns = Columns(
                np.tile(ids, MINUTES_A_DAY), t, 50.0 + values.ravel(), np.full(len(t), 192, np.uint8)
            )
            store.readings.take(columns, day + 2)
            store.readings.flush(T0, True)
    return days * MINUTES_A_DAY * series


def _tree(series: int) -> list[UnitSet | SeriesSet]:
    """Give a root with plants, among which the series are dealt; no two series are siblings."""
    root = Unit(id=1, root_id=1, parent_id=None, path="", name="all", level_name="", depth=0)
    plants = [
        Unit(id=2 + n, root_id=1, parent_id=1, path=f"plant-{n}", name=f"plant-{n}", level_name="", depth=1)
        for n in range(PLANTS)
    ]
    own = [
        Series(id=n + 1, root_id=1, unit_id=2 + n % PLANTS, name=f"series-{n}", period_s=60.0)
        for n in range(series)
    ]
    return [UnitSet(root), *(UnitSet(one) for one in plants), *(SeriesSet(one) for one in own)]


if __name__ == "__main__":
    sys.stdout.write(f"{month(Path(sys.argv[1]), 156, 44)} readings\n")
