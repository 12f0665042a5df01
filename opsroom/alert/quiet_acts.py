"""What people do to stop an annunciation, to bring it back, and to take back that they have seen it.

None moves a deadline, and each is refused where the table of states has no such way.
"""

from __future__ import annotations

from opsroom.alarm import SILENCED, AlarmState, Hush, Silencing
from opsroom.alert import quiet
from opsroom.alert.desk import Desk, alert_of, series_of, stands_with
from opsroom.alert.falling import seen_until
from opsroom.alert.lifecycle import decision_pending
from opsroom.alert.priority import priority_of
from opsroom.alert.states import ALLOWED, FORBIDDEN
from opsroom.errors import AccessDenied, Conflict, Invalid
from opsroom.model import MICROS_PER_S, Acknowledgement, Alert, Micros, Series, Transition
from opsroom.records import OutOfService, Reset, ReturnToService, Shelve, Unacknowledge, Unshelve


def shelve(act: Shelve, desk: Desk) -> list[Transition]:
    """Shelve an alert, or a series that has none, for a time."""
    if act.until is None or act.until <= desk.now:
        raise Invalid(
            "A shelving needs a time to come at which it ends.",
            remedy="Choose a later time.",
            code="shelve_time",
            field="until",
        )
    reason = _text(act.reason, "reason")
    alert = _target(act, desk, AlarmState.SHELVED)
    unit_id, level = _place(alert)
    held = Silencing(
        kind=Hush.SHELVED,
        by=act.person,
        seat_id=act.seat_id,
        unit_id=unit_id,
        level=level,
        at=desk.now,
        until=_spread(desk, unit_id, act.until),
        one_shot=act.one_shot,
        reason=reason,
    )
    return [quiet.silenced(alert, held, act.until)]


def remove(act: OutOfService, desk: Desk) -> list[Transition]:
    """Take an alert, or a series that has none, out of service."""
    reference = _text(act.reference, "reference")
    alert = _target(act, desk, AlarmState.OUT_OF_SERVICE)
    unit_id, level = _place(alert)
    held = Silencing(
        kind=Hush.OUT_OF_SERVICE,
        by=act.person,
        seat_id=act.seat_id,
        unit_id=unit_id,
        level=level,
        at=desk.now,
        reason=act.reason.strip(),
        reference=reference,
    )
    return [quiet.silenced(alert, held)]


def release(act: Unshelve | ReturnToService, desk: Desk) -> list[Transition]:
    """End a shelving (whoever does has seen the alert), or a service (nobody has)."""
    alert = alert_of(desk, act.alert_id)
    kind = Hush.SHELVED if isinstance(act, Unshelve) else Hush.OUT_OF_SERVICE
    held = alert.silenced
    if held is None or held.kind is not kind:
        raise Conflict(
            "The alert is not silenced in that way.",
            remedy="Read the wall again.",
            code="not_silenced",
            alert_id=alert.id,
            state=str(alert.state),
        )
    if act.unit_id != held.unit_id:
        raise AccessDenied(
            "It was silenced by another unit.",
            remedy="The unit that silenced it ends it.",
            alert_id=alert.id,
            unit_id=held.unit_id,
        )
    seen = None
    if kind is Hush.SHELVED and alert.active and held.level == alert.level:
        seen = Acknowledgement(
            level=alert.level,
            unit_id=alert.standing.unit_id,
            person=act.person,
            seat_id=act.seat_id,
            at=desk.now,
            note=act.note,
            key=act.key,
        )
    until = None if seen is None else seen_until(alert, desk.book.agreed, desk.now, desk.settings)
    edge = quiet.released(
        alert, desk.now, why="person", actor=act.person, note=act.note, seen=seen, acked_until=until
    )
    return [edge]


def unacknowledge(act: Unacknowledge, desk: Desk) -> list[Transition]:
    """Take back an acknowledgement at the level where the alert stands."""
    alert = alert_of(desk, act.alert_id)
    stands_with(alert, act)
    if alert.state is not AlarmState.ACKED or decision_pending(alert):
        raise Conflict(
            "Only an acknowledged alert whose condition holds, and that waits for no decision, can be "
            "unacknowledged.",
            remedy="Read the wall again.",
            code="not_acknowledged",
            alert_id=alert.id,
            state=str(alert.state),
        )
    return [quiet.unacknowledged(alert, desk.now, actor=act.person, note=act.note)]


def reset(act: Reset, desk: Desk) -> list[Transition]:
    """Release a latched alert at the level where it stands."""
    alert = alert_of(desk, act.alert_id)
    stands_with(alert, act)
    if not alert.latched:
        raise Conflict(
            "The alert is not latched, or its condition still holds.",
            remedy="Wait until it has recovered.",
            code="not_latched",
            alert_id=alert.id,
            state=str(alert.state),
        )
    return [quiet.reset(alert, desk.now, act.person, act.note)]


def _target(act: Shelve | OutOfService, desk: Desk, state: AlarmState) -> Alert:
    """Give the alert to silence; for a series without one, what carries the silencing."""
    alert = alert_of(desk, act.alert_id) if act.alert_id else _carrier(act, desk)
    if alert.state is AlarmState.NORMAL:
        _of_unit(alert.unit_id, act)
    else:
        stands_with(alert, act)
    held_below = alert.state is AlarmState.NORMAL and alert.silenced is not None
    if (alert.state, state) in ALLOWED and alert.state not in SILENCED and not held_below:
        return alert
    raise Conflict(
        f"The alert is {alert.state}.",
        remedy="End that first.",
        code="alert_latched" if alert.latched else "silenced_already",
        alert_id=alert.id,
        state=str(alert.state),
        why=FORBIDDEN.get((alert.state, state), "it is so already"),
    )


def _carrier(act: Shelve | OutOfService, desk: Desk) -> Alert:
    series: Series = series_of(desk, act.series_id)
    found = desk.book.active(series.id) or desk.book.resting.get(series.id)
    if found is not None:
        return found
    _of_unit(series.unit_id, act)
    return quiet.placeholder(desk.book.new_id(series.id, desk.offset), series, desk.now, priority_of(series))


def _of_unit(unit_id: int, act: Shelve | OutOfService) -> None:
    if act.unit_id != unit_id:
        raise AccessDenied("Only its own unit silences a series.", remedy="Ask the unit.", unit_id=unit_id)


def _place(alert: Alert) -> tuple[int, int]:
    """Give unit and level to silence: where the alert stands; of one that has ended, its own unit's."""
    if alert.state is AlarmState.NORMAL:
        return alert.unit_id, 0
    return alert.standing.unit_id, alert.level


def _text(text: str, field: str) -> str:
    if not text.strip():
        raise Invalid(
            f"Nothing is silenced without a {field}.",
            remedy="Say why.",
            code="note_required",
            field=field,
        )
    return text.strip()


def _spread(desk: Desk, unit_id: int, until: Micros) -> Micros:
    """Keep returns of one position apart, so that the end of a shift is no flood."""
    taken = [
        held.until
        for held in (alert.silenced for alert in desk.book.open.values())
        if held is not None and held.unit_id == unit_id and held.until is not None
    ]
    apart = round(desk.settings.return_stagger_s * MICROS_PER_S)
    return desk.book.agreed.returns(until, taken, apart)
