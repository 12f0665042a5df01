"""Readings of one source that wait for its watermark, kept so that a record costs what it brings. Pure.

They stand in runs, each sorted by time, in order of arrival: what is due is the head of some of them. Nothing
that waits on is looked at or copied for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from opsroom.model import Columns

RUNS: Final = 64
"""Runs beyond which small neighbours become one."""
RUN_READINGS: Final = 1 << 16
"""A run is joined with no other beyond this: joining copies."""


class _Run:
    """Sorted readings, of which those before `start` are gone."""

    __slots__ = ("columns", "start")

    def __init__(self, columns: Columns) -> None:
        self.columns, self.start = columns, 0

    def __len__(self) -> int:
        return len(self.columns) - self.start

    def left(self) -> Columns:
        return _span(self.columns, self.start, len(self.columns)) if self.start else self.columns

    def until(self, t: int) -> Columns | None:
        """Take the readings at or before `t`, None where there are none."""
        times = self.columns.t
        if times[self.start] > t:
            return None
        end = len(times) if times[-1] <= t else int(np.searchsorted(times, t, "right"))
        taken = _span(self.columns, self.start, end)
        self.start = end
        if len(times) > end and 2 * end > len(times):  # what is gone holds no memory for long
            rest = _span(self.columns, end, len(times))
            self.columns = Columns(rest.series.copy(), rest.t.copy(), rest.v.copy(), rest.q.copy())
            self.start = 0
        return taken


class Waiting:
    """What waits of one source."""

    __slots__ = ("_count", "_runs")

    def __init__(self) -> None:
        """Start with none."""
        self._runs: list[_Run] = []
        self._count = 0

    def __len__(self) -> int:
        """Count the readings."""
        return self._count

    def put(self, columns: Columns) -> None:
        """Take readings behind those that came before."""
        if not len(columns):
            return
        self._runs.append(_Run(_sorted(columns)))
        self._count += len(columns)
        if len(self._runs) > RUNS + 4 * self._count // RUN_READINGS:
            self._runs = list(_joined(self._runs))

    def until(self, t: int) -> Columns:
        """Take what stands at or before `t`; of one instant and series the first to arrive stands first."""
        due = [part for run in self._runs if (part := run.until(t)) is not None]
        if due:
            self._runs = [run for run in self._runs if len(run)]
            self._count -= sum(map(len, due))
        return Columns.concat(due)

    def oldest(self, count: int) -> int:
        """Give the time at or before which `count` of the readings stand, or more of the same instant."""
        heads = [run.columns.t[run.start : run.start + count] for run in self._runs]
        return int(np.partition(np.concatenate(heads), count - 1)[count - 1])

    def parts(self) -> list[Columns]:
        """Give all of it, in the order of the runs; nothing alters these arrays later."""
        return [run.left() for run in self._runs]


def _joined(runs: list[_Run]) -> Iterator[_Run]:
    """Join neighbours into runs of `RUN_READINGS` at most."""
    some: list[_Run] = []
    for run in [*runs, None]:
        if some and (run is None or sum(map(len, some)) + len(run) > RUN_READINGS):
            yield some[0] if len(some) == 1 else _Run(_sorted(Columns.concat([one.left() for one in some])))
            some = []
        if run is not None:
            some.append(run)


def _sorted(columns: Columns) -> Columns:
    """Sort by time; what came first of an instant stays first."""
    if (columns.t[1:] >= columns.t[:-1]).all():
        return columns
    return columns.take(np.argsort(columns.t, kind="stable"))


def _span(columns: Columns, begin: int, end: int) -> Columns:
    return columns.take(slice(begin, end))  # type: ignore[arg-type]
