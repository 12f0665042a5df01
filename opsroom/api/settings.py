"""What the wall of settings does: units, seats, tokens and dismissed series, each by whoever may.

Units and series change through the log and keep their versions; who may come in stands in the access rows,
and every change of it in the log as an act. Secrets are given once, in the answer that made them.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Annotated, Any, Final

from fastapi import APIRouter, Response
from pydantic import Field

from opsroom.api.acts import Desk, DeskOf
from opsroom.api.answers import answer
from opsroom.api.ports import ApiRoom, CallerOf, RoomOf
from opsroom.api.session import Body
from opsroom.aside import Aside
from opsroom.drill import rehearses
from opsroom.errors import AccessDenied, Conflict, NotFound
from opsroom.founding import bring_back, found, retire, revive, set_aside
from opsroom.model import Role
from opsroom.records import Entrusted
from opsroom.rights import may_adopt, may_entrust, may_found, may_rename, may_seat
from opsroom.view.cards import ms

if TYPE_CHECKING:
    from opsroom.model import Micros, Unit
    from opsroom.seats import PlantToken, Seat

settings_router = APIRouter(prefix="/api/v1", tags=["settings"])

ID_CHARS: Final = 16
PASSWORD_BYTES: Final = 12
JOURNAL_ROWS: Final = 100
LIFE_S_MAX: Final = 10 * 366 * 86_400.0

Name = Annotated[str, Field(min_length=1, max_length=100)]
Life = Annotated[float, Field(gt=0, le=LIFE_S_MAX, allow_inf_nan=False)]


class UnitBody(Body):
    """A unit below `parent` (path); `part` is the last part of its path, made of the name where left out."""

    parent: str
    name: Name
    part: Annotated[str, Field(max_length=100)] = ""
    level_name: Annotated[str, Field(max_length=100)] = ""


class TokenBody(Body):
    """A token for the unit (path) and all below it; it ends after `life_s`, where that is said."""

    unit: str
    name: Annotated[str, Field(max_length=100)] = ""
    life_s: Life | None = None


class SeatBody(Body):
    """A seat: who, at which unit (path), in which role."""

    person: Annotated[str, Field(min_length=1, max_length=200)]
    unit: str
    role: Role


class SeatChange(Body):
    """Where a seat belongs from now on, and what it may."""

    unit: str
    role: Role


@settings_router.get("/settings", summary="Units, seats and tokens of the seat's unit and below")
async def read_settings(room: RoomOf, caller: CallerOf) -> Response:
    """Give what is there, what the seat may do about each, and who lately let whom in."""
    seat, catalog = caller.seat, room.catalog
    below = sorted(catalog.below(seat.unit_id), key=lambda unit: unit.path)
    inside = {unit.id for unit in below}
    found = await room.read(room.store.journal.acts_of, "entrusted", JOURNAL_ROWS)
    now = room.access.now()
    tokens = [one for one in room.access.tokens() if one.unit_id in inside]
    dismissed = [
        one
        for unit in below
        for one in catalog.series_of(unit.id)
        if one.aside is Aside.DISMISSED and may_adopt(one, seat, catalog)
    ]
    body = {
        "units": [_unit(room, unit, seat) for unit in below],
        "seats": [_seat(room, one, seat) for one in room.access.seats() if one.unit_id in inside],
        "tokens": [_token(room, one, seat, now) for one in sorted(tokens, key=lambda one: -one.at)],
        "dismissed": [{"id": one.id, "path": catalog.series_path(one.id)} for one in dismissed],
        "roles": list(Role),
        "may_seat": may_seat(seat.unit_id, seat, catalog),
        "journal": [_entry(room, at, act) for _, at, act in found if _concerns(act, inside)],
    }
    return answer(body)


# -- units and series -------------------------------------------------------------------------------


@settings_router.post("/units", summary="Make a unit")
async def make_unit(body: UnitBody, desk: DeskOf) -> Response:
    """Make it; tokens, seats and series may be given to it at once."""
    if (again := desk.replayed) is not None:
        return again
    catalog = desk.room.catalog
    parent = _unit_at(desk, body.parent)
    if not may_found(parent.id, desk.caller.seat, catalog):
        raise _refused_unit()
    change = found(catalog, parent, body.name, body.part, body.level_name)
    catalog.apply(change)  # at once, so that nobody else is given the id meanwhile
    await desk.agree([change])
    return desk.done({"unit": _unit(desk.room, change.unit, desk.caller.seat)})


@settings_router.post("/units/{unit_id}/retire", summary="Retire a unit and all below it; nothing is deleted")
async def retire_unit(unit_id: int, desk: DeskOf) -> Response:
    """Retire it: senders are cut off, its alerts end, no screen shows it; history stays."""
    if (again := desk.replayed) is not None:
        return again
    await desk.agree(retire(desk.room.catalog, _below_mine(desk, unit_id)))
    return desk.done({"unit": _unit(desk.room, desk.room.catalog.units[unit_id], desk.caller.seat)})


@settings_router.post("/units/{unit_id}/revive", summary="Bring a retired unit and all below it back")
async def revive_unit(unit_id: int, desk: DeskOf) -> Response:
    """Bring it back; its tokens are good again."""
    if (again := desk.replayed) is not None:
        return again
    await desk.agree(revive(desk.room.catalog, _below_mine(desk, unit_id)))
    return desk.done({"unit": _unit(desk.room, desk.room.catalog.units[unit_id], desk.caller.seat)})


@settings_router.post("/series/{series_id}/dismiss", summary="Set a series aside that nobody wants to adopt")
async def dismiss(series_id: int, desk: DeskOf) -> Response:
    """Dismiss it: it waits for nobody and raises nothing; what is sent is stored all the same."""
    return await _sorted(series_id, desk, aside=True)


@settings_router.post("/series/{series_id}/bring-back", summary="Let a dismissed series wait again")
async def undismiss(series_id: int, desk: DeskOf) -> Response:
    """Bring it back."""
    return await _sorted(series_id, desk, aside=False)


async def _sorted(series_id: int, desk: Desk, *, aside: bool) -> Response:
    if (again := desk.replayed) is not None:
        return again
    series = desk.series(series_id)
    if not may_adopt(series, desk.caller.seat, desk.room.catalog):
        raise AccessDenied(
            "Series are adopted by the unit's council.", remedy="Ask its seat.", code="adopt_refused"
        )
    await desk.agree(set_aside(series) if aside else bring_back(series))
    return desk.done({"series_id": series_id, "aside": desk.room.catalog.series[series_id].aside})


# -- tokens -----------------------------------------------------------------------------------------


@settings_router.post("/tokens", summary="Make a token for plants; its secret is given this once")
async def make_token(body: TokenBody, desk: DeskOf) -> Response:
    """Make it. A repeated request makes no second one, and is not told the secret again."""
    if (again := desk.replayed) is not None:
        return again
    unit, seat = _unit_at(desk, body.unit), desk.caller.seat
    if not may_entrust(unit.id, seat, desk.room.catalog):
        raise _refused_token()
    name = desk.worded(body.name, "name") or unit.name
    secret = await desk.room.access.make_token(unit.id, name, body.life_s)
    await _note(desk, "token_made", name, unit.id)
    desk.done({"name": name, "unit": unit.path})
    return answer({"name": name, "unit": unit.path, "token": secret})


@settings_router.post("/tokens/{token_id}/revoke", summary="Revoke a token: whoever uses it is cut off")
async def revoke_token(token_id: str, desk: DeskOf) -> Response:
    """Revoke it; its connections are closed within a second."""
    if (again := desk.replayed) is not None:
        return again
    room, seat = desk.room, desk.caller.seat
    token = next((one for one in room.access.tokens() if one.token_hash[:ID_CHARS] == token_id), None)
    if token is None or not room.catalog.contains(seat.unit_id, token.unit_id):
        raise NotFound("No such token.", remedy="List them.", code="token_unknown")
    if not may_entrust(token.unit_id, seat, room.catalog):
        raise _refused_token()
    await room.access.revoke(token.token_hash)
    await _note(desk, "token_revoked", token.name, token.unit_id)
    return desk.done({"id": token_id})


# -- seats ------------------------------------------------------------------------------------------


@settings_router.post("/seats", summary="Make a seat; its password is given this once")
async def make_seat(body: SeatBody, desk: DeskOf) -> Response:
    """Make it with a random password. A repeated request is not told it again."""
    if (again := desk.replayed) is not None:
        return again
    unit = _seating(desk, _unit_at(desk, body.unit).id)
    password = secrets.token_urlsafe(PASSWORD_BYTES)
    made = await desk.room.access.make_seat(body.person.strip(), body.role, unit.id, password)
    await _note(desk, "seat_made", made.person, unit.id, made.role)
    shown = {"seat": _seat(desk.room, made, desk.caller.seat)}
    desk.done(shown)
    return answer({**shown, "password": password})


@settings_router.post("/seats/{seat_id}", summary="Give a seat another role or unit")
async def alter_seat(seat_id: int, body: SeatChange, desk: DeskOf) -> Response:
    """Alter it; open screens of it show what it may from now on."""
    if (again := desk.replayed) is not None:
        return again
    other = _other(desk, seat_id)
    unit = _seating(desk, _unit_at(desk, body.unit).id)
    altered = await desk.room.access.alter_seat(other.id, body.role, unit.id)
    await _note(desk, "seat_altered", altered.person, unit.id, altered.role)
    return desk.done({"seat": _seat(desk.room, altered, desk.caller.seat)})


@settings_router.post("/seats/{seat_id}/password", summary="Give a seat a new password, told this once")
async def new_password(seat_id: int, desk: DeskOf) -> Response:
    """Replace it; who sits there signs in with it from now on."""
    if (again := desk.replayed) is not None:
        return again
    other = _other(desk, seat_id)
    password = secrets.token_urlsafe(PASSWORD_BYTES)
    await desk.room.access.new_password(other.id, password)
    await _note(desk, "seat_password", other.person, other.unit_id, other.role)
    shown = {"seat": _seat(desk.room, other, desk.caller.seat)}
    desk.done(shown)
    return answer({**shown, "password": password})


@settings_router.post("/seats/{seat_id}/remove", summary="Take a seat away: its sessions end at once")
async def remove_seat(seat_id: int, desk: DeskOf) -> Response:
    """Remove it; what it did stays in the journal under its name."""
    if (again := desk.replayed) is not None:
        return again
    other = _other(desk, seat_id)
    await desk.room.access.remove_seat(other.id)
    await _note(desk, "seat_removed", other.person, other.unit_id, other.role)
    return desk.done({"seat_id": seat_id})


# -- what a seat may --------------------------------------------------------------------------------


def _unit_at(desk: Desk, path: str) -> Unit:
    unit = desk.room.catalog.unit_at(path.strip("/"))
    return desk.room.view.unit(0 if unit is None else unit.id, desk.caller.seat)


def _below_mine(desk: Desk, unit_id: int) -> Unit:
    unit = desk.room.view.known(unit_id, desk.caller.seat)
    if unit.parent_id is not None and not may_found(unit.parent_id, desk.caller.seat, desk.room.catalog):
        raise _refused_unit()
    return unit


def _seating(desk: Desk, unit_id: int) -> Unit:
    if not may_seat(unit_id, desk.caller.seat, desk.room.catalog):
        raise AccessDenied(
            "Seats are given by an admin of the unit or above.", remedy="Ask one.", code="seat_refused"
        )
    return desk.room.catalog.units[unit_id]


def _other(desk: Desk, seat_id: int) -> Seat:
    """Give a seat that is altered: never one's own, or nobody might be left to give any."""
    mine = desk.caller.seat
    found = next((one for one in desk.room.access.seats() if one.id == seat_id), None)
    if found is None or not desk.room.catalog.contains(mine.unit_id, found.unit_id):
        raise NotFound("No such seat.", remedy="List them.", code="seat_unknown", seat=seat_id)
    _seating(desk, found.unit_id)
    if found.id == mine.id:
        raise Conflict("This is your own seat.", remedy="Ask another admin.", code="seat_own")
    return found


