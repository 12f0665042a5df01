"""What is agreed on alarms beside the tree: how a class behaves, and what stands for what.

Changes go through the log and count from the next annunciation on; none moves a running deadline.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Response
from pydantic import Field

from opsroom.access import Caller
from opsroom.alarm import AlarmClass, Cause
from opsroom.api.acts import Desk, DeskOf, Span, Text
from opsroom.api.ports import ApiRoom
from opsroom.api.session import Body
from opsroom.errors import AccessDenied, NotFound
from opsroom.model import Unit
from opsroom.records import AlarmConfig, CauseSet, ClassSet
from opsroom.rights import may_adopt, may_agree

duty_router = APIRouter(prefix="/api/v1", tags=["duty"])

CAUSES_MAX: Final = 64

SeatId = Annotated[int, Field(ge=1)]


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


def unit_below(room: ApiRoom, caller: Caller, path: str) -> Unit:
    """Give the seat's own unit or one below.

    Raises:
        NotFound: there is none of that path.
    """
    unit = room.catalog.unit_at(path)
    if unit is None or not room.catalog.contains(caller.seat.unit_id, unit.id):
        raise NotFound(
            "No such unit.", remedy="A seat sees its own unit and those below.", code="unit_unknown"
        )
    return unit


@duty_router.post("/alarm-classes", summary="Agree how alerts of a class behave")
async def agree_class(body: ClassBody, desk: DeskOf) -> Response:
    """Set a class; it holds for the whole tree, so the council at the top agrees it."""
    if (again := desk.replayed) is not None:
        return again
    top = desk.room.catalog.ancestors(desk.caller.seat.unit_id)[-1]
    if not may_agree(top.id, desk.caller.seat):
        raise refused()
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
        raise refused()
    made = Cause(series_id=series_id, causes=tuple(body.causes), reason=desk.worded(body.reason, "reason"))
    return await _agreed(desk, CauseSet(made), {"cause": made})


async def _agreed(desk: Desk, change: AlarmConfig, answer: dict[str, Any]) -> Response:
    desk.room.agreed.check(change)
    await desk.room.change([change])
    return desk.done(answer)


def refused() -> AccessDenied:
    """Word that the seat's role or unit does not agree this."""
    return AccessDenied(
        "This is agreed by the unit's council.", remedy="Ask its seat.", code="agreement_refused"
    )
