"""A copy made while the room writes is whole, and opens as a room."""

import asyncio
import threading
from pathlib import Path

import numpy as np
import pytest

from opsroom.errors import NotFound, SettingsError, StoreError
from opsroom.log import open_log
from opsroom.log.columns import encode_columns
from opsroom.model import Columns
from opsroom.records import Entry, RecordKind
from opsroom.store import open_store
from opsroom.store.backup import backup, backup_room


def instant(offset: int) -> Columns:
    n = 50
    return Columns(
        np.arange(1, n + 1, dtype=np.int32),
        np.full(n, offset * 1000),
        np.random.default_rng(offset).normal(size=n),
        np.full(n, 192, np.uint8),
    )


def test_store_and_log_are_copied_under_load(tmp_path: Path) -> None:
    store_url, log_url = f"sqlite:///{tmp_path}/store.db", f"sqlite:///{tmp_path}/log.db"
    store, log = open_store(store_url), open_log(log_url)
    stop = threading.Event()
    states = [0]

    async def write() -> None:
        offset = 0
        while not stop.is_set() and offset < 5000:
            entry = Entry(kind=RecordKind.READINGS, received=0, payload=encode_columns(instant(offset + 1)))
            offset = await log.append([entry])
            store.readings.take(instant(offset), offset)
            if offset % 130 == 0:
                store.snapshots.save("core", 1, offset, b"state")
                states.append(offset)
            if offset % 50 == 0:
                log.trim(min(store.readings.flush(0, force=True), states[-1]))

    writer = threading.Thread(target=lambda: asyncio.run(write()))
    writer.start()
    try:
        for number in range(3):
            kept_store, kept_log = backup_room(store_url, log_url, tmp_path / f"copy{number}", tries=20)
            copy, copied_log = open_store(f"sqlite:///{kept_store}"), open_log(f"sqlite:///{kept_log}")
            flushed = copy.readings.flushed_offset
            assert copy.readings.count() == flushed * 50
            state = copy.snapshots.load("core")
            since = min(flushed, state[1] if state is not None else 0)
            left = [record.offset for record in copied_log.read(since, 10_000)]
            assert left == list(range(since + 1, copied_log.last_offset + 1))
            copy.close()
            copied_log.close()
    finally:
        stop.set()
        writer.join()
        store.close()
        log.close()
    assert not list(tmp_path.rglob("*.part"))


def test_a_log_that_begins_behind_the_state_is_not_copied(tmp_path: Path) -> None:
    """The readings are in chunks, but what the detectors would have made of them is nowhere."""
    store_url, log_url = f"sqlite:///{tmp_path}/store.db", f"sqlite:///{tmp_path}/log.db"
    store, log = open_store(store_url), open_log(log_url)

    async def write() -> None:
        for offset in range(1, 21):
            entry = Entry(kind=RecordKind.READINGS, received=0, payload=encode_columns(instant(offset)))
            store.readings.take(instant(offset), await log.append([entry]))

    asyncio.run(write())
    store.snapshots.save("core", 1, 10, b"state")
    log.trim(store.readings.flush(0, force=True))
    with pytest.raises(StoreError) as told:
        backup_room(store_url, log_url, tmp_path / "copy", tries=2)
    assert told.value.code == "backup_busy"
    store.snapshots.save("core", 1, 20, b"state")
    backup_room(store_url, log_url, tmp_path / "copy")
    store.close()
    log.close()


def test_what_cannot_be_copied_says_why(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        backup(f"sqlite:///{tmp_path}/none.db", tmp_path / "x.db")
    with pytest.raises(SettingsError, match="pg_dump"):
        backup("postgresql+psycopg://localhost/x", tmp_path / "x.db")
