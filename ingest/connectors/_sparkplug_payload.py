"""Sparkplug B payloads: bytes to metrics, and the one command that a host sends.

The wire is Protocol Buffers (proto2) as the Sparkplug 3.0 specification prints it, section 6.4.1; only the
fields that make a reading are read.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

_VARINT: Final = 0
_FIXED64: Final = 1
_BYTES: Final = 2
_FIXED32: Final = 5
_SIGNED_BITS: Final = {1: 8, 2: 16, 3: 32, 4: 64}
_TEXT_TYPES: Final = frozenset({12, 13, 14, 15, 16, 17, 18})
"""String, DateTime, Text, UUID, DataSet, Bytes and File: no readings."""
_BOOLEAN: Final = 11
_NUMBERS: Final = (10, 11, 12, 13, 14)
"""Fields of int, long, float, double and boolean."""
_PROPERTY_NUMBERS: Final = (3, 4, 5, 6, 7)
_TEMPLATES_DEEP_MAX: Final = 8
_VARINT_BYTES_MAX: Final = 10
_U64: Final = 1 << 64


class Metric(NamedTuple):
    """One metric as it stands in a payload.

    `raw` is the number as encoded (see `number`), None for null and for what is no number. `t_ms` epoch
    milliseconds, `quality` and `unit` from its properties where they are told.
    """

    name: str
    alias: int | None
    t_ms: int | None
    datatype: int
    historical: bool
    null: bool
    raw: float | int | None
    quality: int | None
    unit: str
    parts: tuple[Metric, ...] = ()


class Payload(NamedTuple):
    """What a message of a node or device holds."""

    t_ms: int | None
    seq: int | None
    metrics: tuple[Metric, ...]


def decode(message: bytes, unit_properties: frozenset[str]) -> Payload:
    """Read a payload; `unit_properties` are the names (lower case) of properties that hold a unit.

    Raises:
        ValueError: it is no Sparkplug payload.
    """
    try:
        t_ms: int | None = None
        seq: int | None = None
        metrics: list[Metric] = []
        for field, value in _fields(memoryview(message)):
            match field, value:
                case 1, int():
                    t_ms = value
                case 2, memoryview():
                    metrics.append(_metric(value, unit_properties, 0))
                case 3, int():
                    seq = value
        return Payload(t_ms, seq, tuple(metrics))
    except (IndexError, struct.error, UnicodeDecodeError) as error:
        raise ValueError(f"no Sparkplug payload: {error}") from error


def number(raw: float | None, datatype: int) -> float | None:
    """Give the number that `raw` stands for; signed integers travel as unsigned ones.

    None where the type holds no number.

    >>> number(0xFFFFFFFF, 3), number(255, 1), number(250, 5), number(1, 11), number(1, 13)
    (-1.0, -1.0, 250.0, 1.0, None)
    """
    if raw is None or datatype in _TEXT_TYPES:
        return None
    bits = _SIGNED_BITS.get(datatype)
    if bits is None or not isinstance(raw, int):
        return float(raw)
    # Some encoders sign a small integer at its own width, others at 32 bits.
    for width in (bits, max(bits, 32)):
        if 1 << width - 1 <= raw < 1 << width:
            return float(raw - (1 << width))
    return float(raw)


def rebirth(now_ms: int) -> bytes:
    """Encode the command that asks a node for its births (`Node Control/Rebirth`, a Boolean, true)."""
    name = b"Node Control/Rebirth"
    metric = b"".join(
        (b"\x0a", _varint(len(name)), name, b"\x18", _varint(now_ms), b"\x20", _varint(_BOOLEAN), b"\x70\x01")
    )
    return b"".join((b"\x08", _varint(now_ms), b"\x12", _varint(len(metric)), metric))


def _metric(blob: memoryview, unit_properties: frozenset[str], deep: int) -> Metric:
    held = dict(_fields(blob))
    told = held.get(9)
    quality, unit = _properties(told, unit_properties) if isinstance(told, memoryview) else (None, "")
    template = held.get(18)
    raws = (held[field] for field in _NUMBERS if field in held)
    name = held.get(1)
    return Metric(
        name=str(name, "utf-8") if isinstance(name, memoryview) else "",
        alias=_whole(held.get(2)),
        t_ms=_whole(held.get(3)),
        datatype=_whole(held.get(4)) or 0,
        historical=bool(_whole(held.get(5))),
        null=bool(_whole(held.get(7))),
        raw=next((raw for raw in raws if isinstance(raw, (int, float))), None),
        quality=quality,
        unit=unit,
        parts=_template(template, unit_properties, deep + 1) if isinstance(template, memoryview) else (),
    )


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) else None


def _template(blob: memoryview, unit_properties: frozenset[str], deep: int) -> tuple[Metric, ...]:
    """Give the metrics of a template's instance; a definition has none that were measured."""
    if deep > _TEMPLATES_DEEP_MAX:
        return ()
    parts: list[Metric] = []
    for field, value in _fields(blob):
        if field == 2 and isinstance(value, memoryview):  # noqa: PLR2004 - the wire's numbers
            parts.append(_metric(value, unit_properties, deep))
        elif field == 5 and value:  # noqa: PLR2004 - as above
            return ()
    return tuple(parts)


def _properties(blob: memoryview, unit_properties: frozenset[str]) -> tuple[int | None, str]:
    """Give quality and unit of a set of properties: keys and values are parallel lists."""
    keys: list[str] = []
    values: list[int | float | str | None] = []
    for field, value in _fields(blob):
        match field, value:
            case 1, memoryview():
                keys.append(str(value, "utf-8"))
            case 2, memoryview():
                values.append(_property(value))
    quality: int | None = None
    unit = ""
    for key, held in zip(keys, values, strict=False):
        if key.lower() == "quality" and isinstance(held, int):
            quality = held
        elif key.lower() in unit_properties and isinstance(held, str):
            unit = unit or held.strip()
    return quality, unit


def _property(blob: memoryview) -> int | float | str | None:
    found: int | float | str | None = None
    for field, value in _fields(blob):
        if field == 8 and isinstance(value, memoryview):  # noqa: PLR2004 - the wire's numbers
            found = str(value, "utf-8")
        elif field in _PROPERTY_NUMBERS and not isinstance(value, memoryview):
            found = value
    return found


def _fields(blob: memoryview) -> Iterator[tuple[int, int | float | memoryview]]:
    """Give (number, value) of each field of a message.

    Raises:
        ValueError: the wire type is none, or the message is cut off.
    """
    at, end = 0, len(blob)
    while at < end:
        key, at = _read_varint(blob, at)
        field, wire = key >> 3, key & 7
        if wire == _VARINT:
            number_, at = _read_varint(blob, at)
            yield field, number_
        elif wire == _BYTES:
            size, at = _read_varint(blob, at)
            if at + size > end:
                raise ValueError("no Sparkplug payload: cut off")
            yield field, blob[at : at + size]
            at += size
        elif wire == _FIXED32:
            yield field, struct.unpack_from("<f", blob, at)[0]
            at += 4
        elif wire == _FIXED64:
            yield field, struct.unpack_from("<d", blob, at)[0]
            at += 8
        else:
            raise ValueError(f"no Sparkplug payload: wire type {wire}")


def _read_varint(blob: memoryview, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(_VARINT_BYTES_MAX):
        byte = blob[at + shift]
        value |= (byte & 0x7F) << 7 * shift
        if byte < 0x80:  # noqa: PLR2004 - the last byte has no high bit
            return value % _U64, at + shift + 1
    raise ValueError("no Sparkplug payload: a number without end")


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:  # noqa: PLR2004 - seven bits a byte
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
