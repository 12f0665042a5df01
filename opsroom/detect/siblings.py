"""A unit against the others of its kind at the same instant.

Wind, weather and weekday are common to them, a fault is not.

Each member's distance from the median of the others, less its own lasting difference, is divided by how far
members usually lie apart (a short memory of the group's median distance, so that a storm widens it at once)
and smoothed over some readings, so that an outage shows and a gust does not. What is rare is learned from
the past of the whole group: members are alike by declaration.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from opsroom.detect.jit import inner
from opsroom.detect.rarity import DAY_US, WEEK_US, arrange, pair_up, place, rate, remember, threshold, turn
from opsroom.detect.state import NEVER, PENDING, RING

WIDTH = 24.0
"""Readings the score is smoothed over: at ten minutes four hours, so gusts and single standstills pass."""
CLIP = 8.0
BLOCK = 32
BLOCKS = 7
MEMORY_SHORT = 12.0
MEMORY_LONG = 1024.0
BIAS_MEMORY = 1440.0
"""Readings over which a lasting difference between members (a better site) becomes their usual one."""
FLOOR = 0.5
"""The usual distance is never taken below half of its long mean: a calm hour must not make a small
difference rare."""
GUARD = 3.0
"""Usual distances from the others' median within which an alert ends, and outside which the last reading
must be to open one."""
SETTLE = 16
LEAST_OTHERS = 2
RESOLUTION = 1e-6


@inner
def _median_without(ordered: Any, count: int, position: int) -> Any:
    """Median of the first `count` sorted values, leaving out the one at `position`."""
    rest = count - 1
    a = (rest - 1) // 2
    b = rest // 2
    a += 1 if a >= position else 0
    b += 1 if b >= position else 0
    return 0.5 * (ordered[a] + ordered[b])


@inner
def arrive(  # noqa: C901 - one walk over four places
    g: Any, sib: Any, members: Any, row: int, t: int, y: float
) -> Any:
    """Put the reading of `row` at `t` beside those of its siblings.

    Gives False where its instant has been judged already.

    Instants before `t` for which this member gave nothing are passed over by it.
    """
    r = sib[row]
    if r.dead:  # it takes part from the next instant on, whatever the order of arrival within this one
        r.dead = 0
        r.back_at = t
        g.live += 1
        for k in range(g.pending_n):
            if g.pending_t[k] <= t:
                r.accounted[k] = 2
                g.pending_count[k] += 1
        return False
    if t <= g.passed:
        return False
    slot = -1
    for k in range(g.pending_n):
        if g.pending_t[k] == t:
            slot = k
        elif g.pending_t[k] < t and r.accounted[k] == 0:
            r.accounted[k] = 2
            g.pending_count[k] += 1
    if slot < 0:
        slot = _insert(g, sib, members, t)
    if slot < 0:
        return False
    if r.accounted[slot] == 0:
        g.pending_count[slot] += 1
    r.accounted[slot] = 1
    r.pending[slot] = y
    return True


@inner
def _insert(g: Any, sib: Any, members: Any, t: int) -> Any:
    """Make room for instant `t`, in order of time.

    The caller has taken out the oldest of a full list. -1 where `t` is too old.
    """
    if g.pending_n >= PENDING:
        return -1
    k = g.pending_n
    while k > 0 and g.pending_t[k - 1] > t:
        k -= 1
    for j in range(g.pending_n, k, -1):
        g.pending_t[j] = g.pending_t[j - 1]
        g.pending_count[j] = g.pending_count[j - 1]
    given = 0
    for i in range(g.start, g.start + g.size):
        r = sib[members[i]]
        for j in range(g.pending_n, k, -1):
            r.pending[j] = r.pending[j - 1]
            r.accounted[j] = r.accounted[j - 1]
        r.pending[k] = np.nan
        r.accounted[k] = 2 if not r.dead and r.back_at >= t else 0
        given += 1 if r.accounted[k] else 0
    g.pending_t[k] = t
    g.pending_count[k] = given
    g.pending_n += 1
    return k


@inner
def due(g: Any, newest: int) -> Any:
    """Whether the oldest pending instant is to be judged.

    All live members are accounted for, or `newest` needs its place.
    """
    if g.pending_n == 0:
        return False
    if g.pending_count[0] >= g.live:
        return True
    return bool(g.pending_n >= PENDING and newest > g.pending_t[g.pending_n - 1])


@inner
def judge(g: Any, sib: Any, members: Any, turn_full: float, hold: Any, distance: Any, scale: Any) -> Any:
    """Judge the oldest pending instant and take it out.

    Writes each member's distance from the median of the others (NaN where it gave nothing) and its scale
    into `distance` and `scale`, shape [size]; moves dispersion, scores and rings. A member whose alert is
    open teaches nothing but the common dispersion. Gives the instant.
    """
    size = g.size
    t = g.pending_t[0]
    values = np.empty(size)
    count = 0
    anchor = math.nan
    magnitude = 0.0
    for i in range(size):
        r = sib[members[g.start + i]]
        distance[i] = math.nan
        if r.accounted[0] == 1:
            if math.isnan(anchor):
                anchor = r.pending[0]
            distance[i] = turn(r.pending[0] - anchor, turn_full)
            magnitude = max(magnitude, abs(r.pending[0]))
            values[count] = distance[i]
            count += 1
        elif r.accounted[0] == 0 and not r.dead:
            r.dead = 1
            g.live -= 1
    if count > LEAST_OTHERS:
        _distances(g, sib, members, turn_full, values[:count], distance, scale, magnitude)
        _move(g, sib, members, hold, distance, scale, t)
    else:
        for i in range(size):
            distance[i] = math.nan
    _drop(g, sib, members)
    g.passed = t
    return t


@inner
def _distances(
    g: Any, sib: Any, members: Any, turn_full: float, values: Any, distance: Any, scale: Any, magnitude: float
) -> None:
    """Turn values into distances from the others' median less bias, and find the common scale."""
    ordered = values.copy()
    arrange(ordered)
    count = len(ordered)
    sizes = np.empty(count)
    k = 0
    for i in range(g.size):
        if math.isnan(distance[i]):
            continue
        position = place(ordered, distance[i])
        r = sib[members[g.start + i]]
        distance[i] = turn(distance[i] - _median_without(ordered, count, position) - r.bias, turn_full)
        sizes[k] = abs(distance[i])
        k += 1
    arrange(sizes)
    now = 0.5 * (sizes[(count - 1) // 2] + sizes[count // 2])
    least = RESOLUTION * magnitude
    known = g.turns >= PENDING
    usual = max(g.dispersion, FLOOR * g.usual, now, least) if known else math.inf
    short = min(now, CLIP * max(g.dispersion, FLOOR * g.usual, least)) if known else now
    g.turns += 1
    g.dispersion += max(1.0 / g.turns, 1.0 / MEMORY_SHORT) * (short - g.dispersion)
    g.usual += max(1.0 / g.turns, 1.0 / MEMORY_LONG) * (short - g.usual)
    for i in range(g.size):
        scale[i] = usual


@inner
def _move(g: Any, sib: Any, members: Any, hold: Any, distance: Any, scale: Any, t: int) -> None:
    """Move score, block and bias of every member that gave a reading and has no open alert."""
    for i in range(g.size):
        row = members[g.start + i]
        if math.isnan(distance[i]) or not scale[i] > 0.0 or math.isinf(scale[i]) or hold[row].open:
            continue
        r = sib[row]
        z = distance[i] / scale[i]
        r.score += (min(max(z, -CLIP), CLIP) - r.score) / WIDTH
        r.block_max = max(r.block_max, abs(r.score))
        r.block_n += 1
        if r.block == 0:
            r.block = BLOCK
        if g.turns > SETTLE and r.block_n >= r.block:
            _end_block(g, r, t)
        if abs(z) > GUARD:
            if r.outside_since == NEVER:
                r.outside_since = t
        elif abs(r.score) < 1.0:
            r.outside_since = NEVER
        if abs(r.score) <= g.threshold or abs(z) <= GUARD:
            r.bias_n += 1
            short = min(max(distance[i], -2.0 * scale[i]), 2.0 * scale[i])
            r.bias += max(1.0 / r.bias_n, 1.0 / BIAS_MEMORY) * short
        r.at = t


@inner
def _end_block(g: Any, r: Any, t: int) -> None:
    """Remember a member's block; the group's threshold is to be found anew."""
    r.ring_n = remember(r.ring, r.ring_n, r.block_max)
    r.block_max = 0.0
    r.block_n = 0
    gap = float(t - r.at)
    if r.ring_n >= RING and r.block * gap < DAY_US:
        r.ring_n = pair_up(r.ring, r.ring_n)
        r.block *= 2
    g.dirty = 1


@inner
def pool(g: Any, sib: Any, members: Any) -> Any:
    """Give all remembered blocks of the group, shape [n], and the fewest that one live member has."""
    draws = np.empty(g.size * RING)
    count, fewest = 0, RING
    for i in range(g.start, g.start + g.size):
        r = sib[members[i]]
        if not r.dead:
            fewest = min(fewest, r.ring_n)
        for j in range(r.ring_n):
            draws[count] = r.ring[j]
            count += 1
    return draws[:count], fewest


@inner
def refit(g: Any, sib: Any, members: Any, gap: float, budget: float) -> None:
    """Find the group's threshold anew from the pooled past."""
    g.dirty = 0
    draws, fewest = pool(g, sib, members)
    block = _block(g, sib, members)
    if fewest >= BLOCKS and gap > 0.0:
        g.threshold = threshold(draws, WEEK_US / (block * gap), budget)


@inner
def _block(g: Any, sib: Any, members: Any) -> Any:
    longest = BLOCK
    for i in range(g.start, g.start + g.size):
        longest = max(longest, sib[members[i]].block)
    return longest


@inner
def how_often(g: Any, sib: Any, members: Any, gap: float, score: float) -> Any:
    """Give how often a week a member's block passes `score`, by the group's past."""
    draws, _ = pool(g, sib, members)
    return rate(draws, WEEK_US / (_block(g, sib, members) * gap), score)


@inner
def _drop(g: Any, sib: Any, members: Any) -> None:
    """Take out the oldest pending instant."""
    last = g.pending_n - 1
    for k in range(last):
        g.pending_t[k] = g.pending_t[k + 1]
        g.pending_count[k] = g.pending_count[k + 1]
    for i in range(g.start, g.start + g.size):
        r = sib[members[i]]
        for k in range(last):
            r.pending[k] = r.pending[k + 1]
            r.accounted[k] = r.accounted[k + 1]
        r.pending[last] = np.nan
        r.accounted[last] = 0
    g.pending_n = last
