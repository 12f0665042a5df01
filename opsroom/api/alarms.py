"""Acts on the annunciation of alerts: shelve, take out of service, bring back, take back.

As all acts they go through the log; none stops a clock, and what would have climbed climbs.
"""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Response
from pydantic import Field

from opsroom.alarm import Hush
from opsroom.api.acts import MICROS_PER_MS, Desk, DeskOf, Ms, NoteBody, Text, standing_elsewhere
from opsroom.api.session import Body
from opsroom.errors import AccessDenied, Invalid
from opsroom.model import MICROS_PER_S, Alert
from opsroom.records import (
    OutOfService,
    Reset,
    ReturnToService,
    Shelve,
    Unacknowledge,
    Unshelve,
)
from opsroom.rights import may_acknowledge, may_release, may_remove, may_silence, may_silence_series

alarm_router = APIRouter(prefix="/api/v1", tags=["alarms"])

REFERENCE_CHARS_MAX: Final = 200


class ShelveBody(Body):
    """How long (`duration_s`, or `until` in ms; a one-shot may leave both out) and why."""

    reason: Text
    duration_s: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    until: Ms | None = None
    one_shot: bool = False


class RemoveBody(Body):
    """The work order, and what is done."""

    reference: Annotated[str, Field(max_length=REFERENCE_CHARS_MAX)]
    reason: Text = ""


def shelved_until(body: ShelveBody, desk: Desk) -> int:
    """Give the end of a shelving in us.

    Raises:
        Invalid: none is given, or it lies beyond `limits.shelve_s_max`.
    """
    now, longest_s = desk.room.view.at, desk.room.settings.limits.shelve_s_max
    longest = now + round(longest_s * MICROS_PER_S)
    if body.until is not None:
        until = body.until * MICROS_PER_MS
    elif body.duration_s is not None:
        until = now + round(min(body.duration_s, 2 * longest_s) * MICROS_PER_S)
    elif body.one_shot:
        until = longest
    else:
        raise Invalid(
            "A shelving needs an end.",
            remedy="Give duration_s or until.",
            code="shelve_time",
            field="duration_s",
            limit_s=longest_s,
        )
    if until > longest:
        raise Invalid(
            f"Nothing is shelved for longer than {longest_s:g} s.",
            remedy="Choose a shorter time, or take it out of service.",
            code="shelve_too_long",
            field="duration_s",
            limit_s=longest_s,
        )
    return until


def _silence_refused(what: str) -> AccessDenied:
    return AccessDenied(
        f"The seat may not {what}.",
        remedy="An operator shelves where the alert stands; the unit's council takes out of service.",
        code="silence_refused",
    )


@alarm_router.post("/alerts/{alert_id}/unacknowledge", summary="Take back an acknowledgement")
async def unacknowledge(alert_id: str, body: NoteBody, desk: DeskOf) -> Response:
    """Stand unacknowledged again, and be called for again."""
    if (again := desk.replayed) is not None:
        return again
    alert = await desk.alert(alert_id)
    if not may_acknowledge(alert, desk.caller.seat):
        raise standing_elsewhere(desk.room, alert)
    return await desk.do(
        Unacknowledge(alert_id=alert_id, note=desk.worded(body.note, "note"), **desk.by), alert
    )


@alarm_router.post("/alerts/{alert_id}/reset", summary="Release a latched alert whose condition has ended")
async def reset(alert_id: str, body: NoteBody, desk: DeskOf) -> Response:
    """Take a latched alert off the wall."""
    if (again := desk.replayed) is not None:
        return again
    alert = await desk.alert(alert_id)
    if not may_acknowledge(alert, desk.caller.seat):
        raise standing_elsewhere(desk.room, alert)
    return await desk.do(Reset(alert_id=alert_id, note=desk.worded(body.note, "note"), **desk.by), alert)


