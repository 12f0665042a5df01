"""One record that meets a mistake of the room does not end it, nor keep it from starting again."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from msgspec.structs import replace

from opsroom.core import Core
from opsroom.errors import OpsroomError
from opsroom.model import Series
from opsroom.records import Acknowledge, Entry, RecordKind, SeriesSet
from opsroom.rewind import Rewinds
from tests.room.house import ROOT, House

KILN = SeriesSet(Series(id=2, root_id=1, unit_id=1, name="kiln", band=(10.0, 100.0), period_s=60.0))
UNKNOWN = b"\x81\xa4type\xa7unheard"


@pytest.mark.parametrize("kind", [RecordKind.ACT, RecordKind.CONFIG, RecordKind.SOURCE])
def test_what_cannot_be_read_is_passed_over_live_redone_and_looked_back_at(kind: RecordKind) -> None:
    async def story() -> None:
        house = House()
        async with house.room(ROOT, KILN, leaves=False) as room:
            await house.reads(50.0)
            await house.log.append(
                [Entry(kind=kind, received=house.clock.now(), payload=UNKNOWN, source="kiln")]
            )
            await house.reads(150.0, 150.0)
            await room.reached(house.log.last_offset)
            (alert,) = room.core.book.open.values()
        async with house.room(leaves=False) as room:
            assert list(room.core.book.open) == [alert.id]
            await house.reads(50.0, 50.0)
            await room.reached(house.log.last_offset)
            assert not room.core.book.open[alert.id].active
            for _ in range(100):
                if room.marks.reaches is None:
                    await asyncio.sleep(0.1)
            house.clock.advance(1.0)
            past = await Rewinds(room).at(room.core.now // 1000 + 1)
            assert not past.core.book.open[alert.id].active

    asyncio.run(story())


def test_an_act_that_meets_a_mistake_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever waits for it hears so, and the next one is taken."""

    async def story() -> None:
        house = House()
        async with house.room(ROOT, KILN, leaves=False) as room:
            await house.reads(50.0, 150.0, 150.0)
            await room.reached(house.log.last_offset)
            (alert,) = room.core.book.open.values()
            act = Acknowledge(alert_id=alert.id, person="council", seat_id=1, unit_id=1)
            with monkeypatch.context() as patch:
                patch.setattr(Core, "_taken", _mistake)
                with pytest.raises(OpsroomError) as told:
                    await room.act(act)
            assert (told.value.code, told.value.status) == ("internal", 500)
            assert [one.verb for one in await room.act(act)] == ["acknowledged"]

    asyncio.run(story())


def test_readings_of_a_record_that_meets_a_mistake_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """They were acknowledged: the mistake was about something else that fell due."""

    async def story() -> None:
        house = House()
        async with house.room(ROOT, KILN, leaves=False) as room:
            with monkeypatch.context() as patch:
                patch.setattr(Core, "_until", _mistake)
                await house.reads(50.0, 51.0)
                await room.reached(house.log.last_offset)
            await house.reads(52.0)
            await room.reached(house.log.last_offset)
            assert room.store.readings.read(2, 0, 2**62).v.tolist() == [50.0, 51.0, 52.0]

    asyncio.run(story())


def _mistake(*_: Any) -> None:
    raise ZeroDivisionError


@pytest.mark.parametrize(
    "series", [replace(KILN.series, period_s=1e13), replace(KILN.series, recovery_s=(1e300,))]
)
def test_spans_that_an_older_release_let_in_are_taken_as_the_longest(series: Series) -> None:
    async def story() -> None:
        house = House()
        async with house.room(ROOT, leaves=False) as room:
            await room.change([SeriesSet(series)])
            await house.reads(50.0, 150.0, 150.0)
            await room.reached(house.log.last_offset)
            assert len(room.core.book.open) == 1

    asyncio.run(story())
