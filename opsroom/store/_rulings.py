"""What rules found, and the versions of rules, in tables; written with the journal's commit."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import msgspec
from sqlalchemy import Connection, func, select

from opsroom.model import Micros
from opsroom.rule import Rule, Ruling
from opsroom.store import _tables as tables
from opsroom.store._database import Database

_pack = msgspec.msgpack.Encoder().encode
_ruling = msgspec.msgpack.Decoder(Ruling)
_rule = msgspec.msgpack.Decoder(Rule)


class SqlRulings:
    """Rulings and rule versions of one economy."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(
        self, connection: Connection, offset: int, rulings: Sequence[Ruling], rules: Collection[Rule]
    ) -> None:
        """Add what was found under the commit's offset, and rules as versions of their own."""
        rows = [
            {
                "log_offset": offset,
                "number": number,
                "at": one.finding.at,
                "rule": one.rule,
                "unit_id": one.unit_id,
                "opened": one.opened,
                "event": one.event,
                "body": _pack(one),
            }
            for number, one in enumerate(rulings)
        ]
        self._database.insert(connection, tables.ruling, rows)
        versions = {(rule.id, rule.version): rule for rule in rules}
        bodies = [{"id": r.id, "version": r.version, "body": _pack(r)} for r in versions.values()]
        self._database.upsert(connection, tables.rule_version, bodies)

    def events(self, unit_ids: Collection[int], t_from: Micros, t_to: Micros, limit: int) -> list[Ruling]:
        """Give what rules filed as events, newest first."""
        table = tables.ruling.c
        query = (
            select(table.body)
            .where(table.root_id == self._database.root_id, table.event.is_(True))
            .where(table.at >= t_from, table.at < t_to, table.unit_id.in_(list(unit_ids)))
            .order_by(table.at.desc(), table.log_offset.desc(), table.number.desc())
            .limit(limit)
        )
        with self._database.read() as connection:
            return [_ruling.decode(body) for (body,) in connection.execute(query)]

    def raises(self, t_from: Micros, t_to: Micros) -> list[tuple[str, int, bool, int]]:
        """Give (rule, unit id, event, raises) of a span."""
        table = tables.ruling.c
        query = (
            select(table.rule, table.unit_id, table.event, func.count())
            .where(table.root_id == self._database.root_id, table.opened.is_(True))
            .where(table.at >= t_from, table.at < t_to)
            .group_by(table.rule, table.unit_id, table.event)
            .order_by(table.rule, table.unit_id, table.event)
        )
        with self._database.read() as connection:
            return [(rule, unit, bool(event), n) for rule, unit, event, n in connection.execute(query)]

    def versions(self, rule_id: str) -> list[Rule]:
        """Give the versions of a rule, newest first."""
        table = tables.rule_version.c
        query = (
            select(table.body)
            .where(table.root_id == self._database.root_id, table.id == rule_id)
            .order_by(table.version.desc())
        )
        with self._database.read() as connection:
            return [_rule.decode(body) for (body,) in connection.execute(query)]
