"""Aggregates of units: what a level above may see of the one below without asking.

A unit's productivity, latency and performance are the arithmetic means over all indicators of its subtree
whose last value is neither old nor bad, every indicator weighing the same; None where there is none. The
mean is taken of the indices, so it is not the index of the sums: it says how well the parts do by their own
measure, and sums nothing that has different units.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from opsroom.alarm import Hush

if TYPE_CHECKING:
    from collections.abc import Iterable

    from opsroom.catalog import Catalog
    from opsroom.model import Alert, Micros
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


def totals(catalog: Catalog, board: Board, alerts: Iterable[Alert], now: Micros) -> dict[int, Total]:
    """Compute the aggregates of every unit.

    One pass over the series, one over the units from the deepest up.
    """
    units = sorted(catalog.units.values(), key=lambda unit: -unit.depth)
    row_of = {unit.id: row for row, unit in enumerate(units)}
    own = _own(catalog, board, alerts, now, row_of)
    for row, unit in enumerate(units):
        if unit.parent_id is not None and unit.parent_id in row_of:
            own[row_of[unit.parent_id]] += own[row]
    return {unit.id: _total(own[row]) for row, unit in enumerate(units)}


def _own(
    catalog: Catalog, board: Board, alerts: Iterable[Alert], now: Micros, row_of: dict[int, int]
) -> NDArray[np.float64]:
    """Give, a row a unit without its subtree.

    Sums of the three indices, their three counts, open alerts, silent series, alerts silenced in each way.
    """
    n = len(board)
    rows = np.array([row_of.get(unit_id, -1) for unit_id in board.unit[:n].tolist()], np.int64)
    slots = np.flatnonzero(rows >= 0)
    rows = rows[slots]
    old = board.old(now)[slots]
    table = np.zeros((len(catalog.units), 8 + len(Hush)))
    for column, index in enumerate(board.indices(slots)):
        defined = np.isfinite(index) & ~old
        table[:, column] = np.bincount(rows[defined], index[defined], len(table))
        table[:, 3 + column] = np.bincount(rows[defined], minlength=len(table))
    silent = old & (board.period_us[slots] > 0)
    table[:, 7] = np.bincount(rows[silent], minlength=len(table))
    for alert in alerts:
        if alert.unit_id not in row_of:
            continue
        row, held = row_of[alert.unit_id], alert.silenced
        table[row, 6] += alert.active or (alert.unacked and held is None) or alert.latched
        if held is not None:
            table[row, 8 + HUSHES.index(held.kind)] += 1
    return table


def _total(row: NDArray[np.float64]) -> Total:
    means = [None if not row[3 + i] else round(float(row[i] / row[3 + i]), DIGITS) for i in range(3)]
    return Total(means[0], means[1], means[2], *(int(count) for count in row[6:]))
