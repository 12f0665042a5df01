"""What is damaged in an SQLite store, without altering it: for `opsroom doctor`."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Final

import google_crc32c
import msgspec
import numpy as np

from opsroom.errors import Corrupt, OpsroomError, StoreError
from opsroom.store import Level
from opsroom.store._blocks import decode_block
from opsroom.store._chunks import Runs, decode_runs
from opsroom.store._horizon import levels
from opsroom.store._listing import NAME, Listing, Segment, agreed, decode
from opsroom.store._sealed import is_sealed, unseal
from opsroom.store._tables import metadata
from opsroom.store.migrations import HEAD

_PAGES_TOLD: Final = 20
_BACKUP: Final = "Restore a backup: opsroom restore. Everything else can be read as it is."
_IRREPLACEABLE: Final = ("readings.known", NAME)
_LISTS: Final = f"SELECT root_id, crc, body FROM snapshot WHERE name = '{NAME}' ORDER BY root_id"  # noqa: S608
_BODIES: Final = sorted(name for name, one in metadata.tables.items() if is_sealed(one))
_PLAIN: Final = ("reader",)
"""Tables whose bodies are no MessagePack."""
SEALED_SINCE: Final = "0016"
LISTED_SINCE: Final = "0009"
_REPEATED: Final = {
    "alert": ("id", "series_id", "unit_id", "outcome", "raised", "deadline"),
    "edge": ("at", "verb", "actor"),
    "series": ("id", "unit_id", "name"),
    "unit": ("id", "parent_id", "path"),
}
"""Columns by which rows are found and put in order, and which their body says too."""


def inspect(path: Path) -> tuple[int, list[OpsroomError]]:
    """Read every block, index, snapshot and row of the store at `path`.

    Gives how many blocks are whole, and what is damaged: each error names file and block, how many readings
    of which series and time (us) are lost, and what to do. A running room is not disturbed.
    """
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as store:
            newer = too_new(store, path)
            if newer is not None:
                return 0, [newer]
            found: list[OpsroomError] = list(_pages(store, path))
            whole, bad = _segments(store, path)
            return whole, [*found, *bad, *_listed(store, path), *_snapshots(store, path), *_rows(store, path)]
    except (sqlite3.Error, UnicodeDecodeError) as error:
        return 0, [Corrupt(f"{path.name} cannot be read: {error}.", remedy=_BACKUP, file=str(path))]


def held(path: Path) -> dict[int, tuple[Level, ...]]:
    """Give what is stored of each level, the finest first, by economy; nothing where that is damaged."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as store:
            lists = _by_root(store, _LISTS)
    except (sqlite3.Error, UnicodeDecodeError):
        return {}
    found = {}
    for root, ((crc, body),) in lists.items():
        with suppress(Corrupt):
            listing = decode(crc, body)
            found[root] = levels(listing.segments, listing.horizons)
    return found


def too_new(store: sqlite3.Connection, path: Path) -> StoreError | None:
    """Give the error of a store whose schema a later release wrote; None where this one reads it."""
    row = store.execute("SELECT version_num FROM alembic_version").fetchone()
    if row is None or row[0] <= HEAD:
        return None
    return StoreError(
        f"{path.name} has schema {row[0]}, this release reads up to {HEAD}.",
        remedy="Use the release that wrote it, or a later one.",
        code="store_newer",
        file=str(path),
    )


def _pages(store: sqlite3.Connection, path: Path) -> Iterator[Corrupt]:
    """Ask SQLite for pages that are not what they should be."""
    try:
        rows = store.execute(f"PRAGMA quick_check({_PAGES_TOLD})").fetchall()
    except (sqlite3.Error, UnicodeDecodeError) as error:
        rows = [(str(error),)]
    for (said,) in rows:
        if said != "ok":
            line = " ".join(str(said).split())
            yield Corrupt(f"{path.name}: {line}.", remedy=_BACKUP, file=str(path))


def _segments(store: sqlite3.Connection, path: Path) -> tuple[int, list[Corrupt]]:
    """Decode every index and block."""
    whole, found = 0, []
    for segment, width_s, readings, blob in store.execute(
        "SELECT id, width_s, readings, runs FROM segment ORDER BY id"
    ).fetchall():
        what = f"segment {segment}" if width_s == 0 else f"segment {segment} (rollup of {width_s} s)"
        try:
            runs = decode_runs(blob)
        except (Corrupt, TypeError) as error:
            found.append(_lost(path, what, segment, None, readings, str(error)))
            continue
        for number in np.unique(runs.block).tolist():
            query = "SELECT body FROM block WHERE segment_id = ? AND number = ?"
            try:
                row = store.execute(query, (segment, number)).fetchone()
                decode_block(row[0])
                whole += 1
            except (Corrupt, TypeError, ValueError, sqlite3.Error) as error:
                found.append(_lost(path, what, segment, number, 0, str(error), runs))
    return whole, found


