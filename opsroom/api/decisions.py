"""Decisions of councils: the minutes, decisions that answer no alert, and what came of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import numpy as np
from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from opsroom.acts import Assess, Resolve
from opsroom.api.acts import MICROS_PER_MS, NOTE_CHARS_MAX, DeskOf, Ms, Text, addressee_of
from opsroom.api.answers import answer
from opsroom.api.columns import in_columns
from opsroom.api.files import CSV_TYPE, attached, csv_of, rfc3339
from opsroom.api.history import thinned
from opsroom.api.ports import ApiRoom, CallerOf, RoomOf
from opsroom.api.session import Body
from opsroom.errors import AccessDenied, NotFound
from opsroom.measuring import shown_as, turned
from opsroom.minutes import Effect, Minute, knows_minute
from opsroom.model import MICROS_PER_S
from opsroom.rights import may_resolve
from opsroom.view.minutes import opens
from opsroom.view.reading import may_read

if TYPE_CHECKING:
    from opsroom.seats import Seat

decision_router = APIRouter(prefix="/api/v1", tags=["decisions"])

ID_CHARS_MAX: Final = 96
PATH_CHARS_MAX: Final = 1_000
TREND_POINTS: Final = 160
TREND_LEAST_US: Final = 60 * MICROS_PER_S
COLUMNS: Final = (
    "id", "at", "person", "unit", "text", "addressee", "followup", "alert", "series", "measure",
    "value_at_decision", "value_at_followup", "productivity_at_decision", "productivity_at_followup",
    "outcome", "verdict", "verdict_by", "verdict_at", "verdict_note",
)  # fmt: skip


class ResolveBody(Body):
    """A decision: text, addressee (path of a unit), follow-up (ms), and the series it is about, if any."""

    text: Annotated[str, Field(min_length=1, max_length=NOTE_CHARS_MAX)]
    addressee: Annotated[str, Field(max_length=PATH_CHARS_MAX)]
    followup: Ms
    series_id: Annotated[int, Field(ge=1)] | None = None


class AssessBody(Body):
    """What came of it, and why one thinks so."""

    effect: Effect
    note: Text = ""


@decision_router.get("/decisions", summary="Decisions of the seat's unit and those addressed to it")
async def decisions(
    room: RoomOf, caller: CallerOf, form: Annotated[Literal["json", "csv"], Query(alias="format")] = "json"
) -> Response:
    """Give what waits for a verdict first, by follow-up time; then the others, newest first."""
    limit = room.settings.limits.journal_page
    rows = await room.read(room.store.annals.minutes, caller.seat.unit_id, limit)
    told = [room.view.minutes.row(one, caller.seat) for one in rows]
    told.sort(key=lambda one: (0, one["followup"]) if one["pending"] else (1, -one["at"]))
    if form == "csv":
        return Response(_as_csv(told), 200, attached("decisions.csv"), media_type=CSV_TYPE)
    return answer({"decisions": told, "may_decide": may_resolve(caller.seat)})


@decision_router.post("/decisions", summary="A decision of the unit's council that answers no alert")
async def resolve(body: ResolveBody, desk: DeskOf) -> Response:
    """Record it; addressee and series lie in the seat's own tree, and the series is one that it may read."""
    if (again := desk.replayed) is not None:
        return again
    room, seat = desk.room, desk.caller.seat
    if not may_resolve(seat):
        raise AccessDenied(
            "Decisions are taken by a council.", remedy="Ask a council seat.", code="decision_refused"
        )
    addressee = addressee_of(room, seat, body.addressee)
    if body.series_id is not None:
        may_read(room.view, seat, body.series_id)
    act = Resolve(
        text=desk.worded(body.text, "text"),
        addressee_id=addressee.id,
        followup=body.followup * MICROS_PER_MS,
        series_id=body.series_id or 0,
        **desk.by,
    )
    await room.act(act)
    rows = await room.read(room.store.annals.minutes, seat.unit_id, 20)
    made = next(one for one in rows if (one.seat_id, one.text) == (seat.id, act.text))
    return desk.done({"decision": room.view.minutes.row(made, seat)})


