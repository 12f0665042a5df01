"""Links of the flow chart: which flows make a link, what is summed, what is starved, whose names are told."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsroom.flow import Flow, fits, holder_of
from opsroom.records import FlowSet
from tests.api.small_room import (
    BRANCH,
    BRANCH_STOCK,
    HEAT,
    MILL,
    OTHER_OUTPUT,
    OUTPUT,
    PRESS,
    START,
    SmallRoom,
)
from tests.view.test_view import AT_BRANCH, AT_MILL, TOP, next_frame, shot, told

PERIODS_US = 60_000_000


def flow(number: int, source: int, target: int, series: int = 0, **more: Any) -> Flow:
    return Flow(id=number, root_id=1, source_id=source, target_id=target, series_id=series, **more)


def declare(room: SmallRoom, *flows: Flow) -> None:
    for one in flows:
        room.catalog.apply(FlowSet(one))
    room.view.apply(room.view.at, [], catalog_changed=True)


def test_a_link_sums_what_is_measured_and_is_starved_below_its_share() -> None:
    async def story(room: SmallRoom) -> None:
        declare(
            room,
            flow(1, MILL, PRESS, OUTPUT, name="pulp", unit="t/h", usual=100.0),
            flow(2, MILL, PRESS, OTHER_OUTPUT, name="bark", unit="t/h", usual=20.0, starved=0.9),
            flow(3, MILL, PRESS, name="steam", unit="t/h"),
        )
        room.reading(OUTPUT, START, 90.0)
        room.reading(OTHER_OUTPUT, START, 4.0)
        (link,) = shot(room, AT_BRANCH)["flows"]
        assert (link["from"], link["to"], link["names"]) == (
            "energy/mill",
            "energy/press",
            ["pulp", "bark", "steam"],
        )
        assert (link["flow"], link["usual"], link["share"]) == (
            94.0,
            120.0,
            pytest.approx(94 / 120, abs=1e-5),
        )
        assert (link["flows"], link["measured"], link["starved_flows"], link["starved"]) == (3, 2, 1, False)
        assert (link["t"], link["grey_s"]) == (START // 1000, 180)
        room.reading(OUTPUT, START + PERIODS_US, 30.0)
        (link,) = shot(room, AT_BRANCH)["flows"]
        assert (link["starved_flows"], link["starved"]) == (2, True)
        room.reading(OUTPUT, START + 2 * PERIODS_US, 0.0, 24)  # the sensor is ill, not the flow
        (link,) = shot(room, AT_BRANCH)["flows"]
        assert (link["flow"], link["measured"]) == (4.0, 1)

    told(story)


def test_units_of_measurement_are_never_added_up() -> None:
    async def story(room: SmallRoom) -> None:
        declare(
            room,
            flow(1, MILL, PRESS, OUTPUT, unit="t/h"),
            flow(2, MILL, PRESS, HEAT, name="heat", unit="Cel"),
        )
        assert {link["unit"] for link in shot(room, AT_BRANCH)["flows"]} == {"t/h", "Cel"}

    told(story)


def test_what_is_outside_is_named_only_to_those_who_may_see_it() -> None:
    async def story(room: SmallRoom) -> None:
        declare(room, flow(1, MILL, PRESS, OUTPUT, unit="t/h", usual=10.0))
        assert shot(room, TOP)["flows"] == [], "what flows inside one part is that part's affair"
        (link,) = shot(room, AT_MILL)["flows"]
        assert (link["from"], link["from_inside"]) == ("energy/mill", True)
        assert (link["to"], link["to_name"], link["to_inside"]) == (None, "", False)
        (link,) = shot(room, AT_BRANCH, MILL)["flows"]
        assert (link["to"], link["to_inside"]) == ("energy/press", False)

    told(story)


def test_changes_bring_links_that_moved_and_nothing_else() -> None:
    async def story(room: SmallRoom) -> None:
        declare(room, flow(1, MILL, PRESS, OUTPUT, unit="t/h", usual=100.0))
        subscription = room.view.subscribe(AT_BRANCH)
        json.loads(subscription.snapshot())
        room.reading(BRANCH_STOCK, START, 5.0)
        assert "flows" not in await next_frame(subscription)
        room.reading(OUTPUT, START, 80.0)
        assert (await next_frame(subscription))["flows"][0]["share"] == 0.8
        declare(room, flow(1, MILL, PRESS, OUTPUT, unit="t/h", usual=100.0, retired=True))
        assert (await next_frame(subscription))["flows"] == []
        subscription.close()

    told(story)


def test_ends_beside_one_another_and_what_measures_between() -> None:
    tree = SmallRoom().catalog
    assert holder_of(MILL, PRESS, tree) == BRANCH
    assert fits(BRANCH, MILL, 0, tree) == fits(MILL, BRANCH, 0, tree) == fits(MILL, MILL, 0, tree) == "ends"
    assert fits(MILL, PRESS, OUTPUT, tree) == fits(MILL, PRESS, BRANCH_STOCK, tree) == ""


VALUES = st.one_of(st.none(), st.floats(0, 200))


@settings(max_examples=25, deadline=None)
@given(first=VALUES, second=VALUES, usual=st.one_of(st.none(), st.floats(1, 100)))
def test_sums_hold_for_whatever_is_known(
    first: float | None, second: float | None, usual: float | None
) -> None:
    async def story(room: SmallRoom) -> None:
        declare(
            room,
            flow(1, MILL, PRESS, OUTPUT, usual=usual),
            flow(2, MILL, PRESS, OTHER_OUTPUT, name="b", usual=50.0),
        )
        for series, value in ((OUTPUT, first), (OTHER_OUTPUT, second)):
            if value is not None:
                room.reading(series, START, value)
        (link,) = shot(room, AT_BRANCH)["flows"]
        known = [value for value in (first, second) if value is not None]
        assert link["measured"] == len(known)
        assert (link["flow"] is None) == (not known)
        if known:
            assert link["flow"] == pytest.approx(sum(known), rel=1e-4, abs=1e-6)
        assert not link["starved"] or link["starved_flows"]

    told(story)
