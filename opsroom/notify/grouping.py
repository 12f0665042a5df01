"""Many alerts, one notification: what belongs together waits a moment and goes out as one. Pure.

A group is what one receiver is told of one kind (raised, climbed, ...) about one subject: a unit, or the
alert that is the cause of others. It opens with its first alert, goes out `wait_s` later with all that came
by then, and gathers on for one recovery time. What came after it went out is told once, when that time is
over; at once where it is more urgent than all before, calls somebody again to the same alert, or was
pressed. `now` is the caller's clock.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec.structs import replace

from opsroom.alarm import Hush
from opsroom.lines import cause_of, window_us
from opsroom.model import MICROS_PER_S, Micros, Transition
from opsroom.notices import Member, Notice, NoticeKind
from opsroom.notify.edges import Told, Tree, heard, hushed, told, zone_of

if TYPE_CHECKING:
    from opsroom.seats import Seat
    from opsroom.settings import NotifyRoute, NotifySection

MEMBERS_LISTED: Final = 1_000
FURTHER_LISTED: Final = 10
"""Alerts listed of those that came after the group was told; all are counted. Bounds the state in a flood."""
NOTICES_AT_ONCE: Final = 100
"""Notices given in one step; the rest are due at once again. Bounds the time of a step."""
ID_CHARS: Final = 32
_LEAST_URGENT: Final = 9


class Group(msgspec.Struct, kw_only=True):
    """What gathers for one receiver about one subject.

    `send_at` None: it went out and nothing urgent has come since. `seen` are the alerts of the group so far.
    """

    route: str
    kind: NoticeKind
    subject: str
    person: str
    opened: Micros
    ends: Micros
    send_at: Micros | None
    time_zone: str
    members: list[Member] = []
    seen: set[str] = set()
    count: int = 0
    notices: int = 0
    urgent: int = _LEAST_URGENT


_groups = msgspec.msgpack.Decoder(list[Group])


class Grouping:
    """Open groups; `step` takes edges and the clock and gives what is to be told."""

    def __init__(self, settings: NotifySection, recovery_default_s: float, *, exercise: bool) -> None:
        """Start empty; `load` takes up a former state."""
        self._settings = settings
        self._recovery_default_s = recovery_default_s
        self._exercise = exercise or settings.exercise
        self._open: dict[tuple[str, str, str], Group] = {}
        self._by_alert: dict[tuple[str, str, str], Group] = {}

    def dump(self) -> bytes:
        """Give the state as one blob; equal states give equal bytes."""
        return msgspec.msgpack.encode(list(self._open.values()), order="deterministic")

    def load(self, blob: bytes) -> None:
        """Take up a state; groups of receivers that are no more are dropped."""
        names = {route.name for route in self._settings.route}
        groups = [group for group in _groups.decode(blob) if group.route in names]
        self._open = {(group.route, group.kind, group.subject): group for group in groups}
        self._by_alert = {(one.route, one.kind, alert): one for one in groups for alert in one.seen}

    def step(
        self, edges: Sequence[Transition], now: Micros, tree: Tree, seats: Sequence[Seat]
    ) -> list[Notice]:
        """Take edges in order, then give every notice that is due by `now`."""
        for edge in edges:
            if edge.verb == "suppressed":
                self._under_its_cause(edge)
            news = told(edge, tree, seats)
            if news is None:
                continue
            for route in self._settings.route:
                if heard(news, route, self._settings.priority_max, tree):
                    self._take(news, route, now, tree)
        return self._due(now)

    @property
    def next_at(self) -> Micros | None:
        """When the next notice falls due without further edges."""
        times = [group.ends if group.send_at is None else group.send_at for group in self._open.values()]
        return min(times, default=None)

    def _take(self, news: Told, route: NotifyRoute, now: Micros, tree: Tree) -> None:
        """Add the alert to its group, or open one; what is hushed is told only beside its cause."""
        hush = hushed(news.alert) if news.kind in {NoticeKind.RAISED, NoticeKind.CALLED} else None
        if hush in {Hush.SHELVED, Hush.OUT_OF_SERVICE}:
            return
        group = self._group_of(news, route)
        if group is None:
            if hush is not None:
                return
            wait_us = 0 if news.kind is NoticeKind.PRESSED else round(self._settings.wait_s * MICROS_PER_S)
            group = Group(
                route=route.name,
                kind=news.kind,
                subject=_subject(news, route),
                person=route.seat,
                opened=now,
                ends=now + max(wait_us, window_us(news.alert.standing, self._recovery_default_s)),
                send_at=now + wait_us,
                time_zone=zone_of(news.alert, tree),
            )
            self._open[group.route, group.kind, group.subject] = group
        self._join(group, news.member, now, told_already=hush is not None and group.notices > 0)

    def _group_of(self, news: Told, route: NotifyRoute) -> Group | None:
        """Find the group the alert belongs to: its cause's, that where it is the cause, its subject's."""
        cause, own = cause_of(news.alert), news.alert.id
        return (
            (self._by_alert.get((route.name, news.kind, cause)) if cause else None)
            or self._open.get((route.name, news.kind, f"cause:{own}"))
            or self._open.get((route.name, news.kind, _subject(news, route)))
        )

    def _join(self, group: Group, member: Member, now: Micros, *, told_already: bool) -> None:
        """Put an alert into a group; of one whose cause was told already nothing more is said (by design)."""
        if not told_already:
            _add(group, member, now)
        group.seen.add(member.alert_id)
        self._by_alert[group.route, group.kind, member.alert_id] = group

    def _under_its_cause(self, edge: Transition) -> None:
        """Move an alert that was found to be another's consequence, before it was told, to its cause."""
        alert, cause = edge.alert, cause_of(edge.alert)
        for route in self._settings.route:
            key = (route.name, NoticeKind.RAISED, alert.id)
            group, other = self._by_alert.get(key), self._by_alert.get((*key[:2], cause))
            if group is None or group is other:
                continue
            waiting = next((one for one in group.members if one.alert_id == alert.id), None)
            if waiting is None:
                continue
            group.members.remove(waiting)
            group.seen.discard(alert.id)
            group.count -= 1
            del self._by_alert[key]
            if not group.members:
                group.send_at = None  # nothing is left to be told at once
                if not group.notices:
                    del self._open[group.route, group.kind, group.subject]
            if other is not None:
                moved = replace(waiting, cause=cause)
                self._join(other, moved, edge.at, told_already=other.notices > 0)

    def _due(self, now: Micros) -> list[Notice]:
        notices: list[Notice] = []
        for key, group in list(self._open.items()):
            if len(notices) == NOTICES_AT_ONCE:
                break
            over = now >= group.ends
            if group.members and (over or (group.send_at is not None and now >= group.send_at)):
                notices.append(self._tell(group, now))
            if over:
                del self._open[key]
                for alert_id in group.seen:
                    place = (group.route, group.kind, alert_id)
                    if self._by_alert.get(place) is group:
                        del self._by_alert[place]
        return notices

    def _tell(self, group: Group, now: Micros) -> Notice:
        first = group.members[0]
        parts = (
            group.route,
            group.kind,
            group.subject,
            group.opened,
            group.notices,
            first.alert_id,
            first.at,
        )
        notice = Notice(
            id=hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()[:ID_CHARS],
            receiver=group.route,
            kind=group.kind,
            made=now,
            subject=group.subject,
            priority=min(one.priority for one in group.members),
            members=tuple(group.members),
            count=group.count,
            further=group.notices > 0,
            # A real alert is never told as an exercise for standing beside one.
            exercise=self._exercise or all(one.exercise for one in group.members),
            person=group.person,
            time_zone=group.time_zone,
        )
        group.urgent = min(group.urgent, notice.priority)
        group.members, group.count, group.send_at = [], 0, None
        group.notices += 1
        return notice