def _refused_unit() -> AccessDenied:
    return AccessDenied(
        "Units are made and retired by the council of the unit above, or an admin above.",
        remedy="Ask its seat.",
        code="unit_refused",
    )


def _refused_token() -> AccessDenied:
    return AccessDenied(
        "Tokens are given by the unit's council, or an admin above.",
        remedy="Ask its seat.",
        code="token_refused",
    )


async def _note(desk: Desk, did: Any, subject: str, unit_id: int, role: str = "") -> None:
    """Let the log know who let whom in, or no more."""
    await desk.room.act(Entrusted(did=did, subject=subject, of_unit=unit_id, role=str(role), **desk.by))


# -- what is told -----------------------------------------------------------------------------------


def _unit(room: ApiRoom, unit: Unit, seat: Seat) -> dict[str, Any]:
    catalog = room.catalog
    above = unit.parent_id
    return {
        "id": unit.id,
        "path": unit.path,
        "name": unit.name,
        "level_name": unit.level_name,
        "retired": unit.retired,
        "depth": unit.depth,
        "series": sum(one.adopted and not rehearses(one) for one in catalog.series_of(unit.id)),
        "may_rename": may_rename(unit.id, seat, catalog),
        "may_found": may_found(unit.id, seat, catalog) and not unit.retired,
        "may_retire": above is not None and may_found(above, seat, catalog),
        "may_entrust": may_entrust(unit.id, seat, catalog) and not unit.retired,
    }


