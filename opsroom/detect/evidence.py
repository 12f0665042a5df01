"""How much a reading speaks against the series being well, and how often that would be a false alarm.

A channel is a statistic that is large where something is wrong (a residual, a smoothed residual, the
distance to the nearest past window). Its past is a histogram of its logarithm: eight bins an octave near its
usual size, two far out. Beyond the top fiftieth the tail is fitted in logarithms (Hill 1975) with a gamma
prior on its index, whose predictive form is Pareto again in the logarithm (Lomax): wide after few readings.
Neighbouring readings of a slow series are one piece of news, so counts enter that fit times (1 - r) / (1 + r)
with r the autocorrelation at lag one (Bayley & Hammersley 1946).

The evidence of a reading is the sum of its channels' -log10 p. How often a faultless series gives that
much was measured on simulated series (`LINES`) and is corrected by the series' own count of such moments
(gamma prior, Poisson counts), so that a series that cries wolf must cry louder.
"""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from opsroom.detect.jit import inner
from opsroom.detect.state import BINS

FINE: Final = 8
COARSE: Final = 2
LOWEST, MIDDLE, HIGHEST = -3, 7, 17
"""Octaves of the usual size: below the first all is one bin, from the second on bins are coarse."""
FAR: Final = 8
"""Octaves above the last bin that still count as farther."""
FINE_BINS: Final = (MIDDLE - LOWEST) * FINE
EDGES: Final[NDArray[np.float64]] = np.concatenate(
    [[LOWEST - 1.0], LOWEST + np.arange(FINE_BINS) / FINE, MIDDLE + np.arange(BINS - FINE_BINS) / COARSE]
)
"""Lower edge of each bin in octaves, and the upper edge of the last."""
CENTRES: Final[NDArray[np.float64]] = 0.5 * (EDGES[:-1] + EDGES[1:])
WEIGHT: Final = 8
"""What one reading counts: a fraction survives when the memory is halved."""
FULL: Final = 8_000 * WEIGHT
"""The counts are halved when they come to this: the memory is 4,000 to 8,000 readings."""
SIZING: Final = 50
"""Readings from which a channel's usual size is taken."""
WARM: Final = 150
"""Readings before any is scored."""
TOP: Final = 0.02
TOP_LEAST: Final = 5.0
TOP_MOST: Final = 0.2
"""The fitted tail is the top fiftieth, more where that is fewer than five independent readings."""
PRIOR_SHAPE: Final = 5.0
PRIOR_EXCESS: Final = 0.1
"""Octaves that a reading of the tail lies above its start, before any is seen; and what that is worth."""
EXCESS_LEAST: Final = 0.02
INDEPENDENT_LEAST: Final = 0.1
AGREE_MEMORY: Final = 2_000
HUGE: Final = 1e150
"""A residual counts no more than this: its square is a number still."""

LINES: Final[NDArray[np.float64]] = np.array([[-0.64, 0.49], [-0.85, 0.38]])
"""log10 of how often a reading passes evidence s by chance is a - b s: without, with the discord channel."""
REFERENCE: Final = 3e-4
"""Expected share of readings at which a moment is counted."""
PRIOR_MOMENTS: Final = 3.0
MOMENT_MEMORY: Final = 8_000.0
APART: Final = 100
"""Readings after which a second moment, or a second report, is another one."""
MOMENT_AT: Final[NDArray[np.float64]] = (LINES[:, 0] - math.log10(REFERENCE)) / LINES[:, 1]
"""Evidence that counts as a moment."""
OWN_MOST: Final = 0.26
"""log10 of how much rarer a series' own count of moments can make its evidence, rounded up: with none
counted, (3 + 3e-4 * 8,000) / 3."""
PLAIN: Final = 2.0
PLAIN_SHARE: Final = 0.0099
"""Evidence sure to come at more than a hundredth of the readings is not looked at more closely, where the
budget is below that."""
WEEK_US: Final = 604_800_000_000.0


@inner
def bin_of(octave: float) -> Any:
    """Give the bin of a statistic whose size is `octave` octaves above its usual one."""
    if octave < LOWEST:
        return 0
    if octave < MIDDLE:
        return 1 + int((octave - LOWEST) * FINE)
    return min(1 + FINE_BINS + int((octave - MIDDLE) * COARSE), BINS - 1)


@inner
def weigh(c: Any, x: float, independent: float) -> Any:
    """Take the channel's statistic `x` >= 0.

    Gives (-log10 of its tail probability, its bin); bin -1 while the usual size is not known.
    """
    if c.sized < SIZING or c.scale <= 0.0:
        return 0.0, -1
    ratio = x / c.scale
    octave = min(math.log2(ratio), HIGHEST + FAR) if ratio > 0.0 else LOWEST - 1.0
    place = bin_of(octave)
    total = float(c.upper[0])
    if total <= 0.0:
        return 0.0, place
    start = _start(c, max(TOP * total, min(TOP_LEAST * WEIGHT / independent, TOP_MOST * total)))
    if place < start or c.upper[start] == 0:
        p = (0.5 * (float(c.upper[place]) + float(c.upper[place + 1])) + 0.5 * WEIGHT) / (total + WEIGHT)
    else:
        p = float(c.upper[start]) / total * _far(c, start, octave, independent)
    return -math.log10(max(p, 1e-300)), place


