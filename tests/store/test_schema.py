"""Migrations make the tables the code speaks of; a store of another release, or a damaged one, is told."""

import sqlite3
from pathlib import Path

import numpy as np
import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

import opsroom.store.migrations
from opsroom.errors import Corrupt, StoreError
from opsroom.model import Columns, Role
from opsroom.seats import Seat
from opsroom.store import open_store
from opsroom.store._tables import metadata


def test_migrations_make_what_the_code_speaks_of(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/store.db"
    open_store(url).close()
    engine = create_engine(url)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()


def test_the_newest_revision_is_the_one_named() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(opsroom.store.migrations.__file__).parent))
    assert ScriptDirectory.from_config(config).get_current_head() == opsroom.store.migrations.HEAD


def test_a_store_of_a_later_release_is_left_alone(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/store.db"
    open_store(url).close()
    alter(tmp_path, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreError) as told:
        open_store(url)
    assert told.value.code == "store_newer"


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "store.db").write_bytes(b"no database at all, but long enough to be looked at" * 100)
    with pytest.raises(Corrupt):
        open_store(f"sqlite:///{tmp_path}/store.db")


def test_a_damaged_block_is_named_and_the_others_are_read(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/store.db"
    store = open_store(url)
    n = 20_000
    series = np.repeat(np.array([1, 2], np.int32), n // 2)
    t = np.tile(np.arange(n // 2), 2)
    store.readings.take(Columns(series, t, np.random.default_rng(1).normal(size=n), np.zeros(n, np.uint8)), 1)
    store.readings.flush(0, force=True)
    store.snapshots.save("engine", 1, 1, b"state")
    store.close()
    broken = "CAST(substr(body, 1, 500) || x'00' || substr(body, 502) AS BLOB)"
    alter(tmp_path, f"UPDATE block SET body = {broken} WHERE number = 0 AND segment_id = 1")  # noqa: S608 - written above
    alter(tmp_path, "UPDATE snapshot SET body = x'01' WHERE name = 'engine'")
    store = open_store(url)
    with pytest.raises(Corrupt) as told:
        store.readings.read(1, 0, n)
    assert (told.value.params["segment"], told.value.params["block"]) == (1, 0)
    assert len(store.readings.read(2, 0, n)) == n // 2
    with pytest.raises(Corrupt, match="engine"):
        store.snapshots.load("engine")
    store.close()


def alter(folder: Path, statement: str) -> None:
    connection = sqlite3.connect(folder / "store.db")
    with connection:
        connection.execute(statement)
    connection.close()


def test_a_seat_of_an_older_store_keeps_its_number_for_good(tmp_path: Path) -> None:
    """Also where it is the newest, and is taken away before another is made."""
    url = f"sqlite:///{tmp_path}/store.db"
    store = open_store(url)
    for person in ("ana", "ben", "eve"):
        store.access.put_seat(Seat(0, person, Role.OPERATOR, 1))
    store.close()
    alter(tmp_path, "DELETE FROM position WHERE name = 'seats'")
    store = open_store(url)
    store.access.delete_seat(3)
    assert store.access.put_seat(Seat(0, "ida", Role.OPERATOR, 1)).id == 4
    store.close()
