"""The one kernel of a step: readings in order of time through every detector, findings out."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from opsroom.detect import arbiter, siblings, tail
from opsroom.detect import filter as naming
from opsroom.detect.jit import inner, kernel
from opsroom.detect.rarity import turn
from opsroom.detect.state import BACK, MISSING, SILENCE

QUALITY_LEAST = 64
"""Bad readings (below) are kept and shown, not scored."""


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
def observed(s: Any, raw: float) -> Any:
    """Give what is scored: the value, or an indicator's productivity; NaN where that is undefined."""
    if s.orientation == 0:
        return raw
    if math.isnan(s.capability):
        return math.nan
    if s.orientation > 0:
        return raw / s.capability if s.capability != 0.0 else math.nan
    return s.capability / raw if raw != 0.0 else math.nan


@kernel
def consume(  # noqa: C901 - the straight line itself
    spec: Any,
    tails: Any,
    sib: Any,
    filters: Any,
    hold: Any,
    groups: Any,
    members: Any,
    zones: Any,
    rows: Any,
    t: Any,
    v: Any,
    q: Any,
    profile: Any,
    recovery: int,
    events: Any,
    scores: Any,
) -> Any:
    """Take readings (row, t, v, q, each shape [n], in order of time) and write findings; gives how many.

    `scores`, shape [n] or [0] where nobody asks, takes each reading's anomaly score, 0 where it was not.
    """
    n = 0
    starts, instants, offsets = zones
    room = naming.scratch()
    for i in range(len(rows)):
        row = rows[i]
        if row < 0:
            continue
        s, r, h = spec[row], tails[row], hold[row]
        at, raw = t[i], v[i]
        if h.open == SILENCE:
            h.inside += 1
            if h.inside >= recovery:
                n = arbiter.emit(events, n, row, BACK, SILENCE, MISSING, at, raw)
                events[n - 1].onset = h.onset
                arbiter.close(h, r, s.turn)
                continue
        if q[i] < QUALITY_LEAST or not math.isfinite(raw) or (r.n > 0 and at <= r.last):
            continue
        y = observed(s, raw)
        if not math.isfinite(y):
            continue
        _local(r, s.zone, at, starts, instants, offsets)
        if r.n == 0:
            tail.first_reading(r, at, y)
        else:
            dt, whole_dt = tail.keep_time(r, at)
            r.score = 0.0
            n = arbiter.own_reading(s, r, h, row, at, raw, y, dt, whole_dt, recovery, events, n)
            if len(scores):
                scores[i] = r.score
        f = filters[row]
        unrolled = f.y + turn(y - f.y, s.turn) if f.n > 0 else y
        naming.move(f, at, unrolled, profile, room)
        n = arbiter.name(f, h, row, at, y, events, n)
        if s.group >= 0:
            g = groups[s.group]
            while siblings.due(g, at):
                n = arbiter.judge_group(g, spec, tails, sib, hold, members, recovery, events, n)
            siblings.arrive(g, sib, members, row, at, y)
            while g.pending_n > 0 and g.pending_count[0] >= g.live:
                n = arbiter.judge_group(g, spec, tails, sib, hold, members, recovery, events, n)
    return n
