"""Two accounts of one thing: a claim against its receipt, what goes in against what comes out.

How it is called, once an instant of a relation, inside the one kernel of a step:

    verdict = claims.claim(r, t, said, got, budget_said, budget_got, held)    `r` a row of CLAIM
    verdict = claims.balance(r, t, x, weights, budget, held)

A verdict is `QUIET`, `RAISED` (a finding begins), `OVER` (it is back) or `STANDING` (it goes on). With
RAISED and OVER the row says `of` (position of the member it is said of), `sign`, `z` (mean standing of
the reports since the onset, in standard deviations), `onset` (event time), `rate` (expected false alarms
a week at this sum), `centre` and `scale` (usual difference and its deviation, in the series' unit) and
`seen` (the difference of this report). Of two accounts the larger one is asked about first: a claim above
the receipt is said of the supplier's series (`of` 0), a receipt above the claim of the consumer's (`of`
1); a balance is said of its first member. `forget(r)` lets it learn anew (a decision, a new capability).
NaN is a missing report and moves nothing.

What a finding carries: `value` the difference (or sum) seen and `expected` the usual one, `direction` the
row's `sign`, `contributors` the series it is said of with `z` and, of a claim, its partner with `-z`.

Method: cumulative sums of the standardised difference (Page 1954), reference value 0.5 and limit 5, which
find half a standard deviation in 38 reports and one in 10.4 and are wrong once in 930, on each side. For
reports quicker than about daily the limit grows until the series' budget of false alarms a week is kept,
by Siegmund's approximation of the run length (Siegmund 1985, section 2.6). Centre and deviation are
learned from the clean readings, the first of them robustly (median, median absolute deviation), the later
ones from differences cut off at 2.5 deviations; correlation of neighbours widens the deviation. Once
raised, the sum is held at its limit and the finding is over when it has fallen to nothing, about ten
honest reports: two reports that agree by chance end nothing.
"""

# ruff: noqa: FBT001 - kernels take no keywords

from __future__ import annotations

import math
from typing import Any

import numpy as np

from opsroom.detect.jit import inner, kernel
from opsroom.detect.rarity import WEEK_US, arrange
from opsroom.model import Relation

FIRST = 48
"""Differences kept until the first robust centre and deviation."""
LEAST = 16
REFERENCE = 0.5
LIMIT_LEAST = 5.0
CAUTION = 0.75
"""Added to the reference value, divided by the root of the reports learned from: a centre that is known badly
must not be mistaken for a difference."""
CUT = 2.5
"""Deviations at which a difference counts no further: no single report raises anything, and heavy tails are
wrong about as often as a normal one."""
WIDENED = 0.4
"""Power of (1 + phi) / (1 - phi) by which correlated neighbours widen the deviation; the half that holds for
long sums is too much for sums as short as these."""
REFINED = 500
"""Reports up to which honest ones go on teaching."""
CALM = 0.5
"""Share of its limit below which a sum lets reports teach."""
OVERSHOOT = 1.166
RESOLUTION = 1e-6
BEYOND = 1e100
"""Figures of at least this size are taken as missing."""
PHI_MOST = 0.9
QUIET, RAISED, OVER, STANDING = 0, 1, 2, 3

CLAIM = np.dtype(
    [
        # declared
        ("clean_from", "i8"),
        ("clean_to", "i8"),  # both 0: the first `clean_n` complete instants
        ("clean_n", "i8"),
        ("lag", "u1"),  # 1: the receipt of an instant is of the claim before it
        # learned
        ("n", "i8"),
        ("last", "i8"),
        ("gap", "f8"),
        ("first", "f8", (FIRST,)),
        ("base", "f8"),
        ("unit", "f8"),  # robust deviation of the first differences
        ("sum", "f8"),
        ("squares", "f8"),
        ("products", "f8"),
        ("before", "f8"),
        ("centre", "f8"),
        ("scale", "f8"),
        ("size", "f8"),  # largest figure met while learning
        ("claimed", "f8"),  # the claim before this one
        # judged
        ("total", "f8", (2,)),
        ("count", "i8", (2,)),
        ("since", "i8", (2,)),
        # said
        ("open", "i1"),
        ("of", "i1"),
        ("sign", "i1"),
        ("z", "f8"),
        ("onset", "i8"),
        ("rate", "f8"),
        ("seen", "f8"),
    ],
    align=True,
)


