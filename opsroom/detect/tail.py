"""Seasonal residual with a calibrated tail: is this reading abnormal against the series' own past?

Two control charts of the residual, each an exponentially weighted mean (Roberts 1959) judged by `rarity`:
slow, half a day wide, against the level of the last ten days, its blocks are days and it speaks after seven;
fast, four readings wide, against the last 32 readings, its blocks are 32 readings and grow to a day, it
speaks after ten. The fast one opens only where the reading is also outside the usual range of the level.
The season (half-hour slots of the local day) is subtracted where it makes the residual smaller.
"""

# ruff: noqa: FBT001 - kernels take no keywords

from __future__ import annotations

import math
from typing import Any

from opsroom.detect.jit import inner, kernel
from opsroom.detect.rarity import DAY_US, WEEK_US, drawn, pair_up, rate, remember, threshold, turn
from opsroom.detect.state import NEVER, RING, SLOTS, TAIL_FAST, TAIL_SLOW

HALF_DAY_US = DAY_US // 2
"""Width of the slow chart: a fault that lasts a shift stands out, an hour's does not."""
MEMORY_US = 10 * DAY_US
"""Memory of level and spread: longer than a week, so that a weekday pattern is inside the spread."""
SLOW_BLOCKS = 7
"""A whole week is seen before the slow chart speaks: plants have Sundays."""
FAST_WIDTH = 4.0
FAST_MEMORY = 32
FAST_BLOCK = 32
FAST_BLOCKS = 10
CLIP = 6.0
"""One reading counts at most six usual deviations in the fast chart: a lone spike is not a change."""
CLIP_THRESHOLDS = 1.1
YOUNG_US = 3_600_000_000
"""While blocks are shorter than an hour the past is a day at most and its thresholds lie far out.

So that an outage is found on the first day, a reading then counts up to a tenth more than the threshold,
which takes nine of them.
"""
WINSOR = 3.0
"""A residual teaches at most three spreads: an excursion moves its own yardstick slowly."""
USUAL = 3.75
"""Mean absolute residuals in the shown band: three standard deviations of a normal residual."""
INNER = 2.0
"""Mean absolute residuals within which a slow alert ends."""
SEASON_GAIN = 0.85
"""The season is used when it takes at least 15 % off the residual."""
SEASON_VISITS = 2
PROFILE_GAIN = 0.1
SETTLE = 16
"""Readings before any score is kept."""


