"""Figures too good to be true: less noise than the series has, and too many reports just at the target.

How it is called, for each reading of an indicator that has a capability, inside the one kernel of a step:

    said = conduct.move(r, t, raw, target, better, budget, held)    `r` a row of CONDUCT

`better` is 1 where more is better, -1 where less is; `target` is the capability in the unit of `raw`;
`held`: an alert stands on the series, so that it teaches nothing. What is said is 0 or a sum of SMOOTHED,
SMOOTHED_OVER, HEAPED, HEAPED_OVER: a finding of that kind begins or is back, of this series. The row then
holds, for the smoothed, `ratio` (deviation of the noise over the usual one) and `smooth_rate`; for the
heaped, `share` (of the reports around the target that stand at it or just beyond), `usual_share` (to be
expected) and `heap_rate`; both rates are expected false alarms a week, and `began` is the event time at
which the stretch began. `forget(r)` learns anew.

What a finding carries: `value` is `ratio` and `expected` 1, or `value` is `share` and `expected`
`usual_share`; `onset` is `began`.

Too smooth: what a reading adds to its forecast from the one before (the innovation of an autoregression
learned from the clean readings, so that a slow series is not taken for a smoothed one) has a variance;
over a stretch of at least 100 readings and a day its cube root is nearly normal (Wilson & Hilferty 1931)
and is judged against the clean stretches, whose own spread counts where it is wider than chance (seasons
of noise, heavy tails). Readings equal to the one before say nothing: standing still is not smoothness. A
stretch whose level was never seen while learning is not judged.

Heaped: of the reports in the three bins around the target, one of them at it or just beyond, a third is
to be expected where the density is smooth (the discontinuity of McCrary 2008, with a binomial tail in
place of his regression: the reports are few). Bins are a quarter of a deviation wide, or whole steps of a
series that moves in steps; neighbours that resemble each other count less. Only for series that report at
most once an hour: quicker ones are machines, and a machine may well be held at its capability.
"""

# ruff: noqa: FBT001 - kernels take no keywords

from __future__ import annotations

import math
from typing import Any

import numpy as np

from opsroom.detect.jit import inner, kernel
from opsroom.detect.rarity import DAY_US, WEEK_US

FIRST = 32
"""Readings until a first unit of measure is known."""
LEARNED = 100
"""Readings from which the autoregression is learned."""
STRETCH = 100
STRETCHES = 30
"""Clean stretches remembered; older ones fade."""
KNOWN = 3
"""Clean stretches before any is judged."""
PRIOR = 2.0
"""Stretches that the spread by chance is worth beside the spread of the clean ones."""
LEVEL = 0.01
"""A stretch is never judged at a higher level than this."""
SHARE = 0.1
"""Of a series' budget of false alarms, what each of the two tests may use."""
CUT = 4.0
"""Deviations at which an innovation counts no further."""
FAR = 1e3
NORMAL = 3.0
"""Fourth moment over the square of the second; heavier tails make the variance of a stretch less sure."""
BEYOND = 1e100
HOUR_US = 3_600_000_000
BIN = 0.25
FINE = 0.05
RARE = 1e-9
THIRD = 1.0 / 3.0
LEAST_AROUND = 10
EASED = 0.05
"""Level above which a stretch ends a finding."""
SMOOTHED, SMOOTHED_OVER, HEAPED, HEAPED_OVER = 1, 2, 4, 8

CONDUCT = np.dtype(
    [
        ("n", "i8"),
        ("last", "i8"),
        ("gap", "f8"),
        ("zero", "f8"),  # anchor: the first reading
        ("unit", "f8"),
        ("step", "f8"),  # least difference of two neighbours that differ
        ("before", "f8"),
        # autoregression on the one before, in units: sums, then what they give
        ("pairs", "i8"),
        ("sums", "f8", (5,)),
        ("slope", "f8"),
        ("intercept", "f8"),
        ("noise", "f8"),
        ("level", "f8"),
        ("width", "f8"),
        # running stretch
        ("start", "i8"),
        ("count", "i8"),
        ("moved", "i8"),
        ("level_sum", "f8"),
        ("squares", "f8"),
        ("fourths", "f8"),
        ("bins", "i8", (3,)),
        # clean stretches: cube root of the variance over the usual
        ("stretches", "i8"),
        ("root", "f8"),
        ("root_spread", "f8"),
        ("tails", "f8"),
        # said
        ("smooth", "i1"),
        ("heap", "i1"),
        ("ratio", "f8"),
        ("smooth_rate", "f8"),
        ("share", "f8"),
        ("usual_share", "f8"),
        ("heap_rate", "f8"),
        ("began", "i8"),
    ],
    align=True,
)


