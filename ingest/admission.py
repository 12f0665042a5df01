"""Is this reading acceptable, and if not why.

Decoded batches to columns, refusals, and the series they bring. Pure.

The hot path is a few vector operations a batch: the encoded names of a batch are the key of a cache of
series ids, so that a sender who repeats its names, or declared numbers, pays for reading them once.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ingest.codes import WireError
from ingest.places import Place, Places, Tree
from ingest.times import MS_MAX, MS_MIN, micros
from ingest.wire import Batch, Casual, CasualFault, SeriesDeclared, names
from opsroom.model import MICROS_PER_S, QUALITY_BAD, QUALITY_GOOD, Columns, Refusal
from opsroom.records import AnyConfig
from opsroom.settings import Limits
from opsroom.units import Conversion, Conversions, conversions

_US: Final = 1_000
_BYTE: Final = 255
_CACHE_MAX: Final = 64
_QUALITIES: Final = np.array([c < 128 or c >= 192 for c in range(256)])  # noqa: PLR2004 - OPC's ranges


class Admitted(NamedTuple):
    """What became of a batch: columns to store, refusals to answer.

    Configuration that must stand in the log before them.
    """

    columns: Columns
    refusals: tuple[Refusal, ...]
    changes: list[AnyConfig]
    historical: bool = False


_Fault = tuple[str, str, dict[str, Any]]  # code, field, params


class _Resolved(NamedTuple):
    """The names of a batch as ids, shape (n,) or one; `bad` holds (index, place) of the refused ones.

    `conversions` None: every value is in its series' unit.
    """

    ids: NDArray[np.int32]
    labels: Sequence[str]
    bad: tuple[tuple[int, Place], ...]
    conversions: Conversions | None


class Admission:
    """The gate of one connection: its node, what it declared, and what its names resolve to."""

    literal = False  # whether a dot in a new name is a dot

    def __init__(self, tree: Tree, node_id: int, limits: Limits, ahead_s_max: float = 300.0) -> None:
        """Admit readings below the unit `node_id` of `tree`."""
        self.places = Places(tree, node_id, limits, literal=self.literal)
        self._ahead_us = round(ahead_s_max * MICROS_PER_S)
        self._cache: dict[bytes, _Resolved] = {}
        self._revision = -1
        self._last_receipt = 0

    def declare(self, series: Sequence[SeriesDeclared]) -> list[AnyConfig]:
        """Take numbers, units and periods for this connection; gives the changes for series that are new.

        They are made in the order declared, so that what arrives first decides no id. A number declared again
        means the new series. What cannot be made is refused with the readings that name it.
        """
        changes = self.places.declare(series)
        self._cache.clear()
        self._fresh()
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
        v, beyond = batch.v, []
        if resolved.conversions is not None:
            v = resolved.conversions.of(v)
            beyond = _where(np.isinf(v))
        if timely and batch.q is None and not (batch.faults or batch.nulls or resolved.bad or beyond):
            q = np.full(count, QUALITY_GOOD, np.uint8)
            return Admitted(Columns(ids, t, v, q), (), changes, batch.historical)
        found = self._faults(batch, resolved, t, now)
        for at in beyond:
            found.setdefault(at, ("value_not_finite", "v", {}))
        return self._part(Columns(ids, t, v, _qualities(batch)), batch, resolved.labels, found, changes)

    def _faults(self, batch: Batch, resolved: _Resolved, t: NDArray[np.int64], now: int) -> dict[int, _Fault]:
        """Collect what is wrong by index, the first reason found for each: (code, field, params)."""
        found: dict[int, _Fault] = {}
        count = len(batch)
        everything = range(count)
        for index, place in resolved.bad:
            fault = _placeless(place, "v", "s")
            for at in everything if len(resolved.ids) != count else (index,):
                found.setdefault(at, fault)
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

    @staticmethod
    def _part(
        columns: Columns,
        batch: Batch,
        labels: Sequence[str],
        found: dict[int, _Fault],
        changes: list[AnyConfig],
    ) -> Admitted:
        """Part the acceptable readings from the refused ones."""
        if not found:
            return Admitted(columns, (), changes, batch.historical)
        keep = np.ones(len(batch), bool)
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
                known = self.places.known.get((one.series, one.unit))
                place = known or self.places.named(one.series, one.unit, changes)
                value = _converted(one.value, place.conversion)
                if not place.code and not math.isinf(value):
                    kept.append((place.id, moment, value, QUALITY_GOOD if one.q is None else one.q))
                    continue
                fault = (
                    _placeless(place, "unit", "series") if place.code else ("value_not_finite", "value", {})
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
        self.places.fresh()
        if self._revision != self.places.revision:
            self._cache.clear()
            self._revision = self.places.revision

    def _resolve(self, batch: Batch, changes: list[AnyConfig]) -> _Resolved:
        self._fresh()
        key = batch.s
        known = self._cache.get(key)
        if known is None:
            told = names(batch)
            labels: Sequence[str | int] = told if isinstance(told, list) else (told,)
            if isinstance(told, list):  # before any series is made: of a batch that is not taken none is
                _check_count(len(told), batch)
            places = [self.places.of(label, changes) for label in labels]
            bad = tuple((index, place) for index, place in enumerate(places) if place.code)
            known = _Resolved(
                np.array([place.id for place in places], np.int32),
                [self.places.label(one) for one in labels],
                bad,
                conversions([place.conversion for place in places]),
            )
            self._fresh()
            if len(self._cache) >= _CACHE_MAX:
                self._cache.clear()
            self._cache[key] = known
            if not isinstance(told, list):
                return known
        _check_lengths(batch, known, key)
        return known

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


def _converted(value: float | None, by: Conversion | None) -> float:
    if value is None:
        return math.nan
    return value if by is None else by.of(value)


def _qualities(batch: Batch) -> NDArray[np.uint8]:
    if batch.q is None:
        return np.full(len(batch), QUALITY_GOOD, np.uint8)
    return np.clip(batch.q, 0, 255).astype(np.uint8)


def _placeless(place: Place, unit: str, name: str) -> _Fault:
    """Say why a name has no place; the field at fault is the unit or the name, as the form calls them."""
    return (place.code, unit if place.code == "unit_mismatch" else name, dict(place.params))


def _where(mask: NDArray[np.bool_]) -> list[int]:
    found: list[int] = np.flatnonzero(mask).tolist()
    return found


def _check_lengths(batch: Batch, known: _Resolved, key: bytes) -> None:
    """One name serves many readings only where it is no list; a list has one name a reading."""
    single = len(known.labels) == 1 and not _is_list(key, binary=batch.binary)
    if not single:
        _check_count(len(known.ids), batch)


def _check_count(names_told: int, batch: Batch) -> None:
    if names_told != len(batch):
        raise WireError("length_mismatch", "s", got=names_told, expected=len(batch))


def _is_list(key: bytes, *, binary: bool) -> bool:
    """Tell an array from a scalar by its first byte (RFC 8259, MessagePack fixarray, array 16, array 32)."""
    first = key.lstrip()[0] if not binary else key[0]
    return first == ord("[") if not binary else first & 0xF0 == 0x90 or first in {0xDC, 0xDD}  # noqa: PLR2004
