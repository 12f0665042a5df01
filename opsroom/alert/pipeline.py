"""What happens to a finding: an ordered list of small stages, the first that answers wins.

Read `STAGES` from top to bottom: that is all that a detector can do to an alert.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, NamedTuple

from msgspec.structs import replace

from opsroom.alarm import AlarmClass, AlarmState, Silencing
from opsroom.alert import lifecycle, quiet
from opsroom.alert.causes import suppression
from opsroom.alert.explain import explain
from opsroom.alert.priority import priority_of
from opsroom.catalog import Catalog
from opsroom.model import (
    MICROS_PER_S,
    Alert,
    ChangeKind,
    Finding,
    FindingVerb,
    Micros,
    Outcome,
    Priority,
    Sentence,
    Series,
    Transition,
)
from opsroom.settings import RoomSection

if TYPE_CHECKING:
    from opsroom.alert.book import AlertBook


class Scene(NamedTuple):
    """Where a finding falls: the book, the tree, room time, and the offset of the log that brought it."""

    book: AlertBook
    catalog: Catalog
    now: Micros
    offset: int
    settings: RoomSection


class Step(NamedTuple):
    """What a stage answers; `release`: the series' detectors hold an alert open that does not stand."""

    transitions: tuple[Transition, ...] = ()
    release: bool = False


Stage = Callable[[Scene, Finding], Step | None]


def unknown_series(scene: Scene, finding: Finding) -> Step | None:
    """Pass over a series that the tree does not hold."""
    return None if finding.series_id in scene.catalog.series else Step()


def recovery(scene: Scene, finding: Finding) -> Step | None:
    """End the alert: back inside the band."""
    if finding.verb is not FindingVerb.BACK:
        return None
    alert = scene.book.active(finding.series_id)
    if alert is None:
        return Step()
    alarm_class = scene.book.agreed.class_of(alert)
    return Step((scene.book.put(lifecycle.recovered(alert, finding, scene.now, alarm_class)),))


def naming(scene: Scene, finding: Finding) -> Step | None:
    """Give the open alert another kind; a press stays a press."""
    alert = scene.book.active(finding.series_id)
    if alert is None or finding.verb is not FindingVerb.NAME or finding.kind is alert.kind:
        return None
    if alert.kind is ChangeKind.PRESS:
        return None
    named = scene.book.put(lifecycle.named(alert, finding, scene.now, _why(scene, finding, alert)))
    return Step((named, *_risen(scene, finding, named.alert)))


def evidence(scene: Scene, finding: Finding) -> Step | None:
    """Add a detector that was not heard yet to the open alert.

    What one says again adds nothing, unless it was agreed meanwhile that it is more urgent.
    """
    alert = scene.book.active(finding.series_id)
    if alert is None:
        return None
    if any(heard.detector == finding.detector for heard in alert.findings):
        return Step(_risen(scene, finding, alert))
    why = _why(scene, finding, alert)
    more = scene.book.put(lifecycle.evidence(_under(scene, finding, alert), finding, scene.now, why))
    return Step((more, *_risen(scene, finding, more.alert)))


def stray(scene: Scene, finding: Finding) -> Step | None:  # noqa: ARG001 - stages share one signature
    """Release a series whose alert has ended: what its detectors say belongs to nothing."""
    return None if finding.verb is FindingVerb.OPEN else Step(release=True)


def improvement(scene: Scene, finding: Finding) -> Step | None:
    """Open nothing where an indicator got better (DOMAIN 1.6 rule 6: pleasure never climbs).

    An indicator is scored on its index, whose ratios are turned so that up is better in either orientation.
    A declared limit is agreed, and counts on both sides.
    """
    if _series(scene, finding).indicator is None or finding.kind is ChangeKind.LIMIT:
        return None
    return Step(release=True) if finding.direction > 0 else None


def reopening(scene: Scene, finding: Finding) -> Step | None:
    """Go on with the alert that recovered less than one recovery time ago.

    A deadline passed meanwhile is due now.
    """
    rested = scene.book.resting.get(finding.series_id)
    if rested is None or rested.recovered is None or rested.outcome is not Outcome.RECOVERED:
        return None
    series = scene.catalog.series[finding.series_id]
    held = scene.book.agreed.as_agreed(series, at=rested.recovered)  # its clock is that of its own time
    recovery_s = held.recovery_at(rested.level, scene.settings.recovery_default_s)
    if scene.now - rested.recovered > recovery_s * MICROS_PER_S:
        return None
    why = _why(scene, finding, rested)
    edge = scene.book.put(lifecycle.reopened(_under(scene, finding, rested), finding, scene.now, why))
    risen = _risen(scene, finding, edge.alert)
    return Step((edge, *risen, *scene.book.settle(scene.catalog, scene.now, scene.settings)))