@alarm_router.post("/alerts/{alert_id}/shelve", summary="Stop the annunciation for a time; stops no clock")
async def shelve(alert_id: str, body: ShelveBody, desk: DeskOf) -> Response:
    """Shelve where the alert stands."""
    if (again := desk.replayed) is not None:
        return again
    alert = await desk.alert(alert_id)
    check_shelving(alert, desk)
    act = Shelve(
        alert_id=alert_id,
        until=shelved_until(body, desk),
        one_shot=body.one_shot,
        reason=desk.worded(body.reason, "reason"),
        **desk.by,
    )
    return await desk.do(act, alert)


@alarm_router.post("/series/{series_id}/shelve", summary="Shelve a series, whether or not it has an alert")
async def shelve_series(series_id: int, body: ShelveBody, desk: DeskOf) -> Response:
    """Shelve a series at its own unit's level."""
    if (again := desk.replayed) is not None:
        return again
    series = desk.series(series_id)
    if not may_silence_series(series, desk.caller.seat):
        raise _silence_refused("shelve this")
    act = Shelve(
        series_id=series_id,
        until=shelved_until(body, desk),
        one_shot=body.one_shot,
        reason=desk.worded(body.reason, "reason"),
        **desk.by,
    )
    return await desk.do(act)


@alarm_router.post("/alerts/{alert_id}/unshelve", summary="End a shelving before its time")
async def unshelve(alert_id: str, body: NoteBody, desk: DeskOf) -> Response:
    """Bring back; whoever does has seen the alert."""
    return await _release(alert_id, body, desk, Hush.SHELVED)


@alarm_router.post("/alerts/{alert_id}/return", summary="Return to service")
async def return_to_service(alert_id: str, body: NoteBody, desk: DeskOf) -> Response:
    """Bring back what was out of service."""
    return await _release(alert_id, body, desk, Hush.OUT_OF_SERVICE)


async def _release(alert_id: str, body: NoteBody, desk: Desk, kind: Hush) -> Response:
    if (again := desk.replayed) is not None:
        return again
    alert = await desk.alert(alert_id)
    held = alert.silenced
    # What is not silenced so is a conflict, which the room names; a right is asked where there is one.
    if held is not None and held.kind is kind and not may_release(alert, desk.caller.seat):
        raise _silence_refused("end this silencing")
    release = Unshelve if kind is Hush.SHELVED else ReturnToService
    return await desk.do(release(alert_id=alert_id, note=desk.worded(body.note, "note"), **desk.by), alert)


@alarm_router.post("/alerts/{alert_id}/out-of-service", summary="Take out of service, with its work order")
async def remove(alert_id: str, body: RemoveBody, desk: DeskOf) -> Response:
    """Take out of service where the alert stands."""
    if (again := desk.replayed) is not None:
        return again
    alert = await desk.alert(alert_id)
    if not may_remove(alert.standing.unit_id, desk.caller.seat):
        raise _silence_refused("take this out of service")
    return await desk.do(
        OutOfService(
            alert_id=alert_id,
            reference=desk.worded(body.reference, "reference"),
            reason=desk.worded(body.reason, "reason"),
            **desk.by,
        ),
        alert,
    )


@alarm_router.post("/series/{series_id}/out-of-service", summary="Take a series out of service")
async def remove_series(series_id: int, body: RemoveBody, desk: DeskOf) -> Response:
    """Take a series out of service at its own unit's level, whether or not it has an alert."""
    if (again := desk.replayed) is not None:
        return again
    series = desk.series(series_id)
    if not may_remove(series.unit_id, desk.caller.seat):
        raise _silence_refused("take this out of service")
    return await desk.do(
        OutOfService(
            series_id=series_id,
            reference=desk.worded(body.reference, "reference"),
            reason=desk.worded(body.reason, "reason"),
            **desk.by,
        )
    )


def check_shelving(alert: Alert, desk: Desk) -> None:
    """Let who may shelve an alert pass: also one that has ended further up, of a series of the seat's own.

    Raises:
        AccessDenied: the seat may not.
    """
    if may_silence(alert, desk.caller.seat):
        return
    if alert.on_wall or not may_silence_series(desk.series(alert.series_id), desk.caller.seat):
        raise _silence_refused("shelve this")
