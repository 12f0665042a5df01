"""A plant as a whole: do its variables still move together as they did in the clean period?

One relation of `size` series is one flat float64 array, the model; a snapshot is a copy of it. Every
complete instant gives two vectors: z, the standardised values, and v = z - A z', what a first-order vector
autoregression did not foresee. Both are smoothed by exponentially weighted means with each of LAMBDAS (1 is
no smoothing), and each smoothed vector e gives Hotelling's T2 = e' P e against the clean covariance (P its
ridged inverse). The ratio of an instant is the largest T2 over its limit.

Hotelling 1947 (T2); Lowry and others 1992 (multivariate EWMA); Alwan and Roberts 1988 (control charts on
what a time series model leaves); Westerhuis and others 2000 (contributions).

Life of a model, counted in complete instants: LEARNING (running sums for mean, covariance and lag-1
covariance), LIMITS (the largest values of each statistic are kept), WATCHING. The two turns happen inside
`move`, at the reading that completes the phase; nothing is ever handed to Python.

    model = blank(size, *split(clean_readings))          # float64 [length(size)]
    ratio, verdict = move(model, x)                      # x float64 [size], NaN = missing; kernels only
    decided = decide(model, ratio, verdict, allowed)     # OPENED, CLOSED or NOTHING; allowed = false alarms
                                                         #   an instant = budget a week * instant_us / week_us
    contributions(model, out)                            # out float64 [size]: what each adds to the statistic
    rate(model, ratio)                                   # expected crossings of that ratio an instant
    end_phase(model)                                     # clean period given by time: at LEARN_SHARE and end
    forget(model)                                        # after a long gap: smoothing starts anew

`forget`, `end_phase`, phases, verdicts and decisions are named in opsroom/detect/whole_fit.py. `run`,
`explain` and `restart` are the same for Python (benchmarks, tests, back-tests).

Missing values: LEARNING and LIMITS pass over an incomplete instant; WATCHING fills up to MISSING_SHARE of
the variables with what the others let expect (the values that make T2 least) and passes over an instant
with more missing: then ratio is that of the instant before, verdict PASSED, and the next instant has no
innovation. A value beyond HUGE in size counts as missing while learning; later z is cut to +-CLIP. A
variable that did not move in the clean period is left out (its z is 0): stuck values and limits watch it.
Identical variables are told apart by the ridge alone.

The layout of the array stands in opsroom/detect/whole_fit.py.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opsroom.detect.jit import inner, kernel
from opsroom.detect.whole_fit import (
    BACK,
    CHANNEL,
    CHANNELS,
    CLIP,
    CLOSED,
    EPISODES,
    HEAD,
    HOLD_OFF,
    INSIDE,
    LAMBDAS,
    LEARN_N,
    LEARN_SHARE,
    LEARNING,
    LEAST_LIMITS,
    LEAST_PER_VARIABLE,
    LIMIT_N,
    LIMITS,
    LINKED,
    LONGEST,
    MISSING_SHARE,
    MOST_MEMBERS,
    NOT_YET,
    NOTHING,
    OPEN,
    OPENED,
    OVER,
    PASSED,
    PHASE,
    RATIO,
    RIDGE,
    RUN,
    SEEN,
    SIZE,
    SWEEPS,
    TAIL,
    TOP,
    WINDUP,
    channel,
    forget,
    keep,
    learn,
    matrix,
    set_limits,
    vector,
)

Model = NDArray[np.float64]


def length(size: int) -> int:
    """Give how many numbers the model of `size` variables has."""
    return HEAD + (3 + CHANNELS) * size + 3 * size * size + 2 * CHANNELS + 2 * CHANNELS * TOP


def split(clean_readings: int) -> tuple[int, int]:
    """Share a clean period between LEARNING and LIMITS; gives the instants of each."""
    learn = math.ceil(LEARN_SHARE * clean_readings)
    return learn, clean_readings - learn


def blank(size: int, learn_n: int, limit_n: int) -> Model:
    """Give a model that has seen nothing.

    The phases last at least LEAST_PER_VARIABLE instants a variable and LEAST_LIMITS instants, the second at
    most LONGEST. ValueError where size is not 2 to MOST_MEMBERS.
    """
    if not 2 <= size <= MOST_MEMBERS:  # noqa: PLR2004 - one variable alone has no company
        raise ValueError(f"a whole plant has 2 to {MOST_MEMBERS} variables, not {size}")
    model = np.zeros(length(size))
    model[SIZE] = size
    model[LEARN_N] = max(learn_n, LEAST_PER_VARIABLE * size)
    model[LIMIT_N] = min(max(limit_n, LEAST_LIMITS), LONGEST)
    model[HEAD + (3 + CHANNELS) * size + 3 * size * size + 2 * CHANNELS :] = -np.inf
    return model


def size(model: Model) -> int:
    """Give the number of variables."""
    return int(model[SIZE])


def phase(model: Model) -> int:
    """Give LEARNING, LIMITS or WATCHING."""
    return int(model[PHASE])


@inner
def move(m: Any, x: Any) -> Any:
    """Take one instant, x float64 [size]; gives (largest statistic over its limit, verdict)."""
    now = int(m[PHASE])
    if now == LEARNING:
        learn(m, x)
        return 0.0, NOT_YET
    z = np.empty(len(x))
    missing = _standardise(m, x, z)
    if missing and (now == LIMITS or missing > MISSING_SHARE * len(x)):
        m[LINKED] = 0.0
        return m[RATIO], NOT_YET if now == LIMITS else PASSED
    if missing:
        _fill(m, z)
    ratio = _smooth(m, z)
    if now == LIMITS:
        m[SEEN] += 1.0
        if m[SEEN] >= m[LIMIT_N]:
            set_limits(m)
        return 0.0, NOT_YET
    m[RATIO] = ratio
    return ratio, OVER if ratio > 1.0 else INSIDE


@inner
def _standardise(m: Any, x: Any, z: Any) -> Any:
    """Write z; gives how many values are missing (NaN in z)."""
    mean, scale = vector(m, 0), vector(m, 1)
    missing = 0
    for i in range(len(x)):
        if math.isnan(x[i]):
            missing += 1
            z[i] = math.nan
        else:
            z[i] = min(max((x[i] - mean[i]) / scale[i], -CLIP), CLIP) if scale[i] > 0.0 else 0.0
    return missing


@inner
def _fill(m: Any, z: Any) -> None:
    """Give missing values those that make T2 of z least, by Gauss-Seidel sweeps."""
    precision = matrix(m, 0)
    gone = np.empty(len(z), np.bool_)
    for i in range(len(z)):
        gone[i] = math.isnan(z[i])
        z[i] = 0.0 if gone[i] else z[i]
    for _ in range(SWEEPS):
        for i in range(len(z)):
            if gone[i]:
                rest = 0.0
                for j in range(len(z)):
                    rest += precision[i, j] * z[j]
                z[i] = min(max(z[i] - rest / precision[i, i], -CLIP), CLIP)


@inner
def _smooth(  # noqa: C901 - one walk over the channels
    m: Any, z: Any
) -> Any:
    """Move every smoothed vector; gives the largest ratio, or in LIMITS keeps the statistics' tops."""
    p = len(z)
    last, step = vector(m, 2), matrix(m, 1)
    limit, short = channel(m, 0), channel(m, 1)
    fresh = np.empty(p)
    largest = 0.0
    for c in range(CHANNELS):
        weight = LAMBDAS[c % len(LAMBDAS)]
        if c == 0:
            for i in range(p):
                fresh[i] = z[i]
        elif c == len(LAMBDAS):
            if m[LINKED] == 0.0:
                break
            for i in range(p):
                foreseen = 0.0
                for j in range(p):
                    foreseen += step[i, j] * last[j]
                fresh[i] = z[i] - foreseen
        e = vector(m, 3 + c)
        for i in range(p):
            e[i] = (1.0 - weight) * short[c] * e[i] + weight * fresh[i]
        t2 = _quadratic(matrix(m, 0 if c < len(LAMBDAS) else 2), e)
        if m[PHASE] == LIMITS:
            keep(m, c, t2)
            continue
        ratio = t2 / limit[c]
        short[c] = math.sqrt(WINDUP / ratio) if ratio > WINDUP else 1.0
        if ratio >= largest:
            largest = ratio
            m[CHANNEL] = c
    for i in range(p):
        last[i] = z[i]
    m[LINKED] = 1.0
    return largest


