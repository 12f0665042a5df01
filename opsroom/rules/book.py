"""Evaluation of rules: state and readings in, findings out. Pure: time comes with the readings.

The same readings give the same findings however they are cut into batches and whatever else shares a batch.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from opsroom.alarm import AlarmClass
from opsroom.alert.priority import priority_for
from opsroom.catalog import Catalog
from opsroom.model import ChangeKind, Columns, Finding, FindingVerb
from opsroom.rule import Rule, Ruling, rule_of
from opsroom.rules import kernel, layout, memory
from opsroom.rules.binding import watches
from opsroom.rules.layout import ALWAYS, NEVER
from opsroom.rules.memory import State, arranged, take_over
from opsroom.rules.several import Several

KINDS: Final = {
    layout.LIMIT: ChangeKind.LIMIT,
    layout.RATE: ChangeKind.SLOPE,
    layout.DEVIATION: ChangeKind.ABNORMAL,
    layout.MISSING: ChangeKind.MISSING_REPORT,
    layout.EXPRESSION: ChangeKind.LIMIT,
}
_EVENTS: Final = 1_024


class RuleBook:
    """Rules over all series. It keeps nothing itself: everything is in the state."""

    def __init__(self) -> None:
        """Start without any event."""
        self._events = np.zeros(_EVENTS, layout.EVENT)

    def blank(self) -> State:
        """Give a state without rules."""
        return State()

    @staticmethod
    def compile() -> None:
        """Compile the kernels, or read them from their cache: the first reading must not wait for it."""
        spec, live, events = np.zeros(1, layout.SPEC), layout.blank_live(1), np.zeros(8, layout.EVENT)
        anchors, first = np.zeros(1, layout.ANCHOR), np.zeros(1, np.int64)
        none = Columns.empty()
        kernel.judge(spec, live, anchors, first, none.series, none.t, none.v, none.q, 0, 0, events)
        kernel.move(spec, live, 0, 0, 0.0, 0.0, 0, events)
        kernel.expire(spec, live, np.zeros(0, np.int64), events)

    def configure(
        self, state: State, now: int, catalog: Catalog, changed: Iterable[Rule] = ()
    ) -> tuple[State, list[Finding]]:
        """Take new, altered or retired rules, or a tree that changed.

        What is remembered of a pair of rule and series stays while the rule watches the same kind of thing
        there, and files it as before; gives `back` for what stood and is watched, or filed so, no more.
        """
        rules = {rule.id: rule for rule in state.rules}
        before = dict(rules)
        rules.update((rule.id, rule) for rule in changed)
        active = [rules[one] for one in sorted(rules) if not rules[one].retired]
        fresh = arranged(active, list(watches(catalog, active)), catalog)
        kept = take_over(fresh, state, before)
        gone = [
            self._closed(state, row, now)
            for row, key in enumerate(state.keys)
            if state.live["standing"][row] and (key.rule, key.series) not in kept
        ]
        return fresh, gone

    def step(
        self,
        state: State,
        now: int,
        columns: Columns,
        bands: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None,
    ) -> tuple[State, list[Finding]]:
        """Take readings given at `now` (int microseconds UTC), after what falls due up to then.

        `columns` are in order of event time for each series, duplicates removed. `bands` are (low, high) of
        the series that `state.forecast` names, each shape (n,), as foreseen before these readings, which are
        then of one instant; without them no deviation is judged.
        """
        found = self._expire(state, now)
        if not len(columns) or not len(state.spec):
            return state, found
        if bands is not None:
            _foresee(state, bands)
        found += self._judge(state, now, columns)
        if len(state.joined):
            found += self._several(state, now, columns)
        found.sort(key=_order)
        return state, found

    def next_due(self, state: State, until: int | None = None) -> int | None:
        """Give the earliest instant at which something falls due by the clock alone, None where nothing does.

        With `until`, None where nothing does up to it, which is cheaper to know.
        """
        if not len(state.spec):
            return None
        if state.due <= (ALWAYS - 1 if until is None else until):
            rows = int(kernel.due_at(state.spec, state.live).min())
            state.due = min([rows, *(one.due for one in state.several)])
        return None if state.due == ALWAYS or (until is not None and state.due > until) else state.due

    def release(self, state: State, series_id: int) -> State:
        """Begin anew on a series whose alert people ended: what still holds opens again."""
        memory.begin_anew(state, np.flatnonzero(state.spec["series"] == series_id))
        return state

    def classes(self, state: State) -> dict[str, AlarmClass]:
        """Give, by the id of the rule, how its alerts behave; the priority is derived, never chosen."""
        return {rule.id: class_of(rule) for rule in state.rules if not rule.event}

    def touch(self, state: State, now: int) -> State:
        """Let time count from `now` (the room starts): its own absence is nobody's silence or delay."""
        heard = state.live["t"] != NEVER
        away = now - state.live["t"][heard]
        state.live["lag"][heard] = np.maximum(state.live["lag"][heard], away)
        for one in state.several:
            one.lag = max(one.lag, now - max(one.t)) if max(one.t) != NEVER else one.lag
        state.due = NEVER
        return state

    # Inside.

    def _expire(self, state: State, now: int) -> list[Finding]:
        if self.next_due(state, now) is None:
            return []
        found: list[Finding] = []
        for one in state.several:
            if one.due <= now:
                found += self._moved(state, one, one.judge())
        due = kernel.due_at(state.spec, state.live)
        rows = np.nonzero(due <= now)[0]
        rows = rows[np.lexsort((rows, due[rows]))]
        self._room_for(len(rows))
        count = kernel.expire(state.spec, state.live, rows, self._events)
        state.due = NEVER
        return sorted([*found, *self._said(state, count)], key=_order)

    def _judge(self, state: State, now: int, columns: Columns) -> list[Finding]:
        found: list[Finding] = []
        place, spare = 0, kernel.A_READING * int(np.diff(state.first).max(initial=0))
        self._room_for(spare)
        while place < len(columns):
            place, count, due = kernel.judge(
                state.spec, state.live, state.anchors, state.first,
                columns.series, columns.t, columns.v, columns.q, now, place, self._events,
            )  # fmt: skip
            state.due = min(state.due, due)
            found += self._said(state, count)
        return found

    def _several(self, state: State, now: int, columns: Columns) -> list[Finding]:
        known = columns.series < len(state.joined)
        mine = np.nonzero(known & state.joined[np.where(known, columns.series, 0)])[0]
        found: list[Finding] = []
        for k in mine.tolist():
            t, v = int(columns.t[k]), float(columns.v[k])
            usable = columns.q[k] >= kernel.QUALITY_LEAST and math.isfinite(v)
            for number, place in state.parts[int(columns.series[k])]:
                one = state.several[number]
                found += self._moved(state, one, one.take(place, t, v, max(0, now - t), usable=usable))
                state.due = min(state.due, one.due)
        return found

    def _moved(self, state: State, one: Several, judged: list[tuple[int, float]]) -> list[Finding]:
        found: list[Finding] = []
        for at, outcome in judged:
            count = kernel.move(state.spec, state.live, one.row, at, outcome, outcome, one.lag, self._events)
            found += self._said(state, count)
            state.due = NEVER
        return found

    def _room_for(self, count: int) -> None:
        if len(self._events) < count:
            self._events = np.zeros(count, layout.EVENT)

    def _said(self, state: State, count: int) -> list[Finding]:
        return [_finding(state, self._events[k]) for k in range(count)]

    @staticmethod
    def _closed(state: State, row: int, now: int) -> Finding:
        rule = state.rules[state.spec["rule"][row]]
        kind = KINDS[int(state.spec["kind"][row])]
        series_id = int(state.spec["series"][row])
        return Finding(series_id=series_id, verb=FindingVerb.BACK, detector=rule.detector, kind=kind, at=now)


