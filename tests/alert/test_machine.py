"""Any sequence of events, with restarts in between, leaves alerts in a state that the rules define."""

from __future__ import annotations

import contextlib
import os

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, multiple, rule

from opsroom.agreement import Accord
from opsroom.alarm import SILENCED, AlarmClass, Rota
from opsroom.alert.lifecycle import decision_pending
from opsroom.errors import OpsroomError
from opsroom.model import Alert, ChangeKind, Finding, Outcome, Transition
from opsroom.records import (
    Acknowledge,
    AlarmConfig,
    AnyAct,
    CauseSet,
    ClassSet,
    ConfirmTerms,
    Decide,
    Delivered,
    OutOfService,
    Press,
    ProposeTerms,
    Rebase,
    Recovering,
    Reset,
    ReturnToService,
    RotaSet,
    Shelve,
    Unacknowledge,
    Unshelve,
)
from tests.alert.room import (
    BRANCH,
    CASH,
    ENTERPRISE,
    MIN,
    OTHER_OUTPUT,
    OUTPUT,
    PLANT,
    ROOT,
    SCRAP,
    T0,
    TEMPERATURE,
    Room,
    S,
    caused,
    finding,
)

STEPS = 60
EVENTS = int(os.environ.get("OPSROOM_ALARM_EVENTS", "6000"))

SERIES = (OUTPUT, SCRAP, TEMPERATURE, CASH, OTHER_OUTPUT)
series_ids = st.sampled_from((OUTPUT, OUTPUT, *SERIES))
units = st.sampled_from((ROOT, BRANCH, ENTERPRISE, PLANT))
astray = st.sampled_from((0, 0, 0, BRANCH))  # 0: the unit where the alert stands
seats = st.sampled_from((0, 1, 2))
# Clocks keep, except where a rule moves them: what each verb may do to a deadline.
MOVES_DEADLINE = {
    "delivered",
    "climbed",
    "recovered",
    "reopened",
    "decided",
    "rebased",
    "annunciated",
    "pressed",
}
BORN = {"raised", "pressed", "shelved", "removed"}
CLASSES = (
    AlarmClass(name="anomaly"),
    AlarmClass(name="anomaly", latching=True, ack_timeout_s=90.0),
    AlarmClass(name="anomaly", needs_ack=False),
    AlarmClass(name="anomaly", note_required=True, ack_timeout_s=1.0),
)
CAUSES = (
    caused(OUTPUT, SCRAP),
    caused(SCRAP, TEMPERATURE, CASH),
    caused(TEMPERATURE, OUTPUT),
    caused(OUTPUT),
    caused(SCRAP),
)
MAY_END = {"recovered", "rebased", "acknowledged"}
MAY_RISE = {"climbed", "pressed"}


