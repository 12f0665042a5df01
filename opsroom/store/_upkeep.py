"""What flushes leave behind is put in order: small segments are joined, what is too old is let go.

Each step is one transaction and moves nothing that can be read: a horizon hides rows first, with the counts
without them, and what is hidden is removed afterwards. So an end between two steps, or within one, leaves a
store that says the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import structlog

from opsroom.errors import Corrupt
from opsroom.section import StoreSection
from opsroom.store._database import Database
from opsroom.store._head import Known, merged
from opsroom.store._horizon import STEP_READINGS, behind, reach, targets, worn
from opsroom.store._listing import NEVER, Horizons, Listing, Segment
from opsroom.store._merging import due, joined
from opsroom.store._rollups import WIDTHS_US
from opsroom.store._segments import Segments, made, present

_CEIL = np.iinfo(np.int64).max
_logger = structlog.get_logger("opsroom.store")


class Stored(NamedTuple):
    """What the database holds at one moment, as of the log's record `flushed`."""

    segments: tuple[Segment, ...]
    known: Known
    horizons: Horizons
    flushed: int


class Upkeep:
    """Gives what is stored after each step; only then is what it replaced forgotten. For one thread."""

    def __init__(self, database: Database, segments: Segments, settings: StoreSection) -> None:
        self._database, self._segments, self._settings = database, segments, settings
        self._refused: Horizons | None = None
        self._damaged: set[int] = set()
        self._clean = Horizons()

    def joins(self, stored: Stored) -> Iterator[Stored]:
        """Join small segments while there are enough of one size; a damaged one stays, and its neighbours."""
        for width_us in (0, *WIDTHS_US):
            while old := due(stored.segments, width_us):
                if self._damaged.intersection(one.id for one in old):
                    break
                try:
                    stored = self._written_anew(stored, old)
                except Corrupt as error:
                    self._leave_alone(error)
                    break
                yield stored
                self._segments.forget([one.id for one in old])

    def let_go(self, stored: Stored, now_us: int) -> Iterator[Stored]:
        """Move the horizons a step on where that is due, and remove a part of what lies behind them.

        A damaged block that would have to be counted holds the horizons: they are tried again when they
        would move on.
        """
        newest = int(stored.known.newest.max(initial=NEVER))
        target = targets(self._settings, stored.horizons, now_us, newest)
        if target not in (stored.horizons, self._refused):
            try:
                stored = self._moved(stored, target)
                yield stored
            except Corrupt as error:
                self._refused = target
                _logger.warning("store_keeps_what_is_damaged", message=error.message, **error.params)
        if stored.horizons == self._clean:
            return
        if old := behind(stored.segments, stored.horizons):
            yield self._removed(stored, old)
            self._segments.forget([one.id for one in old])
            return
        for one in worn(stored.segments, stored.horizons):
            if one.id in self._damaged:
                continue
            try:
                stored = self._written_anew(stored, [one])
            except Corrupt as error:  # it goes as a whole, when all of it is behind the horizon
                self._leave_alone(error)
                continue
            yield stored
            self._segments.forget([one.id])
            return
        self._clean = stored.horizons

    def _leave_alone(self, error: Corrupt) -> None:
        """Write a damaged segment anew no more until the next start.

        Raises:
            Corrupt: it is the database that is damaged, not a block.
        """
        if "segment" not in error.params:
            raise error
        self._damaged.add(error.params["segment"])
        _logger.warning("store_keeps_what_is_damaged", message=error.message, **error.params)

    def _moved(self, stored: Stored, target: Horizons) -> Stored:
        """Move the horizons towards `target`, by a bounded number of readings, and count those out."""
        was, known = stored.horizons, stored.known
        readings = was.readings
        gone: dict[int, int] = {}
        if target.readings > readings:
            readings = reach(stored.segments, was.readings, target.readings)
            gone = self._counted(stored.segments, was.readings, readings)
            known = known.less(gone)
        minutes = max(was.minutes, min(target.minutes, readings))
        now = Horizons(readings, minutes, max(was.hours, min(target.hours, minutes)))
        with self._database.write_aside() as connection:
            self._segments.save_known(connection, known)
            self._segments.relist(connection, Listing(stored.flushed, stored.segments, now))
        _logger.info(
            "store_lets_go", readings=sum(gone.values()), before_us=[now.readings, now.minutes, now.hours]
        )
        return stored._replace(known=known, horizons=now)

    def _counted(self, segments: tuple[Segment, ...], t_from: int, t_to: int) -> dict[int, int]:
        """Count the readings of each series in [t_from, t_to), one an instant; some series at a time.

        Raises:
            Corrupt: a block or index does not match its checksum, or is not there.
        """
        held = [one for one in segments if not one.width_us and one.t_max >= t_from and one.t_min < t_to]
        found: dict[int, int] = {}
        if not held:
            return found
        with present(), self._database.read() as connection:
            spreads = [self._segments.spread(connection, one, t_from, t_to) for one in held]
        ids, place = np.unique(np.concatenate([series for series, _ in spreads]), return_inverse=True)
        rows = np.bincount(place, np.concatenate([length for _, length in spreads]), len(ids))
        turn = np.cumsum(rows) // STEP_READINGS
        for number in np.unique(turn):
            with present(), self._database.read() as connection:
                of = ids[turn == number]
                parts = [self._segments.rows(connection, one, of, t_from, t_to) for one in held]
            kept = merged([part for part in parts if part is not None and len(part)])
            series, count = np.unique(kept.series, return_counts=True)
            found.update(zip(series.tolist(), count.tolist(), strict=True))
        return found

    def _removed(self, stored: Stored, old: list[Segment]) -> Stored:
        """Remove segments of which nothing can be read any more."""
        gone = [one.id for one in old]
        left = tuple(one for one in stored.segments if one.id not in gone)
        with self._database.write_aside() as connection:
            self._segments.remove(connection, gone)
            self._segments.relist(connection, Listing(stored.flushed, left, stored.horizons))
        return stored._replace(segments=left)

    def _written_anew(self, stored: Stored, old: list[Segment]) -> Stored:
        """Write what can be read of segments of one kind as one, in the place of the last of them."""
        width_us, last = old[-1].width_us, old[-1]
        since = stored.horizons.of(width_us)
        with present(), self._database.read() as connection:
            found = [self._segments.rows(connection, one, None, since, _CEIL) for one in old]
            parts = [rows for rows in found if rows is not None and len(rows)]
            number = self._segments.next_id(connection)
        if not parts:
            return self._removed(stored, old)
        segment, pieces = made(number, width_us, joined(parts, width_us))
        gone = [one.id for one in old]
        kept = [one for one in stored.segments if one is last or one.id not in gone]
        listed = tuple(segment if one is last else one for one in kept)
        with self._database.write_aside() as connection:
            self._segments.put(connection, segment, pieces)
            self._segments.remove(connection, gone)
            self._segments.relist(connection, Listing(stored.flushed, listed, stored.horizons))
        return stored._replace(segments=listed)
