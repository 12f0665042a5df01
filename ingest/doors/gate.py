"""One token's gate at one door: what its keys mean, and which of its readings may go into the log.

Names, units and limits are those of every sender (`ingest/places.py`); keys are the way to a name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ingest.doors.known import Known
from ingest.doors.mapping import DROPPED, Naming, Target
from ingest.doors.readings import ARRIVAL, LEFT_OUT, Door, Fault, Found, Key
from ingest.doors.times import timed
from ingest.hub import Hub
from ingest.messages import SeriesDeclared
from ingest.places import Place, Places
from opsroom.model import MICROS_PER_S, QUALITY_GOOD, Columns
from opsroom.records import AnyConfig
from opsroom.units import Conversion, Conversions

KEYS_MAX: Final = 200_000
"""Keys known at once; a mapping may give any number of keys one series."""
SHOWN_MAX: Final = 100
NOTHING: Final = Conversion(1.0, 0.0, 1.0)
STREAMS_MAX: Final = 1_000
"""Clocks of one gate; the sources beyond share one."""


class Stream(NamedTuple):
    """Whose clock a reading moves: the sender's name within the door, and whether it is history."""

    source: str
    historical: bool


class Verdict:
    """What became of a request: columns by stream, and counts and samples of what is not in them."""

    def __init__(self) -> None:
        self.kept: dict[Stream, list[Columns]] = {}
        self.stored = 0
        self.refused = 0
        self.dropped = 0
        self.left_out = 0
        self.refusals: list[Fault] = []
        self.codes: set[str] = set()

    def first(self) -> Fault:
        """Give the refusal that stands first in the body, of those kept."""
        return min(self.refusals, key=lambda fault: fault.line)

    def refuse(self, fault: Fault) -> None:
        """Count a refusal, and keep it while few are kept."""
        self.refused += 1
        self.codes.add(fault.code)
        if len(self.refusals) < SHOWN_MAX:
            self.refusals.append(fault)


