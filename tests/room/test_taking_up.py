"""A room takes up where it was: what was agreed after the last snapshot judges only what came after it."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from opsroom.aside import Aside
from opsroom.errors import Corrupt, StoreError
from opsroom.marks import Marks
from opsroom.model import Series
from opsroom.parts import packed
from opsroom.records import SeriesSet
from opsroom.room import Room
from opsroom.section import ReplaySection
from opsroom.store import open_store
from tests.room.house import ROOT, SETTINGS, House


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


async def hurt(tmp_path: Path, keep_s: float) -> tuple[House, list[tuple[str, int | None]]]:
    """Give a house whose last copy of the state cannot be read, and its alerts with their deadlines."""
    house = House(SETTINGS.model_copy(update={"replay": ReplaySection(keep_s=keep_s)}))
    url = f"sqlite:///{tmp_path}/store.db"
    house.store = open_store(url)
    async with house.room(ROOT, kiln(10.0, 100.0), leaves=False) as room:
        await house.reads(50.0, 150.0, 150.0)
        await room.reached(house.log.last_offset)
        while room.marks.reaches is None and keep_s:  # noqa: ASYNC110 - it comes with the next look
            await asyncio.sleep(0.1)
    async with house.room() as room:
        await house.reads(150.0)
        await room.reached(house.log.last_offset)
        before = [(one.id, one.deadline) for one in room.core.book.open.values()]
    house.store.close()
    damage(tmp_path, "name = 'core'")
    house.store = open_store(url)
    return house, before


def damage(tmp_path: Path, which: str) -> None:
    """Cut a byte off the snapshots that a condition chooses."""
    with closing(sqlite3.connect(tmp_path / "store.db")) as other, other:
        other.execute(f"UPDATE snapshot SET body = CAST(substr(body, 2) AS BLOB) WHERE {which}")  # noqa: S608


def test_a_damaged_copy_of_the_state_is_made_again_from_a_mark_and_the_log(tmp_path: Path) -> None:
    async def story() -> None:
        house, before = await hurt(tmp_path, keep_s=3_600.0)
        async with house.room() as room:
            assert [(one.id, one.deadline) for one in room.core.book.open.values()] == before != []
            await house.reads(50.0, 50.0)
            await room.reached(house.log.last_offset)
            assert [one.active for one in room.core.book.open.values()] == [False]
        house.store.close()

    asyncio.run(story())


def test_what_came_before_a_series_was_adopted_is_not_judged_when_it_is_redone(tmp_path: Path) -> None:
    async def story() -> None:
        house = House(SETTINGS.model_copy(update={"replay": ReplaySection(keep_s=3_600.0)}))
        url = f"sqlite:///{tmp_path}/store.db"
        house.store = open_store(url)
        aside = SeriesSet(replace(kiln(10.0, 100.0).series, aside=Aside.DISMISSED))
        async with house.room(ROOT, aside, leaves=False) as room:
            while room.marks.reaches is None:  # noqa: ASYNC110 - it comes with the next look
                await asyncio.sleep(0.1)
        async with house.room(leaves=False) as room:
            await house.reads(50.0, 150.0, 150.0)
            await room.change([kiln(10.0, 100.0)])
            await room.reached(house.log.last_offset)
            before = alerts(room)
        house.store.close()
        damage(tmp_path, "name = 'core'")
        house.store = open_store(url)
        async with house.room() as room:
            assert alerts(room) == before
        house.store.close()

    asyncio.run(story())


def test_a_damaged_mark_hides_no_sound_one_before_it(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/store.db")
    marks = Marks(ReplaySection(), store.snapshots)
    for number in (1, 2):
        marks.keep(7, number, number * 10, lambda number=number: packed({"core": number}))  # type: ignore[misc]
    damage(tmp_path, "name = 'mark-1'")
    assert marks.before(25, 7)[0].offset == 1
    store.close()


def test_a_damaged_copy_of_the_state_without_a_mark_asks_for_a_backup(tmp_path: Path) -> None:
    async def story() -> None:
        house, _ = await hurt(tmp_path, keep_s=0.0)
        house.log.trim(2)
        with pytest.raises(Corrupt, match="core"):
            async with house.room():
                pass
        house.store.close()

    asyncio.run(story())


def test_a_log_that_begins_behind_the_state_is_not_of_one_room_with_the_store() -> None:
    async def story() -> None:
        house = House()
        async with house.room(ROOT, kiln(10.0, 100.0)):
            await house.reads(50.0)
        async with house.room(leaves=False):
            await house.reads(150.0, 150.0)
        house.log.trim(house.log.last_offset)
        with pytest.raises(StoreError) as told:
            async with house.room():
                pass
        assert told.value.code == "log_store_mismatch"

    asyncio.run(story())
