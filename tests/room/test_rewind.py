"""The room looked back at is the room as its screens showed it: what was known then, no more and no less."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import numpy as np
import pytest

from opsroom.acts import Annotate, Resolve, Unannotate
from opsroom.api import create_api
from opsroom.errors import Conflict, NotFound
from opsroom.log.columns import encode_columns
from opsroom.log.memory import MemoryLog
from opsroom.model import QUALITY_GOOD, Columns, Role, Series
from opsroom.past import PastReadings
from opsroom.records import Acknowledge, Entry, RecordKind, SeriesSet, SourceEvent, encode
from opsroom.rewind import Rewinds, show_every_band
from opsroom.room import Room
from opsroom.seats import Seat
from opsroom.section import StoreSection
from opsroom.settings import Settings
from opsroom.store import open_store
from opsroom.view import View
from tests.room.house import MIN, ROOT, SETTINGS, T0, House

COUNCIL = Seat(1, "council", Role.COUNCIL, 1)
PASSWORD = "seven chairs in a room"


def series(number: int, name: str) -> SeriesSet:
    """A series whose unit wants it between 10 and 100."""
    return SeriesSet(
        Series(id=number, root_id=1, unit_id=1, name=name, unit="Cel", band=(10.0, 100.0), period_s=60.0)
    )


def picture(view: View) -> dict[str, Any]:
    """Give what a screen of the council shows, without what only counts frames."""
    view.refresh(float(view.at))
    rows = view.glance(COUNCIL).snapshot_rows()
    told: dict[str, Any] = json.loads(json.dumps({"now": view.at, **rows}, default=str))
    told.pop("agreements")  # its revision counts frames
    told.pop("marks")  # so does that
    return told


async def mark(room: Room) -> None:
    """Let the room keep its state, as it does every few seconds."""
    await room.reached(room.log.last_offset)
    room.marks._due_s = float("-inf")
    room._freeze()
    await room._save()


async def brings(house: House, number: int, value: float, minutes_ago: int = 0) -> None:
    """Bring one reading, a late one where it is of some minutes ago."""
    t = house.clock.now() - minutes_ago * MIN
    one = Columns(
        np.array([number], np.int32), np.array([t]), np.array([value]), np.full(1, QUALITY_GOOD, np.uint8)
    )
    payload = encode_columns(one)
    await house.log.append(
        [Entry(kind=RecordKind.READINGS, received=house.clock.now(), payload=payload, source="kiln")]
    )


async def shown(room: Room) -> tuple[int, dict[str, Any]]:
    """Give the room's time in ms and what its screens show."""
    await room.reached(room.log.last_offset)
    show_every_band(room.core, room.view)
    return room.core.now // 1000, picture(room.view)


async def lives(house: House, room: Room, random: np.random.Generator, seen: dict[int, Any]) -> None:
    """Let some minutes pass: readings in and out of their band, late ones, an acknowledgement, silence."""
    for _ in range(6):
        house.clock.advance(60.0)
        for number in (2, 3):
            if random.random() < 0.8:
                late = int(random.integers(0, 3)) if random.random() < 0.3 else 0
                await brings(house, number, float(random.choice([50.0, 55.0, 150.0])), late)
        await house.log.append([Entry(kind=RecordKind.TICK, received=house.clock.now())])
        await room.reached(house.log.last_offset)
        unseen = [one for one in room.core.book.open.values() if one.unacked]
        if unseen and random.random() < 0.5:
            await room.act(Acknowledge(alert_id=unseen[0].id, person="council", seat_id=1, unit_id=1))
        at, told = await shown(room)
        seen[at] = told


