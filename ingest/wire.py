"""Frames to messages and back: JSON in text frames, MessagePack in binary ones, the same shapes.

The hot path is one typed msgspec decode. What that refuses is read once more loosely, so that one bad value refuses one reading with
its field named and not the whole batch. Duplicate keys: the last one counts. Unknown fields are ignored.
"""

from __future__ import annotations

import re
from typing import Any, Final, NoReturn, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from ingest.codes import WireError

INT_EXACT: Final = float(1 << 53)
_INT64: Final = (1 << 63) - 1


class Hello(msgspec.Struct, tag_field="type", tag="hello", omit_defaults=True):
    """Who speaks. With `protocol` the full form begins; without it the sender is only identified."""

    protocol: int | None = None
    source: str = ""
    epoch: int | None = None
    token: str = ""
    lateness_s: float = 0.0


class SeriesDeclared(msgspec.Struct, omit_defaults=True):
    """One series of `declare`: a number for this connection, the name, unit text and reporting period in seconds."""

    name: str
    id: int | None = None
    unit: str = ""
    period_s: float | None = None


class Declare(msgspec.Struct, tag_field="type", tag="declare"):
    """Numbers, units and periods of series, for this connection."""

    series: list[SeriesDeclared]


class Gap(msgspec.Struct, tag_field="type", tag="gap"):
    """Batches that the sender no longer has, from and to inclusive."""

    from_seq: int
    to_seq: int
    reason: str = ""


class RecoveringTold(msgspec.Struct, tag_field="type", tag="recovering"):
    """A plant's note on its own alert; `until` RFC 3339 or epoch ms."""

    alert: str
    note: str = ""
    until: str | int | None = None


class PressTold(msgspec.Struct, tag_field="type", tag="press"):
    """An essential indicator pressed by hand."""

    indicator: str
    note: str = ""


class Bye(msgspec.Struct, tag_field="type", tag="bye"):
    """The sender leaves; it holds back no clock."""


class Casual(msgspec.Struct):
    """One reading of the casual form. `ts` RFC 3339 or epoch ms; absent = receipt time."""

    series: str
    value: float | None
    ts: str | int | float | None = None
    unit: str | None = None
    q: int | None = None


class CasualFault(Casual):
    """A casual reading that is refused already: `code` says why, `field` where."""

    code: str = ""
    field: str = "value"


class Batch(msgspec.Struct):
    """A batch of the full form, decoded: n readings as columns.

    `t_ms` is one instant (int) or shape (n,) int64; `s` the encoded name, number, or array of them (`names` reads it; the bytes
    serve as a cache key); `v` float64 (n,), NaN where refused or null; `q` int64 (n,) or None = all good. `nulls` and `faults` list
    the readings with null and those refused already as (index, field, code).
    """

    seq: int
    t_ms: int | NDArray[np.int64]
    s: bytes
    binary: bool
    v: NDArray[np.float64]
    q: NDArray[np.int64] | None = None
    historical: bool = False
    nulls: tuple[int, ...] = ()
    faults: tuple[tuple[int, str, str], ...] = ()

    def __len__(self) -> int:
        """Give the number of readings."""
        return len(self.v)


class _TextBatch(msgspec.Struct, tag_field="type", tag="batch"):
    seq: int
    t: int | list[int]
    s: msgspec.Raw
    v: list[float | None]
    q: list[int] | int | None = None
    historical: bool = False


class _BinaryBatch(msgspec.Struct, tag_field="type", tag="batch"):
    seq: int
    t: int | list[int] | bytes
    s: msgspec.Raw
    v: list[float | None] | bytes
    q: list[int] | int | bytes | None = None
    historical: bool = False


Message = Hello | Declare | Batch | Gap | RecoveringTold | PressTold | Bye
Item = Message | list[Casual] | WireError

