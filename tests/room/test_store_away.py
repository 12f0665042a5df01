"""While the store takes nothing, what comes waits in the log and not in memory."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from opsroom.errors import StoreError
from opsroom.model import Series
from opsroom.records import SeriesSet
from opsroom.settings import Settings
from opsroom.store import open_store
from tests.room.house import ROOT, SETTINGS, House

KILN = SeriesSet(Series(id=2, root_id=1, unit_id=1, name="kiln", period_s=60.0))
FEW = 3


def test_readings_wait_in_the_log_once_as_many_are_held_as_may_be(monkeypatch: pytest.MonkeyPatch) -> None:
    """A quiet room commits nothing, so nothing else would hold it back."""
    told = {**SETTINGS.model_dump(), "store": {"hold_readings": FEW}}

    async def story() -> None:
        place = House(Settings.model_validate(told))
        readings = type(place.store.readings)
        async with place.room(ROOT, KILN, leaves=False) as room:
            with monkeypatch.context() as away:
                away.setattr(readings, "flush", _refuses)
                await place.reads(*[50.0] * FEW)
                await room.reached(place.log.last_offset)
                held, offset = room.store.readings.held, room.offset
                await place.reads(*[50.0] * 20)
                await asyncio.sleep(0.3)
                assert (held, room.store.readings.held, room.offset) == (FEW, FEW, offset)
            await room.reached(place.log.last_offset)
            assert len(room.store.readings.read(2, 0, 2**62)) == FEW + 20

    asyncio.run(story())


def test_a_bound_below_what_is_due_is_flushed_at_once(tmp_path: Path) -> None:
    """In a store that cuts chunks only when they are due; the one in memory keeps everything at once."""
    told = {**SETTINGS.model_dump(), "store": {"hold_readings": FEW, "flush_age_s": 3_600.0}}
    settings = Settings.model_validate(told)

    async def story() -> None:
        place = House(settings)
        place.store = open_store(f"sqlite:///{tmp_path}/store.db", settings.store)
        async with place.room(ROOT, KILN, leaves=False) as room:
            for _ in range(3):
                await place.reads(*[50.0] * FEW)
                await asyncio.wait_for(room.reached(place.log.last_offset), 10)
            assert room.store.readings.count() == 3 * FEW
        place.store.close()

    asyncio.run(story())


def _refuses(*_: object, **__: object) -> int:
    raise StoreError("The store does not answer.")
