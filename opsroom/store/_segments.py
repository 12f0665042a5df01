"""Segments of blocks in the database: what there is, and reading rows of some series out of them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import google_crc32c
import numpy as np
from sqlalchemy import Connection, delete, func, select

from opsroom.errors import Corrupt
from opsroom.store import _listing
from opsroom.store import _tables as tables
from opsroom.store._blocks import Block, decode_block
from opsroom.store._chunks import Rows, Runs, cut, decode_runs, encode_runs, rows_in, wanted
from opsroom.store._database import Database
from opsroom.store._head import Known
from opsroom.store._kept import Kept
from opsroom.store._listing import Listing, Segment
from opsroom.store._streams import Ints

POSITION: Final = "readings"
_KNOWN: Final = "readings.known"
_FETCH: Final = 400
_INDEXES: Final = 256


class Gone(Exception):  # noqa: N818 - no error: the caller looks again
    """A segment was merged away between looking and reading; if it was not, `damage` says what is missing."""

    def __init__(self, segment: Segment, block: int | None = None) -> None:
        self.damage = _named(Corrupt("it is not there."), segment, block)


@contextmanager
def present() -> Iterator[None]:
    """Read where nobody takes segments away meanwhile: what is not there is damage.

    Raises:
        Corrupt: a segment or block is not there; `params` name it.
    """
    try:
        yield
    except Gone as gone:
        raise gone.damage from gone


class Segments:
    """Access to the segment and block tables; what it keeps in memory is made for many threads."""

    def __init__(self, database: Database, kept_bytes: int) -> None:
        self._database = database
        self._kept = Kept(kept_bytes)
        self._indexes: OrderedDict[int, Runs] = OrderedDict()
        self._highest = 0

    def listed(self, connection: Connection) -> Listing:
        """Read the list of segments.

        Raises:
            Corrupt: it is missing, damaged, or does not fit the position.
        """
        snapshot, position = tables.snapshot.c, tables.position.c
        row = connection.execute(
            select(snapshot.crc, snapshot.body).where(
                snapshot.root_id == self._database.root_id, snapshot.name == _listing.NAME
            )
        ).first()
        offset = connection.execute(
            select(position.log_offset).where(
                position.root_id == self._database.root_id, position.name == POSITION
            )
        ).scalar()
        return _listing.agreed(None if row is None else _listing.decode(*row), offset)

    def relist(self, connection: Connection, listing: Listing) -> None:
        """Replace the list of segments and with it the position."""
        crc, body = _listing.encode(listing)
        row = {
            "name": _listing.NAME,
            "version": _listing.VERSION,
            "log_offset": listing.log_offset,
            "crc": crc,
            "body": body,
        }
        self._database.upsert(connection, tables.snapshot, [row])
        place = {"name": POSITION, "log_offset": listing.log_offset}
        self._database.upsert(connection, tables.position, [place])

    def next_id(self, connection: Connection) -> int:
        """Give an id above all that were ever stored here since the start: blocks are kept by it."""
        table = tables.segment.c
        query = select(func.max(table.id)).where(table.root_id == self._database.root_id)
        self._highest = max(self._highest, connection.execute(query).scalar() or 0)
        return self._highest + 1

    def put(self, connection: Connection, segment: Segment, pieces: tuple[Runs, list[bytes]]) -> None:
        """Store one segment with its index and blocks."""
        self._highest = max(self._highest, segment.id)
        runs, blobs = pieces
        row = {
            "id": segment.id,
            "width_s": segment.width_us // 1_000_000,
            "t_min": segment.t_min,
            "t_max": segment.t_max,
            "readings": segment.readings,
            "runs": encode_runs(runs),
        }
        self._database.insert(connection, tables.segment, [row])
        blocks = [
            {"segment_id": segment.id, "number": number, "body": blob} for number, blob in enumerate(blobs)
        ]
        self._database.insert(connection, tables.block, blocks)

    def remove(self, connection: Connection, ids: list[int]) -> None:
        """Remove segments with their blocks."""
        root = self._database.root_id
        for table, key in ((tables.block, tables.block.c.segment_id), (tables.segment, tables.segment.c.id)):
            connection.execute(delete(table).where(table.c.root_id == root, key.in_(ids)))

    def save_known(self, connection: Connection, known: Known) -> None:
        """Keep what is known of each series beside the segments."""
        none = np.zeros(len(known.series), np.int64)
        blob = encode_runs(Runs(known.series, none, none, known.readings, none, known.newest))
        crc = google_crc32c.value(blob)
        row = {"name": _KNOWN, "version": 1, "log_offset": 0, "crc": crc, "body": blob}
        self._database.upsert(connection, tables.snapshot, [row])

    def known(self, connection: Connection, listing: Listing) -> Known:
        """Read what is known of each series.

        Raises:
            Corrupt: it is missing where there are segments, or damaged.
        """
        table = tables.snapshot.c
        query = select(table.body).where(table.root_id == self._database.root_id, table.name == _KNOWN)
        blob = connection.execute(query).scalar()
        if blob is None:
            if listing.segments:
                raise Corrupt("The counts of stored readings are missing.", remedy="Restore a backup.")
            return Known.nothing()
        runs = decode_runs(blob)
        return Known(runs.series, runs.t_max, runs.length)

    def spread(self, connection: Connection, segment: Segment, t_from: int, t_to: int) -> tuple[Ints, Ints]:
        """Give the series of a segment's runs that reach into [t_from, t_to), and the rows of each run.

        Raises:
            Gone, Corrupt: as `rows`, of the index.
        """
        runs = self._runs(connection, segment)
        chosen = wanted(runs, None, t_from, t_to)
        return runs.series[chosen], runs.length[chosen]

    def forget(self, ids: list[int]) -> None:
        """Drop what is kept of segments that are no more."""
        self._kept.forget(ids)
        for number in ids:
            self._indexes.pop(number, None)

    def rows(
        self,
        connection: Connection,
        segment: Segment,
        series: Ints | None,
        t_from: int,
        t_to: int,
        limit: int | None = None,
    ) -> Rows | None:
        """Give the rows of `series` (ascending; None means all) in [t_from, t_to), sorted, or None.

        Raises:
            Gone: the segment was merged meanwhile.
            Corrupt: a block or index does not match its checksum; `params` name it.
        """
        if segment.t_max < t_from or segment.t_min >= t_to:
            return None
        runs = self._runs(connection, segment)
        chosen = wanted(runs, series, t_from, t_to, limit)
        if not len(chosen):
            return None
        numbers = [int(number) for number in np.unique(runs.block[chosen])]
        rows = rows_in(self._blocks(connection, segment, numbers), runs, chosen)
        inside = (rows.t >= t_from) & (rows.t < t_to)
        return rows if bool(inside.all()) else rows.take(inside)

    def _runs(self, connection: Connection, segment: Segment) -> Runs:
        """Give the index of a segment, from memory where it was asked lately."""
        runs = self._indexes.get(segment.id)
        if runs is None:
            table = tables.segment.c
            query = select(table.runs).where(table.root_id == self._database.root_id, table.id == segment.id)
            blob = connection.execute(query).scalar()
            if blob is None:
                raise Gone(segment)
            try:
                runs = decode_runs(blob)
            except Corrupt as error:
                raise _named(error, segment) from error
            self._indexes[segment.id] = runs
            while len(self._indexes) > _INDEXES:
                self._indexes.popitem(last=False)
        return runs

    def _blocks(self, connection: Connection, segment: Segment, numbers: list[int]) -> dict[int, Block]:
        """Give decoded blocks, from memory where they were read lately."""
        table = tables.block.c
        found = self._kept.found((segment.id, number) for number in numbers)
        absent = [number for number in numbers if number not in found]
        for at in range(0, len(absent), _FETCH):
            some = absent[at : at + _FETCH]
            query = select(table.number, table.body).where(
                table.root_id == self._database.root_id,
                table.segment_id == segment.id,
                table.number.in_(some) if len(some) > 1 else table.number == some[0],
            )
            for number, blob in connection.execute(query):
                try:
                    block = found[number] = decode_block(blob)
                    self._kept.put((segment.id, number), block)
                except Corrupt as error:
                    raise _named(error, segment, number) from error
        if len(found) != len(numbers):
            raise Gone(segment, next(number for number in numbers if number not in found))
        return found


def made(number: int, width_us: int, rows: Rows) -> tuple[Segment, tuple[Runs, list[bytes]]]:
    """Give the segment `number` of sorted rows (at least one) with its index and blocks."""
    segment = Segment(number, width_us, int(rows.t.min()), int(rows.t.max()), len(rows))
    return segment, cut(rows)


def _named(error: Corrupt, segment: Segment, block: int | None = None) -> Corrupt:
    """Say where the damage is."""
    where = f"Segment {segment.id}" + ("" if block is None else f", block {block}")
    return Corrupt(
        f"{where}: {error.message}",
        remedy="Restore a backup; the other blocks can be read.",
        segment=segment.id,
        block=block,
        t_min=segment.t_min,
        t_max=segment.t_max,
    )
