"""Alerts by the unit that they concern, and the minutes, in tables; written with the journal's commit.

`annal` has one narrow row for each alert and unit concerned: a page of a hundred thousand is counted and
ordered without reading one body.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, Connection, and_, exists, false, func, or_, select

from opsroom.minutes import Minute
from opsroom.model import Alert, Transition
from opsroom.store import _tables as tables
from opsroom.store._database import Database
from opsroom.store.annals import AlertOrder, Wanted

ESCAPE: Final = "\\"
_pack = msgspec.msgpack.Encoder().encode
_alert = msgspec.msgpack.Decoder(Alert)
_edge = msgspec.msgpack.Decoder(Transition)
_minute = msgspec.msgpack.Decoder(Minute)


def annals_of(alert: Alert) -> list[dict[str, Any]]:
    """Give the rows of an alert: one for its own unit and each where it has stood."""
    units = dict.fromkeys((alert.unit_id, *(level.unit_id for level in alert.annunciations)))
    return [
        {
            "unit_id": unit_id,
            "alert_id": alert.id,
            "series_id": alert.series_id,
            "home_id": alert.unit_id,
            "raised": alert.raised,
            "ended": alert.recovered,
            "priority": int(alert.priority),
            "kind": str(alert.kind),
            "on_wall": alert.on_wall,
        }
        for unit_id in units
    ]


def minute_row(minute: Minute) -> dict[str, Any]:
    """Give the row of a decision."""
    return {
        "id": minute.id,
        "unit_id": minute.unit_id,
        "addressee_id": minute.addressee_id,
        "at": minute.at,
        "body": _pack(minute),
    }


class SqlAnnals:
    """Annals of one economy."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, connection: Connection, alerts: Sequence[Alert], minutes: Sequence[Minute]) -> None:
        """Replace alerts and decisions by their latest state."""
        self._database.upsert(connection, tables.annal, [row for alert in alerts for row in annals_of(alert)])
        latest = {one.id: one for one in minutes}
        self._database.upsert(connection, tables.minute, [minute_row(one) for one in latest.values()])

    def count(self, wanted: Wanted) -> int:
        """Count alerts."""
        query = select(func.count()).select_from(tables.annal).where(*self._alerts(wanted))
        with self._database.read() as connection:
            return connection.execute(query).scalar() or 0

    def page(
        self, wanted: Wanted, order: AlertOrder, offset: int, limit: int, *, falling: bool = True
    ) -> list[Alert]:
        """Give alerts in an order."""
        annal, alert = tables.annal.c, tables.alert.c
        of, keys = self._ordered(order)
        ties = [annal.raised, annal.alert_id]
        by = [key.desc() if falling else key.asc() for key in [*keys, *ties]]
        ids = select(annal.alert_id).select_from(of).where(*self._alerts(wanted))
        with self._database.read() as connection:
            page = list(connection.execute(ids.order_by(*by).offset(offset).limit(limit)).scalars())
            query = select(alert.id, alert.body).where(
                alert.root_id == self._database.root_id, alert.id.in_(page)
            )
            bodies = {row.id: row.body for row in connection.execute(query)}
        return [_alert.decode(bodies[one]) for one in page]

    def count_edges(self, wanted: Wanted) -> int:
        """Count edges."""
        query = select(func.count()).select_from(self._joined()).where(*self._edges(wanted))
        with self._database.read() as connection:
            return connection.execute(query).scalar() or 0

    def edges(self, wanted: Wanted, offset: int, limit: int, *, falling: bool = True) -> list[Transition]:
        """Give edges in the order of the journal."""
        edge = tables.edge.c
        by = [key.desc() if falling else key.asc() for key in (edge.log_offset, edge.number)]
        query = select(edge.body).select_from(self._joined()).where(*self._edges(wanted))
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(*by).offset(offset).limit(limit))
            return [_edge.decode(body) for (body,) in rows]

    def minutes(self, unit_id: int, limit: int = 1000) -> list[Minute]:
        """Give the decisions of a unit and those addressed to it."""
        table = tables.minute.c
        query = (
            select(table.body)
            .where(table.root_id == self._database.root_id)
            .where(or_(table.unit_id == unit_id, table.addressee_id == unit_id))
            .order_by(table.at.desc(), table.id.desc())
            .limit(limit)
        )
        with self._database.read() as connection:
            return [_minute.decode(body) for (body,) in connection.execute(query)]

    def minute(self, minute_id: str) -> Minute | None:
        """Give one decision."""
        table = tables.minute.c
        query = select(table.body).where(table.root_id == self._database.root_id, table.id == minute_id)
        with self._database.read() as connection:
            body = connection.execute(query).scalar()
        return None if body is None else _minute.decode(body)

    # -- conditions --------------------------------------------------------------------------------------

    def _seen(self, wanted: Wanted) -> ColumnElement[bool]:
        """What concerns the unit, and what audits open beside it."""
        annal, own = tables.annal.c, tables.annal.alias("own").c
        root = self._database.root_id
        concerned = exists().where(
            own.root_id == root, own.unit_id == wanted.unit_id, own.alert_id == annal.alert_id
        )
        opened = [
            and_(
                annal.unit_id == one.unit_id,
                annal.home_id == one.unit_id,
                *([annal.series_id == one.series_id] if one.series_id else []),
            )
            for one in wanted.audited
        ]
        mine = annal.unit_id == wanted.unit_id
        return or_(mine, and_(or_(*opened), ~concerned)) if opened else mine

    def _about(self, wanted: Wanted) -> list[ColumnElement[bool]]:
        """What holds for alerts and for the alerts of edges."""
        annal = tables.annal.c
        found = [annal.root_id == self._database.root_id, self._seen(wanted)]
        if wanted.standing is not None:
            found.append(annal.on_wall.is_(wanted.standing))
        if wanted.priorities:
            found.append(annal.priority.in_(wanted.priorities))
        return found

    def _alerts(self, wanted: Wanted) -> list[ColumnElement[bool]]:
        annal, edge = tables.annal.c, tables.edge.c
        found = [*self._about(wanted), annal.raised >= wanted.t_from, annal.raised < wanted.t_to]
        if wanted.matching is not None:
            acted = exists().where(
                edge.root_id == self._database.root_id,
                edge.alert_id == annal.alert_id,
                self._by(wanted.matching.person),
            )
            found.append(or_(self._named(wanted), acted))
        return found

    def _edges(self, wanted: Wanted) -> list[ColumnElement[bool]]:
        edge = tables.edge.c
        found = [*self._about(wanted), edge.at >= wanted.t_from, edge.at < wanted.t_to]
        if wanted.verbs:
            found.append(edge.verb.in_(wanted.verbs))
        if wanted.matching is not None:
            found.append(or_(self._named(wanted), self._by(wanted.matching.person)))
        return found

    def _named(self, wanted: Wanted) -> ColumnElement[bool]:
        annal, matching = tables.annal.c, wanted.matching
        assert matching is not None
        parts = [annal.series_id.in_(matching.series)] if matching.series else []
        parts += [annal.kind.in_(matching.kinds)] if matching.kinds else []
        return or_(*parts) if parts else false()

    def _by(self, person: str) -> ColumnElement[bool]:
        text = person.lower()
        for sign in (ESCAPE, "%", "_"):
            text = text.replace(sign, ESCAPE + sign)
        return func.lower(tables.edge.c.actor).like(f"%{text}%", escape=ESCAPE)

    def _joined(self) -> Any:
        annal, edge = tables.annal.c, tables.edge.c
        same = and_(annal.root_id == edge.root_id, annal.alert_id == edge.alert_id)
        return tables.edge.join(tables.annal, same)

    def _ordered(self, order: AlertOrder) -> tuple[Any, list[Any]]:
        """Give the tables and the columns to order by."""
        annal = tables.annal.c
        if order == "series":
            series = tables.series.c
            same = and_(series.root_id == annal.root_id, series.id == annal.series_id)
            return tables.annal.outerjoin(tables.series, same), [series.name]
        if order == "unit":
            unit = tables.unit.c
            same = and_(unit.root_id == annal.root_id, unit.id == annal.home_id)
            return tables.annal.outerjoin(tables.unit, same), [unit.path]
        keys = {"raised": [], "priority": [annal.priority], "kind": [annal.kind]}
        # Databases disagree on where nothing goes: what has not ended counts as ending last.
        later = func.coalesce(annal.ended, 1 << 62)
        return tables.annal, keys.get(order, [later])
