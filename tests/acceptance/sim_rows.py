"""Rows about the simulated economy: quiet while it is calm, heard to the top while the hauliers strike."""

from __future__ import annotations

import functools
import json
import sys
from collections import Counter
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING, Any

from ingest.sim.dynamics import make_world
from ingest.sim.faults import FaultKind
from ingest.sim.scenarios import Scenario
from tests.acceptance.rows import ROWS, Outcome, call
from tests.sim.room import played
from tests.sim.watch import Watched, watch

if TYPE_CHECKING:
    from ingest.sim.faults import Fault
    from opsroom.model import Alert

WATCH = "python -m tests.sim.watch"
DAYS = 14.0
ROOM_BUDGET = 0.02
UNTOUCHED = ("mining", "energy")
STRIKE_DAYS = 7.0
STRIKE_HOURS = {"lorries": (2.0, 3.0, 4.0)}
TROUBLE_DAYS = 42.0
LATE_H = 24.0
PLANTS = 10_000
LEAST_A_SECOND = 300_000


@functools.cache
def calm(budget: float) -> Watched:
    """Watch a calm fortnight once for each budget."""
    return watch(make_world(1), DAYS, budget_per_week=budget)


@ROWS.row(
    "calm fortnight",
    command=f"{WATCH} --scenario calm; {WATCH} --scenario calm --budget {ROOM_BUDGET}",
    limit="a simulated fortnight with a holiday raises at most half of the budget of false alarms, and "
    "at most 10 alerts at the demo's budget, of which at most 3 rise from an enterprise to the nation",
)
def quiet() -> Outcome:
    every, few = calm(0.1), calm(ROOM_BUDGET)
    series = len(every.catalog.series)
    risen = [a for a in few.alerts.values() if few.top(a) == 0 and few.unit(a)]
    figure = {
        "series": series,
        "readings": every.readings,
        "alerts_at_0.1": len(every.alerts),
        "budget_at_0.1": round(0.1 * series * DAYS / 7.0, 1),
        "a_series_and_week": round(len(every.alerts) / series / (DAYS / 7.0), 4),
        f"alerts_at_{ROOM_BUDGET}": len(few.alerts),
        "risen_to_the_nation": sorted(few.series(alert) for alert in risen),
    }
    held = len(every.alerts) <= 0.05 * series * DAYS / 7.0 and len(few.alerts) <= 10 and len(risen) <= 3
    return Outcome(figure, held)


@ROWS.row(
    "strike",
    command="opsroom serve --clock stream; opsroom feed sim --scenario strike --days 7 --speed max",
    limit="over real sockets: every haulier of the strike is raised within a day of its start and climbs to "
    "the nation when its recovery times have run out, to the second; bakeries, dairies and building sites "
    "follow; branches that no lorry serves raise no more than in the same calm week, and nothing of theirs "
    "rises to the nation",
)
def strike() -> Outcome:
    world = make_world(1, Scenario.STRIKE)
    alerts = played(world, STRIKE_DAYS, ROOM_BUDGET)["alerts"]
    usual = watch(make_world(1), STRIKE_DAYS, budget_per_week=ROOM_BUDGET)
    struck = {fault.unit: _climb(fault, alerts) for fault in world.faults}
    untouched = {
        branch: {
            "alerts": sum(_branch(a) == branch for a in alerts),
            "in_calm": sum(usual.branch(a) == branch for a in usual.alerts.values()),
            "at_the_nation": sum(_branch(a) == branch and a["levels"][-1]["unit"] == "" for a in alerts),
        }
        for branch in UNTOUCHED
    }
    nation = sorted({a["unit"] for a in alerts if a["unit"] and a["levels"][-1]["unit"] == ""})
    figure = {
        "hauliers": {unit: climb["told"] for unit, climb in struck.items()},
        "alerts": len(alerts),
        "by_branch": dict(Counter(_branch(a) or "nation" for a in alerts)),
        "units_heard_at_the_nation": nation,
        "untouched": untouched,
    }
    followed = all(
        any(unit.startswith(prefix) for unit in nation)
        for prefix in ("food/bread/", "food/milk/", "building/")
    )
    held = (
        all(climb["exact"] for climb in struck.values())
        and followed
        and all(row["alerts"] <= row["in_calm"] and row["at_the_nation"] == 0 for row in untouched.values())
    )
    return Outcome(figure, held)


