"""Which edges are told outside, whom they concern, and what is told of them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from opsroom.alarm import Hush
from opsroom.drill import is_exercise
from opsroom.duty import persons
from opsroom.lines import cause_of
from opsroom.model import Alert, Sentence, Transition, Unit
from opsroom.notices import Member, NoticeKind
from opsroom.rule import helps
from opsroom.seats import Seat

if TYPE_CHECKING:
    from opsroom.settings import NotifyRoute

KINDS: Final = {
    "raised": NoticeKind.RAISED,
    "reopened": NoticeKind.RAISED,
    "unsuppressed": NoticeKind.RAISED,
    "unshelved": NoticeKind.RAISED,
    "returned": NoticeKind.RAISED,
    "risen": NoticeKind.RAISED,
    "called": NoticeKind.CALLED,
    "climbed": NoticeKind.CLIMBED,
    "annunciated": NoticeKind.CLIMBED,
    "recovered": NoticeKind.RECOVERED,
    "decided": NoticeKind.DECIDED,
    "pressed": NoticeKind.PRESSED,
}
"""What is told, by the verb of the edge; a decision whose follow-up has come calls again, like a climb."""
IF_UNSEEN: Final = frozenset({"unsuppressed", "unshelved", "returned", "risen"})
"""Verbs that are news only where the condition holds and nobody has seen it."""

SENTENCES_KEPT: Final = 3


class Tree(Protocol):
    """What is asked of the tree; the catalog answers."""

    def unit_at(self, path: str) -> Unit | None:
        """Give the unit at a path."""
        ...

    def contains(self, unit_id: int, other_id: int) -> bool:
        """Say whether `other_id` is `unit_id` or below it."""
        ...

    def series_path(self, series_id: int) -> str:
        """Give the path of a series."""
        ...

    @property
    def units(self) -> dict[int, Unit]:
        """Units by id."""
        ...


class Told(NamedTuple):
    """One piece of news: what kind, the alerts' units it is addressed to, the persons called, the alert."""

    kind: NoticeKind
    units: frozenset[int]
    persons: frozenset[str]
    alert: Alert
    member: Member


def told(edge: Transition, tree: Tree, seats: Sequence[Seat]) -> Told | None:
    """Give what `edge` has to say outside the room, None where it is nothing.

    A call names seats; who sits there is asked of `seats` when it is told. Where all of them have left by
    then, or only watch, it is a hole.
    """
    kind, alert = KINDS.get(edge.verb), edge.alert
    if kind is None or (edge.verb in IF_UNSEEN and not (alert.active and alert.unacked)):
        return None
    called: frozenset[str] = frozenset()
    units = {alert.standing.unit_id}
    if kind is NoticeKind.CALLED:
        called = persons(edge.params["seat_ids"], edge.params["unit_id"], seats)
    elif kind in {NoticeKind.RECOVERED, NoticeKind.DECIDED, NoticeKind.PRESSED}:
        units |= {alert.unit_id, *(one.unit_id for one in alert.annunciations)}
        if kind is NoticeKind.DECIDED and alert.decision is not None:
            units.add(alert.decision.addressee_id)
    return Told(kind, frozenset(units), called, alert, _member(edge, tree))


def hushed(alert: Alert) -> Hush | None:
    """Say how the alert's annunciation is stopped at the level where it stands, None where it is not."""
    here = alert.silenced is not None and alert.silenced.level == alert.level
    return alert.silenced.kind if here and alert.silenced is not None else None


def heard(news: Told, route: NotifyRoute, priority_max: int, tree: Tree) -> bool:
    """Say whether the receiver of `route` is told.

    A route with a seat hears calls of that person alone, one without hears all but calls. Priority holds back
    raises, and recoveries of what never climbed; what climbs, is pressed or decided is always told.
    """
    if news.kind not in route.kinds or (news.kind is NoticeKind.CALLED) is not bool(route.seat):
        return False
    if route.seat and route.seat not in news.persons:
        return False
    first = news.kind in {NoticeKind.RAISED, NoticeKind.RECOVERED} and news.alert.level == 0
    if first and news.alert.priority > (route.priority_max or priority_max):
        return False
    unit = tree.unit_at(route.unit.strip("/"))
    if unit is None:
        return False
    return any(one == unit.id or (route.below and tree.contains(unit.id, one)) for one in news.units)


def zone_of(alert: Alert, tree: Tree) -> str:
    """Give the time zone of the unit where the alert stands."""
    unit = tree.units.get(alert.standing.unit_id)
    return unit.time_zone if unit is not None else "UTC"


def _member(edge: Transition, tree: Tree) -> Member:
    alert = edge.alert
    text = alert.decision.text if edge.verb == "decided" and alert.decision is not None else ""
    return Member(
        alert_id=alert.id,
        verb=edge.verb,
        at=edge.at,
        series=tree.series_path(alert.series_id),
        unit=_path(alert.unit_id, tree),
        standing=_path(alert.standing.unit_id, tree),
        kind=str(alert.kind),
        priority=int(alert.priority),
        level=alert.level,
        raised=alert.raised,
        deadline=alert.deadline,
        cause=cause_of(alert),
        exercise=is_exercise(alert),
        actor=edge.actor,
        text=text,
        why=told_of(alert.explanation),
    )


def _path(unit_id: int, tree: Tree) -> str:
    unit = tree.units.get(unit_id)
    return unit.path if unit is not None else f"#{unit_id}"


def told_of(explanation: tuple[Sentence, ...]) -> tuple[Sentence, ...]:
    """Give what is told of an explanation: its first sentences, and whatever helps."""
    first, rest = explanation[:SENTENCES_KEPT], explanation[SENTENCES_KEPT:]
    return (*first, *(one for one in rest if helps(one)))
