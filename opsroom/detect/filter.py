"""The four-state filter of Harrison and Stevens: it names a change and forecasts, and never opens an alert.

Multi-process model, class II (Harrison & Stevens 1971, 1976; West & Harrison, Bayesian Forecasting, section
12.4), in full: sixteen
pairs of states a reading, collapsed to four by moments, observation variance learned. States: no change,
step, slope, transient.
"""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from opsroom.detect.jit import inner, kernel
from opsroom.detect.rarity import arrange
from opsroom.detect.state import KINDS, SLOPE, STEP, TRANSIENT

# rows: prior probability, observation, level and slope variance in units of V, for no change, step, slope,
# transient
PROFILE_A: Final = np.array(
    [[0.97, 0.01, 0.01, 0.01], [1.0, 1.0, 1.0, 100.0], [0.0, 100.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0]]
)
HISTORICAL: Final = np.array(
    [[0.9, 0.003, 0.003, 0.094], [1.0, 1.0, 1.0, 101.0], [0.0, 100.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0]]
)
PROFILES: Final[dict[str, NDArray[np.float64]]] = {"A": PROFILE_A, "historical": HISTORICAL}

START_READINGS = 11
START_DEGREES = 6.0
VAGUE_LEVEL = 25.0
VAGUE_SLOPE = 1.0
DISCOUNT = 0.98
"""Of the degrees of freedom at each reading: the variance follows its series with a memory of 50 readings."""
CONFIRMED = 0.5
SLOPE_SURE = 0.95
SLOPE_LEAST = 0.1
"""Of a standard deviation a reading: smaller slopes are not worth a name."""
QUIET = 10
"""Readings after a confirmed step during which a slope is not named: the new level is still being found."""
WIDEN = 1.1
"""The learned deviation is 5-11 % too small: displayed bands are widened by it."""


@inner
def _start(r: Any, y: float) -> None:
    """Collect the first readings; then set V from the median step and the level from the last of them."""
    k = r.n
    r.first[k] = y
    r.n += 1
    if r.n < START_READINGS:
        return
    steps = np.empty(START_READINGS - 1)
    total = 0.0
    for i in range(START_READINGS - 1):
        steps[i] = abs(r.first[i + 1] - r.first[i])
        total += steps[i]
    arrange(steps)
    sigma = 0.5 * (steps[4] + steps[5]) / (0.6745 * math.sqrt(2.0))
    if sigma <= 0.0:
        sigma = total / len(steps)
    if sigma <= 0.0:  # nothing has moved yet: keep waiting with the newest readings
        for i in range(START_READINGS - 1):
            r.first[i] = r.first[i + 1]
        r.n = START_READINGS - 1
        return
    v = sigma * sigma
    r.first[0] = y
    r.first[1] = r.first[2] = y
    r.degrees = START_DEGREES
    for j in range(KINDS):
        r.p[j] = 1.0 if j == 0 else 0.0
        r.m[j, 0] = y
        r.m[j, 1] = 0.0
        r.c[j, 0] = VAGUE_LEVEL * v
        r.c[j, 1] = 0.0
        r.c[j, 2] = VAGUE_SLOPE * v
        r.s[j] = v
        for k2 in range(KINDS):
            r.w[j, k2] = 1.0 if k2 == 0 else 0.0


@kernel
def move(r: Any, t: int, y: float, profile: Any) -> None:
    """Take one reading.

    Sixteen updates, one collapse (DOMAIN 2.2), then see whether a change is confirmed.
    """
    if r.n < START_READINGS:
        _start(r, y)
        r.t[0] = t
        r.y = y
        return
    old_n = r.degrees
    new_n = DISCOUNT * old_n + 1.0
    half = 0.5 * (old_n + 1.0)
    joint = np.empty((KINDS, KINDS))
    m = np.empty((KINDS, KINDS, 2))
    c = np.empty((KINDS, KINDS, 3))
    s = np.empty((KINDS, KINDS))
    best = 0.0
    for k in range(KINDS):
        a1 = r.m[k, 0] + r.m[k, 1]
        a2 = r.m[k, 1]
        base11 = r.c[k, 0] + 2.0 * r.c[k, 1] + r.c[k, 2]
        base12 = r.c[k, 1] + r.c[k, 2]
        e = y - a1
        sk = r.s[k]
        for j in range(KINDS):
            rd = sk * profile[3, j]
            r11 = base11 + sk * profile[2, j] + rd
            r12 = base12 + rd
            r22 = r.c[k, 2] + rd
            q = r11 + sk * profile[1, j]
            ratio = e * e / q
            # Student-t with old_n degrees, up to a constant
            like = profile[0, j] * r.p[k] / math.sqrt(q) * math.exp(-half * math.log1p(ratio / old_n))
            joint[j, k] = like
            best += like
            g1 = r11 / q
            g2 = r12 / q
            m[j, k, 0] = a1 + g1 * e
            m[j, k, 1] = a2 + g2 * e
            grown = (DISCOUNT * old_n + ratio) / new_n
            s[j, k] = sk * grown
            c[j, k, 0] = grown * (r11 - g1 * g1 * q)
            c[j, k, 1] = grown * (r12 - g1 * g2 * q)
            c[j, k, 2] = grown * (r22 - g2 * g2 * q)
    if not best > 0.0:  # every path is beyond what a float holds: start anew from here
        r.n = 0
        _start(r, y)
        return
    back1, back2 = _lookback(r, joint, best)
    _collapse(r, joint, best, m, c, s)
    r.degrees = new_n
    r.t[2] = r.t[1]
    r.t[1] = r.t[0]
    r.t[0] = t
    r.n += 1
    _confirm(r, back1, back2, y)
    r.y = y


