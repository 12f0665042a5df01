"""One open alert a series: who may open, what is frozen at onset, when the series is back.

While an alert is open its series teaches nothing; its band stays as it was at onset, the season going on by
slot (a siblings alert's band
follows the siblings). Two readings inside end it (setting `recovery_readings`).
"""

# ruff: noqa: FBT001 - kernels take no keywords

from __future__ import annotations

import math
from typing import Any

import numpy as np

from opsroom.detect import siblings, tail
from opsroom.detect.jit import inner, kernel
from opsroom.detect.rarity import turn
from opsroom.detect.state import (
    ABNORMAL,
    APART,
    BACK,
    BEYOND,
    CONTRIBUTORS,
    EVIDENCE,
    FILTERED,
    LIMIT,
    NAME,
    NEVER,
    OPEN,
    SIBLINGS,
    SILENCE,
    TAIL_SLOW,
)


@inner
def emit(events: Any, n: int, row: int, verb: int, detector: int, kind: int, at: int, value: float) -> Any:
    """Write a finding without further particulars; gives the next free place."""
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
    if h.seasonal:
        season, relative = tail.season_at(r, t)
        return h.centre + season, h.half * relative
    return h.centre, h.half


@inner
def outside_declared(s: Any, raw: float) -> Any:
    """Whether a raw value is outside the declared band (an open end is NaN and never passed)."""
    return raw < s.low or raw > s.high


@inner
def own_reading(
    s: Any,
    r: Any,
    h: Any,
    row: int,
    t: int,
    raw: float,
    y: float,
    dt: float,
    whole_dt: float,
    recovery: int,
    events: Any,
    n: int,
) -> Any:
    """Limit and tail on one reading; gives the next free place for findings."""
    beyond = outside_declared(s, raw)
    h.outside = min(h.outside + 1, 100) if beyond else 0
    if h.open:
        return _while_open(s, r, h, row, t, raw, y, beyond, recovery, events, n)
    detector, centre, half, seasonal, often, direction = tail.score(r, t, y, dt, whole_dt, s.turn, s.budget)
    if detector:
        onset = r.outside_since if detector == TAIL_SLOW and r.outside_since != NEVER else t
        n = emit(events, n, row, OPEN, detector, ABNORMAL, t, y)
        e = events[n - 1]
        e.onset, e.expected, e.low, e.high = onset, centre, centre - half, centre + half
        e.rate, e.direction = often, direction
        if seasonal:
            season, relative = tail.season_at(r, t)
            hold_open(h, detector, centre - season, half / relative, True, onset, t, direction, beyond)
        else:
            hold_open(h, detector, centre, half, False, onset, t, direction, beyond)
    if h.outside >= recovery:
        n = _limit(s, h, row, t, raw, events, n)
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
def _while_open(
    s: Any,
    r: Any,
    h: Any,
    row: int,
    t: int,
    raw: float,
    y: float,
    beyond: bool,
    recovery: int,
    events: Any,
    n: int,
) -> Any:
    """Count readings inside; the second ends the alert. Siblings and silence are ended elsewhere."""
    r.value = y
    if h.outside >= recovery and h.open not in (LIMIT, SILENCE):
        n = _limit(s, h, row, t, raw, events, n)
    if h.open in (SIBLINGS, SILENCE):
        return n
    low, high, centre = s.low, s.high, math.nan
    if h.open == LIMIT or h.was_outside:
        inside = not beyond
    else:
        centre, half = frozen_band(h, r, t)
        inside = abs(turn(y - centre, s.turn)) <= half and not beyond
        low, high = centre - half, centre + half
    h.inside = h.inside + 1 if inside else 0
    if h.inside >= recovery:
        n = emit(events, n, row, BACK, h.open, BEYOND if h.open == LIMIT else ABNORMAL, t, y)
        e = events[n - 1]
        e.expected, e.low, e.high, e.onset = centre, low, high, h.onset
        close(h, r, s.turn)
    return n


