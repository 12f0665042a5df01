"""What a seat may read: units, series, readings, alerts and the words of the screens."""

from __future__ import annotations

import asyncio
import gzip
from functools import cache
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response

from opsroom import words
from opsroom.api.answers import JSON_TYPE, answer, encoded
from opsroom.api.ports import ApiRoom, CallerOf, RoomOf
from opsroom.errors import NotFound
from opsroom.model import MICROS_PER_S, Alert, Transition
from opsroom.rights import concerns
from opsroom.seats import Seat
from opsroom.view.cards import judgements, ms
from opsroom.view.reading import may_read
from opsroom.view.scope import Scope

query_router = APIRouter(prefix="/api/v1", tags=["reading"])

MICROS_PER_MS: Final = 1_000
POINTS_DEFAULT: Final = 600
POINTS_MAX: Final = 5_000
MINUTE_US: Final = 60 * MICROS_PER_S
HOUR_US: Final = 60 * MINUTE_US
DAY_MS: Final = 86_400_000
MS_MAX: Final = 253_402_300_799_999

Ms = Annotated[int, Query(ge=0, le=MS_MAX)]
Points = Annotated[int, Query(ge=2, le=POINTS_MAX)]


@query_router.get("/units", summary="The seat's unit and all below, with aggregates")
async def units(room: RoomOf, caller: CallerOf) -> Response:
    """Give UnitViews, top first."""
    room.view.refresh(asyncio.get_running_loop().time())
    scope = room.view.glance(caller.seat)
    below = sorted(room.catalog.below(caller.seat.unit_id), key=lambda unit: (unit.depth, unit.path))
    below = [unit for unit in below if not unit.retired]
    return answer({"units": [{**scope.unit_view(unit), "parent_id": unit.parent_id} for unit in below]})


@query_router.get("/series", summary="Series whose readings the seat may see, of its unit or of one below")
async def series(room: RoomOf, caller: CallerOf, unit: str | None = None) -> Response:
    """Give SeriesViews: the unit's own, and below those with an alert that has climbed here."""
    scope = room.view.glance(caller.seat, _unit_id(room, caller.seat, unit))
    shown = scope.series_views(scope.slots())
    inside = {below.path for below in room.catalog.below(scope.focus_id)}
    given = [one for one in shown if one["unit_path"] in inside]
    room.view.looked(caller.seat, [room.catalog.series[one["id"]] for one in given])
    return answer({"series": given})


@query_router.get(
    "/series/{series_id}/budget", summary="Expected false alarms a week, and how the figure came about"
)
async def budget(series_id: int, room: RoomOf, caller: CallerOf) -> Response:
    """Give the present budget, the setting it started from, and who judged which alert."""
    may_read(room.view, caller.seat, series_id)
    found = room.budget(room.catalog.series[series_id])
    return answer(
        {
            "per_week": found.per_week,
            "usual": found.usual,
            "useful": found.useful,
            "useless": found.useless,
            "verdicts": [
                {
                    "alert": verdict.alert_id,
                    "raised": ms(verdict.raised),
                    "sign": verdict.sign,
                    "judgements": judgements(room.catalog.units, verdict.judgements),
                }
                for verdict in found.verdicts
            ],
        }
    )


@query_router.get("/alerts", summary="Alerts the seat may see, open or also ended")
async def alerts(
    room: RoomOf,
    caller: CallerOf,
    *,
    only_open: Annotated[bool, Query(alias="open")] = True,
    since: Ms | None = None,
    unit: str | None = None,
) -> Response:
    """Give AlertViews: open ones worst first; of a `unit` below and its own below, or all.

    With `open=0` also ended ones, newest first, raised from `since` (ms) on.
    """
    scope = room.view.glance(caller.seat, _unit_id(room, caller.seat, unit))
    below = [one.id for one in room.catalog.below(scope.focus_id)]
    if only_open:
        listed = [one for one in scope.standing().all() if one.unit_id in below]
        return _told(room, caller.seat, scope, listed)
    rows = await room.read(
        room.store.journal.alerts,
        unit_ids=below,
        since=None if since is None else since * MICROS_PER_MS,
        limit=room.settings.limits.journal_page,
    )
    seen = [alert for alert in rows if room.view.sees(alert, caller.seat.unit_id)]
    return _told(room, caller.seat, scope, seen)


def _told(room: ApiRoom, seat: Seat, scope: Scope, alerts: list[Alert]) -> Response:
    known = room.catalog.series
    audited = [one for one in alerts if not concerns(one, seat.unit_id)]
    room.view.looked(seat, [known[one.series_id] for one in audited if one.series_id in known])
    return answer({"alerts": [scope.alert_view(alert) for alert in alerts]})


@query_router.get("/alerts/{alert_id}", summary="One alert with its journal")
async def alert(alert_id: str, room: RoomOf, caller: CallerOf) -> Response:
    """Give the AlertView and every edge of its life."""
    found = await room.read(room.store.journal.alert, alert_id)
    current = room.view.alerts.get(alert_id, found)
    if current is None or not room.view.sees(current, caller.seat.unit_id):
        raise NotFound("No such alert.", remedy="Read the wall again.", code="alert_unknown", alert=alert_id)
    if not concerns(current, caller.seat.unit_id) and current.series_id in room.catalog.series:
        room.view.looked(caller.seat, [room.catalog.series[current.series_id]])
    edges = await room.read(room.store.journal.edges, alert_id)
    view = room.view.glance(caller.seat).alert_view(current)
    return answer({"alert": view, "edges": [_edge(edge) for edge in edges]})


def _edge(edge: Transition) -> dict[str, Any]:
    return {
        "at": ms(edge.at),
        "verb": edge.verb,
        "actor": edge.actor,
        "level": edge.alert.level,
        "kind": edge.alert.kind,
        "params": edge.params,
    }


@query_router.get("/words/{lang}", summary="All texts of the room in one language, by code")
async def texts(lang: str, request: Request) -> Response:
    """Give code -> text; open to all, since the sign-in page speaks too. As gzip to whoever takes it."""
    if lang not in words.languages():
        raise NotFound(
            f"No words in {lang!r}.", remedy="Use one of those offered.", code="language_unknown", lang=lang
        )
    plain, squeezed = _texts(lang)
    takes = "gzip" in request.headers.get("accept-encoding", "")
    headers = {"content-language": lang, "vary": "Accept-Encoding"}
    if takes:
        headers["content-encoding"] = "gzip"
    return Response(squeezed if takes else plain, media_type=JSON_TYPE, headers=headers)


@cache
def _texts(lang: str) -> tuple[bytes, bytes]:
    """Give the texts as JSON, plain and as gzip: those of the installed room, alike for everybody."""
    plain = encoded(dict(words.catalogue(lang)))
    return plain, gzip.compress(plain, mtime=0)


def _unit_id(room: ApiRoom, seat: Seat, path: str | None) -> int:
    """Give the id of a unit by path, the seat's own without one.

    Raises:
        NotFound: no unit of that path.
    """
    if path is None:
        return seat.unit_id
    unit = room.catalog.unit_at(path)
    if unit is None:
        raise NotFound("No such unit.", remedy="List them.", code="unit_unknown", unit=path)
    return unit.id
