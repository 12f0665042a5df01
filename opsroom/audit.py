"""Declared audits (System 3*): a look into a unit below that its autonomy would else keep closed.

Rows and small pure questions. DOMAIN 1.6 rule 9: a look further down is possible only as a declared audit,
is logged, and is visible to the unit looked at. It opens one unit's own series and alerts, or one series of
it, for reading; it never lets anybody act. Times are int microseconds UTC on the room's clock.
"""

from __future__ import annotations

from typing import Final

import msgspec

Micros = int
LOOKS_KEPT: Final = 500
"""Rows of who looked at what that one audit holds; further looks are counted in `others`."""


class Look(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """That a person read one series under an audit: how often, first and last."""

    series_id: int
    person: str
    n: int
    first: Micros
    last: Micros


class Audit(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One declared audit and what was looked at under it.

    Seats of `by_unit` may read the series and alerts of `unit_id`, or of `series_id` alone (0: all of the
    unit's own), from `declared` until `until` or until it is `ended` by hand. `key` is that of the act that
    declared it.
    """

    id: str
    root_id: int
    by_unit: int
    unit_id: int
    person: str
    seat_id: int
    reason: str
    declared: Micros
    until: Micros
    series_id: int = 0
    ended: Micros | None = None
    ended_by: str = ""
    key: str = ""
    looks: tuple[Look, ...] = ()
    others: int = 0

    @property
    def end(self) -> Micros:
        """When it ended, or will by itself."""
        return self.until if self.ended is None else min(self.ended, self.until)

    def in_force(self, now: Micros) -> bool:
        """Tell whether it opens anything at `now`."""
        return self.declared <= now < self.end

    def covers(self, unit_id: int, series_id: int) -> bool:
        """Tell whether a series of a unit, or an alert on it, is what it was declared for."""
        return unit_id == self.unit_id and self.series_id in {0, series_id}

    def with_looks(self, series_id: int, person: str, n: int, now: Micros) -> Audit:
        """Count `n` looks of a person at a series; one row each, a bounded number of them."""
        rows = list(self.looks)
        for place, row in enumerate(rows):
            if (row.series_id, row.person) == (series_id, person):
                rows[place] = msgspec.structs.replace(row, n=row.n + n, last=now)
                return msgspec.structs.replace(self, looks=tuple(rows))
        if len(rows) >= LOOKS_KEPT:
            return msgspec.structs.replace(self, others=self.others + n)
        new = Look(series_id=series_id, person=person, n=n, first=now, last=now)
        return msgspec.structs.replace(self, looks=(*rows, new))
