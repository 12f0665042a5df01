"""Stuck value: the same reading again and again, longer than this series ever had reason to.

A run of k equal readings is stuck when both hold: by the series' own share of equal neighbours p it would
come once in a million readings, p^(k-1) <= 1e-6; and by `rarity` on the longest runs of past blocks it would
come less often than the budget. The first rule alone would call every night's rest a fault, the second alone
would have to wait for a week.

Plants rest at their ends: at nought, at the least or the largest value ever seen. Runs there are a class of
their own, judged against earlier runs there, and only those begun after a whole week, because plants have
Sundays. A series that has never moved is never stuck: nothing says that it should move.
"""

from __future__ import annotations

import math
from typing import Any

from opsroom.detect.jit import inner, kernel
from opsroom.detect.rarity import DAY_US, WEEK_US, drawn, pair_up, rate, remember, threshold

BY_CHANCE = 1e-6
"""Largest chance p^(k-1) of a stuck run under the learned share of equal neighbours."""
BLOCK = 64
"""Readings of the first blocks, and of warm-up; blocks then join in pairs until they last a day."""
MEMORY = 4096.0
"""Neighbours after which the share of equal ones forgets by half."""
LEAST = 3.0
"""Excess over the threshold of past runs is counted in whole readings; three equal ones are nothing yet."""
USUAL, REST = 0, 1


@inner
def _where(r: Any, y: float) -> Any:
    """Give the class of a run at `y`: at an end of all that was seen it is a rest."""
    return REST if y == 0.0 or y <= r.low or y >= r.high else USUAL


@inner
def _limits(r: Any, budget: float) -> None:
    """Set both limits from the past; called once a block."""
    p = (r.equal + 1.0) / (r.pairs + 2.0)
    by_chance = 1.0 + math.log(BY_CHANCE) / math.log(p)
    for which in range(2):
        least = max(by_chance, LEAST)
        if r.ring_n[which] > 0:
            draws = drawn(r.ring[which], r.ring_n[which])
            least = max(least, threshold(draws, WEEK_US / r.block_us, budget))
        r.limit[which] = least
    r.limit[REST] = max(r.limit[REST], r.limit[USUAL])


@inner
def _end_block(r: Any, t: int, budget: float) -> None:
    """Keep the block's longest runs and learn from them."""
    r.block_us += (t - r.block_from - r.block_us) / min(r.blocks + 1.0, 8.0)
    r.blocks += 1
    for which in range(2):
        if r.longest[which] > 0.0:
            r.ring_n[which] = remember(r.ring[which], r.ring_n[which], r.longest[which])
            r.longest[which] = 0.0
    full = r.ring_n[USUAL] >= len(r.ring[USUAL]) or r.ring_n[REST] >= len(r.ring[REST])
    if full and r.block_us < DAY_US:
        for which in range(2):
            odd = r.ring_n[which] % 2
            last = r.ring[which, max(r.ring_n[which] - 1, 0)]
            r.ring_n[which] = pair_up(r.ring[which], r.ring_n[which])
            if odd:  # a rest of last Sunday must not get lost
                r.ring_n[which] = remember(r.ring[which], r.ring_n[which], last)
        r.block *= 2
        r.block_us *= 2.0
    r.block_n = 0
    r.block_from = t
    if r.pairs > MEMORY:
        r.equal *= 0.5
        r.pairs *= 0.5
    if r.pairs > 0.0:
        _limits(r, budget)


@kernel
def move(r: Any, t: int, y: float, teaches: bool, budget: float) -> bool:  # noqa: FBT001 - kernels take no keywords
    """Take one reading (microseconds, finite value); True where it makes its run a stuck one, once a run.

    `teaches` is false while the series' alert is open. Of the run, `r.since` is its first reading, `r.run`
    its length (1: the value has just moved), and `often` says how rare it is.
    """
    if r.n == 0:
        r.n, r.first, r.block, r.block_from = 1, t, BLOCK, t
        r.value = r.low = r.high = y
        r.since, r.run = t, 1
        return False
    r.n += 1
    r.block_n += 1
    if y == r.value:
        r.run += 1
    else:
        if teaches:
            which = _where(r, r.value)
            if which == USUAL or r.run > 1:  # a new record that is left at once is no rest
                r.longest[which] = max(r.longest[which], r.run)
            r.equal += r.run - 1.0
            r.pairs += r.run
            r.low, r.high = min(r.low, r.value), max(r.high, r.value)
        r.value, r.since, r.run, r.told = y, t, 1, 0
    if teaches and r.block_n >= r.block:
        _end_block(r, t, budget)
    if r.told or r.run < LEAST or r.pairs <= 0.0 or r.blocks == 0:
        return False
    which = _where(r, y)
    if r.run <= r.limit[which] or (which == REST and r.since - r.first < WEEK_US):
        return False
    r.told = 1
    return True


@kernel
def often(r: Any) -> float:
    """Give how many times a week, by its past, a run as long as the present one is expected."""
    which = _where(r, r.value)
    if r.ring_n[which] == 0:
        return 0.0
    return rate(drawn(r.ring[which], r.ring_n[which]), WEEK_US / r.block_us, float(r.run))
