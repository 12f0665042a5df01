"""Readings since the last flush: taken by appending, put in order only when somebody asks."""

from __future__ import annotations

from itertools import pairwise

import msgspec
import numpy as np
from numpy.typing import NDArray

from opsroom.model import Columns
from opsroom.store._chunks import Rows, join, no_rows
from opsroom.store._streams import Ints

_MANY = 2
_LOWEST = np.iinfo(np.int64).min


def reading_rows(columns: Columns, *, historical: bool) -> Rows:
    """Give readings as rows: floats [v], marks [q, historical]."""
    return Rows(
        columns.series, columns.t, [columns.v], [columns.q, np.full(len(columns), historical, np.uint8)]
    )


class Head:
    """Rows in the order of arrival: loose parts and sorted runs. Guarded by its owner's lock."""

    def __init__(self) -> None:
        self._loose: list[tuple[Columns, bool]] = []
        self._runs: list[Rows] = []
        self.readings = 0
        self.offset = 0

    def take(self, columns: Columns, offset: int, *, historical: bool) -> None:
        """Append; nothing is copied."""
        if len(columns):
            self._loose.append((columns, historical))
            self.readings += len(columns)
        self.offset = offset

    def absorb(self, later: Head) -> None:
        """Add what came after, in its order."""
        if later.offset:
            self.runs()
            self._runs.extend(later.runs())
            self.readings += later.readings
            self.offset = later.offset

    def runs(self) -> list[Rows]:
        """Give sorted runs without equals, earlier before later."""
        if self._loose:
            columns = Columns.concat([part for part, _ in self._loose])
            marks = np.repeat(
                np.array([historical for _, historical in self._loose], np.uint8),
                [len(part) for part, _ in self._loose],
            )
            self._loose = []
            rows = Rows(columns.series, columns.t, [columns.v], [columns.q, marks])
            self._runs.append(rows.sorted().lasting())
            while len(self._runs) >= _MANY and len(self._runs[-2]) < 2 * len(self._runs[-1]):
                last = self._runs.pop()
                self._runs[-1] = join([self._runs[-1], last]).sorted().lasting()
        return list(self._runs)


def within(runs: list[Rows], series: Ints | None, t_from: int, t_to: int) -> list[Rows]:
    """Give the rows of `series` (ascending; None means all) in [t_from, t_to) from sorted runs."""
    found = []
    for run in runs:
        rows = run
        if series is not None:
            first = np.searchsorted(run.series, series, side="left")
            length = np.searchsorted(run.series, series, side="right") - first
            total = int(length.sum())
            if total == 0:
                continue
            if total < len(run):
                shift = np.repeat(first - (np.cumsum(length) - length), length)
                rows = run.take(shift + np.arange(total))
        inside = (rows.t >= t_from) & (rows.t < t_to)
        rows = rows if bool(inside.all()) else rows.take(inside)
        if len(rows):
            found.append(rows)
    return found


def merged(parts: list[Rows], floats: int = 1, marks: int = 2) -> Rows:
    """Join parts, earlier before later, to sorted rows without equals."""
    return join(parts).sorted().lasting() if parts else no_rows(floats, marks)


def apart(parts: list[Rows]) -> bool:
    """Say whether each part, none of them empty, ends before the next begins."""
    return all(int(before.t.max()) < int(after.t.min()) for before, after in pairwise(parts))


class Known(msgspec.Struct, frozen=True):
    """What is stored of each series: newest time and number of distinct readings, by ascending id."""

    series: Ints
    newest: Ints
    readings: Ints

    @staticmethod
    def nothing() -> Known:
        """Give the start."""
        return Known(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.int64))

    def late(self, rows: Rows) -> NDArray[np.bool_]:
        """Mark rows at or before the newest stored reading of their series."""
        if not len(self.series):
            return np.zeros(len(rows), np.bool_)
        place = np.minimum(np.searchsorted(self.series, rows.series), len(self.series) - 1)
        marks: NDArray[np.bool_] = (self.series[place] == rows.series) & (rows.t <= self.newest[place])
        return marks

    def count(self, series: Ints | None) -> int:
        """Give the number of readings of `series`, or of all."""
        return int((self.readings if series is None else self.readings[np.isin(self.series, series)]).sum())

    def having(self, rows: Rows, replaced: Rows) -> Known:
        """Add sorted rows, less those that took the place of stored ones."""
        series, at, count = np.unique(rows.series, return_index=True, return_counts=True)
        newest = rows.t[at + count - 1]
        again, less = np.unique(replaced.series, return_counts=True)
        ids = np.union1d(self.series, series.astype(np.int64))
        newest_of = np.full(len(ids), _LOWEST)
        total = np.zeros(len(ids), np.int64)
        old, new = np.searchsorted(ids, self.series), np.searchsorted(ids, series)
        newest_of[old], total[old] = self.newest, self.readings
        newest_of[new] = np.maximum(newest_of[new], newest)
        total[new] += count
        total[np.searchsorted(ids, again)] -= less
        return Known(ids, newest_of, total)

    def less(self, gone: dict[int, int]) -> Known:
        """Take so many readings of each series away; the newest time stays, even where none is left."""
        readings = self.readings.copy()
        ids = np.array(sorted(gone), np.int64)
        readings[np.searchsorted(self.series, ids)] -= np.array([gone[one] for one in ids.tolist()], np.int64)
        return Known(self.series, self.newest, readings)
