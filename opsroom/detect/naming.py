"""From the filter's probabilities to a name: which kind of change is confirmed, when it was, which way.

The rules of DOMAIN 2.3: a step or a transient is confirmed by its probability one or two readings back, a
slope by the probability that it is more than a tenth of a deviation a reading.
"""

from __future__ import annotations

import math
from typing import Any

from opsroom.detect.jit import inner, kernel
from opsroom.detect.state import KINDS, NEVER, SLOPE, STEP, TRANSIENT

CONFIRMED = 0.5
SLOPE_SURE = 0.95
SLOPE_LEAST = 0.1
"""Of a standard deviation a reading: smaller slopes are not worth a name."""
SHARE = 0.5
"""Of the way the level has come, that a step must have made to remain the word for it."""
QUIET = 10
"""Readings after a confirmed step during which a slope is not named: the new level is still being found."""
MOST, NEAR = 0.5, 1.28
"""Share and deviations: where the likeliest component holds more than half and its slope is not even that
far beyond the least one, the test cannot reach 95 % and is spared."""


@inner
def lookback(r: Any, joint: Any, total: float) -> Any:
    """Give the probabilities of (step, transient) one and two readings back.

    `joint` are the weights [k before, j now], `r.w` still those of the reading before.
    """
    step = (joint[STEP, 0] + joint[STEP, 1] + joint[STEP, 2] + joint[STEP, 3]) / total
    transient = (
        joint[TRANSIENT, 0] + joint[TRANSIENT, 1] + joint[TRANSIENT, 2] + joint[TRANSIENT, 3]
    ) / total
    step2 = transient2 = 0.0
    for k in range(KINDS):
        here = (joint[k, 0] + joint[k, 1] + joint[k, 2] + joint[k, 3]) / total
        step2 += here * r.w[k, 0]
        transient2 += here * r.w[k, 1]
    return (step, transient), (step2, transient2)


@kernel
def slope_probability(r: Any) -> Any:
    """Give (Pr slope up, Pr slope down) beyond a tenth of a deviation a reading."""
    v = 0.0
    top = 0
    for j in range(KINDS):
        v += r.p[j] * r.s[j]
        if r.p[j] > r.p[top]:
            top = j
    least = SLOPE_LEAST * math.sqrt(v)
    if r.p[top] > MOST and abs(r.m[top, 1]) - least < NEAR * math.sqrt(r.c[top, 2]):
        return 0.0, 0.0
    up = 0.0
    down = 0.0
    for j in range(KINDS):
        root = math.sqrt(max(2.0 * r.c[j, 2], 1e-300))
        up += r.p[j] * 0.5 * math.erfc((least - r.m[j, 1]) / root)
        down += r.p[j] * 0.5 * math.erfc((least + r.m[j, 1]) / root)
    return up, down


@inner
def _which(r: Any, back1: Any, back2: Any, y: float) -> Any:
    """Give (kind, probability, readings ago, direction) of what this reading confirms; kind 0 is nothing."""
    kind, p, ago, direction = 0, 0.0, 0, 0
    for i, each in enumerate((STEP, TRANSIENT)):
        if back1[i] >= CONFIRMED and back1[i] > p:
            kind, p, ago = each, back1[i], 1
        if back2[i] >= CONFIRMED and back2[i] > p:
            kind, p, ago = each, back2[i], 2
    if kind == STEP:
        direction = 1 if y > r.before else -1
    elif kind == TRANSIENT:
        direction = 1 if r.recent[ago - 1] > r.before else -1
    elif r.quiet == 0:
        up, down = slope_probability(r)
        if max(up, down) >= SLOPE_SURE:
            kind, p, direction = SLOPE, max(up, down), 1 if up > down else -1
    return kind, p, ago, direction


@inner
def step_stands(r: Any) -> Any:
    """Whether the last confirmed step still makes most of how far the level is from where it was before.

    What was confirmed after it is then a detail: a spike of heavy-tailed noise, the search for the new level.
    The same instant judged anew is no later change.
    """
    if r.step_t == NEVER or r.kind_t <= r.step_t:
        return False
    moved = r.before - r.step_from
    return r.step_size * moved > 0.0 and abs(r.step_size) >= SHARE * abs(moved)


@inner
def confirm(r: Any, back1: Any, back2: Any, y: float) -> None:
    """Set the last confirmed change; `fresh` where this reading confirmed one."""
    r.fresh = 0
    r.quiet = max(0, r.quiet - 1)
    kind, p, ago, direction = _which(r, back1, back2, y)
    r.recent[1] = r.recent[0]
    r.recent[0] = y
    if kind == 0:
        r.before += (y - r.before) * 0.2
        return
    when = r.t[ago]
    if kind == STEP:
        if when != r.step_t:
            r.step_t, r.step_p, r.step_from, r.step_size = when, p, r.before, y - r.before
        r.quiet = QUIET
        r.before = y
    if kind == r.kind and when == r.kind_t:
        return
    goes_on = kind == SLOPE and r.kind == SLOPE and direction == r.kind_dir and r.t[1] <= r.slope_seen
    if kind == SLOPE:
        r.slope_seen = r.t[0]
    if goes_on:
        return
    r.kind = kind
    r.kind_p = p
    r.kind_t = when
    r.kind_dir = direction
    r.fresh = 1
