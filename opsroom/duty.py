"""Whom a rota calls, whether it calls somebody at every instant to come, and what is not as it seems.

Pure questions on a rota and the unit's seats; times are int microseconds UTC. How a turn goes round changes
who is called first, never whether anybody is, so only what replaces seats can make a hole in time.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import Any

import msgspec

from opsroom.alarm import Micros, Override, Rota
from opsroom.model import Role
from opsroom.rights import at_least
from opsroom.seats import Seat


class Hole(msgspec.Struct, frozen=True, kw_only=True):
    """From `start` up to, not including, `end` nobody is called by name at `steps` (0, 1, ...).

    `whole`: at none of the steps. Every operator of the unit is called there instead.
    """

    start: Micros
    end: Micros
    steps: tuple[int, ...]
    whole: bool


class Caution(msgspec.Struct, frozen=True, kw_only=True):
    """Something that whoever agreed the rota may not have meant: what it says, and of whom and when."""

    says: str
    params: dict[str, Any] = {}


def persons(seat_ids: Iterable[int], unit_id: int, seats: Iterable[Seat]) -> frozenset[str]:
    """Give who is called at a step that names `seat_ids` of a unit.

    Where none of them may act (gone, or only watches) it is a hole: every operator of the unit is called too.
    """
    here = [seat for seat in seats if seat.unit_id == unit_id]
    able = {seat.id for seat in here if at_least(seat, Role.OPERATOR)}
    named = set(seat_ids)
    called = named if named & able else named | able
    return frozenset(seat.person for seat in here if seat.id in called)


def holes(rota: Rota, seats: Iterable[Seat], t_from: Micros, t_to: Micros) -> list[Hole]:
    """Give the holes of a span, in order; neighbouring ones of the same steps are one."""
    able = {seat.id for seat in seats if seat.unit_id == rota.unit_id and at_least(seat, Role.OPERATOR)}
    replaced: dict[int, list[Override]] = {}
    for one in rota.overrides:
        replaced.setdefault(one.seat_id, []).append(one)
    edges = {at for one in rota.overrides for at in (one.start, one.end) if t_from < at < t_to}
    instants = [t_from, *sorted(edges), t_to]
    found: list[Hole] = []
    for start, end in itertools.pairwise(instants):
        empty = tuple(
            number
            for number, step in enumerate(rota.steps)
            if not any(_called(seat_id, replaced, start) in able for seat_id in step)
        )
        if not empty:
            continue
        if found and found[-1].end == start and found[-1].steps == empty:
            found[-1] = msgspec.structs.replace(found[-1], end=end)
        else:
            found.append(Hole(start=start, end=end, steps=empty, whole=len(empty) == len(rota.steps)))
    return found


def cautions(rota: Rota, seats: Iterable[Seat], now: Micros) -> list[Caution]:
    """Name seats that are gone or only watch, stand-ins that overlap, and who stands in and is away too."""
    by_id = {seat.id: seat for seat in seats if seat.unit_id == rota.unit_id}
    coming = [one for one in rota.overrides if one.end > now]
    named = {seat_id for step in rota.steps for seat_id in step} | {one.instead for one in coming} - {0}
    found: list[Caution] = []
    for seat_id in sorted(named):
        seat = by_id.get(seat_id)
        if seat is None:
            found.append(Caution(says="seat_gone", params={"seat_id": seat_id}))
        elif seat.role is Role.OBSERVER:
            found.append(Caution(says="seat_watches", params={"person": seat.person}))
    for one in coming:
        if other := overlapping(rota, one):
            params = {"person": _name(by_id, one.seat_id), "start": other.start, "end": other.end}
            found.append(Caution(says="overlap", params=params))
        if away := next((o for o in coming if o.seat_id == one.instead and _meet(o, one)), None):
            names = {"person": _name(by_id, one.instead), "for_whom": _name(by_id, one.seat_id)}
            found.append(Caution(says="away", params={**names, "start": away.start, "end": away.end}))
    return found


def overlapping(rota: Rota, one: Override) -> Override | None:
    """Give the override listed before `one` for the same seat and time: that one counts."""
    for other in rota.overrides:
        if other is one:
            return None
        if other.seat_id == one.seat_id and _meet(other, one):
            return other
    return None


def _called(seat_id: int, replaced: dict[int, list[Override]], at: Micros) -> int:
    for one in replaced.get(seat_id, ()):
        if one.start <= at < one.end:
            return one.instead
    return seat_id


def _meet(one: Override, other: Override) -> bool:
    return one.start < other.end and other.start < one.end


def _name(seats: dict[int, Seat], seat_id: int) -> str:
    seat = seats.get(seat_id)
    return str(seat_id) if seat is None else seat.person
