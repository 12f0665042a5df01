"""Whom a unit has called to what stands with it: the rota, who stands in for whom, and where it has holes.

Changes go through the log, count from the next annunciation on, and move no running deadline.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Response
from pydantic import Field

from opsroom.alarm import Override, Rota
from opsroom.api.acts import MICROS_PER_MS, Desk, DeskOf, Ms, Span
from opsroom.api.answers import answer
from opsroom.api.duty import refused, unit_below
from opsroom.api.ports import ApiRoom, CallerOf, RoomOf
from opsroom.api.session import Body
from opsroom.duty import Caution, Hole, cautions, holes, overlapping
from opsroom.errors import Conflict, Invalid, NotFound
from opsroom.model import MICROS_PER_S, Unit
from opsroom.records import RotaSet
from opsroom.rights import may_agree, may_stand_in
from opsroom.seats import Seat
from opsroom.view.cards import ms

rota_router = APIRouter(prefix="/api/v1", tags=["duty"])

STEPS_MAX: Final = 16
SEATS_MAX: Final = 64
OVERRIDES_MAX: Final = 256
AHEAD_US: Final = 14 * 86_400 * MICROS_PER_S
"""How far ahead holes are looked for."""

SeatId = Annotated[int, Field(ge=1)]
Version = Annotated[int | None, Field(ge=0)]


class OverrideBody(Body):
    """From `start` to `end` (ms) the seat `instead` is called for `seat_id`; 0: nobody."""

    seat_id: SeatId
    instead: Annotated[int, Field(ge=0)]
    start: Ms
    end: Ms


class RotaBody(Body):
    """The steps (seat ids, first called first), their distance, and who takes turns; no steps: no rota.

    `version` is the one that was read; without it the rota is set whatever holds.
    """

    unit: str
    steps: Annotated[list[Annotated[list[SeatId], Field(max_length=SEATS_MAX)]], Field(max_length=STEPS_MAX)]
    step_s: Span = 300.0
    turn_s: Span | None = None
    since: Ms = 0
    overrides: Annotated[tuple[OverrideBody, ...], Field(max_length=OVERRIDES_MAX)] = ()
    version: Version = None


class StandInBody(Body):
    """Until `end` (ms) the seat `instead` is called for `seat_id`, from `start` or now on; 0: nobody."""

    unit: str
    seat_id: SeatId
    instead: Annotated[int, Field(ge=0)]
    start: Ms | None = None
    end: Ms
    version: Version = None


class EndStandInBody(Body):
    """The stand-in of `seat_id` that began or begins at `start` (ms)."""

    unit: str
    seat_id: SeatId
    start: Ms
    version: Version = None


@rota_router.get("/rota", summary="Whom a unit has called, now and in the days to come, and its holes")
async def read_rota(room: RoomOf, caller: CallerOf, unit: str | None = None) -> Response:
    """Give the rota of the seat's own unit, or of one below."""
    own = room.catalog.units[caller.seat.unit_id]
    return answer(_told(room, caller.seat, own if unit is None else unit_below(room, caller, unit)))


@rota_router.post("/rota", summary="Agree whom a unit has called")
async def agree_rota(body: RotaBody, desk: DeskOf) -> Response:
    """Set the rota of a unit; steps without a seat, strangers and stand-ins that overlap are refused."""
    if (again := desk.replayed) is not None:
        return again
    unit = unit_below(desk.room, desk.caller, body.unit)
    if not may_agree(unit.id, desk.caller.seat):
        raise refused()
    for number, step in enumerate(body.steps):
        if not step:
            raise Invalid(
                f"Step {number + 1} of the rota names no seat.",
                remedy="Name a seat for each step.",
                code="rota_hole",
                field="steps",
                step=number + 1,
            )
    rota = Rota(
        unit_id=unit.id,
        steps=tuple(tuple(step) for step in body.steps),
        step_s=body.step_s,
        turn_s=body.turn_s,
        since=body.since * MICROS_PER_MS,
        overrides=tuple(_override(one.seat_id, one.instead, one.start, one.end) for one in body.overrides),
    )
    return await _agreed(desk, unit, rota, body.version)


@rota_router.post("/rota/stand-in", summary="Let one seat be called for another for a time")
async def stand_in(body: StandInBody, desk: DeskOf) -> Response:
    """Add it to the rota; an operator may take over for another, the council may arrange it."""
    if (again := desk.replayed) is not None:
        return again
    unit, rota = _held(desk, body.unit)
    if not may_stand_in(unit.id, body.instead, desk.caller.seat):
        raise refused()
    now = desk.room.view.at // MICROS_PER_MS
    added = _override(body.seat_id, body.instead, now if body.start is None else body.start, body.end)
    kept = tuple(one for one in rota.overrides if one.end > desk.room.view.at)
    return await _agreed(
        desk, unit, msgspec.structs.replace(rota, overrides=(*kept, added)[-OVERRIDES_MAX:]), body.version
    )


