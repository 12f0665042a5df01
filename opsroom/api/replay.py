"""How far back the room can be seen as it was known; what asks with `at` is answered by that room."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from opsroom.api.answers import answer
from opsroom.api.ports import CallerOf, Rewinding, room_of
from opsroom.view.cards import ms

replay_router = APIRouter(prefix="/api/v1", tags=["reading"])


@replay_router.get("/replay", summary="From when to when the room can be seen as it was known")
async def reach(request: Request, caller: CallerOf) -> Response:
    """Give `reaches` and `now` (ms); `reaches` is null where no past is kept."""
    del caller
    rewinds: Rewinding | None = request.app.state.rewinds
    reaches = None if rewinds is None else rewinds.reaches_ms
    return answer({"reaches": reaches, "now": ms(room_of(request).view.at)})
