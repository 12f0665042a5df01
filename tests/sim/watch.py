"""The simulated economy under the room's own core, in-process: which alerts are raised and where they climb.

`python -m tests.sim.watch --scenario calm --days 14` prints them.
"""

from __future__ import annotations

import argparse
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ingest.sim.dynamics import PERIOD_S, World, make_world
from ingest.sim.feeder import HISTORY_D, lived, rounds
from ingest.sim.scenarios import START_US, Scenario
from ingest.sim.tree import economy_toml
from opsroom.catalog import Catalog
from opsroom.core import Core
from opsroom.economy import differences, parse_economy
from opsroom.log.columns import encode_columns
from opsroom.model import MICROS_PER_S, QUALITY_GOOD, Alert, Columns
from opsroom.records import Record, RecordKind
from opsroom.settings import RoomSection

if TYPE_CHECKING:
    from collections.abc import Iterator

ROUNDS_A_RECORD = 36
HOUR_US = 3_600 * MICROS_PER_S


class Watched(NamedTuple):
    """What came of a run: every alert as it was last, with the catalog that names its units."""

    world: World
    catalog: Catalog
    alerts: dict[str, Alert]
    readings: int

    def unit(self, alert: Alert) -> str:
        """Give the path of the unit it was raised at."""
        return self.catalog.units[alert.unit_id].path

    def series(self, alert: Alert) -> str:
        """Give the path of its series."""
        return self.catalog.series_path(alert.series_id)

    def hours(self, alert: Alert) -> float:
        """Give when it was raised, hours after the live start."""
        return (alert.raised - START_US) / HOUR_US

    def detector(self, alert: Alert) -> str:
        """Give the detector that opened it."""
        return alert.findings[0].detector

    def branch(self, alert: Alert) -> str:
        """Give its branch, "" for the nation's own series."""
        return self.unit(alert).partition("/")[0]

    def top(self, alert: Alert) -> int:
        """Give the depth of the highest unit it stood at: 0 is the nation."""
        return min(self.catalog.units[stood.unit_id].depth for stood in alert.annunciations)

    def before(self, hours: float) -> list[Alert]:
        """Give the alerts raised in the first `hours`, in order."""
        found = [alert for alert in self.alerts.values() if self.hours(alert) < hours]
        return sorted(found, key=lambda alert: (alert.raised, self.series(alert)))


def watch(
    world: World, days: float, *, history_d: float = HISTORY_D, budget_per_week: float | None = None
) -> Watched:
    """Teach a fresh core the past, then let it watch so many days; time is the stream's."""
    catalog = Catalog()
    for change in differences(parse_economy(economy_toml(world.layout)), catalog):
        catalog.apply(change)
    settings = RoomSection() if budget_per_week is None else RoomSection(budget_per_week=budget_per_week)
    core = Core(catalog, settings, clock="stream")
    core.configure(list(catalog.series.values()))
    by_path = {catalog.series_path(one): one for one in catalog.series}
    ids = np.array([by_path[path] for path in world.layout.gauges.paths], np.int32)
    state, past = lived(world, history_d)
    core.teach(_columns(ids, past.t, past.values))
    alerts: dict[str, Alert] = {}
    readings = 0
    for offset, count in enumerate(_parts(round(days * 86_400.0 / PERIOD_S)), 1):
        state, new = rounds(world, state, count)
        columns = _columns(ids, new.t, new.values)
        readings += len(columns)
        record = Record(
            offset=offset, kind=RecordKind.READINGS, received=0, payload=encode_columns(columns), source="sim"
        )
        for edge in core.apply(record).transitions:
            alerts[edge.alert.id] = edge.alert
    return Watched(world, catalog, alerts, readings)


def _parts(count: int) -> Iterator[int]:
    """Cut rounds into records."""
    for begin in range(0, count, ROUNDS_A_RECORD):
        yield min(ROUNDS_A_RECORD, count - begin)


def _columns(ids: np.ndarray, t: np.ndarray, values: np.ndarray) -> Columns:
    """Give all readings that are due, in order of time."""
    row, gauge = np.nonzero(~np.isnan(values))
    return Columns(ids[gauge], t[row], values[row, gauge], np.full(len(row), QUALITY_GOOD, np.uint8))


def main() -> None:
    """Print what a scenario raises."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenario", default="calm", choices=list(Scenario))
    parser.add_argument("--days", type=float, default=14.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--history-d", type=float, default=HISTORY_D)
    parser.add_argument("--budget", type=float, default=None)
    parser.add_argument("--help-after-h", type=float, default=None)
    parser.add_argument("--list", action="store_true")
    asked = parser.parse_args()
    world = make_world(asked.seed, Scenario(asked.scenario), help_h=asked.help_after_h)
    found = watch(world, asked.days, history_d=asked.history_d, budget_per_week=asked.budget)
    for alert in found.before(1e9) if asked.list else []:
        recovered = (
            "open" if alert.recovered is None else f"{(alert.recovered - alert.raised) / HOUR_US:.1f} h"
        )
        opened = alert.findings[0]
        print(
            f"{found.hours(alert):7.1f} h  {found.series(alert):40} {found.detector(alert):10} "
            f"{alert.kind:12} to level {found.top(alert)}  {recovered}  {opened.value} {opened.expected}"
        )
    every = found.alerts.values()
    print(f"{found.readings} readings, {len(found.alerts)} alerts")
    print("by branch", dict(Counter(found.branch(alert) for alert in every)))
    print("by detector", dict(Counter(found.detector(alert) for alert in every)))
    print("by highest level", dict(Counter(found.top(alert) for alert in every)))


if __name__ == "__main__":
    main()
