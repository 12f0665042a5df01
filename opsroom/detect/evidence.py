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

from opsroom.detect.jit import inner, woven
from opsroom.detect.state import BINS, BLOCK, BLOCKS, LANES

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
MANTISSA: Final = 52
BIAS: Final = 1_023
MANTISSA_MASK: Final = (1 << MANTISSA) - 1
EIGHTH_BITS: Final = 7
"""Leading bits of a mantissa (IEEE 754 binary64) that tell its eighth of an octave but for one."""
EIGHTH_EDGES: Final[NDArray[np.int64]] = (
    (2.0 ** (np.arange(FINE + 1) / FINE) - 1.0) * (1 << MANTISSA)
).astype(np.int64)
"""Mantissa at which each eighth begins."""
EIGHTH: Final[NDArray[np.uint8]] = (
    np.searchsorted(
        EIGHTH_EDGES, np.arange(1 << EIGHTH_BITS, dtype=np.int64) << (MANTISSA - EIGHTH_BITS), side="right"
    )
    - 1
).astype(np.uint8)
LOG10_2: Final = math.log10(2.0)
LEAST: Final = 1e-300
"""Probabilities below are taken as this."""
LEAST_ALONE: Final = 1e-150
"""Two probabilities above this have a product."""
WEIGHT: Final = 8
"""What one reading counts: a fraction survives when the memory is halved."""
FULL: Final = 8_000 * WEIGHT
"""The counts are halved when they come to this: the memory is 4,000 to 8,000 readings."""
LANE_BITS: Final = 16
LANE: Final = np.uint64(0xFFFF)
ONES: Final = np.uint64(0x0001_0001_0001_0001)
HALVED: Final = np.uint64(0x7FFF_7FFF_7FFF_7FFF)
"""Takes off what a shift of a word by one bit carries into the next lane."""


