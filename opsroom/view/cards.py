"""Alerts as screens and plants get them.

The fields of an AlertView, wordless (codes and params), times in ms.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from opsroom.alarm import SILENCED, AlarmState
from opsroom.decision import Measured
from opsroom.drill import is_exercise
from opsroom.lines import cause_of, window_us
from opsroom.model import Alert, ChangeKind, Finding, FindingVerb, Judgement, Micros, Outcome, Unit
from opsroom.rights import (
    concerns,
    may_acknowledge,
    may_decide,
    may_judge,
    may_note,
    may_release,
    may_remove,
    may_silence,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from opsroom.catalog import Catalog
    from opsroom.seats import Seat

MICROS_PER_MS: Final = 1_000


def ms(at: Micros | None) -> int | None:
    """Give milliseconds, None for None."""
    return None if at is None else at // MICROS_PER_MS


def judgements(units: Mapping[int, Unit], said: Iterable[Judgement]) -> list[dict[str, Any]]:
    """Give who found an alert useful or not, and when (ms)."""
    return [
        {"person": j.person, "unit": _path(units.get(j.unit_id)), "at": ms(j.at), "useful": j.useful}
        for j in said
    ]


def _latest(alert: Alert, field: str, verb: FindingVerb | None = None) -> Any:
    """Give `field` of the newest finding that has it."""
    values = (getattr(f, field) for f in reversed(alert.findings) if verb is None or f.verb is verb)
    return next((value for value in values if value), None)


def _sure(alert: Alert) -> float | None:
    """Give the probability of the alert's present kind, from the newest finding that names it."""
    return next((f.p for f in reversed(alert.findings) if f.p is not None and f.kind is alert.kind), None)


def _rate(finding: Finding | None) -> float | None:
    return finding.rate_per_week if finding else None


