"""The embedded log on a disk that is full, damaged, or shared."""

import asyncio
import sqlite3
from pathlib import Path

import pytest
from msgspec.structs import replace

from opsroom.errors import Corrupt, StoreError, StoreFull
from opsroom.log import open_log
from opsroom.log.gate import Gate
from opsroom.log.sqlite import SqliteLog
from opsroom.model import Refusal
from opsroom.records import Entry, RecordKind
from opsroom.settings import Limits


def opened(folder: Path, limits: Limits | None = None) -> SqliteLog:
    log = open_log(f"sqlite:///{folder}/log.db", limits)
    assert isinstance(log, SqliteLog)
    return log


def batch(seq: int, size: int = 10) -> Entry:
    return Entry(
        kind=RecordKind.READINGS, received=0, payload=bytes([seq % 256]) * size, source="m", epoch=1, seq=seq
    )


def test_a_full_disk_is_told_and_writing_goes_on_with_space(tmp_path: Path) -> None:
    async def main() -> None:
        log = opened(tmp_path)
        await log.append([batch(1)])
        (pages,) = log._file._writer.execute("PRAGMA page_count").fetchone()
        log._file._writer.execute(f"PRAGMA max_page_count={pages + 1}").fetchall()
        with pytest.raises(StoreFull):
            await log.append([batch(2, 100_000)])
        assert log.last_offset == 1
        assert log.source("m").stored_seq == 1
        log._file._writer.execute("PRAGMA max_page_count=1000000").fetchall()
        assert await log.append([batch(2, 100_000)]) == 2
        assert [record.seq for record in log.read(0)] == [1, 2]
        log.close()

    asyncio.run(main())


def test_on_a_full_disk_acts_and_ticks_get_the_reserve_and_batches_wait_for_it(tmp_path: Path) -> None:
    async def main() -> None:
        log = opened(tmp_path)
        reserve = tmp_path / "log.db-reserve"
        assert reserve.stat().st_size == 16 << 20
        log._file.spend_reserve()
        reserve.mkdir()  # a reserve that cannot be made again stands for a disk that stays full
        with pytest.raises(StoreFull):
            await log.append([batch(1)])
        full_before = log.is_full
        assert await log.append([Entry(kind=RecordKind.ACT, received=0)]) == 1
        assert await log.append([Entry(kind=RecordKind.TICK, received=0)]) == 2
        with pytest.raises(StoreFull):
            await log.append([Entry(kind=RecordKind.ACT, received=0), batch(1)])
        reserve.rmdir()
        await asyncio.sleep(0.6)
        assert await log.append([batch(1)]) == 3
        assert (full_before, log.is_full) == (True, False)
        log.close()

    asyncio.run(main())


@pytest.mark.parametrize(
    "column", ["payload = x'00'", "kind = 1", "source = 'other'", "received = 'soon'", "crc = 1"]
)
def test_a_damaged_record_is_named_and_what_follows_is_still_read(tmp_path: Path, column: str) -> None:
    log = opened(tmp_path)
    for seq in range(1, 6):
        entry = Entry(kind=RecordKind.ACT, received=seq, payload=b"%d" % seq)
        asyncio.run(log.append([entry]))
    log.close()
    with sqlite3.connect(tmp_path / "log.db") as connection:
        connection.execute(f"UPDATE record SET {column} WHERE number = 3")  # noqa: S608 - written above
    connection.close()
    log = opened(tmp_path)
    assert [record.offset for record in log.read(0)] == [1, 2]
    with pytest.raises(Corrupt) as told:
        log.read(2)
    assert told.value.params["offset"] == 3
    assert [record.offset for record in log.read(3)] == [4, 5]
    log.close()


def test_another_file_is_no_log(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "log.db") as connection:
        connection.execute("CREATE TABLE something (x)")
    connection.close()
    with pytest.raises(Corrupt, match="not a log"):
        opened(tmp_path)
    (tmp_path / "log.db").write_bytes(b"no database at all, but long enough to be looked at" * 100)
    with pytest.raises(Corrupt):
        opened(tmp_path)


def test_a_log_of_a_later_format_is_left_alone(tmp_path: Path) -> None:
    opened(tmp_path).close()
    with sqlite3.connect(tmp_path / "log.db") as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(Corrupt, match="format 99"):
        opened(tmp_path)


def test_two_rooms_cannot_write_one_log(tmp_path: Path) -> None:
    log = opened(tmp_path)
    with pytest.raises(StoreError) as told:
        opened(tmp_path)
    assert told.value.code == "log_locked"
    log.close()
    opened(tmp_path).close()


def test_a_sick_disk_is_told_and_nothing_half_stays(tmp_path: Path) -> None:
    async def main() -> None:
        log = opened(tmp_path)
        await log.append([batch(1)])
        log._file._writer.execute("PRAGMA query_only=ON")
        with pytest.raises(StoreError):
            await log.append([batch(2)])
        log._file._writer.execute("PRAGMA query_only=OFF")
        assert await log.append([batch(2)]) == 2
        log.close()

    asyncio.run(main())


def test_old_records_are_read_from_the_disk_and_recent_ones_from_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("opsroom.log.sqlite.TAIL_BYTES", 50_000)

    async def main() -> None:
        log = opened(tmp_path)
        for seq in range(1, 101):
            await log.append([batch(seq, 1000)])
        assert log._tail.read(0, 10) is None
        assert log._tail.read(90, 100) is not None
        assert [record.seq for record in log.read(0, 1000)] == list(range(1, 101))
        assert [record.seq for record in log.read(90, 1000)] == list(range(91, 101))
        log.close()

    asyncio.run(main())


def test_a_gate_lets_in_by_turn_and_gives_back_what_a_cancelled_one_held() -> None:
    async def main() -> None:
        gate = Gate(10)
        await gate.enter(8)
        order: list[int] = []

        async def come(size: int) -> None:
            await gate.enter(size)
            order.append(size)

        async with asyncio.TaskGroup() as group:
            big = group.create_task(come(9))
            group.create_task(come(1))
            await asyncio.sleep(0)
            assert order == []
            big.cancel()
            await asyncio.sleep(0)
            gate.leave(8)
        assert order == [1]
        gate.leave(1)
        assert gate.used == 0
        await asyncio.wait_for(gate.enter(1000), 1)

    asyncio.run(main())


def test_an_append_that_cannot_be_written_fails_alone(tmp_path: Path) -> None:
    """Also where it shares a transaction with others."""

    async def main() -> None:
        log = opened(tmp_path)
        bad = replace(
            batch(3), refusals=(Refusal(index=0, series="s", code="c", field="s", params={"id": 1 << 99}),)
        )
        told = await asyncio.gather(
            log.append([batch(1)]), log.append([batch(2)]), log.append([bad]), log.append([batch(4)]),
            return_exceptions=True,
        )  # fmt: skip
        assert [one for one in told if isinstance(one, int)] == [1, 2, 3]
        (error,) = [one for one in told if isinstance(one, StoreError)]
        assert error.code == "log_unwritable"
        assert await log.append([batch(5)]) == 4
        assert [record.seq for record in log.read(0)] == [1, 2, 4, 5]
        log.close()

    asyncio.run(main())