def blank(count: int) -> np.ndarray:
    """Give `count` relations without a past; what is declared is filled in by the caller."""
    rows = np.zeros(count, CLAIM)
    rows["claimed"] = rows["before"] = rows["seen"] = np.nan
    rows["clean_n"] = FIRST
    return rows


def declared(relation: Relation) -> np.ndarray:
    """Give the one row, shape [1], of a claim or a balance that has learned nothing yet."""
    row = blank(1)
    row["clean_from"], row["clean_to"] = relation.clean or (0, 0)
    row["clean_n"], row["lag"] = relation.clean_readings, relation.lag
    return row


@kernel
def run_length(limit: float) -> float:
    """Give the reports between false alarms of one side at `limit` (Siegmund), reference value 0.5."""
    b = min(limit + OVERSHOOT, 700.0)
    return float(2.0 * (math.exp(b) - b - 1.0))


@kernel
def limit_for(per_week: float, budget: float) -> float:
    """Give the limit at which `per_week` reports are wrong at most `budget` times a week, at least 5."""
    if not budget > 0.0:
        return math.inf
    wanted = 0.5 * per_week / budget
    b = LIMIT_LEAST + OVERSHOOT
    for _ in range(6):
        b = math.log(wanted + b + 1.0)
    return float(max(LIMIT_LEAST, b - OVERSHOOT))


@inner
def claim(r: Any, t: int, said: float, got: float, budget_said: float, budget_got: float, held: bool) -> Any:
    """Put a supplier's figure beside the consumer's of the same instant; gives the verdict.

    `held`: an alert stands on one of the two, so that nothing is learned.
    """
    if r.lag:
        said, r.claimed = r.claimed, said
    verdict = _move(r, t, said - got, max(abs(said), abs(got)), budget_said, budget_got, held)
    r.of = 0 if r.sign > 0 else 1
    return verdict


@inner
def balance(r: Any, t: int, x: Any, weights: Any, budget: float, held: bool) -> Any:
    """Judge the weighted sum of what goes in, comes out and is stored, shape [n] each; gives the verdict."""
    total, size = 0.0, 0.0
    for i in range(len(x)):
        total += weights[i] * x[i]
        size = max(size, abs(weights[i] * x[i]))
        if not size < BEYOND:
            return STANDING if r.open else QUIET
    verdict = _move(r, t, total, size, 0.5 * budget, 0.5 * budget, held)
    r.of = 0
    return verdict


@inner
def forget(r: Any) -> None:
    """Learn anew from the next reports on."""
    r.open = 0
    r.n = 0
    r.scale = 0.0
    r.clean_from = r.clean_to = 0
    r.total[0] = r.total[1] = 0.0
    r.count[0] = r.count[1] = 0
    r.before = math.nan


@inner
def _move(r: Any, t: int, d: float, size: float, budget_up: float, budget_down: float, held: bool) -> Any:
    """Learn from or judge one difference."""
    if not (abs(d) < BEYOND and size < BEYOND):
        return STANDING if r.open else QUIET
    if r.last > 0 and t > r.last:
        r.gap += (t - r.last - r.gap) * (0.1 if r.gap > 0.0 else 1.0)
    r.last = t
    r.seen = d
    if _learning(r, t):
        if not held:
            _learn(r, d, size)
        return QUIET
    if r.n < LEAST or not r.scale > 0.0:
        return QUIET
    return _judge(r, t, d, budget_up, budget_down, held)


@inner
def _learning(r: Any, t: int) -> Any:
    if r.clean_to > r.clean_from:
        if t < r.clean_to:
            return t >= r.clean_from
        if r.n < LEAST:  # too little was heard in the clean period: the next reports stand in for it
            r.clean_from = r.clean_to = 0
            return True
        if r.n < FIRST and r.unit == 0.0:
            _start(r, r.n)
        return False
    return r.n < max(r.clean_n, LEAST)


