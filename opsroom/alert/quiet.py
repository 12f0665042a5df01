"""Edges that stop an alert's annunciation or bring it back, and those that undo an acknowledgement.

Pure, as those of `lifecycle`. None moves a deadline: what would have climbed climbs (DOMAIN 1.6 rule 2).
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from opsroom.alarm import Call, Hush, Rota, Silencing
from opsroom.alert.lifecycle import ACKNOWLEDGEMENTS_KEPT, kept, told
from opsroom.model import (
    Acknowledgement,
    Alert,
    Annunciation,
    ChangeKind,
    Micros,
    Outcome,
    Priority,
    Sentence,
    Series,
    Transition,
)

CALLS_KEPT: Final = 50
TIMEOUT: Final = "timeout"
_SILENCED: Final = {Hush.SHELVED: "shelved", Hush.SUPPRESSED: "suppressed", Hush.OUT_OF_SERVICE: "removed"}
_RELEASED: Final = {
    Hush.SHELVED: "unshelved",
    Hush.SUPPRESSED: "unsuppressed",
    Hush.OUT_OF_SERVICE: "returned",
}


def placeholder(alert_id: str, series: Series, at: Micros, priority: Priority) -> Alert:
    """Give what carries a silencing of a series that has no alert: never raised, without condition."""
    return Alert(
        id=alert_id,
        root_id=series.root_id,
        series_id=series.id,
        unit_id=series.unit_id,
        kind=ChangeKind.NONE,
        priority=priority,
        raised=at,
        onset=None,
        active=False,
        unacked=False,
        level=0,
        deadline=None,
        outcome=Outcome.RECOVERED,
        annunciations=(Annunciation(level=0, unit_id=series.unit_id, at=at, deadline=None),),
        explanation=(Sentence("why.none"),),
        rounds=0,
    )


def silenced(alert: Alert, held: Silencing, asked: Micros | None = None) -> Transition:
    """Stop the annunciation; `asked` is the time a person named, before returns were spread."""
    after = replace(alert, silenced=held, cause=held.cause or alert.cause)
    params = {**told(held), "until": held.until, "one_shot": held.one_shot, "level": held.level}
    if asked != held.until:
        params["asked"] = asked
    return Transition(at=held.at, verb=_SILENCED[held.kind], alert=after, actor=held.by, params=params)


def released(
    alert: Alert,
    at: Micros,
    *,
    why: str,
    actor: str = "",
    note: str = "",
    seen: Acknowledgement | None = None,
    acked_until: Micros | None = None,
) -> Transition:
    """End what silences the alert: its condition stands unacknowledged again, or `seen` by who ended it.

    Without its condition it is normal. Where it has climbed meanwhile nothing else alters.
    """
    held = alert.silenced
    assert held is not None
    after = replace(alert, silenced=None, cause=None if held.cause else alert.cause)
    if held.level == alert.level:
        after = replace(after, unacked=alert.active and seen is None)
        if seen is not None and alert.active:
            row = kept(alert.acknowledgements, seen, ACKNOWLEDGEMENTS_KEPT)
            after = replace(after, acknowledgements=row, acked_until=acked_until)
    params = {**told(held), "why": why, "note": note}
    return Transition(at=at, verb=_RELEASED[held.kind], alert=after, actor=actor, params=params)


def unacknowledged(alert: Alert, at: Micros, *, actor: str = "", note: str = "") -> Transition:
    """Stand unacknowledged again: by a person, or because the acknowledgement timed out (no actor)."""
    assert alert.active
    assert not alert.unacked
    params = {"why": "person" if actor else TIMEOUT, "note": note}
    after = replace(alert, unacked=True, acked_until=None)
    return Transition(at=at, verb="unacknowledged", alert=after, actor=actor, params=params)


def risen(alert: Alert, at: Micros, priority: Priority, *, void: bool) -> Transition:
    """Take the higher priority; with `void` the acknowledgement given for the lower one holds no more."""
    assert priority < alert.priority
    after = replace(alert, priority=priority)
    if void:
        after = replace(after, unacked=True, acked_until=None)
    return Transition(
        at=at, verb="risen", alert=after, params={"from": int(alert.priority), "to": int(priority)}
    )


def reset(alert: Alert, at: Micros, actor: str, note: str) -> Transition:
    """Release a latched alert."""
    assert alert.latched
    after = replace(alert, latched=False, unacked=False)
    return Transition(at=at, verb="reset", alert=after, actor=actor, params={"note": note})


def called(alert: Alert, rota: Rota, at: Micros, zone: str) -> Transition:
    """Call the seats of the step that is due; where the rota has a hole, every operator, and say so.

    `zone` is that of the unit where the alert stands.
    """
    step = alert.call_step
    first = at if step == 0 else alert.call_first
    seats = rota.seats(step, at, first, zone)
    rows = tuple(Call(seat_id=seat_id, at=at, step=step) for seat_id in seats or (0,))
    after = replace(
        alert,
        calls=(*alert.calls, *rows)[-CALLS_KEPT:],
        call_step=step + 1,
        call_first=first,
        call_at=rota.next_at(step, at),
    )
    params = {"seat_ids": list(seats), "step": step, "unit_id": rota.unit_id, "hole": not seats}
    return Transition(at=at, verb="called", alert=after, params=params)
