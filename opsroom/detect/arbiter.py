"""One open alert a series: who may open, what is frozen at onset, when the series is back.

While an alert is open its series teaches nothing; its band stays as it was at onset, the season going on by
slot (a siblings alert's band follows the siblings). Two readings inside end it (setting `recovery_readings`).
"""

# ruff: noqa: FBT001 - kernels take no keywords

from __future__ import annotations

import math
from typing import Any

from opsroom.detect import conduct, naming, stuck, tail
from opsroom.detect.jit import inner, kernel
from opsroom.detect.rarity import turn
from opsroom.detect.state import (
    ABNORMAL,
    BACK,
    BEYOND,
    BROKEN,
    DISCORD,
    DRIFT,
    EVIDENCE,
    FILTERED,
    FROZEN,
    HEAPED,
    HEAPED_UP,
    LIMIT,
    NAME,
    NEVER,
    OPEN,
    SILENCE,
    SMOOTH,
    SMOOTHED,
    STEP,
    TAIL_ALARM,
    UNMOVED,
)

STUCK_SHARE = 0.25
"""Of the budget: a stuck value is one thing among several that may be said of a series."""
REACH = 6.0
"""Usual distances of readings before the onset at which a change may still be this alert's: a tail opens
some readings after a step that the filter dates right."""


@inner
def emit(events: Any, n: int, row: int, verb: int, detector: int, kind: int, at: int, value: float) -> Any:
    """Write a finding without further particulars; gives the next free place, which is marked as such."""
    events[n + 1].row = -1
    e = events[n]
    e.row = row
    e.verb = verb
    e.detector = detector
    e.kind = kind
    e.direction = 0
    e.at = at
    e.onset = NEVER
    e.value = value
    e.expected = e.low = e.high = e.p = e.rate = math.nan
    e.others_n = 0
    return n + 1


@kernel
def hold_open(
    h: Any,
    detector: int,
    centre: float,
    half: float,
    seasonal: Any,
    onset: int,
    at: int,
    direction: int,
    outside: bool,
) -> None:
    """Mark the series' alert open and freeze its band."""
    h.open = detector
    h.inside = 0
    h.was_outside = 1 if outside else 0
    h.centre = centre
    h.half = half
    h.seasonal = 1 if seasonal else 0
    h.onset = onset
    h.opened = at
    h.named = -1
    h.evidence = 0
    h.direction = direction
    h.relation = 0


@kernel
def close(h: Any, r: Any, turn_full: float) -> None:
    """Mark the series' alert ended; it may teach and open again."""
    h.open = 0
    h.inside = 0
    h.outside = 0
    tail.resume(r, r.value, turn_full, False)


@kernel
def frozen_band(h: Any, r: Any, t: int) -> Any:
    """Give (centre, half width) of the band frozen at onset, at instant `t`."""
    return h.centre + tail.season_at(r, t) if h.seasonal else h.centre, h.half


@inner
def outside_declared(s: Any, raw: float) -> Any:
    """Whether a raw value is outside the declared band (an open end is NaN and never passed)."""
    return raw < s.low or raw > s.high


@inner
def own_reading(
    s: Any,
    r: Any,
    u: Any,
    h: Any,
    leaf: Any,
    row: int,
    t: int,
    raw: float,
    y: float,
    passed: float,
    far: float,
    recovery: int,
    events: Any,
    n: int,
) -> Any:
    """Limit, stuck value and tail on one reading; gives the next free place for findings."""
    beyond = outside_declared(s, raw)
    h.outside = min(h.outside + 1, 100) if beyond else 0
    if stuck.move(u, t, y, h.open == 0, STUCK_SHARE * s.budget):
        n = _stuck(u, h, row, t, y, events, n)
    if h.open:
        return _while_open(s, r, h, row, t, raw, y, far, beyond, recovery, events, n)
    h.waiting = 0
    detector, centre, half, often, direction = tail.score(r, leaf, t, y, passed, s.turn, s.budget, far)
    if detector and s.kin:
        h.waiting, h.waiting_dir, h.waiting_t = detector, direction, t
        h.waiting_centre, h.waiting_half, h.waiting_rate = centre, half, often
    elif detector:
        n = alarm(r, h, row, t, y, detector, centre, half, often, direction, beyond, events, n)
    if h.outside >= recovery:
        n = _limit(s, h, row, t, raw, events, n)
    return n


@inner
def alarm(
    r: Any,
    h: Any,
    row: int,
    t: int,
    y: float,
    detector: int,
    centre: float,
    half: float,
    often: float,
    direction: int,
    outside: bool,
    events: Any,
    n: int,
) -> Any:
    """Open an alert of the series' own tail; gives the next free place for findings."""
    onset = r.outside_since if r.outside_since != NEVER else t
    n = emit(events, n, row, OPEN, detector, ABNORMAL, t, y)
    e = events[n - 1]
    e.onset, e.expected, e.low, e.high = onset, centre, centre - half, centre + half
    e.rate, e.direction = often, direction
    hold_open(h, detector, centre - tail.season_at(r, t), half, True, onset, t, direction, outside)
    return n


