"""Alerts, their edges, acts and the tree in tables: one transaction a commit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, exists, func, or_, select, tuple_

from opsroom.audit import Audit
from opsroom.figures import Edge
from opsroom.flow import Flow
from opsroom.minutes import Minute
from opsroom.model import Alert, Micros, Outcome, Relation, Series, Transition, Unit
from opsroom.pleasure import Pleasure
from opsroom.records import AnyAct, AnyConfig, MetaKind, RelationSet, RuleSet, SeriesSet, UnitSet, decode_act
from opsroom.rule import Rule, Ruling
from opsroom.store import _tables as tables
from opsroom.store._annals import SqlAnnals
from opsroom.store._annotations import put_acts
from opsroom.store._database import Database
from opsroom.store._flows import flows_of, put_flows
from opsroom.store._rulings import SqlRulings
from opsroom.store._versions import put_versions, versions_of

POSITION: Final = "journal"
IDS_MAX: Final = 500
Place = tuple[int, int]
_pack = msgspec.msgpack.Encoder().encode
_alert = msgspec.msgpack.Decoder(Alert)
_edge = msgspec.msgpack.Decoder(Transition)
_lean = msgspec.msgpack.Decoder(Edge)
_unit = msgspec.msgpack.Decoder(Unit)
_series = msgspec.msgpack.Decoder(Series)
_relation = msgspec.msgpack.Decoder(Relation)
_audit = msgspec.msgpack.Decoder(Audit)
_pleasure = msgspec.msgpack.Decoder(Pleasure)
_rule = msgspec.msgpack.Decoder(Rule)


class SqlJournal:
    """Journal and tree of one economy."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._rulings = SqlRulings(database)
        self._annals = SqlAnnals(database)

    def commit(
        self,
        offset: int,
        transitions: Sequence[Transition],
        config: Sequence[AnyConfig],
        acts: Sequence[tuple[int, Micros, AnyAct]],
        audits: Sequence[Audit] = (),
        rulings: Sequence[Ruling] = (),
        pleasures: Sequence[Pleasure] = (),
        minutes: Sequence[Minute] = (),
    ) -> None:
        """Store all of it with the offset, or nothing."""
        with self._database.write_again() as connection:
            committed = self._committed(connection)
            if offset <= committed:
                return
            alerts = self._put_transitions(connection, offset, transitions)
            self._annals.put(connection, alerts, minutes)
            self._put_config(connection, config)
            put_versions(self._database, connection, offset, config)
            ruled = [change.rule for change in config if isinstance(change, RuleSet)]
            self._rulings.put(connection, offset, rulings, ruled)
            put_acts(self._database, connection, acts, committed)
            self._put_audits(connection, audits)
            self._put_pleasures(connection, pleasures)
            self._database.upsert(connection, tables.position, [{"name": POSITION, "log_offset": offset}])

    def offset(self) -> int:
        """Give the committed offset."""
        with self._database.read() as connection:
            return self._committed(connection)

    def alerts(
        self,
        *,
        open_only: bool = False,
        unit_ids: Sequence[int] | None = None,
        since: Micros | None = None,
        limit: int = 1000,
    ) -> list[Alert]:
        """Give alerts, newest raise first."""
        table = tables.alert.c
        query = select(table.body).where(table.root_id == self._database.root_id)
        if open_only:
            query = query.where(table.outcome == str(Outcome.OPEN))
        if unit_ids is not None:
            query = query.where(table.unit_id.in_(list(unit_ids)))
        if since is not None:
            query = query.where(table.raised >= since)
        query = query.order_by(table.raised.desc(), table.id.collate(self._bytewise()).desc()).limit(limit)
        with self._database.read() as connection:
            return [_alert.decode(body) for (body,) in connection.execute(query)]

    def alert(self, alert_id: str) -> Alert | None:
        """Give one alert."""
        table = tables.alert.c
        query = select(table.body).where(table.root_id == self._database.root_id, table.id == alert_id)
        with self._database.read() as connection:
            body = connection.execute(query).scalar()
        return None if body is None else _alert.decode(body)

    def edges(self, alert_id: str) -> list[Transition]:
        """Give what happened to an alert."""
        table = tables.edge.c
        query = (
            select(table.body)
            .where(table.root_id == self._database.root_id, table.alert_id == alert_id)
            .order_by(table.log_offset, table.number)
        )
        with self._database.read() as connection:
            return [_edge.decode(body) for (body,) in connection.execute(query)]

    def edges_within(
        self, t_from: Micros, t_to: Micros, after: Place = (0, 0), limit: int = 5_000
    ) -> list[tuple[Place, Edge]]:
        """Give edges of a span, in order."""
        table = tables.edge.c
        query = (
            select(table.log_offset, table.number, table.body)
            .where(table.root_id == self._database.root_id)
            .where(tuple_(table.log_offset, table.number) > after)
            .where(table.at >= t_from, table.at < t_to)
            .order_by(table.log_offset, table.number)
            .limit(limit)
        )
        with self._database.read() as connection:
            if after == (0, 0):
                query = query.where(table.log_offset >= self._reached(connection, t_from))
            query = query.where(table.log_offset <= self._reached(connection, t_to))
            rows = connection.execute(query).all()
        return [((offset, number), _lean.decode(body)) for offset, number, body in rows]

    def edges_standing(self, at: Micros) -> list[Edge]:
        """Give earlier edges of what may have stood at an instant."""
        alert, root = tables.alert.c, self._database.root_id
        later = tables.edge.alias("later").c
        with self._database.read() as connection:
            reached = self._reached(connection, at)
            # The sum keeps planners from walking all later offsets for each alert, not its own few edges.
            goes_on = exists().where(
                later.root_id == root,
                later.alert_id == alert.id,
                later.log_offset + 0 >= reached,
                later.at >= at,
            )
            alive = select(alert.id).where(
                alert.root_id == root,
                alert.raised < at,
                or_(alert.outcome.in_([str(Outcome.OPEN), str(Outcome.DECIDED)]), goes_on),
            )
            ids = list(connection.execute(alive).scalars())
            rows = [row for n in range(0, len(ids), IDS_MAX) for row in self._before(connection, ids[n:], at)]
        return [_lean.decode(body) for _, _, body in sorted(rows)]

    def _before(self, connection: Connection, ids: Sequence[str], at: Micros) -> Sequence[Any]:
        """Give (offset, number, body) of edges before an instant, of the first `IDS_MAX` alerts."""
        edge = tables.edge.c
        query = select(edge.log_offset, edge.number, edge.body).where(
            edge.root_id == self._database.root_id, edge.alert_id.in_(ids[:IDS_MAX]), edge.at < at
        )
        return [tuple(row) for row in connection.execute(query)]

    def _reached(self, connection: Connection, at: Micros) -> int:
        """Give the offset of the commit in which room time reached `at`, or the last one before.

        Room time never goes back: halving the offsets needs no index on time.
        """
        table = tables.edge.c
        mine = table.root_id == self._database.root_id
        low, high = 0, connection.execute(select(func.max(table.log_offset)).where(mine)).scalar() or 0
        while low < high:
            middle = (low + high + 1) // 2
            query = select(table.log_offset, table.at).where(mine, table.log_offset >= middle)
            row = connection.execute(query.order_by(table.log_offset, table.number).limit(1)).one()
            if row.at < at:
                low = row.log_offset
            else:
                high = middle - 1
        return low

    def acts(self, since_offset: int = 0, limit: int = 1000) -> list[tuple[int, Micros, AnyAct]]:
        """Give acts after an offset."""
        table = tables.act.c
        mine = (table.root_id == self._database.root_id, table.log_offset > since_offset)
        query = select(table.log_offset, table.at, table.body).where(*mine)
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(table.log_offset, table.number).limit(limit))
            return [(offset, at, decode_act(body)) for offset, at, body in rows]

    def acts_of(self, kind: str, limit: int = 1000) -> list[tuple[int, Micros, AnyAct]]:
        """Give acts of one kind, newest first."""
        table = tables.act.c
        mine = (table.root_id == self._database.root_id, table.kind == kind)
        query = select(table.log_offset, table.at, table.body).where(*mine).order_by(table.log_offset.desc())
        with self._database.read() as connection:
            rows = connection.execute(query.limit(limit))
            return [(offset, at, decode_act(body)) for offset, at, body in rows]

    def audits(self, unit_id: int, limit: int = 1000) -> list[Audit]:
        """Give the audits of a unit, of either side."""
        table = tables.audit.c
        query = (
            select(table.body)
            .where(table.root_id == self._database.root_id)
            .where(or_(table.by_unit == unit_id, table.unit_id == unit_id))
            .order_by(table.declared.desc(), table.id.collate(self._bytewise()).desc())
            .limit(limit)
        )
        with self._database.read() as connection:
            return [_audit.decode(body) for (body,) in connection.execute(query)]

    def audit(self, audit_id: str) -> Audit | None:
        """Give one audit."""
        table = tables.audit.c
        query = select(table.body).where(table.root_id == self._database.root_id, table.id == audit_id)
        with self._database.read() as connection:
            body = connection.execute(query).scalar()
        return None if body is None else _audit.decode(body)

    def pleasures(self, unit_id: int, limit: int = 1000) -> list[Pleasure]:
        """Give the good news of a unit and what was offered to it, newest first."""
        table = tables.pleasure.c
        query = (
            select(table.body)
            .where(table.root_id == self._database.root_id)
            .where(or_(table.unit_id == unit_id, table.offered_to == unit_id))
            .order_by(table.at.desc(), table.id.collate(self._bytewise()).desc())
            .limit(limit)
        )
        with self._database.read() as connection:
            return [_pleasure.decode(body) for (body,) in connection.execute(query)]

    def pleasure(self, pleasure_id: str) -> Pleasure | None:
        """Give one piece of good news."""
        table = tables.pleasure.c
        query = select(table.body).where(table.root_id == self._database.root_id, table.id == pleasure_id)
        with self._database.read() as connection:
            body = connection.execute(query).scalar()
        return None if body is None else _pleasure.decode(body)

    def units(self) -> list[Unit]:
        """Give all units by id."""
        table = tables.unit.c
        query = select(table.body).where(table.root_id == self._database.root_id).order_by(table.id)
        with self._database.read() as connection:
            return [_unit.decode(body) for (body,) in connection.execute(query)]

    def series(self) -> list[Series]:
        """Give all series by id."""
        table = tables.series.c
        query = select(table.body).where(table.root_id == self._database.root_id).order_by(table.id)
        with self._database.read() as connection:
            return [_series.decode(body) for (body,) in connection.execute(query)]

    def versions(self, kind: MetaKind, of_id: int, limit: int = 1000) -> list[UnitSet | SeriesSet]:
        """Give what was agreed on a unit or series, newest first."""
        return versions_of(self._database, kind, of_id, limit)

    def relations(self) -> list[Relation]:
        """Give all relations by id."""
        table = tables.relation.c
        query = select(table.body).where(table.root_id == self._database.root_id).order_by(table.id)
        with self._database.read() as connection:
            return [_relation.decode(body) for (body,) in connection.execute(query)]

    def flows(self) -> list[Flow]:
        """Give all flows by id, retired ones too."""
        return flows_of(self._database)

    def rules(self) -> list[Rule]:
        """Give all alarm rules by id, retired ones too."""
        table = tables.rule.c
        query = select(table.body).where(table.root_id == self._database.root_id)
        with self._database.read() as connection:
            rules = [_rule.decode(body) for (body,) in connection.execute(query)]
        return sorted(rules, key=lambda rule: rule.id)

    def _bytewise(self) -> str:
        """Name the collation that orders text as Python does."""
        return "C" if self._database.engine.dialect.name == "postgresql" else "BINARY"

    def _committed(self, connection: Connection) -> int:
        table = tables.position.c
        query = select(func.max(table.log_offset)).where(
            table.root_id == self._database.root_id, table.name == POSITION
        )
        return connection.execute(query).scalar() or 0

    def _put_transitions(
        self, connection: Connection, offset: int, transitions: Sequence[Transition]
    ) -> list[Alert]:
        """Replace the alerts by their latest state, which is given back; add every edge."""
        latest = {edge.alert.id: edge.alert for edge in transitions}
        alerts = [
            {
                "id": alert.id,
                "series_id": alert.series_id,
                "unit_id": alert.unit_id,
                "standing_unit_id": alert.standing.unit_id,
                "outcome": str(alert.outcome),
                "raised": alert.raised,
                "deadline": alert.deadline,
                "body": _pack(alert),
            }
            for alert in latest.values()
        ]
        edges = [
            {
                "log_offset": offset,
                "number": number,
                "alert_id": edge.alert.id,
                "at": edge.at,
                "verb": edge.verb,
                "actor": edge.actor,
                "body": _pack(edge),
            }
            for number, edge in enumerate(transitions)
        ]
        self._database.upsert(connection, tables.alert, alerts)
        self._database.insert(connection, tables.edge, edges)
        return list(latest.values())

    def _put_audits(self, connection: Connection, audits: Sequence[Audit]) -> None:
        """Replace audits by their latest state."""
        latest = {audit.id: audit for audit in audits}
        rows = [
            {
                "id": audit.id,
                "by_unit": audit.by_unit,
                "unit_id": audit.unit_id,
                "declared": audit.declared,
                "body": _pack(audit),
            }
            for audit in latest.values()
        ]
        self._database.upsert(connection, tables.audit, rows)

    def _put_pleasures(self, connection: Connection, pleasures: Sequence[Pleasure]) -> None:
        """Replace good news by its latest state."""
        latest = {one.id: one for one in pleasures}
        rows = [
            {
                "id": one.id,
                "unit_id": one.unit_id,
                "offered_to": one.offered_to,
                "at": one.at,
                "body": _pack(one),
            }
            for one in latest.values()
        ]
        self._database.upsert(connection, tables.pleasure, rows)

    def _put_config(self, connection: Connection, config: Sequence[AnyConfig]) -> None:
        """Replace units, series, relations, flows and rules by their latest state."""
        put_flows(self._database, connection, config)
        units = {change.unit.id: change.unit for change in config if isinstance(change, UnitSet)}
        series = {change.series.id: change.series for change in config if isinstance(change, SeriesSet)}
        relations = {c.relation.id: c.relation for c in config if isinstance(c, RelationSet)}
        self._database.upsert(
            connection,
            tables.unit,
            [
                {"id": u.id, "parent_id": u.parent_id, "path": u.path, "body": _pack(u)}
                for u in units.values()
            ],
        )
        self._database.upsert(
            connection,
            tables.series,
            [{"id": s.id, "unit_id": s.unit_id, "name": s.name, "body": _pack(s)} for s in series.values()],
        )
        self._database.upsert(
            connection,
            tables.relation,
            [{"id": r.id, "name": r.name, "body": _pack(r)} for r in relations.values()],
        )
        rules = {change.rule.id: change.rule for change in config if isinstance(change, RuleSet)}
        self._database.upsert(
            connection, tables.rule, [{"id": r.id, "body": _pack(r)} for r in rules.values()]
        )
