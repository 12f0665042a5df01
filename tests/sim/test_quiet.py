"""The simulated economy under the room's own core: calm is quiet, the strike climbs, words fit."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ingest.sim.dynamics import make_world
from ingest.sim.faults import FaultKind
from ingest.sim.notes import OWN, answer, answers, delay_s
from ingest.sim.scenarios import START_US, Scenario
from opsroom.model import MICROS_PER_S
from opsroom.simulating import write_truth
from tests.sim.watch import watch

HISTORY_D = 4.0


def test_a_calm_day_opens_next_to_nothing() -> None:
    found = watch(make_world(1), 1.0, history_d=HISTORY_D)
    assert found.readings > 20_000
    assert len(found.alerts) <= 3, [found.series(alert) for alert in found.before(24.0)]


def test_the_first_haulier_is_heard_at_the_top_within_a_day() -> None:
    world = make_world(1, Scenario.STRIKE)
    found = watch(world, 0.7, history_d=HISTORY_D)
    first = next(alert for alert in found.before(24.0) if found.unit(alert) == world.faults[0].unit)
    assert found.series(first) in world.faults[0].series
    assert world.faults[0].start_s / 3600.0 < found.hours(first) < world.faults[0].start_s / 3600.0 + 3.0
    stood = [found.catalog.units[one.unit_id].path for one in first.annunciations]
    assert stood == ["transport/south/trucks-1", "transport/south", "transport", ""]
    assert all(found.branch(alert) in {"transport", ""} for alert in found.before(12.0)), "nobody else yet"


@pytest.mark.parametrize("scenario", [Scenario.STRIKE, Scenario.TROUBLE, Scenario.DROUGHT])
def test_who_is_struck_knows_what_is_the_matter(scenario: Scenario) -> None:
    world = make_world(1, scenario)
    for fault in world.faults[:10]:
        text, until_s = answer(world.faults, fault.start_s + 30.0, fault.series[0])
        assert text in OWN[fault.kind]
        known = fault.kind not in {FaultKind.STRIKE, FaultKind.DROUGHT}
        assert until_s == (fault.end_s if known else None)
    assert answer(world.faults, 1.0, "food/grain/mill-1/output").until_s is None
    assert answers("transport/south/trucks-1")
    assert len({delay_s(f"{unit}/output") for unit in world.layout.enterprises.paths}) > 10


def test_the_truth_file_says_what_where_and_when(tmp_path: Path) -> None:
    world = make_world(1, Scenario.TROUBLE)
    write_truth(world, tmp_path / "truth.jsonl")
    rows = [json.loads(line) for line in (tmp_path / "truth.jsonl").read_text().splitlines()]
    assert len(rows) == len(world.faults)
    assert set(rows[0]) == {"kind", "unit", "series", "from", "to", "depth"}
    assert rows[0]["from"] == START_US / MICROS_PER_S + world.faults[0].start_s
    assert all(row["from"] < row["to"] for row in rows)
