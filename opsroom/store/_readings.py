"""Readings of one economy: a head in memory, segments in the database, one view over both."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from typing import Final, NamedTuple, TypeVar

import numpy as np
import structlog
from numpy.typing import NDArray
from sqlalchemy import Connection

from opsroom.errors import Corrupt, StoreError
from opsroom.model import Columns, Micros
from opsroom.section import StoreSection
from opsroom.store import Buckets, Level
from opsroom.store._arrays import aggregate, combine
from opsroom.store._arrays import join as join_buckets
from opsroom.store._chunks import Rows, join, no_rows
from opsroom.store._database import Database
from opsroom.store._head import Head, apart, merged, within
from opsroom.store._horizon import STEP_READINGS, Piece, levels, pieces
from opsroom.store._late import Part, Span, halves, replaced, split, taken
from opsroom.store._listing import Listing
from opsroom.store._rollups import WIDTHS_US, buckets_of, rollup, settle
from opsroom.store._segments import Gone, Segments, made, present
from opsroom.store._streams import Ints
from opsroom.store._upkeep import Stored, Upkeep

_TRIES: Final = 5
_FLOOR, _CEIL = np.iinfo(np.int64).min, np.iinfo(np.int64).max
T = TypeVar("T")

_logger = structlog.get_logger("opsroom.store")


class _View(NamedTuple):
    """One moment: what is stored, and sorted runs that are not yet; it `lasts` for who alone could end it."""

    stored: Stored
    runs: list[Rows]
    lasts: bool = False

    def reading(self) -> AbstractContextManager[None]:
        """Read of this moment: where it lasts, what is not there is damage."""
        return present() if self.lasts else nullcontext()

    def late(self, fresh: Rows) -> NDArray[np.bool_]:
        """Mark rows for which stored readings of their hour have to be looked at.

        Not those before the horizon: there is nothing left to look at, they add to the rollups.
        """
        return self.stored.known.late(fresh) & (fresh.t >= self.stored.horizons.readings)


class SqlReadings:
    """Chunks in the database and a head in memory; its lock is held only to swap references."""

    def __init__(self, database: Database, settings: StoreSection) -> None:
        self._database = database
        self._segments = Segments(database, settings.kept_bytes)
        self._upkeep = Upkeep(database, self._segments, settings)
        self._age_us = round(settings.flush_age_s * 1e6)
        self._readings_max = settings.flush_readings
        self._lock = threading.Lock()
        self._flushing = threading.Lock()
        self._since: int | None = None
        self._told: tuple[Stored, tuple[Level, ...]] | None = None
        self._head, self._leaving = Head(), Head()
        self._unsure = False
        self._stored = self._listed()

    @property
    def flushed_offset(self) -> int:
        """Offset up to which readings are in durable chunks."""
        return self._stored.flushed

    @property
    def held(self) -> int:
        """How many readings no flush has stored yet."""
        return self._head.readings + self._leaving.readings

    def take(self, columns: Columns, offset: int, historical: bool = False) -> None:  # noqa: FBT001, FBT002
        """Hold readings in memory, searchable."""
        with self._lock:
            if offset > self._stored.flushed and offset > self._leaving.offset:
                self._head.take(columns, offset, historical=historical)

    def flush(self, now_us: Micros, force: bool = False) -> int:  # noqa: FBT001, FBT002
        """Cut what is held into segments where it is due, and put what is stored in order.

        Nothing is let go while readings are held that came under the horizon as it stands.
        """
        with self._flushing:
            if self._unsure:
                self._learn()
            with self._lock:
                due, held = self._due(now_us, force=force), self._head.readings
            try:
                if due:
                    self._leave()
                    self._follow(self._upkeep.joins(self._stored))
                if due or not held:
                    self._follow(self._upkeep.let_go(self._stored, now_us))
            except BaseException:
                self._unsure = True
                with suppress(StoreError):  # then the next flush learns it first
                    self._learn()
                raise
            if due:
                self._database.tidy()
            else:
                self._database.move_wal()
            return self._stored.flushed

    def read(self, series_id: int, t_from: Micros, t_to: Micros, limit: int | None = None) -> Columns:
        """Give the readings of a series by t."""
        wanted = np.array([series_id], np.int64)
        rows = self._looking(lambda c, view: self._rows(c, view, wanted, t_from, t_to, limit))
        if limit is not None:
            rows = rows.take(slice(max(0, len(rows) - limit), None))
        return Columns(rows.series, rows.t, rows.floats[0], rows.marks[0])

    def buckets(self, series_ids: Sequence[int], t_from: Micros, t_to: Micros, width_us: int) -> Buckets:
        """Aggregate, from rollups where width and range allow, or nothing else is left."""
        wanted = np.unique(np.asarray(series_ids, np.int64))

        def look(connection: Connection, view: _View) -> Buckets:
            asked = pieces(t_from, t_to, width_us, view.stored.horizons)
            if len(asked) == 1 and not asked[0].level_us:
                return self._from_readings(connection, view, wanted, asked[0], width_us)
            parts = [
                self._from_rollups(connection, view, wanted, piece)
                if piece.level_us
                else self._from_readings(connection, view, wanted, piece, width_us)
                for piece in asked
            ]
            joined = join_buckets([part for part in parts if len(part)])
            return combine(_by_series(joined, width_us), width_us)

        return self._looking(look)

    def count(self, series_ids: Sequence[int] | None = None) -> int:
        """Give the number of distinct (series, t)."""
        wanted = None if series_ids is None else np.unique(np.asarray(series_ids, np.int64))

        def look(connection: Connection, view: _View) -> int:
            fresh = merged(within(view.runs, wanted, view.stored.horizons.readings, _CEIL))
            twice = sum(len(part.replaced) for part in self._parts(connection, view, fresh))
            return view.stored.known.count(wanted) + len(fresh) - twice

        return self._looking(look)

    def levels(self) -> tuple[Level, ...]:
        """Give what is stored of each level."""
        stored, told = self._stored, self._told
        if told is None or told[0] is not stored:
            told = self._told = stored, levels(stored.segments, stored.horizons)
        return told[1]

    # -- reading -------------------------------------------------------------------------------------------

    def _looking(self, look: Callable[[Connection, _View], T]) -> T:
        """Run `look` on one moment; again when a segment was taken away meanwhile."""
        missing: Gone | None = None
        for _ in range(_TRIES):
            with self._lock:
                view = _View(self._stored, [*self._leaving.runs(), *self._head.runs()])
            try:
                with self._database.read() as connection:
                    return look(connection, view)
            except Gone as gone:
                missing = gone
        assert missing is not None, "it looked"
        raise missing.damage from missing

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
        since = max(t_from, view.stored.horizons.readings)
        return merged(
            [
                *self._stored_rows(connection, view, 0, series, since, t_to, limit),
                *within(view.runs, series, since, t_to),
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
        """Give the rows of one kind from the segments, earlier before later: in the order of the list."""
        found: dict[int, Rows] = {}
        enough: int | None = None
        candidates = [(n, one) for n, one in enumerate(view.stored.segments) if one.width_us == width_us]
        if limit is not None:
            candidates.sort(key=lambda place: place[1].t_max, reverse=True)
        for number, segment in candidates:
            if enough is not None and segment.t_max < enough:
                break
            with view.reading():
                rows = self._segments.rows(connection, segment, series, t_from, t_to, limit)
            if rows is not None and len(rows):
                found[number] = rows
                if limit is not None and len(rows) >= limit:
                    newest = int(rows.t[-limit]) if limit else _CEIL
                    enough = newest if enough is None else max(enough, newest)
        return [found[number] for number in sorted(found)]

    def _from_readings(
        self, connection: Connection, view: _View, series: Ints, piece: Piece, width_us: int
    ) -> Buckets:
        """Aggregate readings; parts that share no instant each by itself, which spares ordering them."""
        parts = [
            *self._stored_rows(connection, view, 0, series, piece.t_from, piece.t_to),
            *within(view.runs, series, piece.t_from, piece.t_to),
        ]
        if not apart(parts):
            parts = [merged(parts)]
        each = [aggregate(rows.series, rows.t, rows.floats[0], width_us) for rows in parts]
        return each[0] if len(each) == 1 else combine(_by_series(join_buckets(each), width_us), width_us)

    def _from_rollups(self, connection: Connection, view: _View, series: Ints, piece: Piece) -> Buckets:
        """Give the buckets of a rollup, with what the head adds to it."""
        level, t_from, t_to = piece
        fresh = merged(within(view.runs, series, t_from, t_to))
        parts = self._stored_rows(connection, view, level, series, t_from, t_to)
        for part in self._parts(connection, view, fresh) if len(fresh) else ():
            parts.append(rollup(part.fresh, part.late, part.stored, level))
        return buckets_of(settle(join(parts).sorted())) if parts else join_buckets([])

    def _parts(self, connection: Connection, view: _View, fresh: Rows) -> Iterator[Part]:
        """Give `fresh` (sorted, single) in parts, each with the stored readings of its late ones' hours.

        Late ones of a series whose hours cannot be read any more are not marked: they add to the rollups, as
        those before the horizon do, and hold up nothing.

        Raises:
            Corrupt: it is the database that is damaged, not a block.
        """
        late, none = view.late(fresh), no_rows(1, 2)
        if not late.any():
            yield Part(fresh, late, none, none)
            return
        touched, span = split(fresh, late)
        rest = fresh.take(~touched)
        yield Part(rest, np.zeros(len(rest), np.bool_), none, none)
        for some, series in self._few(connection, view, span):
            yield from self._beside(connection, view, some, series)

    def _few(self, connection: Connection, view: _View, span: Span) -> Iterator[tuple[Span, Ints]]:
        """Cut a span by hours, then by series, until each needs about `STEP_READINGS` stored readings."""
        waiting = [span]
        while waiting:
            one = waiting.pop()
            ids = np.unique(one.fresh.series).astype(np.int64)
            rows = self._expected(connection, view, one, ids)
            if rows.sum() > STEP_READINGS and (two := halves(one)) is not None:
                waiting += two
                continue
            turn = np.cumsum(rows) // STEP_READINGS
            for number in np.unique(turn):
                series = ids[turn == number]
                yield taken(one, series), series

    def _expected(self, connection: Connection, view: _View, span: Span, ids: Ints) -> NDArray[np.float64]:
        """Give how many stored rows of each series runs hold that reach into a span, by their index."""
        rows = np.zeros(len(ids))
        for segment in view.stored.segments:
            if segment.width_us or segment.t_max < span.t_from or segment.t_min >= span.t_to:
                continue
            try:
                with view.reading():
                    series, length = self._segments.spread(connection, segment, span.t_from, span.t_to)
            except Corrupt:  # reading it tells more
                continue
            place = np.minimum(np.searchsorted(ids, series), len(ids) - 1)
            mine = ids[place] == series
            rows += np.bincount(place[mine], length[mine], len(ids))
        return rows

    def _beside(self, connection: Connection, view: _View, span: Span, series: Ints) -> Iterator[Part]:
        """Read what is stored in a span; where a block is damaged hour by hour, then series by series."""
        waiting = [(span, series)]
        while waiting:
            one, of = waiting.pop()
            late = one.late
            try:
                stored = merged(self._stored_rows(connection, view, 0, of, one.t_from, one.t_to))
            except Corrupt as damage:
                if "segment" not in damage.params:  # it is the database that is damaged, not a block
                    raise
                if (two := halves(one)) is not None:
                    waiting += [(half, np.unique(half.fresh.series).astype(np.int64)) for half in two]
                    continue
                if len(of) > 1:
                    waiting += [(taken(one, of[k : k + 1]), of[k : k + 1]) for k in range(len(of))]
                    continue
                _logger.warning("store_adds_to_what_is_damaged", message=damage.message, **damage.params)
                stored, late = no_rows(1, 2), np.zeros(len(late), np.bool_)
            yield Part(one.fresh, late, stored, replaced(stored, one.fresh.take(late)))

    # -- flushing ------------------------------------------------------------------------------------------

    def _due(self, now_us: int, *, force: bool) -> bool:
        """Say whether the head is to be cut now."""
        if self._head.offset <= self._stored.flushed:
            return False
        if self._since is None:
            self._since = now_us
        return force or self._head.readings >= self._readings_max or now_us - self._since >= self._age_us

    def _leave(self) -> None:
        """Write what is held, its rollups and the offset in one transaction.

        Then let readers see it. What is behind the horizon of a level does not go into it.
        """
        with self._lock:
            head = self._leaving = self._head
            self._head, self._since = Head(), None
            runs = head.runs()
        fresh = merged(runs)
        view = _View(self._stored, [], lasts=True)
        segments, known, horizons, _ = view.stored
        twice: list[Rows] = []
        rolled: dict[int, list[Rows]] = {width: [] for width in WIDTHS_US}
        with self._database.read() as connection:
            for part in self._parts(connection, view, fresh):
                twice.append(part.replaced)
                for width, rows in rolled.items():
                    rows.append(rollup(part.fresh, part.late, part.stored, width))
            first = self._segments.next_id(connection)
        levels = [(0, fresh), *((width, join(rows).sorted()) for width, rows in rolled.items())]
        kept = [(width, _since(rows, horizons.of(width))) for width, rows in levels]
        new = [made(first + k, width, rows) for k, (width, rows) in enumerate(kept) if len(rows)]
        known = known.having(kept[0][1], join(twice))
        with self._database.write_aside() as connection:
            for segment, blocks in new:
                self._segments.put(connection, segment, blocks)
            self._segments.save_known(connection, known)
            listed = (*segments, *(segment for segment, _ in new))
            self._segments.relist(connection, Listing(head.offset, listed, horizons))
        with self._lock:
            self._stored, self._leaving = Stored(listed, known, horizons, head.offset), Head()

    def _listed(self) -> Stored:
        """Read what the database says is stored."""
        with self._database.read() as connection:
            listing = self._segments.listed(connection)
            known = self._segments.known(connection, listing)
        return Stored(listing.segments, known, listing.horizons, listing.log_offset)

    def _learn(self) -> None:
        """Take up what is stored after a write that failed: it may have been kept, whole.

        Its flush may have failed behind it, or the line while it was told of. A list as it was before would
        be written over the one that stands, and what it names may be gone. What was about to be stored is
        held again where it was not.
        """
        stored = self._listed()
        self._segments.forget([one.id for one in set(self._stored.segments).difference(stored.segments)])
        with self._lock:
            if self._leaving.offset > stored.flushed:
                self._leaving.absorb(self._head)
                self._head = self._leaving
            self._stored, self._leaving, self._unsure = stored, Head(), False

    def _follow(self, steps: Iterator[Stored]) -> None:
        """Let readers see what is stored after each step."""
        for stored in steps:
            with self._lock:
                self._stored = stored


def _since(rows: Rows, t: int) -> Rows:
    """Give the rows from an instant on."""
    kept = rows.t >= t
    return rows if bool(kept.all()) else rows.take(kept)


def _by_series(buckets: Buckets, width_us: int) -> Buckets:
    """Order by (series, bucket of `width_us`), earlier parts before later: each is in order by itself."""
    index = np.lexsort((buckets.t // width_us, buckets.series))
    return Buckets(*(getattr(buckets, name)[index] for name in Buckets.__struct_fields__))
