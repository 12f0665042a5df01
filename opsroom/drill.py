"""Exercises: alerts raised by hand, answered as if they were real, and marked everywhere as what they are.

It stands on a series of its own, so that nothing real is ever marked, hidden or ended by it. Each has an
agreed end, so that none is forgotten: it ends there by itself if nobody ended it before.
"""

from __future__ import annotations

from typing import Final

from opsroom.model import Alert, ChangeKind, Finding, FindingVerb, Micros, Series

DRILL: Final = "drill"
"""The detector that exercises are raised by."""
SERIES: Final = "exercise"


def is_exercise(alert: Alert) -> bool:
    """Tell whether the alert is an exercise."""
    return any(finding.detector == DRILL for finding in alert.findings)


def rehearses(series: Series) -> bool:
    """Tell whether exercises stand on the series: nobody measures it, so it is none of its unit's own."""
    bare = not series.unit and series.period_s is None and series.band is None and series.indicator is None
    return series.name == SERIES and series.adopted and bare


def ends_at(alert: Alert) -> Micros | None:
    """Give the agreed end of an exercise that is on, None of everything else."""
    if not alert.active:
        return None
    return next((one.until for one in reversed(alert.findings) if one.detector == DRILL), None)


def said(series_id: int, now: Micros, *, until: Micros | None = None) -> Finding:
    """Give what begins an exercise that ends `until`, or ends it, on a unit's series for it."""
    begins = until is not None
    return Finding(
        series_id=series_id,
        verb=FindingVerb.OPEN if begins else FindingVerb.BACK,
        detector=DRILL,
        kind=ChangeKind.REPORTED,
        at=now,
        onset=now if begins else None,
        until=until,
    )
