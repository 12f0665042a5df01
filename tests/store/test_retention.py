"""What is let go is let go wholly or not at all: failures, kills and readers in between."""

import errno
import os
import sqlite3
import threading
from itertools import pairwise
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsroom.errors import OpsroomError, SettingsError, StoreError
from opsroom.model import Columns
from opsroom.section import StoreSection
from opsroom.settings import load_settings
from opsroom.store import _horizon as horizon
from opsroom.store import _listing as listing
from opsroom.store import open_store
from opsroom.store._listing import NEVER, Horizons, Listing, Segment
from opsroom.store.inspection import inspect
from tests.store.cutter import (
    A_DAY,
    DAY,
    FIRST,
    HOUR,
    KEPT,
    LAST,
    MINUTE,
    SERIES,
    day,
    killed,
    store_days,
    wrong,
)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("keep_readings_d = 1", "keep_readings_d is 1: at least 3 days"),
        (
            "keep_readings_d = 30\nkeep_minutes_d = 10",
            "keep_minutes_d \\(10\\) is shorter than keep_readings_d",
        ),
        ("keep_minutes_d = 10", "keep_minutes_d \\(10\\) is shorter than keep_readings_d \\(for ever\\)"),
        ("keep_readings_d = 9\nkeep_minutes_d = 10\nkeep_hours_d = 4", "keep_hours_d \\(4\\) is shorter"),
        ("keep_readings_d = 9\nkeep_hours_d = 40", "keep_hours_d \\(40\\) is shorter than keep_minutes_d"),
    ],
)
def test_horizons_that_cross_are_refused_at_the_start(tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "opsroom.toml"
    file.write_text(f"[store]\n{text}\n", encoding="utf-8")
    with pytest.raises(SettingsError, match=told):
        load_settings(file)


def test_a_list_from_before_there_were_horizons_keeps_everything() -> None:
    old = msgspec.msgpack.encode((7, (Segment(3, 0, 0, 9, 10),)))
    crc, _ = listing.encode(Listing(7, ()))
    assert crc
    assert msgspec.msgpack.decode(old, type=Listing) == Listing(7, (Segment(3, 0, 0, 9, 10),), Horizons())


def test_a_last_bucket_with_a_ragged_end_ends_with_its_last_reading(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/store.db")
    t = np.arange(0, 5 * MINUTE, 10_000_000)
    store.readings.take(Columns(np.ones(len(t), np.int32), t, t / 1e6, np.full(len(t), 192, np.uint8)), 1)
    store.readings.flush(0, force=True)
    found = store.readings.buckets([1], 0, 5 * MINUTE - 30_000_000, 5 * MINUTE)
    assert (found.first.tolist(), found.last.tolist()) == ([0.0], [260.0])
    store.close()


@given(
    start=st.integers(-3 * DAY, 3 * DAY),
    span=st.integers(0, 3 * DAY),
    width=st.sampled_from([1, 90_000_000, MINUTE, 7 * MINUTE, HOUR, 5 * HOUR]),
    hours=st.lists(st.integers(-72, 72) | st.none(), min_size=3, max_size=3),
)
def test_pieces_ask_for_each_moment_once(start: int, span: int, width: int, hours: list[int | None]) -> None:
    """Every bucket that begins in the range is asked for once, of the level that is left there."""
    marks = sorted(NEVER if hour is None else hour * HOUR for hour in hours)
    horizons = Horizons(marks[2], marks[1], marks[0])
    found = horizon.pieces(start, start + span, width, horizons)
    for before, after in pairwise(found):
        assert before.t_to <= after.t_from
    for piece in found:
        assert piece.t_from >= horizons.of(piece.level_us)
        assert not piece.level_us or not (piece.t_from % piece.level_us or piece.t_to % piece.level_us)
    for t in range(start - start % MINUTE + MINUTE, start + span, 13 * MINUTE):
        mine = [piece for piece in found if piece.t_from <= t < piece.t_to]
        left = 0 if t >= horizons.readings else MINUTE if t >= horizons.minutes else HOUR
        if t < horizons.hours or (left == HOUR and start > t // HOUR * HOUR):
            assert not [piece for piece in mine if piece.level_us < left]
        else:
            assert len(mine) == 1
            assert mine[0].level_us >= left


def test_a_failure_within_leaves_all_as_it_was(tmp_path: Path) -> None:
    """A database that refuses the new list, one that refuses to delete, one that refuses what is written."""
    url = f"sqlite:///{tmp_path}/store.db"
    store = open_store(url, KEPT)
    store_days(store, 6)
    for number, refused in ((6, "UPDATE ON position"), (8, "DELETE ON block"), (10, "INSERT ON block")):
        for more in (number, number + 1):
            store.readings.take(day(more), more + 1)
        store.readings.flush((number - 1) * DAY, force=True)
        alter(tmp_path, f"CREATE TRIGGER no BEFORE {refused} BEGIN SELECT RAISE(ABORT, 'no'); END")
        failures = 0
        for hour in range(0, 49, 12):
            try:
                store.readings.flush(number * DAY + hour * HOUR)
            except OpsroomError:
                failures += 1
            assert wrong(store) == []
        assert failures
        alter(tmp_path, "DROP TRIGGER no")
        for _ in range(4):
            store.readings.flush((number + 2) * DAY)
        assert wrong(store) == []
    store.close()
    again = open_store(url, KEPT)
    assert wrong(again) == []
    again.close()


@pytest.mark.parametrize("nth", range(1, 13))
def test_what_was_kept_though_its_flush_failed_is_stored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nth: int
) -> None:
    """The transaction was over: a list as it was before must not be written over the one that stands."""
    url = f"sqlite:///{tmp_path}/store.db"
    store = open_store(url, KEPT)
    flush, calls = os.fsync, 0

    def failing(file: int) -> None:
        nonlocal calls
        calls += 1
        if calls == nth:
            raise OSError(errno.EIO, "Input/output error")
        flush(file)

    store_days(store, 6)
    monkeypatch.setattr(os, "fsync", failing)
    failures = 0
    for number in range(6, 10):
        store.readings.take(day(number), number + 1)
        for _ in range(3):
            try:
                store.readings.flush((number + 1) * DAY, force=True)
            except StoreError:
                failures += 1
            assert wrong(store) == []
    assert failures == 1
    assert store.readings.flushed_offset == 10
    store.close()
    again = open_store(url, KEPT)
    assert wrong(again) == []
    again.close()
    assert inspect(tmp_path / "store.db")[1] == []


def alter(folder: Path, statement: str) -> None:
    connection = sqlite3.connect(folder / "store.db")
    with connection:
        connection.execute(statement)
    connection.close()


def test_a_kill_leaves_before_or_after(tmp_path: Path) -> None:
    figure = killed(tmp_path, times=1, seed=11)
    assert figure["wrong"] == []
    assert figure["days"]


def test_readers_go_on_while_days_go(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/store.db", KEPT)
    done, said = threading.Event(), []

    def look() -> None:
        while not done.is_set():
            columns = store.readings.read(3, FIRST, LAST)
            if len(columns) and (np.diff(columns.t) != columns.t[1] - columns.t[0]).any():
                said.append("a gap")
            total = int(store.readings.buckets(range(1, SERIES + 1), FIRST, LAST, HOUR).count.sum())
            if total % A_DAY:
                said.append(f"{total} in hours")
            store.readings.count()

    threads = [threading.Thread(target=look) for _ in range(2)]
    try:
        for thread in threads:
            thread.start()
        store_days(store, 12)
    finally:
        done.set()
        for thread in threads:
            thread.join()
    assert said == []
    assert wrong(store) == []
    store.close()


def test_what_is_damaged_is_kept_and_the_room_goes_on(tmp_path: Path) -> None:
    """Readings that cannot be counted out hold the horizon; what comes is stored."""
    url = f"sqlite:///{tmp_path}/store.db"
    store = open_store(url, KEPT)
    store_days(store, 3)
    store.close()
    broken = "CAST(substr(body, 1, 500) || x'00' || substr(body, 502) AS BLOB)"
    first = "SELECT min(id) FROM segment WHERE width_s = 0"
    alter(tmp_path, f"UPDATE block SET body = {broken} WHERE number = 0 AND segment_id = ({first})")  # noqa: S608 - written above
    store = open_store(url, KEPT)
    store_days(store, 5)
    assert store.readings.flushed_offset == 5
    kept_from = store.readings.levels()[0].kept_from
    assert kept_from is not None
    assert kept_from <= 0
    assert store.readings.count() == 5 * A_DAY
    store.close()


def test_a_day_later_nothing_of_it_is_in_the_tables(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/store.db", KEPT)
    store_days(store, 12, calls=6)
    store.close()
    with sqlite3.connect(tmp_path / "store.db") as other:
        oldest = dict(other.execute("SELECT width_s, min(t_min) FROM segment GROUP BY width_s"))
    other.close()
    newest = 12 * DAY - 10 * MINUTE
    assert oldest[0] >= newest - 3 * DAY - DAY - HOUR
    assert oldest[60] >= newest - 5 * DAY - DAY - HOUR
    assert oldest[3600] == 0


def test_an_import_of_old_readings_leaves_their_hours(tmp_path: Path) -> None:
    """Old readings that come in all at once are not kept as readings, but their hours are."""
    kept = StoreSection(keep_readings_d=7, keep_minutes_d=14)
    store = open_store(f"sqlite:///{tmp_path}/store.db", kept)
    store.readings.take(day(40), 1)
    store.readings.flush(41 * DAY, force=True)
    for number in range(20):
        store.readings.take(day(number), 2 + number, historical=True)
        store.readings.flush(41 * DAY, force=True)
    assert store.readings.count() == A_DAY
    assert store.readings.buckets(range(1, SERIES + 1), FIRST, LAST, DAY).count.sum() == 21 * A_DAY
    first = store.readings.buckets([5], 0, DAY, HOUR)
    assert (first.count.tolist(), first.last[-1]) == ([6] * 24, 1430.0)
    store.close()