@inner
def _budget(g: Any, spec: Any, members: Any) -> float:
    """Give the mean budget of a group's members: what people said of one moves its share of the threshold."""
    first = spec[members[g.start]].budget
    more = 0.0
    for i in range(g.start, g.start + g.size):  # differences: equal budgets give just that budget
        more += spec[members[i]].budget - first
    return float(first + more / g.size)


@inner
def judge_group(
    g: Any, spec: Any, tails: Any, sib: Any, hold: Any, members: Any, recovery: int, events: Any, n: int
) -> Any:
    """Judge the oldest instant of a sibling group and emit what its members show."""
    size = g.size
    distance = np.empty(size)
    scale = np.empty(size)
    values = np.empty(size)
    for i in range(size):
        values[i] = sib[members[g.start + i]].pending[0]
    first = members[g.start]
    t = siblings.judge(g, sib, members, spec[first].turn, hold, distance, scale)
    gap = tails[first].gap
    if g.dirty:
        siblings.refit(g, sib, members, gap, _budget(g, spec, members))
    for i in range(size):
        if math.isnan(distance[i]):
            continue
        row = members[g.start + i]
        s, r, h, b = spec[row], tails[row], hold[row], sib[row]
        centre = values[i] - distance[i]
        if h.open == SIBLINGS:
            half = siblings.GUARD * h.half
            inside = abs(distance[i]) <= half and not outside_declared(s, values[i])
            h.inside = h.inside + 1 if inside else 0
            if h.inside >= recovery:
                n = emit(events, n, row, BACK, SIBLINGS, APART, t, values[i])
                e = events[n - 1]
                e.expected, e.low, e.high, e.onset = centre, centre - half, centre + half, h.onset
                close(h, r, s.turn)
                b.score = 0.0
                b.outside_since = NEVER
            continue
        usable = scale[i] > 0.0 and not math.isinf(scale[i])
        if not usable or abs(b.score) <= g.threshold or abs(distance[i]) <= siblings.GUARD * scale[i]:
            continue
        if b.score * distance[i] <= 0.0 or (h.open and ((h.evidence >> SIBLINGS) & 1 or b.at != t)):
            continue
        n = emit(events, n, row, EVIDENCE if h.open else OPEN, SIBLINGS, APART, t, values[i])
        e = events[n - 1]
        half = siblings.GUARD * scale[i]
        onset = b.outside_since if b.outside_since != NEVER else t
        e.expected, e.low, e.high, e.onset = centre, centre - half, centre + half, onset
        e.direction = 1 if distance[i] > 0.0 else -1
        e.rate = siblings.how_often(g, sib, members, gap, abs(b.score))
        _contributors(e, g, spec, members, distance, scale)
        if h.open:
            h.evidence |= 1 << SIBLINGS
        else:
            hold_open(h, SIBLINGS, centre, scale[i], False, onset, t, e.direction, False)
    return n


@inner
def _contributors(e: Any, g: Any, spec: Any, members: Any, distance: Any, scale: Any) -> None:
    """Name the members farthest apart, farthest first."""
    taken = np.zeros(g.size, np.bool_)
    for k in range(min(g.size, CONTRIBUTORS)):
        best = -1
        for i in range(g.size):
            if taken[i] or math.isnan(distance[i]):
                continue
            if best < 0 or abs(distance[i]) > abs(distance[best]):
                best = i
        if best < 0:
            return
        taken[best] = True
        e.others[k] = spec[members[g.start + best]].series
        e.others_z[k] = distance[best] / scale[best]
        e.others_n = k + 1


@inner
def name(f: Any, h: Any, row: int, t: int, y: float, events: Any, n: int) -> Any:
    """Name the open alert by the filter's last confirmed change, where that lies within it."""
    if h.open in (0, SILENCE) or f.kind <= 0 or f.kind == h.named or f.kind_t < min(h.onset, f.t[2]):
        return n
    h.named = f.kind
    n = emit(events, n, row, NAME, FILTERED, f.kind, t, y)
    e = events[n - 1]
    e.p, e.onset, e.direction = f.kind_p, f.kind_t, f.kind_dir
    return n
