"""The wall of feeds: sources with what they bring and what is wrong with them; how full the room itself is.

A seat is told of the sources of its unit and below, and of those that feed a series there from further up.
"""

from __future__ import annotations

import asyncio
import shutil
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, NamedTuple

import numpy as np
from fastapi import APIRouter, Query, Request, Response

from opsroom.api.answers import answer
from opsroom.api.health import unready
from opsroom.api.ports import ApiRoom, CallerOf, RoomOf
from opsroom.errors import NotFound
from opsroom.feeds import FAULTS, Feed, FeedBook
from opsroom.settings import data_folder
from opsroom.view.board import GREY_PERIODS, NEVER
from opsroom.view.cards import ms

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from opsroom.model import Micros
    from opsroom.seats import Seat

feeds_router = APIRouter(prefix="/api/v1", tags=["feeds"])

PAGE_MAX: Final = 500
SERIES_MAX: Final = 2_000
FRESH_US: Final = 500_000
YIELD_EVERY: Final = 1_000
WELL: Final = "well"
LEFT: Final = "left"
INTO_MAX: Final = 3
Sort = Literal["worst", "name", "unit", "door", "heard", "rate", "late", "refused", "silent", "clock"]
Fault = Literal["all", "wrong", "lost", "silent", "refused", "held", "clock", "late", "well", "left"]


class Judged(NamedTuple):
    """A source with what is wrong with it now; `series` and `silent` count what it fed last."""

    feed: Feed
    faults: list[str]
    series: int
    silent: int
    rate: float

    @property
    def state(self) -> str:
        """What is worst about it."""
        return self.faults[0] if self.faults else LEFT if self.feed.left else WELL

    @property
    def rank(self) -> int:
        """Where it stands, worst first."""
        order = (*FAULTS, WELL, LEFT)
        return order.index(self.state)


