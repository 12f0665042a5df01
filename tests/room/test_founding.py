"""Series that are set aside: their alert ends, nothing raises one again, and a replay says the same."""

from __future__ import annotations

import asyncio
import doctest

from msgspec.structs import replace

import opsroom.founding
from opsroom.aside import Aside
from opsroom.founding import found, retire, revive
from opsroom.model import ChangeKind, Finding, FindingVerb, Series, Unit
from opsroom.records import Reported, SeriesSet, UnitSet
from opsroom.room import Room
from tests.room.house import ROOT, House

MILL = UnitSet(
    Unit(id=2, root_id=1, parent_id=1, path="mill", name="Mill", level_name="plant", depth=1),
)
HEAT = SeriesSet(Series(id=1, root_id=1, unit_id=2, name="heat", adopted=False))


def test_the_examples_in_the_docstrings_hold() -> None:
    assert doctest.testmod(opsroom.founding).failed == 0


async def say(room: Room) -> None:
    finding = Finding(
        series_id=1, verb=FindingVerb.OPEN, detector="there", kind=ChangeKind.REPORTED, at=room.clock.now()
    )
    await room.act(Reported(source="there", findings=(finding,)))


def active(room: Room) -> list[int]:
    return [alert.series_id for alert in room.core.book.open.values() if alert.active]


def test_a_series_set_aside_ends_its_alert_and_raises_none() -> None:
    async def story() -> None:
        house = House()
        async with house.room(ROOT, MILL, HEAT) as room:
            await say(room)
            assert active(room) == [1]
            house.clock.advance(1.0)
            await room.change([SeriesSet(replace(HEAT.series, aside=Aside.DISMISSED))])
            assert active(room) == []
            await say(room)
            assert active(room) == []
            kept = room.core.catalog.series[1]
        async with house.room() as again:
            assert again.core.catalog.series[1] == kept
            assert active(again) == []
            await again.change([SeriesSet(HEAT.series)])
            await say(again)
            assert active(again) == [1]

    asyncio.run(story())


def test_a_unit_that_is_retired_and_brought_back_is_as_it_was_but_for_what_was_dismissed_before() -> None:
    async def story() -> None:
        house = House()
        async with house.room(ROOT, MILL, HEAT) as room:
            catalog = room.catalog
            junk = SeriesSet(replace(HEAT.series, id=2, name="junk", aside=Aside.DISMISSED))
            hall = found(catalog, catalog.units[2], "Hall A")
            await room.change([junk, hall])
            before = (dict(catalog.units), dict(catalog.series))
            await room.change(retire(catalog, catalog.units[2]))
            assert [catalog.units[one].retired for one in (1, 2, hall.unit.id)] == [False, True, True]
            assert [catalog.series[one].aside for one in (1, 2)] == [Aside.RETIRED, Aside.DISMISSED]
            assert retire(catalog, catalog.units[2]) == []
            await room.change(revive(catalog, catalog.units[2]))
            assert (catalog.units, catalog.series) == before

    asyncio.run(story())