class Cards:
    """Makes AlertViews out of alerts and the tree."""

    def __init__(self, catalog: Catalog, recovery_default_s: float) -> None:
        """Take the tree, for names and paths, and the recovery time (s) of what has none."""
        self._catalog = catalog
        self._recovery_default_s = recovery_default_s

    def describe(self, alert: Alert) -> dict[str, Any]:
        """Give what everybody who may see the alert is told: an AlertView without the seat's part."""
        units = self._catalog.units
        series = self._catalog.series.get(alert.series_id)
        unit, standing = units.get(alert.unit_id), units.get(alert.standing.unit_id)
        above = self._next(alert)
        opening = next((f for f in alert.findings if f.verb is FindingVerb.OPEN), None)
        return {
            "id": alert.id,
            "series_id": alert.series_id,
            "series": self._catalog.series_path(alert.series_id) if series else "",
            "series_name": series.name if series else "",
            "unit": _path(unit),
            "unit_name": _name(unit),
            "kind": alert.kind,
            "priority": int(alert.priority),
            "raised": ms(alert.raised),
            "gathers_until": ms(alert.raised + window_us(alert.annunciations[0], self._recovery_default_s)),
            "cause": cause_of(alert) or None,
            "onset": ms(alert.onset),
            "deadline": ms(alert.deadline),
            "level": alert.level,
            "standing": _path(standing),
            "standing_name": _name(standing),
            "next": None if above is None else above.path,
            "next_name": None if above is None else above.name,
            "active": alert.active,
            # What is silenced asks nobody to look: the memory stays, the annunciation stops.
            "unacked": alert.unacked and alert.state not in SILENCED,
            "outcome": alert.outcome,
            "delivered": ms(alert.delivered),
            "recovered": ms(alert.recovered),
            "pressed": alert.kind is ChangeKind.PRESS,
            "exercise": is_exercise(alert),
            "levels": self._levels(alert),
            "acknowledgements": [
                {
                    "person": a.person,
                    "unit": _path(units.get(a.unit_id)),
                    "level": a.level,
                    "at": ms(a.at),
                    "note": a.note,
                }
                for a in alert.acknowledgements
            ],
            "notes": [
                {"author": n.author, "text": n.text, "at": ms(n.at), "until": ms(n.until)}
                for n in alert.notes
            ],
            "judgements": judgements(units, alert.judgements),
            "decision": self._decision(alert),
            "explanation": [{"code": s.code, "params": s.params} for s in alert.explanation],
            "direction": _latest(alert, "direction") or 0,
            "p": _sure(alert),
            "rate_per_week": _rate(opening),
            "state": str(alert.state),
            "silenced": self._silenced(alert),
            "latched": alert.latched,
            "acked_until": ms(alert.acked_until),
            "alarm_class": alert.alarm_class,
            "rule": alert.rule,
            "rounds": alert.rounds,
            "calls": [{"seat_id": c.seat_id, "at": ms(c.at), "step": c.step} for c in alert.calls],
            "call_at": ms(alert.call_at),
        }

    def for_seat(
        self,
        alert: Alert,
        seat: Seat,
        *,
        raises_30d: int,
        note_required: bool,
        described: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Give the AlertView as the seat gets it: with what it may do, and whether the alert is its own."""
        acked = alert.state is AlarmState.ACKED
        undecided = alert.active and alert.outcome is not Outcome.DECIDED
        return {
            **(described or self.describe(alert)),
            "own": alert.unit_id == seat.unit_id,
            "audited": not concerns(alert, seat.unit_id),
            **_in_bulk(alert, seat),
            "may_unacknowledge": acked and undecided and may_acknowledge(alert, seat),
            "may_remove": alert.state not in SILENCED
            and not alert.latched
            and may_remove(alert.standing.unit_id, seat),
            "may_release": may_release(alert, seat),
            "may_reset": alert.latched and may_acknowledge(alert, seat),
            "may_decide": undecided and may_decide(alert, seat, self._catalog),
            "may_judge": may_judge(alert, seat),
            "raises_30d": raises_30d,
            "note_required": note_required,
        }

    def pick(self, alert: Alert, seat: Seat, *, note_required: bool) -> dict[str, Any]:
        """Give what a screen has to know of an alert to act on it together with many others."""
        series = self._catalog.series.get(alert.series_id)
        return {
            "id": alert.id,
            "series_name": series.name if series else "",
            "unit_name": _name(self._catalog.units.get(alert.unit_id)),
            "own": alert.unit_id == seat.unit_id,
            "unacked": alert.unacked and alert.state not in SILENCED,
            "note_required": note_required,
            **_in_bulk(alert, seat),
        }

    def _levels(self, alert: Alert) -> list[dict[str, Any]]:
        """Give where it has stood, oldest first."""
        units = self._catalog.units
        return [
            {"level": a.level, "unit": _path(unit), "name": _name(unit), "at": ms(a.at)}
            for a in alert.annunciations
            for unit in (units.get(a.unit_id),)
        ]

    def _next(self, alert: Alert) -> Unit | None:
        """Give the unit to which the alert climbs when its deadline passes, None at the top."""
        return self._catalog.parent(alert.standing.unit_id) if alert.deadline is not None else None

    def _silenced(self, alert: Alert) -> dict[str, Any] | None:
        """Give who silenced it, how and why; `here`: at the level where it stands now."""
        held = alert.silenced
        if held is None:
            return None
        return {
            "kind": str(held.kind),
            "by": held.by,
            "unit": _path(self._catalog.units.get(held.unit_id)),
            "level": held.level,
            "here": held.level == alert.level,
            "at": ms(held.at),
            "until": ms(held.until),
            "one_shot": held.one_shot,
            "reason": held.reason,
            "reference": held.reference,
            "cause": held.cause,
        }

    def _decision(self, alert: Alert) -> dict[str, Any] | None:
        made = alert.decision
        if made is None:
            return None
        found = made.found
        addressee = _path(self._catalog.units.get(made.addressee_id))
        return {
            "person": made.person,
            "text": made.text,
            "addressee": addressee,
            "followup": ms(made.followup),
            "at": ms(made.at),
            "measured": None if made.measured is None else measured_view(made.measured),
            "found": None
            if found is None
            else {"at": ms(found.at), "outcome": found.outcome, **measured_view(found.measured)},
        }


def _in_bulk(alert: Alert, seat: Seat) -> dict[str, bool]:
    """Tell what the seat may do with the alert and many others at once."""
    heard = alert.state not in SILENCED
    return {
        "may_acknowledge": alert.unacked and heard and may_acknowledge(alert, seat),
        "may_shelve": heard and not alert.latched and may_silence(alert, seat),
        "may_note": alert.active and may_note(alert, seat),
    }


def measured_view(one: Measured) -> dict[str, Any]:
    """Give what a series read, and when (ms)."""
    return {"value": one.value, "productivity": one.productivity, "read_at": ms(one.at)}


def _path(unit: Unit | None) -> str:
    return "" if unit is None else unit.path


def _name(unit: Unit | None) -> str:
    return "" if unit is None else unit.name
