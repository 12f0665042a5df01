"""What a seat may read: units, series, readings, alerts and the words of the screens."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Final

import numpy as np
from fastapi import APIRouter, Query, Response
from numpy.typing import NDArray

from opsroom import words
from opsroom.api.answers import answer
from opsroom.api.ports import ApiRoom, CallerOf, RoomOf
from opsroom.errors import Invalid, NotFound
from opsroom.model import MICROS_PER_S, Alert, Transition
from opsroom.rights import concerns
from opsroom.seats import Seat
from opsroom.store import Buckets
from opsroom.view.cards import judgements, ms
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
    "/series/{series_id}/readings", summary="History of a series, thinned to a number of points"
)
async def readings(
    series_id: int,
    room: RoomOf,
    caller: CallerOf,
    since: Annotated[Ms | None, Query(alias="from")] = None,
    until: Annotated[Ms | None, Query(alias="to")] = None,
    points: Points = POINTS_DEFAULT,
) -> Response:
    """Give t (ms) and v from `from` up to, not including, `to`.

    All readings where they fit, else lowest and highest of equal spans.

    Default is the day up to now. Expected bands are not stored, so there are no `low` and `high`.
    """
    room.view.may_read(series_id, caller.seat)
    end = until if until is not None else room.view.at // MICROS_PER_MS + 1
    start = since if since is not None else max(0, end - DAY_MS)
    if start >= end:
        raise Invalid("The range is empty.", remedy="Give from before to.", code="range_empty", field="from")
    t_from, t_to = start * MICROS_PER_MS, end * MICROS_PER_MS
    found = await room.read(room.store.readings.read, series_id, t_from, t_to, points + 1)
    if len(found) <= points:
        return answer({"t": (found.t // MICROS_PER_MS).tolist(), "v": found.v.tolist(), "thinned_s": None})
    width = span_us(t_to - t_from, points)
    buckets = await room.read(room.store.readings.buckets, [series_id], t_from, t_to, width)
    t, v = extremes(buckets, width)
    return answer({"t": (t // MICROS_PER_MS).tolist(), "v": v.tolist(), "thinned_s": width / MICROS_PER_S})


@query_router.get(
    "/series/{series_id}/budget", summary="Expected false alarms a week, and how the figure came about"
)
async def budget(series_id: int, room: RoomOf, caller: CallerOf) -> Response:
    """Give the present budget, the setting it started from, and who judged which alert."""
    room.view.may_read(series_id, caller.seat)
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


def span_us(range_us: int, points: int) -> int:
    """Give a bucket width of which at most points / 2 - 1 cover the range.

    Whole minutes or hours, so that rollups serve.

    >>> span_us(3_600_000_000, 600) / 1e6, span_us(86_400_000_000, 600) / 1e6
    (12.040134, 300.0)
    """
    width = -(-range_us // max(1, points // 2 - 1))
    for unit in (HOUR_US, MINUTE_US):
        if width >= unit:
            return -(-width // unit) * unit
    return max(1, width)


def extremes(buckets: Buckets, width_us: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Give two points a bucket, its lowest and highest, in the order in which the values went."""
    rising = buckets.last >= buckets.first
    t = np.column_stack([buckets.t, buckets.t + width_us // 2]).ravel()
    first = np.where(rising, buckets.min, buckets.max)
    second = np.where(rising, buckets.max, buckets.min)
    return t, np.column_stack([first, second]).ravel()


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
async def texts(lang: str) -> Response:
    """Give code -> text; open to all, since the sign-in page speaks too."""
    if lang not in words.languages():
        raise NotFound(
            f"No words in {lang!r}.", remedy="Use one of those offered.", code="language_unknown", lang=lang
        )
    response = answer(dict(words.catalogue(lang)))
    response.headers["content-language"] = lang
    return response


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
