"""The hot path: readings of indicators against what their units declared.

Understated (DOMAIN 1.4): productivity above 1, or a capability above the potentiality, for `LASTS` readings
in a row and an hour, and in the mean of that run by more than a hundredth and by more than `SURE` standard
errors; the noise is that from one reading to the next. A single noisy reading is nothing, and a machine held
at its capability is nothing either. A capability above its potentiality needs no noise: the run is all it
waits for.

Eroded: productivity has risen while latency fell, Beer's "irresponsible cost-cutter" (DOMAIN 1.4). Latency
is a declared figure and moves only when a pair of capability and potentiality is declared anew. The present
pair is held against the pair of the last `SPAN_US` under which latency was highest: eroded is where latency
is less than nineteen twentieths of what it was then, and the mean productivity under the present pair more
than twenty-one twentieths of the mean then, by more than `SURE` standard errors of the difference; both
pairs after `ENOUGH` readings. It is over when half of either is made up for.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

from opsroom.detect.jit import forget_stale, inner, kernel
from opsroom.stated.layout import ERODED, NEVER, UNDERSTATED

forget_stale(Path(__file__).parent)

QUALITY_LEAST = 64
LASTS = 12
LASTS_US = 3_600_000_000
LEAST = 0.01
SURE = 3.0
MEMORY = 100
"""Readings over which the mean productivity and the noise are remembered."""
ENOUGH = 24
SHIFT = 0.05
SPAN_US = 365 * 86_400_000_000
OF_NORMAL = 2.0 / math.sqrt(math.pi)
"""Mean absolute difference of two independent standard normals."""
A_READING = 2
"""Events that one reading may bring."""


@inner
def productivity(r: Any, act: float) -> Any:
    """Give the index of an actuality; NaN where it is undefined."""
    over, under = (act, r.capability) if r.orientation > 0 else (r.capability, act)
    return over / under if under != 0.0 else math.nan


@inner
def scatter(r: Any) -> Any:
    """Give the deviation of a reading, as its neighbours tell it."""
    return r.moved / OF_NORMAL


@inner
def _say(r: Any, row: int, doubt: int, up: int, at: int, events: Any, n: int) -> int:
    e = events[n]
    e.row, e.doubt, e.up, e.at, e.since = row, doubt, up, at, NEVER
    e.productivity, e.latency = r.mean, r.latency
    e.productivity_then = e.latency_then = math.nan
    r.standing[doubt] = up
    r.inside[doubt] = 0
    return n + 1


@inner
def _remember(r: Any, y: float) -> None:
    if not math.isnan(r.before):
        r.pairs = min(r.pairs + 1, MEMORY)
        r.moved += (abs(y - r.before) - r.moved) / r.pairs
    r.before = y
    r.n = min(r.n + 1, MEMORY)
    r.mean += (y - r.mean) / r.n


@inner
def _understated(r: Any, row: int, at: int, y: float, recovery: int, events: Any, n: int) -> int:
    above = y > 1.0 or r.latency > 1.0
    r.run = r.run + 1 if above else 0
    if r.run == 1:
        r.since, r.sum = at, 0.0
    r.sum += y
    if r.standing[UNDERSTATED]:
        r.inside[UNDERSTATED] = 0 if above else r.inside[UNDERSTATED] + 1
        if r.inside[UNDERSTATED] >= recovery:
            n = _say(r, row, UNDERSTATED, 0, at, events, n)
            events[n - 1].productivity = y
        return n
    if r.run < LASTS or at - r.since < LASTS_US:
        return n
    mean = r.sum / r.run
    beyond = mean - 1.0 > max(LEAST, SURE * scatter(r) / math.sqrt(r.run))
    if beyond or r.latency > 1.0:
        n = _say(r, row, UNDERSTATED, 1, at, events, n)
        events[n - 1].productivity, events[n - 1].since = mean, r.since
    return n


@inner
def highest(r: Any, at: int) -> int:
    """Give the place of the past pair with the highest latency within the span, -1 for none."""
    found = -1
    for k in range(len(r.past)):
        p = r.past[k]
        if p.n >= ENOUGH and at - p.until <= SPAN_US and (found < 0 or p.latency > r.past[found].latency):
            found = k
    return found


@inner
def _eroded(r: Any, row: int, at: int, recovery: int, events: Any, n: int) -> int:
    if r.standing[ERODED]:
        half = 0.5 * SHIFT
        fallen = r.n >= ENOUGH and r.mean < (1.0 + half) * r.base_mean
        back = fallen or r.latency > (1.0 - half) * r.base_latency
        r.inside[ERODED] = r.inside[ERODED] + 1 if back else 0
        if r.inside[ERODED] >= recovery:
            n = _say(r, row, ERODED, 0, at, events, n)
        return n
    if math.isnan(r.latency) or r.n < ENOUGH:
        return n
    k = highest(r, at)
    if k < 0 or not r.latency < (1.0 - SHIFT) * r.past[k].latency:
        return n
    then = r.past[k]
    error = math.sqrt(scatter(r) ** 2 / r.n + then.scatter**2 / then.n)
    if then.mean > 0.0 and r.mean > (1.0 + SHIFT) * then.mean and r.mean - then.mean > SURE * error:
        n = _say(r, row, ERODED, 1, at, events, n)
        e = events[n - 1]
        e.since, e.productivity_then, e.latency_then = then.until, then.mean, then.latency
        r.base_latency, r.base_mean = then.latency, then.mean
    return n


@kernel
def judge(
    rows: Any, places: Any, series: Any, t: Any, v: Any, q: Any, start: int, recovery: int, events: Any
) -> Any:
    """Take readings (series, t, v, q, each shape [n]) from `start` on and write what is found.

    `places` gives the row of a series by its id, -1 for one that is not followed. Gives (where to go on, how
    many events): it stops early where fewer than `A_READING` places are left.
    """
    n = 0
    for i in range(start, len(series)):
        if n + A_READING > len(events):
            return i, n
        row = places[series[i]] if series[i] < len(places) else -1
        if row < 0 or q[i] < QUALITY_LEAST or not math.isfinite(v[i]):
            continue
        r = rows[row]
        if t[i] <= r.last:
            continue
        y = productivity(r, v[i])
        if not math.isfinite(y):
            continue
        r.last = t[i]
        _remember(r, y)
        n = _understated(r, row, t[i], y, recovery, events, n)
        n = _eroded(r, row, t[i], recovery, events, n)
    return len(series), n


@kernel
def redeclared(r: Any, at: int) -> None:
    """Move the present pair into the past: another was declared at `at`."""
    for k in range(len(r.past) - 1, 0, -1):
        r.past[k] = r.past[k - 1]
    newest = r.past[0]
    newest.latency, newest.until = r.latency, at
    newest.mean, newest.scatter, newest.n = r.mean, r.moved / OF_NORMAL, r.n


def forget(r: Any) -> None:
    """Begin anew with the figures that stand: a unit and its parent agreed on them, or people ended it."""
    r["run"] = r["n"] = r["pairs"] = 0
    r["mean"] = r["moved"] = 0.0
    r["before"] = np.nan
    r["inside"] = r["standing"] = 0
    r["past"]["n"] = 0
