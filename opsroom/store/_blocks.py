"""A block: some thousand rows of a chunk as compressed columns, lossless to the bit. Pure.

Layout, version 1: `u8 version, u8 float columns, u8 byte columns, u8 0, u32 rows, u32 runs, u32 crc32c`
(over what comes before and after it), then streams: series and length of each run (rows of one series), t
divided by its unit, each float column, each byte column. A float column is, run by run, either decimals
(integers over a power of ten, kept as differences; single values that are none go beside them) or bits (xor
with the one before). This is the idea of Gorilla (Pelkonen et al., VLDB 2015) and of pseudo-decimals
(Kuschewski et al., SIGMOD 2023) with byte planes and zstd behind.
"""

from __future__ import annotations

import struct
from typing import Final

import google_crc32c
import msgspec
import numpy as np
from numpy.typing import NDArray

from opsroom.errors import Corrupt
from opsroom.store._arrays import starts
from opsroom.store._streams import Bytes, Ints, StreamReader, StreamWriter

VERSION: Final = 1
BLOCK_ROWS: Final = 8192
_HEADER: Final = struct.Struct("<BBBBIII")
_TIME_UNITS: Final = (1_000_000, 1_000, 1)
_POWERS: Final = tuple(10.0**k for k in range(7))
_BITS: Final = 255
_NEW: Final = 255
_EXACT_SHARE: Final = 0.9
_INT_MAX: Final = float(1 << 51)
Floats = NDArray[np.float64]


class Block(msgspec.Struct, frozen=True):
    """Rows as arrays: `run_series` and `run_length` for each run, t and every column for each row."""

    run_series: NDArray[np.int32]
    run_length: NDArray[np.int64]
    t: Ints
    floats: list[Floats]
    marks: list[Bytes]

    @property
    def nbytes(self) -> int:
        """What the arrays take."""
        keys = self.run_series.nbytes + self.run_length.nbytes + self.t.nbytes
        return keys + sum(column.nbytes for column in self.floats) + sum(mark.nbytes for mark in self.marks)

    @property
    def series(self) -> NDArray[np.int32]:
        """Series of each row."""
        return np.repeat(self.run_series, self.run_length)


