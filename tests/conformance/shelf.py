"""Shelves of stores, and what readings on them are compared with."""

import secrets
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from opsroom.model import (
    Columns,
)
from opsroom.registry import discover
from opsroom.section import StoreSection
from opsroom.store import Buckets, Store, open_store

MINUTE = 60_000_000
HOUR = 60 * MINUTE
FIRST, LAST = -(2**63), 2**63 - 1
ENGINES = [
    pytest.param(name, marks=[pytest.mark.postgresql] if name == "postgresql" else [])
    for name in sorted(discover("opsroom.store", having="open_store"))
]
DURABLE = [param for param in ENGINES if param.values != ("memory",)]


class Shelf:
    """Makes fresh stores of one engine and opens them again."""

    def __init__(self, engine: str, folder: Path, postgresql_url: str | None) -> None:
        self.engine, self._folder, self._postgresql = engine, folder, postgresql_url
        self._opened: list[Store] = []

    def fresh(self) -> tuple[str, int]:
        """Give url and root of an empty store."""
        if self.engine == "memory":
            return "memory://", 1
        if self.engine == "sqlite":
            return f"sqlite:///{self._folder}/store.db", secrets.randbelow(2**40) + 1
        assert self._postgresql is not None
        return self._postgresql, secrets.randbelow(2**40) + 1

    def open(self, place: tuple[str, int], settings: StoreSection | None = None) -> Store:
        """Open a store and remember to close it."""
        store = open_store(place[0], settings, place[1])
        self._opened.append(store)
        return store

    def new(self) -> Store:
        """Open an empty store."""
        return self.open(self.fresh())

    def close(self) -> None:
        """Close what is open."""
        for store in self._opened:
            store.close()
        self._opened.clear()


each_engine = pytest.mark.parametrize("shelf", ENGINES, indirect=True)
each_durable = pytest.mark.parametrize("shelf", DURABLE, indirect=True)
quick = settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def columns(rows: list[tuple[int, int, float, int]]) -> Columns:
    return Columns(
        np.array([row[0] for row in rows], np.int32),
        np.array([row[1] for row in rows], np.int64),
        np.array([row[2] for row in rows], np.float64),
        np.array([row[3] for row in rows], np.uint8),
    )


def bits(values: NDArray[np.float64]) -> list[int]:
    return [int(bit) for bit in np.ascontiguousarray(values).view(np.int64)]


# Ten-second steps over three hours: equal instants, shared buckets and late readings are common.
instants = st.one_of(
    st.integers(0, 1080).map(lambda n: n * 10_000_000),
    st.integers(-(10**12), 10**12),
    st.sampled_from([-(2**62), 2**62]),
)
values = st.one_of(
    st.integers(-500, 500).map(lambda n: n / 100),
    st.floats(allow_nan=True, allow_infinity=True),
    st.sampled_from([0.0, -0.0, float("nan"), 5e-324]),
)
batches = st.lists(
    st.lists(
        st.tuples(st.sampled_from([1, 2, 7, 2**31 - 1]), instants, values, st.sampled_from([0, 64, 192])),
        max_size=12,
    ),
    min_size=1,
    max_size=8,
)
Rows = list[list[tuple[int, int, float, int]]]


def expected(rows: Rows) -> dict[tuple[int, int], tuple[float, int]]:
    return {(series, t): (value, q) for batch in rows for series, t, value, q in batch}


def fill(store: Store, rows: Rows, flushes: set[int]) -> None:
    for offset, batch in enumerate(rows, 1):
        store.readings.take(columns(batch), offset, historical=offset % 3 == 0)
        if offset in flushes:
            assert store.readings.flush(0, force=True) == offset


def check_readings(store: Store, rows: Rows) -> None:
    wanted = expected(rows)
    assert store.readings.count() == len(wanted)
    for series in (1, 2, 7, 2**31 - 1, 99):
        mine = sorted((t, value, q) for (of, t), (value, q) in wanted.items() if of == series)
        found = store.readings.read(series, FIRST, LAST)
        assert found.t.tolist() == [t for t, _, _ in mine]
        assert bits(found.v) == bits(np.array([value for _, value, _ in mine], np.float64))
        assert found.q.tolist() == [q for _, _, q in mine]
        assert set(found.series.tolist()) <= {series}
        assert store.readings.count([series]) == len(mine)
        newest = store.readings.read(series, FIRST, LAST, limit=3)
        assert newest.t.tolist() == [t for t, _, _ in mine][-3:]


def brute_buckets(
    rows: Rows, series: list[int], t_from: int, t_to: int, width: int
) -> dict[tuple[int, int], list[float]]:
    made: dict[tuple[int, int], list[float]] = {}
    for (of, t), (value, _) in sorted(expected(rows).items()):
        if of in series and t_from <= t < t_to and value == value:  # noqa: PLR0124 - NaN differs from itself
            made.setdefault((of, t // width * width), []).append(value)
    return made


def check_buckets(found: Buckets, wanted: dict[tuple[int, int], list[float]]) -> None:
    assert list(zip(found.series.tolist(), found.t.tolist(), strict=True)) == sorted(wanted)
    for place, key in enumerate(sorted(wanted)):
        mine = wanted[key]
        assert found.count[place] == len(mine)
        assert found.min[place] == min(mine)
        assert found.max[place] == max(mine)
        assert bits(found.first[[place]]) == bits(np.array(mine[:1]))
        assert bits(found.last[[place]]) == bits(np.array(mine[-1:]))
        with np.errstate(all="ignore"):
            total = float(np.sum(mine))
            scale = float(np.sum(np.abs(mine)))
        if np.isfinite(scale):
            assert abs(found.sum[place] - total) <= 1e-9 * scale
