"""Late readings, cut into parts of which each needs few stored ones beside it. Pure.

A reading that comes after a later one of its series makes its hour be looked at again, in whatever year that
hour lies. Hours are taken some at a time and only with the series that are late in them: one reading of last
year beside one of a minute ago does not make the year between be read.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from opsroom.store._chunks import Rows
from opsroom.store._rollups import HOUR_US, among
from opsroom.store._streams import Ints

HOURS_MOST: Final = 24
"""Hours looked at together, at most."""
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


def split(fresh: Rows, late: Marks) -> tuple[Marks, Iterator[Span]]:
    """Mark the rows in hours of a series that has a late one there; give those by spans of hours.

    `fresh` are sorted and single. Each marked row is in one span, and with it all others of its series and
    hour.
    """
    touched = among(fresh, fresh.take(late), HOUR_US)
    return touched, _spans(fresh, late, np.flatnonzero(touched))


def _spans(fresh: Rows, late: Marks, place: Ints) -> Iterator[Span]:
    hour = fresh.t[place] // HOUR_US
    hours = np.unique(hour)
    begins = np.concatenate([[True], np.diff(hours) > 1]) if len(hours) else np.zeros(0, bool)
    first = np.maximum.accumulate(np.where(begins, np.arange(len(hours)), 0))
    number = np.cumsum(begins | ((np.arange(len(hours)) - first) % HOURS_MOST == 0))
    of_row = number[np.searchsorted(hours, hour)]
    for one in np.unique(number):
        mine, own = place[of_row == one], hours[number == one]
        yield Span(int(own[0]) * HOUR_US, (int(own[-1]) + 1) * HOUR_US, fresh.take(mine), late[mine])


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
