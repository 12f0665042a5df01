"""The life of one alert: a pure function for each thing that can happen to it.

Each takes the alert as it is, what happened and `at` (int microseconds UTC, room time), and gives the one
transition that follows, the alert after it inside. None reads a clock, the tree or other alerts. What may
happen when is decided by the caller (`pipeline`, `acts`, the book); what could never be true is asserted
here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, TypeVar

from msgspec.structs import replace

from opsroom.alarm import ANOMALY, SILENCED, AlarmClass, Silencing
from opsroom.decision import Decision, FollowUp, Measured
from opsroom.model import (
    MICROS_PER_S,
    Acknowledgement,
    Alert,
    Annunciation,
    ChangeKind,
    Finding,
    Judgement,
    Micros,
    Note,
    Outcome,
    Priority,
    Sentence,
    Series,
    Transition,
)
from opsroom.spans import span_us

FINDINGS_KEPT: Final = 8
NOTES_KEPT: Final = 50
ACKNOWLEDGEMENTS_KEPT: Final = 50
ANNUNCIATIONS_KEPT: Final = 50

_T = TypeVar("_T")


def deadline_after(at: Micros, recovery_s: float) -> Micros:
    """Give the instant `recovery_s` after `at`, never `at` itself.

    Every climb takes time, so that climbing ends.
    """
    return at + max(1, span_us(recovery_s))


def raised(
    alert_id: str,
    series: Series,
    finding: Finding,
    at: Micros,
    *,
    deadline: Micros | None,
    priority: Priority,
    explanation: tuple[Sentence, ...],
    silenced: Silencing | None = None,
    alarm_class: AlarmClass = ANOMALY,
    rule: str = "",
) -> Transition:
    """Open an alert of the series' unit, standing at level 0.

    `deadline` is None where there is nobody above. What silences the series silences the alert from birth.
    """
    alert = Alert(
        id=alert_id,
        root_id=series.root_id,
        series_id=series.id,
        unit_id=series.unit_id,
        kind=finding.kind,
        priority=priority,
        raised=at,
        onset=finding.onset,
        active=True,
        unacked=True,
        level=0,
        deadline=deadline,
        outcome=Outcome.OPEN,
        annunciations=(Annunciation(level=0, unit_id=series.unit_id, at=at, deadline=deadline),),
        explanation=explanation,
        findings=(finding,),
        silenced=silenced,
        alarm_class=alarm_class.name,
        rule=rule,
    )
    params = {"kind": finding.kind, "detector": finding.detector, **_hushed(alert)}
    return Transition(at=at, verb="raised", alert=alert, params=params)


def evidence(alert: Alert, finding: Finding, at: Micros, explanation: tuple[Sentence, ...]) -> Transition:
    """Add what a further detector says; no new alert."""
    after = replace(alert, findings=kept(alert.findings, finding, FINDINGS_KEPT), explanation=explanation)
    return Transition(
        at=at, verb="evidence", alert=after, params={"kind": finding.kind, "detector": finding.detector}
    )


def named(alert: Alert, finding: Finding, at: Micros, explanation: tuple[Sentence, ...]) -> Transition:
    """Give the alert another kind as evidence comes."""
    after = replace(
        alert,
        kind=finding.kind,
        findings=kept(alert.findings, finding, FINDINGS_KEPT),
        explanation=explanation,
    )
    return Transition(
        at=at, verb="named", alert=after, params={"from": alert.kind, "kind": finding.kind, "p": finding.p}
    )


def delivered(alert: Alert, at: Micros, delivery_s: float) -> Transition:
    """Note that the alert first reached its unit.

    Within `delivery_s` of the raise, while it stands with its unit on its first clock, the clock starts at
    delivery instead; later than that, or after a climb, a recovery or a press, nothing moves.
    """
    assert alert.delivered is None
    after = replace(alert, delivered=at)
    first = alert.standing
    on_first_clock = (
        alert.active and alert.level == 0 and first.at == alert.raised and alert.deadline == first.deadline
    )
    if on_first_clock and alert.deadline is not None and at - alert.raised <= delivery_s * MICROS_PER_S:
        deadline = alert.deadline + at - alert.raised
        after = replace(after, deadline=deadline, annunciations=(replace(first, deadline=deadline),))
    return Transition(at=at, verb="delivered", alert=after)


def acknowledged(alert: Alert, seen: Acknowledgement, until: Micros | None = None) -> Transition:
    """Mark as seen at the level where it stands, at most `until`; the clock runs on.

    A press that no detector confirmed has no reading which could bring it back: it ends when its follow-up is
    acknowledged.
    """
    assert alert.unacked
    after = replace(
        alert,
        unacked=False,
        acked_until=until,
        acknowledgements=kept(alert.acknowledgements, seen, ACKNOWLEDGEMENTS_KEPT),
    )
    if alert.active and not alert.findings and alert.decision is not None and not decision_pending(alert):
        after = replace(after, active=False, outcome=Outcome.DECIDED, deadline=None)
    return Transition(
        at=seen.at,
        verb="acknowledged",
        alert=after,
        actor=seen.person,
        params={"level": seen.level, "note": seen.note},
    )


def noted(alert: Alert, note: Note) -> Transition:
    """Keep what the unit says.

    No deadline moves. The alert keeps the first and the latest notes, the journal all.
    """
    after = replace(alert, notes=kept(alert.notes, note, NOTES_KEPT))
    return Transition(
        at=note.at,
        verb="noted",
        alert=after,
        actor=note.author,
        params={"text": note.text, "until": note.until},
    )


def climbed(alert: Alert, unit_id: int, at: Micros, deadline: Micros | None) -> Transition:
    """Stand with the parent as a new, unacknowledged annunciation.

    What was acknowledged below stays in the history.
    """
    assert alert.active
    assert alert.deadline is not None
    assert at >= alert.deadline
    return _annunciated("climbed", alert, alert.level + 1, unit_id, at, deadline)


def annunciated(alert: Alert, at: Micros, measured: Measured) -> Transition:
    """Call again at the top: the follow-up time of a decision has come and the series has not recovered.

    What was found is recorded with it, unless it was before (the series was well at the time, and reopened).
    """
    assert alert.active
    assert alert.decision is not None
    found = followed_up(alert, at, measured) if alert.followup_due is not None else None
    after = alert if found is None else found.alert
    edge = _annunciated("annunciated", after, alert.level, alert.standing.unit_id, at, None)
    return edge if found is None else replace(edge, params=edge.params | found.params)


def followed_up(alert: Alert, at: Micros, measured: Measured) -> Transition:
    """Record what the telemetry did by the follow-up time of a decision; nothing else of the alert moves."""
    decision = alert.decision
    assert decision is not None
    assert decision.due is not None
    outcome = Outcome.OPEN if alert.active else alert.outcome
    found = FollowUp(at=at, outcome=str(outcome), measured=measured)
    before = decision.measured or Measured()
    params = {
        "outcome": str(outcome),
        "value": before.value,
        "productivity": before.productivity,
        "value_then": measured.value,
        "productivity_then": measured.productivity,
    }
    after = replace(alert, decision=replace(decision, found=found))
    return Transition(at=at, verb="followed_up", alert=after, params=params)


def recovered(alert: Alert, finding: Finding, at: Micros, alarm_class: AlarmClass = ANOMALY) -> Transition:
    """End by itself.

    Back inside the band. The clock stops; unacknowledged it stays to be seen (ISA-18.2: RTN unack), unless
    its class needs no acknowledgement; of a latching class it stays until it is reset. What was shelved for
    this once is no longer.
    """
    assert alert.active
    after = replace(alert, active=False, deadline=None, recovered=at, outcome=Outcome.RECOVERED)
    held = alert.silenced
    if held is not None and held.one_shot:
        after = replace(after, silenced=None)
    if held is not None and held.one_shot and held.level == alert.level:
        after = replace(after, unacked=False)
    elif after.state not in SILENCED:
        unacked = after.unacked and (alarm_class.needs_ack or alarm_class.latching)
        after = replace(after, latched=alarm_class.latching, unacked=unacked)
    return Transition(at=at, verb="recovered", alert=after, params={"value": finding.value})


def reopened(alert: Alert, finding: Finding, at: Micros, explanation: tuple[Sentence, ...]) -> Transition:
    """Go on where it left off: level and clock of before, to be seen anew.

    The old deadline, or the follow-up of a decision still pending, counts again; if it passed while the
    series was well, it is due now, at the reopening, and not earlier: nothing in the journal lies before what
    caused it.
    """
    assert not alert.active
    pending = decision_pending(alert)
    old = alert.decision.followup if alert.decision is not None and pending else alert.standing.deadline
    after = replace(
        alert,
        active=True,
        unacked=True,
        recovered=None,
        latched=False,
        rounds=alert.rounds + 1,
        outcome=Outcome.DECIDED if pending else Outcome.OPEN,
        deadline=None if old is None else max(old, at),
        kind=alert.kind if alert.kind is ChangeKind.PRESS else finding.kind,
        findings=kept(alert.findings, finding, FINDINGS_KEPT),
        explanation=explanation,
    )
    params = {"kind": finding.kind, "detector": finding.detector, "rounds": after.rounds, **_hushed(after)}
    return Transition(at=at, verb="reopened", alert=after, params=params)


def decided(alert: Alert, decision: Decision) -> Transition:
    """Record the decision: the alert counts as seen and waits, still active, for the follow-up time."""
    assert alert.active
    assert decision.followup > decision.at
    after = replace(
        alert,
        unacked=False,
        acked_until=None,  # it is seen until the follow-up, however long an acknowledgement holds
        decision=decision,
        outcome=Outcome.DECIDED,
        deadline=decision.followup,
    )
    measured = decision.measured or Measured()
    params = {
        "text": decision.text,
        "addressee_id": decision.addressee_id,
        "followup": decision.followup,
        "value": measured.value,
        "productivity": measured.productivity,
    }
    return Transition(at=decision.at, verb="decided", alert=after, actor=decision.person, params=params)


def judged(alert: Alert, judgements: tuple[Judgement, ...], *, before: float, budget: float) -> Transition:
    """Keep what people think of the alert, newest last; nothing else of it moves.

    The journal says with it how the series' budget moved (false alarms a week).
    """
    said = judgements[-1]
    return Transition(
        at=said.at,
        verb="judged",
        alert=replace(alert, judgements=judgements),
        actor=said.person,
        params={"useful": said.useful, "before": before, "budget": budget},
    )


def rebased(alert: Alert, at: Micros, person: str, capability: float) -> Transition:
    """End by a new capability, confirmed by the parent."""
    assert alert.active
    after = replace(alert, active=False, unacked=False, deadline=None, recovered=at, outcome=Outcome.REBASED)
    return Transition(at=at, verb="rebased", alert=after, actor=person, params={"capability": capability})


def press_raised(
    alert_id: str,
    series: Series,
    at: Micros,
    *,
    level: int,
    top_id: int,
    person: str,
    explanation: tuple[Sentence, ...],
    silenced: Silencing | None = None,
) -> Transition:
    """Open an alert by hand, straight at the top: `level` climbs above its unit, without a deadline."""
    alert = Alert(
        id=alert_id,
        root_id=series.root_id,
        series_id=series.id,
        unit_id=series.unit_id,
        kind=ChangeKind.PRESS,
        priority=Priority.ACT_NOW,
        raised=at,
        onset=None,
        active=True,
        unacked=True,
        level=level,
        deadline=None,
        outcome=Outcome.OPEN,
        annunciations=(Annunciation(level=level, unit_id=top_id, at=at, deadline=None),),
        explanation=explanation,
        silenced=None if silenced is None or silenced.level == level else silenced,
    )
    return Transition(at=at, verb="pressed", alert=alert, actor=person)


def lifted(
    alert: Alert, at: Micros, *, level: int, top_id: int, person: str, explanation: tuple[Sentence, ...]
) -> Transition:
    """Lift the open alert of a pressed series to the top at once.

    A decision that waited for its follow-up waits no more.
    """
    assert alert.active
    risen = replace(alert, kind=ChangeKind.PRESS, priority=Priority.ACT_NOW, explanation=explanation)
    edge = _annunciated("pressed", risen, level, top_id, at, None)
    return replace(edge, actor=person)


def superseded(alert: Alert, at: Micros, by_id: str) -> Transition:
    """Leave the wall: it had recovered unseen, and a newer alert of the same series stands in its place."""
    assert not alert.active
    after = replace(alert, unacked=False, latched=False, silenced=None)
    return Transition(at=at, verb="superseded", alert=after, params={"by": by_id})


def decision_pending(alert: Alert) -> bool:
    """Say whether a decision was made in the present annunciation, so that its follow-up is still to come."""
    return alert.decision is not None and alert.decision.at >= alert.standing.at


def _annunciated(
    verb: str, alert: Alert, level: int, unit_id: int, at: Micros, deadline: Micros | None
) -> Transition:
    standing = Annunciation(level=level, unit_id=unit_id, at=at, deadline=deadline)
    held = alert.silenced
    after = replace(
        alert,
        # Nobody can hush a running clock: what was silenced is heard, and says who silenced it and why.
        silenced=None if held is not None and held.level == level else held,
        acked_until=None,
        level=level,
        deadline=deadline,
        unacked=True,
        outcome=Outcome.OPEN,
        annunciations=kept(alert.annunciations, standing, ANNUNCIATIONS_KEPT),
    )
    params: dict[str, Any] = {"level": level, "unit_id": unit_id, **told(held)}
    return Transition(at=at, verb=verb, alert=after, params=params)


def told(held: Silencing | None) -> dict[str, Any]:
    """Give who silenced an alert and why, for the journal; nothing where nobody did."""
    if held is None:
        return {}
    said = {"by": held.by, "reason": held.reason, "reference": held.reference, "cause": held.cause}
    return {"silenced": str(held.kind), **{key: text for key, text in said.items() if text}}


def _hushed(alert: Alert) -> dict[str, Any]:
    return told(alert.silenced) if alert.state in SILENCED else {}


def kept(row: Sequence[_T], one: _T, most: int) -> tuple[_T, ...]:
    """Append and keep first and latest: the first says how it began, the others how it is now."""
    whole = (*row, one)
    return whole if len(whole) <= most else (whole[0], *whole[len(whole) - most + 1 :])