@rota_router.post("/rota/stand-in/end", summary="End a stand-in before its time, or call it off")
async def end_stand_in(body: EndStandInBody, desk: DeskOf) -> Response:
    """End it now if it has begun; what has not begun is taken out."""
    if (again := desk.replayed) is not None:
        return again
    unit, rota = _held(desk, body.unit)
    now, start = desk.room.view.at, body.start * MICROS_PER_MS
    found = next(
        (
            one
            for one in rota.overrides
            if one.seat_id == body.seat_id and one.start // MICROS_PER_MS == body.start and one.end > now
        ),
        None,
    )
    if found is None:
        raise NotFound(
            "There is no such stand-in.", remedy="Read the rota again.", code="stand_in_unknown", start=start
        )
    if not may_stand_in(unit.id, found.instead, desk.caller.seat):
        raise refused()
    rest = tuple(one for one in rota.overrides if one is not found)
    if found.start < now:
        rest = (*rest, msgspec.structs.replace(found, end=now))
    return await _agreed(desk, unit, msgspec.structs.replace(rota, overrides=rest), body.version)


def _held(desk: Desk, path: str) -> tuple[Unit, Rota]:
    unit = unit_below(desk.room, desk.caller, path)
    rota = desk.room.agreed.rota(unit.id)
    if rota is None:
        raise NotFound(
            "The unit has no rota.", remedy="Its council agrees one.", code="rota_unknown", unit=path
        )
    return unit, rota


def _override(seat_id: int, instead: int, start: int, end: int) -> Override:
    if start >= end:
        raise Invalid(
            "A stand-in ends after it begins.",
            remedy="Give start before end.",
            code="stand_in_empty",
            field="end",
        )
    return Override(seat_id=seat_id, instead=instead, start=start * MICROS_PER_MS, end=end * MICROS_PER_MS)


def _check(desk: Desk, unit: Unit, rota: Rota) -> None:
    """Refuse seats of other units, and two that stand in for one seat at a time."""
    named = {seat_id for step in rota.steps for seat_id in step}
    named |= {one.instead for one in rota.overrides if one.instead}
    known = {seat.id for seat in desk.room.access.seats() if seat.unit_id == unit.id}
    before = desk.room.agreed.rota(unit.id)
    spared = set() if before is None else {seat_id for step in before.steps for seat_id in step}
    strangers = sorted(named - known - spared)
    if strangers:
        raise Invalid(
            f"Seat {strangers[0]} is not of this unit.",
            remedy="Name seats of the unit.",
            code="rota_seat",
            field="steps",
            seat_id=strangers[0],
        )
    for one in rota.overrides:
        if (other := overlapping(rota, one)) is not None:
            raise Invalid(
                "Somebody stands in for this seat at that time already.",
                remedy="End that first, or choose another time.",
                code="rota_overlap",
                field="overrides",
                start=ms(other.start),
                end=ms(other.end),
            )


async def _agreed(desk: Desk, unit: Unit, rota: Rota, read: int | None) -> Response:
    """Put the next version into the log; of two at once the first there wins."""
    _check(desk, unit, rota)
    room, seat = desk.room, desk.caller.seat
    version = room.agreed.rota_version(unit.id) if read is None else read
    signed = msgspec.structs.replace(rota, version=version + 1, person=seat.person, at=room.view.at)
    room.agreed.check(RotaSet(signed))
    await room.change([RotaSet(signed)])
    if room.agreed.rotas.get(unit.id) != signed:
        raise Conflict(
            "The rota has changed since it was read.",
            remedy="Read it again.",
            code="rota_stale",
            version=room.agreed.rota_version(unit.id),
        )
    return desk.done(_told(room, seat, unit))


def _told(room: ApiRoom, seat: Seat, unit: Unit) -> dict[str, Any]:
    """Give the rota with its holes and cautions; times in ms."""
    rota, now = room.agreed.rota(unit.id), room.view.at
    seats = [one for one in room.access.seats() if one.unit_id == unit.id]
    told: dict[str, Any] = {
        "unit": unit.path,
        "unit_name": unit.name,
        "version": room.agreed.rota_version(unit.id),
        "rota": None if rota is None else _spelled(rota),
        "seats": [{"id": one.id, "person": one.person, "role": one.role} for one in seats],
        "now": [],
        "holes": [],
        "cautions": [],
        "may_agree": may_agree(unit.id, seat),
        "may_take_over": may_stand_in(unit.id, seat.id, seat),
    }
    if rota is not None:
        told["now"] = [rota.seats(step, now, zone=unit.time_zone) for step in range(len(rota.steps))]
        told["holes"] = [_hole(one, now) for one in holes(rota, seats, now, now + AHEAD_US)]
        told["cautions"] = [_caution(one) for one in cautions(rota, seats, now)]
    return told


def _hole(one: Hole, now: int) -> dict[str, Any]:
    """Give a hole; one that lasts beyond what was looked at has no end."""
    last = one.end >= now + AHEAD_US
    return {
        "start": ms(one.start),
        "end": None if last else ms(one.end),
        "steps": one.steps,
        "whole": one.whole,
    }


def _caution(one: Caution) -> dict[str, Any]:
    times = {key: ms(one.params[key]) for key in ("start", "end") if key in one.params}
    return {"says": one.says, "params": {**one.params, **times}}


def _spelled(rota: Rota) -> dict[str, Any]:
    return {
        "steps": rota.steps,
        "step_s": rota.step_s,
        "turn_s": rota.turn_s,
        "since": ms(rota.since),
        "overrides": [
            {"seat_id": one.seat_id, "instead": one.instead, "start": ms(one.start), "end": ms(one.end)}
            for one in rota.overrides
        ],
        "person": rota.person,
        "at": ms(rota.at),
    }
