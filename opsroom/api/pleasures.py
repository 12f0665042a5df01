"""Good news: indicators that got better, for their own unit, and for the one above where it is offered."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Response

from opsroom.api.acts import DeskOf
from opsroom.api.answers import answer
from opsroom.api.ports import CallerOf, RoomOf
from opsroom.api.session import Body
from opsroom.errors import AccessDenied, NotFound
from opsroom.records import Offer
from opsroom.rights import knows_pleasure, may_offer

pleasure_router = APIRouter(prefix="/api/v1", tags=["good news"])

ID_CHARS_MAX: Final = 64


class OfferBody(Body):
    """Nothing has to be said."""


@pleasure_router.get("/pleasures", summary="Good news of the seat's unit, and what was offered to it")
async def pleasures(room: RoomOf, caller: CallerOf) -> Response:
    """Give it newest first, older than the room shows too."""
    limit = room.settings.limits.journal_page
    rows = await room.read(room.store.journal.pleasures, caller.seat.unit_id, limit)
    return answer({"pleasures": [room.view.pleasures.row(one, caller.seat) for one in rows]})


@pleasure_router.post("/pleasures/{pleasure_id}/offer", summary="Offer good news to the unit above")
async def offer(pleasure_id: str, body: OfferBody, desk: DeskOf) -> Response:
    """Offer it; an operator or the council of its own unit does, and the unit above sees it from then on."""
    if (again := desk.replayed) is not None:
        return again
    del body
    room, seat = desk.room, desk.caller.seat
    known = await room.read(room.store.journal.pleasure, pleasure_id[:ID_CHARS_MAX])
    if known is None or not knows_pleasure(known, seat.unit_id):
        raise NotFound("No such good news.", remedy="List them.", code="pleasure_unknown")
    if not may_offer(known, seat):
        raise AccessDenied(
            "It is offered by the unit itself.", remedy="Leave it to the unit.", code="pleasure_refused"
        )
    await room.act(Offer(pleasure_id=known.id, **desk.by))
    after = await room.read(room.store.journal.pleasure, known.id)
    return desk.done({"pleasure": room.view.pleasures.row(after or known, seat)})
