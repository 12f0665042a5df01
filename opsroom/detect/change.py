"""The filter's last confirmed change of a series, for those who ask when no alert is open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from opsroom.detect import naming
from opsroom.detect.arbiter import REACH
from opsroom.detect.state import CHANGE_KINDS, NEVER, STEP
from opsroom.detect.tail import HALF_DAY_US

if TYPE_CHECKING:
    from opsroom.detect.memory import State
    from opsroom.model import ChangeKind, Micros

DRIFTING: Final = "drift"


class Change(NamedTuple):
    """What was confirmed, when it was (event time), how surely, which way (up is better of an index).

    `level` is where the filter sees the series now and `before` where it was, of an indicator as indices;
    `read` is the time of the last reading and `gap_us` the usual distance of readings.
    """

    kind: ChangeKind
    at: Micros
    p: float
    direction: int
    before: float
    level: float
    read: Micros
    gap_us: float


def last_change(state: State, series_id: int) -> Change | None:
    """Give the change that names the series now: a step that still stands, else what came last; or None."""
    row = state.row(series_id)
    if row < 0:
        return None
    f = state.rows["filter"].view(np.recarray)[row]
    if f["kind_t"] == NEVER or f["kind"] <= 0:
        return None
    level = float((f["p"] * f["m"][:, 0]).sum())
    read, gap = int(f["t"][0]), float(f["gap"])
    # Compiled it has no wrapper that could be called from here.
    if naming.step_stands.py_func(f):  # type: ignore[attr-defined]
        way = 1 if f["step_size"] > 0.0 else -1
        kind, at, p, before = CHANGE_KINDS[STEP], f["step_t"], f["step_p"], f["step_from"]
        return Change(kind, int(at), float(p), way, float(before), level, read, gap)
    kind = CHANGE_KINDS[int(f["kind"])]
    before = f["step_from"] if f["kind"] == STEP else f["before"]
    return Change(
        kind, int(f["kind_t"]), float(f["kind_p"]), int(f["kind_dir"]), float(before), level, read, gap
    )


def reach_us(detector: str, gap_us: float) -> float:
    """Give how long before the onset that a detector names a change may be what it found, microseconds."""
    return HALF_DAY_US if detector == DRIFTING else REACH * gap_us
