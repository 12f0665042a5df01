"""The book of audits: what acts and time make of them, and what a snapshot holds.

Pure and in the order of the log, so that a replay gives the same. It holds audits in force and, for a
while, ended ones whose last looks may still come; all of them stand in the store.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from opsroom.audit import Audit
from opsroom.errors import AccessDenied, Conflict, Invalid, NotFound
from opsroom.model import MICROS_PER_S, Micros
from opsroom.records import AuditAct, Declare, EndAudit

if TYPE_CHECKING:
    from opsroom.catalog import Catalog

IN_FORCE_MAX: Final = 20
"""Audits that one unit may have in force: whoever looks at everything declares nothing."""
AFTERWARDS_US: Final = 60 * MICROS_PER_S
_rows = msgspec.msgpack.Decoder(list[Audit])


class AuditBook:
    """Audits by id."""

    def __init__(self) -> None:
        """Start empty."""
        self.rows: dict[str, Audit] = {}

    def take(self, catalog: Catalog, now: Micros, offset: int, act: AuditAct) -> list[Audit]:
        """Take one act at room time `now`; gives the audits that it made or altered, as they are then.

        Raises:
            NotFound: no such unit below the one that declares, no such series of it.
            Invalid: the end lies in the past.
            Conflict: too many are in force, or it is not in force any more.
            AccessDenied: another unit's audit.
        """
        self.rows = {key: one for key, one in self.rows.items() if now - one.end < AFTERWARDS_US}
        if isinstance(act, Declare):
            return [self._put(self._declared(catalog, now, offset, act))]
        if isinstance(act, EndAudit):
            return [self._put(self._ended(now, act))]
        touched: dict[str, Audit] = {}
        for look in act.looks:
            audit = self.rows.get(look.audit_id)
            if audit is not None:
                touched[audit.id] = self._put(audit.with_looks(look.series_id, look.person, look.n, now))
        return list(touched.values())

    def dump(self) -> bytes:
        """Give the state as MessagePack."""
        return msgspec.msgpack.encode(list(self.rows.values()))

    @classmethod
    def load(cls, blob: bytes | None) -> AuditBook:
        """Read what `dump` gave; None where the snapshot is older than audits are."""
        book = cls()
        if blob is not None:
            book.rows = {one.id: one for one in _rows.decode(blob)}
        return book

    def _put(self, audit: Audit) -> Audit:
        self.rows[audit.id] = audit
        return audit

    def _declared(self, catalog: Catalog, now: Micros, offset: int, act: Declare) -> Audit:
        unit = catalog.units.get(act.audited_id)
        if unit is None or unit.id == act.unit_id or not catalog.contains(act.unit_id, unit.id):
            raise NotFound("No such unit below.", remedy="List them.", code="unit_unknown")
        series = catalog.series.get(act.series_id)
        if act.series_id and (series is None or series.unit_id != unit.id):
            raise NotFound("No such series of the unit.", remedy="List them.", code="series_unknown")
        if act.until <= now:
            raise Invalid(
                "An audit ends at a time to come.",
                remedy="Choose a later time.",
                code="audit_time",
                field="until",
            )
        if (
            sum(one.by_unit == act.unit_id and one.in_force(now) for one in self.rows.values())
            >= IN_FORCE_MAX
        ):
            raise Conflict(
                f"{IN_FORCE_MAX} audits of this unit are in force.",
                remedy="End one first.",
                code="audits_too_many",
                limit=IN_FORCE_MAX,
            )
        return Audit(
            id=f"a{offset:x}",
            root_id=unit.root_id,
            by_unit=act.unit_id,
            unit_id=unit.id,
            series_id=act.series_id,
            person=act.person,
            seat_id=act.seat_id,
            reason=act.reason,
            declared=now,
            until=act.until,
            key=act.key,
        )

    def _ended(self, now: Micros, act: EndAudit) -> Audit:
        audit = self.rows.get(act.audit_id)
        if audit is None or not audit.in_force(now):
            raise Conflict("The audit has ended.", remedy="Nothing is left to end.", code="audit_ended")
        if audit.by_unit != act.unit_id:
            raise AccessDenied(
                "It is ended by the council that declared it.", remedy="Ask it.", code="audit_refused"
            )
        return msgspec.structs.replace(audit, ended=now, ended_by=act.person)
