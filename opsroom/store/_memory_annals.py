"""The annals in memory: what the tables answer, from dictionaries."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from opsroom.audit import Audit
from opsroom.rights import may_see

if TYPE_CHECKING:
    from opsroom.minutes import Minute
    from opsroom.model import Alert, Series, Transition, Unit
    from opsroom.notices import News
    from opsroom.store.annals import AlertOrder, Wanted

NEVER = 1 << 62


class MemoryAnnals:
    """Alerts, edges and minutes; the journal fills them."""

    def __init__(
        self, alerts: dict[str, Alert], news: list[News], series: dict[int, Series], units: dict[int, Unit]
    ) -> None:
        """Look into what the journal holds."""
        self.taken: dict[str, Minute] = {}
        self._alerts, self._news, self._series, self._units = alerts, news, series, units

    def count(self, wanted: Wanted) -> int:
        """Count alerts."""
        return len(self._found(wanted))

    def page(
        self, wanted: Wanted, order: AlertOrder, offset: int, limit: int, *, falling: bool = True
    ) -> list[Alert]:
        """Give alerts in an order."""
        key = self._key(order)
        found = sorted(self._found(wanted), key=lambda one: (key(one), one.raised, one.id), reverse=falling)
        return found[offset : offset + limit]

    def count_edges(self, wanted: Wanted) -> int:
        """Count edges."""
        return len(self._edges(wanted))

    def edges(self, wanted: Wanted, offset: int, limit: int, *, falling: bool = True) -> list[Transition]:
        """Give edges in the order of the journal."""
        found = self._edges(wanted)
        return (found[::-1] if falling else found)[offset : offset + limit]

    def minutes(self, unit_id: int, limit: int = 1000) -> list[Minute]:
        """Give the decisions of a unit and those addressed to it."""
        found = [one for one in list(self.taken.values()) if unit_id in {one.unit_id, one.addressee_id}]
        return sorted(found, key=lambda one: (one.at, one.id), reverse=True)[:limit]

    def minute(self, minute_id: str) -> Minute | None:
        """Give one decision."""
        return self.taken.get(minute_id)

    # -- conditions --------------------------------------------------------------------------------------

    def _found(self, wanted: Wanted) -> list[Alert]:
        actors: dict[str, set[str]] = {}
        for one in list(self._news) if wanted.matching is not None else ():
            actors.setdefault(one.edge.alert.id, set()).add(one.edge.actor)
        return [
            alert
            for alert in list(self._alerts.values())
            if _about(alert, wanted)
            and wanted.t_from <= alert.raised < wanted.t_to
            and _matches(alert, wanted, actors.get(alert.id, ()))
        ]

    def _edges(self, wanted: Wanted) -> list[Transition]:
        found = [one.edge for one in list(self._news)]
        return [
            edge
            for edge in found
            if _about(self._alerts[edge.alert.id], wanted)
            and wanted.t_from <= edge.at < wanted.t_to
            and (not wanted.verbs or edge.verb in wanted.verbs)
            and _matches(self._alerts[edge.alert.id], wanted, [edge.actor])
        ]

    def _key(self, order: AlertOrder) -> Callable[[Alert], Any]:
        keys: dict[str, Callable[[Alert], Any]] = {
            "raised": lambda alert: alert.raised,
            "priority": lambda alert: int(alert.priority),
            "series": lambda alert: self._series[alert.series_id].name,
            "unit": lambda alert: self._units[alert.unit_id].path,
            "kind": lambda alert: str(alert.kind),
            "ended": lambda alert: NEVER if alert.recovered is None else alert.recovered,
        }
        return keys[order]


def _about(alert: Alert, wanted: Wanted) -> bool:
    audits = [
        Audit(
            id="",
            root_id=0,
            by_unit=wanted.unit_id,
            unit_id=one.unit_id,
            person="",
            seat_id=0,
            reason="",
            declared=0,
            until=0,
            series_id=one.series_id,
        )
        for one in wanted.audited
    ]
    return (
        may_see(alert, wanted.unit_id, audits)
        and (wanted.standing is None or alert.on_wall == wanted.standing)
        and (not wanted.priorities or int(alert.priority) in wanted.priorities)
    )


def _matches(alert: Alert, wanted: Wanted, actors: Iterable[str]) -> bool:
    text = wanted.matching
    if text is None:
        return True
    named = alert.series_id in text.series or str(alert.kind) in text.kinds
    return named or any(text.person.lower() in actor.lower() for actor in actors)
