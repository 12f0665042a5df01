"""Distribution, correlation and forecast over HTTP: only for who may read the series."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable

import pytest

from opsroom.api import analysis
from tests.api.doors import Door, code, told
from tests.api.small_room import BRANCH_STOCK, HEAT, OUTPUT, START, S, SmallRoom

Doors = Callable[[str], Awaitable[Door]]
MINUTES = 120
SPAN = {"from": START // 1000, "to": START // 1000 + MINUTES * 60_000}


def swing(minute: int) -> float:
    return 60.0 + 10.0 * math.sin(minute / 9.0)


def filled(room: SmallRoom) -> None:
    """Heat does three minutes later what output did."""
    for minute in range(MINUTES):
        at = START + minute * 60 * S
        room.reading(OUTPUT, at, swing(minute))
        room.reading(HEAT, at, 100.0 + 2.0 * swing(minute - 3))


def test_what_goes_with_what_is_told_with_lag_line_and_pairs() -> None:
    async def story(room: SmallRoom, doors: Doors) -> None:
        filled(room)
        door = await doors("mill-operator")
        asked = {"x": OUTPUT, "y": HEAT, **SPAN, "points": MINUTES}
        found = (await door.get("/api/v1/correlation", **asked)).json()
        assert (found["width_s"], found["strongest"], found["lag"]) == (60.0, 3, 3)
        place = found["lags"].index(3)
        assert found["r"][place] == pytest.approx(1.0)
        assert found["n"][place] == len(found["x"]) == len(found["y"]) == len(found["t"]) == MINUTES - 3
        assert (found["slope"], found["intercept"]) == (pytest.approx(2.0), pytest.approx(100.0))
        assert found["x"][0] == pytest.approx(swing(0))
        other = (await door.get("/api/v1/correlation", **asked, lag=0)).json()
        assert (other["lag"], other["strongest"]) == (0, 3)
        assert code(await door.get("/api/v1/correlation", **{**asked, "y": OUTPUT})) == "correlation_same"
        branch = await doors("branch-operator")
        asked["y"] = BRANCH_STOCK
        assert code(await branch.get("/api/v1/correlation", **asked)) == "series_autonomous"

    told(story)


def test_a_distribution_counts_every_reading_or_says_that_it_counts_means(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def story(room: SmallRoom, doors: Doors) -> None:
        filled(room)
        door = await doors("mill-operator")
        url = f"/api/v1/series/{OUTPUT}/distribution"
        found = (await door.get(url, **SPAN)).json()
        assert (found["n"], sum(found["counts"]), found["means_s"]) == (MINUTES, MINUTES, None)
        assert found["quantiles"]["0.5"] == pytest.approx(60.0, abs=2.0)
        assert found["edges"][0] >= 50.0
        monkeypatch.setattr(analysis, "READINGS_MAX", 60)
        found = (await door.get(url, **SPAN)).json()
        assert found["means_s"] == 120.0
        assert found["n"] in {60, 61}, "spans begin at multiples of their width"
        empty = (await door.get(url, **{"from": 1, "to": 2})).json()
        assert (empty["n"], empty["mean"], empty["counts"], empty["quantiles"]) == (0, None, [], {})
        assert code(await (await doors("press-operator")).get(url)) == "series_unknown"

    told(story)


def test_a_forecast_is_told_in_columns() -> None:
    async def story(room: SmallRoom, doors: Doors) -> None:
        door = await doors("mill-operator")
        found = (await door.get(f"/api/v1/series/{HEAT}/forecast", ahead_s=300)).json()
        assert (len(found["t"]), found["step_s"]) == (5, 60.0)
        assert found["t"][0] == room.view.at // 1000 + 60_000
        assert (found["low"][0], found["mean"][0], found["high"][0]) == (1.0, 2.0, 3.0)
        branch = await doors("branch-operator")
        assert code(await branch.get(f"/api/v1/series/{HEAT}/forecast")) == "series_autonomous"

    told(story)
