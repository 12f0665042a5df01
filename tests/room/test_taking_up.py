"""A room takes up where it was: what was agreed after the last snapshot judges only what came after it."""

from __future__ import annotations

import asyncio

import pytest

from opsroom.model import Series
from opsroom.records import SeriesSet
from opsroom.room import Room
from tests.room.house import ROOT, House


def kiln(low: float, high: float) -> SeriesSet:
    return SeriesSet(Series(id=2, root_id=1, unit_id=1, name="kiln", unit="Cel", band=(low, high)))


def alerts(room: Room) -> list[tuple[int, bool]]:
    return [(alert.raised, alert.active) for alert in room.core.book.open.values()]


@pytest.mark.parametrize("snapshot", [True, False], ids=["behind a snapshot", "from the log alone"])
def test_a_band_agreed_later_does_not_judge_what_came_before_it(*, snapshot: bool) -> None:
    async def story() -> None:
        house = House()
        async with house.room(ROOT, kiln(10.0, 100.0), leaves=snapshot):
            await house.reads(50.0)
        async with house.room(leaves=False) as room:
            await house.reads(150.0, 150.0)
            await room.reached(house.log.last_offset)
            before = alerts(room)
            assert [active for _, active in before] == [True]
            await room.change([kiln(10.0, 200.0)])
        async with house.room(leaves=False) as room:
            assert alerts(room) == before

    asyncio.run(story())


def test_a_snapshot_of_a_room_without_series_is_taken_up() -> None:
    """Nothing can fall silent in it: time passes, and the first series comes after it."""

    async def story() -> None:
        house = House()
        async with house.room(ROOT):
            house.clock.advance(60.0)
        async with house.room(leaves=False) as room:
            await room.change([kiln(10.0, 100.0)])
            await house.reads(50.0)
        async with house.room(leaves=False) as room:
            assert room.core.detectors.count == 1

    asyncio.run(story())
