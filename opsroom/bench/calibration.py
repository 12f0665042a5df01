"""How often detection is wrong: false alarms on thirty faultless days of a thousand mixed series.

A false alarm is an alert opened by a calibrated detector, one whose threshold is stated as expected false
alarms per series and week; a stuck value counts too, it has a share of the budget. Limits and silence have
bounds of their own and are counted apart.
"""

from __future__ import annotations

import itertools
from collections import Counter
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from opsroom.bench.streams import JUDGED_SEEDS, START_US, matrix, mixed
from opsroom.detect import Engine, SeriesSpec, State, evidence
from opsroom.detect.shipped import settings_hash
from opsroom.model import MICROS_PER_S, FindingVerb

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from opsroom.bench.streams import Values

BUDGETS: Final = (0.1, 1.0)
"""Expected false alarms per series and week."""
WITHIN: Final = (0.5, 1.5)
"""Times the budget between which the measured rate must lie."""
WARM_UP_READINGS: Final = 150
UNCALIBRATED: Final = frozenset({"limit", "silence"})
WEEK_DAYS: Final = 7
FINE: Final = 4 * WARM_UP_READINGS
"""Instants stepped one by one, so that the end of the warm-up is seen to the reading; then a day at once."""
CHUNK: Final = 144


class Run(NamedTuple):
    """What one set of series gave; arrays are [series].

    `openings` and `uncalibrated` count alerts opened, `waiting` readings before the first scored one (all of
    them where none was scored), `still` whether the series had not moved once by the end of the warm-up and
    so gave nothing to judge by, `scored` the readings scored (none is while an alert stands), `open_share` of
    the series-time an alert stood.
    """

    openings: NDArray[np.int64]
    uncalibrated: NDArray[np.int64]
    readings: NDArray[np.int64]
    waiting: NDArray[np.int64]
    still: NDArray[np.bool_]
    scored: NDArray[np.int64]
    by_detector: Counter[str]
    open_share: float


def speaking(state: State) -> NDArray[np.bool_]:
    """Say of each series, [series], whether its next reading can open an alert by a calibrated score."""
    own = state.rows["tail"]
    sized = (own["now"]["sized"] >= evidence.SIZING) & (own["now"]["scale"] > 0.0)
    return np.asarray(sized & (own["n"] >= evidence.WARM), np.bool_)


def run(values: Values, budget: float, period_s: float = 600) -> Run:
    """Give `values` [instants, series] to a new engine at `budget` false alarms per series and week."""
    instants, count = values.shape
    engine = Engine()
    specs = [SeriesSpec(id=i + 1, unit_id=i + 1, budget_per_week=budget) for i in range(count)]
    state = engine.configure(engine.blank(), specs)
    openings, uncalibrated, waiting, scored = (np.zeros(count, np.int64) for _ in range(4))
    by_detector: Counter[str] = Counter()
    open_instants = 0
    edges = [*range(min(FINE, instants)), *range(FINE, instants, CHUNK), instants]
    for a, b in itertools.pairwise(edges):
        ready = speaking(state)
        given = np.isfinite(values[a:b]).sum(axis=0)
        before = state.rows["tail"]["n"].copy()
        waiting += given * ~ready
        part = matrix(values[a:b], period_s, START_US + round(a * period_s) * MICROS_PER_S)
        if len(part):
            state, found = engine.step(state, int(part.t[-1]), part)
            for finding in found:
                if finding.verb is FindingVerb.OPEN:
                    by_detector[finding.detector] += 1
                    into = uncalibrated if finding.detector in UNCALIBRATED else openings
                    into[finding.series_id - 1] += 1
        scored += (state.rows["tail"]["n"] - before) * ready
        open_instants += len(engine.open_series(state)) * (b - a)
    readings = np.isfinite(values).sum(axis=0)
    return Run(
        openings,
        uncalibrated,
        readings,
        waiting,
        stood_still(values),
        scored,
        by_detector,
        open_instants / (instants * count),
    )


