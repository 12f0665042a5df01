"""What waits in front of the log: in order, bounded by the room's pace, and never a press."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsroom.backlog import ENTRY_BYTES, LEAST_BYTES, START_BYTES, TARGET_S, Backlog, telemetry_bytes
from opsroom.records import Record, RecordKind

MIB = 1 << 20


def read(backlog: Backlog, size: int, begun: float, now: float) -> None:
    """Let the room read `size` bytes of readings."""
    payload = bytes(size - ENTRY_BYTES)
    backlog.count(Record(offset=1, kind=RecordKind.READINGS, received=0, payload=payload))
    backlog.paced(begun, now)


def test_acts_ticks_and_configuration_are_no_telemetry() -> None:
    for kind in RecordKind:
        size = telemetry_bytes([Record(offset=1, kind=kind, received=0, payload=bytes(10))])
        assert size == (10 + ENTRY_BYTES if kind is RecordKind.READINGS else 0)


def test_who_comes_when_it_is_full_waits_until_the_room_has_read() -> None:
    async def run() -> None:
        backlog = Backlog(64 * MIB)
        await backlog.enter(START_BYTES)
        async with asyncio.TaskGroup() as group:
            waiting = group.create_task(backlog.enter(MIB))
            await asyncio.sleep(0)
            assert not waiting.done()
            read(backlog, START_BYTES, 0.0, TARGET_S)
        assert backlog.unread_bytes == MIB

    asyncio.run(run())


def test_what_could_not_be_stored_makes_room() -> None:
    async def run() -> None:
        backlog = Backlog(64 * MIB)
        await backlog.enter(START_BYTES)
        backlog.leave(START_BYTES)
        await backlog.enter(START_BYTES)
        assert backlog.unread_bytes == START_BYTES

    asyncio.run(run())


def test_what_a_start_redoes_was_never_let_in() -> None:
    async def run() -> None:
        backlog = Backlog(64 * MIB)
        read(backlog, MIB, 0.0, 0.1)
        assert backlog.unread_bytes == 0

    asyncio.run(run())


@pytest.mark.parametrize("pace", [1e5, 1e7, 1e12])
def test_as_much_is_let_in_as_is_read_in_the_time_aimed_at(pace: float) -> None:
    async def run() -> None:
        backlog = Backlog(64 * MIB)
        size, now = max(ENTRY_BYTES, round(0.01 * pace)), 0.0
        size = min(size, MIB)
        for _ in range(60):
            await backlog.enter(size)
            read(backlog, size, now, now + size / pace)
            now += size / pace
        allowed = min(max(pace * TARGET_S, LEAST_BYTES), 64 * MIB)
        await backlog.enter(round(allowed * 0.99))
        async with asyncio.TaskGroup() as group:
            waiting = group.create_task(backlog.enter(round(allowed * 0.03)))
            await asyncio.sleep(0)
            assert not waiting.done()
            waiting.cancel()

    asyncio.run(run())


@given(st.lists(st.tuples(st.booleans(), st.integers(ENTRY_BYTES, MIB)), max_size=60))
def test_what_is_let_in_and_read_adds_up(steps: list[tuple[bool, int]]) -> None:
    async def run() -> None:
        backlog, held = Backlog(64 * MIB), 0
        for number, (comes, size) in enumerate(steps):
            if comes and held + size <= LEAST_BYTES:
                await backlog.enter(size)
                held += size
            elif not comes and held >= ENTRY_BYTES:
                gone = max(ENTRY_BYTES, min(size, held))
                read(backlog, gone, float(number), number + 0.5)
                held -= gone
            assert backlog.unread_bytes == held

    asyncio.run(run())
