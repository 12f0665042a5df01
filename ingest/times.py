"""Times on the wire: RFC 3339 text or epoch milliseconds."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from opsroom.model import MICROS_PER_S

MS_MIN: Final = -62_135_596_800_000  # year 1
MS_MAX: Final = 253_402_300_799_999  # year 9999


def micros(ts: str | float) -> int | None:
    """Read RFC 3339 text, or epoch milliseconds, as int microseconds UTC.

    None where it is neither, or before year 1 or after 9999.

    >>> micros("2015-07-19T00:00:00+02:00"), micros(1.5), micros("yesterday")
    (1437256800000000, 1500, None)
    """
    if isinstance(ts, str):
        try:
            moment = datetime.fromisoformat(ts)
        except ValueError:
            return None
        if moment.tzinfo is None or len(ts) < 16:  # noqa: PLR2004 - a bare date is no instant
            return None
        whole = moment - datetime(1970, 1, 1, tzinfo=UTC)
        return (whole.days * 86_400 + whole.seconds) * MICROS_PER_S + whole.microseconds
    if not MS_MIN <= ts <= MS_MAX:
        return None
    return round(ts * 1_000)