def class_of(rule: Rule) -> AlarmClass:
    """Give the class of a rule's alerts."""
    return AlarmClass(
        name=rule.alarm_class,
        needs_ack=rule.needs_ack,
        latching=rule.latching,
        ack_timeout_s=rule.ack_timeout_s,
        re_alarm=rule.re_alarm,
        on_delay_s=rule.on_delay_s,
        off_delay_s=rule.off_delay_s,
        note_required=rule.note_required,
        priority=int(priority_for(rule.consequence, rule.response_s)),
    )


def ruling_of(finding: Finding, catalog: Catalog, state: State) -> Ruling:
    """Give what a rule found together with the version that found it, and the unit it is said of.

    `state` is of the rules under which it was found.
    """
    rule_id = rule_of(finding.detector) or ""
    rule, unit_id = catalog.rules.get(rule_id), catalog.series[finding.series_id].unit_id
    if rule is None:
        return Ruling(finding=finding, rule=rule_id, unit_id=unit_id)
    return Ruling(
        finding=finding, rule=rule_id, unit_id=unit_id, version=rule.version, event=is_event(state, finding)
    )


def is_event(state: State, finding: Finding) -> bool:
    """Say whether a finding is filed as event: told, and no alarm."""
    return any(rule.event and rule.detector == finding.detector for rule in state.rules)


def instants(state: State, columns: Columns) -> Iterator[Columns]:
    """Cut readings so that each part is of one instant wherever a forecast is asked for before it."""
    if not state.forecast or not len(columns):
        yield columns
        return
    edges = np.flatnonzero(np.diff(columns.t)) + 1
    start = 0
    for end in [*edges.tolist(), len(columns)]:
        yield columns.take(slice(start, end))  # type: ignore[arg-type]
        start = end


def _order(finding: Finding) -> tuple[int, int, str]:
    return finding.at, finding.series_id, finding.detector


def _finding(state: State, event: Any) -> Finding:
    spec = state.spec[event["row"]]
    kind = int(spec["kind"])
    low, high = _number(spec["low"]), _number(spec["high"])
    value, expected = _number(event["v"]), None
    if kind == layout.RATE:
        value = _number(event["x"])
    elif kind == layout.DEVIATION:
        low = high = None
        expected = _number(event["mid"])
    elif kind in (layout.MISSING, layout.EXPRESSION):
        value = low = high = None
    return Finding(
        series_id=int(spec["series"]),
        verb=FindingVerb.OPEN if event["up"] else FindingVerb.BACK,
        detector=state.rules[spec["rule"]].detector,
        kind=KINDS[kind],
        at=int(event["at"]),
        onset=int(event["since"]),
        value=value,
        expected=expected,
        low=low,
        high=high,
    )


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _foresee(state: State, bands: tuple[NDArray[np.float64], NDArray[np.float64]]) -> None:
    low, high = bands
    for place, series_id in enumerate(state.forecast):
        rows = slice(state.first[series_id], state.first[series_id + 1])
        state.live["mid"][rows] = (low[place] + high[place]) / 2
        half = (high[place] - low[place]) / 2
        state.live["half"][rows] = half if half > 0 else math.nan