@inner
def _lookback(r: Any, joint: Any, total: Any) -> Any:
    """Give the probabilities of the states one and two readings back, each shape [4]."""
    back1 = np.zeros(KINDS)
    back2 = np.zeros(KINDS)
    for k in range(KINDS):
        for j in range(KINDS):
            back1[k] += joint[j, k] / total
    for k in range(KINDS):
        for before in range(KINDS):
            back2[before] += back1[k] * r.w[k, before]
    return back1, back2


@inner
def _collapse(r: Any, joint: Any, total: Any, m: Any, c: Any, s: Any) -> None:
    """Sixteen to four by moments, precision-weighted where V is unknown (West & Harrison 12.4.4)."""
    for j in range(KINDS):
        pj = 0.0
        for k in range(KINDS):
            pj += joint[j, k]
        share = np.empty(KINDS)
        precision = 0.0
        for k in range(KINDS):
            w = joint[j, k] / pj if pj > 0.0 else 0.25
            r.w[j, k] = w
            share[k] = w / s[j, k]
            precision += share[k]
        sj = 1.0 / precision
        m1 = 0.0
        m2 = 0.0
        for k in range(KINDS):
            share[k] *= sj
            m1 += share[k] * m[j, k, 0]
            m2 += share[k] * m[j, k, 1]
        c11 = 0.0
        c12 = 0.0
        c22 = 0.0
        for k in range(KINDS):
            d1 = m[j, k, 0] - m1
            d2 = m[j, k, 1] - m2
            c11 += share[k] * (c[j, k, 0] + d1 * d1)
            c12 += share[k] * (c[j, k, 1] + d1 * d2)
            c22 += share[k] * (c[j, k, 2] + d2 * d2)
        r.p[j] = pj / total
        r.m[j, 0] = m1
        r.m[j, 1] = m2
        r.c[j, 0] = c11
        r.c[j, 1] = c12
        r.c[j, 2] = c22
        r.s[j] = sj


@kernel
def slope_probability(r: Any) -> Any:
    """Give (Pr slope up, Pr slope down) beyond a tenth of a deviation a reading."""
    v = 0.0
    for j in range(KINDS):
        v += r.p[j] * r.s[j]
    least = SLOPE_LEAST * math.sqrt(v)
    up = 0.0
    down = 0.0
    for j in range(KINDS):
        root = math.sqrt(max(2.0 * r.c[j, 2], 1e-300))
        up += r.p[j] * 0.5 * math.erfc((least - r.m[j, 1]) / root)
        down += r.p[j] * 0.5 * math.erfc((least + r.m[j, 1]) / root)
    return up, down


@inner
def _confirm(  # noqa: C901, PLR0912 - the rules of DOMAIN 2.3 in their order
    r: Any, back1: Any, back2: Any, y: float
) -> None:
    """Set the last confirmed change; `fresh` where this reading confirmed one."""
    r.fresh = 0
    r.quiet = max(0, r.quiet - 1)
    kind, p, ago = 0, 0.0, 0
    for k in range(1, KINDS):
        if k == SLOPE:
            continue
        if back1[k] >= CONFIRMED and back1[k] > p:
            kind, p, ago = k, back1[k], 1
        if back2[k] >= CONFIRMED and back2[k] > p:
            kind, p, ago = k, back2[k], 2
    up, down = slope_probability(r)
    if kind == 0 and r.quiet == 0 and max(up, down) >= SLOPE_SURE:
        kind, p = SLOPE, max(up, down)
        direction = 1 if up > down else -1
    elif kind == STEP:
        direction = 1 if y > r.first[0] else -1
    elif kind == TRANSIENT:
        direction = 1 if (r.first[1] if ago == 1 else r.first[2]) > r.first[0] else -1
    else:
        direction = 0
    # the first eleven places, unused since the start, keep the level before and the last readings
    r.first[2] = r.first[1]
    r.first[1] = y
    r.first[0] += (y - r.first[0]) * 0.2 if kind == 0 else 0.0
    if kind == 0:
        return
    if kind == STEP:
        r.quiet = QUIET
        r.first[0] = y
    when = r.t[ago]
    if kind == r.kind and when == r.kind_t:
        return
    if (
        kind == SLOPE
        and r.kind == SLOPE
        and direction == r.kind_dir
        and r.kind_p >= SLOPE_SURE
        and r.t[1] <= r.slope_seen
    ):
        r.slope_seen = r.t[0]
        return
    if kind == SLOPE:
        r.slope_seen = r.t[0]
    r.kind = kind
    r.kind_p = p
    r.kind_t = when
    r.kind_dir = direction
    r.fresh = 1


@kernel
def forecast(r: Any, steps: int, profile: Any) -> Any:
    """Give (mean, deviation), each shape [steps], of the next readings (DOMAIN 2.2)."""
    mean = np.full(steps, math.nan)
    sd = np.full(steps, math.nan)
    if r.n < START_READINGS:
        return mean, sd
    for h in range(1, steps + 1):
        f = 0.0
        for k in range(KINDS):
            f += r.p[k] * (r.m[k, 0] + h * r.m[k, 1])
        v = 0.0
        for k in range(KINDS):
            a = r.m[k, 0] + h * r.m[k, 1]
            base = r.c[k, 0] + 2.0 * h * r.c[k, 1] + h * h * r.c[k, 2]
            for j in range(KINDS):
                rd = h * (h + 1) * (2 * h + 1) / 6.0 * profile[3, j]
                q = base + r.s[k] * (h * profile[2, j] + rd + profile[1, j])
                v += profile[0, j] * r.p[k] * (q + (a - f) * (a - f))
        mean[h - 1] = f
        sd[h - 1] = WIDEN * math.sqrt(v)
    return mean, sd
