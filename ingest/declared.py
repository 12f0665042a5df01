"""What a sender has declared, and in which unit each batch that waits was put. Pure.

A batch that waits is read in the unit its series had when it was put. Where a series has told another unit
since, the batches behind say theirs themselves, in a column that stays in the outbox; before one of either
kind is sent, the unit that it needs is declared again where the room was told another one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from ingest.wire import SeriesDeclared
from opsroom.errors import Invalid

_KEY: Final = b"\xa5units"
_Label = str | int


class _Kept(msgspec.Struct, tag_field="type", tag="declare", omit_defaults=True):
    """A declaration as it is kept; `first` are units of batches that say none, where they have changed."""

    series: list[SeriesDeclared]
    first: dict[str, str] = {}


class _Said(msgspec.Struct):
    """Of a packed batch: its names, and their units where it says them (None: those it would be read in)."""

    s: list[_Label] | _Label
    units: list[str | None] | str | None = None

    def each(self) -> Iterable[tuple[_Label, str | None]]:
        """Give every name with its unit."""
        names = self.s if isinstance(self.s, list) else [self.s]
        units = self.units if isinstance(self.units, list) else [self.units] * len(names)
        return zip(names, units, strict=True)


_kept = msgspec.msgpack.Decoder(_Kept)
_said = msgspec.msgpack.Decoder(_Said)


class Declared:
    """The series of one sender by name, and what its connection was told of them."""

    def __init__(self, kept: bytes) -> None:
        """Go on with what an earlier run has kept (`packed`), b"" for nothing."""
        held = _kept.decode(kept) if kept else _Kept([])
        self.series = {one.name: one for one in held.series}
        self._first = held.first
        self._numbers = {one.id: one.name for one in held.series if one.id is not None}
        self._told: dict[str, str] = {}  # what was said last on this connection, where that is not what holds

    @property
    def has_changed(self) -> bool:
        """Whether a series has told another unit while batches waited."""
        return bool(self._first)

    def packed(self) -> bytes:
        """Give it as it is to be kept."""
        return msgspec.msgpack.encode(_Kept(list(self.series.values()), self._first))

    def take(self, series: Sequence[SeriesDeclared], *, waits: bool) -> list[SeriesDeclared]:
        """Take declarations, gives those that are news; `waits` where batches do that may name the series.

        Raises:
            Invalid: a number that stands for another series already.
        """
        numbers = dict(self._numbers)
        for one in series:
            if one.id is not None and numbers.setdefault(one.id, one.name) != one.name:
                raise Invalid(
                    f"The number {one.id} stands for {numbers[one.id]}, not for {one.name}.",
                    remedy="Give each series a number of its own; batches that are kept use the old one.",
                    code="series_number_taken",
                    field="id",
                )
        news = [one for one in series if self.series.get(one.name) != one]
        for one in news:
            known = self.series.get(one.name)
            if waits and known is not None and known.unit != one.unit:
                self._first.setdefault(one.name, known.unit)
            self.series[one.name] = one
        if news:
            self._numbers = {one.id: one.name for one in self.series.values() if one.id is not None}
        return news

    def settle(self) -> None:
        """Forget what units were: no batch waits that was put in one of them."""
        self._first = {}

    # -- what a batch is read in -----------------------------------------------------------------------------

    def marked(self, body: bytes) -> bytes:
        """Give a packed batch with the units of its readings where it would be read in others."""
        if not self._first:
            return body
        said = _said.decode(body)
        units = [self._unit_behind(name) for name, _ in said.each()]
        if not any(unit is not None for unit in units):
            return body
        # A list stands beside the readings, so that a batch that is cut takes along what it needs.
        told = units if isinstance(said.s, list) else units[0]
        return bytes((body[0] + 1,)) + body[1:] + _KEY + msgspec.msgpack.encode(told)

    def bare(self, body: bytes) -> bytes:
        """Give a batch without the units that it says, as it is sent."""
        if not self._first:
            return body
        said = _said.decode(body)
        if said.units is None:
            return body
        tail = len(_KEY) + len(msgspec.msgpack.encode(said.units))
        return bytes((body[0] - 1,)) + body[1:-tail]

    def before(self, body: bytes) -> list[SeriesDeclared]:
        """Give what is to be declared before a batch is sent, so that it is read in its units."""
        if not (self._first or self._told):
            return []
        again: dict[str, SeriesDeclared] = {}
        for label, said in _said.decode(body).each():
            name = self._name(label)
            one = self.series.get(name)
            if one is None:
                continue
            unit = self._first.get(name, one.unit) if said is None else said
            if unit != self._told.get(name, one.unit):
                again[name] = msgspec.structs.replace(one, unit=unit)
        for name, one in again.items():
            self._told[name] = one.unit
        self.told(one for one in again.values() if one == self.series[one.name])
        return list(again.values())

    def told(self, series: Iterable[SeriesDeclared]) -> None:
        """Note that series were declared as they are now."""
        for one in series:
            self._told.pop(one.name, None)

    def _unit_behind(self, label: _Label) -> str | None:
        """Give the unit of a reading that is put now, None where it needs none to be said."""
        name = self._name(label)
        one = self.series.get(name)
        return None if one is None or self._first.get(name, one.unit) == one.unit else one.unit

    def _name(self, label: _Label) -> str:
        return label if isinstance(label, str) else self._numbers.get(label, "")
