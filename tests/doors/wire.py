"""Remote write as a sender would write it, slowly and plainly."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence

import cramjam

Series = tuple[Mapping[str, str], Sequence[tuple[float, int]]]
STALE = struct.unpack("<d", struct.pack("<Q", 0x7FF0000000000002))[0]


def varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def field(number: int, body: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(body)) + body


def label(name: str, value: str) -> bytes:
    return field(1, field(1, name.encode()) + field(2, value.encode()))


def sample(value: float, t: int) -> bytes:
    """As gogo's protobuf does: what is nought is left out."""
    bits = struct.pack("<d", value)
    return field(2, (b"\x09" + bits if bits != bytes(8) else b"") + (b"\x10" + varint(t) if t else b""))


def series(labels: Mapping[str, str], samples: Sequence[tuple[float, int]]) -> bytes:
    return field(
        1, b"".join(label(*one) for one in labels.items()) + b"".join(sample(*one) for one in samples)
    )


def request(*told: Series) -> bytes:
    return b"".join(series(*one) for one in told)


def snappy(body: bytes) -> bytes:
    return bytes(cramjam.snappy.compress_raw(body))
