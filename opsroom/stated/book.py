"""Evaluation of what units state: readings in, findings out. Pure: time comes with the readings."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any, Final

import numpy as np

from opsroom.model import ChangeKind, Columns, Finding, FindingVerb, Micros, Series
from opsroom.stated import kernel, layout, memory
from opsroom.stated.memory import State

KINDS: Final = {
    layout.UNDERSTATED: ChangeKind.CAPABILITY_UNDERSTATED,
    layout.ERODED: ChangeKind.LATENCY_EROSION,
}
DETECTORS: Final = {layout.UNDERSTATED: "capability", layout.ERODED: "latency"}
_EVENTS: Final = 256


class StatedBook:
    """Doubts of what units state. It keeps nothing itself: everything is in the state.

    `recovery_readings` readings that are back end a doubt. The same readings give the same findings however
    they are cut into batches and whatever else shares a batch.
    """

    def __init__(self, recovery_readings: int = 2) -> None:
        """Take the setting."""
        self._recovery = recovery_readings
        self._events = np.zeros(_EVENTS, layout.EVENT)

    def blank(self) -> State:
        """Give a state that follows no series."""
        return State()

    def compile(self) -> None:
        """Compile the kernels, or read them from their cache: the first reading must not wait for it."""
        self.step(State(rows=layout.blank(1)), Columns.empty())
        kernel.redeclared(layout.blank(1)[0], 0)

    def meet(self, state: State, series: Iterable[Series]) -> State:
        """Follow those of the series that are not followed yet; what was declared of the others stands."""
        memory.take(state, [one for one in series if state.row(one.id) < 0], 0)
        return state

    def declare(self, state: State, series: Iterable[Series], now: Micros) -> State:
        """Take what is declared of these series from `now` (int microseconds UTC) on."""
        memory.take(state, series, now)
        return state

    def release(self, state: State, series_id: int) -> State:
        """Begin anew: unit and parent agreed on the figures that stand, or people ended the alert."""
        row = state.row(series_id)
        if row >= 0:
            kernel.forget(state.rows[row])
        return state

    def step(self, state: State, columns: Columns) -> tuple[State, list[Finding]]:
        """Take live readings, in order of event time for each series.

        Bad ones, and those not newer than the last, are passed over.
        """
        found: list[Finding] = []
        place = 0
        while len(state.rows) and place < max(1, len(columns)):
            place, count = kernel.judge(
                state.rows, state.places, columns.series, columns.t, columns.v, columns.q, place,
                self._recovery, self._events,
            )  # fmt: skip
            found += [_finding(state, self._events[k]) for k in range(count)]
            if not len(columns):
                break
        return state, found


def beside(
    said: Iterable[Finding], doubts: Iterable[Finding], state: State, scored: Callable[[int], bool]
) -> list[Finding]:
    """Give what detectors and doubts found in one step, so that an alert ends when nobody holds it any more.

    `state` is that of the doubts after the step, `scored` says whether detectors hold a series open after it.
    """
    heard = [one for one in said if one.verb is not FindingVerb.BACK or not state.stands(one.series_id)]
    heard += [
        one
        for one in doubts
        if one.verb is FindingVerb.OPEN or not (state.stands(one.series_id) or scored(one.series_id))
    ]
    return heard


def _finding(state: State, event: Any) -> Finding:
    """Give an event as a finding.

    Of a capability understated `value` is the index that is above 1: the mean productivity, or latency.
    """
    doubt = int(event["doubt"])
    now = (float(event["productivity"]), float(event["latency"]))
    then = (float(event["productivity_then"]), float(event["latency_then"]))
    value, expected = now[0], 1.0
    if doubt == layout.ERODED:
        value, expected = now[1], then[1]
    elif now[1] > 1.0:
        value = now[1]
    since = int(event["since"])
    return Finding(
        series_id=int(state.rows["series"][event["row"]]),
        verb=FindingVerb.OPEN if event["up"] else FindingVerb.BACK,
        detector=DETECTORS[doubt],
        kind=KINDS[doubt],
        at=int(event["at"]),
        onset=None if since == layout.NEVER else since,
        value=value,
        expected=expected if math.isfinite(expected) else None,
        ratios=tuple(one for one in (*now, *then) if math.isfinite(one)) if event["up"] else (),
    )
