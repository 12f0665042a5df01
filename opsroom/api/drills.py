"""Exercises: begun and ended by whoever names the unit; they climb like any alert, marked everywhere."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Response
from pydantic import Field

from opsroom.api.acts import Desk, DeskOf
from opsroom.api.session import Body
from opsroom.drill import DRILL, SERIES, is_exercise, said
from opsroom.errors import AccessDenied, Conflict, Invalid, NotFound
from opsroom.model import MICROS_PER_S, Series, Unit
from opsroom.records import Reported, SeriesSet
from opsroom.rights import may_rename

drill_router = APIRouter(prefix="/api/v1", tags=["drills"])


USUAL_S: Final = 1_800.0


class DrillBody(Body):
    """The unit (path) that the exercise is of, and the seconds after which it ends by itself."""

    unit: str
    duration_s: Annotated[float, Field(gt=0, allow_inf_nan=False)] = USUAL_S


@drill_router.post("/drills", summary="Begin an exercise at a unit")
async def begin(body: DrillBody, desk: DeskOf) -> Response:
    """Raise its alert; it calls, climbs and is told like a real one, marked as an exercise, until it ends."""
    if (again := desk.replayed) is not None:
        return again
    room = desk.room
    found = room.catalog.unit_at(body.unit.strip("/"))
    unit = room.view.unit(0 if found is None else found.id, desk.caller.seat)
    _check(desk, unit)
    _check_length(desk, body.duration_s)
    series = room.catalog.own_series(unit.id, SERIES)
    if series is None:
        made = Series(id=room.catalog.next_series_id, root_id=unit.root_id, unit_id=unit.id, name=SERIES)
        room.catalog.apply(SeriesSet(made))  # at once, so that nobody else is given the id meanwhile
        await desk.agree([SeriesSet(made)])
        series = made
    if any(alert.active for alert in room.view.on_series(series.id)):
        raise Conflict(
            "An exercise is on here.", remedy="End it first.", code="drill_on", unit=unit.name or unit.path
        )
    now = room.view.at
    finding = said(series.id, now, until=now + max(1, round(body.duration_s * MICROS_PER_S)))
    await room.act(Reported(source=DRILL, findings=(finding,), **desk.by))
    return desk.done({"drills": room.view.condition.drills(desk.caller.seat.unit_id)})


@drill_router.post("/drills/{alert_id}/end", summary="End an exercise")
async def end(alert_id: str, desk: DeskOf) -> Response:
    """End it; what people did stays in its journal."""
    if (again := desk.replayed) is not None:
        return again
    room = desk.room
    alert = room.view.alerts.get(alert_id)
    mine = alert is not None and room.catalog.contains(desk.caller.seat.unit_id, alert.unit_id)
    if alert is None or not mine or not is_exercise(alert) or not alert.active:
        raise NotFound("No such exercise is on.", remedy="Read the wall again.", code="drill_unknown")
    _check(desk, room.catalog.units[alert.unit_id])
    finding = said(alert.series_id, room.view.at)
    await room.act(Reported(source=DRILL, findings=(finding,), **desk.by))
    return desk.done({"drills": room.view.condition.drills(desk.caller.seat.unit_id)})


def _check_length(desk: Desk, duration_s: float) -> None:
    most_s = desk.room.settings.limits.drill_s_max
    if duration_s > most_s:
        raise Invalid(
            f"No exercise is longer than {most_s:g} s.",
            remedy="Choose a shorter one.",
            code="drill_too_long",
            field="duration_s",
            limit_s=most_s,
        )


def _check(desk: Desk, unit: Unit) -> None:
    if not may_rename(unit.id, desk.caller.seat, desk.room.catalog):
        raise AccessDenied(
            "Exercises are begun and ended by the unit's council, or an admin above.",
            remedy="Ask its seat.",
            code="drill_refused",
        )
