"""What a plant is like in its clean period: the layout of a model, the fit, and the limits.

See opsroom/detect/whole.py for the method and the meaning of the phases.

Layout of a model, float64: HEAD numbers; then for p = size: mean, scale, last (p each), smoothed
(CHANNELS x p), three matrices p x p (LEARNING: sums of products, see `learn`; later P of z, A, P of v), limit
and shortening factor (CHANNELS each), the largest statistics and the instants they stood at (CHANNELS x TOP
each, ascending).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from opsroom.detect.jit import inner

LAMBDAS = (1.0, 0.3, 0.1)
"""Weights of the newest vector: steps at once, drifts after some tens of instants."""
CHANNELS = 2 * len(LAMBDAS)
"""Statistics: first T2 of z for each weight, then of the innovation v."""
RIDGE = 1e-3
"""Added to correlation matrices, in variances: what measures below it is taken for noise."""
SHARE = 0.0075
"""Share of the clean instants of the LIMITS phase on which any statistic may stand above its limit."""
LONGEST = 4096
"""Instants of the LIMITS phase at most, so that TOP places are enough."""
TOP = 42
LEARN_SHARE = 0.6
LEAST_LIMITS = 100
LEAST_PER_VARIABLE = 3
MOST_MEMBERS = 128
"""The fit takes some size cubed steps within one reading, once: 16 ms here, 0.4 ms at 52 variables."""
MISSING_SHARE = 0.25
SWEEPS = 12
HUGE = 1e100
CLIP = 20.0
WINDUP = 4.0
"""Smoothed vectors are shortened to this many limits, so that a recovery shows within some readings."""
APART = 10
"""Instants between two crossings of the limit from which on they are two episodes."""
HOLD_OFF = 2
"""Consecutive instants rarer than the budget that open an alert."""
BACK = 2
"""Consecutive instants at or below the limit that end it."""
CONSTANT = 1e-9
"""Share of the mean below which a deviation is that of rounding: the variable did not move."""

LEARNING, LIMITS, WATCHING = 0, 1, 2
NOT_YET, PASSED, INSIDE, OVER = 0, 1, 2, 3
NOTHING, OPENED, CLOSED = 0, 1, -1

HEAD = 16
SIZE, PHASE, LEARN_N, LIMIT_N, SEEN, PAIRS, LINKED = 0, 1, 2, 3, 4, 5, 6
CHANNEL, RATIO, TAIL, EPISODES, OPEN, RUN = 7, 8, 9, 10, 11, 12


@inner
def vector(m: Any, k: int) -> Any:
    """View vector k: 0 mean, 1 scale, 2 last, then the smoothed ones."""
    p = int(m[SIZE])
    return m[HEAD + k * p : HEAD + (k + 1) * p]


@inner
def matrix(m: Any, k: int) -> Any:
    """View matrix k: 0 P of z, 1 A, 2 P of v."""
    p = int(m[SIZE])
    start = HEAD + (3 + CHANNELS) * p + k * p * p
    return m[start : start + p * p].reshape((p, p))


@inner
def channel(m: Any, k: int) -> Any:
    """View one number a channel: 0 limits, 1 factor that shortens the smoothed vector."""
    p = int(m[SIZE])
    start = HEAD + (3 + CHANNELS) * p + 3 * p * p + k * CHANNELS
    return m[start : start + CHANNELS]


@inner
def tops(m: Any, k: int) -> Any:
    """View a list for each channel: 0 the largest statistics, ascending, 1 the instants they stood at."""
    p = int(m[SIZE])
    start = HEAD + (3 + CHANNELS) * p + 3 * p * p + (2 + k * TOP) * CHANNELS
    return m[start : start + CHANNELS * TOP].reshape((CHANNELS, TOP))


@inner
def forget(m: Any) -> None:
    """Start the smoothing anew, as after a gap that makes the last instant meaningless."""
    short = channel(m, 1)
    for k in range(CHANNELS):
        e = vector(m, 3 + k)
        for i in range(len(e)):
            e[i] = 0.0
        short[k] = 1.0
    m[LINKED] = 0.0
    m[RUN] = 0.0


@inner
def learn(m: Any, x: Any) -> None:
    """Add a complete instant to the running sums, taken from the first instant and centred in the fit.

    Products count only pairs of neighbouring complete instants: earlier with earlier, later with earlier,
    later with later. So the three stay those of one sample, and what the regression leaves has a variance.
    """
    p = len(x)
    for i in range(p):
        if not abs(x[i]) <= HUGE:
            m[LINKED] = 0.0
            return
    mean, origin, last = vector(m, 0), vector(m, 1), vector(m, 2)
    later, earlier = vector(m, 3), vector(m, 4)
    before, lagged, after = matrix(m, 0), matrix(m, 1), matrix(m, 2)
    if m[SEEN] == 0.0:
        for i in range(p):
            origin[i] = x[i]
    if m[LINKED] > 0.0:
        m[PAIRS] += 1.0
        for i in range(p):
            now = x[i] - origin[i]
            later[i] += now
            earlier[i] += last[i]
            for j in range(p):
                before[i, j] += last[i] * last[j]
                lagged[i, j] += now * last[j]
                after[i, j] += now * (x[j] - origin[j])
    m[SEEN] += 1.0
    m[LINKED] = 1.0
    for i in range(p):
        last[i] = x[i] - origin[i]
        mean[i] += last[i]
    if m[SEEN] >= m[LEARN_N] and m[PAIRS] >= LEAST_PER_VARIABLE * p - 1:
        _fit(m)


@inner
def end_phase(m: Any) -> None:
    """Let the phase end with what it has seen, once that is the least that is needed."""
    if m[PHASE] == LEARNING:
        m[LEARN_N] = max(m[SEEN], LEAST_PER_VARIABLE * m[SIZE])
        if m[SEEN] >= m[LEARN_N] and m[PAIRS] >= LEAST_PER_VARIABLE * m[SIZE] - 1:
            _fit(m)
    elif m[PHASE] == LIMITS:
        m[LIMIT_N] = max(m[SEEN], 1.0 * LEAST_LIMITS)
        if m[SEEN] >= m[LIMIT_N]:
            set_limits(m)


@inner
def _fit(m: Any) -> None:  # noqa: C901 - loops over rows and columns
    """Turn the sums into mean, scale, the two inverses and the autoregression."""
    p = int(m[SIZE])
    mean, scale = vector(m, 0), vector(m, 1)
    later, earlier = vector(m, 3), vector(m, 4)
    before, lagged, after = matrix(m, 0), matrix(m, 1), matrix(m, 2)
    for i in range(p):
        mean[i] /= m[SEEN]
    for i in range(p):
        for j in range(p):
            both = m[PAIRS] * mean[i] * mean[j]
            before[i, j] += both - earlier[i] * mean[j] - mean[i] * earlier[j]
            lagged[i, j] += both - later[i] * mean[j] - mean[i] * earlier[j]
            after[i, j] += both - later[i] * mean[j] - mean[i] * later[j]
    for i in range(p):
        mean[i] += scale[i]  # which held the first instant
        sd = math.sqrt(max(before[i, i], 0.0) / m[PAIRS])
        scale[i] = sd if sd > max(CONSTANT * abs(mean[i]), 1.0 / HUGE) else 0.0
    clean, left = np.empty((p, p)), np.empty((p, p))
    for i in range(p):
        for j in range(p):
            unit = 1.0 / m[PAIRS] / scale[i] / scale[j] if scale[i] > 0.0 and scale[j] > 0.0 else 0.0
            before[i, j] *= unit
            lagged[i, j] *= unit
            after[i, j] *= unit
            clean[i, j] = before[i, j]
    _invert(before)
    step = _product(lagged, before)
    carried = _product(step, clean)
    for i in range(p):
        for j in range(p):
            left[i, j] = after[i, j]
            for k in range(p):
                left[i, j] += (carried[i, k] - lagged[i, k]) * step[j, k] - step[i, k] * lagged[j, k]
    for i in range(p):
        for j in range(p):
            lagged[i, j], after[i, j] = step[i, j], left[i, j]
    _invert(after)
    m[PHASE] = LIMITS
    m[SEEN] = 0.0
    forget(m)


@inner
def _product(a: Any, b: Any) -> Any:
    p = len(a)
    out = np.zeros((p, p))
    for i in range(p):
        for k in range(p):
            factor = a[i, k]
            for j in range(p):
                out[i, j] += factor * b[k, j]
    return out


@inner
def _invert(a: Any) -> None:  # noqa: C901 - loops over rows and columns
    """Put the inverse of a + RIDGE in the place of a, symmetric [p, p], by Cholesky's factors.

    A pivot that rounding or missing pairs took below half the ridge is lifted to the ridge.
    """
    p = len(a)
    low = np.zeros((p, p))
    for j in range(p):
        for i in range(j, p):
            rest = 0.5 * (a[i, j] + a[j, i]) + (RIDGE if i == j else 0.0)
            for k in range(j):
                rest -= low[i, k] * low[j, k]
            if i == j:
                low[j, j] = math.sqrt(rest if rest > 0.5 * RIDGE else RIDGE)
            else:
                low[i, j] = rest / low[j, j]
    for j in range(p):  # the factor's own inverse, in place
        low[j, j] = 1.0 / low[j, j]
        for i in range(j + 1, p):
            rest = 0.0
            for k in range(j, i):
                rest -= low[i, k] * low[k, j]
            low[i, j] = rest / low[i, i]
    for i in range(p):
        for j in range(p):
            rest = 0.0
            for k in range(max(i, j), p):
                rest += low[k, i] * low[k, j]
            a[i, j] = rest


@inner
def keep(m: Any, c: int, t2: float) -> None:
    """Put a statistic among the largest of its channel."""
    values, instants = tops(m, 0)[c], tops(m, 1)[c]
    if not t2 > values[0]:
        return
    k = 0
    while k + 1 < TOP and values[k + 1] < t2:
        values[k], instants[k] = values[k + 1], instants[k + 1]
        k += 1
    values[k], instants[k] = t2, m[SEEN]


@inner
def set_limits(m: Any) -> None:
    """Find limits that together leave at most SHARE of the clean instants above any, and the tail beyond.

    All channels get the same rank. The tail of the ratio above 1 is taken for Pareto's, with Hill's estimate
    from each channel's largest values, on average over the channels. A channel with fewer than TOP values
    (innovations, where hardly two neighbouring instants were complete) is not judged.
    """
    n = m[SEEN]
    values, instants = tops(m, 0), tops(m, 1)
    limit = channel(m, 0)
    allowed = int(SHARE * n)
    seen = np.empty(CHANNELS * TOP)
    rank = 0
    while rank + 1 < TOP - 1 and _distinct(instants, rank + 1, seen) <= allowed:
        rank += 1
    count = min(TOP - 1, max(10, int(n) // 20))
    m[TAIL] = 0.0
    judged = 0.0
    for c in range(CHANNELS):
        if values[c, 0] == -math.inf:
            limit[c] = math.inf
            continue
        limit[c] = max(values[c, TOP - 1 - rank], RIDGE)
        floor = max(values[c, TOP - 1 - count], RIDGE)
        for k in range(TOP - count, TOP):
            m[TAIL] += math.log(max(values[c, k], floor) / floor) / count
        judged += 1.0
    m[TAIL] /= max(judged, 1.0)
    many = _distinct(instants, max(rank, 1), seen)
    m[EPISODES] = _episodes(seen[:many]) / n
    m[PHASE] = WATCHING
    m[SEEN] = 0.0


@inner
def _distinct(instants: Any, rank: int, seen: Any) -> Any:
    """Count the instants at which any channel has one of its `rank` largest values; writes them."""
    count = 0
    for c in range(CHANNELS):
        for k in range(TOP - rank, TOP):
            new = True
            for s in range(count):
                if seen[s] == instants[c, k]:
                    new = False
                    break
            if new:
                seen[count] = instants[c, k]
                count += 1
    return count


@inner
def _episodes(seen: Any) -> Any:
    """Count instants that have none within the APART before them."""
    count = 0.0
    for i in range(len(seen)):
        first = True
        for k in range(len(seen)):
            if 0.0 < seen[i] - seen[k] < APART:
                first = False
        count += 1.0 if first else 0.0
    return count