def _branch(alert: dict[str, Any]) -> str:
    """Give the branch of an alert, "" for the nation's own."""
    return str(alert["unit"]).partition("/")[0]


def _climb(fault: Fault, alerts: list[dict[str, Any]]) -> dict[str, Any]:
    """Tell when a haulier's lorries were raised and how they climbed; exact: in time, by recovery times."""
    own = [a for a in alerts if f"{a['unit']}/{a['series']}" == fault.series[0]]
    mine = [a for a in own if a["levels"][-1]["unit"] == ""]
    if not mine:
        return {"told": "not heard at the nation", "exact": False}
    hours = [level["hours"] for level in mine[0]["levels"]]
    late_h = hours[0] - fault.start_s / 3600.0
    steps = tuple(round(after - before, 6) for before, after in pairwise(hours))
    told = f"raised {late_h:.1f} h after its start, at the nation {hours[-1] - hours[0]:.1f} h later"
    return {"told": told, "exact": 0.0 <= late_h <= LATE_H and steps == STRIKE_HOURS["lorries"]}


@ROWS.row(
    "simulated faults found",
    command=f"opsroom feed sim --scenario trouble --truth FILE; {WATCH} --scenario trouble --days 42",
    limit="of six weeks of ordinary trouble every outage, silence and absence is raised at the "
    "unit concerned while it lasts, or finds an alert of its series that stands there since before (counted "
    "apart); recall and delay kind by kind, stuck meters and embellished reports too",
)
def found() -> Outcome:
    world = make_world(1, Scenario.TROUBLE)
    seen = watch(world, TROUBLE_DAYS, budget_per_week=0.1)
    kinds: dict[str, list[float | None]] = {}
    stood: Counter[str] = Counter()
    for fault in world.faults:
        if fault.end_s < TROUBLE_DAYS * 86_400.0:
            delay = _delay_h(fault, seen)
            kinds.setdefault(fault.kind.value, []).append(delay)
            stood[fault.kind.value] += delay is None and _stands(fault, seen)
    figure = {
        kind: {
            "faults": len(delays),
            "found": sum(delay is not None for delay in delays),
            "stood_before": stood[kind],
            "median_delay_h": round(median([d for d in delays if d is not None] or [0.0]), 1),
        }
        for kind, delays in sorted(kinds.items())
    }
    sure = (FaultKind.OUTAGE, FaultKind.SILENCE, FaultKind.ABSENCE)
    known = {kind: figure[kind]["found"] + figure[kind]["stood_before"] for kind in sure}
    return Outcome(figure, all(known[kind] == figure[kind]["faults"] for kind in sure))


def _delay_h(fault: Fault, seen: Watched) -> float | None:
    """Give how long after its start an alert on one of a fault's series was raised, hours; None: never."""

    def inside(alert: Alert) -> bool:
        raised_s = seen.hours(alert) * 3600.0
        return seen.series(alert) in fault.series and fault.start_s <= raised_s <= fault.end_s

    hours = [seen.hours(alert) for alert in seen.alerts.values() if inside(alert)]
    return min(hours) - fault.start_s / 3600.0 if hours else None


def _stands(fault: Fault, seen: Watched) -> bool:
    """Whether an alert of one of its series was raised before a fault and stands after it."""
    return any(
        alert.active and seen.series(alert) in fault.series and seen.hours(alert) * 3600.0 < fault.start_s
        for alert in seen.alerts.values()
    )


@ROWS.row(
    "ten thousand plants",
    command=f"opsroom feed sim --plants {PLANTS} --dry-run --days 0.5 --json (twice)",
    limit=f"at least {LEAST_A_SECOND:,} readings made a CPU second, equal bytes twice",
)
def many() -> Outcome:
    argv = ("feed", "sim", "--plants", str(PLANTS), "--dry-run", "--days", "0.5", "--json")
    runs = []
    for _ in range(2):
        code, output, _ = call(sys.executable, "-m", "opsroom", *argv)
        if code:
            return Outcome(None, held=False, note=output[-2000:])
        runs.append(json.loads(output.strip().splitlines()[-1]))
    held = runs[0]["sha256"] == runs[1]["sha256"] and runs[0]["readings_per_s"] >= LEAST_A_SECOND
    return Outcome(runs[0], held)