def _seat(room: ApiRoom, one: Seat, seat: Seat) -> dict[str, Any]:
    return {
        "id": one.id,
        "person": one.person,
        "role": one.role,
        "unit": room.view.path_of(one.unit_id),
        "unit_name": _name(room, one.unit_id),
        "present": one.id in room.view.present,
        "mine": one.id == seat.id,
        "may_alter": one.id != seat.id and may_seat(one.unit_id, seat, room.catalog),
    }


def _token(room: ApiRoom, one: PlantToken, seat: Seat, now: Micros) -> dict[str, Any]:
    return {
        "id": one.token_hash[:ID_CHARS],
        "name": one.name,
        "unit": room.view.path_of(one.unit_id),
        "unit_name": _name(room, one.unit_id),
        "at": ms(one.at),
        "expires": ms(one.expires),
        "expired": one.expires is not None and one.expires <= now,
        "may_revoke": may_entrust(one.unit_id, seat, room.catalog),
    }


def _concerns(act: Any, inside: set[int]) -> bool:
    return isinstance(act, Entrusted) and act.of_unit in inside


def _entry(room: ApiRoom, at: Micros, act: Any) -> dict[str, Any]:
    return {
        "at": ms(at),
        "person": act.person,
        "did": act.did,
        "subject": act.subject,
        "unit": room.view.path_of(act.of_unit),
        "unit_name": _name(room, act.of_unit),
        "role": act.role,
    }


def _name(room: ApiRoom, unit_id: int) -> str:
    unit = room.catalog.units.get(unit_id)
    return "" if unit is None else unit.name
