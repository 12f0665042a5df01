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
STIRRED = 2.5
"""Evidence (-log10 of chance, fading) from which a member counts as moved by what moves another."""
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
def judge(
    a: Any,
    g: Any,
    seats: Any,
    sib: Any,
    t: int,
    given: Any,
    turn_full: float,
    hold: Any,
    distance: Any,
    scale: Any,
) -> None:
    """Judge the readings `given` at one instant, shape [size], NaN where a member gave nothing.

    Writes each member's distance from the median of the others (NaN where it gave nothing) and its scale
    into `distance` and `scale`, shape [size]; moves dispersion, scores and rings. A member whose alert is
    open teaches nothing but the common dispersion.
    """
    size = a.size
    values = np.empty(size)
    count = 0
    anchor = math.nan
    magnitude = 0.0
    for i in range(size):
        distance[i] = math.nan
        if not math.isnan(given[i]):
            if math.isnan(anchor):
                anchor = given[i]
            distance[i] = turn(given[i] - anchor, turn_full)
            magnitude = max(magnitude, abs(given[i]))
            values[count] = distance[i]
            count += 1
    if count > LEAST_OTHERS:
        _distances(a, g, seats, sib, turn_full, values[:count], distance, scale, magnitude)
        _move(a, g, seats, sib, hold, distance, scale, t)
    else:
        for i in range(size):
            distance[i] = math.nan


@inner
def _distances(
    a: Any,
    g: Any,
    seats: Any,
    sib: Any,
    turn_full: float,
    values: Any,
    distance: Any,
    scale: Any,
    magnitude: float,
) -> None:
    """Turn values into distances from the others' median less bias, and find the common scale."""
    ordered = values.copy()
    arrange(ordered)
    count = len(ordered)
    sizes = np.empty(count)
    k = 0
    for i in range(a.size):
        if math.isnan(distance[i]):
            continue
        position = place(ordered, distance[i])
        r = sib[seats[a.start + i].row]
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
    for i in range(a.size):
        scale[i] = usual


@inner
def _move(a: Any, g: Any, seats: Any, sib: Any, hold: Any, distance: Any, scale: Any, t: int) -> None:
    """Move score, block and bias of every member that gave a reading and has no open alert."""
    for i in range(a.size):
        row = seats[a.start + i].row
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
def pool(a: Any, seats: Any, sib: Any) -> Any:
    """Give all remembered blocks of the group, shape [n], and the fewest that one live member has."""
    draws = np.empty(a.size * RING)
    count, fewest = 0, RING
    for i in range(a.start, a.start + a.size):
        r = sib[seats[i].row]
        if not seats[i].dead:
            fewest = min(fewest, r.ring_n)
        for j in range(r.ring_n):
            draws[count] = r.ring[j]
            count += 1
    return draws[:count], fewest


@inner
def refit(a: Any, g: Any, seats: Any, sib: Any, gap: float, budget: float) -> None:
    """Find the group's threshold anew from the pooled past."""
    g.dirty = 0
    draws, fewest = pool(a, seats, sib)
    block = _block(a, seats, sib)
    if fewest >= BLOCKS and gap > 0.0:
        g.threshold = threshold(draws, WEEK_US / (block * gap), budget)


@inner
def _block(a: Any, seats: Any, sib: Any) -> Any:
    longest = BLOCK
    for i in range(a.start, a.start + a.size):
        longest = max(longest, sib[seats[i].row].block)
    return longest


@inner
def how_often(a: Any, seats: Any, sib: Any, gap: float, score: float) -> Any:
    """Give how often a week a member's block passes `score`, by the group's past."""
    draws, _ = pool(a, seats, sib)
    return rate(draws, WEEK_US / (_block(a, seats, sib) * gap), score)
