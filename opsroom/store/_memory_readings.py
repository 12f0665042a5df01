"""Readings in memory, by brute force; what is let go leaves its aggregates, as in the durable stores."""

from __future__ import annotations

from collections.abc import Sequence
from threading import RLock

import numpy as np

from opsroom.model import Columns, Micros
from opsroom.section import StoreSection
from opsroom.store import Buckets, Level
from opsroom.store._arrays import aggregate, combine, last_of_equals, order
from opsroom.store._arrays import join as join_buckets
from opsroom.store._chunks import Rows, join
from opsroom.store._horizon import LEVELS_US, Piece, pieces, targets
from opsroom.store._listing import NEVER, Horizons
from opsroom.store._rollups import HOUR_US, MINUTE_US, buckets_of, rows_of, settle


class MemoryReadings:
    """Readings as arrays in the order of arrival, put in order when asked.

    What was taken and not flushed is held apart: `crashed` leaves it behind, as the end of a process does.
    """

    def __init__(self, settings: StoreSection | None = None) -> None:
        self._settings = settings or StoreSection()
        self._lock = RLock()
        self._parts: list[Columns] = []
        self._held: list[Columns] = []
        self._held_count = 0
        self._taken = 0
        self._newest = NEVER
        self._horizons = Horizons()
        self._alone: dict[int, list[Rows]] = {MINUTE_US: [], HOUR_US: []}
        self.flushed_offset = 0

    def crashed(self) -> MemoryReadings:
        """Give what another process finds after this one ended: what was flushed."""
        found = MemoryReadings(self._settings)
        with self._lock:
            found._parts, found._newest, found._horizons = list(self._parts), self._newest, self._horizons
            found._alone = {width: list(rows) for width, rows in self._alone.items()}
            found._taken = found.flushed_offset = self.flushed_offset
        return found

    @property
    def held(self) -> int:
        """How many readings no flush has kept yet."""
        return self._held_count

    def take(self, columns: Columns, offset: int, historical: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002
        """Hold readings."""
        with self._lock:
            if offset > self.flushed_offset:
                self._taken = max(self._taken, offset)
                self._held.append(columns)
                self._held_count += len(columns)

    def flush(self, now_us: Micros, force: bool = False) -> int:  # noqa: ARG002, FBT001, FBT002
        """Keep what is held, move the offset, and let go of what the settings keep no longer."""
        with self._lock:
            held = _in_order(self._held)
            kept = held.take(held.t >= self._horizons.readings)
            if len(kept) < len(held):
                self._outlive(held.take(held.t < self._horizons.readings))
            if len(kept):
                self._parts.append(kept)
            self._held, self._held_count = [], 0
            self._newest = max(self._newest, int(kept.t.max(initial=NEVER)))
            self.flushed_offset = max(self.flushed_offset, self._taken)
            self._let_go(now_us)
            return self.flushed_offset

    def read(self, series_id: int, t_from: Micros, t_to: Micros, limit: int | None = None) -> Columns:
        """Give the readings of a series."""
        held, _ = self._sorted()
        found = held.take((held.series == series_id) & (held.t >= t_from) & (held.t < t_to))
        return found if limit is None else found.take(np.arange(max(0, len(found) - limit), len(found)))

    def buckets(self, series_ids: Sequence[int], t_from: Micros, t_to: Micros, width_us: int) -> Buckets:
        """Aggregate by brute force."""
        with self._lock:
            held, alone = self._sorted()
            asked = pieces(t_from, t_to, width_us, self._horizons)
        parts = [self._piece(held, alone, piece, width_us) for piece in asked]
        joined = join_buckets([part for part in parts if len(part)])
        mine = np.isin(joined.series, series_ids)
        joined = Buckets(*(getattr(joined, name)[mine] for name in Buckets.__struct_fields__))
        index = np.lexsort((joined.t // width_us, joined.series))
        ordered = Buckets(*(getattr(joined, name)[index] for name in Buckets.__struct_fields__))
        return combine(ordered, width_us)

    def count(self, series_ids: Sequence[int] | None = None) -> int:
        """Give the number of distinct (series, t)."""
        held, _ = self._sorted()
        return len(held) if series_ids is None else int(np.isin(held.series, series_ids).sum())

    def levels(self) -> tuple[Level, ...]:
        """Give what is kept of each level, without what is held."""
        with self._lock:
            kept, found = _in_order(self._parts), []
            for width_us in LEVELS_US:
                since = self._horizons.of(width_us)
                t = kept.t
                if width_us:
                    here = aggregate(kept.series, t, kept.v, width_us).t
                    t = np.concatenate([here, *(rows.t for rows in self._alone[width_us])])
                oldest = int(t.min()) if len(t) else None
                found.append(Level(width_us, len(t), oldest, None if since == NEVER else since))
            return tuple(found)

    def _piece(self, held: Columns, alone: dict[int, list[Rows]], piece: Piece, width_us: int) -> Buckets:
        """Give the buckets of one piece: from readings, and from what stands alone."""
        inside = held.take((held.t >= piece.t_from) & (held.t < piece.t_to))
        if not piece.level_us:
            return aggregate(inside.series, inside.t, inside.v, width_us)
        rows = _since(alone[piece.level_us], piece.t_from)
        rows = [rows_of(aggregate(inside.series, inside.t, inside.v, piece.level_us), whole=False), *rows]
        found = settle(join(rows).sorted())
        return buckets_of(found.take(found.t < piece.t_to))

    def _sorted(self) -> tuple[Columns, dict[int, list[Rows]]]:
        """Give readings, and what stands alone in order of arrival, with what is held."""
        with self._lock:
            self._parts = [_in_order(self._parts)]
            held = _in_order(self._held)
            old = held.take(held.t < self._horizons.readings)
            alone = {width: [*rows, _rolled(old, width)] for width, rows in self._alone.items()}
            every = _in_order([*self._parts, *self._held])
            return every.take(every.t >= self._horizons.readings), alone

    def _outlive(self, gone: Columns) -> None:
        """Add the aggregates of readings that are not kept to what stands alone."""
        for width, rows in self._alone.items():
            self._alone[width] = _since([*rows, _rolled(gone, width)], self._horizons.of(width))

    def _let_go(self, now_us: int) -> None:
        was, now = self._horizons, targets(self._settings, self._horizons, now_us, self._newest)
        if now == was:
            return
        kept = _in_order(self._parts)
        gone = kept.t < now.readings
        self._horizons, self._parts = now, [kept.take(~gone)]
        self._outlive(kept.take(gone))


def _in_order(parts: list[Columns]) -> Columns:
    """Put readings in order of (series, t), one an instant: the last by arrival."""
    held = Columns.concat(parts)
    index = order(held.series, held.t)
    held = held if index is None else held.take(index)
    keep = last_of_equals(held.series, held.t)
    return held if keep is None else held.take(keep)


def _rolled(columns: Columns, width_us: int) -> Rows:
    return rows_of(aggregate(columns.series, columns.t, columns.v, width_us), whole=False)


def _since(parts: list[Rows], t: int) -> list[Rows]:
    """Give rollup rows from an instant on, those of a bucket as one."""
    rows = settle(join(parts).sorted())
    return [rows.take(rows.t >= t)]
