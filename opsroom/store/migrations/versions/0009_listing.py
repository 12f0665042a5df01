"""The list of segments under one checksum, made of the segments' own rows."""

from __future__ import annotations

import google_crc32c
import msgspec
import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """List the segments of every economy that has readings."""
    connection = op.get_bind()
    positions = connection.execute(
        sa.text("SELECT root_id, log_offset FROM position WHERE name = 'readings'")
    ).all()
    for root_id, log_offset in positions:
        rows = connection.execute(
            sa.text(
                "SELECT id, width_s, t_min, t_max, readings FROM segment WHERE root_id = :root ORDER BY id"
            ),
            {"root": root_id},
        )
        listed = [[number, width_s * 1_000_000, *rest] for number, width_s, *rest in rows]
        body = msgspec.msgpack.encode([log_offset, listed])
        connection.execute(
            sa.text(
                "INSERT INTO snapshot (root_id, name, version, log_offset, crc, body) "
                "VALUES (:root, 'readings.segments', 1, :offset, :crc, :body)"
            ),
            {"root": root_id, "offset": log_offset, "crc": google_crc32c.value(body), "body": body},
        )