def _listed(store: sqlite3.Connection, path: Path) -> Iterator[Corrupt]:
    """Compare the list of segments with their own rows and with the position of readings."""
    if _schema(store) < LISTED_SINCE:
        return
    lists = _by_root(store, _LISTS)
    offsets = _by_root(store, "SELECT root_id, log_offset FROM position WHERE name = 'readings'")
    rows = _by_root(store, "SELECT root_id, id, width_s, t_min, t_max, readings FROM segment ORDER BY id")
    for root in sorted(lists.keys() | offsets.keys() | rows.keys()):
        ((offset,),) = offsets.get(root, [(None,)])
        try:
            listing: Listing | None = decode(*lists[root][0]) if root in lists else None
            listing = agreed(listing, offset)
        except Corrupt as error:
            yield Corrupt(f"{path.name}: {error.message}", remedy=_BACKUP, file=str(path))
            continue
        own = [Segment(number, width_s * 1_000_000, *rest) for number, width_s, *rest in rows.get(root, [])]
        for segment in sorted({one.id for one in {*own} ^ {*listing.segments}}):
            yield Corrupt(
                f"{path.name}: the row of segment {segment} is not as it was listed.",
                remedy=_BACKUP,
                file=str(path),
                segment=segment,
            )


def _by_root(store: sqlite3.Connection, query: str) -> dict[int, list[tuple[Any, ...]]]:
    """Give rows by their first column."""
    found: dict[int, list[tuple[Any, ...]]] = {}
    for root, *rest in store.execute(query):
        found.setdefault(root, []).append(tuple(rest))
    return found


def _lost(
    path: Path, what: str, segment: int, block: int | None, readings: int, why: str, runs: Runs | None = None
) -> Corrupt:
    """Say which readings a damaged block or index takes with it."""
    params: dict[str, Any] = {"file": str(path), "segment": segment, "block": block, "readings": readings}
    if runs is not None:
        here = runs.block == block
        params |= {
            "readings": int(runs.length[here].sum()),
            "series": np.unique(runs.series[here]).tolist(),
            "t_min": int(runs.t_min[here].min()),
            "t_max": int(runs.t_max[here].max()),
        }
    where = what if block is None else f"{what}, block {block}"
    return Corrupt(
        f"{path.name}: {where}: {params['readings']} readings cannot be read ({why.strip().rstrip('.')}).",
        remedy=_BACKUP,
        **params,
    )


def _snapshots(store: sqlite3.Connection, path: Path) -> Iterator[Corrupt]:
    """Check every snapshot."""
    for name, crc, body in store.execute("SELECT name, crc, body FROM snapshot").fetchall():
        if not isinstance(body, bytes) or google_crc32c.value(body) != crc:
            made = "Start the room: it is made again, or it says that a backup is needed."
            again = "Restore a backup." if name in _IRREPLACEABLE else made
            yield Corrupt(
                f"{path.name}: snapshot {name} does not match its checksum.",
                remedy=again,
                file=str(path),
                snapshot=name,
            )


def _rows(store: sqlite3.Connection, path: Path) -> Iterator[Corrupt]:
    """Check every row that has a body: the tree, the alerts, their journal, the acts and the rest."""
    schema = _schema(store)
    there = {name for (name,) in store.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    for table in filter(there.__contains__, _BODIES):  # an older schema has fewer
        names = _REPEATED.get(table, ())
        try:
            rows = store.execute(f"SELECT {', '.join(('body', *names))} FROM {table}")  # noqa: S608 - constants
            bodies = ((_unsealed(schema, body), dict(zip(names, said, strict=True))) for body, *said in rows)
            bad = sum(not _whole(table, body, said) for body, said in bodies)
        except (sqlite3.Error, UnicodeDecodeError) as error:
            yield Corrupt(f"{path.name}: table {table}: {error}.", remedy=_BACKUP, file=str(path))
            continue
        if bad:
            yield Corrupt(
                f"{path.name}: {bad} rows of table {table} cannot be read.",
                remedy=_BACKUP,
                file=str(path),
                table=table,
            )


def _schema(store: sqlite3.Connection) -> str:
    """Give the revision of the schema: what an older one had not is not missing."""
    (schema,) = store.execute("SELECT version_num FROM alembic_version").fetchone() or (HEAD,)
    return str(schema)


def _unsealed(schema: str, stored: Any) -> bytes | None:
    """Give a body without its seal, which those of an older schema have not; None where it is damaged."""
    if schema < SEALED_SINCE:
        return bytes(stored)
    try:
        return unseal(stored)
    except (Corrupt, TypeError):
        return None


def _whole(table: str, body: bytes | None, said: dict[str, Any]) -> bool:
    """Say whether a body is as it was written, and its row's columns say the same."""
    if body is None:
        return False
    try:
        told = {} if table in _PLAIN else msgspec.msgpack.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    return not isinstance(told, dict) or all(told.get(name, one) == one for name, one in said.items())
