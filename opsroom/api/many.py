"""One act on many alerts at once: acknowledge, shelve, note. Each is done or refused as if alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final

from fastapi import APIRouter, Response
from pydantic import Field

from opsroom.api.acts import MICROS_PER_MS, Desk, DeskOf, Ms, Text, noting_elsewhere, standing_elsewhere
from opsroom.api.alarms import ShelveBody, check_shelving, shelved_until
from opsroom.api.session import Body
from opsroom.errors import Invalid, OpsroomError
from opsroom.model import Alert
from opsroom.records import Acknowledge, AnyAct, Recovering, Shelve
from opsroom.rights import may_acknowledge, may_note

many_router = APIRouter(prefix="/api/v1", tags=["alarms"])

ID_CHARS_MAX: Final = 64
Ids = Annotated[list[Annotated[str, Field(max_length=ID_CHARS_MAX)]], Field(min_length=1)]
Making = Callable[[Alert, Mapping[str, Any]], AnyAct]
"""Makes the act on one alert of who does it; raises what refuses it."""


class AcknowledgeMany(Body):
    """Alerts by id, and the one note for all of them."""

    ids: Ids
    note: Text = ""


class ShelveMany(ShelveBody):
    """Alerts by id; for how long all of them, and why."""

    ids: Ids


class NoteMany(Body):
    """Alerts by id, the unit's one note on all of them and its own estimate (ms)."""

    ids: Ids
    note: Text
    until: Ms | None = None


@many_router.post("/alerts/acknowledge", summary="Acknowledge many alerts at once; an outcome for each")
async def acknowledge_many(body: AcknowledgeMany, desk: DeskOf) -> Response:
    """Acknowledge each alert as if alone: what is refused is named and keeps no other from being done."""
    if (again := desk.replayed) is not None:
        return again
    note = desk.worded(body.note, "note")

    def act(alert: Alert, by: Mapping[str, Any]) -> Acknowledge:
        if not may_acknowledge(alert, desk.caller.seat):
            raise standing_elsewhere(desk.room, alert)
        return Acknowledge(alert_id=alert.id, note=note, **by)

    return await _each(body.ids, desk, act, "acknowledged")


@many_router.post("/alerts/shelve", summary="Shelve many alerts at once; an outcome for each")
async def shelve_many(body: ShelveMany, desk: DeskOf) -> Response:
    """Shelve each alert where it stands, all until the same time."""
    if (again := desk.replayed) is not None:
        return again
    until, reason = shelved_until(body, desk), desk.worded(body.reason, "reason")

    def act(alert: Alert, by: Mapping[str, Any]) -> Shelve:
        check_shelving(alert, desk)
        return Shelve(alert_id=alert.id, until=until, one_shot=body.one_shot, reason=reason, **by)

    return await _each(body.ids, desk, act, "shelved")


@many_router.post(
    "/alerts/recovering", summary="One note of the unit on many of its alerts; an outcome for each"
)
async def note_many(body: NoteMany, desk: DeskOf) -> Response:
    """Note on each alert what the unit does about all of them."""
    if (again := desk.replayed) is not None:
        return again
    until = None if body.until is None else body.until * MICROS_PER_MS
    note = desk.worded(body.note, "note")

    def act(alert: Alert, by: Mapping[str, Any]) -> Recovering:
        if not may_note(alert, desk.caller.seat):
            raise noting_elsewhere()
        return Recovering(alert_id=alert.id, note=note, until=until, **by)

    return await _each(body.ids, desk, act, "noted")


async def _each(ids: list[str], desk: Desk, make: Making, done: str) -> Response:
    """Do it to each alert; `done` names how many it was done to.

    Raises:
        Invalid: more than `limits.acknowledge_max`.
    """
    most = desk.room.settings.limits.acknowledge_max
    if len(ids) > most:
        raise Invalid(
            f"{len(ids)} alerts at once.",
            remedy=f"Send at most {most}.",
            code="too_many",
            field="ids",
            limit=most,
        )
    asked = list(dict.fromkeys(ids))
    refused: dict[str, OpsroomError] = {}
    acts: list[AnyAct] = []
    by = desk.by
    for alert_id in asked:
        try:
            acts.append(make(await desk.alert(alert_id), {**by, "key": f"{by['key']}-{alert_id}"}))
        except OpsroomError as refusal:
            refused[alert_id] = refusal
    outcomes = await desk.each(acts)
    rows = [_outcome(one, refused[one] if one in refused else outcomes[one]) for one in asked]
    return desk.done({"alerts": rows, done: sum(row["ok"] for row in rows)})


def _outcome(alert_id: str, refusal: OpsroomError | None) -> dict[str, Any]:
    if refusal is None:
        return {"id": alert_id, "ok": True, "error": None}
    error = {
        "code": refusal.code,
        "message": refusal.message,
        "remedy": refusal.remedy,
        "params": refusal.params,
    }
    return {"id": alert_id, "ok": False, "error": error}
