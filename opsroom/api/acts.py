"""Acts of seats: the only way to act on the room. Each is checked here by right, then goes through the log.

What may have changed meanwhile (somebody else acknowledged, the alert climbed) is decided by the room
alone, in the order of its log; here only what the seat may do at all.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import OrderedDict
from collections.abc import Sequence
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Depends, Header, Request, Response
from pydantic import Field

from opsroom.access import (
    Caller,
    may_acknowledge,
    may_decide,
    may_judge,
    may_note,
    may_press,
    may_rebase,
    may_see,
)
from opsroom.agreement import Signature
from opsroom.api.answers import JSON_TYPE, encoded
from opsroom.api.ports import ApiRoom, CallerOf, RoomOf
from opsroom.api.session import Body
from opsroom.errors import AccessDenied, Conflict, Invalid, NotFound, OpsroomError
from opsroom.model import Alert, Series, Transition, Unit
from opsroom.records import (
    Acknowledge,
    AnyAct,
    AnyConfig,
    Decide,
    Judge,
    Press,
    Rebase,
    Recovering,
    SeriesSet,
    UnitSet,
)
from opsroom.seats import Seat
from opsroom.spans import SPAN_S_MAX

act_router = APIRouter(prefix="/api/v1", tags=["acts"])

KEY_CHARS_MAX: Final = 128
KEYS_KEPT: Final = 10_000
NOTE_CHARS_MAX: Final = 100_000  # the body's limit comes first; the room's own is settings.limits.note_chars
MICROS_PER_MS: Final = 1_000
MS_MAX: Final = 253_402_300_799_999  # end of the year 9999

Text = Annotated[str, Field(max_length=NOTE_CHARS_MAX)]
Ms = Annotated[int, Field(ge=0, le=MS_MAX)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Span = Annotated[float, Field(gt=0, le=SPAN_S_MAX, allow_inf_nan=False)]
Key = Annotated[str | None, Header(alias="Idempotency-Key", max_length=KEY_CHARS_MAX)]


class NoteBody(Body):
    """A note, which may be empty."""

    note: Text = ""


class RecoveringBody(Body):
    """The unit's note and its own estimate (ms)."""

    note: Text
    until: Ms | None = None


class DecideBody(Body):
    """A decision: text, addressee (path of a unit), follow-up (ms)."""

    text: Annotated[str, Field(min_length=1, max_length=NOTE_CHARS_MAX)]
    addressee: str
    followup: Ms


class JudgeBody(Body):
    """Whether the alert was useful."""

    useful: bool


class RebaseBody(Body):
    """The unit's new capability, in the series' unit."""

    capability: Positive


class Replays:
    """Answers already given, by seat and idempotency key: a repeated request gets the same one.

    Bounded, oldest go.
    """

    def __init__(self) -> None:
        """Start empty."""
        self._kept: OrderedDict[tuple[int, str], tuple[str, bytes]] = OrderedDict()

    def find(self, seat_id: int, key: str, path: str) -> bytes | None:
        """Give the answer that was given, None where the key is new.

        Raises:
            Conflict: the key was used for something else.
        """
        kept = self._kept.get((seat_id, key))
        if kept is None:
            return None
        if kept[0] != path:
            raise Conflict("This key was used for another act.", remedy="Take a new key.", code="key_reused")
        return kept[1]

    def keep(self, seat_id: int, key: str, path: str, body: bytes) -> None:
        """Remember an answer."""
        self._kept[(seat_id, key)] = (path, body)
        if len(self._kept) > KEYS_KEPT:
            self._kept.popitem(last=False)