@decision_router.get("/decisions/{decision_id}", summary="One decision")
async def decision(decision_id: str, room: RoomOf, caller: CallerOf) -> Response:
    """Give it as the list does."""
    return answer(
        {"decision": room.view.minutes.row(await _known(room, caller.seat, decision_id), caller.seat)}
    )


@decision_router.post("/decisions/{decision_id}/verdict", summary="What came of a decision")
async def assess(decision_id: str, body: AssessBody, desk: DeskOf) -> Response:
    """Say it, once the follow-up time has come; the council of the unit that decided does."""
    if (again := desk.replayed) is not None:
        return again
    room, seat = desk.room, desk.caller.seat
    known = await _known(room, seat, decision_id)
    if not may_resolve(seat) or seat.unit_id != known.unit_id:
        raise AccessDenied(
            "The council that decided says what came of it.", remedy="Ask it.", code="verdict_refused"
        )
    note = desk.worded(body.note, "note")
    await room.act(Assess(minute_id=known.id, effect=body.effect, note=note, **desk.by))
    return desk.done({"decision": room.view.minutes.row(await _known(room, seat, known.id), seat)})


@decision_router.get("/decisions/{decision_id}/trend", summary="What the series of a decision did")
async def trend(decision_id: str, request: Request, room: RoomOf, caller: CallerOf) -> Response:
    """Give t (ms) and v from before the decision until after its follow-up time, a few points.

    A decision keeps open what it was taken on: the deciding council goes on seeing this span of this series
    when the alert has ended, and nothing else of it.
    """
    minute = await _known(room, caller.seat, decision_id)
    series = room.catalog.series.get(minute.series_id)
    if series is None or not opens(minute, caller.seat, room.view):
        raise NotFound("No series is open here.", remedy="See the text.", code="series_unknown")
    t_from, t_to = _span(minute, room)
    t, v, _ = await room.read(thinned, room.store.readings, series.id, (t_from, t_to), TREND_POINTS)
    real = ~np.isnan(v)
    values = turned(v[real], None, shown_as(series))
    return in_columns(request, {"t": t[real] // MICROS_PER_MS, "v": values}, band=series.band)


def _span(minute: Minute, room: ApiRoom) -> tuple[int, int]:
    """Give the time of a decision's trend: half of its span before, a quarter after, nothing to come."""
    span = max(minute.followup - minute.at, TREND_LEAST_US)
    return max(0, minute.at - span // 2), min(minute.followup + span // 4, room.view.at) + 1


async def _known(room: ApiRoom, seat: Seat, decision_id: str) -> Minute:
    found = await room.read(room.store.annals.minute, decision_id[:ID_CHARS_MAX])
    if found is None or not knows_minute(found, seat.unit_id):
        raise NotFound("No such decision.", remedy="List them.", code="decision_unknown")
    return found


def _as_csv(rows: list[dict[str, Any]]) -> str:
    return csv_of([COLUMNS, *map(_cells, rows)])


def _cells(row: dict[str, Any]) -> list[Any]:
    measured, found, verdict = row["measured"] or {}, row["found"] or {}, row["verdict"] or {}
    series = f"{row['series_unit']}/{row['series_name']}" if row["series_id"] else None
    return [
        row["id"],
        rfc3339(row["at"]),
        row["person"],
        row["unit"],
        row["text"],
        row["addressee"],
        rfc3339(row["followup"]),
        row["alert"],
        series,
        row["measure"],
        measured.get("value"),
        found.get("value"),
        measured.get("productivity"),
        found.get("productivity"),
        found.get("outcome"),
        verdict.get("effect"),
        verdict.get("person"),
        rfc3339(verdict.get("at")),
        verdict.get("note"),
    ]