@pytest.mark.parametrize("seed", [1])
def test_a_replay_shows_what_was_shown(seed: int) -> None:
    """At every instant of a random hour, across marks and a restart, and nothing is told to anybody."""

    async def story() -> None:
        house, random, seen = House(), np.random.default_rng(seed), dict[int, Any]()
        async with house.room(ROOT, series(2, "kiln"), series(3, "mill")) as room:
            await mark(room)
            await lives(house, room, random, seen)
            await mark(room)
            await lives(house, room, random, seen)
        async with house.room(leaves=False) as room:
            house.clock.advance(1.0)
            await house.log.append([Entry(kind=RecordKind.TICK, received=house.clock.now())])
            await mark(room)  # screens of a room that starts have no trails yet
            await lives(house, room, random, seen)
            told, rewinds = house.log.last_offset, Rewinds(room)
            for at, expected in seen.items():
                past = await rewinds.at(at)
                assert picture(past.view) == expected, at
            assert {len(one["alerts"]) for one in seen.values()} != {0}
            await asyncio.sleep(0)
            added = [one for one in house.log.read(told, 100) if one.kind is RecordKind.ACT]
            assert added == []

    asyncio.run(story())


def test_what_was_written_and_decided_later_is_not_known_before() -> None:
    """An annotation stands in a replay until it was taken away; a decision without what came of it later."""
    council: dict[str, Any] = {"person": "council", "seat_id": 1, "unit_id": 1}

    async def story() -> None:
        house = House()
        async with house.room(ROOT, series(2, "kiln"), leaves=False) as room:
            await mark(room)
            house.clock.advance(60.0)
            span: dict[str, Any] = {"t_from": T0, "t_to": T0 + MIN}
            note = Annotate(on_unit=1, series_id=2, text="kiln opened", key="1", **span, **council)
            await room.act(note)
            await room.act(note)
            followup = house.clock.now() + MIN
            await room.act(
                Resolve(text="close it", addressee_id=1, followup=followup, series_id=2, **council)
            )
            before, _ = await shown(room)
            house.clock.advance(120.0)
            await house.log.append([Entry(kind=RecordKind.TICK, received=house.clock.now())])
            await room.reached(house.log.last_offset)
            (written,) = room.store.annotations.of(1, T0, T0 + MIN)
            await room.act(Unannotate(annotation_id=written.id, **council))
            after, _ = await shown(room)
            rewinds = Rewinds(room)
            then, now = await rewinds.at(before), await rewinds.at(after)
            assert [one.text for one in then.store.annotations.of(1, T0, T0 + MIN)] == ["kiln opened"]
            assert now.store.annotations.of(1, T0, T0 + MIN) == []
            assert then.store.annotations.annotation(written.id) is not None
            assert now.store.annotations.annotation(written.id) is None
            assert [one.found is None for one in then.store.annals.minutes(1)] == [True]
            (found,) = now.store.annals.minutes(1)
            assert found.found is not None
            assert then.store.annals.minute(found.id) is not None
            early = await rewinds.at(before - 1_000)
            assert early.store.annals.minute(found.id) is None

    asyncio.run(story())


def test_what_came_late_is_not_known_before_it_came() -> None:
    """A reading of ten o'clock that came at half past eleven is not there at eleven."""

    async def story() -> None:
        house = House()
        async with house.room(ROOT, series(2, "kiln"), leaves=False) as room:
            await mark(room)
            await house.reads(50.0, 51.0)
            at, _ = await shown(room)
            house.clock.advance(90.0)
            await brings(house, 2, 99.0, minutes_ago=2)
            await room.reached(house.log.last_offset)
            past = await Rewinds(room).at(at)
            span = (2, T0, T0 + 60 * MIN)
            known = past.store.readings.read(*span)
            assert known.v.tolist() == [50.0, 51.0]
            assert len(room.store.readings.read(*span)) == 3
            hour = past.store.readings.buckets([2], T0, T0 + 60 * MIN, 60 * MIN)
            assert (hour.count.tolist(), hour.max.tolist()) == ([2], [51.0])

    asyncio.run(story())


