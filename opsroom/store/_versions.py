"""Versions of units and series in their table; written with the journal's commit."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from sqlalchemy import Connection, select

from opsroom.records import AnyConfig, MetaKind, SeriesSet, UnitSet
from opsroom.store import _tables as tables
from opsroom.store._database import Database

_pack = msgspec.msgpack.Encoder().encode
_change = msgspec.msgpack.Decoder(UnitSet | SeriesSet)


def put_versions(
    database: Database, connection: Connection, offset: int, config: Sequence[AnyConfig]
) -> None:
    """Add changes of units and series under the commit's offset; a move along with a unit above is none."""
    rows = [
        {
            "log_offset": offset,
            "number": number,
            "kind": "unit" if isinstance(change, UnitSet) else "series",
            "of_id": change.unit.id if isinstance(change, UnitSet) else change.series.id,
            "body": _pack(change),
        }
        for number, change in enumerate(config)
        if isinstance(change, UnitSet | SeriesSet) and change.via != "moved"
    ]
    database.insert(connection, tables.version, rows)


def versions_of(database: Database, kind: MetaKind, of_id: int, limit: int) -> list[UnitSet | SeriesSet]:
    """Give the changes of one unit or series, newest first."""
    table = tables.version.c
    query = (
        select(table.body)
        .where(table.root_id == database.root_id, table.kind == kind, table.of_id == of_id)
        .order_by(table.log_offset.desc(), table.number.desc())
        .limit(limit)
    )
    with database.read() as connection:
        return [_change.decode(body) for (body,) in connection.execute(query)]