_Plain = Hello | Declare | Gap | RecoveringTold | PressTold | Bye
_text_message = msgspec.json.Decoder(_Plain | _TextBatch)
_binary_message = msgspec.msgpack.Decoder(_Plain | _BinaryBatch)
_text_casual = msgspec.json.Decoder(Casual | list[Casual])
_binary_casual = msgspec.msgpack.Decoder(Casual | list[Casual])
_text_names = msgspec.json.Decoder(str | int | list[str | int])
_binary_names = msgspec.msgpack.Decoder(str | int | list[str | int])
_text_loose = msgspec.json.Decoder(float_hook=float)
_binary_loose = msgspec.msgpack.Decoder()
_text_encoder = msgspec.json.Encoder()
_binary_encoder = msgspec.msgpack.Encoder()

_ERRORS: Final = (msgspec.MsgspecError, UnicodeError, RecursionError)
# Strings are matched first, so that what stands inside them is left alone.
_NOT_JSON_NUMBER: Final = re.compile(r'"(?:[^"\\]|\\.)*"|-?\bInfinity\b|\bNaN\b')
_STRINGS: Final = re.compile(rb'"(?:[^"\\]|\\.)*"')
_PATH: Final = re.compile(r"at `\$\.?(.*?)`")
_FIELD: Final = re.compile(r"field `(\w+)`")
_Told = TypeVar("_Told")


def encode(message: Any, *, binary: bool = False) -> str | bytes:
    """Give the frame of `message` (a dict or a message struct): text for JSON, bytes for MessagePack."""
    return _binary_encoder.encode(message) if binary else _text_encoder.encode(message).decode()


def decode(frame: str | bytes, *, nesting_max: int = 16, readings_max: int = 65_536) -> list[Item]:
    """Read one frame. Gives messages, lists of casual readings, and the errors of what could not be read, in order."""
    if isinstance(frame, str):
        return _decode_text(frame, nesting_max, readings_max)
    if not frame:
        return []
    try:
        return [_decode_binary(frame, nesting_max, readings_max)]
    except WireError as error:
        return [error]


def names(batch: Batch) -> list[str | int] | str | int:
    """Read the `s` of a batch: a name, a number, or a list of them.

    Raises:
        WireError: `field_type`.
    """
    try:
        told: list[str | int] | str | int = (_binary_names if batch.binary else _text_names).decode(batch.s)
        return told
    except _ERRORS as error:
        raise WireError("field_type", f"s{_path(error)}") from error


# -- text ------------------------------------------------------------------------------------------------------------------------


def _decode_text(frame: str, nesting_max: int, readings_max: int) -> list[Item]:
    text = frame.strip()
    if not text:
        return []
    try:
        return [_text_one(text, nesting_max, readings_max)]
    except WireError as error:
        if "\n" not in text or text[0] == "\ufeff":
            return [error]
    items: list[Item] = []
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                items.append(_text_one(line.strip(), nesting_max, readings_max))
            except WireError as error:
                error.line = number
                items.append(error)
    return items


def _text_one(text: str, nesting_max: int, readings_max: int) -> Message | list[Casual]:
    """Read one JSON value."""
    try:
        if text[0] == "{" and '"type"' in text:
            told = _text_message.decode(text)
            _check_nesting(text, nesting_max)
            return _batch(told, readings_max) if isinstance(told, _TextBatch) else _checked(told)
        casual = _text_casual.decode(text)
        readings = casual if isinstance(casual, list) else [casual]
        if not any(r.value is not None and (r.value >= INT_EXACT or r.value <= -INT_EXACT) for r in readings):
            _check_nesting(text, nesting_max, spare=len(readings) + 1)
            _check_count(len(readings), readings_max)
            return readings
        strict: Exception | None = None
    except _ERRORS as error:
        strict = error
    _check_nesting(text, nesting_max)
    return _loosely(_text_any(text, strict), strict, readings_max, binary=False)


