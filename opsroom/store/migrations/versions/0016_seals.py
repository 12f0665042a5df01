"""Bodies of rows carry a checksum: those that stand are sealed as they are.

A release that knows no seals could not read them: the number keeps it from opening the store.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from opsroom.store._sealed import seal

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

KEYS: Final = {
    "unit": ("id",),
    "series": ("id",),
    "version": ("log_offset", "number"),
    "relation": ("id",),
    "flow": ("id",),
    "rule": ("id",),
    "rule_version": ("id", "version"),
    "ruling": ("log_offset", "number"),
    "alert": ("id",),
    "edge": ("log_offset", "number"),
    "act": ("log_offset", "number"),
    "audit": ("id",),
    "pleasure": ("id",),
    "minute": ("id",),
    "annotation": ("id",),
    "kiosk": ("id",),
    "notice": ("receiver", "id"),
    "reader": ("name",),
}
ROWS_AT_ONCE: Final = 1000


def upgrade() -> None:
    """Seal every row, some at a time."""
    if op.get_context().as_sql:
        return  # a script of statements has no rows to read
    connection = op.get_bind()
    for name, rest in KEYS.items():
        keys = ("root_id", *rest)
        table = sa.table(name, *(sa.column(one) for one in (*keys, "body")))
        mine = [table.c[one] == sa.bindparam(f"of_{one}") for one in keys]
        sealing = table.update().where(*mine).values(body=sa.bindparam("sealed"))
        found = connection.execute(sa.select(*(table.c[one] for one in keys), table.c.body)).all()
        for at in range(0, len(found), ROWS_AT_ONCE):
            some = found[at : at + ROWS_AT_ONCE]
            rows = [
                {"sealed": seal(bytes(body)), **{f"of_{k}": v for k, v in zip(keys, key, strict=True)}}
                for *key, body in some
            ]
            connection.execute(sealing, rows)
