"""What the typed decode refuses, read value by value.

One bad value refuses one reading, with its field named, and not the batch.
"""

from __future__ import annotations

import re
from typing import Any, Final, NoReturn

import msgspec
import numpy as np
from numpy.typing import NDArray

from ingest.codes import WireError
from ingest.messages import Batch, Casual, CasualFault, Message

INT_EXACT: Final = float(1 << 53)
INT64_MAX: Final = (1 << 63) - 1
_ERRORS: Final = (msgspec.MsgspecError, UnicodeError, RecursionError)
_PATH: Final = re.compile(r"at `\$\.?(.*?)`")
_FIELD: Final = re.compile(r"field `(\w+)`")
_text_encoder = msgspec.json.Encoder()
_binary_encoder = msgspec.msgpack.Encoder()


def shaped(
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
    if not 1 <= seq <= INT64_MAX:
        raise WireError("field_type", "seq")
    check_count(len(v), readings_max)
    times: int | NDArray[np.int64] = t if isinstance(t, int) else ints("t", t, np.int64)
    if isinstance(times, int):
        if not -INT64_MAX <= times <= INT64_MAX:
            raise WireError("field_type", "t")
    elif len(times) != len(v):
        raise WireError("length_mismatch", "t", got=len(times), expected=len(v))
    quality: NDArray[np.int64] | None = None
    if isinstance(q, int):
        quality = np.full(len(v), max(-1, min(q, 256)), np.int64)
    elif q is not None:
        quality = ints("q", q, np.uint8)
        if len(quality) != len(v):
            raise WireError("length_mismatch", "q", got=len(quality), expected=len(v))
    return Batch(seq, times, s, binary, v, quality, historical, nulls, faults)


def raw_numbers(field: str, raw: bytes, kind: type[np.generic]) -> NDArray[Any]:
    """Read raw little-endian numbers without a copy."""
    if len(raw) % np.dtype(kind).itemsize:
        raise WireError("field_type", field)
    return np.frombuffer(raw, np.dtype(kind).newbyteorder("<"))


def ints(field: str, values: list[int] | bytes, raw_kind: type[np.generic]) -> NDArray[np.int64]:
    """Read whole numbers, listed or raw."""
    if isinstance(values, bytes):
        return raw_numbers(field, values, raw_kind).astype(np.int64, copy=False)
    try:
        return np.array(values, np.int64)
    except OverflowError as error:
        raise WireError("field_type", field) from error


def check_count(count: int, readings_max: int) -> None:
    """Refuse more readings than a batch may have."""
    if count > readings_max:
        raise WireError("batch_too_large", limit=readings_max)


# --------------------


def loosely(
    loose: Any, strict: Exception | None, readings_max: int, *, binary: bool
) -> Message | list[Casual]:
    """Read what the typed decode refused, value by value, or say what is wrong with it."""
    if isinstance(loose, dict) and loose.get("type") == "batch":
        return _loose_batch(loose, readings_max, binary=binary)
    if isinstance(loose, dict) and "series" in loose and not isinstance(loose["series"], list):
        return [_loose_casual(loose, "")]
    if isinstance(loose, list):
        check_count(len(loose), readings_max)
        return [_loose_casual(one, f"[{index}]") for index, one in enumerate(loose)]
    if isinstance(loose, dict) and "type" not in loose:
        raise WireError("field_missing", "series")
    if not isinstance(loose, dict):
        raise WireError("field_type", "")
    return _raise(strict)


def _raise(strict: Exception | None) -> NoReturn:
    """Name the error of the typed decode."""
    if isinstance(strict, WireError):
        raise strict
    text = str(strict)
    if "Invalid value" in text and "$.type" in text:
        raise WireError("type_unknown", "type") from strict
    missing = _FIELD.search(text)
    if "missing required field" in text and missing is not None:
        where = path_of(strict)
        raise WireError("field_missing", f"{where}.{missing[1]}" if where else missing[1]) from strict
    raise WireError("field_type", path_of(strict)) from strict


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
    return shaped(seq, t, raw, v, q, nulls, faults, historical, binary, readings_max)


def _converted(field: str, value: Any, kind: Any) -> Any:
    try:
        return msgspec.convert(value, kind)
    except _ERRORS as error:
        raise WireError("field_type", field + path_of(error)) from error


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


def path_of(error: Exception | None) -> str:
    """Read the path that msgspec names, without the leading `$.`."""
    match = _PATH.search(str(error))
    return match[1] if match is not None else ""
