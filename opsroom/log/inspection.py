"""What is damaged in a log, without altering it: for `opsroom doctor`."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from itertools import groupby
from pathlib import Path
from typing import Final

from opsroom.errors import Corrupt
from opsroom.log._file import VERSION, is_whole
from opsroom.log._salvage import SqliteError, is_damage

_COLUMNS: Final = "number, kind, received, source, epoch, seq, crc, payload"
_STRIDE: Final = 512


def inspect(path: Path) -> tuple[int, list[Corrupt]]:
    """Read every record of the log at `path`; give how many are whole, and what is damaged or cut off.

    The errors name file, records and remedy. A running room is not disturbed.
    """
    found: list[Corrupt] = []
    aside = path.with_name(path.name + "-wal.damaged")
    if aside.exists():
        found.append(
            Corrupt(
                f"{path.name} was cut short at a damaged place of its write-ahead log.",
                remedy=f"What was acknowledged behind it is only in {aside.name}: let senders send again "
                "from a backup of theirs, then move that file away.",
                file=str(aside),
            )
        )
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as log:
            (version,) = log.execute("PRAGMA user_version").fetchone()
            if version != VERSION:
                remedy = "Use the release that wrote it."
                error = Corrupt(f"{path.name} has format {version}.", remedy=remedy, file=str(path))
                return 0, [*found, error]
            whole, bad = _records(log)
    except SqliteError as error:
        remedy = "Restore a backup: opsroom restore."
        return 0, [*found, Corrupt(f"{path.name} cannot be read: {error}.", remedy=remedy, file=str(path))]
    return whole, [*found, *(_told(path, first, last) for first, last in _ranges(bad))]


def _records(log: sqlite3.Connection) -> tuple[int, list[int]]:
    """Give how many records are whole, and the numbers of those that are not."""
    (last,) = log.execute("SELECT COALESCE(MAX(number), 0) FROM record").fetchone()
    after = _first(log) - 1
    whole, bad = 0, []
    query = f"SELECT {_COLUMNS} FROM record WHERE number > ? AND number <= ?"  # noqa: S608 - constant above
    while after < last:
        stop = min(after + _STRIDE, last)
        try:
            rows = log.execute(query, (after, stop)).fetchall()
            unread = [row[0] for row in rows if not is_whole(row)]
            whole += len(rows) - len(unread)
        except SqliteError as error:
            if not is_damage(error):
                raise
            good, unread = _one_by_one(log, range(after + 1, stop + 1))
            whole += good
        bad += unread
        after = stop
    return whole, bad


def _first(log: sqlite3.Connection) -> int:
    """Give the number of the first record, 1 where its page cannot be read."""
    try:
        return int(log.execute("SELECT COALESCE(MIN(number), 1) FROM record").fetchone()[0])
    except SqliteError as error:
        if not is_damage(error):
            raise
        return 1


def _one_by_one(log: sqlite3.Connection, numbers: range) -> tuple[int, list[int]]:
    """Look at records singly where a page among them is damaged; those trimmed away are no damage."""
    whole, bad = 0, []
    query = f"SELECT {_COLUMNS} FROM record WHERE number = ?"  # noqa: S608 - constant above
    for number in numbers:
        try:
            row = log.execute(query, (number,)).fetchone()
        except SqliteError as error:
            if not is_damage(error):
                raise
            bad.append(number)
            continue
        if row is not None and not is_whole(row):
            bad.append(number)
        whole += row is not None and is_whole(row)
    return whole, bad


def _ranges(numbers: list[int]) -> list[tuple[int, int]]:
    """Join numbers that follow one another.

    >>> _ranges([3, 4, 5, 9])
    [(3, 5), (9, 9)]
    """
    found = []
    for _, group in groupby(enumerate(sorted(numbers)), key=lambda pair: pair[1] - pair[0]):
        run = [number for _, number in group]
        found.append((run[0], run[-1]))
    return found


def _told(path: Path, first: int, last: int) -> Corrupt:
    which = f"Record {first}" if first == last else f"Records {first} to {last}"
    return Corrupt(
        f"{which} of {path.name} do not match their checksum or cannot be read.",
        remedy="The room passes over them. Readings: let the senders send them again as historical. Acts and "
        "configuration: restore a backup if they are missed.",
        file=str(path),
        first=first,
        last=last,
    )
