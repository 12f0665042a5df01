"""Small segments become one, as they pile up: eight of about one size, the newest of their kind. Pure.

Only neighbours at the newest end are joined, so that "later stands before earlier" holds between segments
as before; each reading is written again about once for every eightfold growth.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from opsroom.store._chunks import Rows, join
from opsroom.store._head import merged
from opsroom.store._listing import Segment
from opsroom.store._rollups import settle

FAN: Final = 8
ROWS_MAX: Final = 1_000_000
_SMALLEST: Final = 4096


def due(segments: Sequence[Segment], width_us: int) -> list[Segment]:
    """Give the segments of one kind to be joined now, earlier before later; none where it is not worth it."""
    newest = [segment for segment in segments if segment.width_us == width_us][-FAN:]
    alike = len({_tier(segment) for segment in newest}) == 1
    few = sum(segment.readings for segment in newest) <= ROWS_MAX
    return newest if len(newest) == FAN and alike and few else []


def joined(parts: list[Rows], width_us: int) -> Rows:
    """Give the rows of segments of one kind (at least one), earlier before later, as one."""
    return settle(join(parts).sorted()) if width_us else merged(parts)


def _tier(segment: Segment) -> int:
    """Give how often a segment of the smallest size would have been joined to reach this one's."""
    tier, size = 0, segment.readings // _SMALLEST
    while size >= FAN:
        tier, size = tier + 1, size // FAN
    return tier
