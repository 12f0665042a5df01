"""Priority out of consequence and time to respond, never chosen by hand."""

from __future__ import annotations

from typing import Final

from opsroom.model import Priority, Series

CONSEQUENCES: Final = ("minor", "major", "severe")
# Columns: more than 30 min to respond, 10 to 30, 3 to 10, less than 3. "Event" (journal only) is watched
# here: nothing is lost.
MATRIX: Final = {"minor": (3, 3, 3, 2), "major": (3, 2, 2, 1), "severe": (2, 1, 1, 1)}
LONG_S: Final = 1_800.0
MEDIUM_S: Final = 600.0
SHORT_S: Final = 180.0


def priority_of(series: Series) -> Priority:
    """Derive the priority of a series' alerts from its rationalisation record.

    Without a declared time to respond there is no record: the alert is of the class `anomaly`, priority 3. A
    limit between two columns counts to the more urgent one, except 3 min itself, which is not less than 3
    min.

    >>> priority_of(Series(id=1, root_id=1, unit_id=1, name="output", consequence="major", response_s=120.0))
    <Priority.ACT_NOW: 1>
    """
    return priority_for(series.consequence, series.response_s)


def priority_for(consequence: str, response_s: float | None) -> Priority:
    """Derive a priority from what happens if nobody responds and the time there is; None: no record."""
    if response_s is None:
        return Priority.WATCH
    return Priority(MATRIX.get(consequence, MATRIX["minor"])[column_of(response_s)])


def column_of(response_s: float) -> int:
    """Give the column of the matrix, 0 to 3, for the time there is to respond."""
    return sum((response_s <= LONG_S, response_s <= MEDIUM_S, response_s < SHORT_S))