@inner
def _season(r: Any, t: int) -> Any:
    """Give (slot, profile there, relative spread there) of the local time of `t`."""
    local = t + r.zone_offset
    width = DAY_US // SLOTS
    slot = (local // width) % SLOTS
    value = float(r.profile[slot])
    if 0.0 < r.gap <= width / 2:
        phase = (local % width) / width - 0.5
        beside = (slot + (1 if phase > 0 else SLOTS - 1)) % SLOTS
        if r.visits[beside] >= 1 and r.visits[slot] >= 1:
            value += abs(phase) * (float(r.profile[beside]) - value)
    relative = 1.0
    if r.spread[1] > 0.0:
        seen = min(float(r.visits[slot]), 10.0)
        blend = (3.0 * r.spread[1] + seen * r.profile_spread[slot]) / (3.0 + seen)
        relative = max(0.4, blend / r.spread[1])
    return slot, value, relative


@kernel
def expected(r: Any, t: int, turn_full: float) -> Any:
    """Give (expected value, mean absolute residual, season used) at `t`."""
    if r.seasonal == 0 or turn_full > 0.0:
        return r.level[0], r.spread[0], False
    _, season, relative = _season(r, t)
    return r.level[1] + season, r.spread[1] * relative, True


@kernel
def season_at(r: Any, t: int) -> Any:
    """Give (profile, relative spread) at `t`: a frozen band goes on by slot."""
    _, season, relative = _season(r, t)
    return season, relative


@inner
def _leave_slot(r: Any, slot: int) -> None:
    """Fold the slot just left into the profile and decide whether the season is used."""
    old = r.slot
    if old >= 0 and r.slot_count > 0:
        gain = max(1.0 / (r.visits[old] + 1.0), PROFILE_GAIN)
        r.profile[old] += gain * r.slot_sum / r.slot_count
        r.profile_spread[old] += gain * (r.slot_abs / r.slot_count - r.profile_spread[old])
        r.visits[old] = min(r.visits[old] + 1, 250)
    r.slot = slot
    r.slot_sum = r.slot_abs = 0.0
    r.slot_count = 0
    learned = r.seasonal_n * r.gap >= DAY_US
    r.seasonal = 1 if learned and r.spread[1] < SEASON_GAIN * r.spread[0] else 0


@inner
def _slow(r: Any, which: int, residual: float, dt: float, budget: float) -> Any:
    """Move slow chart `which`; gives True where it is beyond its threshold."""
    r.slow[which] += min(1.0, dt / HALF_DAY_US) * (residual - r.slow[which])
    size = abs(r.slow[which])
    if r.slow_span[which] >= DAY_US:
        r.slow_n[which] = remember(r.slow_ring[which], r.slow_n[which], r.slow_max[which])
        r.slow_max[which] = r.slow_span[which] = 0.0
        if r.slow_n[which] >= SLOW_BLOCKS:
            draws = drawn(r.slow_ring[which], r.slow_n[which])
            r.slow_threshold[which] = threshold(draws, 7.0, budget)
    r.slow_max[which] = max(r.slow_max[which], size)
    r.slow_span[which] += dt
    return size > r.slow_threshold[which]


@inner
def _fast(r: Any, y: float, season: float, turn_full: float, budget: float) -> Any:
    """Move the fast chart by the reading `y` less its season.

    Gives how often a week that happens, infinite below the threshold.
    """
    step = turn(y - season - r.near, turn_full)
    most = CLIP * r.jitter
    if r.fast_threshold < math.inf and r.fast_block * r.gap < YOUNG_US:
        most = max(most, CLIP_THRESHOLDS * r.fast_threshold)
    short = min(max(step, -most), most) if r.n >= SETTLE else step
    r.fast += (short - r.fast) / FAST_WIDTH
    size = abs(r.fast)
    often = math.inf
    if size > r.fast_threshold:
        often = rate(drawn(r.fast_ring, r.fast_n), WEEK_US / (r.fast_block * r.gap), size)
    if r.n > SETTLE:
        r.fast_max = max(r.fast_max, size)
        r.fast_count += 1
        if r.fast_count >= r.fast_block:
            _end_fast_block(r, budget)
    r.near_n += 1
    r.near = turn(r.near + max(1.0 / r.near_n, 1.0 / FAST_MEMORY) * step, turn_full)
    r.jitter += max(1.0 / (r.n + 1.0), 1.0 / 1024.0) * (1.25 * abs(short) - r.jitter)
    return often


@inner
def _end_fast_block(r: Any, budget: float) -> None:
    """Remember the block's largest score.

    Double the blocks when the memory is full and they are shorter than a day.
    """
    r.fast_n = remember(r.fast_ring, r.fast_n, r.fast_max)
    r.fast_max = 0.0
    r.fast_count = 0
    if r.fast_n >= RING and r.fast_block * r.gap < DAY_US:
        r.fast_n = pair_up(r.fast_ring, r.fast_n)
        r.fast_block *= 2
    if r.fast_n >= FAST_BLOCKS and r.gap > 0.0:
        draws = drawn(r.fast_ring, r.fast_n)
        r.fast_threshold = threshold(draws, WEEK_US / (r.fast_block * r.gap), budget)


@inner
def _teach(
    r: Any,
    plain: float,
    seasonal: Any,
    dt: float,
    turn_full: float,
    has_slot: bool,
) -> None:
    """Let level, spread and profile learn from one reading."""
    gain = max(1.0 / (r.n + 1.0), min(dt / MEMORY_US, 0.2))
    short = plain
    if r.n >= SETTLE and r.spread[0] > 0.0:
        short = min(max(plain, -WINSOR * r.spread[0]), WINSOR * r.spread[0])
    r.level[0] = turn(r.level[0] + gain * short, turn_full)
    r.spread[0] += gain * (abs(short) - r.spread[0])
    if turn_full > 0.0:
        return
    short = seasonal
    if has_slot:
        r.seasonal_n += 1
        if r.seasonal_n > SETTLE and r.spread[1] > 0.0:
            short = min(max(seasonal, -WINSOR * r.spread[1]), WINSOR * r.spread[1])
        r.spread[1] += max(1.0 / r.seasonal_n, min(dt / MEMORY_US, 0.2)) * (abs(short) - r.spread[1])
    r.level[1] += gain * short
    r.slot_sum += short
    r.slot_abs += abs(short)
    r.slot_count += 1


@inner
def first_reading(r: Any, t: int, y: float) -> None:
    """Start a series at its first reading."""
    r.first = r.last = t
    r.value = y
    r.level[0] = r.level[1] = r.near = y
    r.fast_block = FAST_BLOCK
    r.near_n = 1
    r.n = 1


@inner
def keep_time(r: Any, t: int) -> Any:
    """Note that a reading came at `t`.

    Gives the time it stands for, microseconds, at most a quarter of a day.
    """
    dt = float(t - r.last)
    r.last = t
    usual = min(dt, 8.0 * r.gap) if r.gap > 0.0 else dt
    r.gap += max(1.0 / r.n, 1.0 / 256.0) * (usual - r.gap)
    return min(dt, DAY_US / 4.0), dt


@inner
def score(r: Any, t: int, y: float, dt: float, whole_dt: float, turn_full: float, budget: float) -> Any:
    """Score one reading of a series without an open alert, then let it teach.

    Gives (detector or 0, expected, half width of the band in which the alert would end, season used, rate a
    week, direction). A reading that opens an alert teaches nothing.
    """
    local = t + r.zone_offset
    slot = (local // (DAY_US // SLOTS)) % SLOTS
    if slot != r.slot:
        _leave_slot(r, slot)
    _, season, relative = _season(r, t)
    has_slot = turn_full <= 0.0 and r.visits[slot] >= SEASON_VISITS
    plain = turn(y - r.level[0], turn_full)
    seasonal = y - r.level[1] - season
    centre, spread, used = expected(r, t, turn_full)
    residual = turn(y - centre, turn_full)
    if whole_dt > 8.0 * r.gap and r.n > SETTLE:  # after a gap the last readings say nothing of this one
        r.near = y - (season if used else 0.0)
        r.near_n = 1
        r.fast = 0.0
    fast = _fast(r, y, season if used else 0.0, turn_full, budget)
    slow, which = False, 0
    if r.n > SETTLE and t - r.first > DAY_US // 4:
        slow = _slow(r, 0, plain, dt, budget)
        if has_slot and used:
            beyond = _slow(r, 1, seasonal / relative, dt, budget)
            if r.slow_n[1] >= SLOW_BLOCKS:
                slow, which = beyond, 1
    outside = abs(residual) > INNER * spread
    _note_outside(r, t, outside)
    r.n += 1
    r.value = y
    if spread > 0.0:
        if slow and r.slow[which] * (plain if which == 0 else seasonal) > 0.0:
            base, deviation = (r.level[0], r.spread[0]) if which == 0 else (centre, spread)
            if abs(turn(y - base, turn_full)) > INNER * deviation:
                draws = drawn(r.slow_ring[which], r.slow_n[which])
                often = rate(draws, 7.0, abs(r.slow[which]))
                sign = 1 if r.slow[which] > 0.0 else -1
                return TAIL_SLOW, base, INNER * deviation, which == 1, often, sign
        if fast < math.inf and abs(residual) > USUAL * spread and residual * r.fast > 0.0:
            return TAIL_FAST, centre, USUAL * spread, used, fast, (1 if r.fast > 0.0 else -1)
    _teach(r, plain, seasonal, dt, turn_full, has_slot)
    return 0, centre, USUAL * spread, used, math.inf, 0


@inner
def _note_outside(r: Any, t: int, outside: bool) -> None:
    """Keep the start of the present run outside the inner band; two readings inside end it."""
    if outside:
        r.inside_run = 0
        if r.outside_since == NEVER:
            r.outside_since = t
    else:
        r.inside_run += 1
        if r.inside_run >= 2:  # noqa: PLR2004 - two readings, as for recovery
            r.outside_since = NEVER


@kernel
def resume(r: Any, y: float, turn_full: float, anew: bool) -> None:
    """Go on after an alert: the charts restart at 0.

    `anew` (a decision or a new capability) takes the present value as the level.
    """
    r.slow[0] = r.slow[1] = r.fast = 0.0
    r.slot = -1
    r.slot_sum = r.slot_abs = 0.0
    r.slot_count = 0
    r.near_n = 1
    season = 0.0
    if r.seasonal and turn_full <= 0.0:
        season, _ = season_at(r, r.last)
    r.near = y - season
    r.outside_since = NEVER
    if anew:
        r.level[0] = y
        r.level[1] = y - season