class Desk:
    """One request to act: who, with which key, and the same answer for a repeated one."""

    def __init__(self, request: Request, room: RoomOf, caller: CallerOf, key: Key = None) -> None:
        """Filled by FastAPI for each request."""
        self.room: ApiRoom = room
        self.caller: Caller = caller
        self._key = key or secrets.token_hex(8)
        self._path = f"{request.method} {request.url.path}"
        self._replays: Replays = request.app.state.replays

    @property
    def replayed(self) -> Response | None:
        """The answer that this key got before."""
        body = self._replays.find(self.caller.seat.id, self._key, self._path)
        return None if body is None else Response(body, media_type=JSON_TYPE)

    @property
    def by(self) -> dict[str, Any]:
        """The part of an act that says who did it."""
        seat = self.caller.seat
        return {
            "person": seat.person,
            "seat_id": seat.id,
            "unit_id": seat.unit_id,
            "key": f"{seat.id}-{self._key}",
        }

    def worded(self, text: str, field: str) -> str:
        """Check the length of a text.

        Raises:
            Invalid: longer than `limits.note_chars`.
        """
        most = self.room.settings.limits.note_chars
        if len(text) > most:
            raise Invalid(
                f"{field} has {len(text)} characters.",
                remedy=f"Keep it to {most}.",
                code="text_too_long",
                field=field,
                limit=most,
            )
        return text.strip()

    async def alert(self, alert_id: str) -> Alert:
        """Give the alert, open or ended.

        Raises:
            NotFound: there is none, or none that this seat may see.
            AccessDenied: it is seen by an audit alone.
        """
        alert = self.room.view.alerts.get(alert_id)
        if alert is None:
            alert = await self.room.read(self.room.store.journal.alert, alert_id)
        unit_id = self.caller.seat.unit_id
        if alert is None or not self.room.view.sees(alert, unit_id):
            raise NotFound(
                "No such alert.", remedy="Read the wall again.", code="alert_unknown", alert=alert_id
            )
        if not may_see(alert, unit_id):
            raise AccessDenied(
                "An audit lets you read.", remedy="Leave acting to the unit.", code="audit_read_only"
            )
        return alert

    def series(self, series_id: int) -> Series:
        """Give a series of the seat's unit or below.

        Raises:
            NotFound: there is none.
        """
        catalog = self.room.catalog
        series = catalog.series.get(series_id)
        if series is None or not catalog.contains(self.caller.seat.unit_id, series.unit_id):
            raise NotFound("No such series.", remedy="List them.", code="series_unknown", series=series_id)
        return series

    async def do(self, act: AnyAct, alert: Alert | None = None, *, urgent: bool = False) -> Response:
        """Do it and answer with the alert after it."""
        edges = await self.room.act(act, urgent=urgent)
        return self.done({"alert": self._after(edges, alert), "changed": bool(edges)})

    async def each(self, acts: Sequence[AnyAct]) -> dict[str, OpsroomError | None]:
        """Do acts on alerts side by side, in one commit of the log as far as it goes.

        Gives the refusal of each by the alert's id.
        """
        told = await asyncio.gather(*(self.room.act(act) for act in acts), return_exceptions=True)
        outcomes: dict[str, OpsroomError | None] = {}
        for act, one in zip(acts, told, strict=True):
            if isinstance(one, BaseException) and not isinstance(one, OpsroomError):
                raise one
            outcomes[act.alert_id] = one if isinstance(one, OpsroomError) else None  # type: ignore[union-attr]
        return outcomes

    async def agree(self, changes: Sequence[AnyConfig]) -> None:
        """Sign changes of units and series that are the seat's own and make all durable."""
        seat = self.caller.seat
        by = Signature(person=seat.person, seat_id=seat.id, unit_id=seat.unit_id, at=self.room.view.at)
        signed = [
            msgspec.structs.replace(one, via=one.via or "seat", signed=by)
            if isinstance(one, UnitSet | SeriesSet)
            else one
            for one in changes
        ]
        await self.room.change(signed)

    def done(self, body: Any) -> Response:
        """Answer, and remember the answer."""
        text = encoded(body)
        self._replays.keep(self.caller.seat.id, self._key, self._path, text)
        return Response(text, media_type=JSON_TYPE)

    def _after(self, edges: list[Transition], alert: Alert | None) -> dict[str, Any] | None:
        view = self.room.view
        if edges:
            alert = edges[-1].alert
        elif alert is not None:
            alert = view.alerts.get(alert.id, alert)
        return None if alert is None else view.glance(self.caller.seat).alert_view(alert)


DeskOf = Annotated[Desk, Depends()]


def standing_elsewhere(room: ApiRoom, alert: Alert) -> AccessDenied:
    """Word that another seat acknowledges."""
    return AccessDenied(
        "The alert stands at another level, or the seat's role does not allow it.",
        remedy="An operator of the unit where it stands acknowledges.",
        code="not_your_level",
        standing=room.view.path_of(alert.standing.unit_id),
    )


def noting_elsewhere() -> AccessDenied:
    """Word that another unit notes."""
    return AccessDenied(
        "Only the unit concerned notes on its alert.", remedy="Ask its operator.", code="not_your_alert"
    )


@act_router.post(
    "/alerts/{alert_id}/acknowledge", summary="Seen, at the level where the alert stands; stops no clock"
)
async def acknowledge(alert_id: str, body: NoteBody, desk: DeskOf) -> Response:
    """Acknowledge; whoever comes second gets a conflict that names the first."""
    if (again := desk.replayed) is not None:
        return again
    alert = await desk.alert(alert_id)
    if not may_acknowledge(alert, desk.caller.seat):
        raise standing_elsewhere(desk.room, alert)
    return await desk.do(
        Acknowledge(alert_id=alert_id, note=desk.worded(body.note, "note"), **desk.by), alert
    )


