"""The tables of the store, one schema for SQLite and PostgreSQL.

`root_id` says whose economy a row belongs to.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
)

from opsroom.store._sealed import Sealed

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(referred_table_name)s",
    }
)


def _root() -> Column[int]:
    return Column("root_id", BigInteger, primary_key=True, autoincrement=False)


def _key(name: str = "id") -> Column[int]:
    return Column(name, BigInteger, primary_key=True, autoincrement=False)


def _int(name: str, *, null: bool = False) -> Column[int]:
    return Column(name, BigInteger, nullable=null)


def _text(name: str, *, key: bool = False) -> Column[str]:
    return Column(name, String, primary_key=key, nullable=False)


def _blob(name: str = "body") -> Column[bytes]:
    """Bytes that carry a checksum of their own, or have one beside them."""
    return Column(name, LargeBinary, nullable=False)


def _body() -> Column[bytes]:
    return Column("body", Sealed, nullable=False)


position = Table("position", metadata, _root(), _text("name", key=True), _int("log_offset"))
segment = Table(
    "segment",
    metadata,
    _root(),
    _key(),
    Column("width_s", Integer, nullable=False),
    _int("t_min"),
    _int("t_max"),
    _int("readings"),
    _blob("runs"),
)
block = Table(
    "block",
    metadata,
    _root(),
    _key("segment_id"),
    _key("number"),
    _blob(),
    ForeignKeyConstraint(
        ["root_id", "segment_id"], ["segment.root_id", "segment.id"], ondelete="CASCADE", deferrable=True
    ),
)
unit = Table("unit", metadata, _root(), _key(), _int("parent_id", null=True), _text("path"), _body())
series = Table("series", metadata, _root(), _key(), _int("unit_id"), _text("name"), _body())
version = Table(
    "version",
    metadata,
    _root(),
    _key("log_offset"),
    _key("number"),
    _text("kind"),
    _int("of_id"),
    _body(),
    Index("ix_version_of", "root_id", "kind", "of_id"),
)
relation = Table("relation", metadata, _root(), _key(), _text("name"), _body())
flow = Table("flow", metadata, _root(), _key(), _body())
rule = Table("rule", metadata, _root(), _text("id", key=True), _body())
rule_version = Table("rule_version", metadata, _root(), _text("id", key=True), _key("version"), _body())
ruling = Table(
    "ruling",
    metadata,
    _root(),
    _key("log_offset"),
    _key("number"),
    _int("at"),
    _text("rule"),
    _int("unit_id"),
    Column("opened", Boolean, nullable=False),
    Column("event", Boolean, nullable=False),
    _body(),
    Index("ix_ruling_at", "root_id", "at"),
)
alert = Table(
    "alert",
    metadata,
    _root(),
    _text("id", key=True),
    _int("series_id"),
    _int("unit_id"),
    _int("standing_unit_id"),
    _text("outcome"),
    _int("raised"),
    _int("deadline", null=True),
    _body(),
    Index("ix_alert_raised", "root_id", "raised"),
    Index("ix_alert_outcome", "root_id", "outcome"),
)
edge = Table(
    "edge",
    metadata,
    _root(),
    _key("log_offset"),
    _key("number"),
    _text("alert_id"),
    _int("at"),
    _text("verb"),
    _text("actor"),
    _body(),
    Index("ix_edge_alert", "root_id", "alert_id"),
)
act = Table(
    "act",
    metadata,
    _root(),
    _key("log_offset"),
    _key("number"),
    _int("at"),
    _text("kind"),
    _text("person"),
    _body(),
)
audit = Table(
    "audit",
    metadata,
    _root(),
    _text("id", key=True),
    _int("by_unit"),
    _int("unit_id"),
    _int("declared"),
    _body(),
    Index("ix_audit_by", "root_id", "by_unit"),
    Index("ix_audit_unit", "root_id", "unit_id"),
)
pleasure = Table(
    "pleasure",
    metadata,
    _root(),
    _text("id", key=True),
    _int("unit_id"),
    _int("offered_to"),
    _int("at"),
    _body(),
    Index("ix_pleasure_unit", "root_id", "unit_id"),
    Index("ix_pleasure_to", "root_id", "offered_to"),
)
annal = Table(
    "annal",
    metadata,
    _root(),
    _key("unit_id"),
    _text("alert_id", key=True),
    _int("series_id"),
    _int("home_id"),
    _int("raised"),
    _int("ended", null=True),
    _int("priority"),
    _text("kind"),
    Column("on_wall", Boolean, nullable=False),
    Index("ix_annal_raised", "root_id", "unit_id", "raised"),
)
minute = Table(
    "minute",
    metadata,
    _root(),
    _text("id", key=True),
    _int("unit_id"),
    _int("addressee_id"),
    _int("at"),
    _body(),
    Index("ix_minute_unit", "root_id", "unit_id"),
    Index("ix_minute_to", "root_id", "addressee_id"),
)
annotation = Table(
    "annotation",
    metadata,
    _root(),
    _text("id", key=True),
    _int("unit_id"),
    _int("series_id"),
    _int("seat_id"),
    _text("key"),
    _int("t_from"),
    _int("t_to"),
    _int("at"),
    _int("removed", null=True),
    _body(),
    Index("ix_annotation_unit", "root_id", "unit_id", "t_from"),
    Index("ix_annotation_key", "root_id", "seat_id", "key"),
)
snapshot = Table(
    "snapshot",
    metadata,
    _root(),
    _text("name", key=True),
    Column("version", Integer, nullable=False),
    _int("log_offset"),
    _int("crc"),
    _blob(),
)
seat = Table("seat", metadata, _root(), _key(), _text("person"), _text("role"), _int("unit_id"))
credential = Table(
    "credential",
    metadata,
    _root(),
    _key("seat_id"),
    _text("kind", key=True),
    _key("number"),
    _text("secret"),
    _int("at"),
)
session = Table(
    "session",
    metadata,
    _root(),
    _text("token_hash", key=True),
    _int("seat_id"),
    _text("csrf"),
    _int("expires"),
)
token = Table(
    "token",
    metadata,
    _root(),
    _text("token_hash", key=True),
    _int("unit_id"),
    _text("name"),
    _int("at"),
    _int("expires", null=True),
)
kiosk = Table("kiosk", metadata, _root(), _key(), _body())
notice = Table(
    "notice",
    metadata,
    _root(),
    _text("receiver", key=True),
    _text("id", key=True),
    _text("state"),
    _int("due"),
    _int("made"),
    _body(),
    Index("ix_notice_due", "root_id", "receiver", "state", "due"),
)
reader = Table(
    "reader", metadata, _root(), _text("name", key=True), _int("log_offset"), _int("number"), _body()
)
