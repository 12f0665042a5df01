"""From when on readings, minutes and hours are kept, and what follows from that. Pure.

A horizon moves by whole hours and never back. So the readings of an hour are all there or all gone: a bucket
is never redone from a part of them, and a rollup that stands alone is only ever added to.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import Final, NamedTuple

from opsroom.section import StoreSection
from opsroom.store import Level
from opsroom.store._listing import NEVER, Horizons, Segment
from opsroom.store._rollups import HOUR_US, MINUTE_US, WIDTHS_US

DAY_US: Final = 24 * HOUR_US
LEVELS_US: Final = (0, MINUTE_US, HOUR_US)
"""Readings, minutes, hours: the finest first."""
STEP_READINGS: Final = 1_000_000
"""Readings that are counted out in one step, as far as whole hours allow: they are all read for it."""
SEGMENTS_A_STEP: Final = 8
_END: Final = 2**63 - 1


class Piece(NamedTuple):
    """A part of a question: buckets of `level_us` (0: readings) that begin in t_from <= t < t_to."""

    level_us: int
    t_from: int
    t_to: int


def targets(settings: StoreSection, horizons: Horizons, now_us: int, newest: int) -> Horizons:
    """Give where the horizons are to stand at `now_us`, the newest stored reading being of `newest`.

    Days count from the earlier of the two: a clock that is wrong, or a room that hears nothing, lets go of
    nothing. A coarser level never goes before a finer one.
    """
    since = min(now_us, newest)
    days = (settings.keep_readings_d, settings.keep_minutes_d, settings.keep_hours_d)
    wanted = [(since - round(kept * DAY_US)) // HOUR_US * HOUR_US if kept else NEVER for kept in days]
    readings = max(horizons.readings, wanted[0])
    minutes = max(horizons.minutes, min(wanted[1], readings))
    return Horizons(readings, minutes, max(horizons.hours, min(wanted[2], minutes)))


def reach(segments: Sequence[Segment], horizon: int, target: int) -> int:
    """Give how far the horizon of readings moves in one step: about `STEP_READINGS`, an hour at least."""
    held = [one for one in segments if not one.width_us and one.t_max >= horizon and one.t_min < target]
    if not held:
        return target
    first = max(horizon, min(one.t_min for one in held)) // HOUR_US + 1
    hours = range(first, target // HOUR_US + 1)
    if len(hours) < 2:  # noqa: PLR2004 - there is no nearer hour
        return target
    within = bisect_right(hours, STEP_READINGS, key=lambda hour: _expected(held, horizon, hour * HOUR_US))
    return hours[max(0, within - 1)] * HOUR_US


def _expected(segments: list[Segment], t_from: int, t_to: int) -> int:
    """Give about how many readings lie in a span, as if those of a segment were spread evenly."""
    return sum(
        one.readings
        * max(0, min(t_to, one.t_max + 1) - max(t_from, one.t_min))
        // (one.t_max + 1 - one.t_min)
        for one in segments
    )


def behind(segments: Sequence[Segment], horizons: Horizons) -> list[Segment]:
    """Give segments that lie wholly behind the horizon of their level: a few, the first in the list."""
    return [one for one in segments if one.t_max < horizons.of(one.width_us)][:SEGMENTS_A_STEP]


def worn(segments: Sequence[Segment], horizons: Horizons) -> list[Segment]:
    """Give segments of which a day or more lies behind the horizon: they are written anew without it.

    One that spans less than a day goes as a whole within that time. So what is let go leaves the tables a
    day later at most, at the price of writing one segment of each level again a day.
    """
    return [one for one in segments if one.t_min <= horizons.of(one.width_us) - DAY_US]


def pieces(t_from: int, t_to: int, width_us: int, horizons: Horizons) -> list[Piece]:
    """Cut a question for buckets of `width_us` into pieces by the level that answers each, in order of time.

    Whole hours or minutes from their rollup where the width is made of them; the ragged ends, and other
    widths, from the finest level that is kept. A rollup's bucket belongs to the piece in which it begins.

    >>> pieces(30_000_000, 150_000_000, MINUTE_US, Horizons())
    [Piece(level_us=0, t_from=30000000, t_to=60000000), Piece(level_us=60000000, t_from=60000000, \
t_to=120000000), Piece(level_us=0, t_from=120000000, t_to=150000000)]
    """
    wanted = next((width for width in WIDTHS_US if width_us % width == 0), 0)
    kept = (
        (HOUR_US, horizons.hours, horizons.minutes),
        (MINUTE_US, horizons.minutes, horizons.readings),
        (0, horizons.readings, _END),
    )
    found: list[Piece] = []
    for finest, since, until in kept:
        start, end = max(t_from, since), min(t_to, until)
        if start >= end:
            continue
        low, high = (_up(start, wanted), end // wanted * wanted) if finest < wanted else (end, end)
        if low >= high:
            found.append(_whole(finest, start, end))
            continue
        found += [_whole(finest, start, low), Piece(wanted, low, high), _whole(finest, high, end)]
    return [piece for piece in found if piece.t_from < piece.t_to]


def _whole(level_us: int, t_from: int, t_to: int) -> Piece:
    """Give the piece of the buckets that begin in a span."""
    return Piece(level_us, _up(t_from, level_us), _up(t_to, level_us))


def _up(t: int, width_us: int) -> int:
    return -(-t // width_us) * width_us if width_us else t


def levels(segments: Sequence[Segment], horizons: Horizons) -> tuple[Level, ...]:
    """Give what is stored of each level, the finest first."""
    found = []
    for width_us in LEVELS_US:
        since = horizons.of(width_us)
        mine = [one for one in segments if one.width_us == width_us and one.t_max >= since]
        oldest = max(since, min(one.t_min for one in mine)) if mine else None
        kept_from = None if since == NEVER else since
        found.append(Level(width_us, sum(one.readings for one in mine), oldest, kept_from))
    return tuple(found)