def encode_block(series: NDArray[np.int32], t: Ints, floats: list[Floats], marks: list[Bytes]) -> bytes:
    """Give the block of at least one row, ordered by (series, t)."""
    at = starts(series)
    lengths = np.diff(np.append(at, len(series)))
    out = StreamWriter()
    out.ints(series[at].astype(np.int64))
    out.ints(lengths)
    unit = next(unit for unit in _TIME_UNITS if not (t % unit).any())
    out.plain(bytes([_TIME_UNITS.index(unit)]))
    out.ints(t // unit)
    for number, column in enumerate(floats):
        bits = column.view(np.int64)
        same = next((k for k in range(number) if np.array_equal(bits, floats[k].view(np.int64))), _NEW)
        out.plain(bytes([same]))
        if same == _NEW:
            _put_floats(out, column, at, lengths)
    for mark in marks:
        out.plane(mark)
    body = out.done()
    head = _HEADER.pack(VERSION, len(floats), len(marks), 0, len(t), len(at), 0)[:-4]
    return head + struct.pack("<I", google_crc32c.extend(google_crc32c.value(head), body)) + body


def decode_block(blob: bytes) -> Block:
    """Read a block.

    Raises:
        Corrupt: wrong version or checksum.
    """
    if len(blob) < _HEADER.size:
        raise Corrupt("A block is cut short.")
    version, n_floats, n_marks, _, n, runs, crc = _HEADER.unpack_from(blob)
    if version != VERSION:
        raise Corrupt(f"A block has format {version}.", remedy="Use the release that wrote it.")
    head, body = blob[: _HEADER.size - 4], blob[_HEADER.size :]
    if crc != google_crc32c.extend(google_crc32c.value(head), body):
        raise Corrupt("A block does not match its checksum.")
    come = StreamReader(body)
    run_series = come.ints(runs).astype(np.int32)
    lengths = come.ints(runs)
    unit = _TIME_UNITS[come.plain(1)[0]]
    t = come.ints(n)
    if unit != 1:
        t *= unit
    floats: list[Floats] = []
    for _ in range(n_floats):
        same = come.plain(1)[0]
        floats.append(_get_floats(come, lengths, n) if same == _NEW else floats[same])
    return Block(run_series, lengths, t, floats, [come.plane(n) for _ in range(n_marks)])


def _put_floats(out: StreamWriter, column: Floats, at: NDArray[np.intp], lengths: Ints) -> None:
    """Write one column: the way of each run, decimals with their exceptions, then bits."""
    ways, ints, exact = _decimals(column, at, lengths)
    out.plane(ways)
    decimal = np.repeat(ways != _BITS, lengths)
    ints, exact = ints[decimal], exact[decimal]
    wrong = np.flatnonzero(~exact)
    out.plain(struct.pack("<I", len(wrong)))
    if len(wrong):
        bits = column.view(np.uint64)
        out.ints(wrong.astype(np.int64))
        out.planes(bits[decimal][wrong])
        before = np.maximum.accumulate(np.where(exact, np.arange(len(ints)), 0))
        ints = ints[before]
    out.ints(ints)
    rest = column.view(np.uint64)[~decimal]
    rest[1:] ^= rest[:-1].copy()
    out.planes(rest)


def _get_floats(come: StreamReader, lengths: Ints, n: int) -> Floats:
    """Read one column."""
    ways = come.plane(len(lengths))
    each = np.repeat(ways, lengths)
    decimal = each != _BITS
    count = int(decimal.sum())
    (wrong,) = struct.unpack("<I", come.plain(4))
    places = come.ints(wrong) if wrong else None
    values = come.planes(wrong) if wrong else None
    ints = come.ints(count)
    rest = np.bitwise_xor.accumulate(come.planes(n - count))
    column = np.empty(n, np.float64)
    decimals = ints / np.array(_POWERS)[each[decimal]] if len(set(ways)) > 1 else ints / _power(ways)
    if places is not None and values is not None:
        decimals.view(np.uint64)[places] = values
    if count == n:
        return decimals
    column[decimal] = decimals
    column.view(np.uint64)[~decimal] = rest
    return column


def _power(ways: Bytes) -> float:
    """Give the one power of ten in use; 1 where no run has any."""
    return _POWERS[ways[0]] if len(ways) and ways[0] != _BITS else 1.0


def _decimals(column: Floats, at: NDArray[np.intp], lengths: Ints) -> tuple[Bytes, Ints, NDArray[np.bool_]]:
    """Find for each run the least power of ten that makes nearly all its values integers.

    Gives the power of each run (255: none), and for each row the integer and whether it gives the value back.
    """
    ways = np.full(len(at), _BITS, np.uint8)
    ints = np.zeros(len(column), np.int64)
    exact = np.zeros(len(column), np.bool_)
    rows = np.arange(len(column))
    runs, values, run_at, run_lengths = np.arange(len(at)), column, at, lengths
    for k, power in enumerate(_POWERS):
        with np.errstate(invalid="ignore", over="ignore"):
            scaled = np.rint(values * power) + 0.0  # which makes of -0.0 the 0.0 that an integer gives back
            fits = (scaled / power).view(np.int64) == values.view(np.int64)
            fits &= np.abs(scaled) < _INT_MAX
        good = np.add.reduceat(fits, run_at, dtype=np.int64) >= _EXACT_SHARE * run_lengths
        if good.any():
            ways[runs[good]] = k
            of_good = np.repeat(good, run_lengths)
            chosen = rows[of_good]
            exact[chosen] = fits[of_good]
            ints[chosen] = np.where(fits, scaled, 0.0)[of_good].astype(np.int64)
            if good.all():
                break
            rows, values = rows[~of_good], values[~of_good]
            runs, run_lengths = runs[~good], run_lengths[~good]
            run_at = np.cumsum(run_lengths) - run_lengths
    return ways, ints, exact
