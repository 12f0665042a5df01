"""Which audits are in force, as screens and queries obey them, and what was looked at since the last record.

Rights are asked with `of`: it gives the audits in force of one looking unit, and nothing else opens anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opsroom.records import LookedAt
from opsroom.rights import knows_audit
from opsroom.view.cards import ms

if TYPE_CHECKING:
    from collections.abc import Iterable

    from opsroom.audit import Audit
    from opsroom.catalog import Catalog
    from opsroom.model import Micros, Series


class Audits:
    """Audits in force by id; they leave with their time."""

    def __init__(self, catalog: Catalog) -> None:
        """Start without any."""
        self._catalog = catalog
        self._rows: dict[str, Audit] = {}
        self._pending: dict[tuple[str, int, str], int] = {}

    def take(self, audits: Iterable[Audit], now: Micros) -> set[int]:
        """Take audits as they are now; give the units for which something began or ended."""
        units: set[int] = set()
        for audit in audits:
            known = self._rows.pop(audit.id, None)
            if audit.in_force(now):
                self._rows[audit.id] = audit
            if (known is not None) != audit.in_force(now):
                units |= {audit.by_unit, audit.unit_id}
        return units

    def expire(self, now: Micros) -> set[int]:
        """Let time pass; give the units for which an audit ended."""
        over = [audit for audit in self._rows.values() if not audit.in_force(now)]
        for audit in over:
            del self._rows[audit.id]
        return {unit_id for audit in over for unit_id in (audit.by_unit, audit.unit_id)}

    def close(self) -> None:
        """Let all of them go: what is looked back at is opened by no audit."""
        self._rows.clear()

    def of(self, unit_id: int) -> tuple[Audit, ...]:
        """Give the audits in force under which seats of the unit may look."""
        return tuple(audit for audit in self._rows.values() if audit.by_unit == unit_id)

    def told(self, unit_id: int) -> list[dict[str, Any]]:
        """Give the lines that stand in a unit's room: who looks at what, until when and why."""
        return [self.row(one, unit_id) for one in self._rows.values() if knows_audit(one, unit_id)]

    def row(self, audit: Audit, unit_id: int) -> dict[str, Any]:
        """Give an audit as the room of one of its two units is told it, times in ms."""
        units, series = self._catalog.units, self._catalog.series.get(audit.series_id)
        by, of = units.get(audit.by_unit), units.get(audit.unit_id)
        return {
            "id": audit.id,
            "side": "by" if audit.by_unit == unit_id else "of",
            "person": audit.person,
            "by": "" if by is None else by.path,
            "by_name": "" if by is None else by.name,
            "unit": "" if of is None else of.path,
            "unit_name": "" if of is None else of.name,
            "series_id": audit.series_id or None,
            "series_name": None if series is None else series.name,
            "reason": audit.reason,
            "declared": ms(audit.declared),
            "until": ms(audit.until),
            "ended": ms(audit.ended),
            "ended_by": audit.ended_by or None,
        }

    # -- what was looked at ----------------------------------------------------------------------------

    def note(self, unit_id: int, person: str, series: Iterable[Series]) -> None:
        """Count that a person of the unit read these series, or alerts on them, under an audit.

        What no audit in force covers is no look under one, and is passed over.
        """
        audits = self.of(unit_id)
        for one in series if audits else ():
            audit = next((audit for audit in audits if audit.covers(one.unit_id, one.id)), None)
            if audit is not None:
                key = (audit.id, one.id, person)
                self._pending[key] = self._pending.get(key, 0) + 1

    def pending(self) -> tuple[LookedAt, ...]:
        """Give what was looked at and is not written yet, one row for each audit, series and person."""
        return tuple(LookedAt(*key, n) for key, n in self._pending.items())

    def written(self, looks: Iterable[LookedAt]) -> None:
        """Take off what stands in the log now."""
        for look in looks:
            key = (look.audit_id, look.series_id, look.person)
            left = self._pending.pop(key, 0) - look.n
            if left > 0:
                self._pending[key] = left
