"""The one kernel of a step: readings in order of time through every detector, findings out."""

# ruff: noqa: FBT001 - kernels take no keywords

from __future__ import annotations

import math
from typing import Any

import numpy as np

from opsroom.detect import arbiter, assembly, discord, relations, stuck, tail
from opsroom.detect import filter as naming
from opsroom.detect.jit import fetch_row, inner, kernel
from opsroom.detect.rarity import turn
from opsroom.detect.silence import GRACE_US, PERIODS
from opsroom.detect.state import (
    BACK,
    BROKEN,
    FAILED,
    FILTER,
    HOLD,
    MISSING,
    SIBLINGS,
    SILENCE,
    SPEC,
    STUCK,
)

SPEC_BYTES, HOLD_BYTES = SPEC.itemsize, HOLD.itemsize
STUCK_BYTES, FILTER_BYTES = STUCK.itemsize, FILTER.itemsize
QUALITY_LEAST = 64
"""Bad readings (below) are kept and shown, not scored."""
BEGUN, JUDGE = 1, 2
"""What `consume` leaves in progress: it was entered; an instant of a relation is to be judged."""
HUGE = 1e60
TINY = 1e-60
"""Beyond these a value counts as +-HUGE or as nought: its square still has room for ratios of squares."""


@inner
def _local(r: Any, zone: int, t: int, starts: Any, instants: Any, offsets: Any) -> None:
    """Find the zone's offset at `t`, kept in the row until the next change."""
    if r.zone_from <= t < r.zone_until:
        return
    first, last = starts[zone], starts[zone + 1]
    k = last - 1
    while k > first and instants[k] > t:
        k -= 1
    r.zone_from = instants[k]
    r.zone_until = instants[k + 1] if k + 1 < last else np.iinfo(np.int64).max
    r.zone_offset = offsets[k]


@inner
def bounded(value: float) -> float:
    """Give the value within what squares and ratios of squares can hold: cut at HUGE, nought below TINY."""
    if abs(value) < TINY:
        return 0.0
    return min(max(value, -HUGE), HUGE)


@inner
def observed(s: Any, raw: float) -> Any:
    """Give what is scored: the value, or an indicator's productivity; NaN where that is undefined."""
    if s.orientation == 0:
        return bounded(raw)
    if math.isnan(s.capability):
        return math.nan
    if s.orientation > 0:
        return bounded(raw / s.capability) if s.capability != 0.0 else math.nan
    return bounded(s.capability / raw) if raw != 0.0 else math.nan


@kernel
def hear(
    ids: Any, order: Any, series: Any, t: Any, now: int, spec: Any, seen: Any, silent: Any, rows: Any
) -> Any:
    """Find the rows of readings (-1: unknown) and note that their series were heard at `now`.

    `ids` ascending, `order` the row of each; writes `rows`, shape [n]. Gives whether `t` is in order and the
    first instant at which one of these series would fall silent.
    """
    first = np.iinfo(np.int64).max
    in_order = True
    for i in range(len(series)):
        if i > 0 and t[i] < t[i - 1]:
            in_order = False
        low, high = 0, len(ids)
        while low < high:
            middle = (low + high) // 2
            if ids[middle] < series[i]:
                low = middle + 1
            else:
                high = middle
        if low == len(ids) or ids[low] != series[i]:
            rows[i] = -1
            continue
        row = order[low]
        rows[i] = row
        seen[row] = now
        silent[row] = False
        if spec[row].period > 0:
            first = min(first, now + PERIODS * spec[row].period + GRACE_US)
    return in_order, first


