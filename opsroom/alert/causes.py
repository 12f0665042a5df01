"""Suppression by design: the alert of a cause stands for those it explains, and is never hidden itself.

What is suppressed goes on being evaluated, journalled and counted, and its clock runs on: if the cause lasts
longer than the recovery time, it climbs and says what it was suppressed by.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from opsroom.alarm import AlarmState, Hush, Silencing
from opsroom.alert import quiet
from opsroom.model import Alert, ChangeKind, Micros, Transition

if TYPE_CHECKING:
    from opsroom.alert.book import AlertBook

SUPPRESSIBLE = (AlarmState.UNACKED, AlarmState.ACKED, AlarmState.RTN_UNACKED)


def root_cause(book: AlertBook, series_id: int) -> Alert | None:
    """Give the active alert that stands for the series: the first cause that no active cause explains."""
    design = book.agreed.causes.get(series_id)
    for cause in () if design is None else design.causes:
        alert = book.active(cause)
        if alert is not None:
            return root_cause(book, cause) or alert
    return None


def suppression(
    book: AlertBook, series_id: int, now: Micros, *, unit_id: int, level: int = 0
) -> Silencing | None:
    """Give what silences an alert of the series by design at the level where it stands, None for nothing."""
    cause = root_cause(book, series_id)
    if cause is None:
        return None
    return Silencing(
        kind=Hush.SUPPRESSED,
        by="design",
        seat_id=0,
        unit_id=unit_id,
        level=level,
        at=now,
        reason=book.agreed.causes[series_id].reason,
        cause=cause.id,
    )


def designed(book: AlertBook, now: Micros) -> list[Transition]:
    """Suppress what a cause now stands for, and bring back what no cause explains any more."""
    edges = []
    for series_id in sorted(book.agreed.causes):
        alert = book.active(series_id) or book.resting.get(series_id)
        if alert is None:
            continue
        held = alert.silenced
        by_design = held is not None and held.kind is Hush.SUPPRESSED
        if by_design and root_cause(book, series_id) is None:
            edges.append(book.put(quiet.released(alert, now, why="cause ended")))
        elif held is None and alert.state in SUPPRESSIBLE and alert.kind is not ChangeKind.PRESS:
            unit_id = alert.standing.unit_id
            by = suppression(book, series_id, now, unit_id=unit_id, level=alert.level)
            # Who stands above has not been told of the cause; and what was called again is heard.
            if by is not None and not alert.level and by.cause != alert.cause:
                edges.append(book.put(quiet.silenced(alert, by)))
    return edges
