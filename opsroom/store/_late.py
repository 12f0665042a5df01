"""Late readings, cut into parts of which each needs few stored ones beside it. Pure.

A reading that comes after a later one of its series makes its hour be looked at again, in whatever year that
hour lies. A span of hours that would bring too many readings is cut at its widest gap: one reading of last
year beside one of a minute ago does not make the year between be read, and decades of daily ones are few.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from opsroom.store._chunks import Rows
from opsroom.store._rollups import HOUR_US, among
from opsroom.store._streams import Ints

Marks = NDArray[np.bool_]


class Part(NamedTuple):
    """Some of a flush's rows (sorted, single), marked where late, and the stored rows of their hours."""

    fresh: Rows
    late: Marks
    stored: Rows
    replaced: Rows


class Span(NamedTuple):
    """Rows of a flush in the hours [t_from, t_to) of series that are late there."""

    t_from: int
    t_to: int
    fresh: Rows
    late: Marks


def split(fresh: Rows, late: Marks) -> tuple[Marks, Span]:
    """Mark the rows in hours of a series that has a late one there, at least one; give those as one span.

    `fresh` are sorted and single.
    """
    touched = among(fresh, fresh.take(late), HOUR_US)
    return touched, _span(fresh.take(touched), late[touched])


def halves(span: Span) -> tuple[Span, Span] | None:
    """Cut a span where it is widest between two of its hours, of several such places in the middle.

    None where it is one hour. What lies between the two is in neither.
    """
    hour = span.fresh.t // HOUR_US
    hours = np.unique(hour)
    if len(hours) == 1:
        return None
    gaps = np.diff(hours)
    widest = np.flatnonzero(gaps == gaps.max())
    early = hour <= hours[widest[len(widest) // 2]]
    return tuple(_span(span.fresh.take(half), span.late[half]) for half in (early, ~early))  # type: ignore[return-value]


def _span(fresh: Rows, late: Marks) -> Span:
    first, last = int(fresh.t.min()) // HOUR_US, int(fresh.t.max()) // HOUR_US
    return Span(first * HOUR_US, (last + 1) * HOUR_US, fresh, late)


def taken(span: Span, series: Ints) -> Span:
    """Give what a span has of some series."""
    mine = np.isin(span.fresh.series, series)
    return span._replace(fresh=span.fresh.take(mine), late=span.late[mine])


def replaced(stored: Rows, late: Rows) -> Rows:
    """Give the stored rows that have the series and instant of a late one; both sorted and single."""
    if not len(stored) or not len(late):
        return stored.take(slice(0, 0))
    series = np.concatenate([stored.series, late.series])
    t = np.concatenate([stored.t, late.t])
    index = np.lexsort((t, series))
    twice = (t[index][1:] == t[index][:-1]) & (series[index][1:] == series[index][:-1])
    return stored.take(index[:-1][twice])
