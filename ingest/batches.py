"""Readings packed as batches: how large one may be, what is larger in parts, what no room takes. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from ingest.codes import remedy, says
from opsroom.errors import Invalid
from opsroom.model import QUALITY_BAD, QUALITY_GOOD

FRAME_BYTES: Final = 1 << 20
READINGS: Final = 65_536
"""What a room takes in one batch unless its `welcome` says otherwise."""
_HEAD_BYTES: Final = 32  # type and seq, which go in front of a body
_T_BYTES: Final = 8
_V_BYTES: Final = 8
_T_MAX: Final = (1 << 63) - 1


def pack(
    names: Sequence[str | int] | str | int,
    t_ms: int | NDArray[np.int64],
    v: NDArray[np.float64],
    q: NDArray[np.uint8] | None = None,
    *,
    historical: bool = False,
) -> bytes:
    """Encode a batch without its seq.

    `t_ms` one instant or one a reading, `v` float64 (n,), NaN only where `q` is 0.
    """
    good = bool(np.isfinite(v).all())
    body: dict[str, Any] = {
        "t": t_ms if isinstance(t_ms, int) else t_ms.astype("<i8", copy=False).tobytes(),
        "s": names,
        # null has no raw form, so a batch with a missing value travels as a list.
        "v": v.astype("<f8", copy=False).tobytes()
        if good
        else [x if np.isfinite(x) else None for x in v.tolist()],
    }
    if q is not None:
        body["q"] = q.astype(np.uint8, copy=False).tobytes()
    if historical:
        body["historical"] = True
    return msgspec.msgpack.encode(body)


def packed(
    names: Sequence[str | int] | str | int,
    t: int | NDArray[np.int64],
    v: float | Sequence[float | None] | NDArray[np.float64] | None,
    q: Sequence[int] | NDArray[np.uint8] | None = None,
    *,
    historical: bool = False,
) -> tuple[bytes, int]:
    """Pack what `Link.send` takes; gives the batch and its number of readings.

    Raises:
        Invalid: `length_mismatch`: names, times or qualities are more or fewer than the values.
    """
    values = np.array([v] if v is None or isinstance(v, (int, float)) else v, np.float64)
    quality = None if q is None else np.atleast_1d(np.asarray(q, np.uint8))
    times = t if isinstance(t, int) else np.atleast_1d(np.asarray(t, np.int64))
    for field, column in (("s", names), ("t", times), ("q", quality)):
        if not (column is None or isinstance(column, (str, int))) and len(column) != len(values):
            raise Invalid(
                says("length_mismatch", {"field": field, "got": len(column), "expected": len(values)}),
                remedy=remedy("length_mismatch"),
                code="length_mismatch",
                field=field,
            )
    missing = ~np.isfinite(values)
    if missing.any():
        quality = np.full(len(values), QUALITY_GOOD, np.uint8) if quality is None else quality.copy()
        quality[missing] = QUALITY_BAD
    return pack(names, times // 1000, values, quality, historical=historical), len(values)


def frame(seq: int, body: bytes) -> bytes:
    """Put type and seq in front of a packed batch: its map header grows by two, the rest is copied."""
    head = body[0]
    assert head & 0xF0 == 0x80, "a small MessagePack map"  # noqa: PLR2004 - fixmap
    return bytes((head + 2,)) + b"\xa4type\xa5batch\xa3seq" + msgspec.msgpack.encode(seq) + body[1:]


class Bounds(msgspec.Struct, frozen=True):
    """Most bytes of one frame, and readings of one batch."""

    frame_bytes: int = FRAME_BYTES
    readings: int = READINGS

    @property
    def body_bytes(self) -> int:
        """Most bytes of a packed batch: its number goes in front."""
        return self.frame_bytes - _HEAD_BYTES

    def fits(self, body: bytes, readings: int) -> bool:
        """Say whether a packed batch of so many readings may be sent as it is."""
        return len(body) <= self.body_bytes and readings <= self.readings

    def within(self, frame_bytes: int) -> Bounds:
        """Give the narrower of these and a frame of `frame_bytes`."""
        return Bounds(min(self.frame_bytes, frame_bytes), self.readings)


def limits_of(limits: Any) -> Bounds:
    """Read the `limits` of a welcome; what it does not say is as ever."""
    said = limits if isinstance(limits, Mapping) else {}
    numbers = (said.get("frame_bytes_max"), said.get("batch_readings_max"))
    frame_bytes, readings = (one if isinstance(one, int) and one > 0 else None for one in numbers)
    return Bounds(frame_bytes or FRAME_BYTES, readings or READINGS)


def cut(body: bytes, readings: int, bounds: Bounds) -> list[tuple[bytes, int]]:
    """Give a packed batch in parts within `bounds`, in order, each with its number of readings.

    One reading is not cut further, nor a batch that has a fault.
    """
    if bounds.fits(body, readings) or fault_of(body):
        return [(body, readings)]
    held: dict[str, Any] = msgspec.msgpack.decode(body)
    return list(_parts(held, 0, _count(held["v"], _V_BYTES), bounds))


def _parts(held: dict[str, Any], begin: int, end: int, bounds: Bounds) -> Iterator[tuple[bytes, int]]:
    # Far too many readings are not encoded to learn that.
    if end - begin <= bounds.readings:
        body = msgspec.msgpack.encode({name: _part(name, one, begin, end) for name, one in held.items()})
        if end - begin <= 1 or bounds.fits(body, end - begin):
            yield body, end - begin
            return
    middle = (begin + end) // 2
    yield from _parts(held, begin, middle, bounds)
    yield from _parts(held, middle, end, bounds)


def _part(name: str, column: Any, begin: int, end: int) -> Any:
    """Give readings `begin` to `end` of a column; what stands for all of them stands for each part."""
    if isinstance(column, bytes):
        size = {"t": _T_BYTES, "v": _V_BYTES}.get(name, 1)
        return column[begin * size : end * size]
    return column[begin:end] if isinstance(column, list) else column


class _Body(msgspec.Struct):
    """A packed batch, its names unread."""

    t: int | bytes | list[int]
    s: msgspec.Raw
    v: bytes | list[float | None]
    q: int | bytes | list[int] | None = None


_body = msgspec.msgpack.Decoder(_Body)


def fault_of(body: bytes) -> str:
    """Name the field for which every room refuses a packed batch as a whole; "" where there is none."""
    try:
        held = _body.decode(body)
    except msgspec.MsgspecError:
        return "batch"
    count = _count(held.v, _V_BYTES)
    if isinstance(held.v, bytes) and len(held.v) != count * _V_BYTES:
        return "v"
    if isinstance(held.t, bytes) and len(held.t) != count * _T_BYTES:
        return "t"
    if isinstance(held.t, list) and len(held.t) != count:
        return "t"
    if isinstance(held.t, int) and abs(held.t) > _T_MAX:
        return "t"
    if isinstance(held.q, bytes | list) and len(held.q) != count:
        return "q"
    return "" if _entries(bytes(held.s)) in {None, count} else "s"


def _count(values: bytes | list[Any], size: int) -> int:
    return len(values) // size if isinstance(values, bytes) else len(values)


def _entries(raw: bytes) -> int | None:
    """Give how many entries a MessagePack array has, None where it is none."""
    head = raw[0]
    if head & 0xF0 == 0x90:  # noqa: PLR2004 - fixarray
        return head & 0x0F
    width = {0xDC: 2, 0xDD: 4}.get(head)
    return None if width is None else int.from_bytes(raw[1 : 1 + width], "big")
