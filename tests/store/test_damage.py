"""One damaged block stops nothing: what comes is stored, the rest is joined, and what is damaged is named."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsroom.errors import Corrupt
from opsroom.model import Columns, Transition
from opsroom.records import UnitSet
from opsroom.section import StoreSection
from opsroom.store import Store, open_store
from opsroom.store._sealed import is_sealed, seal, unseal
from opsroom.store._tables import metadata
from opsroom.store.inspection import inspect
from tests.conformance.test_store_rows import alert, unit
from tests.store.cutter import A_DAY, DAY, FIRST, HOUR, LAST, MINUTE, SERIES, store_days


def hurt_by(folder: Path, statement: str) -> tuple[Store, int]:
    """Give a store of three days after `statement` was done to its first segment (?), and that number."""
    url = f"sqlite:///{folder}/store.db"
    store = open_store(url, StoreSection())
    store_days(store, 3)
    store.close()
    with sqlite3.connect(folder / "store.db") as other:
        (first,) = other.execute("SELECT min(id) FROM segment WHERE width_s = 0").fetchone()
        other.execute(statement, (first,))
    other.close()
    return open_store(url, StoreSection()), first


@pytest.fixture
def hurt(tmp_path: Path) -> Iterator[Store]:
    """Give a store of three days whose first day cannot be read any more."""
    broken = "CAST(substr(body, 1, 500) || x'00' || substr(body, 502) AS BLOB)"
    statement = f"UPDATE block SET body = {broken} WHERE number = 0 AND segment_id = ?"  # noqa: S608
    store, _ = hurt_by(tmp_path, statement)
    yield store
    store.close()


def late(*readings: tuple[int, int, float]) -> Columns:
    """Give readings of (series, instant, value)."""
    series, t, v = zip(*readings, strict=True)
    count = len(readings)
    return Columns(np.array(series, np.int32), np.array(t), np.array(v), np.full(count, 192, np.uint8))


def test_segments_are_stored_and_joined_around_it(hurt: Store, tmp_path: Path) -> None:
    store_days(hurt, 40)
    assert hurt.readings.flushed_offset == 40
    assert hurt.readings.count() == 40 * A_DAY
    assert len(hurt.readings.read(5, DAY, LAST)) == 39 * DAY // (10 * MINUTE)
    with sqlite3.connect(tmp_path / "store.db") as other:
        assert other.execute("SELECT count(*) FROM segment WHERE width_s = 0").fetchone()[0] < 8 + 2 * 4
    other.close()
    with pytest.raises(Corrupt) as damage:
        hurt.readings.read(5, FIRST, LAST)
    assert damage.value.params["segment"]


def test_a_late_reading_into_it_is_added_and_others_replace_as_usual(hurt: Store) -> None:
    into, other = 5 * MINUTE, DAY
    hurt.readings.take(late((5, into, 7.0), (6, other, 9.0), (6, other + MINUTE, 9.0)), 4, historical=True)
    assert hurt.readings.flush(4 * DAY, force=True) == 4
    assert hurt.readings.count() == 3 * A_DAY + 2
    assert hurt.readings.read(6, other, other + 2 * MINUTE).v.tolist() == [9.0, 9.0]
    added = hurt.readings.buckets([5], 0, HOUR, HOUR)
    redone = hurt.readings.buckets([6], other, other + HOUR, HOUR)
    assert (added.count.tolist(), added.max.tolist()) == ([7], [50.0])
    assert (redone.count.tolist(), redone.first.tolist()) == ([7], [9.0])
    assert hurt.readings.count(list(range(1, SERIES + 1))) == 3 * A_DAY + 2


@pytest.mark.parametrize(
    "lost", ["UPDATE block SET number = 64 WHERE segment_id = ?", "DELETE FROM segment WHERE id = ?"]
)
def test_a_block_or_an_index_that_is_not_there_holds_up_nothing_either(tmp_path: Path, lost: str) -> None:
    store, first = hurt_by(tmp_path, lost)
    store.readings.take(late((5, 5 * MINUTE, 7.0)), 4, historical=True)
    assert store.readings.flush(4 * DAY, force=True) == 4
    store_days(store, 40)
    assert store.readings.flushed_offset == 40
    assert len(store.readings.read(6, DAY, LAST)) == 38 * DAY // (10 * MINUTE)  # day 3 is the late one
    with pytest.raises(Corrupt) as damage:
        store.readings.read(6, FIRST, LAST)
    assert damage.value.params["segment"] == first
    store.close()


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """Give the file of a store that knows a unit and an alert with one edge."""
    store = open_store(f"sqlite:///{tmp_path}/store.db", StoreSection())
    raised = Transition(at=1, verb="raised", alert=alert(1))
    store.journal.commit(1, [raised], [UnitSet(unit(1))], [])
    store.close()
    return tmp_path / "store.db"


@given(body=st.binary(max_size=400), bit=st.integers(0))
def test_no_bit_of_a_sealed_body_flips_unseen(body: bytes, bit: int) -> None:
    sealed = seal(body)
    assert unseal(sealed) == body
    flipped = bytearray(sealed)
    flipped[bit // 8 % len(sealed)] ^= 1 << bit % 8
    with pytest.raises(Corrupt):
        unseal(bytes(flipped))


@pytest.mark.parametrize("table", ["alert", "edge", "unit"])
def test_a_row_whose_body_was_altered_is_refused_and_named(kept: Path, table: str) -> None:
    """Also where it could still be decoded: one letter is another one."""
    with sqlite3.connect(kept) as other:
        (body,) = other.execute(f"SELECT body FROM {table}").fetchone()  # noqa: S608
        other.execute(f"UPDATE {table} SET body = ?", (body.replace(b"a-1", b"a-7").replace(b"u1", b"u7"),))  # noqa: S608
    other.close()
    assert [one.params.get("table") for one in inspect(kept)[1]] == [table]
    store = open_store(f"sqlite:///{kept}", StoreSection())
    reads: dict[str, Callable[[], object]] = {
        "alert": store.journal.alerts,
        "edge": lambda: store.journal.edges(alert(1).id),
        "unit": store.catalog.units,
    }
    with pytest.raises(Corrupt, match="does not match its checksum"):
        reads[table]()
    store.close()


@pytest.mark.parametrize(
    ("table", "column"), [("alert", "raised"), ("alert", "unit_id"), ("edge", "at"), ("unit", "path")]
)
def test_a_row_that_is_found_by_what_its_body_does_not_say_is_named(
    kept: Path, table: str, column: str
) -> None:
    assert inspect(kept)[1] == []
    with sqlite3.connect(kept) as other:
        other.execute(f"UPDATE {table} SET {column} = 77")  # noqa: S608
    other.close()
    assert [one.params["table"] for one in inspect(kept)[1]] == [table]


def test_rows_from_before_there_were_seals_are_sealed_once(kept: Path) -> None:
    """The store of an earlier release opens and says what it said."""
    with sqlite3.connect(kept) as other:
        for table in (name for name, one in metadata.tables.items() if is_sealed(one)):
            other.execute(f"UPDATE {table} SET body = substr(body, 5)")  # noqa: S608 - names of tables
        other.execute("UPDATE alembic_version SET version_num = '0015'")
    other.close()
    assert inspect(kept)[1] == [], "a backup of then is whole"
    for _ in range(2):
        store = open_store(f"sqlite:///{kept}", StoreSection())
        assert store.journal.alerts() == [alert(1)]
        assert [one.verb for one in store.journal.edges(alert(1).id)] == ["raised"]
        assert store.catalog.units() == [unit(1)]
        store.close()
    assert inspect(kept)[1] == []


def test_a_backup_from_before_segments_were_listed_is_whole(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/store.db", StoreSection())
    store_days(store, 2)
    store.close()
    with sqlite3.connect(tmp_path / "store.db") as other:
        other.execute("DELETE FROM snapshot WHERE name = 'readings.segments'")
    other.close()
    assert len(inspect(tmp_path / "store.db")[1]) == 1
    with sqlite3.connect(tmp_path / "store.db") as other:
        other.execute("UPDATE alembic_version SET version_num = '0008'")
    other.close()
    assert inspect(tmp_path / "store.db")[1] == []