def blank(count: int) -> np.ndarray:
    """Give `count` series without a past."""
    rows = np.zeros(count, CONDUCT)
    rows["before"] = np.nan
    rows["root"] = 1.0
    return rows


@kernel
def normal_tail(z: float) -> float:
    """Give the chance that a standard normal exceeds `z`."""
    return float(0.5 * math.erfc(z / math.sqrt(2.0)))


@kernel
def binomial_tail(hits: float, of: float, share: float) -> float:
    """Give the chance of at least `hits` out of `of` at `share` each.

    Counts may be fractions (effective numbers): the continuous beta form is summed by its nearest integers.
    """
    n, k = math.floor(of), math.ceil(hits)
    if k <= 0:
        return 1.0
    log_p, log_q = math.log(share), math.log(1.0 - share)
    total = 0.0
    for j in range(k, n + 1):
        total += math.exp(
            math.lgamma(n + 1.0) - math.lgamma(j + 1.0) - math.lgamma(n - j + 1.0)
            + j * log_p + (n - j) * log_q
        )  # fmt: skip
    return float(min(total, 1.0))


@inner
def forget(r: Any) -> None:
    """Learn anew from the next reading on."""
    r.n = r.pairs = r.count = r.moved = r.stretches = 0
    r.unit = r.step = r.noise = r.gap = 0.0
    r.before = math.nan
    r.root = 1.0
    r.root_spread = 0.0
    r.smooth = r.heap = 0
    r.sums[:] = 0.0


@inner
def move(r: Any, t: int, raw: float, target: float, better: int, budget: float, held: bool) -> Any:
    """Take one reading; gives what is said of the series."""
    if not abs(raw) < BEYOND:
        return 0
    if r.n == 0:
        r.zero = raw
    elif t > r.last:
        r.gap += (t - r.last - r.gap) * (0.1 if r.gap > 0.0 else 1.0)
    r.last = t
    if r.unit <= 0.0 or r.n < FIRST:
        _measure(r, raw)
        return 0
    x = min(max((raw - r.zero) / r.unit, -FAR), FAR)
    if r.noise <= 0.0:
        if not held:
            _learn(r, x)
        return 0
    if r.count == 0:
        r.start = t
        r.moved = 0
        r.squares = r.fourths = r.level_sum = 0.0
        r.bins[:] = 0
    _count(r, x, raw, target, better)
    if r.count < STRETCH or t - r.start + r.gap < DAY_US:
        return 0
    per_week = WEEK_US / max(float(t - r.start), 1.0)
    said = _smoothness(r, per_week, budget, held)
    if r.gap >= HOUR_US:
        said += _heaping(r, target, better, per_week, budget)
    r.count = 0
    return said


@inner
def _measure(r: Any, raw: float) -> None:
    """Find a unit of measure: the mean absolute difference of neighbours; none while nothing moves."""
    if r.n == 0:
        r.unit = 0.0
        r.sums[:] = 0.0
        r.pairs = 0
    else:
        difference = abs(raw - r.before)
        r.sums[0] += difference / FIRST
        if difference > 0.0 and (r.step <= 0.0 or difference < r.step):
            r.step = difference
    r.before = raw
    r.n += 1
    if r.n >= FIRST:
        r.unit = r.sums[0]
        r.sums[:] = 0.0
        r.before = math.nan
        if r.unit <= 0.0:
            r.n = 0


@inner
def _learn(r: Any, x: float) -> None:
    """Add to the autoregression of a reading on the one before, and close it when enough is known."""
    if not math.isnan(r.before) and x != r.before:
        b = r.before
        difference = abs(x - b) * r.unit
        if difference > 0.0 and difference < r.step:
            r.step = difference
        r.pairs += 1
        r.sums[0] += b
        r.sums[1] += x
        r.sums[2] += b * b
        r.sums[3] += b * x
        r.sums[4] += x * x
    r.before = x
    if r.pairs < LEARNED:
        return
    n = float(r.pairs)
    mean_b, mean_x = r.sums[0] / n, r.sums[1] / n
    bb = r.sums[2] / n - mean_b * mean_b
    bx = r.sums[3] / n - mean_b * mean_x
    xx = r.sums[4] / n - mean_x * mean_x
    r.slope = min(max(bx / bb, -1.0), 1.0) if bb > 0.0 else 0.0
    r.intercept = mean_x - r.slope * mean_b
    r.noise = math.sqrt(max(xx - 2.0 * r.slope * bx + r.slope * r.slope * bb, 0.0) * n / (n - 2.0))
    r.level, r.width = mean_x, math.sqrt(max(xx, 0.0))
    r.stretches = 0
    r.root, r.root_spread, r.tails = 1.0, 0.0, 0.0
    r.count = 0
    if not r.noise > 1e-9 * max(1.0, r.width):
        r.n = r.pairs = 0
        r.noise = r.unit = 0.0


