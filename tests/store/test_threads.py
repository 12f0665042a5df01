"""Readings are taken, read and flushed from several threads at once, and nothing is lost or seen twice."""

import threading
from pathlib import Path

import numpy as np

from opsroom.errors import OpsroomError
from opsroom.model import Columns
from opsroom.store import open_store

SERIES, INSTANTS = 40, 300


def test_flush_goes_on_beside_takes_and_reads(tmp_path: Path) -> None:  # noqa: C901 - three threads side by side
    store = open_store(f"sqlite:///{tmp_path}/store.db")
    done = threading.Event()
    wrong: list[str] = []
    ids = np.arange(1, SERIES + 1, dtype=np.int32)

    def flush() -> None:
        while not done.is_set():
            store.readings.flush(0, force=True)

    def look() -> None:
        seen = 0
        while not done.is_set():
            found = store.readings.read(7, 0, 10**9)
            if found.t.tolist() != list(range(1, len(found) + 1)) or len(found) < seen:
                wrong.append(f"read {len(found)} after {seen}")
            seen = len(found)
            total = store.readings.buckets([7], 0, 10**9, 10**9)
            if len(total) and not seen <= total.count[0] <= INSTANTS:
                wrong.append(f"bucket {total.count} after {seen}")
            if store.readings.count() % SERIES:
                wrong.append("count")

    threads = [threading.Thread(target=target) for target in (flush, look, look)]
    try:
        for thread in threads:
            thread.start()
        for t in range(1, INSTANTS + 1):
            store.readings.take(
                Columns(ids, np.full(SERIES, t), np.full(SERIES, float(t)), np.full(SERIES, 192, np.uint8)), t
            )
    finally:
        done.set()
        for thread in threads:
            thread.join()
    assert wrong == []
    assert store.readings.flush(0, force=True) == INSTANTS
    assert store.readings.count() == SERIES * INSTANTS
    store.close()


def test_a_failed_flush_keeps_everything_for_the_next(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/store.db")
    database = store.database  # type: ignore[attr-defined]
    one = np.array([1], np.int32)

    def take(offset: int) -> None:
        store.readings.take(
            Columns(one, np.array([offset]), np.array([1.5]), np.array([192], np.uint8)), offset
        )

    take(1)
    with database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA query_only=ON")
    failures = 0
    for _ in range(5):
        take(2 + failures)
        try:
            store.readings.flush(0, force=True)
        except OpsroomError:
            failures += 1
            assert store.readings.flushed_offset == 0
            assert len(store.readings.read(1, 0, 100)) == 1 + failures
            continue
        break
    assert failures >= 1
    with database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA query_only=OFF")
    held = len(store.readings.read(1, 0, 100))
    store.readings.flush(0, force=True)
    assert store.readings.count() == held
    store.close()