@inner
def _start(c: Any, wanted: float) -> Any:
    """Give the bin at which the fitted tail starts: the highest with `wanted` counts in and above it.

    It is sought from where it was at the last reading, seldom more than a bin away.
    """
    start = BINS - int(c.fitted)
    while start > 1 and c.upper[start] < wanted:
        start -= 1
    while c.upper[start + 1] >= wanted:
        start += 1
    c.fitted = BINS - start
    return start


@inner
def _far(c: Any, start: int, octave: float, independent: float) -> Any:
    """Give which share of the fitted tail lies beyond `octave`."""
    excess = 0.0
    for k in range(start, BINS):
        excess += (float(c.upper[k]) - float(c.upper[k + 1])) * CENTRES[k]
    above = c.upper[start] / WEIGHT
    excess = max(excess / WEIGHT - above * EDGES[start], EXCESS_LEAST * above)
    far = 1.0 + (octave - EDGES[start]) / (PRIOR_SHAPE * PRIOR_EXCESS + independent * excess)
    return far ** -(PRIOR_SHAPE + independent * above)


@inner
def learn(c: Any, x: float, place: int) -> None:
    """Let the channel remember a statistic, `place` as `weigh` gave it."""
    if place < 0:
        c.sized += 1
        c.scale += (x - c.scale) / c.sized
        if c.sized >= SIZING and c.scale <= 0.0:
            c.sized = SIZING - 1  # nothing has moved yet: no yardstick
        return
    for k in range(place + 1):
        c.upper[k] += WEIGHT
    if c.upper[0] >= FULL:
        _forget_half(c)


@inner
def _forget_half(c: Any) -> None:
    """Halve the count of each bin."""
    next_upper = total = 0
    for k in range(BINS - 1, -1, -1):
        upper = int(c.upper[k])
        total += (upper - next_upper) // 2
        c.upper[k] = total
        next_upper = upper


@inner
def worth(r: Any) -> Any:
    """Give how many independent readings one reading is worth, by the autocorrelation at lag one."""
    if r.variance <= 0.0 or r.agree_n <= 10:  # noqa: PLR2004 - before that it says nothing
        return 1.0
    alike = min(max(r.covariance / r.variance, 0.0), 0.9999)
    return max((1.0 - alike) / (1.0 + alike), INDEPENDENT_LEAST)


@inner
def follow(r: Any, residual: float) -> None:
    """Let variance and lag-one covariance learn from a residual that counts four deviations at most."""
    short = min(max(residual, -HUGE), HUGE)
    if r.agree_n > 20:  # noqa: PLR2004 - the deviation is known by then
        most = 4.0 * math.sqrt(r.variance)
        short = min(max(short, -most), most)
    r.agree_n = min(r.agree_n + 1, AGREE_MEMORY)
    gain = 1.0 / r.agree_n
    r.variance += gain * (short * short - r.variance)
    r.covariance += gain * (short * r.before - r.covariance)
    r.before = short


@inner
def chance(r: Any, evidence: float, line: int) -> Any:
    """Give log10 of the share of readings at which a faultless series shows this much or more."""
    if evidence <= 0.0:
        return 0.0
    own = (r.moments + PRIOR_MOMENTS) / (r.expected_moments + PRIOR_MOMENTS)
    return LINES[line, 0] - LINES[line, 1] * evidence + math.log10(own)


@inner
def matters(r: Any, evidence: float, line: int, share: float) -> Any:
    """Whether this much may be worth a report or come by chance at less than `share` of the readings.

    A bound without a logarithm: a series' own count of moments makes its evidence at most `OWN_MOST` rarer.
    """
    rarest = LINES[line, 1] * evidence - LINES[line, 0] + OWN_MOST
    return rarest >= PLAIN or share >= PLAIN_SHARE or rarest > r.reported or r.report_age >= APART


@inner
def count_moment(r: Any, evidence: float, line: int) -> None:
    """Count a moment at which the evidence was rare, once in `APART` readings."""
    keep = 1.0 - 1.0 / MOMENT_MEMORY
    r.moments *= keep
    r.expected_moments = r.expected_moments * keep + REFERENCE
    r.moment_age = min(r.moment_age + 1, APART + 1)
    if evidence >= MOMENT_AT[line]:
        if r.moment_age > APART:
            r.moments += 1.0
        r.moment_age = 0


@inner
def report(r: Any, score: float) -> Any:
    """Give the score where it stands above every one reported in the last `APART` readings, else 0."""
    if score > 0.0 and (score > r.reported or r.report_age >= APART):
        r.reported, r.report_age = score, 0
        return score
    r.report_age = min(r.report_age + 1, APART)
    return 0.0
