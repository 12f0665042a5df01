"""Signing in and out."""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from opsroom.access import Caller
from opsroom.api.answers import answer
from opsroom.api.ports import COOKIE, ApiRoom, CallerOf, RoomOf

session_router = APIRouter(prefix="/api/v1", tags=["session"])

NAME_CHARS_MAX: Final = 200
PASSWORD_CHARS_MAX: Final = 1_000
SECONDS_AN_HOUR: Final = 3_600


class Body(BaseModel):
    """A request body: unknown fields are refused, so that a typing mistake is found."""

    model_config = ConfigDict(extra="forbid")


class SignIn(Body):
    """Person and password."""

    person: str = Field(max_length=NAME_CHARS_MAX)
    password: str = Field(max_length=PASSWORD_CHARS_MAX)


def told(room: ApiRoom, caller: Caller) -> dict[str, Any]:
    """Say who is signed in, with the session's CSRF token and the limits a page keeps to."""
    return {
        "person": caller.seat.person,
        "role": caller.seat.role,
        "unit": room.view.path_of(caller.seat.unit_id),
        "seat_id": caller.seat.id,
        "kiosk": caller.seat.id < 0,
        "csrf": caller.session.csrf,
        "limits": {
            "shelve_s": room.settings.limits.shelve_s_max,
            "acknowledge": room.settings.limits.acknowledge_max,
            "note_chars": room.settings.limits.note_chars,
        },
    }


@session_router.post("/session", summary="Sign in: sets the session cookie, gives the CSRF token")
async def sign_in(request: Request, body: SignIn, room: RoomOf) -> Response:
    """Check the password; every try counts against the address's limit."""
    address = request.client.host if request.client else ""
    secret, caller = await room.access.sign_in(body.person, body.password, address)
    hours = room.settings.limits.sessions_hours
    return seated(answer(told(room, caller)), secret, hours * SECONDS_AN_HOUR)


def seated(response: Response, secret: str, life_s: float) -> Response:
    """Give `response` with the session's cookie on it."""
    # Browsers take a Secure cookie of the __Host- kind from http://127.0.0.1 and http://localhost too; beyond
    # loopback the room serves TLS only.
    response.set_cookie(
        COOKIE,
        secret,
        max_age=round(life_s),
        path="/",
        secure=True,
        httponly=True,
        samesite="strict",
    )
    return response


@session_router.get("/session", summary="Who is signed in, and the CSRF token again")
async def session(room: RoomOf, caller: CallerOf) -> Response:
    """Give person, role, unit and CSRF token."""
    return answer(told(room, caller))


@session_router.delete("/session", summary="Sign out")
async def sign_out(room: RoomOf, caller: CallerOf) -> Response:
    """End the session at once, on every screen that uses it."""
    await room.access.sign_out(caller)
    response = answer({})
    response.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="strict")
    return response
