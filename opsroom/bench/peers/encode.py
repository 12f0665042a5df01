"""Readings in the forms that peers take: InfluxDB's line protocol and Prometheus' remote write 1.0."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opsroom.bench.peers.port import Readings

NS_PER_MS: Final = 1_000_000
LITERAL_BYTES_MAX: Final = 65_536


def flat(readings: Readings) -> Iterator[tuple[str, int, float]]:
    """Give (series, t in ms, value), instant by instant."""
    for t, row in zip(readings.times_ms.tolist(), readings.values.tolist(), strict=True):
        for name, value in zip(readings.series, row, strict=True):
            yield name, t, value


def lines(readings: Readings, per_request: int, host: str = "") -> list[bytes]:
    """Encode as line protocol, one measurement for all series; the series, and a `host`, as its tags."""
    head = f"bench,host={host},series=" if host else "bench,series="
    each = [f"{head}{name} v={value!r} {t * NS_PER_MS}" for name, t, value in flat(readings)]
    return ["\n".join(each[k : k + per_request]).encode() for k in range(0, len(each), per_request)]


def remote_write(readings: Readings, per_request: int, host: str = "") -> list[bytes]:
    """Encode as `WriteRequest` (protobuf) in a snappy block; a `host` is the label `instance`.

    The block holds literals only, which every decoder takes, quicker than compressed ones.

    Source: Prometheus Remote-Write 1.0 specification; snappy format description.
    """
    labels = {
        name: _field(1, _field(1, b"__name__") + _field(2, b"bench"))
        + (_field(1, _field(1, b"instance") + _field(2, host.encode())) if host else b"")
        + _field(1, _field(1, b"series") + _field(2, name.encode()))
        for name in readings.series
    }
    each = [
        _field(1, labels[name] + _field(2, b"\x09" + struct.pack("<d", value) + b"\x10" + _varint(t)))
        for name, t, value in flat(readings)
    ]
    return [snappy(b"".join(each[k : k + per_request])) for k in range(0, len(each), per_request)]


def snappy(body: bytes) -> bytes:
    """Give a snappy block of literals."""
    parts = [_varint(len(body))]
    for k in range(0, len(body), LITERAL_BYTES_MAX):
        literal = body[k : k + LITERAL_BYTES_MAX]
        parts += [b"\xf4", (len(literal) - 1).to_bytes(2, "little"), literal]
    return b"".join(parts)


def _field(number: int, body: bytes) -> bytes:
    """Give a length-delimited protobuf field."""
    return _varint(number << 3 | 2) + _varint(len(body)) + body


def _varint(value: int) -> bytes:
    """Give a base-128 varint.

    >>> _varint(300).hex()
    'ac02'
    """
    out = bytearray()
    while value > 0x7F:  # noqa: PLR2004 - seven bits a byte
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
