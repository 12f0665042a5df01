"""Exercises: alerts raised by hand, answered as if they were real, and marked everywhere as what they are.

It stands on a series of its own, so that nothing real is ever marked, hidden or ended by it.
"""

from __future__ import annotations

from typing import Final

from opsroom.model import Alert, ChangeKind, Finding, FindingVerb, Micros

DRILL: Final = "drill"
"""The detector that exercises are raised by."""
SERIES: Final = "exercise"


def is_exercise(alert: Alert) -> bool:
    """Tell whether the alert is an exercise."""
    return any(finding.detector == DRILL for finding in alert.findings)


def said(series_id: int, now: Micros, *, begins: bool) -> Finding:
    """Give what begins or ends an exercise on a unit's series for it."""
    return Finding(
        series_id=series_id,
        verb=FindingVerb.OPEN if begins else FindingVerb.BACK,
        detector=DRILL,
        kind=ChangeKind.REPORTED,
        at=now,
        onset=now if begins else None,
    )
