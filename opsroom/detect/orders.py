"""Oscillation between two units: orders that swing to and fro, and wider than the demand they answer.

How it is called, once an instant of a relation, inside the one kernel of a step:

    verdict = orders.move(r, t, demand, ordered, budget)    `r` a row of ORDERS

A verdict is as in `claims`: QUIET, RAISED, OVER or STANDING. It is said of the second member, the orders.
The row holds `ratio` (variance of the orders over that of the demand: the bullwhip ratio of Lee,
Padmanabhan & Whang 1997), `alternation` (lag-1 autocorrelation of the orders, negative), `onset` (event
time) and `rate` (expected false alarms a week). `accept(r)` takes the present ratio as usual (a decision,
a new capability).

What a finding carries: `value` is `ratio`, `expected` is `accepted` (1 at first), and `contributors` the
demand with `alternation`.

Two things must both be significant over the last 40 to 60 instants, judged every 20: the orders alternate
(their lag-1 autocorrelation lies below what chance gives a white series), and they vary more than the
demand (Pitman 1939 and Morgan 1939: two variances differ exactly where sum and difference are correlated,
which allows for orders that follow the demand). So demand that alternates by itself, and orders that
merely lag or are merely wider, raise nothing. Either test alone is the bound on false alarms.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from opsroom.detect.claims import BEYOND, OVER, QUIET, RAISED, STANDING
from opsroom.detect.conduct import EASED, LEVEL, SHARE, normal_tail
from opsroom.detect.jit import inner
from opsroom.detect.rarity import WEEK_US

PART = 20
"""Instants of a part; the last three are judged together."""
PARTS = 3
SUMS = 8
"""Per part: demand, orders, demand squared, orders squared, their product, neighbours of orders, of sums, of
differences."""

ORDERS = np.dtype(
    [
        ("last", "i8"),
        ("started", "i1"),
        ("demand_zero", "f8"),
        ("order_zero", "f8"),
        ("demand_before", "f8"),
        ("order_before", "f8"),
        ("part", "i8"),
        ("count", "i8", (PARTS,)),
        ("pairs", "i8", (PARTS,)),
        ("begin", "i8", (PARTS,)),
        ("sums", "f8", (PARTS, SUMS)),
        ("accepted", "f8"),
        ("open", "i1"),
        ("ratio", "f8"),
        ("alternation", "f8"),
        ("onset", "i8"),
        ("rate", "f8"),
    ],
    align=True,
)


def blank(count: int) -> np.ndarray:
    """Give `count` relations without a past."""
    rows = np.zeros(count, ORDERS)
    rows["accepted"] = 1.0
    rows["demand_before"] = rows["order_before"] = np.nan
    return rows


@inner
def accept(r: Any) -> None:
    """Take the present bullwhip ratio as usual: only a still wider one is found."""
    if r.open and r.ratio > r.accepted:
        r.accepted = r.ratio
    r.open = 0


@inner
def move(r: Any, t: int, demand: float, ordered: float, budget: float) -> Any:
    """Take one instant; gives the verdict."""
    standing = STANDING if r.open else QUIET
    if not (abs(demand) < BEYOND and abs(ordered) < BEYOND):
        r.demand_before = r.order_before = math.nan
        return standing
    if not r.started:
        r.started = 1
        r.demand_zero = demand
        r.order_zero = ordered
    d, o = demand - r.demand_zero, ordered - r.order_zero
    k = r.part % PARTS
    if r.count[k] == 0:
        r.begin[k] = t
    s = r.sums[k]
    s[0] += d
    s[1] += o
    s[2] += d * d
    s[3] += o * o
    s[4] += d * o
    if not math.isnan(r.order_before):
        s[5] += o * r.order_before
        s[6] += d * r.demand_before
        s[7] += d * r.order_before + o * r.demand_before
        r.pairs[k] += 1
    r.count[k] += 1
    r.demand_before = d
    r.order_before = o
    r.last = t
    if r.count[k] < PART:
        return standing
    verdict = _judge(r, t, budget) if r.part >= PARTS - 1 else QUIET
    r.part += 1
    k = r.part % PARTS
    r.count[k] = r.pairs[k] = 0
    r.sums[k][:] = 0.0
    return verdict


@inner
def _judge(r: Any, t: int, budget: float) -> Any:
    """Test the parts kept, all of them full."""
    n, pairs, oldest = 0.0, 0.0, t
    total = np.zeros(SUMS)
    for k in range(PARTS):
        n += r.count[k]
        pairs += r.pairs[k]
        oldest = min(oldest, r.begin[k])
        for j in range(SUMS):
            total[j] += r.sums[k][j]
    mean_d, mean_o = total[0] / n, total[1] / n
    dd, oo, do = (
        total[2] / n - mean_d * mean_d,
        total[3] / n - mean_o * mean_o,
        total[4] / n - mean_d * mean_o,
    )
    if pairs < PART or not oo > 1e-12 * mean_o * mean_o or not oo > 0.0:
        return _end(r) if r.open else QUIET
    r.alternation = (total[5] / pairs - mean_o * mean_o) / oo
    r.ratio = oo / dd if dd > 1e-12 * oo else 1e12
    p_swing = normal_tail(-(r.alternation * n + 1.0) / math.sqrt(n))
    p_wide = _wider(r, total, n, pairs, dd, oo, do)
    per_week = WEEK_US / (max(float(t - oldest), 1.0) / PARTS)
    if r.open:
        return _end(r) if p_swing > EASED or p_wide > EASED else STANDING
    if max(p_swing, p_wide) >= min(LEVEL, SHARE * budget / per_week):
        return QUIET
    r.open = 1
    r.onset = oldest
    r.rate = max(p_swing, p_wide) * per_week
    return RAISED


@inner
def _end(r: Any) -> Any:
    r.open = 0
    return OVER


@inner
def _wider(r: Any, total: Any, n: float, pairs: float, dd: float, oo: float, do: float) -> Any:
    """Give the chance that orders vary so much more than (accepted times) the demand.

    The number of instants is lessened for neighbours that resemble each other (Bartlett 1946).
    """
    a = math.sqrt(r.accepted)
    sums, differences = oo + a * a * dd + 2.0 * a * do, oo + a * a * dd - 2.0 * a * do
    if not differences > 1e-12 * sums or not sums > 1e-12 * differences:
        return 1.0
    correlation = (oo - a * a * dd) / (math.sqrt(sums) * math.sqrt(differences))
    correlation = min(max(correlation, -0.999999), 0.999999)
    mean_d, mean_o = total[0] / n, total[1] / n
    lag_o = total[5] / pairs - mean_o * mean_o
    lag_d = total[6] / pairs - mean_d * mean_d
    lag_x = total[7] / pairs - 2.0 * mean_d * mean_o
    like = (lag_o + a * a * lag_d + a * lag_x) / sums
    unlike = (lag_o + a * a * lag_d - a * lag_x) / differences
    product = min(max(like * unlike, 0.0), 0.9)
    effective = max(n * (1.0 - product) / (1.0 + product), 4.0)
    return normal_tail(math.atanh(correlation) * math.sqrt(effective - 3.0))
