"""Integers and bytes as compressed streams: differences, zigzag, byte planes, a zstd frame each.

A plane keeps its own statistics that way; one of zeros takes four bytes and one that does not shrink is
kept as it is. Differences wrap around 2^64, so every int64 comes back. Pure.
"""

from __future__ import annotations

import struct
import threading
from typing import Any, Final

import numpy as np
import zstandard
from numpy.typing import NDArray

from opsroom.errors import Corrupt

Ints = NDArray[np.int64]
Bytes = NDArray[np.uint8]

_LENGTH: Final = struct.Struct("<I")
_RAW: Final = 1 << 31
_LEVEL: Final = 3
_SAMPLE: Final = 512
_HEAD: Final = struct.Struct("<BBqqq")
_local = threading.local()


class StreamWriter:
    """Collects streams into one run of bytes."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def plain(self, part: bytes) -> None:
        """Add bytes whose length the reader knows."""
        self._parts.append(part)

    def plane(self, values: Bytes) -> None:
        """Add bytes whose number the reader knows, compressed where that helps."""
        raw = values.tobytes()
        if not raw or (raw[0] == 0 and not values.any()):
            self._parts.append(_LENGTH.pack(0))
            return
        packed = _compressor().compress(raw)
        if len(packed) < len(raw):
            self._parts += (_LENGTH.pack(len(packed)), packed)
        else:
            self._parts += (_LENGTH.pack(len(raw) | _RAW), raw)

    def planes(self, values: NDArray[np.uint64]) -> None:
        """Add unsigned integers, a plane for each of their bytes up to the highest in use."""
        top = int(np.bitwise_or.reduce(values)) if len(values) else 0
        width = (top.bit_length() + 7) // 8
        self._parts.append(bytes([width]))
        table = values.astype("<u8", copy=False).view(np.uint8).reshape(-1, 8)
        for byte in range(width):
            self.plane(table[:, byte])

    def ints(self, values: Ints) -> None:
        """Add integers as they are, as differences or as differences of differences.

        Whichever is smallest.
        """
        order = _best_order(values)
        heads = [0, 0]
        for level in range(order):
            if len(values):
                heads[level] = int(values[0])
                values = np.diff(values)
        middle = _middle(values)
        rest = values - np.int64(middle)
        self._parts.append(_HEAD.pack(1, order, heads[0], heads[1], middle))
        self.planes(((rest << 1) ^ (rest >> 63)).view(np.uint64))

    def done(self) -> bytes:
        """Give all of it."""
        return b"".join(self._parts)


class StreamReader:
    """Reads what `StreamWriter` wrote, in the same order."""

    def __init__(self, body: bytes, at: int = 0) -> None:
        self._body = memoryview(body)
        self._at = at

    def plain(self, length: int) -> memoryview:
        """Give the next `length` bytes."""
        part = self._body[self._at : self._at + length]
        if len(part) != length:
            raise Corrupt("A block is cut short.")
        self._at += length
        return part

    def plane(self, n: int) -> Bytes:
        """Give the next plane of `n` bytes."""
        (length,) = _LENGTH.unpack(self.plain(4))
        if length == 0:
            return np.zeros(n, np.uint8)
        if length & _RAW:
            return np.frombuffer(self.plain(length ^ _RAW), np.uint8, n)
        try:
            return np.frombuffer(_decompressor().decompress(self.plain(length), n), np.uint8, n)
        except (zstandard.ZstdError, ValueError) as error:
            raise Corrupt(f"A block cannot be read: {error}.") from error

    def planes(self, n: int) -> NDArray[np.uint64]:
        """Give the next `n` unsigned integers."""
        width = self.plain(1)[0]
        table = np.zeros((n, 8), np.uint8)
        for byte in range(width):
            table[:, byte] = self.plane(n)
        return table.reshape(-1).view("<u8")

    def ints(self, n: int) -> Ints:
        """Give the next `n` integers."""
        _, order, head, slope, middle = _HEAD.unpack(self.plain(_HEAD.size))
        zigzag = self.planes(max(0, n - order))
        values = (zigzag >> np.uint64(1)).view(np.int64)
        values ^= -(zigzag & np.uint64(1)).view(np.int64)
        values += np.int64(middle)
        for first in (slope, head)[2 - order :]:
            if len(values) + 1 <= n:
                values = _undo_diff(first, values)
        return values


def _undo_diff(first: int, steps: Ints) -> Ints:
    values = np.empty(len(steps) + 1, np.int64)
    values[0] = first
    np.cumsum(steps, out=values[1:])
    values[1:] += np.int64(first)
    return values


def _middle(values: Ints) -> int:
    """Give a value near the median, from a sample; any would do, a near one leaves small numbers."""
    sample = np.sort(values[:: max(1, len(values) // _SAMPLE)])
    return int(sample[len(sample) // 2]) if len(sample) else 0


def _best_order(values: Ints) -> int:
    """Give 0, 1 or 2: how often to take differences, judged by the bits a sample of them needs."""
    if len(values) < 4:  # noqa: PLR2004 - nothing to win
        return 0
    best, cost = 0, np.inf
    sample = values[:_SAMPLE]
    for order in range(3):
        centred = sample - np.int64(_middle(sample))
        bits = float(np.log2(1.0 + np.abs(centred.astype(np.float64))).mean())
        if bits < cost:
            best, cost = order, bits
        sample = np.diff(sample)
    return best


def _compressor() -> zstandard.ZstdCompressor:
    """Give this thread's compressor: they are not to be shared."""
    made: Any = getattr(_local, "compressor", None)
    if made is None:
        made = _local.compressor = zstandard.ZstdCompressor(level=_LEVEL, write_content_size=False)
    return made  # type: ignore[no-any-return]


def _decompressor() -> zstandard.ZstdDecompressor:
    """Give this thread's decompressor."""
    made: Any = getattr(_local, "decompressor", None)
    if made is None:
        made = _local.decompressor = zstandard.ZstdDecompressor()
    return made  # type: ignore[no-any-return]
