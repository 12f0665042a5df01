"""A consistent copy of an SQLite file while others write to it: SQLite's online backup, in one pass."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from opsroom.errors import Corrupt, StoreError

if TYPE_CHECKING:
    from pathlib import Path


def copy_sqlite(source: Path, target: Path) -> None:
    """Copy `source` to the new file `target` and check the copy.

    All pages in one step hold one read transaction: a writer in WAL mode goes on, the copy is of one instant.

    Raises:
        StoreError: the copy could not be made.
        Corrupt: the copy does not pass SQLite's quick check.
    """
    try:
        with (
            closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as read,
            closing(sqlite3.connect(target)) as written,
        ):
            read.backup(written)
            found = written.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.Error as error:
        raise StoreError(
            f"{source} could not be copied: {error}.", remedy="Is there space?", file=str(source)
        ) from error
    if found != "ok":
        raise Corrupt(
            f"The copy of {source} is damaged: {found}.", remedy="Check the disk.", file=str(source)
        )