@inner
def _count(r: Any, x: float, raw: float, target: float, better: int) -> None:
    if not math.isnan(r.before) and x != r.before:
        z = (x - r.intercept - r.slope * r.before) / r.noise
        z = min(max(z, -CUT), CUT)
        r.squares += z * z
        r.fourths += z * z * z * z
        r.moved += 1
    r.before = x
    r.count += 1
    r.level_sum += x
    width = _bin(r)
    place = math.floor(better * (raw - target) / width + 1e-6)
    if -1.0 <= place <= 1.0:
        r.bins[int(place) + 1] += 1


@inner
def _smoothness(r: Any, per_week: float, budget: float, held: bool) -> Any:
    """Judge the stretch's noise and let a clean one teach."""
    if r.moved < STRETCH // 2 or abs(r.level_sum / r.count - r.level) > 3.0 * r.width:
        return 0
    root = (r.squares / r.moved) ** (1.0 / 3.0)
    if r.stretches < KNOWN:
        if not held:
            _teach(r, root)
        return 0
    chance = (max(r.tails, NORMAL) - 1.0) / (9.0 * r.moved)
    df = r.stretches - 1.0 + PRIOR
    own = (r.root_spread + PRIOR * chance) / df
    spread = math.sqrt(max(chance, own) * (1.0 + 1.0 / r.stretches))
    z = (r.root - root) / spread
    if own > chance and z > 0.0:  # a spread known from few stretches has Student's tail (Wallace 1959)
        z = math.sqrt(df * math.log(1.0 + z * z / df)) * (8.0 * df + 1.0) / (8.0 * df + 3.0)
    p = normal_tail(z)
    r.ratio = (root / r.root) ** 1.5 if r.root > 0.0 else 1.0
    said = 0
    if r.smooth:
        if p > EASED:
            r.smooth = 0
            said = SMOOTHED_OVER
    elif p < min(LEVEL, SHARE * budget / per_week):
        r.smooth = 1
        r.smooth_rate = p * per_week
        r.began = r.start
        said = SMOOTHED
    if not r.smooth and not held and p > LEVEL:
        _teach(r, root)
    return said


@inner
def _teach(r: Any, root: float) -> None:
    """Let a clean stretch move the usual noise and its spread."""
    r.stretches = min(r.stretches + 1, STRETCHES)
    off = root - r.root if r.stretches > 1 else 0.0
    r.root = root if r.stretches == 1 else r.root + off / r.stretches
    fade = (STRETCHES - 1.0) / STRETCHES if r.stretches == STRETCHES else 1.0
    r.root_spread = r.root_spread * fade + off * off * (1.0 - 1.0 / r.stretches)
    if r.squares > 0.0:
        seen = r.fourths * r.moved / (r.squares * r.squares)
        r.tails += (seen - r.tails) / r.stretches


@inner
def _bin(r: Any) -> Any:
    """Give the width of a bin: a quarter of a deviation, in whole steps where the series has steps."""
    width = BIN * r.width * r.unit
    if r.step > FINE * width:
        width = max(1.0, math.floor(width / r.step + 0.5)) * r.step
    return width


@inner
def _expected(r: Any, target: float, better: int) -> Any:
    """Give the share of the middle bin under a bell as wide as the series; never less than a third."""
    at = better * (target - r.zero - r.unit * r.level) / (r.width * r.unit)
    wide = _bin(r) / (r.width * r.unit)
    first, second = normal_tail(at - wide), normal_tail(at)
    third, fourth = normal_tail(at + wide), normal_tail(at + 2.0 * wide)
    return max(THIRD, (second - third) / (first - fourth)) if first - fourth > RARE else THIRD


@inner
def _heaping(r: Any, target: float, better: int, per_week: float, budget: float) -> Any:
    """Judge how many of the reports around the target stand at it or just beyond."""
    alike = (1.0 - max(r.slope, 0.0)) / (1.0 + max(r.slope, 0.0))
    around = alike * (r.bins[0] + r.bins[1] + r.bins[2])
    if around < LEAST_AROUND:
        return 0
    r.share, r.usual_share = r.bins[1] * alike / around, _expected(r, target, better)
    p = binomial_tail(alike * r.bins[1], around, r.usual_share)
    if r.heap:
        if p > EASED:
            r.heap = 0
            return HEAPED_OVER
        return 0
    if p < min(LEVEL, SHARE * budget / per_week):
        r.heap = 1
        r.heap_rate = p * per_week
        r.began = r.start
        return HEAPED
    return 0
