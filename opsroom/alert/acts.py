"""What people and plants do to alerts.

Role checks lie with access; here counts at which unit's level an alert stands.
"""

from __future__ import annotations

from functools import singledispatch

from msgspec.structs import replace

from opsroom.alarm import SILENCED
from opsroom.alert import bargain, lifecycle, quiet_acts
from opsroom.alert.budget import with_judgement
from opsroom.alert.desk import Desk, alert_of, conflict, series_of, stands_with
from opsroom.alert.explain import explain_press
from opsroom.alert.falling import seen_until
from opsroom.alert.pipeline import replaced
from opsroom.decision import Decision
from opsroom.errors import AccessDenied, Conflict, Invalid, NotFound
from opsroom.model import (
    Acknowledgement,
    Alert,
    ChangeKind,
    Judgement,
    Note,
    Transition,
)
from opsroom.records import (
    Acknowledge,
    AnyAct,
    ConfirmTerms,
    Decide,
    DeclineTerms,
    Delivered,
    Judge,
    OutOfService,
    Press,
    ProposeTerms,
    Rebase,
    Recovering,
    Reset,
    ReturnToService,
    Shelve,
    Unacknowledge,
    Unshelve,
)


def perform(desk: Desk, act: AnyAct) -> list[Transition]:
    """Do one act; see `AlertBook.on_act` for the errors."""
    # One after the other: what ends an older alert is written before the newer one is.
    return [desk.book.put(edge) for edge in _edges(act, desk)]


@singledispatch
def _edges(act: object, desk: Desk) -> list[Transition]:
    raise AssertionError((act, desk.offset))


@_edges.register
def _acknowledge(act: Acknowledge, desk: Desk) -> list[Transition]:
    alert = alert_of(desk, act.alert_id)
    if act.key and any(seen.key == act.key for seen in alert.acknowledgements):
        return []
    stands_with(alert, act)
    _may_be_seen(alert, act, desk)
    seen = Acknowledgement(
        level=alert.level,
        unit_id=alert.standing.unit_id,
        person=act.person,
        seat_id=act.seat_id,
        at=desk.now,
        note=act.note,
        key=act.key,
    )
    until = seen_until(alert, desk.book.agreed, desk.now, desk.settings) if alert.active else None
    return [lifecycle.acknowledged(alert, seen, until)]


@_edges.register
def _recovering(act: Recovering, desk: Desk) -> list[Transition]:
    alert = alert_of(desk, act.alert_id)
    has_stood = any(level.unit_id == act.unit_id for level in alert.annunciations)
    if not (act.unit_id == alert.unit_id or has_stood or _feeds(desk, act, alert.unit_id)):
        raise AccessDenied(
            "Only a unit that the alert concerns may note on it.", remedy="Ask the unit.", alert_id=alert.id
        )
    author = act.person or desk.catalog.units[act.unit_id].path
    note = Note(at=desk.now, author=author, text=act.note, until=act.until)
    return [] if _said(alert, note) else [lifecycle.noted(alert, note)]


@_edges.register
def _decide(act: Decide, desk: Desk) -> list[Transition]:
    alert = alert_of(desk, act.alert_id)
    stands_with(alert, act)
    if desk.catalog.parent(alert.standing.unit_id) is not None:
        raise Invalid(
            "A decision is made at the top, and the alert does not stand there.",
            remedy="Note or acknowledge it, or wait until it has climbed.",
            field="alert_id",
            alert_id=alert.id,
        )
    if alert.decision is not None and lifecycle.decision_pending(alert):
        if alert.decision.text == act.text and alert.decision.seat_id == act.seat_id and act.key:
            return []
        raise conflict(alert, "Already decided", alert.decision.person, alert.decision.at)
    if not alert.active:
        raise Conflict(
            "The alert has recovered.",
            remedy="Nothing is left to decide.",
            alert_id=alert.id,
            at=alert.recovered,
        )
    _check_decision(act, desk)
    decision = Decision(
        at=desk.now,
        person=act.person,
        seat_id=act.seat_id,
        text=act.text.strip(),
        addressee_id=act.addressee_id,
        followup=act.followup,
        measured=desk.book.latest.measured(desk.catalog.series[alert.series_id]),
    )
    return [lifecycle.decided(alert, decision)]


_edges.register(Unacknowledge, quiet_acts.unacknowledge)
_edges.register(Shelve, quiet_acts.shelve)
_edges.register(Unshelve, quiet_acts.release)
_edges.register(OutOfService, quiet_acts.remove)
_edges.register(ReturnToService, quiet_acts.release)
_edges.register(Reset, quiet_acts.reset)
_edges.register(ProposeTerms, bargain.propose)
_edges.register(ConfirmTerms, bargain.confirm)
_edges.register(DeclineTerms, bargain.decline)


@_edges.register
def _judge(act: Judge, desk: Desk) -> list[Transition]:
    alert = alert_of(desk, act.alert_id)
    if act.unit_id not in {alert.unit_id, *(level.unit_id for level in alert.annunciations)}:
        raise AccessDenied(
            "Only a unit that the alert concerns may judge it.", remedy="Ask the unit.", alert_id=alert.id
        )
    said = Judgement(
        at=desk.now, person=act.person, seat_id=act.seat_id, unit_id=act.unit_id, useful=act.useful
    )
    if any(replace(one, at=said.at) == said for one in alert.judgements):
        return []
    judgements = with_judgement(alert.judgements, said)
    series, usual = series_of(desk, alert.series_id), desk.settings.budget_per_week
    before = desk.book.budget(series, usual).per_week
    desk.book.judge(replace(alert, judgements=judgements))
    budget = desk.book.budget(series, usual).per_week
    return [lifecycle.judged(alert, judgements, before=before, budget=budget)]


