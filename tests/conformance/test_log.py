"""What every log engine keeps: order, durability, one effect a batch, bounds."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from opsroom.errors import Conflict, OpsroomError, SettingsError
from opsroom.log import Log, open_log
from opsroom.model import Refusal
from opsroom.records import Entry, RecordKind, SourceState
from opsroom.registry import discover
from opsroom.settings import Limits

ENGINES = sorted(discover("opsroom.log", having="open_log"))
DURABLE = [name for name in ENGINES if name != "memory"]


def url_of(engine: str, folder: Path) -> str:
    return "memory://" if engine == "memory" else f"{engine}:///{folder}/log.db"


@pytest.fixture(params=ENGINES)
def log(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Log]:
    opened = open_log(url_of(request.param, tmp_path))
    yield opened
    opened.close()


def batch(source: str, seq: int, *, epoch: int = 1, payload: bytes = b"x", refused: int = 0) -> Entry:
    refusals = tuple(Refusal(index=i, series="s", code="not_finite", field="v") for i in range(refused))
    return Entry(
        kind=RecordKind.READINGS,
        received=seq,
        payload=payload,
        source=source,
        epoch=epoch,
        seq=seq,
        refusals=refusals,
    )


def tick(now: int) -> Entry:
    return Entry(kind=RecordKind.TICK, received=now)


def act(payload: bytes) -> Entry:
    return Entry(kind=RecordKind.ACT, received=0, payload=payload)


def run(step: Callable[[], Awaitable[None]]) -> None:
    async def main() -> None:
        await asyncio.wait_for(step(), 20)

    asyncio.run(main())


def test_an_unknown_engine_is_named_with_those_there_are() -> None:
    with pytest.raises(SettingsError, match="sqlite"):
        open_log("carrier-pigeon:///loft")


def test_offsets_count_from_one_and_records_come_back_whole(log: Log) -> None:
    async def step() -> None:
        assert log.last_offset == 0
        assert log.read(0) == []
        assert await log.append([batch("mill", 1, payload=b"\x00\xff"), tick(7)]) == 2
        assert await log.append([act(b"seen")]) == 3
        first, second, third = log.read(0)
        assert (
            first.offset,
            first.kind,
            first.source,
            first.epoch,
            first.seq,
            first.payload,
            first.received,
        ) == (
            1,
            RecordKind.READINGS,
            "mill",
            1,
            1,
            b"\x00\xff",
            1,
        )
        assert (second.kind, second.received) == (RecordKind.TICK, 7)
        assert (third.offset, third.payload) == (3, b"seen")
        assert [record.offset for record in log.read(1, limit=1)] == [2]
        assert log.read(3) == []

    run(step)


def test_a_batch_sent_twice_stands_once(log: Log) -> None:
    async def step() -> None:
        await log.append([batch("mill", 1)])
        assert await log.append([batch("mill", 1)]) == 1
        await asyncio.gather(log.append([batch("mill", 2)]), log.append([batch("mill", 2)]))
        assert [record.seq for record in log.read(0)] == [1, 2]
        assert log.source("mill") == SourceState(1, 2)
        assert log.source("unknown") == SourceState(0, 0)

    run(step)


def test_config_beside_a_known_batch_is_still_stored(log: Log) -> None:
    async def step() -> None:
        await log.append([batch("mill", 1)])
        await log.append([Entry(kind=RecordKind.CONFIG, received=0, payload=b"c"), batch("mill", 1)])
        assert [record.kind for record in log.read(0)] == [RecordKind.READINGS, RecordKind.CONFIG]

    run(step)


def test_a_new_epoch_starts_over_and_fences_the_old_one(log: Log) -> None:
    async def step() -> None:
        assert await log.new_epoch("mill") == 1
        await log.append([batch("mill", 5, epoch=1)])
        assert await log.new_epoch("mill") == 2
        assert log.source("mill") == SourceState(2, 0)
        with pytest.raises(Conflict) as told:
            await log.append([tick(1), batch("mill", 6, epoch=1)])
        assert told.value.code == "epoch_old"
        assert log.last_offset == 1
        await log.append([batch("mill", 1, epoch=2)])
        assert log.source("mill") == SourceState(2, 1)

    run(step)


def test_sources_are_counted_by_the_head_of_their_names(log: Log) -> None:
    async def step() -> None:
        await log.new_epoch("1:mill")
        await log.append([batch("1:kiln", 1), batch("12:kiln", 1), tick(1)])
        assert [log.count_sources(head) for head in ("1:", "12:", "2:", "")] == [2, 1, 0, 3]

    run(step)


def test_refusals_are_answered_again(log: Log) -> None:
    async def step() -> None:
        await log.append([batch("mill", 1, refused=2)])
        assert [refusal.index for refusal in log.refusals("mill", 1, 1)] == [0, 1]
        assert log.refusals("mill", 1, 2) == ()

    run(step)


def test_wait_returns_with_the_next_record(log: Log) -> None:
    async def step() -> None:
        async with asyncio.TaskGroup() as group:
            waiting = group.create_task(log.wait(1))
            await log.append([tick(1)])
            await asyncio.sleep(0.02)
            assert not waiting.done()
            await log.append([tick(2)])
        await log.wait(0)
        assert log.last_offset == 2

    run(step)


def test_a_cancelled_wait_leaves_nothing_behind(log: Log) -> None:
    async def step() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(log.wait(0), 0.01)
        await log.append([tick(1)])
        await log.wait(0)

    run(step)


@pytest.mark.parametrize("engine", ENGINES)
def test_trimming_takes_readings_and_ticks_and_leaves_the_rest(engine: str, tmp_path: Path) -> None:
    async def step(log: Log) -> None:
        for number in range(1, 701):
            await log.append([batch("mill", number), act(b"a"), tick(number)])
        log.trim(1500)
        await asyncio.sleep(0.2)

    log = open_log(url_of(engine, tmp_path))
    run(lambda: step(log))
    if engine != "memory":  # which may still answer from memory
        log.close()
        log = open_log(url_of(engine, tmp_path))
    left = log.read(0, 10_000)
    assert {record.kind for record in left if record.offset <= 1500} == {RecordKind.ACT}
    assert len([record for record in left if record.offset <= 1500]) == 500
    assert [record.offset for record in left if record.offset > 1500] == list(range(1501, 2101))
    assert log.last_offset == 2100
    log.close()


def test_many_senders_keep_their_order_and_nothing_is_lost(log: Log) -> None:
    async def sender(name: str) -> None:
        for seq in range(1, 31):
            await log.append([batch(name, seq, payload=bytes(seq))])

    async def step() -> None:
        async with asyncio.TaskGroup() as group:
            for number in range(10):
                group.create_task(sender(f"s{number}"))
        records = log.read(0, 1000)
        assert [record.offset for record in records] == list(range(1, 301))
        for number in range(10):
            assert [r.seq for r in records if r.source == f"s{number}"] == list(range(1, 31))

    run(step)


def test_a_closed_log_says_so(log: Log) -> None:
    log.close()
    with pytest.raises(OpsroomError) as told:
        asyncio.run(log.append([tick(1)]))
    assert told.value.code == "log_closed"


@pytest.mark.parametrize("engine", DURABLE)
def test_a_restart_finds_everything(engine: str, tmp_path: Path) -> None:
    async def write(log: Log) -> None:
        await log.new_epoch("mill")
        for seq in range(1, 20):
            await log.append([batch("mill", seq, payload=bytes(100 * seq), refused=seq == 3), tick(seq)])

    first = open_log(url_of(engine, tmp_path))
    asyncio.run(write(first))
    before = first.read(0)
    first.close()
    again = open_log(url_of(engine, tmp_path))
    try:
        assert again.read(0) == before
        assert again.last_offset == 38
        assert again.source("mill") == SourceState(1, 19)
        assert len(again.refusals("mill", 1, 3)) == 1
        assert asyncio.run(again.append([batch("mill", 19)])) == 38
        assert asyncio.run(again.new_epoch("mill")) == 2
    finally:
        again.close()


@pytest.mark.parametrize("engine", DURABLE)
def test_offsets_go_on_after_all_was_trimmed(engine: str, tmp_path: Path) -> None:
    async def write(log: Log) -> None:
        for now in range(300):
            await log.append([tick(now)])
        log.trim(300)

    log = open_log(url_of(engine, tmp_path))
    asyncio.run(write(log))
    log.close()
    again = open_log(url_of(engine, tmp_path))
    assert asyncio.run(again.append([tick(9)])) == 301
    again.close()


@pytest.mark.parametrize("engine", ENGINES)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    sizes=st.lists(st.integers(0, 5000), min_size=1, max_size=40),
    limit=st.integers(1, 6000),
    urgent=st.sets(st.integers(0, 39)),
)
def test_no_bound_on_bytes_ever_loses_or_stops_anything(
    engine: str, tmp_path_factory: pytest.TempPathFactory, sizes: list[int], limit: int, urgent: set[int]
) -> None:
    async def step() -> None:
        log = open_log(url_of(engine, tmp_path_factory.mktemp("log")), Limits(inflight_bytes=limit), 0.5)
        try:
            appends = (
                log.append([batch(f"s{number}", 1, payload=bytes(size))], urgent=number in urgent)
                for number, size in enumerate(sizes)
            )
            offsets = await asyncio.gather(*appends)
            assert len(set(offsets)) == len(sizes)
            records = log.read(0, 100)
            assert {(r.source, len(r.payload)) for r in records} == {
                (f"s{n}", size) for n, size in enumerate(sizes)
            }
            assert all(records[offset - 1].source == f"s{n}" for n, offset in enumerate(offsets))
        finally:
            log.close()

    run(step)
