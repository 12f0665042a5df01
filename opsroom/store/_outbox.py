"""Notifications on their way, in the database of the journal they are read from.

One transaction keeps the notices, the grouping they came from, and how far the journal was read: whatever
is committed as an edge is therefore told, and a restart neither loses nor doubles a notice.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
from sqlalchemy import and_, delete, func, or_, select

from opsroom.errors import NotFound
from opsroom.model import Micros, Transition
from opsroom.notices import Cursor, Delivery, News
from opsroom.store import _tables as tables
from opsroom.store._database import Database

READER: Final = "notify"
BEAT: Final = "beat"
_pack = msgspec.msgpack.Encoder().encode
_edge = msgspec.msgpack.Decoder(Transition)
_delivery = msgspec.msgpack.Decoder(Delivery)


class SqlOutbox:
    """The outbox of one economy."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._root = database.root_id

    def reader(self) -> tuple[Cursor, bytes] | None:
        """Give how far the journal was read, and the grouping as it then was."""
        table = tables.reader.c
        query = select(table.log_offset, table.number, table.body).where(
            table.root_id == self._root, table.name == READER
        )
        with self._database.read() as connection:
            row = connection.execute(query).first()
        return None if row is None else ((row[0], row[1]), bytes(row[2]))

    def newest(self) -> Cursor:
        """Give the place of the journal's last edge, (0, 0) where there is none."""
        table = tables.edge.c
        query = (
            select(table.log_offset, table.number)
            .where(table.root_id == self._root)
            .order_by(table.log_offset.desc(), table.number.desc())
            .limit(1)
        )
        with self._database.read() as connection:
            row = connection.execute(query).first()
        return (0, 0) if row is None else (row[0], row[1])

    def news(self, after: Cursor, limit: int) -> list[News]:
        """Give edges behind `after`, in order."""
        table = tables.edge.c
        offset, number = after
        query = (
            select(table.log_offset, table.number, table.body)
            .where(
                table.root_id == self._root,
                table.log_offset >= offset,
                or_(table.log_offset > offset, table.number > number),
            )
            .order_by(table.log_offset, table.number)
            .limit(limit)
        )
        with self._database.read() as connection:
            return [News((at, nth), _edge.decode(body)) for at, nth, body in connection.execute(query)]

    def keep(self, cursor: Cursor, grouping: bytes, deliveries: Sequence[Delivery]) -> None:
        """Store all of it, or nothing."""
        place = {"name": READER, "log_offset": cursor[0], "number": cursor[1], "body": grouping}
        with self._database.write_again() as connection:
            self._database.upsert(connection, tables.notice, [self._row(one) for one in deliveries])
            self._database.upsert(connection, tables.reader, [place])

    def put(self, delivery: Delivery) -> None:
        """Replace one delivery."""
        with self._database.write_again() as connection:
            self._database.upsert(connection, tables.notice, [self._row(delivery)])

    def sent(self, receiver: str, notice_id: str) -> None:
        """Let go of what arrived."""
        table = tables.notice
        mine = and_(table.c.root_id == self._root, table.c.receiver == receiver, table.c.id == notice_id)
        with self._database.write_again() as connection:
            connection.execute(delete(table).where(mine))

    def due(self, receiver: str, now: Micros, limit: int) -> list[Delivery]:
        """Give what is to be tried, longest due first."""
        table = tables.notice.c
        query = (
            select(table.body)
            .where(
                table.root_id == self._root,
                table.receiver == receiver,
                table.state == "waiting",
                table.due <= now,
            )
            .order_by(table.due, table.made, table.id)
            .limit(limit)
        )
        with self._database.read() as connection:
            return [_delivery.decode(body) for (body,) in connection.execute(query)]

    def waiting(self, receiver: str) -> list[Delivery]:
        """Give what waits for a receiver, oldest first."""
        return [one for one in self.letters("waiting") if one.notice.receiver == receiver]

    def letters(self, state: str) -> list[Delivery]:
        """Give all deliveries of a state, oldest first."""
        table = tables.notice.c
        query = (
            select(table.body)
            .where(table.root_id == self._root, table.state == state)
            .order_by(table.made, table.id)
        )
        with self._database.read() as connection:
            return [_delivery.decode(body) for (body,) in connection.execute(query)]

    def letter(self, notice_id: str) -> Delivery:
        """Give one delivery.

        Raises:
            NotFound: none of that id waits or is dead.
        """
        table = tables.notice.c
        query = select(table.body).where(table.root_id == self._root, table.id == notice_id)
        with self._database.read() as connection:
            body = connection.execute(query).scalar()
        if body is None:
            raise NotFound(
                f"No notice {notice_id}.", remedy="See: opsroom notify dead.", code="notice_unknown"
            )
        return _delivery.decode(body)

    def count(self) -> dict[tuple[str, str], int]:
        """Count deliveries by (receiver, state)."""
        table = tables.notice.c
        query = (
            select(table.receiver, table.state, func.count())
            .where(table.root_id == self._root)
            .group_by(table.receiver, table.state)
        )
        with self._database.read() as connection:
            return {(receiver, state): n for receiver, state, n in connection.execute(query)}

    def beat(self, at: Micros) -> None:
        """Write one small row: it shows that the store takes rows."""
        row = {"name": BEAT, "log_offset": 0, "number": at, "body": b""}
        with self._database.write_again() as connection:
            self._database.upsert(connection, tables.reader, [row])

    @staticmethod
    def _row(delivery: Delivery) -> dict[str, object]:
        return {
            "receiver": delivery.notice.receiver,
            "id": delivery.notice.id,
            "state": delivery.state,
            "due": delivery.due,
            "made": delivery.notice.made,
            "body": _pack(delivery),
        }
