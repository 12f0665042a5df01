"""Readings of one economy: a head in memory, segments in the database, one view over both."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple, TypeVar

import google_crc32c
import numpy as np
from sqlalchemy import Connection, select

from opsroom.errors import Corrupt, StoreError
from opsroom.model import Columns, Micros
from opsroom.settings import StoreSection
from opsroom.store import Buckets
from opsroom.store import _tables as tables
from opsroom.store._arrays import aggregate, combine
from opsroom.store._arrays import join as join_buckets
from opsroom.store._chunks import Rows, decode_runs, encode_runs, join, no_rows
from opsroom.store._chunks import Runs as _Runs
from opsroom.store._database import Database
from opsroom.store._head import Head, Known, apart, merged, within
from opsroom.store._listing import Listing, Segment
from opsroom.store._merging import due, joined
from opsroom.store._rollups import WIDTHS_US, buckets_of, rollup, settle
from opsroom.store._segments import Gone, Segments, made
from opsroom.store._streams import Ints

_KNOWN: Final = "readings.known"
_TRIES: Final = 5
_FLOOR, _CEIL = np.iinfo(np.int64).min, np.iinfo(np.int64).max
T = TypeVar("T")


class _View(NamedTuple):
    """One moment: stored segments, what is known of each series, sorted runs not yet stored."""

    segments: tuple[Segment, ...]
    known: Known
    runs: list[Rows]


class SqlReadings:
    """Chunks in the database and a head in memory; its lock is held only to swap references."""

    def __init__(self, database: Database, settings: StoreSection) -> None:
        self._database = database
        self._segments = Segments(database, settings.kept_bytes)
        self._age_us = round(settings.flush_age_s * 1e6)
        self._readings_max = settings.flush_readings
        self._lock = threading.Lock()
        self._flushing = threading.Lock()
        self._since: int | None = None
        self._head, self._leaving = Head(), Head()
        with database.read() as connection:
            listing = self._segments.listed(connection)
            self._stored, self._flushed = listing.segments, listing.log_offset
            self._known = self._load_known(connection)

    @property
    def flushed_offset(self) -> int:
        """Offset up to which readings are in durable chunks."""
        return self._flushed

    def take(self, columns: Columns, offset: int, historical: bool = False) -> None:  # noqa: FBT001, FBT002
        """Hold readings in memory, searchable."""
        with self._lock:
            if offset > self._flushed and offset > self._leaving.offset:
                self._head.take(columns, offset, historical=historical)

    def flush(self, now_us: Micros, force: bool = False) -> int:  # noqa: FBT001, FBT002
        """Cut what is held into segments where it is due."""
        with self._flushing:
            with self._lock:
                due = self._due(now_us, force=force)
            if not due:
                self._database.move_wal()
                return self._flushed
            with self._lock:
                self._leaving, self._head, self._since = self._head, Head(), None
            try:
                self._store(self._leaving)
            except BaseException:
                with self._lock:
                    self._leaving.absorb(self._head)
                    self._head, self._leaving = self._leaving, Head()
                raise
            self._merge()
            self._database.tidy()
            return self._flushed

    def read(self, series_id: int, t_from: Micros, t_to: Micros, limit: int | None = None) -> Columns:
        """Give the readings of a series by t."""
        wanted = np.array([series_id], np.int64)
        rows = self._looking(lambda c, view: self._rows(c, view, wanted, t_from, t_to, limit))
        if limit is not None:
            rows = rows.take(slice(max(0, len(rows) - limit), None))
        return Columns(rows.series, rows.t, rows.floats[0], rows.marks[0])

    def buckets(self, series_ids: Sequence[int], t_from: Micros, t_to: Micros, width_us: int) -> Buckets:
        """Aggregate, from rollups where width and range allow."""
        wanted = np.unique(np.asarray(series_ids, np.int64))
        level = next((width for width in WIDTHS_US if width_us % width == 0), 0)
        low, high = (-(-t_from // level) * level, t_to // level * level) if level else (t_to, t_to)

        def look(connection: Connection, view: _View) -> Buckets:
            if low >= high:
                return self._from_readings(connection, view, wanted, t_from, t_to, width_us)
            parts = [
                self._from_readings(connection, view, wanted, t_from, low, width_us),
                self._from_rollups(connection, view, wanted, low, high, level),
                self._from_readings(connection, view, wanted, high, t_to, width_us),
            ]
            return combine(_by_series(join_buckets([part for part in parts if len(part)])), width_us)

        return self._looking(look)

    def count(self, series_ids: Sequence[int] | None = None) -> int:
        """Give the number of distinct (series, t)."""
        wanted = None if series_ids is None else np.unique(np.asarray(series_ids, np.int64))

        def look(connection: Connection, view: _View) -> int:
            fresh = merged(within(view.runs, wanted, _FLOOR, _CEIL))
            replaced = self._replaced(connection, view, fresh)[0]
            return view.known.count(wanted) + len(fresh) - len(replaced)

        return self._looking(look)

    # -- reading -------------------------------------------------------------------------------------------

    def _looking(self, look: Callable[[Connection, _View], T]) -> T:
        """Run `look` on one moment; again when a merge took a segment away meanwhile."""
        for _ in range(_TRIES):
            with self._lock:
                view = _View(self._stored, self._known, [*self._leaving.runs(), *self._head.runs()])
            try:
                with self._database.read() as connection:
                    return look(connection, view)
            except Gone:
                continue
        raise StoreError("Segments are missing from the store.", remedy="Put a backup in its place.")

    def _rows(
        self,
        connection: Connection,
        view: _View,
        series: Ints,
        t_from: int,
        t_to: int,
        limit: int | None = None,
    ) -> Rows:
        """Give readings of `series`, sorted, the last of equals; with `limit` at least that many newest."""
        return merged(
            [
                *self._stored_rows(connection, view, 0, series, t_from, t_to, limit),
                *within(view.runs, series, t_from, t_to),
            ]
        )

    def _stored_rows(
        self,
        connection: Connection,
        view: _View,
        width_us: int,
        series: Ints | None,
        t_from: int,
        t_to: int,
        limit: int | None = None,
    ) -> list[Rows]:
        """Give the rows of one kind from the segments, earlier before later."""
        found: dict[int, Rows] = {}
        enough: int | None = None
        candidates = [segment for segment in view.segments if segment.width_us == width_us]
        if limit is not None:
            candidates.sort(key=lambda segment: segment.t_max, reverse=True)
        for segment in candidates:
            if enough is not None and segment.t_max < enough:
                break
            rows = self._segments.rows(connection, segment, series, t_from, t_to, limit)
            if rows is not None and len(rows):
                found[segment.id] = rows
                if limit is not None and len(rows) >= limit:
                    newest = int(rows.t[-limit]) if limit else _CEIL
                    enough = newest if enough is None else max(enough, newest)
        return [found[number] for number in sorted(found)]

    def _from_readings(
        self, connection: Connection, view: _View, series: Ints, t_from: int, t_to: int, width_us: int
    ) -> Buckets:
        """Aggregate readings; parts that share no instant each by itself, which spares ordering them."""
        if t_from >= t_to:
            return join_buckets([])
        parts = [
            *self._stored_rows(connection, view, 0, series, t_from, t_to),
            *within(view.runs, series, t_from, t_to),
        ]
        if not apart(parts):
            parts = [merged(parts)]
        each = [aggregate(rows.series, rows.t, rows.floats[0], width_us) for rows in parts]
        return each[0] if len(each) == 1 else combine(_by_series(join_buckets(each)), width_us)

    def _from_rollups(
        self, connection: Connection, view: _View, series: Ints, t_from: int, t_to: int, level: int
    ) -> Buckets:
        """Give the buckets of a rollup, with what the head adds to it."""
        fresh = merged(within(view.runs, series, t_from, t_to))
        parts = self._stored_rows(connection, view, level, series, t_from, t_to)
        if len(fresh):
            _, stored = self._replaced(connection, view, fresh)
            parts.append(rollup(fresh, view.known.late(fresh), stored, level))
        return buckets_of(settle(join(parts).sorted())) if parts else join_buckets([])

    def _replaced(self, connection: Connection, view: _View, fresh: Rows) -> tuple[Rows, Rows]:
        """Give the stored readings that `fresh` ones (sorted, single) replace.

        And all stored ones in their hours.
        """
        late = view.known.late(fresh)
        if not late.any():
            return no_rows(1, 2), no_rows(1, 2)
        behind = fresh.take(late)
        hour = WIDTHS_US[0]
        low, high = int(behind.t.min()) // hour * hour, (int(behind.t.max()) // hour + 1) * hour
        series = np.unique(behind.series).astype(np.int64)
        stored = merged(self._stored_rows(connection, view, 0, series, low, high))
        if not len(stored):
            return stored, stored
        both = join([stored, behind])
        index = np.lexsort((both.t, both.series))
        twice = (both.t[index][1:] == both.t[index][:-1]) & (
            both.series[index][1:] == both.series[index][:-1]
        )
        return stored.take(index[:-1][twice]), stored

    # -- flushing ------------------------------------------------------------------------------------------

    def _due(self, now_us: int, *, force: bool) -> bool:
        """Say whether the head is to be cut now."""
        if self._head.offset <= self._flushed:
            return False
        if self._since is None:
            self._since = now_us
        return force or self._head.readings >= self._readings_max or now_us - self._since >= self._age_us

    def _store(self, head: Head) -> None:
        """Write the head's readings, their rollups and the offset in one transaction.

        Then let readers see it.
        """
        with self._lock:
            runs = head.runs()
        fresh = merged(runs)
        view = _View(self._stored, self._known, [])
        with self._database.read() as connection:
            replaced, stored = self._replaced(connection, view, fresh)
            first = self._segments.next_id(connection)
        late = view.known.late(fresh)
        levels = [(0, fresh), *((width, rollup(fresh, late, stored, width)) for width in WIDTHS_US)]
        new = [made(first + k, width, rows) for k, (width, rows) in enumerate(levels) if len(rows)]
        known = view.known.having(fresh, replaced)
        with self._database.write_aside() as connection:
            for segment, pieces in new:
                self._segments.put(connection, segment, pieces)
            self._save_known(connection, known)
            listed = (*self._stored, *(segment for segment, _ in new))
            self._segments.relist(connection, Listing(head.offset, listed))
        with self._lock:
            self._stored = listed
            self._known, self._flushed, self._leaving = known, head.offset, Head()

    def _merge(self) -> None:
        """Join small segments while there are enough of one size."""
        for width_us in (0, *WIDTHS_US):
            while old := due(self._stored, width_us):
                gone = [segment.id for segment in old]
                with self._database.read() as connection:
                    found = (self._segments.rows(connection, part, None, _FLOOR, _CEIL) for part in old)
                    parts = [rows for rows in found if rows is not None]
                    number = self._segments.next_id(connection)
                segment, pieces = made(number, width_us, joined(parts, width_us))
                with self._database.write_aside() as connection:
                    self._segments.put(connection, segment, pieces)
                    self._segments.remove(connection, gone)
                    listed = (*(part for part in self._stored if part.id not in gone), segment)
                    self._segments.relist(connection, Listing(self._flushed, listed))
                with self._lock:
                    self._stored = listed
                self._segments.forget(gone)

    def _save_known(self, connection: Connection, known: Known) -> None:
        """Keep what is known of each series beside the segments."""
        none = np.zeros(len(known.series), np.int64)
        blob = encode_runs(_Runs(known.series, none, none, known.readings, none, known.newest))
        row = {
            "name": _KNOWN,
            "version": 1,
            "log_offset": 0,
            "crc": google_crc32c.value(blob),
            "body": blob,
        }
        self._database.upsert(connection, tables.snapshot, [row])

    def _load_known(self, connection: Connection) -> Known:
        """Read what is known of each series."""
        table = tables.snapshot.c
        query = select(table.body).where(table.root_id == self._database.root_id, table.name == _KNOWN)
        blob = connection.execute(query).scalar()
        if blob is None:
            if self._stored:
                raise Corrupt("The counts of stored readings are missing.", remedy="Restore a backup.")
            return Known.nothing()
        runs = decode_runs(blob)
        return Known(runs.series, runs.t_max, runs.length)


def _by_series(buckets: Buckets) -> Buckets:
    """Order by (series, t), earlier parts before later."""
    index = np.lexsort((buckets.t, buckets.series))
    return Buckets(*(getattr(buckets, name)[index] for name in Buckets.__struct_fields__))
