"""The room's own state as an alert of the top unit."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsroom.core import Core
from opsroom.errors import OpsroomError, StoreFull
from opsroom.model import Alert
from opsroom.records import Acknowledge
from opsroom.room import Room
from opsroom.vitals import BEHIND, FREE, LOOKS_BACK, PASSED, Vital, Vitals, judged
from tests.room.house import ROOT, House


def behind(seconds: float) -> Vital:
    return Vital(BEHIND, "s", seconds, high=10.0)


@given(st.lists(st.floats(0, 20), max_size=40))
def test_a_figure_is_said_once_when_it_leaves_and_once_when_it_is_back_for_good(values: list[float]) -> None:
    standing: dict[str, int] = {}
    told: list[bool] = []
    for number, value in enumerate(values):
        said, standing = judged([behind(value)], standing)
        told += [well for _, well in said]
        if said and said[0][1]:
            assert all(value <= 10.0 for value in values[number + 1 - LOOKS_BACK : number + 1])
        if value > 10.0:
            assert BEHIND in standing
    assert told == [bool(number % 2) for number in range(len(told))]


def test_the_top_unit_is_alerted_of_the_room_and_told_when_it_is_well_again(tmp_path: Path) -> None:
    async def story() -> None:
        house = House()
        async with house.room(ROOT, leaves=False) as room:
            vitals = Vitals(room, tmp_path, house.clock)
            await vitals.tell([behind(12.0), Vital(FREE, "GBy", 50.0, low=1.0)])
            (alert,) = await standing(room, house)
            assert room.catalog.series[alert.series_id].name == BEHIND
            assert (alert.unit_id, alert.active) == (ROOT.unit.id, True)
            sentence = alert.explanation[0]
            assert (sentence.code, sentence.params["value"]) == ("why.limit.above", 12.0)
            await vitals.tell([behind(13.0)])
            assert len(await standing(room, house)) == 1
        # Who was killed meanwhile finds its alert again, and ends it.
        async with house.room() as room:
            vitals = Vitals(room, tmp_path, house.clock)
            for _ in range(LOOKS_BACK):
                await vitals.tell([behind(0.0)])
            (alert,) = await standing(room, house)
            assert not alert.active

    asyncio.run(story())


def test_a_record_passed_over_is_an_alert_of_the_top_unit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        house = House()
        async with house.room(ROOT, leaves=False) as room:
            vitals = Vitals(room, tmp_path, house.clock)
            with monkeypatch.context() as patch:
                patch.setattr(Core, "_taken", _mistake)
                with pytest.raises(OpsroomError):
                    await room.act(Acknowledge(alert_id="none", person="council", seat_id=1, unit_id=1))
            figures = vitals.figures()
            monkeypatch.setattr(Room, "act", _full)
            await vitals.tell(figures)  # which nobody hears yet
            monkeypatch.undo()
            await vitals.tell(vitals.figures())
            (alert,) = await standing(room, house)
            assert room.catalog.series[alert.series_id].name == PASSED
            assert alert.explanation[0].params["value"] == 1.0
            for _ in range(LOOKS_BACK):
                await vitals.tell(vitals.figures())
            (alert,) = await standing(room, house)
            assert not alert.active

    asyncio.run(story())


def _mistake(*_: Any) -> None:
    raise ZeroDivisionError


async def _full(*_: Any, **__: Any) -> None:
    raise StoreFull("The disk is full.", remedy="Wait.")


def test_a_room_at_rest_is_well(tmp_path: Path) -> None:
    async def story() -> None:
        house = House()
        async with house.room(ROOT) as room:
            found = Vitals(room, tmp_path, house.clock).figures()
            assert [vital.name for vital in found if not vital.well] == []
            assert {vital.name for vital in found} >= {BEHIND, FREE}

    asyncio.run(story())


async def standing(room: Room, house: House) -> list[Alert]:
    """Give the alerts on the wall, once the room has heard all that its log has."""
    await room.reached(house.log.last_offset)
    return list(room.core.book.open.values())
