"""Reading on in a damaged log: what is unreadable is named, what stands around it is given."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path
from typing import Final

import structlog

from opsroom.errors import Corrupt
from opsroom.wal import TORN_MAX, commits_beyond

_logger = structlog.get_logger("opsroom.log")


SqliteError: Final = (sqlite3.Error, UnicodeDecodeError)
"""What a damaged file makes SQLite raise: where it quotes a damaged name, its words are no text."""


def is_damage(error: Exception) -> bool:
    """Tell whether SQLite says that a page is not what it should be."""
    return (
        isinstance(error, UnicodeDecodeError)
        or (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF == sqlite3.SQLITE_CORRUPT
    )


def unreadable(reader: sqlite3.Connection, path: Path, after: int, last: int) -> Corrupt:
    """Give the error that names the records behind `after` which no page gives any more.

    Its `offset` is the last of them, so that reading on behind it works. A record that is only not there
    (trimmed) is no damage.
    """
    first = number = after + 1
    while number <= last and not _readable(reader, number):
        number += 1
    return lost(path, first, max(first, number - 1))


def lost(path: Path, first: int, last: int) -> Corrupt:
    """Name records that cannot be read."""
    which = f"Record {last}" if first == last else f"Records {first} to {last}"
    return Corrupt(
        f"{which} of {path.name} cannot be read.",
        remedy="The log goes on after it; what it held is lost here and may be in a backup.",
        offset=last,
        first=first,
        file=str(path),
    )


def _readable(reader: sqlite3.Connection, number: int) -> bool:
    try:
        reader.execute("SELECT payload FROM record WHERE number = ?", (number,)).fetchone()
    except SqliteError as error:
        if is_damage(error):
            return False
        raise
    return True


def keep_cut_wal(connection: sqlite3.Connection, path: Path) -> int:
    """Look whether recovery left acknowledged transactions behind; put the file aside if so. Gives how many.

    To be called before anything is written: the next write overwrites what recovery left.
    """
    wal = path.with_name(path.name + "-wal")
    (_, frames, _) = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    if not wal.exists():
        return 0
    with wal.open("rb") as file:
        commits = commits_beyond(file, max(0, frames))
    if commits <= TORN_MAX:
        return 0
    aside = path.with_name(path.name + "-wal.damaged")
    shutil.copy2(wal, aside)
    _logger.error("log_cut_short", file=str(path), transactions=commits, kept_as=str(aside))
    return commits
