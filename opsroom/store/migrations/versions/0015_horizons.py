"""Since when each level is kept, in the list of segments.

No table changes. A release that knows no horizons would show what this one let go of and count it: the number
keeps it from opening the store.
"""

from __future__ import annotations

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Alter nothing."""
