"""Aggregates of units: what a level above may see of the one below without asking.

A unit's productivity, latency and performance are the arithmetic means over all indicators of its subtree
whose last value is neither old nor bad, every indicator weighing the same; None where there is none. The
mean is taken of the indices, so it is not the index of the sums: it says how well the parts do by their own
measure, and sums nothing that has different units.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from opsroom.alarm import Hush

if TYPE_CHECKING:
    from opsroom.catalog import Catalog
    from opsroom.model import Alert, Micros, Unit
    from opsroom.view.board import Board

DIGITS: Final = 4
HUSHES: Final = (Hush.SHELVED, Hush.SUPPRESSED, Hush.OUT_OF_SERVICE)


class Total(msgspec.Struct, frozen=True):
    """Aggregates of one unit and all below.

    Mean indices, open alerts, silent series (old value, period declared), and how many alerts or series are
    silenced, in which way; what is silenced with its condition counts as open too.
    """

    productivity: float | None = None
    latency: float | None = None
    performance: float | None = None
    open: int = 0
    silent: int = 0
    shelved: int = 0
    suppressed: int = 0
    out_of_service: int = 0


NONE: Final = Total()
SUMS: Final = 7
"""Columns of a unit's sums: three indices, how many of each, silent series."""


class Totals:
    """The aggregates of all units, kept: alerts are counted as they change, indices measured when asked.

    `moved` names the units whose own alerts changed since `take`.
    """

    def __init__(self) -> None:
        """Start without units and alerts."""
        self.moved: set[int] = set()
        self._counts: dict[int, NDArray[np.int64]] = {}
        self._sums: dict[int, NDArray[np.float64]] = {}

    def move(self, before: Alert | None, after: Alert | None) -> None:
        """Count one alert anew; None where it stands on no wall."""
        for alert, by in ((before, -1), (after, 1)):
            if alert is not None:
                counts = self._counts.setdefault(alert.unit_id, np.zeros(1 + len(HUSHES), np.int64))
                held = alert.silenced
                counts[0] += by * bool(alert.active or (alert.unacked and held is None) or alert.latched)
                if held is not None:
                    counts[1 + HUSHES.index(held.kind)] += by
                self.moved.add(alert.unit_id)

    def measure(self, catalog: Catalog, board: Board, now: Micros) -> None:
        """Sum up the indices of every unit's subtree: one pass over series, one over units, deepest first."""
        units = _deepest_first(catalog)
        row_of = {unit.id: row for row, unit in enumerate(units)}
        table = _own(catalog, board, now, row_of)
        _add_up(units, row_of, table)
        self._sums = {unit.id: table[row] for row, unit in enumerate(units)}

    def take(self, catalog: Catalog, *, all_units: bool) -> dict[int, Total]:
        """Give the aggregates of all units, or of those that an alert moved since the last time."""
        wanted = set(catalog.units) if all_units else self._above(catalog)
        self.moved.clear()
        units = _deepest_first(catalog)
        row_of = {unit.id: row for row, unit in enumerate(units)}
        table = np.zeros((len(units), 1 + len(HUSHES)), np.int64)
        for unit_id, counts in self._counts.items():
            if unit_id in row_of:
                table[row_of[unit_id]] = counts
        _add_up(units, row_of, table)
        none = np.zeros(SUMS)
        return {
            unit_id: _total(self._sums.get(unit_id, none), table[row_of[unit_id]].tolist())
            for unit_id in wanted
        }

    def _above(self, catalog: Catalog) -> set[int]:
        known = (unit_id for unit_id in self.moved if unit_id in catalog.units)
        return {unit.id for unit_id in known for unit in catalog.ancestors(unit_id)}


def _deepest_first(catalog: Catalog) -> list[Unit]:
    return sorted(catalog.units.values(), key=lambda unit: -unit.depth)


def _add_up(units: list[Unit], row_of: dict[int, int], table: NDArray[Any]) -> None:
    """Add each unit's row to that of the unit above."""
    for row, unit in enumerate(units):
        if unit.parent_id is not None and unit.parent_id in row_of:
            table[row_of[unit.parent_id]] += table[row]


def _own(catalog: Catalog, board: Board, now: Micros, row_of: dict[int, int]) -> NDArray[np.float64]:
    """Give, a row a unit without its subtree: sums of three indices, their three counts, silent series."""
    n = len(board)
    rows = np.array([row_of.get(unit_id, -1) for unit_id in board.unit[:n].tolist()], np.int64)
    slots = np.flatnonzero(rows >= 0)
    rows = rows[slots]
    old = board.old(now)[slots]
    table = np.zeros((len(catalog.units), SUMS))
    for column, index in enumerate(board.indices(slots)):
        defined = np.isfinite(index) & ~old
        table[:, column] = np.bincount(rows[defined], index[defined], len(table))
        table[:, 3 + column] = np.bincount(rows[defined], minlength=len(table))
    silent = old & (board.period_us[slots] > 0)
    table[:, 6] = np.bincount(rows[silent], minlength=len(table))
    return table


def _total(sums: NDArray[np.float64], counts: list[int]) -> Total:
    means = [None if not sums[3 + i] else round(float(sums[i] / sums[3 + i]), DIGITS) for i in range(3)]
    return Total(means[0], means[1], means[2], counts[0], int(sums[6]), *counts[1:])