class FeedTable:
    """All sources as judged at an instant: looked at twice a second at most, however many screens ask."""

    def __init__(self, book: FeedBook) -> None:
        """Judge what `book` counted."""
        self.book = book
        self._at: Micros = -FRESH_US
        self._rows: list[Judged] = []
        self._looking = asyncio.Lock()

    async def rows(self, room: ApiRoom, now: Micros) -> list[Judged]:
        """Give every source as it is now; other work goes on in between."""
        async with self._looking:
            if abs(now - self._at) >= FRESH_US:
                feeds = list(self.book.feeds.values())
                feeders, silent = self.series(room, now)
                most = max((feed.number for feed in feeds), default=-1) + 1
                fed = np.bincount(feeders[feeders >= 0], minlength=most).tolist()
                mute = np.bincount(feeders[(feeders >= 0) & silent], minlength=most).tolist()
                rows = []
                for place, feed in enumerate(feeds):
                    n, quiet = fed[feed.number], mute[feed.number]
                    rows.append(Judged(feed, feed.faults(now, quiet), n, quiet, feed.rate(now)))
                    if place % YIELD_EVERY == YIELD_EVERY - 1:
                        await asyncio.sleep(0)
                self._rows, self._at = rows, now
        return self._rows

    def series(self, room: ApiRoom, now: Micros) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Give for each slot of the board who feeds it, and whether it missed three of its periods."""
        board = room.view.board
        n = len(board)
        feeders = self.book.feeders(board.id[:n])
        periods = board.period_us[:n]
        came = board.t[:n] != NEVER
        silent = (periods > 0) & came & (now - np.where(came, board.t[:n], now) > GREY_PERIODS * periods)
        return feeders, np.asarray(silent)


def table_of(request: Request) -> FeedTable:
    """Give the table of the room that serves this request."""
    found: FeedTable = request.app.state.feeds
    return found


@feeds_router.get("/feeds", summary="Sources and what is wrong with them, worst first; the room's own queues")
async def read_feeds(
    request: Request,
    room: RoomOf,
    caller: CallerOf,
    *,
    q: Annotated[str, Query(max_length=200)] = "",
    fault: Fault = "all",
    unit: Annotated[str | None, Query(max_length=2_000)] = None,
    sort: Sort = "worst",
    down: bool = False,
    offset: Annotated[int, Query(ge=0)] = 0,
    limit: Annotated[int, Query(ge=1, le=PAGE_MAX)] = 100,
) -> Response:
    """Give a page of rows, counts by state over all that the seat sees, and the state of the room."""
    table, now = table_of(request), room.view.at
    inside = _inside(room, caller.seat, unit)
    seen = _seen(room, table, await table.rows(room, now), inside)
    counts = dict.fromkeys((*FAULTS, WELL, LEFT), 0)
    for one in seen:
        counts[one.state] += 1
    wanted = [one for one in seen if _wanted(one, fault) and _named(room, one.feed, q.casefold())]
    wanted.sort(key=lambda one: _key(room, one, sort), reverse=down)
    rows = [_row(room, table, one) for one in wanted[offset : offset + limit]]
    body = {
        "now": ms(now),
        "all": len(seen),
        "found": len(wanted),
        "offset": offset,
        "counts": counts,
        "rows": rows,
        "room": _room(room, table.book),
        "turned_away": _turned_away(table.book) if caller.seat.unit_id == _root(room) else [],
    }
    return answer(body)


@feeds_router.get("/feeds/series", summary="The series that a source feeds, silent ones first")
async def read_feed_series(
    request: Request, room: RoomOf, caller: CallerOf, source: Annotated[str, Query(max_length=500)]
) -> Response:
    """Give the series that the seat's unit and those below get of the source; values where they are open."""
    table, now, seat = table_of(request), room.view.at, caller.seat
    inside = _inside(room, seat, None)
    rows = _seen(room, table, await table.rows(room, now), inside)
    found = next((one for one in rows if one.feed.key == source), None)
    if found is None:
        raise NotFound("No such source.", remedy="List them.", code="source_unknown", source=source)
    board = room.view.board
    feeders, silent = table.series(room, now)
    n = len(board)
    mine = (feeders == found.feed.number) & np.isin(
        board.unit[:n], np.fromiter(inside, np.int64, len(inside))
    )
    slots = np.flatnonzero(mine)
    order = np.lexsort((board.t[slots], ~silent[slots]))
    shown = slots[order][:SERIES_MAX]
    given = [
        {
            "id": series.id,
            "path": room.catalog.series_path(series.id),
            "name": series.name,
            "unit_path": room.catalog.units[series.unit_id].path,
            "unit": series.unit,
            "adopted": series.adopted,
            "period_s": series.period_s,
            "t": None if board.t[slot] == NEVER else ms(int(board.t[slot])),
            "value": float(board.v[slot]) if room.view.opens(series, seat.unit_id) else None,
            "silent": bool(silent[slot]),
        }
        for slot in shown.tolist()
        for series in (board.series(slot),)
    ]
    left_out = max(0, len(slots) - SERIES_MAX)
    return answer({"now": ms(now), "source": _row(room, table, found), "series": given, "left_out": left_out})


# -- what a seat sees -------------------------------------------------------------------------------


def _inside(room: ApiRoom, seat: Seat, path: str | None) -> set[int]:
    """Give the ids of the units asked about: the seat's own and below, or of one among them and below it."""
    unit_id = seat.unit_id
    if path is not None:
        unit = room.catalog.unit_at(path.strip("/"))
        unit_id = room.view.unit(0 if unit is None else unit.id, seat).id
    return {unit.id for unit in room.catalog.below(unit_id)}


def _seen(room: ApiRoom, table: FeedTable, rows: list[Judged], inside: set[int]) -> list[Judged]:
    """Give the sources that belong to these units, or feed a series of theirs."""
    if len(inside) == len(room.catalog.units):
        return rows
    board = room.view.board
    n = len(board)
    here = np.isin(board.unit[:n], np.fromiter(inside, np.int64, len(inside)))
    feeding = set(np.unique(table.book.feeders(board.id[:n][here])).tolist())
    return [one for one in rows if one.feed.unit_id in inside or one.feed.number in feeding]


def _wanted(one: Judged, fault: Fault) -> bool:
    if fault == "all":
        return True
    return bool(one.faults) if fault == "wrong" else fault in one.faults or one.state == fault


