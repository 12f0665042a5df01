"""A node of Sparkplug B for tests: payloads written field by field, after section 6.4.1 of the text."""

from __future__ import annotations

import struct
from typing import Any

INT32, INT64, DOUBLE, BOOLEAN, STRING = 3, 4, 10, 11, 12


def varint(value: int) -> bytes:
    out = bytearray()
    value %= 1 << 64
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def whole(field: int, value: int) -> bytes:
    return varint(field << 3) + varint(value)


def text(field: int, value: str | bytes) -> bytes:
    body = value.encode() if isinstance(value, str) else value
    return varint(field << 3 | 2) + varint(len(body)) + body


def metric(name: str = "", value: Any = 0.0, **told: Any) -> bytes:
    """Encode a metric: `alias`, `t_ms`, `datatype`, `historical`, `unit`, `quality` where they are told."""
    parts = [text(1, name)] if name else []
    parts += [whole(field, told[key]) for key, field in (("alias", 2), ("t_ms", 3)) if key in told]
    kinds = {bool: BOOLEAN, int: INT64, float: DOUBLE, str: STRING, type(None): DOUBLE}
    parts.append(whole(4, told.get("datatype", kinds[type(value)])))
    if told.get("historical"):
        parts.append(whole(5, 1))
    if value is None:
        parts.append(whole(7, 1))
    if "unit" in told or "quality" in told:
        keys, values = b"", b""
        if "unit" in told:
            keys, values = text(1, "engUnit"), text(2, whole(1, 12) + text(8, told["unit"]))
        if "quality" in told:
            keys, values = (
                keys + text(1, "Quality"),
                values + text(2, whole(1, 3) + whole(3, told["quality"])),
            )
        parts.append(text(9, keys + values))
    if isinstance(value, bool):
        parts.append(whole(14, value))
    elif isinstance(value, int):
        parts.append(whole(11, value))
    elif isinstance(value, float):
        parts.append(varint(13 << 3 | 1) + struct.pack("<d", value))
    elif isinstance(value, str):
        parts.append(text(15, value))
    return b"".join(parts)


def payload(*metrics: bytes, t_ms: int | None = None, seq: int | None = None) -> bytes:
    parts = [whole(1, t_ms)] if t_ms is not None else []
    parts += [text(2, one) for one in metrics]
    return b"".join([*parts, *([whole(3, seq % 256)] if seq is not None else [])])
