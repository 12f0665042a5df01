"""Readings over REST: the history of one series, buckets of many, last values of many."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import numpy as np
from fastapi import APIRouter, Query, Request, Response

from opsroom.api.columns import in_columns
from opsroom.api.ports import ApiRoom, CallerOf, ReadingRows, RoomOf
from opsroom.errors import Invalid
from opsroom.measuring import Shown, shown_as, turned
from opsroom.model import MICROS_PER_S
from opsroom.thinning import extremes, shape, span_us, width_us
from opsroom.view.reading import may_read

if TYPE_CHECKING:
    from numpy.typing import NDArray

history_router = APIRouter(prefix="/api/v1", tags=["reading"])

MICROS_PER_MS: Final = 1_000
POINTS_DEFAULT: Final = 600
POINTS_MAX: Final = 5_000
BUCKETS_DEFAULT: Final = 100
SERIES_MAX: Final = 2_000
CELLS_MAX: Final = 1_000_000
"""Series times buckets of one answer: what takes 40 MB as columns."""
SERIES_IDS: Final = 1 << 31
"""Ids of series are below this: readings have them in columns of 32 bits."""
SeriesAsked = Annotated[int, Query(ge=1, lt=SERIES_IDS)]
SHAPED_FROM: Final = 8
"""Points per point of the answer from which a shape is chosen out of extremes, not out of all readings."""
DAY_MS: Final = 86_400_000
MS_MAX: Final = 253_402_300_799_999

Ms = Annotated[int, Query(ge=0, le=MS_MAX)]
Points = Annotated[int, Query(ge=2, le=POINTS_MAX)]
Since = Annotated[Ms | None, Query(alias="from")]
Until = Annotated[Ms | None, Query(alias="to")]
Numbers = Annotated[str, Query(pattern=r"^\d{1,9}(,\d{1,9})*$", max_length=20_000)]


@history_router.get(
    "/series/{series_id}/readings", summary="History of a series, thinned to a number of points"
)
async def readings(
    request: Request,
    series_id: int,
    room: RoomOf,
    caller: CallerOf,
    since: Since = None,
    until: Until = None,
    points: Points = POINTS_DEFAULT,
    thin: Literal["extremes", "shape"] = "extremes",
) -> Response:
    """Give t (ms) and v from `from` up to, not including, `to`.

    All readings where they fit, else lowest and highest of equal spans, or the points that keep the shape.
    Of a time whose readings are no longer kept, lowest and highest of the minutes or hours that are.

    Default is the day up to now. Expected bands are not stored, so there are no `low` and `high`.
    """
    may_read(room.view, caller.seat, series_id)
    t_from, t_to = range_us(room, since, until)
    most = points * SHAPED_FROM if thin == "shape" else points
    t, v, width = await room.read(thinned, room.store.readings, series_id, (t_from, t_to), most)
    way = shown_as(room.catalog.series[series_id])
    if thin == "shape" and len(t) > points:
        real = ~np.isnan(v)
        t, v = t[real], v[real]
        width = width or span_us(t_to - t_from, points)
        kept = shape(t, v, points)
        t, v = t[kept], v[kept]
    return in_columns(
        request,
        {"t": t // MICROS_PER_MS, "v": turned(v, None, way)},
        thinned_s=width / MICROS_PER_S if width else None,
    )


@history_router.get("/buckets", summary="Aggregates of many series in equal spans")
async def buckets(
    request: Request,
    room: RoomOf,
    caller: CallerOf,
    series: Numbers,
    since: Since = None,
    until: Until = None,
    points: Annotated[int, Query(ge=1, le=POINTS_MAX)] = BUCKETS_DEFAULT,
) -> Response:
    """Give for each series and span with a value: count, sum, min, max, first and last, by series and time.

    Spans begin at multiples of `width_s`, which is whole minutes or hours where it is longer than one, so
    that rollups serve; the first and the last span are cut at the range. Where readings are no longer kept,
    minutes or hours answer, each as a whole where it begins.
    """
    ids = _readable(room, caller, series)
    t_from, t_to = range_us(room, since, until)
    if len(ids) * points > CELLS_MAX:
        raise Invalid(
            f"{len(ids)} series in {points} spans are more than {CELLS_MAX} cells.",
            remedy="Ask for fewer series or fewer spans.",
            code="answer_too_large",
            field="series",
            limit=CELLS_MAX,
        )
    width = width_us(t_to - t_from, points)
    found = await room.read(room.store.readings.buckets, ids, t_from, t_to, width)
    shown = Shown()
    shown.take(room.catalog.series[one] for one in ids)
    columns: dict[str, NDArray[Any]] = {
        "series": found.series,
        "t": found.t // MICROS_PER_MS,
        "count": found.count,
        "sum": shown.turn(found.series, found.sum, found.count),
        "min": shown.turn(found.series, found.min),
        "max": shown.turn(found.series, found.max),
        "first": shown.turn(found.series, found.first),
        "last": shown.turn(found.series, found.last),
    }
    return in_columns(request, columns, width_s=width / MICROS_PER_S)


@history_router.get("/values", summary="Last values of many series, from memory")
async def values(request: Request, room: RoomOf, caller: CallerOf, series: Numbers) -> Response:
    """Give series, t (ms, 0 where none ever came), v and q, in the order asked for."""
    ids = np.array(_readable(room, caller, series), np.int32)
    board = room.view.board
    slots = board.slots(ids)
    t = np.maximum(board.t[slots], 0) // MICROS_PER_MS
    return in_columns(request, {"series": ids, "t": t, "v": board.v[slots], "q": board.q[slots]})


def thinned(
    stored: ReadingRows, series_id: int, span: tuple[int, int], most: int
) -> tuple[NDArray[np.int64], NDArray[np.float64], int]:
    """Give t (us) and v of at most `most` points, and the width (us) by which they were thinned, or 0.

    Readings where they are kept and fit, else extremes of equal spans. Blocking.
    """
    t_from, t_to = span
    kept_from = stored.levels()[0].kept_from
    since = t_from if kept_from is None else min(t_to, max(t_from, kept_from))
    found = stored.read(series_id, since, t_to, most + 1)
    width = span_us(t_to - t_from, most)
    if len(found) <= most:
        if since == t_from:
            return found.t, found.v, 0
        t, v = extremes(stored.buckets([series_id], t_from, since, width), width)
        if not len(t):
            return found.t, found.v, 0
        if len(t) + len(found) <= most:
            t = np.minimum(t, since - 1)
            return np.concatenate([t, found.t]), np.concatenate([v, found.v]), width
    t, v = extremes(stored.buckets([series_id], t_from, t_to, width), width)
    return t, v, width


@lru_cache(maxsize=64)
def _numbers(text: str) -> tuple[int, ...]:
    """Read numbers, each once; a screen asks for the same thousand again and again."""
    return tuple(dict.fromkeys(map(int, text.split(","))))


def _readable(room: ApiRoom, caller: CallerOf, text: str) -> tuple[int, ...]:
    """Give the series asked for, each once, all of them open to the seat.

    Raises:
        Invalid: more than SERIES_MAX.
        NotFound: one is unknown or not below the seat's unit.
        AccessDenied: one is the unit's own.
    """
    ids = _numbers(text)
    if len(ids) > SERIES_MAX:
        raise Invalid(
            f"{len(ids)} series in one question.",
            remedy=f"Ask for at most {SERIES_MAX}.",
            code="answer_too_large",
            field="series",
            limit=SERIES_MAX,
        )
    may_read(room.view, caller.seat, *ids)
    return ids


def range_us(room: ApiRoom, since: int | None, until: int | None) -> tuple[int, int]:
    """Give a range in us, by default the day up to now.

    Raises:
        Invalid: it is empty.
    """
    end = until if until is not None else room.view.at // MICROS_PER_MS + 1
    start = since if since is not None else max(0, end - DAY_MS)
    if start >= end:
        raise Invalid("The range is empty.", remedy="Give from before to.", code="range_empty", field="from")
    return start * MICROS_PER_MS, end * MICROS_PER_MS
