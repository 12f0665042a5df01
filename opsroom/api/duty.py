"""What is agreed on alarms beside the tree: who is called, how a class behaves, what stands for what.

Changes go through the log and count from the next annunciation on; none moves a running deadline.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Response
from pydantic import Field

from opsroom.alarm import AlarmClass, Cause, Override, Rota
from opsroom.api.acts import MICROS_PER_MS, Desk, DeskOf, Ms, Text
from opsroom.api.answers import JSON_TYPE, encoded
from opsroom.api.ports import CallerOf, RoomOf
from opsroom.api.session import Body
from opsroom.errors import AccessDenied, Invalid, NotFound
from opsroom.model import Unit
from opsroom.records import AlarmConfig, CauseSet, ClassSet, RotaSet
from opsroom.rights import may_adopt, may_agree

duty_router = APIRouter(prefix="/api/v1", tags=["duty"])

STEPS_MAX: Final = 16
SEATS_MAX: Final = 64
OVERRIDES_MAX: Final = 256
CAUSES_MAX: Final = 64
SPAN_S_MAX: Final = 366 * 86_400.0

SeatId = Annotated[int, Field(ge=1)]
Span = Annotated[float, Field(gt=0, le=SPAN_S_MAX, allow_inf_nan=False)]


class OverrideBody(Body):
    """From `start` to `end` (ms) the seat `instead` is called for `seat_id`; 0: nobody."""

    seat_id: SeatId
    instead: Annotated[int, Field(ge=0)]
    start: Ms
    end: Ms


class RotaBody(Body):
    """The steps (seat ids, first called first), their distance, and who takes turns; no steps: no rota."""

    unit: str
    steps: Annotated[list[Annotated[list[SeatId], Field(max_length=SEATS_MAX)]], Field(max_length=STEPS_MAX)]
    step_s: Span = 300.0
    turn_s: Span | None = None
    since: Ms = 0
    overrides: Annotated[tuple[OverrideBody, ...], Field(max_length=OVERRIDES_MAX)] = ()


class ClassBody(Body):
    """How alerts of a class behave; `anomaly` is that of what no rule declares."""

    name: Annotated[str, Field(min_length=1, max_length=64)] = "anomaly"
    needs_ack: bool = True
    latching: bool = False
    ack_timeout_s: Span | None = None
    re_alarm: bool = True
    note_required: bool = False


class CausesBody(Body):
    """The series whose alerts stand for this one's, and why; none: the design is withdrawn."""

    causes: Annotated[list[SeatId], Field(max_length=CAUSES_MAX)]
    reason: Text = ""


def _unit(desk_or_room: Any, caller: Any, path: str) -> Unit:
    unit: Unit | None = desk_or_room.catalog.unit_at(path)
    if unit is None or not desk_or_room.catalog.contains(caller.seat.unit_id, unit.id):
        raise NotFound(
            "No such unit.", remedy="A seat sees its own unit and those below.", code="unit_unknown"
        )
    return unit


@duty_router.get("/rota", summary="Whom a unit has called, and who would be called now")
async def read_rota(room: RoomOf, caller: CallerOf, unit: str | None = None) -> Response:
    """Give the rota of the seat's own unit, or of one below."""
    own = room.catalog.units[caller.seat.unit_id]
    found = own if unit is None else _unit(room, caller, unit)
    rota = room.agreed.rota(found.id)
    now = () if rota is None else tuple(rota.seats(step, room.view.at) for step in range(len(rota.steps)))
    return Response(encoded({"unit": found.path, "rota": rota, "now": now}), media_type=JSON_TYPE)


@duty_router.post("/rota", summary="Agree whom a unit has called")
async def agree_rota(body: RotaBody, desk: DeskOf) -> Response:
    """Set the rota of a unit; a step that names nobody is refused."""
    if (again := desk.replayed) is not None:
        return again
    unit = _unit(desk.room, desk.caller, body.unit)
    _may(desk, unit.id)
    for number, step in enumerate(body.steps):
        if not step:
            raise Invalid(
                f"Step {number + 1} of the rota names no seat.",
                remedy="Name a seat for each step.",
                code="rota_hole",
                field="steps",
                step=number + 1,
            )
    named = {seat_id for step in body.steps for seat_id in step}
    named |= {one.instead for one in body.overrides if one.instead}
    strangers = sorted(named - {seat.id for seat in desk.room.access.seats() if seat.unit_id == unit.id})
    if strangers:
        raise Invalid(
            f"Seat {strangers[0]} is not of this unit.",
            remedy="Name seats of the unit.",
            code="rota_seat",
            field="steps",
            seat_id=strangers[0],
        )
    overrides = tuple(
        Override(
            seat_id=one.seat_id,
            instead=one.instead,
            start=one.start * MICROS_PER_MS,
            end=one.end * MICROS_PER_MS,
        )
        for one in body.overrides
    )
    rota = Rota(
        unit_id=unit.id,
        steps=tuple(tuple(step) for step in body.steps),
        step_s=body.step_s,
        turn_s=body.turn_s,
        since=body.since * MICROS_PER_MS,
        overrides=overrides,
    )
    return await _agreed(desk, RotaSet(rota), {"rota": rota})


@duty_router.post("/alarm-classes", summary="Agree how alerts of a class behave")
async def agree_class(body: ClassBody, desk: DeskOf) -> Response:
    """Set a class; it holds for the whole tree, so the council at the top agrees it."""
    if (again := desk.replayed) is not None:
        return again
    top = desk.room.catalog.ancestors(desk.caller.seat.unit_id)[-1]
    _may(desk, top.id)
    made = AlarmClass(**body.model_dump())
    return await _agreed(desk, ClassSet(made), {"alarm_class": made})


@duty_router.post("/series/{series_id}/causes", summary="Agree whose alerts stand for those of a series")
async def agree_causes(series_id: int, body: CausesBody, desk: DeskOf) -> Response:
    """Set the causes of a series; both lie in the seat's own tree."""
    if (again := desk.replayed) is not None:
        return again
    series = desk.series(series_id)
    for cause in body.causes:
        desk.series(cause)
    if not may_adopt(series, desk.caller.seat, desk.room.catalog):
        raise _refused()
    made = Cause(series_id=series_id, causes=tuple(body.causes), reason=desk.worded(body.reason, "reason"))
    return await _agreed(desk, CauseSet(made), {"cause": made})


async def _agreed(desk: Desk, change: AlarmConfig, answer: dict[str, Any]) -> Response:
    desk.room.agreed.check(change)
    await desk.room.change([change])
    return desk.done(answer)


def _may(desk: Desk, unit_id: int) -> None:
    if not may_agree(unit_id, desk.caller.seat):
        raise _refused()


def _refused() -> AccessDenied:
    return AccessDenied(
        "This is agreed by the unit's council.", remedy="Ask its seat.", code="agreement_refused"
    )
