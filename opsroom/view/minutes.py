"""Decisions as screens show them: how many wait for a verdict, and one decision as a seat is told it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from opsroom.minutes import knows_minute
from opsroom.rights import may_resolve
from opsroom.view.cards import measured_view, ms

if TYPE_CHECKING:
    from collections.abc import Iterable

    from opsroom.minutes import Minute
    from opsroom.seats import Seat
    from opsroom.view.model import View

TOLD_MAX: Final = 100


class Minutes:
    """Decisions without a verdict by id. `revision` is that of the screens at the last change."""

    def __init__(self, view: View) -> None:
        """Start without any; `view` is whose revision they move."""
        self._view, self._catalog = view, view.catalog
        self._rows: dict[str, Minute] = {}
        self.revision = 0

    def take(self, minutes: Iterable[Minute]) -> None:
        """Take decisions as they are now."""
        fresh = list(minutes)
        for one in fresh:
            self._rows.pop(one.id, None)
            if one.verdict is None:
                self._rows[one.id] = one
        if fresh:
            self._view.revision += 1
            self.revision = self._view.revision

    def told(self, seat: Seat) -> dict[str, Any]:
        """Give how many decisions of the seat's unit wait for a verdict, and when the next are due (ms)."""
        waiting = sorted(one.followup for one in self._rows.values() if one.unit_id == seat.unit_id)
        known = sum(knows_minute(one, seat.unit_id) for one in self._rows.values())
        first = [ms(at) for at in waiting[:TOLD_MAX]]
        return {"pending": len(waiting), "followups": first, "known": known, "revision": self.revision}

    def row(self, minute: Minute, seat: Seat) -> dict[str, Any]:
        """Give a decision as a seat is told it, times in ms, values in the unit of the series.

        An addressee whose series it is not is told the decision, and not what the series did.
        """
        catalog, now = self._catalog, self._view.at
        series = catalog.series.get(minute.series_id) if opens(minute, seat, self._view) else None
        found, verdict = minute.found, minute.verdict
        by, to = catalog.units.get(minute.unit_id), catalog.units.get(minute.addressee_id)
        of = None if series is None else catalog.units.get(series.unit_id)
        return {
            "id": minute.id,
            "person": minute.person,
            "unit": "" if by is None else by.path,
            "unit_name": "" if by is None else by.name,
            "at": ms(minute.at),
            "text": minute.text,
            "addressee": "" if to is None else to.path,
            "addressee_name": "" if to is None else to.name,
            "followup": ms(minute.followup),
            "alert": minute.alert_id or None if series is not None else None,
            "series_id": None if series is None else series.id,
            "series_name": None if series is None else series.name,
            "series_unit": None if of is None else of.path,
            "series_unit_name": None if of is None else of.name,
            "measure": "" if series is None else series.unit,
            "indicator": series is not None and series.indicator is not None,
            "measured": None if series is None or minute.measured is None else measured_view(minute.measured),
            "found": None
            if found is None or series is None
            else {"at": ms(found.at), "outcome": found.outcome, **measured_view(found.measured)},
            "verdict": None
            if verdict is None
            else {
                "person": verdict.person,
                "at": ms(verdict.at),
                "effect": verdict.effect,
                "note": verdict.note,
            },
            "pending": minute.id in self._rows,
            "due": minute.id in self._rows and minute.followup <= now,
            "may_assess": minute.id in self._rows and may_assess(minute, seat),
        }


def opens(minute: Minute, seat: Seat, view: View) -> bool:
    """Tell whether a decision shows a seat what its series did: its council, and whose series it is."""
    series = view.catalog.series.get(minute.series_id)
    if series is None:
        return False
    return seat.unit_id in {minute.unit_id, series.unit_id} or view.opens(series, seat.unit_id)


def may_assess(minute: Minute, seat: Seat) -> bool:
    """Tell whether the seat may say what came of it: the council of the unit that decided."""
    return may_resolve(seat) and seat.unit_id == minute.unit_id
