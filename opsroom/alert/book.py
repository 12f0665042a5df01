"""The book of alerts: the state that findings, time and acts move, and its snapshot.

Room time `now` (int microseconds UTC) never goes back. At one instant the caller lets time pass first
(`on_time`), then gives findings and acts: an alert that recovers exactly at its deadline has climbed.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from typing import Final

import msgspec

from opsroom.alert import acts, lifecycle, pipeline
from opsroom.alert.budget import Budget, Trust, budget_of, calibrated, judged
from opsroom.catalog import Catalog
from opsroom.model import MICROS_PER_S, Alert, Finding, Micros, Outcome, Series, Transition
from opsroom.records import AnyAct
from opsroom.settings import RoomSection

BOOK_VERSION: Final = 1
RAISES_SPAN: Final = 30 * 86_400 * MICROS_PER_S
RAISES_KEPT: Final = 1_000


class _Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    version: int
    open: list[Alert]
    resting: list[Alert]
    raises: dict[int, list[Micros]]
    last_raise: dict[int, tuple[int, int]]
    trust: dict[int, Trust] = {}


class AlertBook:
    """All alerts on the wall and those that may still reopen.

    `open` holds what stands on the wall: active, or recovered and not yet seen. `by_series` names the active
    alert of a series (never more than one). `resting` holds, by series, the last recovered alert while it may
    reopen with its old clock.
    """

    def __init__(self) -> None:
        """Start empty."""
        self.open: dict[str, Alert] = {}
        self.by_series: dict[int, str] = {}
        self.resting: dict[int, Alert] = {}
        self._raises: dict[int, list[Micros]] = {}
        self._last_raise: dict[int, tuple[int, int]] = {}
        self._trust: dict[int, Trust] = {}
        self._due: list[tuple[Micros, str]] = []

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
        return transitions, [series_id for series_id in released if series_id not in self.by_series]

    def on_time(self, catalog: Catalog, now: Micros, settings: RoomSection) -> list[Transition]:
        """Let time pass until `now`.

        Every deadline up to and including it, in time order, each `at` its own instant.
        """
        transitions: list[Transition] = []
        while (due := self.next_deadline()) is not None and due <= now:
            alert = self.open[self._due[0][1]]
            transitions.append(self.put(self._come_due(alert, catalog, due, settings)))
        return transitions

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
        return acts.perform(acts.Desk(self, catalog, now, offset, settings), act)

    def next_deadline(self) -> Micros | None:
        """Give the earliest running deadline or follow-up, or None."""
        while self._due:
            due, alert_id = self._due[0]
            alert = self.open.get(alert_id)
            if alert is not None and alert.deadline == due:
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
        """Write the alert after `edge` and give the edge back."""
        alert = edge.alert
        on_wall = alert.active or alert.unacked
        known = self.open.get(alert.id) if on_wall else self.open.pop(alert.id, None)
        if on_wall:
            self.open[alert.id] = alert
            if alert.deadline is not None and (known is None or known.deadline != alert.deadline):
                heapq.heappush(self._due, (alert.deadline, alert.id))
        if alert.active:
            assert self.by_series.get(alert.series_id, alert.id) == alert.id
            self.by_series[alert.series_id] = alert.id
            self.resting.pop(alert.series_id, None)
            return edge
        if self.by_series.get(alert.series_id) == alert.id:
            del self.by_series[alert.series_id]
            if alert.outcome is Outcome.RECOVERED:
                self.resting[alert.series_id] = alert
        elif alert.series_id in self.resting and self.resting[alert.series_id].id == alert.id:
            self.resting[alert.series_id] = alert
        return edge

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
        return budget_of(self._trust.get(series.id), series, usual)

    def judge(self, alert: Alert) -> None:
        """Count the judgements of an alert towards its series' budget, if a calibrated detector opened it."""
        if calibrated(alert):
            self._trust[alert.series_id] = judged(self._trust.get(alert.series_id), alert)

    def heed(self, other: AlertBook) -> None:
        """Take over the verdicts that another book holds."""
        self._trust = dict(other._trust)

    # Snapshot.

    def dump(self) -> bytes:
        """Give the whole state as MessagePack."""
        return msgspec.msgpack.encode(
            _Snapshot(
                version=BOOK_VERSION,
                open=list(self.open.values()),
                resting=list(self.resting.values()),
                raises=self._raises,
                last_raise=self._last_raise,
                trust=self._trust,
            )
        )

    @classmethod
    def load(cls, blob: bytes) -> AlertBook:
        """Read what `dump` gave.

        Raises:
            msgspec.ValidationError: another format or version.
        """
        snapshot = msgspec.msgpack.decode(blob, type=_Snapshot)
        if snapshot.version != BOOK_VERSION:
            raise msgspec.ValidationError(f"alert book of version {snapshot.version}, not {BOOK_VERSION}")
        book = cls()
        book.open = {alert.id: alert for alert in snapshot.open}
        book.by_series = {alert.series_id: alert.id for alert in snapshot.open if alert.active}
        book.resting = {alert.series_id: alert for alert in snapshot.resting}
        book._raises = snapshot.raises
        book._last_raise = snapshot.last_raise
        book._trust = snapshot.trust
        book._due = [(alert.deadline, alert.id) for alert in snapshot.open if alert.deadline is not None]
        heapq.heapify(book._due)
        return book

    # Inside.

    @staticmethod
    def _come_due(alert: Alert, catalog: Catalog, at: Micros, settings: RoomSection) -> Transition:
        above = catalog.parent(alert.standing.unit_id)
        if above is None:
            return lifecycle.annunciated(alert, at)
        level = alert.level + 1
        deadline = None
        if above.parent_id is not None:
            recovery_s = catalog.series[alert.series_id].recovery_at(level, settings.recovery_default_s)
            deadline = lifecycle.deadline_after(at, recovery_s)
        return lifecycle.climbed(alert, above.id, at, deadline)