def _text_any(text: str, strict: Exception | None) -> Any:
    """Read JSON that may hold NaN and Infinity (they become infinite, and are refused one by one) or numbers out of range."""
    if text[0] == "\ufeff":
        raise WireError("bom_present")
    try:
        return _text_loose.decode(text)
    except _ERRORS as error:
        strict = strict or error
    try:
        return _text_loose.decode(_NOT_JSON_NUMBER.sub(lambda m: m[0] if m[0][0] == '"' else "1e999", text))
    except UnicodeError as error:
        raise WireError("utf8_invalid") from error
    except RecursionError as error:
        raise WireError("nesting_too_deep", limit=0) from error
    except msgspec.MsgspecError as error:
        raise WireError("json_invalid", _path(error)) from strict


def _check_nesting(text: str, nesting_max: int, spare: int = 0) -> None:
    """Refuse deeper nesting than `nesting_max`; exact, and only counted where there are brackets enough for it."""
    if text.count("[") + text.count("{") <= nesting_max + max(0, spare - 2):
        return
    raw = np.frombuffer(_STRINGS.sub(b'""', text.encode("utf-8", "replace")), np.uint8)
    steps = ((raw == ord("[")) | (raw == ord("{"))).astype(np.int64)
    steps -= (raw == ord("]")) | (raw == ord("}"))
    if int(np.cumsum(steps).max(initial=0)) > nesting_max:
        raise WireError("nesting_too_deep", limit=nesting_max)


# -- binary ----------------------------------------------------------------------------------------------------------------------


def _decode_binary(frame: bytes, nesting_max: int, readings_max: int) -> Message | list[Casual]:
    strict: Exception | None = None
    try:
        if b"\xa4type" in frame:
            told = _binary_message.decode(frame)
            return _batch(told, readings_max) if isinstance(told, _BinaryBatch) else _checked(told)
        casual = _binary_casual.decode(frame)
        readings = casual if isinstance(casual, list) else [casual]
        if all(r.value is None or -INT_EXACT < r.value < INT_EXACT for r in readings):
            _check_count(len(readings), readings_max)
            return readings
    except _ERRORS as error:
        strict = error
    try:
        loose = _binary_loose.decode(frame)
    except UnicodeError as error:
        raise WireError("utf8_invalid") from error
    except RecursionError as error:
        raise WireError("nesting_too_deep", limit=nesting_max) from error
    except (msgspec.MsgspecError, ValueError, OverflowError) as error:
        raise WireError("msgpack_invalid", _path(error)) from error
    if _depth(loose, nesting_max) > nesting_max:
        raise WireError("nesting_too_deep", limit=nesting_max)
    return _loosely(loose, strict, readings_max, binary=True)


def _depth(value: Any, limit: int) -> int:
    """Count levels of `value`, giving up above `limit`."""
    level, depth = [value], 0
    while level and depth <= limit:
        inner = [part for part in level if isinstance(part, (list, dict))]
        level = [x for part in inner for x in (part.values() if isinstance(part, dict) else part)]
        depth += bool(inner)
        if not inner:
            break
    return depth


# -- typed -----------------------------------------------------------------------------------------------------------------------


def _checked(told: _Plain) -> _Plain:
    """Check the ranges that types alone do not say."""
    if isinstance(told, Hello):
        if not 0.0 <= told.lateness_s < INT_EXACT:
            raise WireError("field_type", "lateness_s")
        if told.epoch is not None and not 0 <= told.epoch <= _INT64:
            raise WireError("field_type", "epoch")
    elif isinstance(told, Gap):
        if not 1 <= told.from_seq <= _INT64:
            raise WireError("field_type", "from_seq")
        if not told.from_seq <= told.to_seq <= _INT64:
            raise WireError("field_type", "to_seq")
    elif isinstance(told, Declare):
        for index, one in enumerate(told.series):
            if one.id is not None and not 0 <= one.id <= _INT64:
                raise WireError("field_type", f"series[{index}].id")
            if one.period_s is not None and not 0.0 < one.period_s < INT_EXACT:
                raise WireError("field_type", f"series[{index}].period_s")
    return told


