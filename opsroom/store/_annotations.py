"""Acts in their table, and annotations, which follow from them, in theirs; written with the journal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Select, or_, select

from opsroom.acts import Annotate, Unannotate
from opsroom.annotation import Annotation, annotation_of, taken_away
from opsroom.model import Micros
from opsroom.records import AnyAct
from opsroom.store import _tables as tables
from opsroom.store._database import Database

_pack = msgspec.msgpack.Encoder().encode
_annotation = msgspec.msgpack.Decoder(Annotation)


def put_acts(
    database: Database, connection: Connection, acts: Sequence[tuple[int, Micros, AnyAct]], committed: int
) -> None:
    """Add acts as (offset, room time, act) behind the committed offset, and what they write."""
    fresh = [(number, *act) for number, act in enumerate(acts) if act[0] > committed]
    rows = [
        {
            "log_offset": offset,
            "number": number,
            "at": at,
            "kind": type(act).__name__.lower(),
            "person": act.person,
            "body": _pack(act),
        }
        for number, offset, at, act in fresh
    ]
    database.insert(connection, tables.act, rows)
    for _, offset, at, act in fresh:
        if isinstance(act, Annotate):
            database.upsert(connection, tables.annotation, [_row(annotation_of(offset, at, act))])
        elif isinstance(act, Unannotate):
            known = _first(connection, _one(database, act.annotation_id))
            if known is not None:
                database.upsert(connection, tables.annotation, [_row(taken_away(known, at, act))])


class SqlAnnotations:
    """Annotations of one economy."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(
        self,
        unit_id: int,
        t_from: Micros,
        t_to: Micros,
        *,
        series_id: int | None = None,
        at: Micros | None = None,
        limit: int = 1000,
    ) -> list[Annotation]:
        """Give those that a span touches."""
        table = tables.annotation.c
        query = select(table.body).where(
            table.root_id == self._database.root_id,
            table.unit_id == unit_id,
            table.t_from < t_to,
            table.t_to >= t_from,
        )
        if series_id is not None:
            query = query.where(table.series_id.in_([0, series_id]))
        if at is None:
            query = query.where(table.removed.is_(None))
        else:
            query = query.where(table.at <= at, or_(table.removed.is_(None), table.removed > at))
        with self._database.read() as connection:
            newest = query.order_by(table.t_from.desc(), table.at.desc()).limit(limit)
            found = [_annotation.decode(body) for (body,) in connection.execute(newest)]
        return sorted(found, key=lambda one: (one.t_from, one.at, one.id))

    def annotation(self, annotation_id: str) -> Annotation | None:
        """Give one."""
        with self._database.read() as connection:
            return _first(connection, _one(self._database, annotation_id))

    def written(self, seat_id: int, key: str) -> Annotation | None:
        """Give the one that a seat wrote by the act of this key."""
        table = tables.annotation.c
        query = select(table.body).where(
            table.root_id == self._database.root_id, table.seat_id == seat_id, table.key == key
        )
        with self._database.read() as connection:
            return _first(connection, query)


def _one(database: Database, annotation_id: str) -> Select[Any]:
    table = tables.annotation.c
    return select(table.body).where(table.root_id == database.root_id, table.id == annotation_id)


def _first(connection: Connection, query: Select[Any]) -> Annotation | None:
    body = connection.execute(query).scalar()
    return None if body is None else _annotation.decode(body)


def _row(one: Annotation) -> dict[str, Any]:
    return {
        "id": one.id,
        "unit_id": one.unit_id,
        "series_id": one.series_id,
        "seat_id": one.seat_id,
        "key": one.key,
        "t_from": one.t_from,
        "t_to": one.t_to,
        "at": one.at,
        "removed": one.removed,
        "body": _pack(one),
    }
