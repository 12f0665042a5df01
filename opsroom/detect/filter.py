"""The four-state filter of Harrison and Stevens: it names a change and forecasts, and never opens an alert.

Multi-process model, class II (Harrison & Stevens 1971, 1976; West & Harrison, Bayesian Forecasting, section
12.4), in full: sixteen pairs of states a reading, collapsed to four by moments, observation variance learned.
States: no change, step, slope, transient. What follows from its probabilities is `naming`'s.

Two things are ours. The degrees of freedom of the learned variance grow by one a reading up to the profile's
memory and stay whole numbers, so that the Student density is a product and needs neither logarithm nor
exponential. And a gap is counted in usual distances of this series' readings: each missing one moves the
level on by the slope, nothing changing, at most `MOST_MISSED` of them.
"""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from opsroom.detect import naming
from opsroom.detect.jit import inner, kernel
from opsroom.detect.rarity import arrange
from opsroom.detect.state import KINDS, STEP, TRANSIENT

# rows: prior probability, observation, level and slope variance in units of V, for no change, step, slope,
# transient; last the memory of the learned variance in readings (one number, four times)
STATES: Final = [[1.0, 1.0, 1.0, 100.0], [0.0, 100.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0]]
DEFAULT: Final = np.array([[0.97, 0.01, 0.01, 0.01], *STATES, [49.0] * 4])
HISTORICAL: Final = np.array([[0.9, 0.003, 0.003, 0.094], [1.0, 1.0, 1.0, 101.0], *STATES[1:], [49.0] * 4])
PRECISE: Final = np.array([[0.985, 0.005, 0.005, 0.005], *STATES, [199.0] * 4])
# Rarer changes and a variance remembered four times as long: fewer clean readings named, steps named better;
# it costs no time, and takes four times as long to follow a series whose noise has changed.
PROFILES: Final[dict[str, NDArray[np.float64]]] = {
    "A": DEFAULT,
    "default": DEFAULT,
    "historical": HISTORICAL,
    "precise": PRECISE,
}

START_READINGS = 11
START_DEGREES = 6
VAGUE_LEVEL = 25.0
VAGUE_SLOPE = 1.0
MOST_MISSED = 10
"""Missing readings a gap counts at most: a slope is not carried on for days."""
GAP_MEMORY = 16.0
LEAST_SHARE = 1e-18
"""Of the squared reading: what stays of the variance of a series that rests, so that it never gets nought."""
LEAST_V, MOST_V = 1e-250, 1e250
"""Outside of it squares leave what a float holds, and the filter waits."""
NONE = 1e-290
"""A state less probable than it has no past worth telling apart."""
WIDEN = 1.1
"""The learned deviation is 5-11 % too small: displayed bands are widened by it."""
DEVIATIONS = 1.96
AHEAD = 12
"""Steps ahead at which forecasts are compared with what came."""
WIDER, NARROWER = math.exp(0.96 * 0.2), math.exp(-0.04 * 0.2)
LEAST_WIDTH, MOST_WIDTH = 0.3, 1e6
LIKE, M1, M2, C11, C12, C22, S, SHARE, POWER = 0, 1, 2, 3, 4, 5, 6, 7, 8


@kernel
def scratch() -> Any:
    """Give the room one reading's sixteen pairs need, shape [9, 4, 4], by quantity, k before, j now."""
    return np.zeros((9, KINDS, KINDS))


