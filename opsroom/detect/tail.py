"""Seasonal residual with a calibrated tail: is this reading abnormal against the series' own past?

Two channels (see `evidence`): the residual, for what happens at once, and the residual smoothed over a
dozen readings (an exponentially weighted mean, Roberts 1959), for what is small and lasts. The residual is
what remains of the reading after the mean of its half hour of the local day, and, where that takes two
fifths off it, the mean of its hour of the week. Chosen series have a third channel, `discord`.

A series opens an alert where the three together would come by chance less often than its budget, and the
reading itself stands outside the inner band; a discord alone opens whatever the reading: a shape is
abnormal, not a value.
"""

# ruff: noqa: FBT001 - kernels take no keywords

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np

from opsroom.detect import evidence
from opsroom.detect.jit import fetch, fetch_row, inner, kernel, woven
from opsroom.detect.rarity import DAY_US, drawn, rate, remember, threshold, turn
from opsroom.detect.state import DISCORD, DRIFT, HOURS, NEVER, SLOTS, TAIL, TAIL_ALARM, offset

SLOT_US: Final = DAY_US // SLOTS
HOUR_US: Final = DAY_US // 24
MONDAY_US: Final = 3 * DAY_US
"""1970 began on a Thursday: local time plus three days counts from a Monday."""
SLOT_GAIN: Final = 0.02
LEVEL_GAIN: Final = 0.02
"""Gain of the level that stands in for a slot not seen yet."""
WEEK_GAIN: Final = 0.1
WEEK_USED: Final = 0.6
"""The hour of the week is used where the residual without it is at least this much smaller."""
WEEK_SETTLE: Final = 84
WEEK_SIZED: Final = 50
"""Readings after which one counts `WEEK_CLIP` times the usual at most."""
WEEK_MEMORY: Final = 336
WEEK_CLIP: Final = 4.0
WEEK_VISITS_MOST: Final = 15
"""Visits of an hour are counted up to this: its gain no longer falls."""
SMOOTH: Final = 0.08
GAP: Final = 8.0
"""Usual distances of readings from which on a pause is a gap."""
GAP_MEMORY: Final = 256
SETTLE: Final = 16
"""Readings before a band is shown."""
SPREAD_MEMORY: Final = 1_000
WINSOR: Final = 3.0
"""A residual teaches the spread at most three spreads: an excursion moves its own yardstick slowly."""
USUAL: Final = 3.75
"""Mean absolute residuals in the shown band: three standard deviations of a normal residual."""
INNER: Final = 2.0
"""Mean absolute residuals outside which a reading must be for the tail to open an alert."""
HALF_DAY_US: Final = DAY_US // 2
"""Width of the drift chart: a fault that lasts a shift stands out, an hour's does not."""
DRIFT_DAYS: Final = 7
"""A whole week is seen before drift speaks: plants have Sundays."""
FADING: Final = 0.8
"""What is left of a reading's evidence at the next one."""
AGAIN: Final = 0.1
"""A second alarm within `evidence.APART` readings must be this much rarer: one disturbance is one alarm."""
YOUNG: Final = 0.25
"""In its first quarter of a day a series may spend its budget faster, in proportion to how young it is.

What has been seen for ten minutes cannot be known to be right for ten weeks, and an outage has to be told all
the same: about a fiftieth of a false alarm more, once. Until then a lone reading says nothing: the one before
has to be outside as well.
"""
PROFILE_AT: Final = offset(TAIL, "profile")
WEEK_AT: Final = offset(TAIL, "week")
AHEAD: Final = 6
"""Readings between asking for a row and using it: as long as memory takes to come."""
CALM: Final = 1.3
"""-log10 p at most of every smoothed channel (one in twenty) for an alert about a shape to end."""


