"""Declared flows in their table; written with the journal's commit."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from sqlalchemy import Connection, select

from opsroom.flow import Flow
from opsroom.records import AnyConfig, FlowSet
from opsroom.store import _tables as tables
from opsroom.store._database import Database

_pack = msgspec.msgpack.Encoder().encode
_flow = msgspec.msgpack.Decoder(Flow)


def put_flows(database: Database, connection: Connection, config: Sequence[AnyConfig]) -> None:
    """Replace flows by their latest state."""
    flows = {change.flow.id: change.flow for change in config if isinstance(change, FlowSet)}
    database.upsert(connection, tables.flow, [{"id": f.id, "body": _pack(f)} for f in flows.values()])


def flows_of(database: Database) -> list[Flow]:
    """Give all flows by id, retired ones too."""
    table = tables.flow.c
    query = select(table.body).where(table.root_id == database.root_id).order_by(table.id)
    with database.read() as connection:
        return [_flow.decode(body) for (body,) in connection.execute(query)]
