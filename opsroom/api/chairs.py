"""What the chairs press: the nine buttons of an armrest, and the floor."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Response
from pydantic import Field

from opsroom.acts import Armrest, Shows, TakeFloor
from opsroom.api.acts import Desk, DeskOf
from opsroom.api.answers import answer
from opsroom.api.ports import CallerOf, RoomOf
from opsroom.api.session import Body
from opsroom.errors import AccessDenied, Invalid, NotFound
from opsroom.rights import may_sit
from opsroom.view.reading import may_read

chair_router = APIRouter(prefix="/api/v1", tags=["chairs"])

ID_CHARS_MAX: Final = 1_000
NAVIGATING: Final = frozenset("45678")


class ShowsBody(Body):
    """An entry of the index by its id (a unit by its path), marked there or opened."""

    kind: Literal["", "series", "alert", "unit"] = ""
    id: Annotated[str, Field(max_length=ID_CHARS_MAX)] = ""
    opened: bool = False


class ArmrestBody(Body):
    """The button, and for 4-8 what the pane shows after it."""

    button: Literal["0", "1", "2", "3", "4", "5", "6", "7", "8"]
    shows: ShowsBody = ShowsBody()


class FloorBody(Body):
    """Whether the seat begins to speak, or has ended."""

    speaks: bool


@chair_router.get("/chairs", summary="Panes, the last press and who speaks, of the seat's unit")
async def chairs(room: RoomOf, caller: CallerOf) -> Response:
    """Give what the feed tells the screens of the unit."""
    return answer(room.view.chairs.told(caller.seat.unit_id))


@chair_router.post("/chairs/armrest", summary="A press on an armrest; the last one wins")
async def armrest(body: ArmrestBody, desk: DeskOf) -> Response:
    """Take a pane (1-3), navigate in the one in hand (4-8), or lead it back to the index (0)."""
    if (again := desk.replayed) is not None:
        return again
    _seated(desk)
    shows = await _open(body.shows, desk) if body.button in NAVIGATING else Shows()
    await desk.room.act(Armrest(button=body.button, shows=shows, **desk.by), urgent=True)
    return _done(desk)


@chair_router.post("/chairs/floor", summary="Take the floor, or leave it; the last one who takes it speaks")
async def floor(body: FloorBody, desk: DeskOf) -> Response:
    """Begin to speak: whoever follows the speaker sees what he opens, as far as it is open to him too."""
    if (again := desk.replayed) is not None:
        return again
    _seated(desk)
    await desk.room.act(TakeFloor(speaks=body.speaks, **desk.by), urgent=True)
    return _done(desk)


def _seated(desk: Desk) -> None:
    if not may_sit(desk.caller.seat):
        raise AccessDenied(
            "Who observes has no armrest.", remedy="Sit down as an operator or council.", code="chair_refused"
        )


def _done(desk: Desk) -> Response:
    told: dict[str, Any] = desk.room.view.chairs.told(desk.caller.seat.unit_id)
    return desk.done(told)


async def _open(body: ShowsBody, desk: Desk) -> Shows:
    """Check that the seat may open what it puts into a pane.

    Raises:
        NotFound: there is none such, or not for this seat.
        AccessDenied: it is below, and autonomy keeps it.
        Invalid: the id of a series is no number.
    """
    room, seat = desk.room, desk.caller.seat
    if body.kind == "series":
        if not body.id.isascii() or not body.id.isdigit():
            raise Invalid("A series has a number.", remedy="Give it.", code="series_unknown", field="id")
        may_read(room.view, seat, int(body.id))
    elif body.kind == "alert":
        await desk.alert(body.id)
    elif body.kind == "unit":
        unit = room.catalog.unit_at(body.id)
        if unit is None or not room.catalog.contains(seat.unit_id, unit.id):
            raise NotFound("No such unit.", remedy="A seat sees those below.", code="unit_unknown")
        return Shows(kind="unit", id=unit.path, opened=body.opened)
    return Shows(kind=body.kind, id=body.id if body.kind else "", opened=body.opened)
