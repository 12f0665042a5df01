"""Late readings are looked at hour by hour, with the series that are late there, and nothing between."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsroom.model import Columns
from opsroom.section import StoreSection
from opsroom.store import _readings, open_store
from opsroom.store._chunks import Rows
from opsroom.store._late import halves, replaced, split
from opsroom.store._segments import Segments
from tests.store.cutter import DAY, EVERY, HOUR, MINUTE, store_days

rows = st.lists(
    st.tuples(st.integers(1, 4), st.integers(0, 400 * 4), st.booleans()),
    min_size=1,
    max_size=60,
    unique_by=lambda row: row[:2],
)


def table(some: list[tuple[int, int, bool]]) -> tuple[Rows, np.ndarray]:
    """Give rows by (series, t), a quarter of an hour apart at least, and which are late."""
    some = sorted(some)
    series = np.array([row[0] for row in some], np.int32)
    t = np.array([row[1] * HOUR // 4 for row in some], np.int64)
    count = len(some)
    marks = [np.full(count, 192, np.uint8), np.zeros(count, np.uint8)]
    return Rows(series, t, [np.arange(count, dtype=float)], marks), np.array([row[2] for row in some])


@given(rows)
def test_each_row_is_in_one_part_with_all_of_its_series_and_hour(some: list[tuple[int, int, bool]]) -> None:
    fresh, late = table(some)
    if not late.any():
        return
    touched, span = split(fresh, late)
    keys = set(zip(fresh.series[late].tolist(), (fresh.t[late] // HOUR).tolist(), strict=True))
    every = list(zip(fresh.series.tolist(), (fresh.t // HOUR).tolist(), strict=True))
    assert touched.tolist() == [key in keys for key in every]
    met: list[float] = []
    waiting, before = [span], 0
    while waiting:
        one = waiting.pop()
        if (two := halves(one)) is not None:
            gap = (two[1].t_from - two[0].t_to) // HOUR + 1
            assert gap == np.diff(np.unique(one.fresh.t // HOUR)).max(), "cut where it is widest"
            waiting += reversed(two)
            continue
        assert (one.t_from, one.t_to - one.t_from) == (one.fresh.t[0] // HOUR * HOUR, HOUR)
        assert one.t_from >= before, "in the order of time"
        before = one.t_to
        assert late[one.fresh.floats[0].astype(int)].tolist() == one.late.tolist()
        met += one.fresh.floats[0].tolist()
    assert sorted(met) == fresh.floats[0][touched].tolist()


@given(rows, rows)
def test_what_is_replaced_has_series_and_instant_of_a_late_one(
    stored: list[tuple[int, int, bool]], late: list[tuple[int, int, bool]]
) -> None:
    (old, _), (new, _) = table(stored), table(late)
    both = {(s, t) for s, t, _ in stored} & {(s, t) for s, t, _ in late}
    found = replaced(old, new)
    assert list(zip(found.series.tolist(), (found.t * 4 // HOUR).tolist(), strict=True)) == sorted(both)


def test_one_reading_of_long_ago_does_not_make_the_time_between_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_readings, "STEP_READINGS", 5_000)
    url = f"sqlite:///{tmp_path}/store.db"
    store = open_store(url, StoreSection())
    store_days(store, 60)
    store.close()
    read: list[int] = []

    def counting(*asked: Any) -> Rows | None:
        found = rows_of(*asked)
        read.append(0 if found is None else len(found))
        return found

    rows_of = Segments.rows
    monkeypatch.setattr(Segments, "rows", counting)
    store = open_store(url, StoreSection())
    series = np.array([5, 6, 6], np.int32)
    t = np.array([MINUTE, 60 * DAY - 2 * EVERY, 60 * DAY - EVERY - MINUTE])
    store.readings.take(Columns(series, t, np.zeros(3), np.full(3, 192, np.uint8)), 61, historical=True)
    count = store.readings.count()
    assert count == 60 * 2880 + 2
    assert sum(read) == 2 * 6, "the hour of each"
    read.clear()
    monkeypatch.setattr(_readings, "STEP_READINGS", 1_000_000)
    assert store.readings.count() == count
    assert len(read) < 60, "few are read as one"
    store.readings.flush(60 * DAY, force=True)
    assert store.readings.count() == count
    old, new = (store.readings.buckets([n], at, at + HOUR, HOUR) for n, at in ((5, 0), (6, 60 * DAY - HOUR)))
    assert (old.count.tolist(), new.count.tolist(), new.min.tolist()) == ([7], [7], [0.0])
    store.close()
