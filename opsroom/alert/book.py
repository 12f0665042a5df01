"""The book of alerts: the state that findings, time and acts move, and its snapshot.

Room time `now` (int microseconds UTC) never goes back. At one instant the caller lets time pass first
(`on_time`), then gives findings and acts: an alert that recovers exactly at its deadline has climbed.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable
from typing import Final

import msgspec

from opsroom.alert import acts, causes, falling, pipeline, states
from opsroom.alert.agreed import Agreed
from opsroom.alert.budget import Budget, Trust, budget_of, calibrated, judged
from opsroom.alert.desk import Desk
from opsroom.alert.latest import Latest
from opsroom.catalog import Catalog
from opsroom.model import MICROS_PER_S, Alert, Finding, Micros, Outcome, Series, Transition
from opsroom.records import AnyAct
from opsroom.settings import RoomSection

BOOK_VERSION: Final = 2
READABLE: Final = (1, 2)
"""Versions that can be read: what the older one does not hold has its default."""
RAISES_SPAN: Final = 30 * 86_400 * MICROS_PER_S
RAISES_KEPT: Final = 1_000

_pack = msgspec.msgpack.Encoder().encode


class _Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    version: int
    open: list[Alert]
    resting: list[Alert]
    raises: dict[int, list[Micros]]
    last_raise: dict[int, tuple[int, int]]
    trust: dict[int, Trust] = {}
    agreed: Agreed = msgspec.field(default_factory=Agreed)
    following: list[Alert] = []
    latest: bytes = b""


class AlertBook:
    """All alerts on the wall and those that may still reopen.

    `open` holds what stands on the wall: active, recovered and not yet seen, latched or silenced. `by_series`
    names the active alert of a series (never more than one). `resting` holds, by series, the last recovered
    alert while it may reopen with its old clock, or what carries a silencing of the series. `following` holds
    what left the wall before the follow-up time of its decision, `latest` the readings it is measured by. All
    that falls due for an alert (deadline, follow-up, end of an acknowledgement, return of what is shelved,
    next call) lies on one heap.
    """

    def __init__(self) -> None:
        """Start empty."""
        self.open: dict[str, Alert] = {}
        self.by_series: dict[int, str] = {}
        self.resting: dict[int, Alert] = {}
        self.following: dict[str, Alert] = {}
        self.latest = Latest()
        self._raises: dict[int, list[Micros]] = {}
        self._last_raise: dict[int, tuple[int, int]] = {}
        self._trust: dict[int, Trust] = {}
        self._due: list[tuple[Micros, int, str]] = []
        self.agreed = Agreed()

    # What moves the book.

    def on_findings(
        self, catalog: Catalog, now: Micros, offset: int, findings: Iterable[Finding], settings: RoomSection
    ) -> tuple[list[Transition], list[int]]:
        """Take what the detectors say at `now`, in their order.

        Gives the transitions, and the series whose detectors must be released because no alert stands for
        what they opened (an improvement of an indicator, or evidence for an alert that has ended).
        """
        transitions: list[Transition] = []
        released: dict[int, None] = {}
        scene = pipeline.Scene(self, catalog, now, offset, settings)
        for finding in findings:
            step = pipeline.pass_through(scene, finding)
            transitions += step.transitions
            if step.release:
                released[finding.series_id] = None
        transitions += self.settle(catalog, now, settings)
        return transitions, [series_id for series_id in released if series_id not in self.by_series]

    def on_time(self, catalog: Catalog, now: Micros, settings: RoomSection) -> list[Transition]:
        """Let time pass until `now`.

        All that falls due up to and including it, in time order, each `at` its own instant.
        """
        transitions: list[Transition] = []
        while (due := self.next_deadline()) is not None and due <= now:
            _, what, alert_id = self._due[0]
            alert = self.open.get(alert_id) or self.following[alert_id]
            edge = falling.come_due(self, alert, falling.Due(what), catalog, due, settings)
            transitions += [self.put(edge), *causes.designed(self, due)]
        return transitions

    def settle(self, catalog: Catalog, now: Micros, settings: RoomSection) -> list[Transition]:
        """Do what follows at once from what happened: designed suppression, then what is due `now`."""
        return [*causes.designed(self, now), *self.on_time(catalog, now, settings)]

    def on_act(
        self, catalog: Catalog, now: Micros, offset: int, act: AnyAct, settings: RoomSection
    ) -> list[Transition]:
        """Take what a person or a plant did. An act done before (same `key`) gives nothing and is no error.

        Raises:
            NotFound: no such alert or series.
            AccessDenied: the alert does not stand at the actor's level.
            Conflict: somebody was first (`params`: person, at).
            Invalid: the act does not fit the series or alert (`params`: field).
        """
        edges = acts.perform(Desk(self, catalog, now, offset, settings), act)
        return edges + self.settle(catalog, now, settings) if edges else edges

    def next_deadline(self) -> Micros | None:
        """Give the earliest instant at which something falls due, or None."""
        while self._due:
            due, what, alert_id = self._due[0]
            alert = self.open.get(alert_id) or self.following.get(alert_id)
            if alert is not None and (due, what) in falling.timers(alert):
                return due
            heapq.heappop(self._due)
        return None

    # What stages and acts ask and write.

    def active(self, series_id: int) -> Alert | None:
        """Give the active alert of a series, or None."""
        alert_id = self.by_series.get(series_id)
        return None if alert_id is None else self.open[alert_id]

    def find(self, alert_id: str) -> Alert | None:
        """Give an alert on the wall or resting, or None."""
        found = self.open.get(alert_id)
        return found or next((alert for alert in self.resting.values() if alert.id == alert_id), None)

    def put(self, edge: Transition) -> Transition:
        """Write the alert after `edge`, with the calls it begins or ends, and give the edge so finished."""
        return self.write(falling.finished(edge, self._known(edge.alert), self.agreed))

    def write(self, edge: Transition) -> Transition:
        """Write the alert after `edge` as it is (also an edge of the journal), and give the edge back.

        The one place where an alert alters: each step is asserted against the table of states.
        """
        alert = edge.alert
        states.check(edge.verb, self._known(alert), alert)
        known = self.open.get(alert.id) if alert.on_wall else self.open.pop(alert.id, None)
        known = self.following.pop(alert.id, None) or known
        if not alert.on_wall and alert.followup_due is not None:
            self.following[alert.id] = alert
        if alert.on_wall:
            self.open[alert.id] = alert
            before = falling.timers(known) if known is not None else ()
            for at, what in falling.timers(alert):
                if (at, what) not in before:
                    heapq.heappush(self._due, (at, what, alert.id))
        if alert.active:
            assert self.by_series.get(alert.series_id, alert.id) == alert.id
            self.by_series[alert.series_id] = alert.id
            self.resting.pop(alert.series_id, None)
            return edge
        rests = self.resting.get(alert.series_id)
        if self.by_series.get(alert.series_id) == alert.id:
            del self.by_series[alert.series_id]
            if alert.outcome is Outcome.RECOVERED or alert.silenced is not None:
                self.resting[alert.series_id] = alert
        elif (rests is not None and rests.id == alert.id) or (rests is None and alert.silenced is not None):
            self.resting[alert.series_id] = alert
        return edge

    def rebuild(self, edges: Iterable[Transition]) -> None:
        """Take up the edges of a journal, from the first on: the alerts are then as they were kept."""
        for edge in edges:
            self.write(edge)

    def _known(self, alert: Alert) -> Alert | None:
        known = self.open.get(alert.id) or self.following.get(alert.id)
        if known is None:
            rests = self.resting.get(alert.series_id)
            return rests if rests is not None and rests.id == alert.id else None
        return known

    def every(self) -> list[Alert]:
        """Give all alerts that the book holds: on the wall, resting, and awaited by a decision."""
        return [*self.open.values(), *self.resting.values(), *self.following.values()]

    def followups(self) -> int:
        """Count the decisions whose follow-up is still to come."""
        return len(self.following) + sum(one.followup_due is not None for one in self.open.values())

    def new_id(self, series_id: int, offset: int) -> str:
        """Give the id of an alert raised at `offset` of the log.

        Series and offset in hexadecimal, `.2` for a second one.
        """
        last, count = self._last_raise.get(series_id, (-1, 0))
        count = count + 1 if last == offset else 1
        self._last_raise[series_id] = (offset, count)
        return f"{series_id:x}-{offset:x}" + (f".{count}" if count > 1 else "")

    def count_raise(self, series_id: int, at: Micros) -> None:
        """Remember that a detector raised an alert here; the newest thousand of 30 days are kept."""
        kept = [past for past in self._raises.get(series_id, ()) if past > at - RAISES_SPAN]
        self._raises[series_id] = [*kept, at][-RAISES_KEPT:]

    def raises_30d(self, series_id: int, now: Micros) -> int:
        """Count how often detectors raised an alert of this series in the 30 days before `now`."""
        return sum(now - RAISES_SPAN < at <= now for at in self._raises.get(series_id, ()))

    def budget(self, series: Series, usual: float) -> Budget:
        """Give the false-alarm budget of `series` where the setting is `usual` a week."""
        return budget_of(self._trust.get(series.id), self.agreed.as_agreed(series), usual)

    def judge(self, alert: Alert) -> None:
        """Count the judgements of an alert towards its series' budget, if a calibrated detector opened it."""
        if calibrated(alert):
            self._trust[alert.series_id] = judged(self._trust.get(alert.series_id), alert)

    def heed(self, other: AlertBook) -> None:
        """Take over the verdicts that another book holds."""
        self._trust = dict(other._trust)

    # Snapshot.

    def freeze(self) -> Callable[[], bytes]:
        """Copy the whole state as of now; gives what makes MessagePack of it, on any thread."""
        # Alerts never change. Each is written by itself: all of them in one go would hold every thread.
        kept = (list(self.open.values()), list(self.resting.values()), list(self.following.values()))
        rest = {
            "version": BOOK_VERSION,
            "raises": {series_id: tuple(times) for series_id, times in self._raises.items()},
            "last_raise": dict(self._last_raise),
            "trust": dict(self._trust),
            "agreed": msgspec.Raw(_pack(self.agreed)),
            "latest": self.latest.dump(),
        }

        def packed() -> bytes:
            alerts = ([msgspec.Raw(_pack(alert)) for alert in part] for part in kept)
            return _pack(rest | dict(zip(("open", "resting", "following"), alerts, strict=True)))

        return packed

    def dump(self) -> bytes:
        """Give the whole state as MessagePack."""
        return self.freeze()()

    @classmethod
    def load(cls, blob: bytes) -> AlertBook:
        """Read what `dump` gave.

        Raises:
            msgspec.ValidationError: another format or version.
        """
        snapshot = msgspec.msgpack.decode(blob, type=_Snapshot)
        if snapshot.version not in READABLE:
            raise msgspec.ValidationError(f"alert book of version {snapshot.version}, not {BOOK_VERSION}")
        book = cls()
        book.open = {alert.id: alert for alert in snapshot.open}
        book.by_series = {alert.series_id: alert.id for alert in snapshot.open if alert.active}
        book.resting = {alert.series_id: alert for alert in snapshot.resting}
        book._raises = snapshot.raises
        book._last_raise = snapshot.last_raise
        book._trust = snapshot.trust
        book.agreed = snapshot.agreed
        book.following = {alert.id: alert for alert in snapshot.following}
        book.latest = Latest.load(snapshot.latest)
        timed = (*snapshot.open, *snapshot.following)
        book._due = [(at, what, alert.id) for alert in timed for at, what in falling.timers(alert)]
        heapq.heapify(book._due)
        return book