class Gate:
    """What the keys of one token, door and bucket mean: a row for each, with its series, stream and unit."""

    def __init__(self, hub: Hub, unit_id: int, door: Door, bucket: str, naming: Naming) -> None:
        """Admit readings below the unit, as `naming` says."""
        self.door: Door = door
        self.name = f"casual:{unit_id}:{door}"
        self.known = Known()
        self._hub = hub
        self._tree = hub.room.catalog
        self.unit_id = unit_id
        self._bucket = bucket
        self._naming = naming
        self._places = Places(self._tree, unit_id, hub.limits, literal=True)
        self._ahead_us = round(hub.room.settings.room.ahead_s_max * MICROS_PER_S)
        self._seen = -1
        self._changes: list[AnyConfig] = []
        self._rows: list[_Row] = []
        self._columns = _columns([])
        self._bad: list[tuple[str, Mapping[str, Any], Key]] = []
        self._streams: dict[Stream, int] = {}
        self._labels_of: dict[str, tuple[str, ...]] = {}
        self._last_receipt = 0

    def refresh(self) -> None:
        """Forget what the tree has outgrown, and everything where it is too much; before each part."""
        self._bad.clear()
        self._places.fresh()
        if self._seen == self._tree.revision and len(self._rows) <= KEYS_MAX:
            return
        self._seen = self._tree.revision
        self._rows.clear()
        self._columns = _columns([])
        self.known.clear()

    def place(self, key: Key) -> int:
        """Give the row of a key, LEFT_OUT, or a number that `judge` reads as refused."""
        target = self._naming.target(self.door, self._bucket, key)
        if target is DROPPED:
            return LEFT_OUT
        if target.by_default:
            names = (key.name, *(label for label, _ in key.labels))
            if self._labels_of.setdefault(target.path, names) != names:
                return self._refused("series_collision", {"name": target.path}, key)
        found = self._placed(target)
        if found.code:
            self._labels_of.pop(target.path, None)
            return self._refused(found.code, found.params, key)
        stream = Stream(target.source, target.historical)
        if len(self._streams) >= STREAMS_MAX and stream not in self._streams:
            stream = Stream("", target.historical)
        number = self._streams.setdefault(stream, len(self._streams))
        self._rows.append(_Row(found.id, number, found.conversion or NOTHING))
        return len(self._rows) - 1

    def _placed(self, target: Target) -> Place:
        """Resolve a name; a unit that was read off it is only proposed for a series that is not there yet."""
        name, unit = target.path, target.unit
        if self._tree.resolve(self.unit_id, name, literal=True) is None:
            if target.period_s is not None:
                declared = [SeriesDeclared(name, unit=unit, period_s=target.period_s)]
                self._changes += self._places.declare(declared)
        elif not target.sure:
            unit = ""
        return self._places.named(name, unit, self._changes)

    def propose(self) -> None:
        """Hand what was made since the last call to the hub; before anything else may append."""
        if self._changes:
            self._hub.propose(self._changes)
            self._changes = []
        self._seen = self._tree.revision

    def judge(self, found: Found, precision: str, verdict: Verdict) -> None:
        """Sort a part of a request into what is kept, by stream, and what is refused and why."""
        t, late = timed(found.t, precision, self._hub.latest(), self._ahead_us)
        keep = found.rows >= 0
        rows = np.where(keep, found.rows, 0)
        self._columns = _grown(self._columns, self._rows)
        v = found.v
        if self._columns.converts and keep.any():
            v = Conversions(*(one[rows] for one in self._columns.conversions)).of(v)
            late |= {int(at): ("value_not_finite", {}) for at in np.flatnonzero(np.isinf(v))}
        for at in np.flatnonzero(found.rows < LEFT_OUT).tolist():
            code, params, key = self._bad[LEFT_OUT - 1 - int(found.rows[at])]
            verdict.refuse(Fault(int(found.lines[at]), code, {**params, "series": str(key)}))
        for at, (code, params) in late.items():
            if keep[at]:
                verdict.refuse(Fault(int(found.lines[at]), code, params))
                keep[at] = False
        for fault in found.faults:
            verdict.refuse(fault)
        verdict.left_out += found.left_out
        verdict.dropped += int((found.rows == LEFT_OUT).sum())
        if keep.any():
            t, q = self._arrived(t, found)[keep], None if found.q is None else found.q[keep]
            self._keep(rows[keep], t, v[keep], q, verdict)

    def _keep(
        self,
        rows: NDArray[np.int32],
        t: NDArray[np.int64],
        v: NDArray[np.float64],
        q: NDArray[np.uint8] | None,
        verdict: Verdict,
    ) -> None:
        """Add what is kept to the columns of its stream."""
        good = np.full(len(rows), QUALITY_GOOD, np.uint8) if q is None else q
        columns = Columns(self._columns.series[rows], t, v, good)
        verdict.stored += len(columns)
        of = self._columns.streams[rows]
        streams = list(self._streams)
        for number in np.unique(of).tolist():
            part = columns if len(streams) == 1 else columns.take(of == number)
            verdict.kept.setdefault(streams[number], []).append(part)

    def _arrived(self, t: NDArray[np.int64], found: Found) -> NDArray[np.int64]:
        """Give readings without a time that of their arrival, each line a microsecond after the last."""
        timeless = t == ARRIVAL
        if not timeless.any():
            return t
        lines = found.lines[timeless]
        first, last = int(lines.min()), int(lines.max())
        begin = max(self._hub.room.clock.now(), self._last_receipt + 1)
        self._last_receipt = begin + last - first
        return np.where(timeless, begin + found.lines.astype(np.int64) - first, t)

    def _refused(self, code: str, params: Mapping[str, Any], key: Key) -> int:
        self._bad.append((code, params, key))
        return LEFT_OUT - len(self._bad)


class _Row(NamedTuple):
    """A key's series, the number of its stream, and how its values are converted."""

    series_id: int
    stream: int
    conversion: Conversion


class _Columns(NamedTuple):
    """The rows as arrays, each of shape (rows,); `converts`: there is something to convert."""

    series: NDArray[np.int32]
    streams: NDArray[np.int32]
    conversions: Conversions
    converts: bool


def _columns(rows: Sequence[_Row]) -> _Columns:
    """Turn rows into arrays."""
    return _Columns(
        np.array([row.series_id for row in rows], np.int32),
        np.array([row.stream for row in rows], np.int32),
        Conversions(*(np.array([row.conversion[part] for row in rows], np.float64) for part in range(3))),
        any(row.conversion is not NOTHING for row in rows),
    )


def _grown(before: _Columns, rows: Sequence[_Row]) -> _Columns:
    """Add the rows that are new."""
    if len(before.series) == len(rows):
        return before
    new = _columns(rows[len(before.series) :])
    return _Columns(
        np.concatenate((before.series, new.series)),
        np.concatenate((before.streams, new.streams)),
        Conversions(
            *(np.concatenate(pair) for pair in zip(before.conversions, new.conversions, strict=True))
        ),
        before.converts or new.converts,
    )
