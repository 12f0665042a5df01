"""The forecast that the room shows: the filter's own, in readings, at the times at which they will come."""

from __future__ import annotations

import numpy as np
import pytest

from opsroom.catalog import Catalog
from opsroom.core import Core
from opsroom.foresight import STEPS_MAX, foresee
from opsroom.model import Columns, Indicator, Orientation, Series, Unit
from opsroom.settings import RoomSection

S = 1_000_000
PERIOD_US = 60 * S
MORE = Indicator(orientation=Orientation.MORE_IS_BETTER, capability=50.0)
LESS = Indicator(orientation=Orientation.LESS_IS_BETTER, capability=20.0)


def taught(indicator: Indicator | None, level: float, n: int = 200) -> Core:
    """Give a core that has learned `n` readings around a level, one a minute."""
    unit = Unit(id=1, root_id=1, parent_id=None, path="", name="Dam", level_name="dam", depth=0)
    series = Series(id=1, root_id=1, unit_id=1, name="flow", period_s=60.0, indicator=indicator)
    core = Core(Catalog([unit], [series]), RoomSection())
    core.configure([series])
    t = np.arange(n) * PERIOD_US + S
    v = level + np.random.default_rng(5).normal(0.0, 0.5, n)
    core.learn(Columns(np.full(n, 1, np.int32), t, v, np.full(n, 192, np.uint8)))
    return core


@pytest.mark.parametrize("indicator", [None, MORE, LESS])
def test_the_forecast_is_in_readings_and_goes_on_from_the_last_one(indicator: Indicator | None) -> None:
    core = taught(indicator, 25.0)
    found = foresee(core, 1, 10 * PERIOD_US)
    last = 199 * PERIOD_US + S
    assert (np.abs(found.t - last - PERIOD_US * np.arange(1, len(found.t) + 1)) < S).all()
    assert 9 <= len(found.t) <= 11
    assert (found.low < found.mean).all()
    assert (found.mean < found.high).all()
    assert found.mean == pytest.approx(np.full(len(found.mean), 25.0), abs=2.0)
    assert (np.diff(found.high - found.low) > 0).all(), "what is farther is less sure"
    assert found.low[0] < 24.5
    assert found.high[0] > 25.5
    assert len(foresee(core, 1, 10**6 * PERIOD_US).t) == STEPS_MAX


def test_nothing_is_foreseen_before_enough_was_seen() -> None:
    assert len(foresee(taught(None, 25.0, n=2), 1, PERIOD_US).t) == 0
    assert len(foresee(taught(None, 25.0, n=2), 9, PERIOD_US).t) == 0
