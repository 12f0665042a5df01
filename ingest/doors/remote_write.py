"""Prometheus' remote write 1.0 to columns: a snappy block that holds a protobuf WriteRequest. Pure.

    WriteRequest { repeated TimeSeries timeseries = 1; repeated MetricMetadata metadata = 3; }
    TimeSeries { repeated Label labels = 1; repeated Sample samples = 2; exemplars = 3; histograms = 4; }
    Label { string name = 1; string value = 2; }    Sample { double value = 1; int64 timestamp = 2; }

Sources: Prometheus Remote-Write 1.0 specification; protobuf's encoding; snappy's format description. Labels
are looked up as bytes: a sender repeats them. The marker that a series has ended (stale) and every other NaN
become a reading without a value, of bad quality.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

import cramjam
import numpy as np
from numpy.typing import NDArray

from ingest.codes import DoorError
from ingest.doors.bodies import Share, too_large
from ingest.doors.known import Known
from ingest.doors.readings import Fault, Found, Key, Place, merged
from opsroom.model import QUALITY_BAD, QUALITY_GOOD

NAME: Final = "__name__"
SERIES_A_PART: Final = 2_000
SAMPLES_A_SERIES_MAX: Final = 50_000
"""Several times what any sender puts into a whole request; a series is read in one step."""
VARINT_BYTES_MAX: Final = 10
_VALUE: Final = struct.Struct("<d")
_MORE: Final = 0x80
_SEVEN: Final = 0x7F
_SIGN: Final = 1 << 63
_WRAP: Final = 1 << 64
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_TIMESERIES, _LABELS, _SAMPLES, _EXEMPLARS, _HISTOGRAMS = 1, 1, 2, 3, 4


class _BrokenError(ValueError):
    """Not protobuf, or not of these messages."""


def unpacked(body: bytes, most: int, share: Share) -> bytes:
    """Undo snappy's block format; the length that it states is looked at first.

    Raises:
        DoorError: `snappy_invalid`, `body_too_large`, `door_busy`.
    """
    try:
        size, _ = _varint(body, 0)
    except _BrokenError as error:
        raise DoorError("snappy_invalid") from error
    if size > most:
        raise too_large(most)
    share.grow(size)
    try:
        whole = bytes(cramjam.snappy.decompress_raw(body))
    except cramjam.DecompressionError as error:
        raise DoorError("snappy_invalid") from error
    if len(whole) != size:
        raise DoorError("snappy_invalid")
    return whole


def parse(body: bytes, known: Known, place: Place) -> Iterator[Found]:
    """Read a WriteRequest in parts, so that other work has its turn; by the kernel what is plain and known.

    Times are in milliseconds. A series' number within the request (from 1) stands for its line.

    Raises:
        DoorError: `protobuf_invalid`, `series_too_long`.
    """
    try:
        if known.table is not None:
            at, number = 0, 1
            while at < len(body):
                found, at, number = _scanned(body, at, number, known, place)
                yield found
            return
        part = _Part()
        for number, series in enumerate(_submessages(body, 0, len(body), _TIMESERIES), 1):
            _series(body, series, number, known, place, part)
            if number % SERIES_A_PART == 0:
                yield part.found()
                part = _Part()
        yield part.found()
    except _BrokenError as error:
        raise DoorError("protobuf_invalid") from error


def _scanned(body: bytes, begin: int, number: int, known: Known, place: Place) -> tuple[Found, int, int]:
    """Read a part; gives where it ended, and the number of the series after it, too."""
    from ingest.doors.kernel import scan_series

    assert known.table is not None, "the kernels are compiled"
    most = 2 * SERIES_A_PART  # some have several samples
    rows, lines = np.empty(most, np.int32), np.empty(most, np.int32)
    t, bits = np.empty(most, np.int64), np.empty(most, np.uint64)
    left = np.empty((SERIES_A_PART, 3), np.int64)
    raw = np.frombuffer(body, np.uint8)
    n, lefts, at, after = scan_series(raw, begin, number, known.table.arrays, (rows, t, bits, lines), left)
    if at < 0:
        raise _BrokenError
    part = _Part()
    for one, start, stop in left[:lefts].tolist():
        _series(body, (start, stop), one, known, place, part)
    found = _finished(rows[:n], t[:n], bits[:n].view(np.float64), lines[:n])
    if lefts or part.faults:
        others = part.found()
        found = merged(found, others).blamed(found.faults)
    return found, at, after


class _Part:
    """What is read of a part of a request."""

    def __init__(self) -> None:
        self.rows: list[int] = []
        self.v: list[float] = []
        self.t: list[int] = []
        self.lines: list[int] = []
        self.faults: list[Fault] = []
        self.left_out = 0

    def found(self) -> Found:
        """Give it as columns."""
        rows, t = np.array(self.rows, np.int32), np.array(self.t, np.int64)
        found = _finished(rows, t, np.array(self.v, np.float64), np.array(self.lines, np.int32))
        every = [*self.faults, *found.faults]
        return Found(found.rows, found.t, found.v, found.lines, found.q, every, self.left_out)


def _finished(
    rows: NDArray[np.int32], t: NDArray[np.int64], v: NDArray[np.float64], lines: NDArray[np.int32]
) -> Found:
    """Give columns with quality: a NaN is a reading without a value, an infinity is refused."""
    if np.isfinite(v).all():
        return Found(rows, t, v, lines, np.full(len(v), QUALITY_GOOD, np.uint8))
    infinite = np.isinf(v)
    q = np.where(np.isnan(v), QUALITY_BAD, QUALITY_GOOD).astype(np.uint8)
    faults = [Fault(line, "value_not_finite", {}) for line in lines[infinite].tolist()]
    v = np.where(np.isnan(v), np.nan, v)  # one NaN for all: what it carried is told by the quality
    return Found(rows, t, v, lines, q, faults).without(infinite)


class _Fields(NamedTuple):
    """Where labels and samples of a TimeSeries stand, where the last label ends, what is left out."""

    labels: list[tuple[int, int]]
    samples: list[tuple[int, int]]
    labels_end: int
    left_out: int


def _fields(body: bytes, begin: int, end: int) -> _Fields:
    """Find them.

    Raises:
        DoorError: `series_too_long`.
    """
    labels: list[tuple[int, int]] = []
    samples: list[tuple[int, int]] = []
    at = labels_end = begin
    left_out = 0
    while at < end:
        field, start, stop = _field(body, at, end)
        if field == _LABELS:
            labels.append((start, stop))
            labels_end = stop
        elif field == _SAMPLES:
            if len(samples) == SAMPLES_A_SERIES_MAX:
                raise DoorError("series_too_long", 413, limit=SAMPLES_A_SERIES_MAX)
            samples.append((start, stop))
        elif field in {_EXEMPLARS, _HISTOGRAMS}:
            left_out += 1
        at = stop
    return _Fields(labels, samples, labels_end, left_out)


def _series(body: bytes, span: tuple[int, int], number: int, known: Known, place: Place, part: _Part) -> None:
    """Read one TimeSeries; raises as `_fields`."""
    labels, samples, labels_end, left_out = _fields(body, *span)
    part.left_out += left_out
    if not samples:
        return
    text = body[span[0] : labels_end]
    row = known.labels.get(text)
    if row is None:
        key = _key(body, labels)
        if key is None:
            part.faults.append(Fault(number, "labels_invalid", {}))
            return
        row = place(key)
        if not _mixed(labels_end, samples):
            known.learn_labels(text, row)
    for start, stop in samples:
        value, t = _sample(body, start, stop)
        part.rows.append(row)
        part.v.append(value)
        part.t.append(t)
        part.lines.append(number)


def _mixed(labels_end: int, samples: list[tuple[int, int]]) -> bool:
    """Tell whether samples stand among the labels, which a sender may do and none does."""
    return any(start < labels_end for start, _ in samples)


def _key(body: bytes, labels: list[tuple[int, int]]) -> Key | None:
    """Read labels; None where there is no name, a name twice, or text that is not UTF-8."""
    told: dict[str, str] = {}
    for start, stop in labels:
        pair = {1: "", 2: ""}
        at = start
        while at < stop:
            field, begin, end = _field(body, at, stop)
            if field in pair:
                try:
                    pair[field] = body[begin:end].decode()
                except UnicodeDecodeError:
                    return None
            at = end
        if pair[1] in told:
            return None
        if pair[2]:
            told[pair[1]] = pair[2]
    name = told.pop(NAME, "")
    return Key(name, tuple(sorted(told.items()))) if name else None


def _sample(body: bytes, start: int, stop: int) -> tuple[float, int]:
    """Read a sample: value and time in ms; what is absent is nought."""
    value, t, at = 0.0, 0, start
    while at < stop:
        tag, after = _varint(body, at)
        if tag == 1 << 3 | _FIXED64 and after + 8 <= stop:
            (value,) = _VALUE.unpack_from(body, after)
            at = after + 8
        elif tag == 2 << 3 | _VARINT:
            t, at = _varint(body, after)
            t = t - _WRAP if t >= _SIGN else t
        else:
            _, _, at = _field(body, at, stop)
    if at != stop:
        raise _BrokenError
    return value, t


def _submessages(body: bytes, at: int, end: int, wanted: int) -> Iterator[tuple[int, int]]:
    """Give the spans of a repeated field; others are passed over."""
    while at < end:
        field, start, stop = _field(body, at, end)
        if field == wanted:
            yield start, stop
        at = stop


def _field(body: bytes, at: int, end: int) -> tuple[int, int, int]:
    """Read one field's head: its number (0 where it is not length-delimited), content from and to."""
    tag, at = _varint(body, at)
    kind = tag & 7
    if kind == _BYTES:
        size, at = _varint(body, at)
        number, stop = tag >> 3, at + size
    elif kind == _VARINT:
        number, (_, stop) = 0, _varint(body, at)
    elif kind in {_FIXED64, _FIXED32}:
        number, stop = 0, at + (8 if kind == _FIXED64 else 4)
    else:
        raise _BrokenError
    if stop > end or tag >> 3 == 0:
        raise _BrokenError
    return number, at, stop


def _varint(body: bytes, at: int) -> tuple[int, int]:
    """Read a base-128 varint of at most 64 bits: (value, where it ends)."""
    value, shift = 0, 0
    for place in range(at, min(at + VARINT_BYTES_MAX, len(body))):
        byte = body[place]
        value |= (byte & _SEVEN) << shift
        if byte < _MORE:
            return value & (_WRAP - 1), place + 1
        shift += 7
    raise _BrokenError
