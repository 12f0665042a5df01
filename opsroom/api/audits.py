"""Declared audits (System 3*): a council looks into a unit below, which sees who looks, and why, at once.

An audit opens reading and nothing else. What it opens is decided in `opsroom.rights` alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final

from fastapi import APIRouter, Query, Response
from pydantic import Field

from opsroom.api.acts import MICROS_PER_MS, NOTE_CHARS_MAX, Desk, DeskOf, Ms
from opsroom.api.answers import answer
from opsroom.api.ports import ApiRoom, CallerOf, RoomOf
from opsroom.api.session import Body
from opsroom.errors import AccessDenied, Invalid, NotFound
from opsroom.model import MICROS_PER_S
from opsroom.records import Declare, EndAudit
from opsroom.rights import knows_audit, may_audit, may_end_audit
from opsroom.view.cards import ms

if TYPE_CHECKING:
    from opsroom.audit import Audit
    from opsroom.model import Unit
    from opsroom.seats import Seat

audit_router = APIRouter(prefix="/api/v1", tags=["audits"])

ID_CHARS_MAX: Final = 64


class DeclareBody(Body):
    """Which unit (path), or which one series of it, how long (`duration_s`, or `until` in ms) and why."""

    unit: str
    reason: Annotated[str, Field(min_length=1, max_length=NOTE_CHARS_MAX)]
    series_id: Annotated[int, Field(ge=1)] | None = None
    duration_s: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    until: Ms | None = None


class EndBody(Body):
    """Nothing has to be said."""


@audit_router.get("/audits", summary="Audits that the seat's unit declared, or was looked at under")
async def audits(
    room: RoomOf, caller: CallerOf, *, only_open: Annotated[bool, Query(alias="open")] = False
) -> Response:
    """Give audits of both sides, newest first, each with who looked at which series, how often and when."""
    unit_id = caller.seat.unit_id
    rows = await room.read(room.store.journal.audits, unit_id, room.settings.limits.journal_page)
    given = [one for one in rows if one.in_force(room.view.at) or not only_open]
    return answer({"audits": [told(room, one, caller.seat) for one in given]})


@audit_router.post("/audits", summary="Declare an audit of a unit below, or of one series of it")
async def declare(body: DeclareBody, desk: DeskOf) -> Response:
    """Declare; both units see it from this moment on."""
    if (again := desk.replayed) is not None:
        return again
    unit = _below(body.unit, desk)
    seat, room = desk.caller.seat, desk.room
    if not may_audit(unit.id, seat, room.catalog):
        raise AccessDenied(
            "Audits are declared by a council.", remedy="Ask a council seat.", code="audit_refused"
        )
    if body.series_id is not None and desk.series(body.series_id).unit_id != unit.id:
        raise NotFound("No such series of the unit.", remedy="List them.", code="series_unknown")
    reason = desk.worded(body.reason, "reason")
    if not reason:
        raise Invalid("An audit has a reason.", remedy="Say why.", code="note_required", field="reason")
    until, by = _until(body, desk), desk.by
    await room.act(
        Declare(audited_id=unit.id, series_id=body.series_id or 0, reason=reason, until=until, **by)
    )
    made = next(
        one
        for one in await room.read(room.store.journal.audits, seat.unit_id)
        if (one.seat_id, one.key) == (seat.id, by["key"])
    )
    return desk.done({"audit": told(room, made, seat)})


@audit_router.post("/audits/{audit_id}/end", summary="End an audit before its time")
async def end(audit_id: str, body: EndBody, desk: DeskOf) -> Response:
    """End it; the council that declared it does."""
    if (again := desk.replayed) is not None:
        return again
    del body
    room, seat = desk.room, desk.caller.seat
    known = await room.read(room.store.journal.audit, audit_id[:ID_CHARS_MAX])
    if known is None or not knows_audit(known, seat.unit_id):
        raise NotFound("No such audit.", remedy="List them.", code="audit_unknown")
    if not may_end_audit(known, seat):
        raise AccessDenied(
            "It is ended by the council that declared it.", remedy="Ask it.", code="audit_refused"
        )
    await room.act(EndAudit(audit_id=known.id, **desk.by))
    after = await room.read(room.store.journal.audit, known.id)
    return desk.done({"audit": told(room, after or known, seat)})


def told(room: ApiRoom, audit: Audit, seat: Seat) -> dict[str, Any]:
    """Give an audit with what was looked at, as one of its two units is told it."""
    series = room.catalog.series
    return {
        **room.view.audits.row(audit, seat.unit_id),
        "in_force": audit.in_force(room.view.at),
        "may_end": audit.in_force(room.view.at) and may_end_audit(audit, seat),
        "looks": [
            {
                "series_id": look.series_id,
                "series": series[look.series_id].name if look.series_id in series else "",
                "person": look.person,
                "n": look.n,
                "first": ms(look.first),
                "last": ms(look.last),
            }
            for look in audit.looks
        ],
        "others": audit.others,
    }


def _below(path: str, desk: Desk) -> Unit:
    """Give a unit below the seat's own.

    Raises:
        NotFound: there is none of that path, or not below.
        Invalid: it is the seat's own, which lies open anyway.
    """
    unit = desk.room.catalog.unit_at(path)
    own = desk.caller.seat.unit_id
    if unit is None or not desk.room.catalog.contains(own, unit.id):
        raise NotFound("No such unit.", remedy="A seat sees those below.", code="unit_unknown")
    if unit.id == own:
        raise Invalid("A unit sees all of its own.", remedy="Name one below.", code="audit_own", field="unit")
    return unit


def _until(body: DeclareBody, desk: Desk) -> int:
    """Give the end in us.

    Raises:
        Invalid: none is given, it has passed, or it lies beyond `limits.audit_s_max`.
    """
    now, longest_s = desk.room.view.at, desk.room.settings.limits.audit_s_max
    if body.until is not None:
        until = body.until * MICROS_PER_MS
    elif body.duration_s is not None:
        until = now + round(min(body.duration_s, 2 * longest_s) * MICROS_PER_S)
    else:
        until = now
    if until <= now:
        raise Invalid(
            "An audit ends at a time to come.",
            remedy="Give duration_s, or a later until.",
            code="audit_time",
            field="duration_s",
        )
    if until > now + round(longest_s * MICROS_PER_S):
        raise Invalid(
            f"No audit lasts longer than {longest_s:g} s.",
            remedy="Choose a shorter time; it can be declared again.",
            code="audit_too_long",
            field="duration_s",
            limit_s=longest_s,
        )
    return until