def _named(room: ApiRoom, feed: Feed, text: str) -> bool:
    told = (feed.name, feed.door, room.view.path_of(feed.unit_id))
    return not text or any(text in one.casefold() for one in told)


SORTS: Final[dict[str, Callable[[Judged], Any]]] = {
    "worst": lambda one: one.rank,
    "name": lambda one: one.feed.name,
    "unit": lambda _: 0,
    "door": lambda one: one.feed.door,
    "heard": lambda one: one.feed.heard,
    "rate": lambda one: -one.rate,
    "late": lambda one: -_share(one.feed),
    "refused": lambda one: -_refused(one.feed),
    "silent": lambda one: -one.silent,
    "clock": lambda one: -abs(one.feed.clock_s() or 0.0),
}


def _key(room: ApiRoom, one: Judged, sort: Sort) -> tuple[Any, ...]:
    """Give what to sort by; units and names break ties, so that rows stay where they are."""
    feed = one.feed
    return SORTS[sort](one), room.view.path_of(feed.unit_id), feed.name, feed.key


# -- what is told -----------------------------------------------------------------------------------


def _share(feed: Feed) -> float:
    return feed.late / feed.stored if feed.stored else 0.0


def _refused(feed: Feed) -> int:
    return sum(one.n for one in feed.refused.values())


def _row(room: ApiRoom, table: FeedTable, one: Judged) -> dict[str, Any]:
    feed = one.feed
    unit = room.catalog.units.get(feed.unit_id)
    held, off = feed.held(), feed.clock_s()
    newest_first = sorted(feed.refused.values(), key=lambda told: -told.at)
    return {
        "source": feed.key,
        "name": feed.name,
        "unit": "" if unit is None else unit.path,
        "unit_name": "" if unit is None else unit.name,
        **_into(room, table, feed),
        "door": feed.door,
        "connections": feed.connections,
        "state": one.state,
        "faults": one.faults,
        "heard": ms(feed.heard or None),
        "newest": ms(feed.newest or None),
        "stored": feed.stored,
        "rate": round(one.rate, 3),
        "late": feed.late,
        "late_share": round(_share(feed), 4),
        "refused": _refused(feed),
        "refusals": [
            {
                "code": told.code,
                "n": told.n,
                "at": ms(told.at),
                "params": {**told.params, "series": told.series},
            }
            for told in newest_first
        ],
        "clock_s": None if off is None else round(off, 3),
        "queued_bytes": held.queued_bytes,
        "held": held.withheld,
        "series": one.series,
        "silent": one.silent,
    }


def _into(room: ApiRoom, table: FeedTable, feed: Feed) -> dict[str, Any]:
    """Give how many units it feeds, and the paths of the first few."""
    board = room.view.board
    n = len(board)
    fed = np.unique(board.unit[:n][table.book.feeders(board.id[:n]) == feed.number]).tolist()
    return {"into": [room.view.path_of(unit_id) for unit_id in fed[:INTO_MAX]], "into_n": len(fed)}


def _room(room: ApiRoom, book: FeedBook) -> dict[str, Any]:
    folder = data_folder(room.settings).absolute()
    usage = shutil.disk_usage(next(one for one in (folder, *folder.parents) if one.exists()))
    limits = room.settings.limits
    return {
        "reasons": unready(room),
        "lag_s": round(room.lag_s, 3),
        "lag_s_max": limits.log_lag_s,
        "disk_free_bytes": usage.free,
        "disk_free_least": min(limits.disk_free_least, usage.total // 20),
        "damaged": room.log.damaged,
        "series": len(room.catalog.series),
        "units": len(room.catalog.units),
        **book.queues(),
    }


def _turned_away(book: FeedBook) -> list[dict[str, Any]]:
    rows = sorted(book.turned_away.items(), key=lambda item: -item[1].at)
    return [{"door": door, "code": told.code, "n": told.n, "at": ms(told.at)} for (door, _), told in rows]


def _root(room: ApiRoom) -> int:
    root = room.catalog.root()
    return 0 if root is None else root.id
