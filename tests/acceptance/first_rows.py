"""Rows about the first hour: from nothing to the first reading by the screen alone, and what follows."""

from __future__ import annotations

from tests.acceptance import first_use
from tests.acceptance.rows import ROWS, Outcome


@ROWS.row(
    "first use",
    command="python -m tests.acceptance --only 'first use'",
    limit=f"on fresh settings, in a real browser: first reading within {first_use.FIRST_S:g} s, every copied "
    f"line runs, a killed sender is lost on the wall within {first_use.STALE_S:g} s, a revoked token is cut "
    f"off within {first_use.CUT_OFF_S:g} s, a retired unit leaves its screen; 0 axe violations, "
    "no sideways scroll",
)
def first() -> Outcome:
    return first_use.row()
