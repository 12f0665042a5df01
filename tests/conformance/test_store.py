"""What every store engine keeps: what was stored is read, once, and rollups agree with readings."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from opsroom.errors import SettingsError
from opsroom.model import (
    Columns,
)
from opsroom.section import StoreSection
from opsroom.store import open_store
from tests.conformance.shelf import (
    FIRST,
    HOUR,
    LAST,
    MINUTE,
    Rows,
    Shelf,
    batches,
    bits,
    brute_buckets,
    check_buckets,
    check_readings,
    columns,
    each_durable,
    each_engine,
    fill,
    quick,
)


def test_an_unknown_engine_is_named_with_those_there_are() -> None:
    with pytest.raises(SettingsError, match="sqlite"):
        open_store("carrier-pigeon:///loft")


@each_engine
@quick
@given(rows=batches, flushes=st.sets(st.integers(1, 8)))
def test_what_is_stored_is_read(shelf: Shelf, rows: Rows, flushes: set[int]) -> None:
    store = shelf.new()
    fill(store, rows, flushes)
    check_readings(store, rows)
    shelf.close()


@each_engine
@quick
@given(
    rows=batches,
    flushes=st.sets(st.integers(1, 8)),
    width=st.sampled_from([MINUTE, 5 * MINUTE, HOUR, 2 * HOUR, 1_500_000, 90_000_000]),
    t_from=st.integers(-HOUR, 3 * HOUR),
    span=st.integers(0, 3 * HOUR),
)
def test_rollups_agree_with_readings(
    shelf: Shelf, rows: Rows, flushes: set[int], width: int, t_from: int, span: int
) -> None:
    store = shelf.new()
    fill(store, rows, flushes)
    for start, end in ((t_from, t_from + span), (-(10**13), 10**13)):
        found = store.readings.buckets([1, 7, 2**31 - 1], start, end, width)
        check_buckets(found, brute_buckets(rows, [1, 7, 2**31 - 1], start, end, width))
    shelf.close()


@each_durable
@quick
@given(rows=batches, flushed=st.integers(0, 8))
def test_a_restart_and_replay_of_the_log_changes_nothing(shelf: Shelf, rows: Rows, flushed: int) -> None:
    assume(flushed <= len(rows))
    place = shelf.fresh()
    store = shelf.open(place)
    fill(store, rows, {flushed})
    shelf.close()
    again = shelf.open(place)
    assert again.readings.flushed_offset == flushed
    fill(again, rows, set())
    check_readings(again, rows)
    fill(again, rows, {len(rows)} - {flushed})
    check_readings(again, rows)
    shelf.close()


@each_durable
def test_many_small_flushes_merge_and_keep_every_reading(shelf: Shelf) -> None:
    store = shelf.new()
    rng = np.random.default_rng(7)
    rows: Rows = []
    for offset in range(1, 60):
        t = rng.integers(0, 40, 30) * 30_000_000
        rows.append(
            [
                (int(s), int(x), float(v), 192)
                for s, x, v in zip(rng.choice([1, 2, 7], 30), t, rng.normal(size=30), strict=True)
            ]
        )
        store.readings.take(columns(rows[-1]), offset)
        store.readings.flush(0, force=True)
    check_readings(store, rows)
    for width in (MINUTE, HOUR):
        check_buckets(
            store.readings.buckets([1, 2], 0, HOUR, width), brute_buckets(rows, [1, 2], 0, HOUR, width)
        )


@each_durable
def test_large_chunks_span_blocks(shelf: Shelf) -> None:
    store = shelf.new()
    n = 30_000
    t = np.arange(n, dtype=np.int64) * 1_000_000
    rng = np.random.default_rng(3)
    v = np.round(rng.normal(size=n).cumsum(), 2)
    v[::1000] = np.nan
    long = Columns(np.full(n, 5, np.int32), t, v, np.full(n, 192, np.uint8))
    short = Columns(
        np.arange(1000, dtype=np.int32) + 10,
        np.full(1000, 7),
        rng.normal(size=1000),
        np.zeros(1000, np.uint8),
    )
    store.readings.take(Columns.concat([long, short]), 1)
    store.readings.flush(0, force=True)
    assert bits(store.readings.read(5, FIRST, LAST).v) == bits(v)
    assert store.readings.read(5, FIRST, LAST, limit=100).t.tolist() == t[-100:].tolist()
    assert store.readings.read(5, FIRST, int(t[20_000]), limit=9000).t.tolist() == t[11_000:20_000].tolist()
    assert store.readings.read(700, 0, 8).v.tolist() == [short.v[690]]
    assert store.readings.count() == n + 1000


@each_engine
def test_flushing_waits_until_it_is_due(shelf: Shelf) -> None:
    place = shelf.fresh()
    store = shelf.open(place, StoreSection(flush_age_s=10, flush_readings=100))
    if shelf.engine == "memory":
        pytest.skip("the memory store has nothing to wait for")
    assert store.readings.flush(0) == 0
    store.readings.take(columns([(1, 1, 1.0, 192)]), 4)
    assert store.readings.flush(1_000_000) == 0
    assert store.readings.flush(10_999_999) == 0
    assert store.readings.flush(11_000_000) == 4
    store.readings.take(columns([(1, t, 1.0, 192) for t in range(100)]), 5)
    assert store.readings.flush(12_000_000) == 5
    store.readings.take(Columns.empty(), 9)
    assert store.readings.flush(12_000_000, force=True) == 9