@inner
def _quadratic(a: Any, e: Any) -> Any:
    total = 0.0
    for i in range(len(e)):
        row = 0.0
        for j in range(len(e)):
            row += a[i, j] * e[j]
        total += row * e[i]
    return total


@inner
def rate(m: Any, ratio: float) -> Any:
    """Give how many times an instant the ratio passes this value in a clean plant; at most that of 1."""
    return m[EPISODES] * max(ratio, 1.0) ** (-1.0 / max(m[TAIL], RIDGE))


@inner
def decide(m: Any, ratio: float, verdict: int, allowed: float) -> Any:
    """Open after HOLD_OFF instants rarer than `allowed` an instant, close after BACK within the limits."""
    if verdict < INSIDE:
        return NOTHING
    if m[OPEN] == 0.0:
        m[RUN] = m[RUN] + 1.0 if verdict == OVER and rate(m, ratio) <= allowed else 0.0
        if m[RUN] < HOLD_OFF:
            return NOTHING
    else:
        m[RUN] = m[RUN] + 1.0 if verdict == INSIDE else 0.0
        if m[RUN] < BACK:
            return NOTHING
    m[RUN] = 0.0
    m[OPEN] = 1.0 - m[OPEN]
    return OPENED if m[OPEN] else CLOSED


@inner
def contributions(m: Any, out: Any) -> None:
    """Write what each variable adds to the ratio of the last judged instant, float64 [size].

    Parts e_i (P e)_i of the largest statistic over its limit; they sum to the ratio, and one is negative
    where a variable speaks against the disturbance.
    """
    c = int(m[CHANNEL])
    e, a = vector(m, 3 + c), matrix(m, 0 if c < len(LAMBDAS) else 2)
    limit = channel(m, 0)[c]
    for i in range(len(out)):
        row = 0.0
        for j in range(len(out)):
            row += a[i, j] * e[j]
        out[i] = row * e[i] / limit if limit > 0.0 else 0.0


@kernel
def run(m: Any, rows: Any, allowed: float, ratios: Any, verdicts: Any, decided: Any) -> None:
    """Move through rows float64 [n, size] and decide with `allowed` false alarms an instant.

    Writes ratio float64, verdict int64 and decision int64, [n] each.
    """
    for i in range(len(rows)):
        ratios[i], verdicts[i] = move(m, rows[i])
        decided[i] = decide(m, ratios[i], verdicts[i], allowed)


@kernel
def explain(m: Any, out: Any) -> None:
    """Write the contributions, for callers in Python."""
    contributions(m, out)


@kernel
def restart(m: Any) -> None:
    """Start the smoothing anew, for callers in Python."""
    forget(m)
