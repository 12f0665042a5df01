"""The journal by unit concerned, and the council's minutes; what happened before is entered as well."""

from __future__ import annotations

from typing import Any, Final

import msgspec
import sqlalchemy as sa
from alembic import op

from opsroom.minutes import minute_of
from opsroom.model import Alert, Transition
from opsroom.store._annals import annals_of, minute_row

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

ROWS_AT_ONCE: Final = 500
DECIDING: Final = ("decided", "followed_up", "annunciated")


def upgrade() -> None:
    """Make both tables, and fill them from alerts and edges."""
    annal = op.create_table(
        "annal",
        sa.Column("root_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("unit_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("alert_id", sa.String(), nullable=False),
        sa.Column("series_id", sa.BigInteger(), nullable=False),
        sa.Column("home_id", sa.BigInteger(), nullable=False),
        sa.Column("raised", sa.BigInteger(), nullable=False),
        sa.Column("ended", sa.BigInteger(), nullable=True),
        sa.Column("priority", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("on_wall", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("root_id", "unit_id", "alert_id", name=op.f("pk_annal")),
    )
    op.create_index("ix_annal_raised", "annal", ["root_id", "unit_id", "raised"])
    minute = op.create_table(
        "minute",
        sa.Column("root_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("unit_id", sa.BigInteger(), nullable=False),
        sa.Column("addressee_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("root_id", "id", name=op.f("pk_minute")),
    )
    op.create_index("ix_minute_unit", "minute", ["root_id", "unit_id"])
    op.create_index("ix_minute_to", "minute", ["root_id", "addressee_id"])
    if op.get_context().as_sql:
        return  # a script of statements has no rows to read
    connection = op.get_bind()
    _enter_alerts(connection, annal)
    _enter_decisions(connection, minute)


def _enter_alerts(connection: sa.Connection, annal: sa.Table) -> None:
    decoder = msgspec.msgpack.Decoder(Alert)
    rows: list[dict[str, Any]] = []
    for root_id, body in connection.execute(sa.text("SELECT root_id, body FROM alert")).all():
        rows += [{"root_id": root_id, **row} for row in annals_of(decoder.decode(body))]
    for at in range(0, len(rows), ROWS_AT_ONCE):
        connection.execute(annal.insert(), rows[at : at + ROWS_AT_ONCE])


def _enter_decisions(connection: sa.Connection, minute: sa.Table) -> None:
    decoder = msgspec.msgpack.Decoder(Transition)
    edge = sa.table(
        "edge", *(sa.column(name) for name in ("root_id", "log_offset", "number", "verb", "body"))
    )
    query = sa.select(edge.c.root_id, edge.c.body).where(edge.c.verb.in_(DECIDING))
    found: dict[tuple[int, str], dict[str, Any]] = {}
    for root_id, body in connection.execute(query.order_by(edge.c.log_offset, edge.c.number)).all():
        made = minute_of(decoder.decode(body).alert)
        if made is not None:
            found[root_id, made.id] = {"root_id": root_id, **minute_row(made)}
    if found:
        connection.execute(minute.insert(), list(found.values()))