def _batch(told: _TextBatch | _BinaryBatch, readings_max: int) -> Batch:
    """Make columns of a typed batch; ints beyond 2^53 and non-finite values are found by their size."""
    binary = isinstance(told, _BinaryBatch)
    values = told.v
    v = _raw("v", values, np.float64) if isinstance(values, bytes) else np.array(values, np.float64)
    if not len(v) or np.abs(v).max() < INT_EXACT:
        return _shaped(
            told.seq, told.t, bytes(told.s), v, told.q, (), (), told.historical, binary, readings_max
        )
    if isinstance(values, bytes):
        faults = tuple((int(i), "v", "value_not_finite") for i in np.flatnonzero(~np.isfinite(v)))
        return _shaped(
            told.seq, told.t, bytes(told.s), v, told.q, (), faults, told.historical, binary, readings_max
        )
    if not binary and np.nanmax(np.abs(v), initial=0.0) >= INT_EXACT:
        # The typed decode has rounded integers: the loose one tells them from floats.
        raise msgspec.ValidationError("integers to be told from floats")
    if binary and np.nanmax(np.abs(v), initial=0.0) >= INT_EXACT and np.isfinite(v).any():
        raise msgspec.ValidationError("integers to be told from floats")
    nulls = tuple(i for i, x in enumerate(values) if x is None)
    marked = set(nulls)
    faults = tuple(
        (int(i), "v", "value_not_finite") for i in np.flatnonzero(~np.isfinite(v)) if int(i) not in marked
    )
    return _shaped(
        told.seq, told.t, bytes(told.s), v, told.q, nulls, faults, told.historical, binary, readings_max
    )


def _shaped(
    seq: int,
    t: int | list[int] | bytes,
    s: bytes,
    v: NDArray[np.float64],
    q: list[int] | int | bytes | None,
    nulls: tuple[int, ...],
    faults: tuple[tuple[int, str, str], ...],
    historical: bool,  # noqa: FBT001 - a column of the frame
    binary: bool,  # noqa: FBT001 - as above
    readings_max: int,
) -> Batch:
    """Check ranges and lengths and give the batch."""
    if not 1 <= seq <= _INT64:
        raise WireError("field_type", "seq")
    _check_count(len(v), readings_max)
    times: int | NDArray[np.int64] = t if isinstance(t, int) else _ints("t", t, np.int64)
    if isinstance(times, int):
        if not -_INT64 <= times <= _INT64:
            raise WireError("field_type", "t")
    elif len(times) != len(v):
        raise WireError("length_mismatch", "t", got=len(times), expected=len(v))
    quality: NDArray[np.int64] | None = None
    if isinstance(q, int):
        quality = np.full(len(v), max(-1, min(q, 256)), np.int64)
    elif q is not None:
        quality = _ints("q", q, np.uint8)
        if len(quality) != len(v):
            raise WireError("length_mismatch", "q", got=len(quality), expected=len(v))
    return Batch(seq, times, s, binary, v, quality, historical, nulls, faults)


def _raw(field: str, raw: bytes, kind: type[np.generic]) -> NDArray[Any]:
    """Read raw little-endian numbers without a copy."""
    if len(raw) % np.dtype(kind).itemsize:
        raise WireError("field_type", field)
    return np.frombuffer(raw, np.dtype(kind).newbyteorder("<"))


def _ints(field: str, values: list[int] | bytes, raw_kind: type[np.generic]) -> NDArray[np.int64]:
    if isinstance(values, bytes):
        return _raw(field, values, raw_kind).astype(np.int64, copy=False)
    try:
        return np.array(values, np.int64)
    except OverflowError as error:
        raise WireError("field_type", field) from error


def _check_count(count: int, readings_max: int) -> None:
    if count > readings_max:
        raise WireError("batch_too_large", limit=readings_max)


# -- loose -----------------------------------------------------------------------------------------------------------------------


def _loosely(
    loose: Any, strict: Exception | None, readings_max: int, *, binary: bool
) -> Message | list[Casual]:
    """Read what the typed decode refused, value by value, or say what is wrong with it."""
    if isinstance(loose, dict) and loose.get("type") == "batch":
        return _loose_batch(loose, readings_max, binary=binary)
    if isinstance(loose, dict) and "series" in loose and not isinstance(loose["series"], list):
        return [_loose_casual(loose, "")]
    if isinstance(loose, list):
        _check_count(len(loose), readings_max)
        return [_loose_casual(one, f"[{index}]") for index, one in enumerate(loose)]
    if isinstance(loose, dict) and "type" not in loose:
        raise WireError("field_missing", "series")
    if not isinstance(loose, dict):
        raise WireError("field_type", "")
    _raise(strict)


