"""Rows of readings or rollups: how they are cut into blocks, indexed by runs, and joined again. Pure."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import google_crc32c
import msgspec
import numpy as np
from numpy.typing import NDArray

from opsroom.errors import Corrupt
from opsroom.store._arrays import last_of_equals, order, starts
from opsroom.store._blocks import BLOCK_ROWS, Block, Floats, encode_block
from opsroom.store._streams import Bytes, Ints, StreamReader, StreamWriter

_INDEX_VERSION: Final = 1


class Rows(msgspec.Struct, frozen=True):
    """Rows as parallel arrays: series, t, float columns, byte columns.

    Readings have floats [v] and marks [q, historical]; rollups have [count, sum, min, max, first, last] and
    [whole].
    """

    series: NDArray[np.int32]
    t: Ints
    floats: list[Floats]
    marks: list[Bytes]

    def __len__(self) -> int:
        """Give the number of rows."""
        return len(self.t)

    def take(self, index: NDArray[np.intp] | NDArray[np.bool_] | slice) -> Rows:
        """Give the rows that `index` selects."""
        return Rows(
            self.series[index],
            self.t[index],
            [column[index] for column in self.floats],
            [mark[index] for mark in self.marks],
        )

    def sorted(self) -> Rows:
        """Give the rows by (series, t), earlier before later among equals."""
        index = order(self.series, self.t)
        return self if index is None else self.take(index)

    def lasting(self) -> Rows:
        """Give sorted rows with only the last of equals."""
        keep = last_of_equals(self.series, self.t)
        return self if keep is None else self.take(keep)


class Runs(msgspec.Struct, frozen=True):
    """Where each run (rows of one series in one block) stands, by (series, t)."""

    series: Ints
    block: Ints
    start: Ints
    length: Ints
    t_min: Ints
    t_max: Ints


def join(parts: list[Rows]) -> Rows:
    """Put at least one part after the other."""
    if len(parts) == 1:
        return parts[0]
    floats = [np.concatenate([p.floats[k] for p in parts]) for k in range(len(parts[0].floats))]
    marks = [np.concatenate([p.marks[k] for p in parts]) for k in range(len(parts[0].marks))]
    return Rows(
        np.concatenate([p.series for p in parts]), np.concatenate([p.t for p in parts]), floats, marks
    )


def no_rows(floats: int, marks: int) -> Rows:
    """Give zero rows with that many columns."""
    return Rows(
        np.empty(0, np.int32),
        np.empty(0, np.int64),
        [np.empty(0, np.float64) for _ in range(floats)],
        [np.empty(0, np.uint8) for _ in range(marks)],
    )


def rows_of(block: Block) -> Rows:
    """Give the rows of a decoded block."""
    return Rows(block.series, block.t, block.floats, block.marks)


def cut(rows: Rows) -> tuple[Runs, list[bytes]]:
    """Cut sorted rows (at least one) into blocks, between series where that fits.

    Give their index and the blocks.
    """
    of_series = starts(rows.series)
    bounds = [0]
    while (start := bounds[-1]) < len(rows):
        end = start + BLOCK_ROWS
        if end < len(rows):
            last = int(of_series[np.searchsorted(of_series, end, side="right") - 1])
            end = last if last > start + BLOCK_ROWS // 2 else end
        bounds.append(min(end, len(rows)))
    edges = np.array(bounds)
    at = np.unique(np.concatenate([of_series, edges[:-1]]))
    ends = np.append(at[1:], len(rows))
    block = np.searchsorted(edges, at, side="right") - 1
    runs = Runs(
        rows.series[at].astype(np.int64), block, at - edges[block], ends - at, rows.t[at], rows.t[ends - 1]
    )
    blobs = []
    for start, end in pairwise(bounds):
        part = rows.take(slice(start, end))
        blobs.append(encode_block(part.series, part.t, part.floats, part.marks))
    return runs, blobs


def encode_runs(runs: Runs) -> bytes:
    """Give an index as bytes with its checksum."""
    out = StreamWriter()
    for name in Runs.__struct_fields__:
        out.ints(getattr(runs, name))
    body = bytes([_INDEX_VERSION]) + len(runs.series).to_bytes(4, "little") + out.done()
    return int(google_crc32c.value(body)).to_bytes(4, "little") + body


def decode_runs(blob: bytes) -> Runs:
    """Read an index.

    Raises:
        Corrupt: wrong version or checksum.
    """
    body = blob[4:]
    if len(body) < 5 or int.from_bytes(blob[:4], "little") != google_crc32c.value(body):  # noqa: PLR2004 - the header
        raise Corrupt("The index of a segment does not match its checksum.")
    if body[0] != _INDEX_VERSION:
        raise Corrupt(
            f"The index of a segment has format {body[0]}.", remedy="Use the release that wrote it."
        )
    n = int.from_bytes(body[1:5], "little")
    come = StreamReader(body, 5)
    return Runs(*(come.ints(n) for _ in Runs.__struct_fields__))


def wanted(
    runs: Runs, series: Ints | None, t_from: int, t_to: int, limit: int | None = None
) -> NDArray[np.intp]:
    """Give the runs that may hold rows of `series` (ascending; None means all) in [t_from, t_to).

    With `limit`, asked of one series, only the newest runs that are sure to hold that many.
    """
    fits = (runs.t_max >= t_from) & (runs.t_min < t_to)
    if series is not None:
        place = np.minimum(np.searchsorted(series, runs.series), len(series) - 1)
        fits &= series[place] == runs.series if len(series) else False
    found = np.flatnonzero(fits)
    if limit is None or not len(found):
        return found
    whole = np.where((runs.t_min[found] >= t_from) & (runs.t_max[found] < t_to), runs.length[found], 0)
    newer = np.cumsum(whole[::-1])[::-1] - whole
    return found[newer < limit]


def rows_in(blocks: dict[int, Block], runs: Runs, chosen: NDArray[np.intp]) -> Rows:
    """Give the rows of the chosen runs, sorted, from their decoded blocks."""
    parts = []
    for number in np.unique(runs.block[chosen]):
        rows = rows_of(blocks[int(number)])
        here = chosen[runs.block[chosen] == number]
        lengths = runs.length[here]
        if int(lengths.sum()) != len(rows):
            first = np.repeat(runs.start[here] - (np.cumsum(lengths) - lengths), lengths)
            rows = rows.take(first + np.arange(int(lengths.sum())))
        parts.append(rows)
    return join(parts)