def test_a_past_of_which_readings_are_gone_is_that_of_its_minutes() -> None:
    """Where readings are kept, late ones are left out as ever; before that minutes answer, as known today."""
    day = 1_440 * MIN

    async def story() -> None:
        log, store = MemoryLog(), open_store("memory://", StoreSection(keep_readings_d=3))
        t = np.arange(T0, T0 + 5 * day, 10 * MIN)
        came = [t, np.array([T0 + MIN, T0 + 4 * day + MIN, T0 + 4 * day + 25 * MIN])]
        for number, instants in enumerate(came, 1):
            q = np.full(len(instants), QUALITY_GOOD, np.uint8)
            columns = Columns(np.full(len(instants), 2, np.int32), instants, np.full(len(instants), 1.0), q)
            entry = Entry(kind=RecordKind.READINGS, received=T0, payload=encode_columns(columns))
            offset = await log.append([entry])
            store.readings.take(columns, offset)
            store.readings.flush(T0 + 5 * day, force=True)
            assert offset == number
        past = PastReadings(store.readings, log, 1, T0 + 5 * day)
        for width in (MIN, 10 * MIN, 90 * MIN, day):
            live = store.readings.buckets([2], T0, T0 + 5 * day, width)
            then = past.buckets([2], T0, T0 + 5 * day, width)
            assert (live.count.sum(), then.count.sum()) == (len(t) + 3, len(t) + 1)
            assert len(set(then.t.tolist())) == len(then)

    asyncio.run(story())