@_edges.register
def _press(act: Press, desk: Desk) -> list[Transition]:
    series = desk.book.agreed.as_agreed(series_of(desk, act.series_id))
    if series.indicator is None or not series.indicator.essential:
        raise Invalid(
            "Only an indicator agreed as essential can be pressed.",
            remedy="Agree it with the parent unit first.",
            field="series_id",
            series_id=series.id,
        )
    if act.unit_id != series.unit_id and not _feeds(desk, act, series.unit_id):
        raise AccessDenied(
            "Only its own unit presses an indicator.", remedy="Ask the unit.", series_id=series.id
        )
    alert = desk.book.active(series.id)
    top = desk.catalog.ancestors(series.unit_id)[-1]
    person = act.person or desk.catalog.units[act.unit_id].path
    level = desk.catalog.units[series.unit_id].depth
    if alert is None:
        alert_id = desk.book.new_id(series.id, desk.offset)
        why = explain_press(person, act.note)
        rests = desk.book.resting.get(series.id)
        edge = lifecycle.press_raised(
            alert_id,
            series,
            desk.now,
            level=level,
            top_id=top.id,
            person=person,
            explanation=why,
            silenced=None if rests is None else rests.silenced,
        )
        return [*replaced(desk.book, series.id, alert_id, desk.now), edge]
    if alert.kind is ChangeKind.PRESS and alert.unacked:
        note = Note(at=desk.now, author=person, text=act.note)
        return [lifecycle.noted(alert, note)] if act.note else []
    why = explain_press(person, act.note, alert.explanation)
    return [lifecycle.lifted(alert, desk.now, level=level, top_id=top.id, person=person, explanation=why)]


@_edges.register
def _delivered(act: Delivered, desk: Desk) -> list[Transition]:
    ids = dict.fromkeys((*act.alert_ids, act.alert_id) if act.alert_id else act.alert_ids)
    alerts = [alert for alert in map(desk.book.open.get, ids) if alert is not None]
    delivery_s = desk.settings.delivery_s
    return [lifecycle.delivered(one, desk.now, delivery_s) for one in alerts if one.delivered is None]


@_edges.register
def _rebase(act: Rebase, desk: Desk) -> list[Transition]:
    series = series_of(desk, act.series_id)
    if series.indicator is None or not act.capability > 0:
        raise Invalid(
            "Only an indicator has a capability, and it is above zero.",
            remedy="Name an indicator and a number above zero.",
            field="capability",
            series_id=series.id,
        )
    above = desk.catalog.parent(series.unit_id)
    if act.unit_id != (series.unit_id if above is None else above.id):
        raise AccessDenied(
            "The parent unit confirms a new capability.", remedy="Ask the parent unit.", series_id=series.id
        )
    alert = desk.book.active(series.id)
    return [] if alert is None else [lifecycle.rebased(alert, desk.now, act.person, act.capability)]


def _feeds(desk: Desk, act: Recovering | Press, unit_id: int) -> bool:
    """Say whether a plant's socket (no seat) speaks for the unit: its node contains it."""
    return act.seat_id == 0 and desk.catalog.contains(act.unit_id, unit_id)


def _said(alert: Alert, note: Note) -> bool:
    """Say whether the same note is the latest already: a plant repeats itself after a lost connection."""
    if not alert.notes:
        return False
    last = alert.notes[-1]
    return (last.author, last.text, last.until) == (note.author, note.text, note.until)


def _may_be_seen(alert: Alert, act: Acknowledge, desk: Desk) -> None:
    if alert.state in SILENCED:
        raise Conflict(
            "The alert is silenced: nobody is asked to acknowledge it.",
            remedy="End the silencing first.",
            code="alert_silenced",
            alert_id=alert.id,
            state=str(alert.state),
        )
    if not alert.unacked:
        raise _already(alert)
    if desk.book.agreed.class_of(alert).note_required and not act.note.strip():
        raise Invalid(
            "Alerts of this class are acknowledged with a note.",
            remedy="Say what you saw or do.",
            code="note_required",
            field="note",
            alert_id=alert.id,
        )


def _already(alert: Alert) -> Conflict:
    if alert.decision is not None and lifecycle.decision_pending(alert):
        return conflict(alert, "Already decided", alert.decision.person, alert.decision.at)
    if not alert.acknowledgements:
        return Conflict(
            "There is nothing to acknowledge.",
            remedy="Read the wall again.",
            code="alert_normal",
            alert_id=alert.id,
        )
    last = alert.acknowledgements[-1]
    return conflict(alert, "Already acknowledged", last.person, last.at)


def _check_decision(act: Decide, desk: Desk) -> None:
    if desk.book.followups() >= desk.settings.followups_max:
        raise Conflict(
            "Too many decisions wait for their follow-up.",
            remedy="Wait until one has come, or raise room.followups_max.",
            code="followups_full",
            most=desk.settings.followups_max,
        )
    if not act.text.strip():
        raise Invalid("A decision needs a text.", remedy="Say what shall be done.", field="text")
    if act.addressee_id not in desk.catalog.units:
        raise NotFound(
            "The addressee is no unit of the tree.", remedy="Choose a unit.", unit_id=act.addressee_id
        )
    if act.followup <= desk.now:
        raise Invalid("The follow-up time lies in the past.", remedy="Choose a later time.", field="followup")
