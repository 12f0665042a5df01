"""Wall screens: made by who may, opened once with a code, watched only, ended by hand or by time."""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter, Request, Response
from pydantic import Field

from opsroom.api.answers import answer
from opsroom.api.ports import ApiRoom, CallerOf, RoomOf
from opsroom.api.session import Body, seated, told
from opsroom.errors import AccessDenied, Invalid, NotFound
from opsroom.rights import may_hang
from opsroom.seats import Kiosk, Seat

kiosk_router = APIRouter(prefix="/api/v1", tags=["wall screens"])

NAME_CHARS_MAX: Final = 100
CODE_CHARS_MAX: Final = 100
SECONDS_A_DAY: Final = 86_400


class NewKiosk(Body):
    """What a wall screen is called, where it belongs and how long it lives."""

    name: str = Field(min_length=1, max_length=NAME_CHARS_MAX)
    unit: str | None = None
    days: float = Field(30.0, gt=0)


class Code(Body):
    """The one-time code of the link."""

    code: str = Field(max_length=CODE_CHARS_MAX)


@kiosk_router.post("/kiosk", summary="Exchange a wall screen's one-time code for its watch-only cookie")
async def open_kiosk(request: Request, body: Code, room: RoomOf) -> Response:
    """Take the code; it works once, and every try counts against the address's limit."""
    address = request.client.host if request.client else ""
    secret, caller, kiosk = await room.access.open_kiosk(body.code, address)
    life_s = (kiosk.until - (kiosk.opened_at or 0)) / 1_000_000
    return seated(answer(told(room, caller)), secret, life_s)


@kiosk_router.get("/kiosks", summary="The wall screens that this seat may make and revoke")
async def kiosks(room: RoomOf, caller: CallerOf) -> Response:
    """Give them, ended ones too, newest first."""
    mine = [one for one in room.access.kiosks.all() if may_hang(one.unit_id, caller.seat, room.catalog)]
    return answer({"kiosks": [_row(room, one) for one in reversed(mine)]})


@kiosk_router.post("/kiosks", summary="Make a wall screen: gives its one-time code, this once")
async def new_kiosk(body: NewKiosk, room: RoomOf, caller: CallerOf) -> Response:
    """Make one for the seat's unit or one below it."""
    limits, seat = room.settings.limits, caller.seat
    if body.days > limits.kiosk_days_max:
        raise Invalid(
            "No wall screen lives so long.", remedy=f"At most {limits.kiosk_days_max:g} days.", field="days"
        )
    unit_id = seat.unit_id if body.unit is None else _unit_named(room, body.unit)
    _check(room, unit_id, seat)
    life_s, code_s = body.days * SECONDS_A_DAY, limits.kiosk_code_s
    code, kiosk = await room.access.kiosks.make(unit_id, body.name, seat.person, life_s=life_s, code_s=code_s)
    return answer({**_row(room, kiosk), "code": code, "code_until": kiosk.code_until}, 201)


@kiosk_router.delete("/kiosks/{kiosk_id}", summary="Revoke a wall screen; it sees nothing from then on")
async def revoke_kiosk(kiosk_id: int, room: RoomOf, caller: CallerOf) -> Response:
    """End it before its time."""
    kiosk = next((one for one in room.access.kiosks.all() if one.id == kiosk_id), None)
    if kiosk is None:
        raise NotFound("No such wall screen.", remedy="List them.", code="kiosk_unknown")
    _check(room, kiosk.unit_id, caller.seat)
    return answer(_row(room, await room.access.kiosks.revoke(kiosk_id, caller.seat.person)))


def _unit_named(room: ApiRoom, path: str) -> int:
    found = next((unit.id for unit in room.catalog.units.values() if unit.path == path), None)
    if found is None:
        raise NotFound("No such unit.", remedy="A seat sees its own unit and below.", code="unit_unknown")
    return found


def _check(room: ApiRoom, unit_id: int, seat: Seat) -> None:
    if not may_hang(unit_id, seat, room.catalog):
        raise AccessDenied(
            "Wall screens are made by the unit's council.", remedy="Ask its seat.", code="kiosk_refused"
        )


def _row(room: ApiRoom, kiosk: Kiosk) -> dict[str, Any]:
    return {
        "id": kiosk.id,
        "name": kiosk.name,
        "unit": room.view.path_of(kiosk.unit_id),
        "until": kiosk.until,
        "made_by": kiosk.made_by,
        "made_at": kiosk.made_at,
        "opened_at": kiosk.opened_at,
        "revoked_by": kiosk.revoked_by,
        "revoked_at": kiosk.revoked_at,
    }