def test_nothing_can_be_done_in_the_past_and_too_far_says_how_far() -> None:
    """Over REST: what is asked with `at` is of then, what is done with it is refused by name."""

    async def story() -> None:
        house = House()
        async with house.room(ROOT, series(2, "kiln"), leaves=False) as room:
            await room.access.load()
            await room.access.make_seat("council", Role.COUNCIL, 1, PASSWORD)
            await mark(room)
            await house.reads(50.0, 150.0, 150.0)
            at, _ = await shown(room)
            (alert,) = room.core.book.open.values()
            house.clock.advance(60.0)
            await room.act(Acknowledge(alert_id=alert.id, person="council", seat_id=1, unit_id=1))
            api = create_api(room, rewinds=Rewinds(room))
            transport = httpx.ASGITransport(app=api, client=("127.0.0.1", 1))
            async with httpx.AsyncClient(transport=transport, base_url="https://localhost/api/v1") as client:
                signed = await client.post("/session", json={"person": "council", "password": PASSWORD})
                csrf = {"X-CSRF-Token": signed.json()["csrf"]}
                now, then = [
                    (await client.get("/alerts", params=which)).json()["alerts"][0]["unacked"]
                    for which in ({}, {"at": at})
                ]
                assert (now, then) == (False, True)
                edges = (await client.get(f"/alerts/{alert.id}", params={"at": at})).json()["edges"]
                assert "acknowledged" not in [one["verb"] for one in edges]
                path = f"/alerts/{alert.id}/acknowledge?at={at}"
                refused = await client.post(path, json={}, headers=csrf)
                assert (refused.status_code, refused.json()["error"]["code"]) == (409, "replay_no_acts")
                far = (await client.get("/alerts", params={"at": T0 // 1000 - 5_000})).json()["error"]
                assert far["code"] == "replay_too_far"
                assert far["params"]["reaches"] == T0 // 1000

    asyncio.run(story())


def test_a_new_room_can_be_seen_again_from_its_first_moment_on() -> None:
    """Although the clock never comes to when the next snapshot is due."""

    async def story() -> None:
        house = House()
        async with house.room(ROOT, series(2, "kiln"), leaves=False) as room:
            at, told = await shown(room)
            for _ in range(100):
                if room.marks.reaches is None:
                    await asyncio.sleep(0.1)
        house.clock.advance(5.0)
        async with house.room(leaves=False) as room:
            assert picture((await Rewinds(room).at(at)).view) == told

    asyncio.run(story())


def test_a_past_room_refuses_acts_by_itself() -> None:
    """Whatever way they come."""

    async def story() -> None:
        house = House()
        async with house.room(ROOT, series(2, "kiln"), leaves=False) as room:
            await mark(room)
            at, _ = await shown(room)
            past = await Rewinds(room).at(at)
            with pytest.raises(Conflict):
                await past.act(None)
            with pytest.raises(Conflict):
                await past.change([])

    asyncio.run(story())


def test_the_log_is_kept_as_far_as_the_room_can_be_seen_and_no_further() -> None:
    """Marks go with their age; what no mark needs is let go."""

    async def story() -> None:
        house = House()
        async with house.room(ROOT, series(2, "kiln"), leaves=False) as room:
            await mark(room)
            first = room.marks.floor(1 << 40)
            await house.reads(50.0)
            await mark(room)
            assert room.marks.floor(1 << 40) == first
            house.clock.advance(86_401.0)
            await house.reads(50.0)
            await mark(room)
            house.clock.advance(86_401.0)
            await house.reads(50.0)
            await mark(room)
            assert room.marks.floor(1 << 40) > first
            with pytest.raises(NotFound):
                room.marks.before(T0, 1)

    asyncio.run(story())


def keeping(**replay: float) -> Settings:
    """Give the settings of a room that keeps its past so far."""
    return Settings.model_validate(SETTINGS.model_dump() | {"replay": replay})


def test_a_room_that_is_to_keep_no_past_any_more_lets_its_log_go() -> None:
    """The marks of the runs before hold nothing up, and are not taken up again once the log is gone."""

    async def story() -> None:
        house = House()
        async with house.room(ROOT, series(2, "kiln")) as room:
            await mark(room)
            await house.reads(50.0)
        house.settings = keeping(keep_s=0)
        async with house.room() as room:
            await house.reads(51.0, 52.0)
            await room.reached(house.log.last_offset)
            assert room.marks.reaches is None
            assert room.marks.floor(1 << 40) == 1 << 40
        assert house.log.trimmed > 0
        house.settings = SETTINGS
        async with house.room() as room:
            assert room.marks.reaches is None or room.marks.reaches >= house.clock.now()

    asyncio.run(story())


def test_a_room_that_may_keep_less_than_before_does_so_from_its_start_on() -> None:
    async def story() -> None:
        house = House()
        async with house.room(ROOT, series(2, "kiln"), leaves=False) as room:
            for _ in range(3):
                await mark(room)
                await house.reads(50.0)
            oldest = room.marks.floor(1 << 40)
        house.settings = keeping(keep_s=60)
        async with house.room(leaves=False) as room:
            assert room.marks.floor(1 << 40) > oldest
            assert room.marks.reaches is not None
        house.settings = keeping(keep_bytes=0)
        async with house.room(leaves=False) as room:
            assert room.marks.reaches is None

    asyncio.run(story())


def test_a_source_that_declares_a_month_is_scored_and_seen_again_as_it_was() -> None:
    """More of it wait than may: the oldest are scored early, live, after a kill and in a replay alike."""
    limits = SETTINGS.model_dump() | {"limits": {"reorder_readings": 3}}

    async def story() -> None:
        house = House(Settings.model_validate(limits))
        opened = encode(SourceEvent(event="opened", lateness_s=30 * 86_400.0, unit_id=1))
        seen: dict[int, Any] = {}
        async with house.room(ROOT, series(2, "kiln")) as room:
            await mark(room)
            entry = Entry(kind=RecordKind.SOURCE, received=house.clock.now(), payload=opened, source="kiln")
            await house.log.append([entry])
            await house.reads(50.0, 51.0, 52.0)
            await room.reached(house.log.last_offset)
            assert room.core.sources.waiting == 3
            assert room.core.book.latest.measured(room.catalog.series[2]).value is None
        async with house.room(leaves=False) as room:
            await mark(room)  # screens of a room that starts have no trails yet
            await house.reads(150.0, 151.0, 152.0, 153.0, 154.0)
            at, seen_then = await shown(room)
            seen[at] = seen_then
            assert (room.core.sources.waiting, room.core.sources.early) == (3, 5)
            assert room.core.book.latest.measured(room.catalog.series[2]).value == 151.0
            alerts = dict(room.core.book.open)
        async with house.room() as room:
            assert room.core.sources.waiting == 3
            assert set(room.core.book.open) == set(alerts)
            for at, expected in seen.items():
                assert picture((await Rewinds(room).at(at)).view) == expected

    asyncio.run(story())
