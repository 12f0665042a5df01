"""What a store lets go of, when, and what it goes on to say of it: every engine against a model."""

from __future__ import annotations

import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsroom.model import Columns
from opsroom.section import StoreSection
from opsroom.store import Store
from tests.conformance.forgetful import DAY, Forgetful, Row, both, check
from tests.conformance.shelf import (
    FIRST,
    HOUR,
    LAST,
    MINUTE,
    Shelf,
    columns,
    each_durable,
    each_engine,
    quick,
)

KEPT = StoreSection(keep_readings_d=3, keep_minutes_d=5, keep_hours_d=8)
IDS = [1, 2, 7]
WIDTHS = [1_000_000, 90_000_000, MINUTE, 5 * MINUTE, 4 * HOUR, HOUR, DAY]

# A few hours of twelve days, a few minutes of those: late readings fall into hours that are gone.
instants = st.builds(
    lambda hour, minute, second: hour * 8 * HOUR + minute * MINUTE + second * 1_000_000,
    st.integers(0, 36),
    st.sampled_from([0, 1, 59]),
    st.sampled_from([0, 30, 31]),
)
numbers = st.integers(-100, 100).map(float) | st.just(float("nan"))
rows_of = st.lists(st.tuples(st.sampled_from(IDS), instants, numbers, st.just(192)), max_size=12)
steps = st.lists(st.tuples(rows_of, st.none() | st.integers(0, 15 * 24)), min_size=1, max_size=8)
asked = st.lists(
    st.tuples(st.integers(0, 12 * DAY), st.integers(0, 12 * DAY), st.sampled_from(WIDTHS)),
    min_size=1,
    max_size=4,
)