def _raise(strict: Exception | None) -> NoReturn:
    """Name the error of the typed decode."""
    if isinstance(strict, WireError):
        raise strict
    text = str(strict)
    if "Invalid value" in text and "$.type" in text:
        raise WireError("type_unknown", "type") from strict
    missing = _FIELD.search(text)
    if "missing required field" in text and missing is not None:
        where = _path(strict)
        raise WireError("field_missing", f"{where}.{missing[1]}" if where else missing[1]) from strict
    raise WireError("field_type", _path(strict)) from strict


def _loose_batch(loose: dict[Any, Any], readings_max: int, *, binary: bool) -> Batch:
    for field in ("seq", "t", "s", "v"):
        if field not in loose:
            raise WireError("field_missing", field)
    seq, values = loose["seq"], loose["v"]
    if not isinstance(seq, int) or isinstance(seq, bool):
        raise WireError("field_type", "seq")
    if not isinstance(values, list):
        raise WireError("field_type", "v")
    t = _converted("t", loose["t"], int | list[int] | bytes if binary else int | list[int])
    q = _converted("q", loose.get("q"), list[int] | int | bytes | None if binary else list[int] | int | None)
    s = _converted("s", loose["s"], str | int | list[str | int])
    historical = _converted("historical", loose.get("historical", False), bool)
    codes = [_value_fault(value) for value in values]
    v = np.array([0.0 if c or x is None else x for c, x in zip(codes, values, strict=True)], np.float64)
    nulls = tuple(i for i, value in enumerate(values) if value is None)
    v[list(nulls)] = np.nan
    faults = tuple((i, "v", code) for i, code in enumerate(codes) if code)
    raw = _binary_encoder.encode(s) if binary else _text_encoder.encode(s)
    return _shaped(seq, t, raw, v, q, nulls, faults, historical, binary, readings_max)


def _converted(field: str, value: Any, kind: Any) -> Any:
    try:
        return msgspec.convert(value, kind)
    except _ERRORS as error:
        raise WireError("field_type", field + _path(error)) from error


def _value_fault(value: Any) -> str:
    """Name what is wrong with a value; "" where nothing is."""
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return "value_not_number"
    if isinstance(value, int):
        return "value_too_large" if abs(value) > INT_EXACT else ""
    return "" if abs(value) <= np.finfo(np.float64).max else "value_not_finite"


def _loose_casual(loose: Any, where: str) -> Casual:
    """Read one casual object; a field of a wrong type refuses the reading, a missing series the frame."""
    if not isinstance(loose, dict):
        raise WireError("field_type", where)
    stem = f"{where}." if where else ""
    for field in ("series", "value"):
        if field not in loose:
            raise WireError("field_missing", stem + field)
    series, value = loose["series"], loose["value"]
    if not isinstance(series, str):
        raise WireError("field_type", stem + "series")
    code, field = _value_fault(value), "value"
    ts, q, unit = loose.get("ts"), loose.get("q"), loose.get("unit")
    if isinstance(ts, bool) or not isinstance(ts, (str, int, float, type(None))):
        code, field, ts = code or "time_invalid", "ts", None
    if isinstance(q, bool) or not isinstance(q, (int, type(None))):
        code, field, q = code or "quality_invalid", "q", None
    if not isinstance(unit, (str, type(None))):
        raise WireError("field_type", stem + "unit")
    if code:
        return CasualFault(series, None, ts, unit, q, code, field)
    return Casual(series, None if value is None else float(value), ts, unit, q)


def _path(error: Exception | None) -> str:
    """Read the path that msgspec names, without the leading `$.`."""
    match = _PATH.search(str(error))
    return match[1] if match is not None else ""