def merged(waiting: Notice, more: Notice) -> Notice:
    """Give one notice for two, under the id of the one that waits: the policy of a full queue."""
    members = (*waiting.members, *more.members)[:MEMBERS_LISTED]
    return replace(
        waiting,
        members=members,
        count=waiting.count + more.count,
        priority=min(waiting.priority, more.priority),
        exercise=waiting.exercise and more.exercise,
    )


def _add(group: Group, member: Member, now: Micros) -> None:
    """Add an alert, or replace what is held of the same one.

    One more urgent than all before goes at once, and so does a further call to the same alert, since nobody
    came, and every press.
    """
    again = group.kind is NoticeKind.CALLED and member.alert_id in group.seen
    again = again or group.kind is NoticeKind.PRESSED
    known = enumerate(group.members) if member.alert_id in group.seen else ()
    held = next((at for at, one in known if one.alert_id == member.alert_id), None)
    if held is not None:
        group.members[held] = member
    else:
        group.count += 1
        if len(group.members) < (FURTHER_LISTED if group.notices else MEMBERS_LISTED):
            group.members.append(member)
    if group.send_at is None and (again or member.priority < group.urgent):
        group.send_at = now


def _subject(news: Told, route: NotifyRoute) -> str:
    """Name what the group is about: the cause of the alert, else its unit, or all that this route hears."""
    if route.group_by == "route":
        return "route"
    cause = cause_of(news.alert)
    return f"cause:{cause}" if cause else f"unit:{news.alert.unit_id}"
