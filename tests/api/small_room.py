"""A small room in memory, joined from the product's own parts.

Catalog, alert book, memory store, view, access.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import numpy as np
from argon2 import PasswordHasher

from opsroom.access import Access, Passwords
from opsroom.acts import Act
from opsroom.alarm import AlarmClass
from opsroom.alert.agreed import Agreed
from opsroom.alert.book import AlertBook
from opsroom.alert.budget import Budget
from opsroom.audit_book import AuditBook
from opsroom.catalog import Catalog
from opsroom.chairs import ChairBook
from opsroom.clock import ManualClock
from opsroom.feeds import FeedBook
from opsroom.foresight import Foresight
from opsroom.minute_book import MinuteBook
from opsroom.model import (
    Alert,
    ChangeKind,
    Columns,
    Finding,
    FindingVerb,
    Indicator,
    Orientation,
    Role,
    Series,
    Transition,
    Unit,
)
from opsroom.pleasure import Pleasure
from opsroom.pleasure_book import PleasureBook
from opsroom.records import (
    AlarmConfig,
    AnyAct,
    AnyConfig,
    AuditAct,
    Bargain,
    ChairAct,
    Declare,
    Delivered,
    EndAudit,
    Entrusted,
    Looked,
    MinuteAct,
    NoteAct,
    Offer,
    Reported,
)
from opsroom.seats import Seat
from opsroom.settings import Limits, Settings
from opsroom.store import Store, open_store
from opsroom.view import View

P = ParamSpec("P")
T = TypeVar("T")

S = 1_000_000
START = 1_700_000_000 * S
ROOT, BRANCH, MILL, PRESS = 1, 2, 3, 4
OUTPUT, HEAT, BRANCH_STOCK, OTHER_OUTPUT = 1, 2, 3, 4
PASSWORD = "correct horse"
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


def unit(id_: int, parent: int | None, path: str, level: str, depth: int) -> Unit:
    name = path.rpartition("/")[2] or "Economy"
    return Unit(id=id_, root_id=1, parent_id=parent, path=path, name=name, level_name=level, depth=depth)


def tree() -> Catalog:
    more = Indicator(
        orientation=Orientation.MORE_IS_BETTER, capability=100.0, potentiality=125.0, essential=True
    )
    units = [
        unit(ROOT, None, "", "root", 0),
        unit(BRANCH, ROOT, "energy", "branch", 1),
        unit(MILL, BRANCH, "energy/mill", "plant", 2),
        unit(PRESS, BRANCH, "energy/press", "plant", 2),
    ]
    series = [
        Series(id=OUTPUT, root_id=1, unit_id=MILL, name="output", unit="t/h", period_s=60.0, indicator=more),
        Series(id=HEAT, root_id=1, unit_id=MILL, name="heat", unit="Cel", period_s=60.0),
        Series(id=BRANCH_STOCK, root_id=1, unit_id=BRANCH, name="stock", unit="t"),
        Series(
            id=OTHER_OUTPUT,
            root_id=1,
            unit_id=PRESS,
            name="output",
            unit="t/h",
            period_s=60.0,
            indicator=more,
        ),
    ]
    return Catalog(units, series)


def one(series: int, at: int, value: float, quality: int = 192) -> Columns:
    return Columns(
        np.array([series], np.int32), np.array([at]), np.array([value]), np.array([quality], np.uint8)
    )


class Filled:
    """A log that is only asked how it is."""

    is_full = False
    damaged = 0


class SmallRoom:
    """Satisfies `ApiRoom`; applies acts at once instead of through a log."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.settings = Settings(limits=limits or Limits())
        self.catalog = tree()
        self.clock = ManualClock(START)
        self.store: Store = open_store("memory://")
        self.log = Filled()
        self.feeds = FeedBook()
        self.view = View(self.catalog, self.settings.room, boot="boot-1")
        self.view.now(START)
        passwords = Passwords(CHEAP)
        self.access = Access(
            self.store.access, self.settings.limits, self.clock, self.read, passwords=passwords
        )
        self.book = AlertBook()
        self.audit_book = AuditBook()
        self.pleasure_book = PleasureBook()
        self.minute_book = MinuteBook(self.book.latest.measured, lambda n: n in self.book.by_series)
        self.chair_book = ChairBook()
        self.view.load(START, (), bargains=self.book.agreed)
        self.view.class_of = self.class_of
        self.ready = True
        self.store_failing = False
        self.lag_s = 0.0
        self.reordering = (0, 0)
        self.passed_over = 0
        self.offset = 0
        self.acts: list[Act] = []
        self.delivered_ids: list[str] = []

    async def read(self, ask: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        return ask(*args, **kwargs)

    @property
    def agreed(self) -> Agreed:
        return self.book.agreed

    def class_of(self, alert: Alert) -> AlarmClass:
        return self.agreed.class_of(alert)

    def budget(self, series: Series) -> Budget:
        return self.book.budget(series, self.settings.room.budget_per_week)

    def foresee(self, series_id: int, ahead_us: int) -> Foresight:
        """Go on as it is for ten minutes, one reading a minute; this room has no detectors."""
        t = self.view.at + 60 * S * np.arange(1, min(10, ahead_us // (60 * S)) + 1)
        level = np.full(len(t), float(series_id))
        return Foresight(step_us=60 * S, t=t, mean=level, low=level - 1, high=level + 1)

    def delivered(self, alert_id: str) -> None:
        self.delivered_ids.append(alert_id)
        self._apply(Delivered(alert_ids=(alert_id,)))

    async def act(self, act: AnyAct, *, urgent: bool = False) -> list[Transition]:  # noqa: ARG002
        self.acts.append(act)
        edges = self._apply(act)
        if isinstance(act, Bargain):
            self._bargained()
        return edges

    def _apply(self, act: AnyAct) -> list[Transition]:
        self.offset += 1
        if isinstance(act, AuditAct):
            audits = self.audit_book.take(self.catalog, self.view.at, self.offset, act)
            self.store.journal.commit(self.offset, [], [], [], audits)
            self.view.apply(self.view.at, [], audits=audits)
            return []
        if isinstance(act, Reported):
            at, settings = self.view.at, self.settings.room
            edges, _ = self.book.on_findings(self.catalog, at, self.offset, act.findings, settings)
            return self._publish(edges, [act])
        if isinstance(act, Entrusted | NoteAct):
            self.store.journal.commit(self.offset, [], [], [(self.offset, self.view.at, act)])
            return []
        if isinstance(act, Offer):
            self.please(self.pleasure_book.offer(self.catalog, self.view.at, act))
            return []
        if isinstance(act, MinuteAct):
            minutes = self.minute_book.take(self.catalog, self.view.at, self.offset, act)
            self.store.journal.commit(self.offset, [], [], [], minutes=minutes)
            self.view.minutes.take(minutes)
            return []
        if isinstance(act, ChairAct):
            self.chair_book.take(self.view.at, act)
            self.view.chairs.follow(self.chair_book.rows)
            return []
        return self._publish(
            self.book.on_act(self.catalog, self.view.at, self.offset, act, self.settings.room), [act]
        )

    def please(self, news: Pleasure) -> None:
        """Keep and show good news as it is now."""
        self.offset += 1
        self.pleasure_book.rows[news.id] = news
        self.store.journal.commit(self.offset, [], [], [], pleasures=[news])
        self.view.pleasures.take([news])

    def declare(self, person: str, path: str) -> str:
        """Let the council at the top look into a unit for ten minutes; gives the audit's id."""
        unit = self.catalog.unit_at(path)
        assert unit is not None
        until = self.view.at + 600 * S
        self._apply(
            Declare(audited_id=unit.id, reason="sample", until=until, person=person, seat_id=1, unit_id=ROOT)
        )
        return f"a{self.offset:x}"

    def end(self, audit_id: str) -> None:
        self._apply(EndAudit(audit_id=audit_id, person="top-council", seat_id=1, unit_id=ROOT))

    def look(self) -> None:
        """Write down what was looked at, as the room does every second."""
        looks = self.view.audits.pending()
        self._apply(Looked(looks=looks))
        self.view.audits.written(looks)

    async def change(self, changes: list[AnyConfig]) -> None:
        for change in changes:
            if isinstance(change, AlarmConfig):
                self.agreed.take(change)
            else:
                self.catalog.apply(change)
        self.offset += 1
        self.store.journal.commit(self.offset, [], changes, [])
        self._bargained()

    def _bargained(self) -> None:
        self.view.agreements.note(1)
        self.view.apply(self.view.at, [], catalog_changed=True)

    def _publish(self, edges: list[Transition], acts: list[Any]) -> list[Transition]:
        minutes = self.minute_book.hear(edges)
        taken = [(self.offset, self.view.at, act) for act in acts]
        self.store.journal.commit(self.offset, edges, [], taken, minutes=minutes)
        self.view.minutes.take(minutes)
        raises = {edge.alert.series_id: 1 for edge in edges}
        self.view.apply(self.view.at, edges, raises)
        return edges

    # -- what happens in a test ----------------------------------------------------------------------

    def reading(self, series: int, at: int, value: float, quality: int = 192) -> None:
        self.offset += 1
        columns = one(series, at, value, quality)
        self.store.readings.take(columns, self.offset)
        self.view.now(max(self.view.at, at))
        self.view.values(columns)
        self.book.latest.take(columns)

    def raise_alert(self, series: int) -> str:
        finding = Finding(
            series_id=series,
            verb=FindingVerb.OPEN,
            detector="tail",
            kind=ChangeKind.STEP,
            at=self.view.at,
            value=1.0,
            expected=5.0,
            direction=-1,
            rate_per_week=0.1,
        )
        return self._find(finding).alert.id

    def back(self, series: int) -> None:
        self._find(
            Finding(
                series_id=series,
                verb=FindingVerb.BACK,
                detector="tail",
                kind=ChangeKind.STEP,
                at=self.view.at,
                value=5.0,
            )
        )

    def _find(self, finding: Finding) -> Transition:
        self.offset += 1
        edges, _ = self.book.on_findings(
            self.catalog, self.view.at, self.offset, [finding], self.settings.room
        )
        return self._publish(edges, [])[-1]

    def climb(self) -> None:
        """Let the earliest deadline pass."""
        due = self.book.next_deadline()
        assert due is not None
        self.clock.advance((due - self.clock.now()) / S)
        self.view.now(due)
        self.offset += 1
        self._publish(self.book.on_time(self.catalog, due, self.settings.room), [])

    def wait_until(self, at: int) -> None:
        """Let time pass, and what waits for a follow-up be followed up."""
        self.clock.advance((at - self.clock.now()) / S)
        self.view.now(at)
        while (due := self.minute_book.next_due()) is not None and due <= at:
            self.offset += 1
            minutes = self.minute_book.on_time(self.catalog, due)
            self.store.journal.commit(self.offset, [], [], [], minutes=minutes)
            self.view.minutes.take(minutes)
        self.offset += 1
        self._publish(self.book.on_time(self.catalog, at, self.settings.room), [])

    async def seat(self, person: str, role: Role, unit_id: int) -> Seat:
        return await self.access.make_seat(person, role, unit_id, PASSWORD)
