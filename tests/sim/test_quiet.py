"""Without faults nobody is called: the simulated economy under the room's own detectors."""

from __future__ import annotations

import numpy as np
import pytest

from ingest.sim.dynamics import World, make_world, start, step
from ingest.sim.notes import OFFICE, OWN, answer, delay_s
from ingest.sim.tree import economy_toml
from opsroom.catalog import Catalog
from opsroom.detect import Engine, SeriesSpec
from opsroom.economy import differences, parse_economy
from opsroom.model import MICROS_PER_S, QUALITY_GOOD, Columns, Finding, FindingVerb

HISTORY_S = 1200
BASE_US = 1_800_000_000 * MICROS_PER_S


def watched(world: World, seconds: int) -> list[tuple[int, str, Finding]]:
    """Run `seconds` under detection: the findings with their second and the path of their series."""
    made = Catalog()
    for change in differences(parse_economy(economy_toml(world.layout)), made):
        made.apply(change)
    by_path = {made.series_path(series_id): series_id for series_id in made.series}
    paths = [world.layout.gauge_path(gauge) for gauge in range(len(world.layout.gauges))]
    ids = np.array([by_path[path] for path in paths], np.int32)
    engine = Engine()
    specs = [
        SeriesSpec(
            id=one.id,
            unit_id=one.unit_id,
            period_us=MICROS_PER_S,
            band=one.band,
            siblings=made.sibling_key(one.id),
            indicator=one.indicator,
        )
        for one in made.series.values()
    ]
    detectors = engine.configure(engine.blank(), specs)
    state = start(world, BASE_US - HISTORY_S * MICROS_PER_S, history_s=HISTORY_S)
    for second in range(1 - HISTORY_S, 1):
        now = BASE_US + second * MICROS_PER_S
        state, values = step(world, state, now)
        good = np.full(len(ids), QUALITY_GOOD, np.uint8)
        detectors = engine.teach(detectors, Columns(ids, np.full(len(ids), now), values, good))
    found = []
    for second in range(1, seconds + 1):
        now = BASE_US + second * MICROS_PER_S
        state, values = step(world, state, now)
        given = ~np.isnan(values)
        n = int(given.sum())
        columns = Columns(ids[given], np.full(n, now), values[given], np.full(n, QUALITY_GOOD, np.uint8))
        detectors, findings = engine.step(detectors, now, columns)
        found += [(second, made.series_path(finding.series_id), finding) for finding in findings]
    return found


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_half_an_hour_without_faults_opens_nothing(seed: int) -> None:
    opened = [
        (second, path, finding.detector)
        for second, path, finding in watched(make_world(seed, faulty=False), 1800)
        if finding.verb is FindingVerb.OPEN
    ]
    assert opened == []


@pytest.mark.parametrize("seed", [1, 7])
def test_the_first_fault_is_found_at_once_and_is_the_first(seed: int) -> None:
    world = make_world(seed)
    first = world.faults[0]
    second, path, finding = watched(world, 60)[0]
    assert finding.verb is FindingVerb.OPEN
    assert path in first.series
    assert first.start_s < second <= first.start_s + 6.0
    # Three levels of 20 s above it: at the top within two minutes of the start.
    assert second + 60.0 < 120.0


@pytest.mark.parametrize("seed", [1, 2])
def test_each_struck_plant_answers_for_itself(seed: int) -> None:
    world = make_world(seed)
    office = answer(world.faults, world.faults[0].start_s + 9.0, "energy-reserve")
    assert office.text in OFFICE
    for fault in world.faults[:10]:
        text, until_s = answer(world.faults, fault.start_s + 30.0, fault.series[0])
        assert text in OWN[fault.kind]
        assert until_s == fault.end_s
    assert answer(world.faults, 1.0, "food/grain-plain/flour-mill/output").until_s is None
    assert len({delay_s(site.plant + "/output") for site in world.layout.sites}) > 10
