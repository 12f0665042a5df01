"""Looking closer at series: how values are distributed, what goes with what, what the room expects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final

import numpy as np
from fastapi import APIRouter, Query, Request, Response

from opsroom.analysis import QUANTILES, Correlation, correlation, distribution
from opsroom.api.answers import answer
from opsroom.api.columns import in_columns
from opsroom.api.history import MICROS_PER_MS, SeriesAsked, Since, Until, range_us
from opsroom.api.ports import ApiRoom, CallerOf, RoomOf
from opsroom.errors import Invalid
from opsroom.measuring import shown_as, turned
from opsroom.model import MICROS_PER_S
from opsroom.thinning import width_us
from opsroom.view.reading import may_read

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from opsroom.model import Series

analysis_router = APIRouter(prefix="/api/v1", tags=["analysis"])

READINGS_MAX: Final = 200_000
"""Readings of one distribution: what is read and sorted in a fifth of a second."""
GRID_DEFAULT: Final = 240
GRID_MAX: Final = 1_000
LAGS_SHARE: Final = 4
"""Lags reach up to this part of the range."""
LAGS_MAX: Final = 60
AHEAD_S_MAX: Final = 31 * 86_400


@analysis_router.get("/series/{series_id}/distribution", summary="How the values of a series are distributed")
async def distributed(
    series_id: int, room: RoomOf, caller: CallerOf, since: Since = None, until: Until = None
) -> Response:
    """Give number, mean, standard deviation, quantiles and counts between edges, in the unit of the series.

    Of all readings of the span where they are 200,000 at most; else of the means of equal spans, whose width
    `means_s` says. The default span is the day up to now.
    """
    may_read(room.view, caller.seat, series_id)
    t_from, t_to = range_us(room, since, until)
    series = room.catalog.series[series_id]

    def counted() -> dict[str, Any]:
        v = room.store.readings.read(series_id, t_from, t_to, READINGS_MAX + 1).v
        means_s = None
        if len(v) > READINGS_MAX:
            width = width_us(t_to - t_from, READINGS_MAX)
            buckets = room.store.readings.buckets([series_id], t_from, t_to, width)
            v, means_s = buckets.sum / buckets.count, width / MICROS_PER_S
        found = distribution(turned(v, None, shown_as(series)))
        quantiles = dict(zip(map(str, QUANTILES), found.quantiles, strict=False))
        return {
            "n": found.n,
            "mean": found.mean,
            "sd": found.sd,
            "edges": found.edges,
            "counts": found.counts,
            "quantiles": quantiles,
            "means_s": means_s,
        }

    return answer(await room.read(counted))


@analysis_router.get("/correlation", summary="How two series go together, one behind the other")
async def correlated(
    room: RoomOf,
    caller: CallerOf,
    x: SeriesAsked,
    y: SeriesAsked,
    since: Since = None,
    until: Until = None,
    points: Annotated[int, Query(ge=16, le=GRID_MAX)] = GRID_DEFAULT,
    lag: Annotated[int | None, Query(ge=-LAGS_MAX, le=LAGS_MAX)] = None,
) -> Response:
    """Give r, its number of pairs and its bound by lag, and the pairs at one lag: by default the strongest.

    Both are means of equal spans of `width_s`; a lag counts them, and above 0 y follows x. Lags reach up to a
    quarter of the range. Beyond `bounds` two series that have nothing to do with one another come once in
    twenty times, and the strongest of many lags far more often.
    """
    may_read(room.view, caller.seat, x, y)
    t_from, t_to = range_us(room, since, until)
    if x == y:
        raise Invalid("A series goes with itself.", remedy="Choose two.", code="correlation_same", field="y")
    return answer(await room.read(_correlated, room, (x, y), (t_from, t_to), points, lag))


def _correlated(
    room: ApiRoom, ids: tuple[int, int], span: tuple[int, int], points: int, lag: int | None
) -> dict[str, Any]:
    width = width_us(span[1] - span[0], points)
    start = span[0] - span[0] % width
    size = -(-(span[1] - start) // width)
    x, y = (_grid(room, room.catalog.series[one], span, width, size) for one in ids)
    found = correlation(x, y, min(LAGS_MAX, size // LAGS_SHARE), lag)
    at = np.array(found.places, np.intp)
    return {
        **_told(found),
        "width_s": width / MICROS_PER_S,
        "t": ((start + at * width) // MICROS_PER_MS).tolist(),
        "x": x[at].tolist(),
        "y": y[at + found.lag].tolist(),
    }


def _told(found: Correlation) -> dict[str, Any]:
    names = ("lags", "r", "n", "bounds", "lag", "strongest", "slope", "intercept")
    return {name: getattr(found, name) for name in names}


def _grid(room: ApiRoom, series: Series, span: tuple[int, int], width: int, size: int) -> NDArray[np.float64]:
    """Give the means of a series on the grid, NaN where nothing came."""
    grid = np.full(size, np.nan)
    found = room.store.readings.buckets([series.id], *span, width)
    means = turned(found.sum / found.count, None, shown_as(series))
    grid[(found.t - (span[0] - span[0] % width)) // width] = means
    return grid


@analysis_router.get("/series/{series_id}/forecast", summary="What the room itself expects of a series")
async def forecast(
    request: Request,
    series_id: int,
    room: RoomOf,
    caller: CallerOf,
    ahead_s: Annotated[float, Query(gt=0, le=AHEAD_S_MAX)] = 3600.0,
) -> Response:
    """Give t (ms), mean, low and high of the readings to come, if nothing changes from now on.

    By the four-state filter that names changes, whose band 95 of 100 readings keep; nothing before it has
    seen enough. At most 60 readings ahead.
    """
    may_read(room.view, caller.seat, series_id)
    found = room.foresee(series_id, round(ahead_s * MICROS_PER_S))
    return in_columns(
        request,
        {
            "t": found.t // MICROS_PER_MS,
            "mean": found.mean,
            "low": found.low,
            "high": found.high,
        },
        step_s=found.step_us / MICROS_PER_S,
    )