def raising(scene: Scene, finding: Finding) -> Step | None:
    """Raise an alert that stands with its own unit, with one recovery time to the first climb."""
    series = _series(scene, finding)
    deadline = None
    if scene.catalog.parent(series.unit_id) is not None:
        recovery_s = series.recovery_at(0, scene.settings.recovery_default_s)
        deadline = lifecycle.deadline_after(scene.now, recovery_s)
    rule, alarm_class = scene.book.agreed.opened_by(finding)
    edge = lifecycle.raised(
        scene.book.new_id(series.id, scene.offset),
        series,
        finding,
        scene.now,
        deadline=deadline,
        priority=_priority(series, alarm_class),
        explanation=explain(scene.catalog, series, (finding,), budget=_budget(scene, series)),
        silenced=_held(scene, series),
        alarm_class=alarm_class,
        rule=rule,
    )
    scene.book.count_raise(series.id, scene.now)
    older = [scene.book.put(one) for one in replaced(scene.book, series.id, edge.alert.id, scene.now)]
    return Step((*older, scene.book.put(edge)))


STAGES: Final[tuple[Stage, ...]] = (
    unknown_series,
    recovery,
    naming,
    evidence,
    stray,
    improvement,
    reopening,
    raising,
)


def pass_through(scene: Scene, finding: Finding) -> Step:
    """Give `finding` to the stages in order until one answers."""
    for stage in STAGES:
        step = stage(scene, finding)
        if step is not None:
            return step
    raise AssertionError(finding)


def replaced(book: AlertBook, series_id: int, by_id: str, now: Micros) -> tuple[Transition, ...]:
    """Give the edge that takes what is left of an older alert of the series off the wall.

    Recovered and never acknowledged, latched, or the carrier of what silences the series: the one about to be
    raised stands for both.
    """
    rested = book.resting.get(series_id)
    if rested is None or rested.id not in book.open:
        return ()
    return (lifecycle.superseded(rested, now, by_id),)


def _held(scene: Scene, series: Series) -> Silencing | None:
    """Give what silences an alert from birth: what the unit silenced on the series, or else the design."""
    rested = scene.book.resting.get(series.id)
    held = None if rested is None else rested.silenced
    if held is not None and held.level == 0:
        return held
    return suppression(scene.book, series.id, scene.now, unit_id=series.unit_id)


def _priority(series: Series, alarm_class: AlarmClass) -> Priority:
    own = priority_of(series)
    return own if alarm_class.priority is None else Priority(min(own, alarm_class.priority))


def _under(scene: Scene, finding: Finding, alert: Alert) -> Alert:
    """Give the alert under the rule that found more, where that is graver, or where no rule found it before.

    Whatever opened it, the class of the gravest says how it is acknowledged and ends.
    """
    rule, alarm_class = scene.book.agreed.opened_by(finding)
    if not rule or (alert.rule and _priority(_series(scene, finding), alarm_class) >= alert.priority):
        return alert
    return replace(alert, rule=rule, alarm_class=alarm_class.name)


def _risen(scene: Scene, finding: Finding, alert: Alert) -> tuple[Transition, ...]:
    """Raise the priority where the evidence, or the agreement by now, makes the alert more urgent.

    An acknowledgement was given for the lesser one and is void, unless the class calls nobody again or a
    decision waits for its follow-up.
    """
    _, alarm_class = scene.book.agreed.opened_by(finding)
    priority = _priority(_series(scene, finding), alarm_class)
    if priority >= alert.priority:
        return ()
    seen = alert.state is AlarmState.ACKED
    void = seen and alarm_class.re_alarm and alert.outcome is not Outcome.DECIDED
    edge = quiet.risen(_under(scene, finding, alert), scene.now, priority, void=void)
    return (scene.book.put(edge),)


def _series(scene: Scene, finding: Finding) -> Series:
    return scene.book.agreed.as_agreed(scene.catalog.series[finding.series_id])


def _why(scene: Scene, finding: Finding, alert: Alert) -> tuple[Sentence, ...]:
    series = _series(scene, finding)
    findings = (*alert.findings, finding)
    return explain(scene.catalog, series, findings, alert.explanation, _budget(scene, series))


def _budget(scene: Scene, series: Series) -> Sentence | None:
    return scene.book.budget(series, scene.settings.budget_per_week).sentence()
