"""The account of a span: every figure of one position, or of everything, out of gathered arrays.

Bins of ten minutes and hours are fixed and aligned to UTC; those that the span touches in part count as
whole in "of so many". Percentiles are nearest-rank. A span shorter than the standards ask for gives figures
all the same, and `short` says so.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from opsroom.figures.bands import performance_band, rate_band
from opsroom.figures.floods import WINDOW_US, Flood, floods
from opsroom.figures.gather import NONE, Gathered
from opsroom.model import MICROS_PER_S, Micros
from opsroom.settings import FiguresSection

HOUR_US: Final = 3_600 * MICROS_PER_S
DAY_US: Final = 24 * HOUR_US
TOP: Final = 10
STEADY: Final = 5
PRIORITIES: Final = 3


class Actor(msgspec.Struct, frozen=True):
    """A series that raises often: raises, share of all, and bursts in which it chattered."""

    series_id: int
    raises: int
    share: float
    chattered: int


class Times(msgspec.Struct, frozen=True):
    """A spread of durations in seconds: how many, middle, 95th percentile; none without any."""

    n: int = 0
    p50_s: float | None = None
    p95_s: float | None = None


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """All figures of a span. Shares are fractions, None where there is nothing to divide by.

    `bins` are raises in each aligned ten minutes from `bins_from` (us) on; `mix` counts priorities 1 to 3;
    `climbs` are by level reached, of alerts that stood here; `stale` names alerts active beyond the limit
    and how long (s) they had been by the end of the span; `origins` counts by unit whose alert it is.
    """

    t_from: Micros
    t_to: Micros
    short: bool
    annunciated: int
    not_annunciated: int
    per_10min: float
    per_hour: float
    per_day: float
    hours_over: float
    bins_over: float
    bins_above_steady: float
    bin_max: int
    bins_from: Micros
    bins: list[int]
    in_flood: float
    floods: list[Flood]
    top_share: float | None
    different: int
    actors: list[Actor]
    chattering: list[int]
    fleeting: int
    stale_most: int
    stale: list[tuple[str, float]]
    mix: tuple[int, int, int]
    unauthorised: int
    silencings: int
    acknowledge: Times
    waiting: int
    passed: int
    recover: Times
    climbs: dict[int, int]
    acknowledgements: int
    notes_missing: int
    useful: int
    not_useful: int
    origins: dict[int, int]
    rate_band: str
    performance_band: str
    others: dict[str, int]


class _Part:
    """The annunciations of one position: all of them, and those inside the span."""

    def __init__(self, found: Gathered, mine: NDArray[np.bool_], t_from: Micros, t_to: Micros) -> None:
        self.found, self.t_from, self.t_to = found, t_from, t_to
        self.all = np.flatnonzero(mine & (found.at < t_to))
        self.inside = self.all[found.at[self.all] >= t_from]
        self.at = found.at[self.inside]
        self.series = found.series[self.inside]
        self.alerts = set(found.alert[self.all].tolist())

    def within(self, at: Micros) -> bool:
        """Tell whether an instant lies in the span."""
        return self.t_from <= at < self.t_to


def account(
    found: Gathered,
    t_from: Micros,
    t_to: Micros,
    limits: FiguresSection,
    *,
    position: int | None = None,
    origin: int | None = None,
) -> Figures:
    """Give the figures of [t_from, t_to) for the level of one unit, for the alerts of one unit, or for both.

    Without either, of everything. Annunciations before the span count for floods and chattering that reach
    into it, and for what still stood.
    """
    assert t_from < t_to
    part = _Part(found, _mine(found, position, origin), t_from, t_to)
    bins_from, bins = _bins(part, WINDOW_US)
    _, hours = _bins(part, HOUR_US)
    n, span = len(part.at), t_to - t_from
    wet = floods(found.at[part.all], limits.flood_start, limits.flood_end)
    wet = [one for one in wet if one.t_to > t_from]
    actors, chattering = _actors(part, limits)
    above = float((bins > STEADY).mean())
    per_10min = n * WINDOW_US / span
    stale_most, stale = _stale(part, round(limits.stale_h * HOUR_US))
    useful, not_useful = _verdicts(part)
    here = {position} if position is not None else None
    acks = _events(part, found.acks, here)
    silencings = _events(part, found.silencings, here)
    return Figures(
        t_from=t_from,
        t_to=t_to,
        short=span < limits.days_min * DAY_US,
        annunciated=n,
        not_annunciated=len(_events(part, found.silenced, here)),
        per_10min=per_10min,
        per_hour=n * HOUR_US / span,
        per_day=n * DAY_US / span,
        hours_over=float((hours > limits.hour_raises).mean()),
        bins_over=float((bins > limits.bin_raises).mean()),
        bins_above_steady=above,
        bin_max=int(bins.max()),
        bins_from=bins_from,
        bins=bins.tolist(),
        in_flood=sum(min(one.t_to, t_to) - max(one.t_from, t_from) for one in wet) / span,
        floods=wet,
        top_share=sum(actor.raises for actor in actors) / n if n else None,
        different=len(np.unique(part.series)),
        actors=actors,
        chattering=chattering,
        fleeting=_fleeting(part, limits),
        stale_most=stale_most,
        stale=stale,
        mix=_mix(part),
        unauthorised=int((silencings[:, 2] == 0).sum()),
        silencings=len(silencings),
        acknowledge=_times(part, found.ack, np.ones(len(found.at), np.bool_)),
        waiting=int(((found.ack[part.inside] == NONE) & ~found.passed[part.inside]).sum()),
        passed=int(found.passed[part.inside].sum()),
        recover=_times(part, found.end, found.recovered),
        climbs=_climbs(part),
        acknowledgements=len(acks),
        notes_missing=int((acks[:, 2] == 0).sum()),
        useful=useful,
        not_useful=not_useful,
        origins=dict(Counter(found.origin[part.inside].tolist())),
        rate_band=rate_band(per_10min),
        performance_band=performance_band(per_10min, int(bins.max()), above),
        others=found.others,
    )


def _mine(found: Gathered, position: int | None, origin: int | None) -> NDArray[np.bool_]:
    """Tell which annunciations stand at the level of one unit, or began in one."""
    mine = np.ones(len(found.at), np.bool_)
    if position is not None:
        mine &= found.position == position
    if origin is not None:
        mine &= found.origin == origin
    return mine


def _bins(part: _Part, width: int) -> tuple[Micros, NDArray[np.int64]]:
    """Count raises in fixed, aligned bins; give the start of the first and the counts."""
    first = part.t_from // width
    counts = np.bincount(part.at // width - first, minlength=-(-part.t_to // width) - first)
    return first * width, counts.astype(np.int64)


def _events(part: _Part, rows: NDArray[np.int64], here: set[int] | None) -> NDArray[np.int64]:
    """Give rows (when, position, ...) of the span at this position."""
    keep = (rows[:, 0] >= part.t_from) & (rows[:, 0] < part.t_to)
    if here is not None:
        keep &= np.isin(rows[:, 1], list(here))
    return rows[keep]


def _actors(part: _Part, limits: FiguresSection) -> tuple[list[Actor], list[int]]:
    """Give the ten series that raise most, and all that chattered in the span.

    Chattering is `chatter_raises` of one series within `chatter_s`, half-open; a burst goes on while that
    holds.
    """
    found, all_ = part.found, part.all
    order = np.lexsort((found.at[all_], found.series[all_]))
    series, at = found.series[all_][order], found.at[all_][order]
    k = limits.chatter_raises - 1
    hot = np.zeros(len(at), np.bool_)
    hot[k:] = (series[k:] == series[: len(series) - k]) & (
        at[k:] - at[: len(at) - k] < round(limits.chatter_s * MICROS_PER_S)
    )
    hot &= at >= part.t_from
    begins = hot & ~np.append([False], hot[:-1] & (series[1:] == series[:-1])) if len(at) else hot
    bursts = Counter(series[begins].tolist())
    n = len(part.series)
    often = sorted(Counter(part.series.tolist()).items(), key=lambda one: (-one[1], one[0]))[:TOP]
    actors = [Actor(one, raises, raises / n, bursts.get(one, 0)) for one, raises in often]
    return actors, sorted(bursts)


def _fleeting(part: _Part, limits: FiguresSection) -> int:
    """Count what cleared by itself in seconds, before anybody acted, alone of its series for a while."""
    found, near = part.found, round(limits.chatter_s * MICROS_PER_S)
    order = part.all[np.lexsort((found.at[part.all], found.series[part.all]))]
    series, at, end = found.series[order], found.at[order], found.end[order]
    close = (series[1:] == series[:-1]) & (np.diff(at) < near)
    alone = ~(np.append(close, [False]) | np.append([False], close))[: len(order)]
    brief = (end != NONE) & (end - at <= round(limits.fleeting_s * MICROS_PER_S)) & (end < part.t_to)
    counted = alone & brief & found.recovered[order] & ~found.acted[order] & (at >= part.t_from)
    return int(counted.sum())


def _stale(part: _Part, limit: int) -> tuple[int, list[tuple[str, float]]]:
    """Give the most alerts that were stale on any one day (UTC), and each with its age at the end (s)."""
    found = part.found
    since = found.at[part.all]
    end = np.where(found.end[part.all] == NONE, part.t_to, np.minimum(found.end[part.all], part.t_to))
    old = np.flatnonzero((end - since > limit) & (end > part.t_from))
    days: defaultdict[int, set[int]] = defaultdict(set)
    ages: dict[int, int] = {}
    for row in old.tolist():
        number = int(found.alert[part.all[row]])
        first = max(int(since[row]) + limit, part.t_from)
        for day in range(first // DAY_US, (int(end[row]) - 1) // DAY_US + 1):
            days[day].add(number)
        ages[number] = max(ages.get(number, 0), int(end[row] - since[row]))
    named = sorted(ages.items(), key=lambda one: (-one[1], one[0]))
    most = max((len(one) for one in days.values()), default=0)
    return most, [(found.alerts[number], age / MICROS_PER_S) for number, age in named]


def _times(part: _Part, until: NDArray[np.int64], counts: NDArray[np.bool_]) -> Times:
    """Spread the time from annunciations in the span to what came after, where it came before its end."""
    done = until[part.inside]
    keep = (done != NONE) & (done < part.t_to) & counts[part.inside]
    took = np.sort(done[keep] - part.at[keep]) / MICROS_PER_S
    if not len(took):
        return Times()
    p50, p95 = (float(took[math.ceil(p * len(took)) - 1]) for p in (0.5, 0.95))
    return Times(len(took), p50, p95)


def _mix(part: _Part) -> tuple[int, int, int]:
    counts = np.bincount(part.found.priority[part.inside], minlength=PRIORITIES + 1)
    return int(counts[1]), int(counts[2]), int(counts[3])


def _climbs(part: _Part) -> dict[int, int]:
    """Count climbs in the span of alerts that stood here, by level reached."""
    reached = (
        level for at, level, alert in part.found.climbs.tolist() if part.within(at) and alert in part.alerts
    )
    return dict(sorted(Counter(reached).items()))


def _verdicts(part: _Part) -> tuple[int, int]:
    """Count alerts judged useful, and not, by each person's last word in the span; a draw is neither."""
    last = {
        (alert, person): useful
        for at, alert, useful, person in part.found.verdicts
        if part.within(at) and alert in part.alerts
    }
    sums: Counter[int] = Counter()
    for (alert, _), useful in last.items():
        sums[alert] += 1 if useful else -1
    return sum(total > 0 for total in sums.values()), sum(total < 0 for total in sums.values())