def line(series: int, t_from: int, t_to: int, every: int) -> list[Row]:
    return [(series, t, float(t // every % 7), 192) for t in range(t_from, t_to, every)]


def settle(store: Store, now: int) -> None:
    """Flush until there is nothing more to be let go of."""
    for _ in range(12):
        store.readings.flush(now, force=True)


@each_engine
@settings(quick, max_examples=int(os.environ.get("OPSROOM_TEST_EXAMPLES", "6")))
@given(steps=steps, asked=asked)
def test_a_store_says_what_a_model_says_whatever_comes_and_goes(
    shelf: Shelf, steps: list[tuple[list[Row], int | None]], asked: list[tuple[int, int, int]]
) -> None:
    place = shelf.fresh()
    store, model = shelf.open(place, KEPT), Forgetful(KEPT)
    spans = [*asked, *((FIRST, LAST, width) for width in (MINUTE, HOUR, DAY))]
    for offset, (rows, hour) in enumerate(steps, 1):
        both(store, model, rows, offset)
        if hour is not None:
            for _ in range(3):  # what is hidden is removed step by step
                store.readings.flush(hour * HOUR, force=True)
            model.flush(hour * HOUR)
        check(store, model, IDS, spans)
    if shelf.engine != "memory":
        store.readings.flush(0, force=True)
        model.flush(0)
        shelf.close()
        check(shelf.open(place, KEPT), model, IDS, spans)
    shelf.close()


@each_engine
def test_each_level_goes_at_its_time(shelf: Shelf) -> None:
    store = shelf.open(shelf.fresh(), KEPT)
    store.readings.take(columns(line(1, 0, 10 * DAY, 10 * MINUTE)), 1)
    store.readings.flush(10 * DAY, force=True)
    newest = 10 * DAY - 10 * MINUTE
    since = [(newest - days * DAY) // HOUR * HOUR for days in (3, 5, 8)]
    assert [level.kept_from for level in store.readings.levels()] == since
    assert store.readings.read(1, FIRST, LAST).t[0] == since[0]
    assert store.readings.count() == (10 * DAY - since[0]) // (10 * MINUTE)
    by_minute = store.readings.buckets([1], FIRST, LAST, MINUTE)
    assert by_minute.t[0] == since[2]
    hours = by_minute.t < since[1]
    assert set(by_minute.count[hours].tolist()) == {6}
    assert set(by_minute.count[~hours].tolist()) == {1}
    assert by_minute.count.sum() == (10 * DAY - since[2]) // (10 * MINUTE)
    settle(store, 10 * DAY)
    assert [level.oldest for level in store.readings.levels()] == since


@each_engine
def test_nothing_goes_unless_told_so(shelf: Shelf) -> None:
    store = shelf.open(shelf.fresh())
    store.readings.take(columns(line(1, 0, 30 * DAY, 6 * HOUR)), 1)
    settle(store, 30_000 * DAY)
    assert store.readings.count() == 120
    assert [level.kept_from for level in store.readings.levels()] == [None, None, None]
    assert [level.rows for level in store.readings.levels()] == [120, 120, 120]


@each_engine
def test_a_clock_that_is_wrong_lets_go_of_nothing(shelf: Shelf) -> None:
    store = shelf.open(shelf.fresh(), KEPT)
    store.readings.take(columns(line(1, 0, 2 * DAY, HOUR)), 1)
    settle(store, 30_000 * DAY)
    assert store.readings.count() == 48


@each_engine
def test_a_late_reading_adds_to_an_hour_that_is_gone_and_wipes_nothing(shelf: Shelf) -> None:
    store = shelf.open(shelf.fresh(), StoreSection(keep_readings_d=3))
    for offset in range(1, 7):
        store.readings.take(columns(line(1, (offset - 1) * DAY, offset * DAY, MINUTE)), offset)
        store.readings.flush(offset * DAY, force=True)
    settle(store, 6 * DAY)  # and nothing is left in the tables of the day that is asked for
    store.readings.take(columns([(1, HOUR + 7 * MINUTE + 5, 100.0, 192)]), 7)
    for _ in ("held", "stored"):
        hour = store.readings.buckets([1], HOUR, 2 * HOUR, HOUR)
        assert (hour.count.tolist(), hour.max.tolist()) == ([61], [100.0])
        minute = store.readings.buckets([1], HOUR + 7 * MINUTE, HOUR + 8 * MINUTE, MINUTE)
        assert minute.count.tolist() == [2]
        assert store.readings.count() == 3 * DAY // MINUTE + 60
        assert len(store.readings.read(1, HOUR, 2 * HOUR)) == 0
        store.readings.flush(6 * DAY, force=True)


@each_engine
def test_settings_that_keep_longer_bring_nothing_back_and_let_nothing_go(shelf: Shelf) -> None:
    if shelf.engine == "memory":
        pytest.skip("the memory store is not opened again")
    place = shelf.fresh()
    store = shelf.open(place, KEPT)
    store.readings.take(columns(line(1, 0, 10 * DAY, HOUR)), 1)
    settle(store, 10 * DAY)
    before = store.readings.levels()
    shelf.close()
    store = shelf.open(place)
    assert store.readings.levels() == before
    store.readings.take(columns(line(1, 10 * DAY, 30 * DAY, HOUR)), 2)
    settle(store, 30 * DAY)
    assert [one.kept_from for one in store.readings.levels()] == [one.kept_from for one in before]
    assert store.readings.count() == 3 * 24 + 1 + 20 * 24


@each_durable
def test_merging_goes_on_while_days_come_and_go(shelf: Shelf) -> None:
    place = shelf.fresh()
    store, model = shelf.open(place, KEPT), Forgetful(KEPT)
    rng = np.random.default_rng(5)
    for offset in range(1, 41):
        now = offset * 8 * HOUR
        t = now - rng.integers(0, 36 * HOUR, 40) // MINUTE * MINUTE
        rows = [
            (int(s), int(x), float(v), 192) for s, x, v in zip(rng.choice(IDS, 40), t, t % 11, strict=True)
        ]
        both(store, model, rows, offset)
        store.readings.flush(now, force=True)
        model.flush(now)
        if offset % 20 == 0:
            check(
                store,
                model,
                IDS,
                [(FIRST, LAST, MINUTE), (FIRST, LAST, DAY), (now - 4 * DAY, now, 90_000_000)],
            )
    for _ in range(8):  # what is hidden is removed, and nothing else
        store.readings.flush(40 * 8 * HOUR)
    check(store, model, IDS, [(FIRST, LAST, MINUTE), (FIRST, LAST, HOUR)])
    oldest = [level.oldest for level in store.readings.levels()]
    assert all(t is not None for t in oldest)
    shelf.close()
    check(shelf.open(place, KEPT), model, IDS, [(FIRST, LAST, MINUTE), (FIRST, LAST, HOUR)])


@each_durable
def test_a_backlog_of_years_goes_step_by_step(shelf: Shelf) -> None:
    if shelf.engine == "postgresql":
        pytest.skip("what goes in a step is chosen before any engine is asked")
    place = shelf.fresh()
    store = shelf.open(place)
    n = 400_000
    for offset in range(1, 7):
        t = np.arange(n, dtype=np.int64) * 100_000 + (offset - 1) * 12 * HOUR
        store.readings.take(
            Columns(np.full(n, 1, np.int32), t, (t % 97).astype(np.float64), np.full(n, 192, np.uint8)),
            offset,
        )
        store.readings.flush(0, force=True)
    store.readings.take(columns([(1, 400 * DAY, 1.0, 192)]), 7)
    store.readings.flush(0, force=True)
    shelf.close()
    store = shelf.open(place, StoreSection(keep_readings_d=3))
    counts = [store.readings.count()]
    while counts[-1] > 1:
        store.readings.flush(400 * DAY)
        counts.append(store.readings.count())
    steps = -np.diff(counts)
    assert counts[0] == 6 * n + 1
    assert len(steps) >= 3
    assert steps.max() <= 1_100_000
    hours = store.readings.buckets([1], FIRST, LAST, HOUR)
    assert hours.count.sum() == 6 * n + 1
