"""Is this reading acceptable, and if not why.

Decoded batches to columns, refusals, and the series they bring. Pure.

The hot path is a few vector operations a batch: the encoded names of a batch are the key of a cache of
series ids, so that a sender who repeats its names, or declared numbers, pays for reading them once.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from ingest.codes import WireError
from ingest.times import MS_MAX, MS_MIN, micros
from ingest.wire import Batch, Casual, CasualFault, SeriesDeclared, names
from opsroom.errors import Invalid
from opsroom.model import MICROS_PER_S, QUALITY_BAD, QUALITY_GOOD, Columns, Refusal, Series, Unit
from opsroom.records import AnyConfig
from opsroom.settings import Limits
from opsroom.units import read_unit

NAME_CHARS_MAX: Final = 400
PART_CHARS_MAX: Final = 100
_US: Final = 1_000
_BYTE: Final = 255
_CACHE_MAX: Final = 64
_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})
_QUALITIES: Final = np.array([c < 128 or c >= 192 for c in range(256)])  # noqa: PLR2004 - OPC's ranges


class Tree(Protocol):
    """What admission needs of the catalog."""

    units: dict[int, Unit]
    series: dict[int, Series]
    revision: int

    def resolve(self, node_unit_id: int, name: str) -> Series | None:
        """Find a series by its name relative to a node."""
        ...

    def propose_series(
        self, node_unit_id: int, name: str, unit: str, period_s: float | None, *, unit_verified: bool = False,
        literal: bool = False,
    ) -> list[AnyConfig]:  # fmt: skip
        """Make a plain series of that name, and the units above it that are missing."""
        ...

    def contains(self, unit_id: int, other_id: int) -> bool:
        """Tell whether `other_id` is in the subtree of `unit_id`."""
        ...


class Admitted(NamedTuple):
    """What became of a batch: columns to store, refusals to answer.

    Configuration that must stand in the log before them.
    """

    columns: Columns
    refusals: tuple[Refusal, ...]
    changes: list[AnyConfig]
    historical: bool = False


class _Place(NamedTuple):
    """A resolved name: series id (-1 where refused), and then the code and its params."""

    id: int
    code: str = ""
    params: Mapping[str, Any] = _NOTHING


_Fault = tuple[str, str, dict[str, Any]]  # code, field, params


class _Resolved(NamedTuple):
    """The names of a batch as ids, shape (n,) or one; `bad` holds (index, place) of the refused ones."""

    ids: NDArray[np.int32]
    labels: Sequence[str]
    bad: tuple[tuple[int, _Place], ...]


class Admission:
    """The gate of one connection: its node, what it declared, and what its names resolve to."""

    literal = False  # whether a dot in a new name is a dot

    def __init__(self, tree: Tree, node_id: int, limits: Limits, ahead_s_max: float = 300.0) -> None:
        """Admit readings below the unit `node_id` of `tree`."""
        self._tree = tree
        self._node_id = node_id
        self._limits = limits
        self._ahead_us = round(ahead_s_max * MICROS_PER_S)
        self._declared: dict[int, SeriesDeclared] = {}
        self._told: dict[str, SeriesDeclared] = {}
        self._cache: dict[bytes, _Resolved] = {}
        self._places: dict[tuple[str, str | None], _Place] = {}
        self._revision = -1
        self._unadopted: int | None = None
        self._last_receipt = 0

    def declare(self, series: Sequence[SeriesDeclared]) -> list[AnyConfig]:
        """Take numbers, units and periods for this connection; gives the changes for series that are new.

        They are made in the order declared, so that what arrives first decides no id. A number declared again
        means the new series. What cannot be made is refused with the readings that name it.
        """
        for one in series:
            if one.id is not None:
                self._declared[one.id] = one
            self._told[one.name] = one
        self._revision = -1
        self._fresh()
        changes: list[AnyConfig] = []
        for one in series:
            self._place(one.name, one.unit, changes)
        return changes

    # -- the full form ---------------------------------------------------------------------------------------

    def admit(self, batch: Batch, now: int) -> Admitted:
        """Judge a batch of the full form; `now` wall time in int microseconds UTC.

        Raises:
            WireError: `field_type` or `length_mismatch`: the names do not fit the values.
        """
        changes: list[AnyConfig] = []
        resolved = self._resolve(batch, changes)
        count = len(batch)
        ids = resolved.ids if len(resolved.ids) == count else np.broadcast_to(resolved.ids, count)
        times = batch.t_ms
        if isinstance(times, int):
            timely = MS_MIN <= times <= MS_MAX and times * _US <= now + self._ahead_us
            t = np.full(count, times * _US if MS_MIN <= times <= MS_MAX else 0, np.int64)
        else:
            latest_ms = (now + self._ahead_us) // _US
            timely = not count or bool(times.min() >= MS_MIN and times.max() <= min(latest_ms, MS_MAX))
            t = (times if timely else np.clip(times, MS_MIN, MS_MAX + 1)) * _US
        if timely and batch.q is None and not (batch.faults or batch.nulls or resolved.bad):
            q = np.full(count, QUALITY_GOOD, np.uint8)
            return Admitted(Columns(ids, t, batch.v, q), (), changes, batch.historical)
        found = self._faults(batch, resolved, t, now)
        return self._part(ids, t, batch, resolved.labels, found, changes)

    def _faults(self, batch: Batch, resolved: _Resolved, t: NDArray[np.int64], now: int) -> dict[int, _Fault]:
        """Collect what is wrong by index, the first reason found for each: (code, field, params)."""
        found: dict[int, _Fault] = {}
        count = len(batch)
        everything = range(count)
        for index, place in resolved.bad:
            # A field names the part at fault: the unit belongs to the value, all else to the name.
            field = "v" if place.code == "unit_mismatch" else "s"
            for at in everything if len(resolved.ids) != count else (index,):
                found.setdefault(at, (place.code, field, dict(place.params)))
        for index, field, code in batch.faults:
            found.setdefault(index, (code, field, {}))
        times = np.asarray(batch.t_ms)
        for at in _where(np.broadcast_to((times < MS_MIN) | (times > MS_MAX), count)):
            found.setdefault(at, ("time_invalid", "t", {}))
        for at in _where(t > now + self._ahead_us):
            found.setdefault(at, ("too_far_ahead", "t", self._ahead(int(t[at]), now)))
        if batch.q is not None:
            for at in _where(~_QUALITIES[np.clip(batch.q, 0, 255)] | (batch.q < 0) | (batch.q > _BYTE)):
                found.setdefault(at, ("quality_invalid", "q", {"got": int(batch.q[at])}))
        for at in batch.nulls:
            if batch.q is None or batch.q[at] != QUALITY_BAD:
                found.setdefault(at, ("null_needs_bad_quality", "q", {}))
        return found

    def _part(
        self,
        ids: NDArray[np.int32],
        t: NDArray[np.int64],
        batch: Batch,
        labels: Sequence[str],
        found: dict[int, _Fault],
        changes: list[AnyConfig],
    ) -> Admitted:
        """Part the acceptable readings from the refused ones."""
        count = len(batch)
        q = (
            np.full(count, QUALITY_GOOD, np.uint8)
            if batch.q is None
            else np.clip(batch.q, 0, 255).astype(np.uint8)
        )
        columns = Columns(ids, t, batch.v, q)
        if not found:
            return Admitted(columns, (), changes, batch.historical)
        keep = np.ones(count, bool)
        keep[list(found)] = False
        refusals = tuple(
            Refusal(
                index=at,
                series=labels[at if len(labels) > 1 else 0],
                code=code,
                field=field,
                params=params,
            )
            for at, (code, field, params) in sorted(found.items())
        )
        return Admitted(columns.take(keep), refusals, changes, batch.historical)

    # -- the casual form -------------------------------------------------------------------------------------

    def admit_casual(self, readings: Sequence[Casual], now: int, received: int) -> Admitted:
        """Judge casual readings; one without `ts` happened at `received` (room time).

        Each a microsecond after the last.
        """
        changes: list[AnyConfig] = []
        refusals: list[Refusal] = []
        kept: list[tuple[int, int, float, int]] = []
        latest = now + self._ahead_us
        self._fresh()
        for index, one in enumerate(readings):
            fault = self._casual_fault(one)
            moment = None if fault else self._receipt(received) if one.ts is None else micros(one.ts)
            if fault is None and moment is None:
                fault = ("time_invalid", "ts", {})
            elif moment is not None and moment > latest and one.ts is not None:
                fault = ("too_far_ahead", "ts", self._ahead(moment, now))
            if fault is None and moment is not None:
                place = self._places.get((one.series, one.unit)) or self._place(one.series, one.unit, changes)
                if not place.code:
                    value = math.nan if one.value is None else one.value
                    kept.append((place.id, moment, value, QUALITY_GOOD if one.q is None else one.q))
                    continue
                fault = (
                    place.code,
                    "unit" if place.code == "unit_mismatch" else "series",
                    dict(place.params),
                )
            assert fault is not None, "a reading is kept or at fault"
            code, field, params = fault
            refusals.append(Refusal(index=index, series=one.series, code=code, field=field, params=params))
        return Admitted(_columns(kept), tuple(refusals), changes)

    @staticmethod
    def _casual_fault(one: Casual) -> _Fault | None:
        if one.q is None and one.value is not None:
            return None
        if isinstance(one, CasualFault):
            return (one.code, one.field, {})
        if one.q is not None and not (0 <= one.q <= _BYTE and _QUALITIES[one.q]):
            return ("quality_invalid", "q", {"got": one.q})
        if one.value is None and one.q != QUALITY_BAD:
            return ("null_needs_bad_quality", "q", {})
        return None

    def _receipt(self, received: int) -> int:
        self._last_receipt = max(received, self._last_receipt + 1)
        return self._last_receipt

    # -- names -----------------------------------------------------------------------------------------------

    def _fresh(self) -> None:
        """Forget what the tree has outgrown."""
        if self._revision != self._tree.revision:
            self._cache.clear()
            self._places.clear()
            self._revision = self._tree.revision

    def _resolve(self, batch: Batch, changes: list[AnyConfig]) -> _Resolved:
        self._fresh()
        key = batch.s
        known = self._cache.get(key)
        if known is None:
            told = names(batch)
            labels: Sequence[str | int] = told if isinstance(told, list) else (told,)
            places = [self._place_of(label, changes) for label in labels]
            bad = tuple((index, place) for index, place in enumerate(places) if place.code)
            known = _Resolved(
                np.array([place.id for place in places], np.int32), [self._label(one) for one in labels], bad
            )
            self._fresh()
            if len(self._cache) >= _CACHE_MAX:
                self._cache.clear()
            self._cache[key] = known
            if not isinstance(told, list):
                return known
        _check_lengths(batch, known, key)
        return known

    def _label(self, label: str | int) -> str:
        declared = self._declared.get(label) if isinstance(label, int) else None
        return declared.name if declared is not None else str(label)

    def _place_of(self, label: str | int, changes: list[AnyConfig]) -> _Place:
        if isinstance(label, str):
            return self._place(label, None, changes)
        declared = self._declared.get(label)
        if declared is None:
            return _Place(-1, "series_undeclared", {"id": label})
        return self._place(declared.name, declared.unit, changes)

    def _place(self, name: str, unit: str | None, changes: list[AnyConfig]) -> _Place:
        """Resolve one name with the unit its sender says (None: the declared one, or none)."""
        known = self._places.get((name, unit))
        if known is None:
            known = self._look_up(name, unit, changes)
            self._fresh()
            if len(self._places) > 4 * self._limits.series_per_source + 4096:
                self._places.clear()
            self._places[name, unit] = known
        return known

    def _look_up(self, name: str, unit: str | None, changes: list[AnyConfig]) -> _Place:
        declared = self._told.get(name)
        text = unit if unit is not None else (declared.unit if declared is not None else "")
        relative = self._relative(name)
        if relative is None:
            return _Place(-1, "series_forbidden", {"name": name[:NAME_CHARS_MAX]})
        if not _plain(relative):
            return _Place(-1, "series_name_invalid", {"name": name[:PART_CHARS_MAX]})
        code, sure = read_unit(text)
        series = self._tree.resolve(self._node_id, relative)
        if series is None:
            if self._count_unadopted() >= self._limits.series_per_source:
                return _Place(-1, "series_limit", {"limit": self._limits.series_per_source})
            period_s = declared.period_s if declared is not None else None
            try:
                made = self._tree.propose_series(
                    self._node_id, relative, code, period_s, unit_verified=sure, literal=self.literal
                )
            except Invalid:
                return _Place(-1, "series_name_invalid", {"name": name[:PART_CHARS_MAX]})
            changes.extend(made)
            self._unadopted = self._count_unadopted() + 1
            series = self._tree.resolve(self._node_id, relative)
            assert series is not None, "a proposed series resolves"
        if code and series.unit and code != read_unit(series.unit).code:
            return _Place(-1, "unit_mismatch", {"expected": series.unit, "got": text})
        return _Place(series.id)

    def _relative(self, name: str) -> str | None:
        """Give `name` relative to the node; a leading `/` means from the root, None that it leads outside."""
        if not name.startswith("/"):
            return name
        node = self._tree.units[self._node_id].path
        if not node:
            return name[1:]
        return name[len(node) + 2 :] if name.startswith(f"/{node}/") else None

    def _count_unadopted(self) -> int:
        if self._unadopted is None:
            self._unadopted = sum(
                not one.adopted and self._tree.contains(self._node_id, one.unit_id)
                for one in self._tree.series.values()
            )
        return self._unadopted

    def _ahead(self, t: int, now: int) -> dict[str, Any]:
        return {"ahead_s": (t - now) // MICROS_PER_S, "limit_s": self._ahead_us // MICROS_PER_S}


def _columns(kept: list[tuple[int, int, float, int]]) -> Columns:
    """Turn rows (series id, t in us, value, quality) into columns."""
    if not kept:
        return Columns.empty()
    ids, times, values, qualities = zip(*kept, strict=True)
    return Columns(
        np.array(ids, np.int32),
        np.array(times, np.int64),
        np.array(values, np.float64),
        np.array(qualities, np.uint8),
    )


def _where(mask: NDArray[np.bool_]) -> list[int]:
    found: list[int] = np.flatnonzero(mask).tolist()
    return found


def _check_lengths(batch: Batch, known: _Resolved, key: bytes) -> None:
    """One name serves many readings only where it is no list; a list has one name a reading."""
    single = len(known.labels) == 1 and not _is_list(key, binary=batch.binary)
    if not single and len(known.ids) != len(batch):
        raise WireError("length_mismatch", "s", got=len(known.ids), expected=len(batch))


def _is_list(key: bytes, *, binary: bool) -> bool:
    """Tell an array from a scalar by its first byte (RFC 8259, MessagePack fixarray, array 16, array 32)."""
    first = key.lstrip()[0] if not binary else key[0]
    return first == ord("[") if not binary else first & 0xF0 == 0x90 or first in {0xDC, 0xDD}  # noqa: PLR2004


def _plain(name: str) -> bool:
    """Tell whether a relative name can stand in the tree."""
    if not 0 < len(name) <= NAME_CHARS_MAX or not name.isprintable():
        return False
    parts = name.split("/")
    return all(0 < len(part.strip()) <= PART_CHARS_MAX and part not in {".", ".."} for part in parts)