@inner
def _start(r: Any, y: float) -> None:
    """Collect the first readings; then set V from the median step and the level from the last of them.

    They lie in the places of `c`, which is not needed yet.
    """
    r.fresh = 0
    r.c[r.n // 3, r.n % 3] = y
    r.n += 1
    if r.n < START_READINGS:
        return
    steps = np.empty(START_READINGS - 1)
    total = 0.0
    for i in range(START_READINGS - 1):
        k = i + 1
        steps[i] = abs(r.c[k // 3, k % 3] - r.c[i // 3, i % 3])
        total += steps[i]
    arrange(steps)
    sigma = 0.5 * (steps[4] + steps[5]) / (0.6745 * math.sqrt(2.0))
    if sigma <= 0.0:
        sigma = total / len(steps)
    v = sigma * sigma
    if not LEAST_V < v < MOST_V:  # nothing has moved yet, or beyond all bounds: wait with the newest readings
        for i in range(START_READINGS - 1):
            k = i + 1
            r.c[i // 3, i % 3] = r.c[k // 3, k % 3]
        r.n = START_READINGS - 1
        return
    r.before = r.recent[0] = r.recent[1] = y
    r.degrees = START_DEGREES
    r.kind, r.quiet, r.ahead_sd, r.widen = 0, 0, 0.0, 1.0
    for j in range(KINDS):
        r.p[j] = 1.0 if j == 0 else 0.0
        r.m[j, 0] = y
        r.m[j, 1] = 0.0
        r.c[j, 0] = VAGUE_LEVEL * v
        r.c[j, 1] = 0.0
        r.c[j, 2] = VAGUE_SLOPE * v
        r.s[j] = v
        r.w[j, 0] = r.w[j, 1] = 0.0


@inner
def _missed(r: Any, t: int) -> int:
    """Give how many readings are missing before the one at `t`, and learn the usual distance."""
    dt = float(t - r.t[0])
    if r.gap <= 0.0:
        r.gap = dt
        return 0
    missed = int(min(max(dt / r.gap - 0.5, 0.0), MOST_MISSED + 0.5))
    r.gap += (min(dt, 2.0 * r.gap) - r.gap) / GAP_MEMORY
    return missed


@kernel
def move(r: Any, t: int, y: float, profile: Any, room: Any) -> None:
    """Take one reading (microseconds; finite, else or where not later than the last one it is passed over).

    Sixteen updates, one collapse (DOMAIN 2.2), then see whether a change is confirmed. `profile` is one of
    `PROFILES`, `room` from `scratch`.
    """
    if not math.isfinite(y) or (r.n > 0 and t <= r.t[0]):
        r.fresh = 0
        return
    if r.n < START_READINGS:
        if r.n > 0:
            _missed(r, t)
        _start(r, y)
        r.t[0] = t
        r.y = y
        return
    total = _pairs(r, y, profile, room, _missed(r, t))
    if not 0.0 < total < math.inf:  # every path is beyond what a float holds: start anew from here
        r.n = 0
        _start(r, y)
        r.t[0] = t
        r.y = y
        return
    back1, back2 = naming.lookback(r, room[LIKE], total)
    _collapse(r, y, room, total)
    r.degrees = min(r.degrees, int(profile[4, 0]) - 1) + 1
    r.t[2] = r.t[1]
    r.t[1] = r.t[0]
    r.t[0] = t
    r.n += 1
    naming.confirm(r, back1, back2, y)
    _learn_ahead(r, y, profile)
    r.y = y


@inner
def _pairs(r: Any, y: float, profile: Any, room: Any, missed: int) -> Any:
    """Update each of the sixteen pairs; gives the sum of their weights in room[LIKE]."""
    kept = min(r.degrees, int(profile[4, 0]) - 1)
    per_old, per_new = 1.0 / r.degrees, 1.0 / (kept + 1.0)
    least = math.inf
    for k in range(KINDS):
        c12 = r.c[k, 1] + missed * r.c[k, 2]
        c11 = r.c[k, 0] + missed * (r.c[k, 1] + c12)
        c22 = r.c[k, 2]
        a2 = r.m[k, 1]
        a1 = r.m[k, 0] + (missed + 1) * a2
        base11 = c11 + 2.0 * c12 + c22
        base12 = c12 + c22
        e = y - a1
        ee = e * e
        sk = r.s[k]
        for j in range(KINDS):
            rd = sk * profile[3, j]
            r11 = base11 + sk * profile[2, j] + rd
            r12 = base12 + rd
            r22 = c22 + rd
            q = r11 + sk * profile[1, j]
            per_q = 1.0 / q
            g1 = r11 * per_q
            g2 = r12 * per_q
            ratio = ee * per_q
            u = 1.0 + ratio * per_old
            grown = (kept + ratio) * per_new
            room[M1, k, j] = a1 + g1 * e
            room[M2, k, j] = a2 + g2 * e
            room[C11, k, j] = grown * (r11 - g1 * r11)
            room[C12, k, j] = grown * (r12 - g1 * r12)
            room[C22, k, j] = grown * (r22 - g2 * r12)
            room[S, k, j] = sk * grown
            room[LIKE, k, j] = q
            room[SHARE, k, j] = u
            least = min(least, u)
    _to_the_power(room, 1.0 / least, r.degrees + 1)
    total = 0.0
    for k in range(KINDS):
        pk = r.p[k]
        for j in range(KINDS):
            like = profile[0, j] * pk * math.sqrt(1.0 / (room[LIKE, k, j] * room[POWER, k, j]))
            room[LIKE, k, j] = like
            total += like
    return total


@inner
def _to_the_power(room: Any, scale: float, exponent: int) -> None:
    """Set room[POWER] to (scale * room[SHARE]) ** exponent by squaring; the likeliest pair's is 1."""
    for k in range(KINDS):
        for j in range(KINDS):
            room[SHARE, k, j] *= scale
            room[POWER, k, j] = 1.0
    while exponent > 0:
        if exponent & 1:
            for k in range(KINDS):
                for j in range(KINDS):
                    room[POWER, k, j] *= room[SHARE, k, j]
        exponent >>= 1
        for k in range(KINDS):
            for j in range(KINDS):
                room[SHARE, k, j] *= room[SHARE, k, j]


@inner
def _collapse(r: Any, y: float, room: Any, total: float) -> None:
    """Sixteen to four by moments, precision-weighted where V is unknown (West & Harrison 12.4.4)."""
    floor = max(LEAST_V, LEAST_SHARE * y * y)
    for j in range(KINDS):
        pj = 0.0
        for k in range(KINDS):
            pj += room[LIKE, k, j]
        per_pj = 1.0 / pj if pj > NONE else 0.0
        precision = 0.0
        for k in range(KINDS):
            w = room[LIKE, k, j] * per_pj if per_pj > 0.0 else 0.25
            room[SHARE, k, j] = w / room[S, k, j]
            precision += room[SHARE, k, j]
        r.w[j, 0] = room[LIKE, STEP, j] * per_pj
        r.w[j, 1] = room[LIKE, TRANSIENT, j] * per_pj
        sj = 1.0 / precision
        m1 = m2 = 0.0
        for k in range(KINDS):
            room[SHARE, k, j] *= sj
            m1 += room[SHARE, k, j] * room[M1, k, j]
            m2 += room[SHARE, k, j] * room[M2, k, j]
        c11 = c12 = c22 = 0.0
        for k in range(KINDS):
            share = room[SHARE, k, j]
            d1 = room[M1, k, j] - m1
            d2 = room[M2, k, j] - m2
            c11 += share * (room[C11, k, j] + d1 * d1)
            c12 += share * (room[C12, k, j] + d1 * d2)
            c22 += share * (room[C22, k, j] + d2 * d2)
        r.p[j] = pj / total
        r.m[j, 0] = m1
        r.m[j, 1] = m2
        r.c[j, 0] = c11
        r.c[j, 1] = c12
        r.c[j, 2] = c22
        r.s[j] = max(sj, floor)


@inner
def _ahead(r: Any, h: int, profile: Any) -> Any:
    """Give (mean, deviation) of the reading `h` steps on if nothing changes from now on."""
    f = 0.0
    for k in range(KINDS):
        f += r.p[k] * (r.m[k, 0] + h * r.m[k, 1])
    v = 0.0
    for k in range(KINDS):
        off = r.m[k, 0] + h * r.m[k, 1] - f
        base = r.c[k, 0] + h * (2.0 * r.c[k, 1] + h * r.c[k, 2])
        v += r.p[k] * (base + r.s[k] * profile[1, 0] + off * off)
    return f, WIDEN * math.sqrt(v)


@inner
def _learn_ahead(r: Any, y: float, profile: Any) -> None:
    """Every `AHEAD` readings compare what was forecast then, and forecast anew.

    The band there is widened a lot by a reading outside and narrowed a little by one inside, so that 95 %
    come to lie inside whatever the series is (adaptive conformal inference, Gibbs & Candes 2021).
    """
    if r.n % AHEAD != 0:
        return
    if r.ahead_sd > 0.0:
        outside = abs(y - r.ahead_mean) > DEVIATIONS * r.ahead_sd * r.widen
        r.widen = min(max(r.widen * (WIDER if outside else NARROWER), LEAST_WIDTH), MOST_WIDTH)
    r.ahead_mean, r.ahead_sd = _ahead(r, AHEAD, profile)


@kernel
def forecast(r: Any, steps: int, profile: Any) -> Any:
    """Give (mean, deviation), each shape [steps], of the next readings (DOMAIN 2.2), NaN before the start.

    They say what comes if nothing changes from now on, over all the filter holds possible of the present; the
    deviation is widened by what earlier forecasts missed, more the farther ahead. 1.96 of it hold 95 %.
    """
    mean = np.full(steps, math.nan)
    sd = np.full(steps, math.nan)
    if r.n < START_READINGS:
        return mean, sd
    for h in range(1, steps + 1):
        mean[h - 1], sd[h - 1] = _ahead(r, h, profile)
        sd[h - 1] *= r.widen ** (math.log(h) / math.log(AHEAD))
    return mean, sd
