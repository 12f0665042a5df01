"""A copy of an SQLite store or log while the room runs: one consistent moment, writers go on."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy.engine import make_url

from opsroom.errors import NotFound, SettingsError, StoreError, StoreFull


def backup(url: str, target: Path) -> int:
    """Copy the SQLite file behind `url` (store or log) to `target` and give its bytes.

    The copy is checked, written beside `target` and renamed when it is whole and on the disk. Copy the
    store first, the log after it, so that the log holds what the store has yet to consume; `backup_room`
    does both.

    Raises:
        NotFound: there is no such file.
        SettingsError: the URL is of another engine (PostgreSQL has pg_dump).
        StoreFull, StoreError: the copy could not be written, or the original is damaged.
    """
    source = _file_of(url)
    part = target.with_name(target.name + ".part")
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        part.unlink(missing_ok=True)
        with (
            closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True, timeout=10.0)) as original,
            closing(sqlite3.connect(part)) as copy,
        ):
            original.backup(copy, pages=-1)
            copy.execute("PRAGMA journal_mode=DELETE").fetchall()
            (verdict,) = copy.execute("PRAGMA quick_check(1)").fetchone()
        if verdict != "ok":
            raise StoreError(
                f"The copy of {source.name} is damaged: {verdict}.",
                remedy="Mend or replace the disk; the last good copy is the one before.",
            )
        with part.open("rb+") as file:
            os.fsync(file.fileno())
        part.replace(target)
    except sqlite3.Error as error:
        full = getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_FULL
        kind = StoreFull if full else StoreError
        raise kind(
            f"{source.name} could not be copied: {error}.", remedy="Look at the target's disk."
        ) from error
    finally:
        part.unlink(missing_ok=True)
    return target.stat().st_size


def backup_room(store_url: str, log_url: str, folder: Path, tries: int = 3) -> tuple[Path, Path]:
    """Copy store and log to `folder`/store.db and log.db so that together they are a room at one moment.

    When the room trimmed its log between the two copies, beyond what the copied store holds, both are made
    again.

    Raises:
        as `backup`; StoreError when the log was trimmed each time.
    """
    store, log = folder / "store.db", folder / "log.db"
    for _ in range(tries):
        backup(store_url, store)
        backup(log_url, log)
        if _trimmed(log) <= _reaches(store):
            return store, log
    raise StoreError("The room was too busy during every copy.", remedy="Try again.", code="backup_busy")


def _trimmed(log: Path) -> int:
    with closing(sqlite3.connect(log)) as connection:
        return int(connection.execute("SELECT upto FROM trimmed").fetchone()[0])


def _reaches(store: Path) -> int:
    """Give the record behind which the log is needed: what is in no chunk, and what the state has not."""
    parts = (("position", "readings"), ("snapshot", "core"))
    query = "SELECT COALESCE(MIN(log_offset), 0) FROM {} WHERE name = ?"
    with closing(sqlite3.connect(store)) as connection:
        found = [connection.execute(query.format(table), (name,)).fetchone() for table, name in parts]
    return min(int(offset) for (offset,) in found)


def _file_of(url: str) -> Path:
    """Give the file behind an SQLite URL."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite" or not parsed.database:
        raise SettingsError(
            f"{parsed.get_backend_name()} is not copied here.",
            remedy="Use the database's own backup, as pg_dump.",
        )
    path = Path(parsed.database)
    if not path.exists():
        raise NotFound(f"There is no {path}.", remedy="Look at `store.url` and `log.url`.", file=str(path))
    return path
