"""Events of the kernel as findings, and what is found where a detector itself fails."""

from __future__ import annotations

import math
from typing import Any

from opsroom.detect import state as layout
from opsroom.detect.memory import NEVER, State
from opsroom.model import ChangeKind, Finding, FindingVerb


def finding(event: Any, state: State) -> Finding:
    """Give one event of the kernel as a finding; what is not finite is not said."""
    onset = int(event["onset"])
    others = range(int(event["others_n"]))
    return Finding(
        series_id=int(state.rows["spec"]["series"][event["row"]]),
        verb=layout.VERBS[int(event["verb"])],
        detector=layout.DETECTORS[int(event["detector"])],
        kind=layout.CHANGE_KINDS[int(event["kind"])],
        at=int(event["at"]),
        onset=None if onset == NEVER else onset,
        value=_number(event["value"]),
        expected=_number(event["expected"]),
        low=_number(event["low"]),
        high=_number(event["high"]),
        direction=int(event["direction"]),
        p=_number(event["p"]),
        rate_per_week=_number(event["rate"]),
        contributors=tuple((int(event["others"][k]), _number(event["others_z"][k]) or 0.0) for k in others),
    )


def opened(state: State, row: int, detector: int, kind: ChangeKind, at: int, onset: int) -> Finding:
    """Open an alert that no reading brought, or add it as evidence to the open one."""
    hold = state.rows["hold"][row : row + 1]
    verb = FindingVerb.EVIDENCE
    if not hold["open"][0]:
        verb = FindingVerb.OPEN
        hold["open"], hold["named"], hold["onset"], hold["opened"] = detector, -1, onset, at
        hold["inside"] = hold["was_outside"] = hold["seasonal"] = hold["direction"] = hold["evidence"] = 0
        hold["outside"] = hold["relation"] = 0
        hold["centre"] = hold["half"] = math.nan
    series_id = int(state.rows["spec"]["series"][row])
    name = layout.DETECTORS[detector]
    return Finding(series_id=series_id, verb=verb, detector=name, kind=kind, at=at, onset=onset)


def failed(state: State, row: int, seat: int, at: int, events: Any, start: int) -> list[Finding]:
    """Take out of detection what raised on a reading of `row` at `at`.

    `seat` is -1 where it was the series itself, else the place of the gathering among those of the series.
    What it had said of the reading (`events` from `start` on) stands as far as its alert does.
    """
    hold = state.rows["hold"]
    said = []
    while events["row"][start] >= 0:
        event = events[start]
        if event["verb"] != layout.OPEN or hold["open"][event["row"]] == event["detector"]:
            said.append(finding(event, state))
        start += 1
    if seat < 0:
        hold["failed"][row] = 1
    else:
        bonds = state.bonds
        place = int(bonds.seats["gather"][bonds.seat_list[bonds.seat_from[row] + seat]])
        bonds.gathers["failed"][place] = 1
        row = int(bonds.seats["row"][bonds.gathers["start"][place]])
    return [*said, opened(state, row, layout.BROKEN, ChangeKind.DETECTOR_FAILED, at, at)]


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