@inner
def _learn(r: Any, d: float, size: float) -> None:
    r.size = max(r.size, size) if r.n else size
    if r.n < FIRST:
        if r.n == 0:
            r.unit = 0.0
        r.first[r.n] = d
        r.n += 1
        wanted = FIRST if r.clean_to > r.clean_from else min(FIRST, max(r.clean_n, LEAST))
        if r.n == wanted:
            _start(r, wanted)
        return
    _add(r, d)
    r.n += 1
    _settle(r)


@inner
def _start(r: Any, count: int) -> None:
    """Find the first centre and deviation from the differences kept, shape [count]."""
    ordered = r.first[:count].copy()
    arrange(ordered)
    r.base = 0.5 * ordered[(count - 1) // 2] + 0.5 * ordered[count // 2]
    mean = 0.0
    for i in range(count):
        ordered[i] = abs(r.first[i] - r.base)
        mean += ordered[i] / count
    arrange(ordered)
    r.unit = 1.4826 * (0.5 * ordered[(count - 1) // 2] + 0.5 * ordered[count // 2])
    if not r.unit > RESOLUTION * r.size:
        r.unit = max(1.2533 * mean, RESOLUTION * r.size)
    r.sum = r.squares = r.products = 0.0
    r.before = math.nan
    r.n = 0
    for i in range(count):
        _add(r, r.first[i])
        r.n += 1
    _settle(r)


@inner
def _add(r: Any, d: float) -> None:
    if not r.unit > 0.0:
        return
    z = min(max((d - r.base) / r.unit, -CUT), CUT)
    r.sum += z
    r.squares += z * z
    if not math.isnan(r.before):
        r.products += z * r.before
    r.before = z


@inner
def _settle(r: Any) -> None:
    """Turn sums into centre and deviation."""
    mean = r.sum / r.n
    spread = max(r.squares / r.n - mean * mean, RESOLUTION)
    phi = (r.products / r.n - mean * mean) / spread
    phi = max(phi - 1.0 / (r.n * phi), 0.0) if phi > 0.0 else 0.0
    phi = min(phi, PHI_MOST)
    r.centre = r.base + r.unit * mean
    r.scale = r.unit * math.sqrt(spread * r.n / (r.n - 1.0)) * ((1.0 + phi) / (1.0 - phi)) ** WIDENED


@inner
def _judge(r: Any, t: int, d: float, budget_up: float, budget_down: float, held: bool) -> Any:
    z = min(max((d - r.centre) / r.scale, -CUT), CUT)
    slack = REFERENCE + CAUTION / math.sqrt(float(r.n))
    per_week = WEEK_US / r.gap if r.gap > 0.0 else 7.0
    verdict = STANDING if r.open else QUIET
    worst = 0.0
    for side in range(2):
        sign = 1 - 2 * side
        if r.open and r.open != sign:
            continue
        limit = limit_for(per_week, budget_up if side == 0 else budget_down)
        if r.total[side] <= 0.0:
            r.since[side] = t
            r.count[side] = 0
        r.total[side] = max(0.0, r.total[side] + sign * z - slack)
        r.count[side] += 1
        worst = max(worst, r.total[side] / limit)
        if r.open:
            if r.total[side] <= 0.0:
                r.open = 0
                r.sign = sign
                verdict = OVER
            r.total[side] = min(r.total[side], limit)
        elif r.total[side] > limit:
            r.open = r.sign = sign
            r.z = sign * (r.total[side] / r.count[side] + slack)
            r.onset = r.since[side]
            r.rate = per_week / run_length(r.total[side])
            r.total[side] = limit
            r.total[1 - side] = 0.0
            return RAISED
    if verdict == QUIET and not held and r.n < REFINED and worst < CALM:
        _add(r, d)
        r.n += 1
        _settle(r)
    return verdict
