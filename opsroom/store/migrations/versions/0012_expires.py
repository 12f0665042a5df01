"""Tokens of plants may end by themselves."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the time; tokens of before have none and go on."""
    op.add_column("token", sa.Column("expires", sa.BigInteger(), nullable=True))