def stood_still(values: Values) -> NDArray[np.bool_]:
    """Say of each series, [series], whether its first WARM_UP_READINGS readings are all equal."""
    young = np.isfinite(values) & (np.cumsum(np.isfinite(values), axis=0) <= WARM_UP_READINGS)
    low, high = (np.where(young, values, end) for end in (np.inf, -np.inf))
    return np.asarray(low.min(axis=0) >= high.max(axis=0), np.bool_)


def figures(chosen: NDArray[np.bool_], got: Run, weeks: float, budget: float) -> dict[str, Any]:
    """Give the figures of the series `chosen` (mask) that ran for `weeks`."""
    openings, readings = int(got.openings[chosen].sum()), int(got.readings[chosen].sum())
    series = int(chosen.sum())
    heard = got.scored[chosen] > 0
    still = got.still[chosen] & heard
    waited, stood = got.waiting[chosen][heard & ~still], got.waiting[chosen][still]
    return {
        "series": series,
        "false_alarms": openings,
        "per_series_week": round(openings / (series * weeks), 4),
        "times_budget": round(openings / (series * weeks * budget), 3),
        "scored_share": round(float(got.scored[chosen].sum()) / max(readings, 1), 4),
        "warm_up_median": int(np.median(waited)) if len(waited) else None,
        "warm_up_most": int(waited.max()) if len(waited) else None,
        "stood_still": len(stood),
        "stood_still_most": int(stood.max()) if len(stood) else None,
        "never_scored": int((~heard).sum()),
        "uncalibrated_alerts": int(got.uncalibrated[chosen].sum()),
        "busiest_series": int(got.openings[chosen].max(initial=0)),
    }


def bench(
    *,
    series: int = 1000,
    days: float = 30,
    seeds: Sequence[int] = JUDGED_SEEDS,
    budgets: Sequence[float] = BUDGETS,
    done: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """Measure false alarms on the mixed set of every seed at every budget; counts of all seeds together.

    `done` is called once for each run.
    """
    rows = []
    for budget in budgets:
        runs, kinds = [], []
        for seed in seeds:
            names, values = mixed(seed, series, days)
            runs.append(run(values, budget))
            kinds += names
            done(f"seed {seed} at {budget:g}")
        rows.append(_row(runs, np.array(kinds), days / WEEK_DAYS, budget))
    return {
        "settings_hash": settings_hash(),
        "series": series,
        "days": days,
        "period_s": 600,
        "seeds": list(seeds),
        "weeks_of_series": round(series * len(seeds) * days / WEEK_DAYS, 1),
        "held": all(row["held"] for row in rows),
        "rows": rows,
    }


def _row(runs: list[Run], kinds: NDArray[np.str_], weeks: float, budget: float) -> dict[str, Any]:
    """Join the runs at one budget."""
    counted: Counter[str] = Counter()
    for one in runs:
        counted.update(one.by_detector)
    joined = Run(
        openings=np.concatenate([one.openings for one in runs]),
        uncalibrated=np.concatenate([one.uncalibrated for one in runs]),
        readings=np.concatenate([one.readings for one in runs]),
        waiting=np.concatenate([one.waiting for one in runs]),
        still=np.concatenate([one.still for one in runs]),
        scored=np.concatenate([one.scored for one in runs]),
        by_detector=counted,
        open_share=float(np.mean([one.open_share for one in runs])),
    )
    total = figures(np.ones(len(kinds), np.bool_), joined, weeks, budget)
    each = [round(float(one.openings.mean()) / weeks / budget, 3) for one in runs]
    return {
        "budget": budget,
        "held": WITHIN[0] <= total["times_budget"] <= WITHIN[1],
        "total": total,
        "times_budget_each_seed": each,
        "by_detector": dict(sorted(counted.items())),
        "under_alert_share": round(joined.open_share, 4),
        "kinds": {str(k): figures(kinds == k, joined, weeks, budget) for k in dict.fromkeys(kinds.tolist())},
    }
