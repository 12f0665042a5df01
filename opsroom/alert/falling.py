"""What falls due for an alert by time alone, and which timers an edge starts or stops.

At one instant the clock goes first: what climbs then is heard anew, and no call or return of before counts.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from opsroom.alarm import AlarmState, Rota
from opsroom.alert import lifecycle, quiet
from opsroom.catalog import Catalog
from opsroom.drill import ends_at, said
from opsroom.model import MICROS_PER_S, Alert, Micros, Series, Transition
from opsroom.settings import RoomSection

if TYPE_CHECKING:
    from opsroom.alert.agreed import Agreed
    from opsroom.alert.book import AlertBook

ANEW: Final = frozenset({"climbed", "annunciated", "pressed", "reopened", "risen"})
"""Verbs that annunciate again also what stood unacknowledged before."""


class Due(IntEnum):
    """What falls due, in the order of one instant."""

    CLOCK = 0
    ACKNOWLEDGEMENT = 1
    RETURN = 2
    CALL = 3
    FOLLOWUP = 4
    EXERCISE = 5


def timers(alert: Alert) -> list[tuple[Micros, int]]:
    """Give what runs for an alert: (instant, what)."""
    until = None if alert.silenced is None else alert.silenced.until
    ends = ends_at(alert)
    # A snapshot may still say how long an acknowledgement held before the decision that ended it.
    seen = None if lifecycle.decision_pending(alert) else alert.acked_until
    running = (alert.deadline, seen, until, alert.call_at, alert.followup_due, ends)
    return [(at, int(what)) for what, at in zip(Due, running, strict=True) if at is not None]


def come_due(
    book: AlertBook, alert: Alert, what: Due, catalog: Catalog, at: Micros, settings: RoomSection
) -> Transition:
    """Give the edge that follows when `what` has come for `alert`, `at` its instant."""
    if what is Due.CLOCK:
        series = book.agreed.as_agreed(catalog.series[alert.series_id])
        if catalog.parent(alert.standing.unit_id) is None:
            return lifecycle.annunciated(alert, at, book.latest.measured(catalog.series[alert.series_id]))
        return _climb(alert, series, catalog, at, settings)
    if what is Due.FOLLOWUP:
        return lifecycle.followed_up(alert, at, book.latest.measured(catalog.series[alert.series_id]))
    if what is Due.ACKNOWLEDGEMENT:
        return quiet.unacknowledged(alert, at)
    if what is Due.RETURN:
        return quiet.released(alert, at, why=quiet.TIMEOUT)
    if what is Due.EXERCISE:
        return lifecycle.recovered(alert, said(alert.series_id, at), at, book.agreed.class_of(alert))
    unit_id = alert.standing.unit_id
    # Withdrawn while it called, a rota is one hole: nobody is forgotten.
    rota = book.agreed.rota(unit_id) or Rota(unit_id=unit_id)
    return quiet.called(alert, rota, at, catalog.units[unit_id].time_zone)


def finished(edge: Transition, before: Alert | None, agreed: Agreed) -> Transition:
    """Start the calls of a new annunciation, and stop what no longer applies after `edge`."""
    alert = edge.alert
    state = alert.state
    call_at, step = alert.call_at, alert.call_step
    if state is not AlarmState.UNACKED:
        call_at = None
    elif edge.verb in ANEW or before is None or before.state is not state:
        rota = agreed.rota(alert.standing.unit_id)
        call_at, step = (None if rota is None else edge.at), 0
    acked_until = alert.acked_until if state is AlarmState.ACKED else None
    if (call_at, step, acked_until) == (alert.call_at, alert.call_step, alert.acked_until):
        return edge
    return replace(edge, alert=replace(alert, call_at=call_at, call_step=step, acked_until=acked_until))


def seen_until(alert: Alert, agreed: Agreed, now: Micros, settings: RoomSection) -> Micros | None:
    """Give how long an acknowledgement of now holds, by the alert's class or the setting; None: for good.

    What waits for the follow-up of a decision is called again then, and not before.
    """
    if lifecycle.decision_pending(alert):
        return None
    own = agreed.class_of(alert).ack_timeout_s
    span_s = settings.ack_timeout_s if own is None else own
    return None if span_s is None else now + max(1, round(span_s * MICROS_PER_S))


def _climb(alert: Alert, series: Series, catalog: Catalog, at: Micros, settings: RoomSection) -> Transition:
    above = catalog.parent(alert.standing.unit_id)
    assert above is not None
    level = alert.level + 1
    deadline = None
    if above.parent_id is not None:
        recovery_s = series.recovery_at(level, settings.recovery_default_s)
        deadline = lifecycle.deadline_after(at, recovery_s)
    return lifecycle.climbed(alert, above.id, at, deadline)