@woven
def _slot(local: int) -> Any:
    return (local // SLOT_US) % SLOTS


@woven
def _hour(local: int) -> Any:
    return ((local + MONDAY_US) // HOUR_US) % HOURS


@kernel
def calendar() -> Any:
    """Give the leaf of a calendar at the first half hour of 1970, local time.

    Shape [3], int64: where the half hour begins in microseconds, its number in the day, and that of its hour
    in the week. Readings come in order of time: of all that share a half hour and a zone the first turns it.
    """
    return np.array([0, _slot(0), _hour(0)])


@woven
def _turned(leaf: Any, local: int) -> Any:
    """Give (half hour of the day, hour of the week) at `local`."""
    if not 0 <= local - leaf[0] < SLOT_US:
        leaf[0], leaf[1], leaf[2] = local - local % SLOT_US, _slot(local), _hour(local)
    return leaf[1], leaf[2]


@woven
def _of_the_day(r: Any, slot: int) -> Any:
    """Give the mean of the half hour; the level where it was not seen yet."""
    return r.profile[slot] if r.visits[slot] > 0 else r.level


@kernel
def expected(r: Any, t: int, turn_full: float) -> Any:
    """Give the expected value at `t`."""
    return turn(r.level + season_at(r, t), turn_full)


@kernel
def season_at(r: Any, t: int) -> Any:
    """Give how far the season at `t` lies from the level: a frozen band goes on by it."""
    local = t + r.zone_offset
    season = _of_the_day(r, _slot(local)) - r.level
    return season + float(r.week[_hour(local)]) if r.weekly else season


@inner
def look_ahead(rows: Any, place: int, leaf: Any) -> None:
    """Ask for what `score` will touch of a row whose reading comes soon.

    All before the profile, and of the season the half hour and the hour that the leaf shows.
    """
    fetch_row(rows, place, PROFILE_AT)
    fetch(rows, place, PROFILE_AT + 8 * leaf[1])
    fetch(rows, place, WEEK_AT + 4 * leaf[2])


@inner
def first_reading(r: Any, t: int, y: float) -> None:
    """Start a series at its first reading."""
    r.last = t
    r.value = r.level = y
    r.report_age = r.moment_age = r.alarm_age = evidence.APART
    slot = _slot(t + r.zone_offset)
    r.profile[slot] = y
    r.visits[slot] = 1
    r.n = 1


@woven
def keep_time(r: Any, t: int) -> Any:
    """Note that a reading came at `t`; gives the microseconds since the one before."""
    passed = float(t - r.last)
    r.last = t
    usual = min(passed, GAP * r.gap) if r.gap > 0.0 else passed
    r.gap += evidence.gain_of(r.n, GAP_MEMORY) * (usual - r.gap)
    return passed


@woven
def _visits(r: Any, hour: int) -> Any:
    """Give how many readings the hour of the week has taught, `WEEK_VISITS_MOST` for more."""
    return (np.int64(r.week_visits[hour // 2]) >> 4 * (hour % 2)) & WEEK_VISITS_MOST


@woven
def _teach_week(r: Any, hour: int, of_day: float) -> None:
    """Let the hour of the week learn, and compare with and without it.

    Compared is the first reading of an hour only, against earlier weeks: within the hour anything would be
    known from itself.
    """
    by_week = float(r.week[hour])
    visits = _visits(r, hour)
    if hour != r.week_hour and visits >= 1:
        r.week_n = min(r.week_n + 1, WEEK_MEMORY)
        gain = 1.0 / r.week_n
        most = WEEK_CLIP * r.plain if r.week_n > WEEK_SIZED else math.inf
        r.plain += gain * (min(abs(of_day), most) - r.plain)
        r.weekday += gain * (min(abs(of_day - by_week), most) - r.weekday)
    r.week_hour = hour
    if visits < WEEK_VISITS_MOST:
        visits += 1
        r.week_visits[hour // 2] += 1 << 4 * (hour % 2)
    r.week[hour] += evidence.gain_of(visits, 1.0 / WEEK_GAIN) * (of_day - by_week)


@inner
def _week_helps(r: Any) -> Any:
    """Whether the hour of the week is to be used.

    It takes enough off the residual, and at least half of the hours seen are as the day says: an outage that
    lasts is no rhythm.
    """
    if r.week_n <= WEEK_SETTLE or r.weekday >= WEEK_USED * r.plain:
        return False
    if r.weekly:
        return True
    seen = loud = 0
    for hour in range(HOURS):
        if _visits(r, hour):
            seen += 1
            loud += 1 if abs(r.week[hour]) > INNER * r.spread else 0
    return 2 * loud <= seen


@woven
def _teach_season(r: Any, slot: int, hour: int, y: float, of_day: float, turn_full: float) -> None:
    """Let the half hour, the hour of the week and the level learn from one reading."""
    seen = r.visits[slot]
    if seen == 0:
        r.profile[slot] = y
    else:
        gain = evidence.gain_of(seen + 1, 1.0 / SLOT_GAIN)
        r.profile[slot] = turn(r.profile[slot] + gain * of_day, turn_full)
        if turn_full <= 0.0:
            _teach_week(r, hour, of_day)
            r.weekly = 1 if _week_helps(r) else 0
    r.visits[slot] = min(seen + 1, 250)
    r.level = turn(r.level + LEVEL_GAIN * turn(y - r.level, turn_full), turn_full)


@inner
def while_open(r: Any, t: int, y: float, turn_full: float) -> None:
    """Let the hour of the week learn from a reading under an open alert, where it is not used yet.

    Else a plant with Sundays would raise one each week and never learn it. What is in use stays as it was at
    onset, and so do level and day.
    """
    local = t + r.zone_offset
    slot = _slot(local)
    if turn_full <= 0.0 and not r.weekly and r.visits[slot] > 0:
        _teach_week(r, _hour(local), y - r.profile[slot])


@inner
def score(
    r: Any, leaf: Any, t: int, y: float, passed: float, turn_full: float, budget: float, far: float
) -> Any:
    """Score one reading of a series without an open alert, then let it teach.

    `leaf` is of a `calendar` that all readings share; `far` is -log10 p of the discord, negative where it has
    none.

    Gives (detector or 0, expected, half width of the band in which the alert would end, rate a week,
    direction). A reading that opens an alert counts in how rare such readings are, and teaches nothing else.
    """
    slot, hour = _turned(leaf, t + r.zone_offset)
    of_day = turn(y - _of_the_day(r, slot), turn_full)
    residual = of_day - float(r.week[hour]) if r.weekly else of_day
    if passed > GAP * r.gap and r.n > SETTLE:  # after a gap the last readings say nothing of this one
        r.smooth = 0.0
    r.smooth += SMOOTH * (residual - r.smooth)
    worth = evidence.worth(r)
    p_now, now_place = evidence.weigh(r.now, abs(residual), worth)
    p_lasting, lasting_place = evidence.weigh(
        r.lasting, abs(r.smooth), max(0.5 * worth, 0.5 * evidence.INDEPENDENT_LEAST)
    )
    r.n += 1
    r.value = y
    detector, often, half, direction = 0, math.inf, USUAL * r.spread, 0
    allowed, age = budget, r.n * r.gap
    if 0.0 < age < YOUNG * DAY_US:
        allowed = budget * YOUNG * DAY_US / age if NEVER < r.outside_since < t else 0.0
    if r.alarm_age < evidence.APART:
        allowed *= AGAIN
    score = 0.0
    if r.n > evidence.WARM:
        line = 1 if far >= 0.0 else 0
        own = evidence.both(p_now, p_lasting)
        total = own + max(far, 0.0)
        r.stir = max(total, FADING * r.stir)
        share = 0.0
        allowed_share = allowed * r.gap / evidence.WEEK_US
        if evidence.matters(r, total, line, allowed_share):
            share = evidence.chance(r, total, line)
            if not evidence.plain(share, allowed_share):
                often = 10.0**share * evidence.WEEK_US / r.gap
        score = evidence.report(r, -share)
        evidence.count_moment(r, total, line)
        if often <= allowed and r.spread > 0.0:
            detector, half, direction = _opens(r, residual, own, far)
        drifts = _drifts(r, residual, passed, budget)
        if (
            detector == 0
            and drifts <= allowed
            and residual * r.drift > 0.0
            and abs(residual) > INNER * r.spread
        ):
            detector, half, often = DRIFT, INNER * r.spread, drifts
            direction = 1 if residual > 0.0 else -1
    r.score = score
    _note_outside(r, t, abs(residual) > INNER * r.spread)
    evidence.learn(r.now, abs(residual), now_place)
    evidence.learn(r.lasting, abs(r.smooth), lasting_place)
    r.alarm_age = min(r.alarm_age + 1, evidence.APART)
    if detector:
        r.alarm_age = 0
        return detector, y - residual, half, often, direction
    evidence.follow(r, residual)
    short = min(abs(residual), WINSOR * r.spread) if r.n > SETTLE and r.spread > 0.0 else abs(residual)
    r.spread += evidence.gain_of(r.n, SPREAD_MEMORY) * (short - r.spread)
    _teach_season(r, slot, hour, y, of_day, turn_full)
    return 0, y - residual, half, often, 0


@woven
def _drifts(r: Any, residual: float, passed: float, budget: float) -> Any:
    """Move the chart of half a day.

    Gives how often a week it stands as far out, infinite below its threshold.
    """
    span = min(passed, DAY_US / 4.0)
    r.drift += min(1.0, span * (1.0 / HALF_DAY_US)) * (residual - r.drift)
    if r.drift_span >= DAY_US:
        _next_day(r, budget)
    far = abs(r.drift)
    r.drift_max = max(r.drift_max, far)
    r.drift_span += span
    if far <= r.drift_threshold:
        return math.inf
    return rate(drawn(r.drift_ring, r.drift_n), 7.0, far)


@inner
def _next_day(r: Any, budget: float) -> None:
    """Remember how far the drift chart went in a day."""
    r.drift_n = remember(r.drift_ring, r.drift_n, r.drift_max)
    r.drift_max = r.drift_span = 0.0
    if r.drift_n >= DRIFT_DAYS:
        r.drift_threshold = threshold(drawn(r.drift_ring, r.drift_n), 7.0, budget)


@inner
def _opens(r: Any, residual: float, own: float, far: float) -> Any:
    """Give (detector or 0, half width of the frozen band, direction) of a reading that is rare enough."""
    sign = 1 if residual > 0.0 else -1
    if far > own:
        return DISCORD, INNER * r.spread, sign
    if abs(residual) <= INNER * r.spread or residual * r.smooth < 0.0:
        return 0, USUAL * r.spread, 0
    return TAIL_ALARM, INNER * r.spread, sign


@woven
def _note_outside(r: Any, t: int, outside: bool) -> None:
    """Keep the start of the present run outside the inner band; two readings inside end it."""
    if outside:
        r.inside_run = 0
        if r.outside_since == NEVER:
            r.outside_since = t
    else:
        r.inside_run = min(r.inside_run + 1, 2)
        if r.inside_run >= 2:  # noqa: PLR2004 - two readings, as for recovery
            r.outside_since = NEVER


@kernel
def resume(r: Any, y: float, turn_full: float, anew: bool) -> None:
    """Go on after an alert: what was smoothed restarts at 0.

    `anew` (a decision or a new capability) takes the present value as the level.
    """
    r.smooth = r.drift = 0.0
    r.before = 0.0
    r.outside_since = NEVER
    if anew:
        shift = turn(y - r.level - season_at(r, r.last), turn_full)
        r.level = turn(r.level + shift, turn_full)
        for k in range(SLOTS):
            if r.visits[k]:
                r.profile[k] = turn(r.profile[k] + shift, turn_full)
