"""Readings as the payload of a READINGS record: a short header with checksum, then raw little-endian arrays.

Layout, version 1: `u8 version, u8 flags, u16 0, u32 n, u32 crc32c, u32 0`, then t (int64), v (float64),
series (int32), q (uint8). A column whose values are all equal (flags say which) is stored once; so one
instant of many series takes 12 bytes a reading. Eight-byte columns come first, so that arrays are views of
the payload without a copy.
"""

from __future__ import annotations

import struct
from typing import Any, Final

import google_crc32c
import numpy as np
from numpy.typing import NDArray

from opsroom.errors import Corrupt
from opsroom.model import Columns

VERSION: Final = 1
_HEADER: Final = struct.Struct("<BBHIII")
_HISTORICAL: Final = 1
_ORDER: Final[tuple[tuple[str, np.dtype[Any], int], ...]] = (
    ("t", np.dtype("<i8"), 2),
    ("v", np.dtype("<f8"), 4),
    ("series", np.dtype("<i4"), 8),
    ("q", np.dtype("u1"), 16),
)


def encode_columns(columns: Columns, historical: bool = False) -> bytes:  # noqa: FBT001, FBT002 - the record's own flag
    """Give the payload of `columns`; values keep every bit (-0.0, NaN payloads)."""
    flags = _HISTORICAL if historical else 0
    parts: list[bytes] = []
    for name, dtype, flag in _ORDER:
        array = np.ascontiguousarray(getattr(columns, name), dtype)
        if len(array) > 1 and _constant(array):
            flags |= flag
            array = array[:1]
        parts.append(array.tobytes())
    body = b"".join(parts)
    return _HEADER.pack(VERSION, flags, 0, len(columns), _checksum(flags, len(columns), body), 0) + body


def decode_columns(payload: bytes) -> tuple[Columns, bool]:
    """Read a payload: (readings, historical). The arrays are read-only views.

    Raises:
        Corrupt: wrong version, length or checksum.
    """
    if len(payload) < _HEADER.size:
        raise Corrupt("A batch of readings is cut short.", bytes=len(payload))
    version, flags, _, n, crc, _ = _HEADER.unpack_from(payload)
    if version != VERSION:
        raise Corrupt(
            f"A batch of readings has format {version}.",
            remedy="Use the release that wrote it.",
            version=version,
        )
    body = memoryview(payload)[_HEADER.size :]
    lengths = [(1 if flags & flag else n) * dtype.itemsize for _, dtype, flag in _ORDER]
    if len(body) != sum(lengths) or crc != _checksum(flags, n, bytes(body)):
        raise Corrupt("A batch of readings does not match its checksum.", readings=n)
    columns: dict[str, NDArray[Any]] = {}
    start = _HEADER.size
    for (name, dtype, flag), length in zip(_ORDER, lengths, strict=True):
        array = np.frombuffer(payload, dtype, length // dtype.itemsize, start)
        if flags & flag:
            array = np.full(n, array[0], dtype)
            array.flags.writeable = False
        columns[name] = array
        start += length
    return Columns(**columns), bool(flags & _HISTORICAL)


def _constant(array: NDArray[Any]) -> bool:
    """Say whether all values are the same bits."""
    bits = array.view(np.int64) if array.dtype.kind == "f" else array
    return bool(bits[0] == bits[-1] and (bits == bits[0]).all())


def _checksum(flags: int, n: int, body: bytes) -> int:
    """Give CRC32C over flags, count and body."""
    return int(google_crc32c.extend(flags << 8 ^ n, body))