def _words(lanes: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Pack counts, shape [..., LANES * n], into words, shape [..., n]; the first in the lowest bits."""
    return np.ascontiguousarray(lanes.astype("<u2")).view("<u8").astype(np.uint64)


FROM: Final[NDArray[np.uint64]] = _words(np.where(np.arange(BLOCK) >= np.arange(BLOCK)[:, None], 0xFFFF, 0))
"""By bin within a block: a mask of it and the bins above it there."""
UP_TO: Final[NDArray[np.uint64]] = _words(
    np.where(np.arange(LANES * -(-(BLOCKS + 1) // LANES)) <= np.arange(BLOCKS)[:, None], WEIGHT, 0)
)
"""By block: what one reading adds to the sums of it and the blocks below."""
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


@woven
def bin_of(ratio: float) -> Any:
    """Give the bin of a statistic `ratio` >= 0 times its usual size.

    Read off the number's own exponent and mantissa, without a logarithm.
    """
    bits = np.float64(ratio).view(np.int64)
    octave = (bits >> MANTISSA) - BIAS
    if octave < LOWEST:
        return 0
    mantissa = bits & MANTISSA_MASK
    eighth = np.int64(EIGHTH[mantissa >> (MANTISSA - EIGHTH_BITS)])
    if mantissa >= EIGHTH_EDGES[eighth + 1]:
        eighth += 1
    if octave < MIDDLE:
        return 1 + (octave - LOWEST) * FINE + eighth
    return min(1 + FINE_BINS + (octave - MIDDLE) * COARSE + eighth * COARSE // FINE, BINS - 1)


@woven
def weigh(c: Any, x: float, independent: float) -> Any:
    """Take the channel's statistic `x` >= 0.

    Gives (its tail probability, its bin); bin -1 while the usual size is not known.
    """
    if c.sized < SIZING or c.scale <= 0.0:
        return 1.0, -1
    ratio = x / c.scale
    place = bin_of(ratio)
    total = float(counted(c))
    if total <= 0.0:
        return 1.0, place
    start = _start(c, max(TOP * total, min(TOP_LEAST * WEIGHT / independent, TOP_MOST * total)))
    if place < start or c.above == 0:
        here = float(_lane(c.count, place))
        return (float(_upper(c, place)) - 0.5 * here + 0.5 * WEIGHT) / (total + WEIGHT), place
    octave = min(math.log2(ratio), HIGHEST + FAR) if ratio > 0.0 else LOWEST - 1.0
    return float(c.above) / total * _far(c, start, octave, independent), place


@inner
def surprise(p: float) -> Any:
    """Give -log10 of a probability, finite for nought."""
    return -LOG10_2 * math.log2(max(p, LEAST))  # half the time of log10


@woven
def both(p: float, other: float) -> Any:
    """Give the evidence of two channels together: the sum of their surprises, by one logarithm."""
    if p < LEAST_ALONE or other < LEAST_ALONE:
        return surprise(p) + surprise(other)
    return surprise(p * other)


@woven
def _lane(words: Any, place: Any) -> Any:
    """Give one count of words that hold `LANES` each, the first in the lowest bits."""
    return np.int64(words[place // LANES] >> np.uint64(LANE_BITS * (place % LANES)) & LANE)


@woven
def counted(c: Any) -> Any:
    """Give all counts, `WEIGHT` a reading."""
    return np.int64(c.upper[0] & LANE)


@woven
def _upper(c: Any, place: int) -> Any:
    """Give the counts in a bin and in all above it."""
    block, low = place // BLOCK, place % BLOCK
    first = (c.count[2 * block] & FROM[low, 0]) * ONES  # its highest lane is the sum of all
    second = (c.count[2 * block + 1] & FROM[low, 1]) * ONES
    return _lane(c.upper, block + 1) + np.int64((first + second) >> np.uint64(LANE_BITS * (LANES - 1)))


@woven
def _start(c: Any, wanted: float) -> Any:
    """Give the bin at which the fitted tail starts: the highest with `wanted` counts in and above it.

    It is sought from where it was at the last reading, seldom more than a bin away.
    """
    start, above = BINS - np.int64(c.fitted), np.int64(c.above)
    while start > 1 and above < wanted:
        start -= 1
        above += _lane(c.count, start)
    here = _lane(c.count, start)
    while above - here >= wanted:
        above -= here
        start += 1
        here = _lane(c.count, start)
    c.fitted, c.above = BINS - start, above
    return start


@inner
def _far(c: Any, start: int, octave: float, independent: float) -> Any:
    """Give which share of the fitted tail lies beyond `octave`."""
    excess = 0.0
    for k in range(start, BINS):
        excess += float(_lane(c.count, k)) * CENTRES[k]
    above = c.above / WEIGHT
    excess = max(excess / WEIGHT - above * EDGES[start], EXCESS_LEAST * above)
    far = 1.0 + (octave - EDGES[start]) / (PRIOR_SHAPE * PRIOR_EXCESS + independent * excess)
    return far ** -(PRIOR_SHAPE + independent * above)


@woven
def learn(c: Any, x: float, place: int) -> None:
    """Let the channel remember a statistic, `place` as `weigh` gave it."""
    if place < 0:
        c.sized += 1
        c.scale += (x - c.scale) / c.sized
        if c.sized >= SIZING and c.scale <= 0.0:
            c.sized = SIZING - 1  # nothing has moved yet: no yardstick
        return
    c.count[place // LANES] += np.uint64(WEIGHT) << np.uint64(LANE_BITS * (place % LANES))
    for k in range(len(c.upper)):
        c.upper[k] += UP_TO[place // BLOCK, k]
    if place >= BINS - np.int64(c.fitted):
        c.above += WEIGHT
    if counted(c) >= FULL:
        _forget_half(c)


@inner
def _forget_half(c: Any) -> None:
    """Halve the count of each bin."""
    for k in range(len(c.count)):
        c.count[k] = (c.count[k] >> np.uint64(1)) & HALVED
    total, start = 0, BINS - np.int64(c.fitted)
    c.upper[:] = 0
    for k in range(BINS - 1, -1, -1):
        total += _lane(c.count, k)
        if k % BLOCK == 0:
            block = k // BLOCK
            c.upper[block // LANES] |= np.uint64(total) << np.uint64(LANE_BITS * (block % LANES))
        if k == start:
            c.above = total


@woven
def gain_of(n: int, memory: float) -> Any:
    """Give the weight of the `n`th reading in a mean over all, later over `memory` of them."""
    return 1.0 / n if n < memory else 1.0 / memory


@woven
def worth(r: Any) -> Any:
    """Give how many independent readings one reading is worth, by the autocorrelation at lag one."""
    if r.variance <= 0.0 or r.agree_n <= 10:  # noqa: PLR2004 - before that it says nothing
        return 1.0
    alike = min(max(r.covariance / r.variance, 0.0), 0.9999)
    return max((1.0 - alike) / (1.0 + alike), INDEPENDENT_LEAST)


@woven
def follow(r: Any, residual: float) -> None:
    """Let variance and lag-one covariance learn from a residual that counts four deviations at most."""
    short = min(max(residual, -HUGE), HUGE)
    if r.agree_n > 20 and short * short > 16.0 * r.variance:  # noqa: PLR2004 - the deviation is known by then
        short = math.copysign(4.0 * math.sqrt(r.variance), short)
    if r.agree_n < AGREE_MEMORY:
        r.agree_n += 1
    gain = gain_of(r.agree_n, AGREE_MEMORY)
    r.variance += gain * (short * short - r.variance)
    r.covariance += gain * (short * r.before - r.covariance)
    r.before = short


@inner
def chance(r: Any, evidence: float, line: int) -> Any:
    """Give log10 of the share of readings at which a faultless series shows this much or more."""
    if evidence <= 0.0:
        return 0.0
    own = (r.moments + PRIOR_MOMENTS) / (r.expected_moments + PRIOR_MOMENTS)
    return LINES[line, 0] - LINES[line, 1] * evidence + LOG10_2 * math.log2(own)


@woven
def matters(r: Any, evidence: float, line: int, share: float) -> Any:
    """Whether this much may be worth a report or come by chance at less than `share` of the readings.

    A bound without a logarithm: a series' own count of moments makes its evidence at most `OWN_MOST` rarer.
    """
    rarest = LINES[line, 1] * evidence - LINES[line, 0] + OWN_MOST
    return rarest >= PLAIN or share >= PLAIN_SHARE or rarest > r.reported or r.report_age >= APART


@woven
def plain(log_share: float, share: float) -> Any:
    """Whether what comes at 10 ** `log_share` of the readings comes at more than `share` of them for sure."""
    return log_share > -PLAIN and share < PLAIN_SHARE


@woven
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


@woven
def report(r: Any, score: float) -> Any:
    """Give the score where it stands above every one reported in the last `APART` readings, else 0."""
    if score > 0.0 and (score > r.reported or r.report_age >= APART):
        r.reported, r.report_age = score, 0
        return score
    r.report_age = min(r.report_age + 1, APART)
    return 0.0
