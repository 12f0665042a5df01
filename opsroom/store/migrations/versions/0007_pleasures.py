"""Good news: indicators that got better, and what was offered upward."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table of good news."""
    op.create_table(
        "pleasure",
        sa.Column("root_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("unit_id", sa.BigInteger(), nullable=False),
        sa.Column("offered_to", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("root_id", "id", name=op.f("pk_pleasure")),
    )
    op.create_index("ix_pleasure_unit", "pleasure", ["root_id", "unit_id"])
    op.create_index("ix_pleasure_to", "pleasure", ["root_id", "offered_to"])
