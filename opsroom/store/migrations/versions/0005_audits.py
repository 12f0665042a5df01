"""Declared audits: who looked into which unit, why, and at what."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table of audits."""
    op.create_table(
        "audit",
        sa.Column("root_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("by_unit", sa.BigInteger(), nullable=False),
        sa.Column("unit_id", sa.BigInteger(), nullable=False),
        sa.Column("declared", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("root_id", "id", name=op.f("pk_audit")),
    )
    op.create_index("ix_audit_by", "audit", ["root_id", "by_unit"])
    op.create_index("ix_audit_unit", "audit", ["root_id", "unit_id"])