@act_router.post("/alerts/{alert_id}/recovering", summary="The unit's note on its alert; moves no deadline")
async def recovering(alert_id: str, body: RecoveringBody, desk: DeskOf) -> Response:
    """Note what the unit does about it."""
    if (again := desk.replayed) is not None:
        return again
    alert = await desk.alert(alert_id)
    if not may_note(alert, desk.caller.seat):
        raise noting_elsewhere()
    until = None if body.until is None else body.until * MICROS_PER_MS
    note = desk.worded(body.note, "note")
    return await desk.do(Recovering(alert_id=alert_id, note=note, until=until, **desk.by), alert)


def addressee_of(room: ApiRoom, seat: Seat, path: str) -> Unit:
    """Give the unit at or below the seat's that a decision is addressed to.

    Raises:
        Invalid: there is none of that path.
    """
    unit = room.catalog.unit_at(path)
    if unit is None or not room.catalog.contains(seat.unit_id, unit.id):
        raise Invalid(
            f"There is no unit {path!r}.", remedy="Give its path.", code="unit_unknown", field="addressee"
        )
    return unit


@act_router.post("/alerts/{alert_id}/decide", summary="A decision at the top")
async def decide(alert_id: str, body: DecideBody, desk: DeskOf) -> Response:
    """Record text, addressee and follow-up; the addressee lies in the seat's own tree."""
    if (again := desk.replayed) is not None:
        return again
    room, seat = desk.room, desk.caller.seat
    alert = await desk.alert(alert_id)
    if not may_decide(alert, seat, room.catalog):
        raise AccessDenied(
            "Decisions are made at the top, by a council seat.",
            remedy="It climbs there in time.",
            code="not_at_the_top",
        )
    addressee = addressee_of(room, seat, body.addressee)
    followup = body.followup * MICROS_PER_MS
    if followup <= room.view.at:
        raise Invalid(
            "The follow-up has passed.", remedy="Choose a later time.", code="followup_past", field="followup"
        )
    text = desk.worded(body.text, "text")
    act = Decide(alert_id=alert_id, text=text, addressee_id=addressee.id, followup=followup, **desk.by)
    return await desk.do(act, alert)


@act_router.post(
    "/alerts/{alert_id}/judge", summary="Whether the alert was useful; moves the series' false-alarm budget"
)
async def judge(alert_id: str, body: JudgeBody, desk: DeskOf) -> Response:
    """Judge; a person's last word counts, also after the alert has recovered."""
    if (again := desk.replayed) is not None:
        return again
    alert = await desk.alert(alert_id)
    if not may_judge(alert, desk.caller.seat):
        raise AccessDenied(
            "Operators judge an alert where it stands, a council wherever it is seen.",
            remedy="Ask a seat that may.",
            code="judge_refused",
        )
    return await desk.do(Judge(alert_id=alert_id, useful=body.useful, **desk.by), alert)


@act_router.post(
    "/series/{series_id}/press", summary="An essential indicator pressed by hand, straight to the top"
)
async def press(series_id: int, body: NoteBody, desk: DeskOf) -> Response:
    """Press; it goes ahead of waiting telemetry."""
    if (again := desk.replayed) is not None:
        return again
    series = desk.series(series_id)
    if not may_press(desk.room.agreed.as_agreed(series), desk.caller.seat):
        raise AccessDenied(
            "Only an operator of the unit presses its essential indicators.",
            remedy="Agree the indicator as essential first.",
            code="press_refused",
        )
    act = Press(series_id=series_id, note=desk.worded(body.note, "note"), **desk.by)
    return await desk.do(act, urgent=True)


@act_router.post(
    "/series/{series_id}/rebase", summary="Confirm the unit's new capability: ends the alert as rebased"
)
async def rebase(series_id: int, body: RebaseBody, desk: DeskOf) -> Response:
    """Confirm, as the parent, what the unit can do from now on."""
    if (again := desk.replayed) is not None:
        return again
    series = desk.series(series_id)
    if not may_rebase(series, desk.caller.seat, desk.room.catalog):
        raise AccessDenied(
            "A new capability is confirmed by the parent's council.",
            remedy="Ask the level above.",
            code="rebase_refused",
        )
    return await desk.do(Rebase(series_id=series_id, capability=body.capability, **desk.by))