@inner
def _limit(s: Any, h: Any, row: int, t: int, raw: float, events: Any, n: int) -> Any:
    """Open a limit alert, or add it as evidence to an open one, once."""
    if h.open and (h.evidence >> LIMIT) & 1:
        return n
    direction = 1 if raw > s.high else -1
    n = emit(events, n, row, EVIDENCE if h.open else OPEN, LIMIT, BEYOND, t, raw)
    e = events[n - 1]
    e.low, e.high, e.direction = s.low, s.high, direction
    e.onset = t
    if h.open:
        h.evidence |= 1 << LIMIT
        h.was_outside = 1
    else:
        hold_open(h, LIMIT, math.nan, math.nan, False, t, t, direction, True)
    return n


@inner
def _stuck(u: Any, h: Any, row: int, t: int, y: float, events: Any, n: int) -> Any:
    """Open an alert of a value that no longer moves, or add it as evidence to an open one, once."""
    if h.open and (h.evidence >> FROZEN) & 1:
        return n
    n = emit(events, n, row, EVIDENCE if h.open else OPEN, FROZEN, UNMOVED, t, y)
    e = events[n - 1]
    e.onset, e.rate = u.since, stuck.often(u)
    if h.open:
        h.evidence |= 1 << FROZEN
    else:
        hold_open(h, FROZEN, y, 0.0, False, u.since, t, 0, False)
    return n


@inner
def conducted(s: Any, c: Any, r: Any, h: Any, row: int, t: int, raw: float, events: Any, n: int) -> Any:
    """Judge whether the reports of an indicator are too good to be true; gives the next free place."""
    said = conduct.move(c, t, raw, s.capability, s.orientation, s.budget, h.open != 0)
    if said == 0:
        return n
    for detector, kind, begins, ends in (
        (SMOOTH, SMOOTHED, conduct.SMOOTHED, conduct.SMOOTHED_OVER),
        (HEAPED, HEAPED_UP, conduct.HEAPED, conduct.HEAPED_OVER),
    ):
        if said & ends and h.open == detector:
            n = emit(events, n, row, BACK, detector, kind, t, math.nan)
            events[n - 1].onset = h.onset
            close(h, r, s.turn)
        if not said & begins or (h.open and (h.open == detector or (h.evidence >> detector) & 1)):
            continue
        n = emit(events, n, row, EVIDENCE if h.open else OPEN, detector, kind, t, math.nan)
        e = events[n - 1]
        e.onset = c.start
        if detector == SMOOTH:
            e.value, e.expected, e.rate, e.direction = c.ratio, 1.0, c.smooth_rate, -1
        else:
            e.value, e.expected, e.rate, e.direction = c.share, c.usual_share, c.heap_rate, 1
        if h.open:
            h.evidence |= 1 << detector
        else:
            hold_open(h, detector, math.nan, math.nan, False, c.start, t, e.direction, False)
    return n


@kernel
def forget_conduct(c: Any) -> None:
    """Let a series' honesty be learned anew (a decision, a new capability)."""
    conduct.forget(c)


@inner
def _while_open(
    s: Any,
    r: Any,
    h: Any,
    row: int,
    t: int,
    raw: float,
    y: float,
    far: float,
    beyond: bool,
    recovery: int,
    events: Any,
    n: int,
) -> Any:
    """Count readings inside; the second ends the alert.

    A stuck one ends when the value moves; silence, siblings and relations are ended elsewhere.
    """
    r.value = y
    if h.outside >= recovery and h.open not in (LIMIT, SILENCE):
        n = _limit(s, h, row, t, raw, events, n)
    if h.open == FROZEN:
        if y != h.centre:
            n = emit(events, n, row, BACK, FROZEN, UNMOVED, t, y)
            events[n - 1].onset = h.onset
            close(h, r, s.turn)
        return n
    if h.open not in (TAIL_ALARM, DRIFT, DISCORD, LIMIT):
        return n
    if h.open != LIMIT:
        tail.while_open(r, t, y, s.turn)
    low, high, centre = s.low, s.high, math.nan
    if h.open == LIMIT or h.was_outside:
        inside = not beyond
    else:
        centre, half = frozen_band(h, r, t)
        inside = abs(turn(y - centre, s.turn)) <= half and not beyond
        if h.open == DISCORD:
            inside = inside and far <= tail.CALM
        low, high = centre - half, centre + half
    h.inside = h.inside + 1 if inside else 0
    if h.inside >= recovery:
        n = emit(events, n, row, BACK, h.open, BEYOND if h.open == LIMIT else ABNORMAL, t, y)
        e = events[n - 1]
        e.expected, e.low, e.high, e.onset = centre, low, high, h.onset
        close(h, r, s.turn)
    return n


@inner
def name(f: Any, h: Any, row: int, t: int, y: float, events: Any, n: int) -> Any:
    """Name the open alert by the filter's last confirmed change, where that lies within it.

    A step in the alert's direction that still stands keeps its name against what is confirmed later.
    """
    if h.open in (0, SILENCE, BROKEN, FROZEN):
        return n
    since = min(h.onset, f.t[2]) - (tail.HALF_DAY_US if h.open == DRIFT else REACH * f.gap)
    kind, when, p, direction = f.kind, f.kind_t, f.kind_p, f.kind_dir
    if f.step_t >= since and naming.step_stands(f):
        way = 1 if f.step_size > 0.0 else -1
        if h.direction in (0, way):
            kind, when, p, direction = STEP, f.step_t, f.step_p, way
    if kind <= 0 or kind == h.named or when < since:
        return n
    h.named = kind
    n = emit(events, n, row, NAME, FILTERED, kind, t, y)
    e = events[n - 1]
    e.p, e.onset, e.direction = p, when, direction
    return n
