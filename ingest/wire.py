"""Frames to messages and back: JSON in text frames, MessagePack in binary ones, the same shapes.

The hot path is one typed msgspec decode. What that refuses is read once more loosely, so that one bad value
refuses one reading with
its field named and not the whole batch. Duplicate keys: the last one counts. Unknown fields are ignored.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Any, Final

import msgspec
import numpy as np

from ingest.codes import WireError
from ingest.loose import INT64_MAX, INT_EXACT, check_count, loosely, path_of, raw_numbers, shaped
from ingest.messages import (
    Batch,
    Bye,
    Casual,
    CasualFault,
    Declare,
    Gap,
    Hello,
    Item,
    Message,
    PressTold,
    RecoveringTold,
    SeriesDeclared,
)
from opsroom.spans import SPAN_S_MAX

__all__ = [
    "Batch",
    "Bye",
    "Casual",
    "CasualFault",
    "Declare",
    "Gap",
    "Hello",
    "Item",
    "Message",
    "PressTold",
    "RecoveringTold",
    "SeriesDeclared",
    "decode",
    "encode",
    "lot",
    "names",
]


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


_Plain = Hello | Declare | Gap | RecoveringTold | PressTold | Bye
_text_message = msgspec.json.Decoder(_Plain | _TextBatch)
_binary_message = msgspec.msgpack.Decoder(_Plain | _BinaryBatch)
_text_casual = msgspec.json.Decoder(Casual | list[Casual])
_binary_casual = msgspec.msgpack.Decoder(Casual | list[Casual])
_text_lot = msgspec.json.Decoder(list[Casual])
_Label = Annotated[int, msgspec.Meta(ge=0, le=INT64_MAX)]
_text_names = msgspec.json.Decoder(str | _Label | list[str | _Label])
_binary_names = msgspec.msgpack.Decoder(str | _Label | list[str | _Label])
_text_loose = msgspec.json.Decoder(float_hook=float)
_binary_loose = msgspec.msgpack.Decoder()
_text_encoder = msgspec.json.Encoder()
_binary_encoder = msgspec.msgpack.Encoder()

_ERRORS: Final = (msgspec.MsgspecError, UnicodeError, RecursionError)
# Strings are matched first, so that what stands inside them is left alone.
_NOT_JSON_NUMBER: Final = re.compile(r'"(?:[^"\\]|\\.)*"|-?\bInfinity\b|\bNaN\b')
_STRINGS: Final = re.compile(rb'"(?:[^"\\]|\\.)*"')


def encode(message: Any, *, binary: bool = False) -> str | bytes:
    """Give the frame of `message` (a dict or a message struct): text for JSON, bytes for MessagePack."""
    return _binary_encoder.encode(message) if binary else _text_encoder.encode(message).decode()


def decode(frame: str | bytes, *, nesting_max: int = 16, readings_max: int = 65_536) -> list[Item]:
    """Read one frame. Gives messages, lists of casual readings.

    And the errors of what could not be read, in order.
    """
    if isinstance(frame, str):
        return _decode_text(frame, nesting_max, readings_max)
    if not frame:
        return []
    try:
        return [_decode_binary(frame, nesting_max, readings_max)]
    except WireError as error:
        return [error]


def lot(frames: Sequence[str | bytes]) -> list[Casual] | None:
    """Read text frames of one casual reading each in one go; None where any of them is something else.

    What `decode` gives for each alone. A frame that begins with the only brace in it, and holds no bracket,
    is one flat object or none: so as many readings as frames are one of each.
    """
    if not all(isinstance(one, str) and one.startswith("{") for one in frames):
        return None
    text = ",".join(frames)  # type: ignore[arg-type]
    if text.count("{") != len(frames) or "[" in text or '"type"' in text:
        return None
    try:
        readings = _text_lot.decode(f"[{text}]")
    except _ERRORS:
        return None
    return readings if len(readings) == len(frames) and not any(map(_is_inexact, readings)) else None


def names(batch: Batch) -> list[str | int] | str | int:
    """Read the `s` of a batch: a name, a number, or a list of them.

    Raises:
        WireError: `field_type`.
    """
    try:
        told: list[str | int] | str | int = (_binary_names if batch.binary else _text_names).decode(batch.s)
        return told
    except _ERRORS as error:
        raise WireError("field_type", f"s{path_of(error)}") from error


# -- text ----------------------------------------------------------------------------------------------------


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
        if not any(map(_is_inexact, readings)):
            _check_nesting(text, nesting_max, spare=len(readings) + 1)
            check_count(len(readings), readings_max)
            return readings
        strict: Exception | None = None
    except _ERRORS as error:
        strict = error
    _check_nesting(text, nesting_max)
    return loosely(_text_any(text, strict), strict, readings_max, binary=False)


def _is_inexact(one: Casual) -> bool:
    """Say whether the value may have been an integer that no float64 holds."""
    return one.value is not None and not -INT_EXACT < one.value < INT_EXACT


def _text_any(text: str, strict: Exception | None) -> Any:
    """Read JSON that may hold NaN and Infinity (they become infinite.

    And are refused one by one) or numbers out of range.
    """
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
        raise WireError("json_invalid", path_of(error)) from strict


def _check_nesting(text: str, nesting_max: int, spare: int = 0) -> None:
    """Refuse deeper nesting than `nesting_max`.

    Exact, and only counted where there are brackets enough for it.
    """
    if text.count("[") + text.count("{") <= nesting_max + max(0, spare - 2):
        return
    raw = np.frombuffer(_STRINGS.sub(b'""', text.encode("utf-8", "replace")), np.uint8)
    steps = ((raw == ord("[")) | (raw == ord("{"))).astype(np.int64)
    steps -= (raw == ord("]")) | (raw == ord("}"))
    if int(np.cumsum(steps).max(initial=0)) > nesting_max:
        raise WireError("nesting_too_deep", limit=nesting_max)


# -- binary --------------------------------------------------------------------------------------------------


def _decode_binary(frame: bytes, nesting_max: int, readings_max: int) -> Message | list[Casual]:
    strict: Exception | None = None
    try:
        if b"\xa4type" in frame:
            told = _binary_message.decode(frame)
            return _batch(told, readings_max) if isinstance(told, _BinaryBatch) else _checked(told)
        casual = _binary_casual.decode(frame)
        readings = casual if isinstance(casual, list) else [casual]
        if not any(map(_is_inexact, readings)):
            check_count(len(readings), readings_max)
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
        raise WireError("msgpack_invalid", path_of(error)) from error
    if _depth(loose, nesting_max) > nesting_max:
        raise WireError("nesting_too_deep", limit=nesting_max)
    return loosely(loose, strict, readings_max, binary=True)


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


# -- typed ---------------------------------------------------------------------------------------------------


def _checked(told: _Plain) -> _Plain:  # noqa: C901 - a branch a message
    """Check the ranges that types alone do not say."""
    if isinstance(told, Hello):
        if not 0.0 <= told.lateness_s <= SPAN_S_MAX:
            raise WireError("field_type", "lateness_s")
        if told.epoch is not None and not 0 <= told.epoch <= INT64_MAX:
            raise WireError("field_type", "epoch")
    elif isinstance(told, Gap):
        if not 1 <= told.from_seq <= INT64_MAX:
            raise WireError("field_type", "from_seq")
        if not told.from_seq <= told.to_seq <= INT64_MAX:
            raise WireError("field_type", "to_seq")
    elif isinstance(told, Declare):
        for index, one in enumerate(told.series):
            if one.id is not None and not 0 <= one.id <= INT64_MAX:
                raise WireError("field_type", f"series[{index}].id")
            if one.period_s is not None and not 0.0 < one.period_s <= SPAN_S_MAX:
                raise WireError("field_type", f"series[{index}].period_s")
    return told


def _batch(told: _TextBatch | _BinaryBatch, readings_max: int) -> Batch:
    """Make columns of a typed batch; ints beyond 2^53 and non-finite values are found by their size."""
    binary = isinstance(told, _BinaryBatch)
    values = told.v
    v = raw_numbers("v", values, np.float64) if isinstance(values, bytes) else np.array(values, np.float64)
    if not len(v) or np.abs(v).max() < INT_EXACT:
        return shaped(
            told.seq, told.t, bytes(told.s), v, told.q, (), (), told.historical, binary, readings_max
        )
    if isinstance(values, bytes):
        faults = tuple((int(i), "v", "value_not_finite") for i in np.flatnonzero(~np.isfinite(v)))
        return shaped(
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
    return shaped(
        told.seq, told.t, bytes(told.s), v, told.q, nulls, faults, told.historical, binary, readings_max
    )