@kernel
def consume(  # noqa: C901 - the straight line itself
    rows_of: Any, conducts: Any, discords: Any, bonds: Any, seat_from: Any, seat_list: Any, zones: Any,
    rows: Any, t: Any, v: Any, q: Any, profile: Any, recovery: int, events: Any, spare: int, scores: Any,
    progress: Any,
) -> Any:  # fmt: skip
    """Take readings (row, t, v, q, each shape [n], in order of time) and write findings; gives how many.

    `rows_of` are the arrays of PARTS in their order, `discords` those of `discord.Past`. `progress`, int64
    [4], holds where to go on: reading, seat of its series (-1: the series itself), findings so far, and
    BEGUN. It is left at n readings where all are done, earlier where fewer than `spare` places for findings
    are left or a relation is to be judged (JUDGE), and at the point where something raised. `scores`, shape
    [n] or [0] where nobody asks, takes each reading's anomaly score, 0 where it was not.
    """
    spec, tails, sib, filters, stucks, hold = rows_of
    gathers, seats, groups = bonds
    room, leaf = naming.scratch(), tail.calendar()
    n = 0
    events[0].row = -1
    progress[3] = BEGUN
    for i in range(progress[0], len(rows)):
        if n + spare > len(events):
            return n
        row = rows[i]
        _look_ahead(rows_of, rows, i, leaf)
        begun = progress[1]
        progress[0], progress[2] = i, n
        if row < 0 or hold[row].failed:
            progress[0], progress[1] = i + 1, -1
            continue
        s, h = spec[row], hold[row]
        at, raw = t[i], v[i]
        scorable = q[i] >= QUALITY_LEAST and math.isfinite(raw)
        y = observed(s, raw) if scorable else math.nan
        if begun < 0:
            n, again = _alone(
                s, tails[row], discords, filters[row], stucks[row], h, row, at, raw, y, scorable, zones,
                profile, room, leaf, recovery, events, n,
            )  # fmt: skip
            scorable = scorable and again
            if scorable and s.conduct >= 0:
                n = arbiter.conducted(s, conducts[s.conduct], tails[row], h, row, at, raw, events, n)
            if len(scores) and scorable:
                scores[i] = tails[row].score
        first = seat_from[row]
        for k in range(max(begun, 0), seat_from[row + 1] - first if scorable else 0):
            progress[1], progress[2] = k, n
            seat = seat_list[first + k]
            a = gathers[seats[seat].gather]
            given = y if a.kind == SIBLINGS else bounded(raw)
            if a.failed or math.isnan(given):
                continue
            arrived = False
            while not arrived or assembly.ready(a):
                if assembly.due(a, at):
                    if a.kind != SIBLINGS:
                        progress[3] = JUDGE
                        return n
                    n = relations.judge_siblings(
                        a, groups, seats, spec, tails, sib, hold, recovery, events, n
                    )
                else:
                    assembly.arrive(a, seats, seat, at, given)
                    arrived = True
        progress[0], progress[1] = i + 1, -1
    progress[2] = n
    return n


@inner
def _look_ahead(rows_of: Any, rows: Any, i: int, leaf: Any) -> None:
    """Ask for all that is remembered of a series whose reading comes soon after the `i`th."""
    spec, tails, _, filters, stucks, hold = rows_of
    soon = i + tail.AHEAD
    if soon >= len(rows) or rows[soon] < 0:
        return
    row = rows[soon]
    fetch_row(spec, row, SPEC_BYTES)
    fetch_row(hold, row, HOLD_BYTES)
    fetch_row(stucks, row, STUCK_BYTES)
    fetch_row(filters, row, FILTER_BYTES)
    tail.look_ahead(tails, row, leaf)


@inner
def _alone(
    s: Any,
    r: Any,
    discords: Any,
    f: Any,
    u: Any,
    h: Any,
    row: int,
    at: int,
    raw: float,
    y: float,
    scorable: bool,
    zones: Any,
    profile: Any,
    room: Any,
    leaf: Any,
    recovery: int,
    events: Any,
    n: int,
) -> Any:
    """Judge a reading against its own series.

    Gives (next free place for findings, whether the reading goes on to those it is judged with).
    """
    if h.open in (SILENCE, BROKEN):
        h.inside += 1
        if h.inside >= recovery:
            n = arbiter.emit(events, n, row, BACK, h.open, MISSING if h.open == SILENCE else FAILED, at, raw)
            events[n - 1].onset = h.onset
            arbiter.close(h, r, s.turn)
            return n, False
    if not scorable or (r.n > 0 and at <= r.last):
        return n, False
    if math.isnan(y):
        return n, True
    starts, instants, offsets = zones
    _local(r, s.zone, at, starts, instants, offsets)
    r.score = 0.0
    if r.n == 0:
        tail.first_reading(r, at, y)
        stuck.move(u, at, y, True, s.budget)
    else:
        passed = tail.keep_time(r, at)
        far_rows, far_values, far_sums = discords
        far = -1.0
        if s.far >= 0:
            far = discord.distance(far_rows[s.far], far_values[s.far], far_sums[s.far], r, y)
        teaches = h.open == 0  # what opens an alert counts in how rare such readings are
        n = arbiter.own_reading(s, r, u, h, leaf, row, at, raw, y, passed, far, recovery, events, n)
        if s.far >= 0 and teaches:
            discord.learn(far_rows[s.far])
    unrolled = f.y + turn(y - f.y, s.turn) if f.n > 0 else y
    naming.move(f, at, unrolled, profile, room)
    return arbiter.name(f, h, row, at, y, events, n), True