class Alerts(RuleBasedStateMachine):
    ids = Bundle("ids")

    def __init__(self) -> None:
        super().__init__()
        self.room = Room()
        self.twin = Room()
        self.now = T0
        self.checked = 0
        self.declared = {
            "warm": AlarmClass(name="warm", priority=3),
            "hot": AlarmClass(name="hot", priority=1),
        }
        self.latest: dict[str, Alert] = {}

    @rule(seconds=st.sampled_from((0, 1, 4, 60, 599, 600, 601, 1200, 5000, 86_400)))
    def wait(self, seconds: int) -> None:
        self.now += seconds * S
        self.room.wait(self.now)
        self.twin.wait(self.now)

    @rule(target=ids, series_id=series_ids, direction=st.sampled_from((-1, -1, 0, 1)))
    def open(self, series_id: int, direction: int) -> object:
        edges, releases = self.detect(finding(series_id=series_id, direction=direction))
        assert (series_id in self.room.book.by_series) != (series_id in releases)
        return multiple(*(edge.alert.id for edge in edges if edge.verb == "raised"))

    @rule(series_id=series_ids)
    def back(self, series_id: int) -> None:
        self.detect(finding("back", series_id))
        assert series_id not in self.room.book.by_series

    @rule(
        series_id=series_ids,
        verb=st.sampled_from(("evidence", "name")),
        kind=st.sampled_from(ChangeKind),
        detector=st.sampled_from("abc"),
    )
    def say_more(self, series_id: int, verb: str, kind: ChangeKind, detector: str) -> None:
        self.detect(finding(verb, series_id, kind=kind, detector=detector, p=0.9))

    def detect(self, said: Finding) -> tuple[list[Transition], list[int]]:
        given = self.room.find(self.now, said)
        assert self.twin.find(self.now, said) == given
        return given

    def standing(self, alert_id: str, astray: int) -> int:
        alert = self.room.book.find(alert_id)
        return astray or (alert.standing.unit_id if alert else PLANT)

    @rule(alert_id=ids, astray=astray, key=st.sampled_from(("", "k")))
    def acknowledge(self, alert_id: str, astray: int, key: str) -> None:
        unit_id = self.standing(alert_id, astray)
        self.act(Acknowledge(alert_id=alert_id, unit_id=unit_id, person="Rosa", key=key))

    @rule(alert_id=ids, astray=astray, seat_id=seats)
    def note(self, alert_id: str, astray: int, seat_id: int) -> None:
        unit_id, until = self.standing(alert_id, astray), self.now + 9
        self.act(Recovering(alert_id=alert_id, unit_id=unit_id, seat_id=seat_id, note="soon", until=until))

    @rule(alert_id=ids, ahead=st.sampled_from((0, MIN, 90 * MIN)))
    def decide(self, alert_id: str, ahead: int) -> None:
        followup = self.now + ahead
        act = Decide(alert_id=alert_id, text="a", addressee_id=PLANT, followup=followup, unit_id=ROOT)
        self.act(act)

    @rule(alert_id=consumes(ids), target=ids)
    def deliver(self, alert_id: str) -> str:
        self.act(Delivered(alert_ids=(alert_id,)))
        return alert_id

    @rule(target=ids, series_id=series_ids, unit_id=units)
    def press(self, series_id: int, unit_id: int) -> object:
        edges = self.act(Press(series_id=series_id, unit_id=unit_id, note="help"))
        return multiple(*(edge.alert.id for edge in edges))

    @rule(series_id=series_ids, unit_id=units)
    def rebase(self, series_id: int, unit_id: int) -> None:
        self.act(Rebase(series_id=series_id, unit_id=unit_id, capability=1.0, person="Luis"))

    @rule(alert_id=ids, astray=astray)
    def unacknowledge(self, alert_id: str, astray: int) -> None:
        unit_id = self.standing(alert_id, astray)
        self.act(Unacknowledge(alert_id=alert_id, unit_id=unit_id, person="Rosa"))

    @rule(alert_id=ids, astray=astray)
    def reset(self, alert_id: str, astray: int) -> None:
        self.act(Reset(alert_id=alert_id, unit_id=self.standing(alert_id, astray), person="Rosa"))

    @rule(alert_id=ids, ahead=st.sampled_from((0, 60, 600, 7200)), one_shot=st.booleans(), astray=astray)
    def shelve(self, alert_id: str, ahead: int, one_shot: bool, astray: int) -> None:
        unit_id, until = self.standing(alert_id, astray), self.now + ahead * S
        self.act(Shelve(alert_id=alert_id, unit_id=unit_id, until=until, one_shot=one_shot, reason="known"))

    @rule(target=ids, series_id=series_ids, unit_id=units, service=st.booleans())
    def silence_series(self, series_id: int, unit_id: int, service: bool) -> object:
        until = self.now + 600 * S
        act: AnyAct = Shelve(series_id=series_id, unit_id=unit_id, until=until, reason="known")
        if service:
            act = OutOfService(series_id=series_id, unit_id=unit_id, reference="W-1")
        return multiple(*(edge.alert.id for edge in self.act(act)))

    @rule(alert_id=ids, service=st.booleans())
    def release(self, alert_id: str, service: bool) -> None:
        alert = self.room.book.find(alert_id)
        held = alert.silenced.unit_id if alert and alert.silenced else PLANT
        kind = ReturnToService if service else Unshelve
        self.act(kind(alert_id=alert_id, unit_id=held, person="Rosa"))

    @rule(step_s=st.sampled_from((1.0, 300.0)), seats=st.sampled_from((((7,), (8,)), ((0,),), ())))
    def rota(self, step_s: float, seats: tuple[tuple[int, ...], ...]) -> None:
        self.agree(RotaSet(Rota(unit_id=PLANT, steps=seats, step_s=step_s)))

    @rule(series_id=series_ids, unit_id=units, kept=st.booleans(), recovery_s=st.sampled_from((60.0, 5000.0)))
    def bargain(self, series_id: int, unit_id: int, kept: bool, recovery_s: float) -> None:
        accord = self.room.book.agreed.accords.get(series_id) or Accord()
        number = accord.proposal.number if accord.proposal else 0
        terms = ProposeTerms(
            series_id=series_id,
            unit_id=unit_id,
            recovery_s=(recovery_s,),
            essential=kept and series_id == OUTPUT,
            version=accord.version,
            answers=number,
        )
        self.act(
            terms if number == 0 else ConfirmTerms(series_id=series_id, unit_id=unit_id, proposal=number)
        )

    @rule(alarm_class=st.sampled_from(CLASSES))
    def classify(self, alarm_class: AlarmClass) -> None:
        self.agree(ClassSet(alarm_class))

    @rule(cause=st.sampled_from(CAUSES))
    def design(self, cause: object) -> None:
        self.agree(CauseSet(cause))  # type: ignore[arg-type]

    @rule(
        series_id=series_ids,
        name=st.sampled_from(("warm", "hot")),
        verb=st.sampled_from(("open", "evidence")),
    )
    def meet(self, series_id: int, name: str, verb: str) -> None:
        found = finding(verb, series_id, detector=f"rule:{name}", direction=-1)
        for room in (self.room, self.twin):
            room.book.agreed.rules |= self.declared
        known = self.room.book.active(series_id)
        self.detect(found)
        now = self.room.book.active(series_id)
        if known is not None:
            assert now is not None
            priority = self.declared[name].priority
            assert priority is not None
            assert now.priority == min(known.priority, priority)
            assert now.rule == (name if not known.rule or priority < known.priority else known.rule)

    @rule(re_alarm=st.booleans(), latching=st.booleans(), priority=st.sampled_from((1, 2)))
    def agree_rules(self, re_alarm: bool, latching: bool, priority: int) -> None:
        hot = AlarmClass(name="hot", priority=priority, re_alarm=re_alarm, latching=latching)
        self.declared = self.declared | {"hot": hot}

    def agree(self, change: AlarmConfig) -> None:
        for room in (self.room, self.twin):
            room.book.agreed.take(change)

    @rule()
    def restart(self) -> None:
        self.room.restart()

    def act(self, act: AnyAct) -> list[Transition]:
        edges: list[Transition] = []
        self.room.wait(self.now)
        before = self.room.book.dump()
        try:
            edges = self.room.act(self.now, act)
        except OpsroomError:
            assert self.room.book.dump() == before
        with contextlib.suppress(OpsroomError):
            self.twin.act(self.now, act)
        return edges

    @invariant()
    def each_edge_follows_the_rules(self) -> None:
        instants = [edge.at for edge in self.room.journal]
        assert instants == sorted(instants)
        for edge in self.room.journal[self.checked :]:
            self.check_edge(edge, self.latest.get(edge.alert.id))
            self.latest[edge.alert.id] = edge.alert
        self.checked = len(self.room.journal)

    def check_edge(self, edge: Transition, before: Alert | None) -> None:
        after = edge.alert
        assert edge.at <= self.now
        if before is None:
            assert edge.verb in BORN
            assert after.raised == edge.at
            return
        assert after.raised == before.raised
        assert after.series_id == before.series_id
        assert after.level == before.level or edge.verb in MAY_RISE
        assert after.level >= before.level
        assert after.deadline == before.deadline or edge.verb in MOVES_DEADLINE
        assert not (before.active and not after.active) or edge.verb in MAY_END
        assert before.active or not after.active or edge.verb == "reopened"
        assert after.priority == before.priority or edge.verb in {"risen", "pressed"}
        assert after.priority <= before.priority
        if edge.verb == "risen" and before.state in SILENCED:
            assert after.state is before.state
        if edge.verb == "climbed":
            assert (after.level, edge.at) == (before.level + 1, before.deadline)
        if edge.verb == "annunciated":
            assert before.decision is not None
            assert edge.at == max(before.decision.followup, before.deadline or 0)
        if edge.verb == "delivered" and after.deadline != before.deadline:
            assert after.level == 0
            assert edge.at - after.raised <= 5 * S
        if edge.verb in {"climbed", "annunciated", "reopened"}:
            assert after.unacked

    @invariant()
    def every_state_is_defined(self) -> None:
        book = self.room.book
        for alert_id, alert in book.open.items():
            assert alert_id == alert.id
            assert alert.on_wall
            assert (
                alert.silenced is None
                or alert.silenced.until is None
                or (alert.silenced.until > self.now or not self.waited())
            )
            assert alert.call_at is None or (alert.active and alert.unacked and alert.state not in SILENCED)
            assert alert.acked_until is None or (alert.active and not alert.unacked)
            assert alert.standing.level == alert.level
            ends = {Outcome.RECOVERED, Outcome.REBASED}
            assert alert.active != (alert.outcome in ends)
            assert alert.active or alert.deadline is None
            assert alert.deadline is None or alert.deadline > self.now or not self.waited()
            above = self.room.catalog.parent(alert.standing.unit_id)
            waiting = alert.outcome is Outcome.DECIDED
            assert not waiting or (above is None and decision_pending(alert))
            assert not alert.active or (alert.deadline is None) == (above is None and not waiting)
        active = [alert.series_id for alert in book.open.values() if alert.active]
        assert len(active) == len(set(active))
        assert {series_id: book.open[i].id for series_id, i in book.by_series.items()} == {
            alert.series_id: alert.id for alert in book.open.values() if alert.active
        }
        assert len([a for a in book.open.values() if not a.active]) <= len(SERIES)

    def waited(self) -> bool:
        due = self.room.book.next_deadline()
        return due is None or due > self.now

    @invariant()
    def the_journal_replayed_is_the_state(self) -> None:
        replayed = {edge.alert.id: edge.alert for edge in self.room.journal}
        on_wall = {alert.id: alert for alert in replayed.values() if alert.on_wall}
        assert on_wall == self.room.book.open

    def teardown(self) -> None:
        kept, rebuilt = self.room.book, self.room.rebuilt()
        assert rebuilt.open == kept.open
        assert rebuilt.by_series == kept.by_series
        assert rebuilt.resting == kept.resting
        assert rebuilt.next_deadline() == kept.next_deadline()

    @invariant()
    def a_restart_is_not_felt(self) -> None:
        assert self.room.journal == self.twin.journal
        assert self.room.book.dump() == self.twin.book.dump()
        assert self.room.book.next_deadline() == self.twin.book.next_deadline()


Alerts.TestCase.settings = settings(
    max_examples=-(-EVENTS // STEPS), stateful_step_count=STEPS, deadline=None
)
TestAlerts = Alerts.TestCase
