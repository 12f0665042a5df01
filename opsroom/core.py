"""The pure heart of the room: one record of the log in, what it changed out.

No I/O and no clock: `now` comes with the records. Replaying the same records from the same state gives the
same steps, which is what makes a restart redo work without doubling an alert.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from opsroom.agreement import Signature, unsigned
from opsroom.alarm import Cause
from opsroom.alert.book import AlertBook
from opsroom.audit_book import AuditBook
from opsroom.catalog import Catalog
from opsroom.chairs import ChairBook
from opsroom.decision import Measured
from opsroom.detect import Engine, SeriesSpec
from opsroom.discharge import discharge, heard
from opsroom.errors import OpsroomError
from opsroom.frozen import freeze, restore
from opsroom.index import actualities
from opsroom.log.columns import decode_columns
from opsroom.measuring import Shown
from opsroom.minute_book import MinuteBook
from opsroom.model import Columns, Finding, Series, Transition
from opsroom.parts import Parts
from opsroom.pleasure_book import PleasureBook
from opsroom.records import (
    AlarmConfig,
    AnyAct,
    AnyConfig,
    AuditAct,
    CauseSet,
    ChairAct,
    Delivered,
    Entrusted,
    Looked,
    MinuteAct,
    NoteAct,
    Offer,
    Rebase,
    Record,
    RecordKind,
    RelationSet,
    Reported,
    RuleSet,
    SeriesSet,
    TermsAct,
    UnitSet,
    decode_act,
    decode_config,
    decode_source,
)
from opsroom.rule import Rule
from opsroom.rules import RuleBook, State, concerned, instants, join, ruling_of
from opsroom.sources import REORDER_READINGS, Sources
from opsroom.spec import spec_of
from opsroom.stated import StatedBook, beside, confirmed
from opsroom.step import Step, Unforeseen

if TYPE_CHECKING:
    from opsroom.settings import RoomSection

SNAPSHOT_VERSION: Final = 1
START: Final = b"start"
KEYS_REMEMBERED: Final = 10_000


class Core:
    """State of the room as far as alerts go: sources, detectors, open alerts, the room's now."""

    def __init__(
        self,
        catalog: Catalog,
        settings: RoomSection,
        *,
        clock: Literal["wall", "stream"] = "wall",
        detection: bool = True,
        reorder: int = REORDER_READINGS,
    ) -> None:
        """Start empty; `restore` takes a snapshot. `reorder` readings wait for watermarks at most."""
        self.catalog = catalog
        self.settings = settings
        self.stream = clock == "stream"
        self.detection = detection
        self.now = self.passed_over = 0
        self.sources = Sources(reorder)
        self.engine = Engine(
            settings.filter_profile,
            settings.recovery_readings,
            settings.discord_share,
            settings.discord_series,
        )
        self.detectors = self.engine.blank()
        self.rulebook = RuleBook()
        self.rules = self.rulebook.blank()
        self.statedbook = StatedBook(settings.recovery_readings)
        self.stated = self.statedbook.blank()
        self.book = AlertBook()
        self.audits = AuditBook()
        self.pleasures = PleasureBook()
        self.minutes = MinuteBook(self._measured, lambda n: n in self.book.by_series)
        self.chairs = ChairBook()
        self.shown = Shown()
        self.keys: OrderedDict[str, None] = OrderedDict()

    # -- records -----------------------------------------------------------------------------------

    def apply(self, record: Record) -> Step:
        """Take one record, in the order of the log.

        Raises:
            Corrupt: the payload's checksum does not match.
            Unforeseen: a mistake of the room; it has the step as far as it came (`applied` passes over it).
        """
        step = Step(offset=record.offset, now=self.now)
        try:
            self._take(record, step)
        except (OpsroomError, MemoryError):
            raise
        except Exception as error:
            step.now = self.now
            raise Unforeseen(step) from error
        step.now = self.now
        return step

    def _take(self, record: Record, step: Step) -> None:
        if not self.stream:
            wall = max(self.now, record.received)
            if record.kind is RecordKind.TICK and record.payload == START:
                # The room was away, not the plants: silence counts from here.
                self.detectors = self.engine.touch(self.detectors, wall)
                self.rules = self.rulebook.touch(self.rules, wall)
            self._until(wall, step)
        if record.kind is RecordKind.READINGS:
            self._readings(record, step)
        elif record.kind is RecordKind.ACT:
            self._act(record, step)
        elif record.kind is RecordKind.CONFIG:
            step.config = [self._signed(change) for change in decode_config(record.payload)]
            self._agreed(step)
        elif record.kind is RecordKind.SOURCE:
            self._source(record, step)
        step.minutes += self.minutes.hear(step.transitions)

    def _readings(self, record: Record, step: Step) -> None:
        columns, step.historical = decode_columns(record.payload)
        step.stored = columns
        if step.historical:
            self.teach(columns)
            return
        step.late = int(np.count_nonzero(self.sources.take(record.source, columns)))
        self._advance(record.source, step)

    def teach(self, columns: Columns) -> None:
        """Let readings of the past, which are no news, teach the series that have not spoken live yet."""
        self.learn(columns.take(~self.sources.has_scored(columns.series)))

    def learn(self, columns: Columns) -> None:
        """Teach the detectors these readings, as the store keeps them, in order of event time."""
        if self.detection and len(columns):
            order = np.lexsort((columns.series, columns.t))
            self.detectors = self.engine.teach(self.detectors, self.shown.of(columns.take(order)))

    def bands(self, series_ids: list[int]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Give the expected band (low, high), each shape (n,), in units of the readings; NaN where unknown.

        An indicator is scored on its productivity, so its band is turned back into readings (DOMAIN 1.4).
        """
        _, low, high = self.engine.bands(self.detectors, series_ids)
        return actualities([self.catalog.series[one].indicator for one in series_ids], low, high)

    def _source(self, record: Record, step: Step) -> None:
        event = decode_source(record.payload)
        if event.event == "opened":
            self.sources.opened(record.source, event.lateness_s)
        elif event.event == "idle":
            self.sources.idle(record.source)
        elif event.event == "bye":
            self.sources.left(record.source)
        self._advance(record.source, step)

    def _signed(self, change: AnyConfig) -> AnyConfig:
        """Say when a change of the tree was made that no person signed."""
        if not isinstance(change, UnitSet | SeriesSet) or change.signed is not None:
            return change
        return msgspec.structs.replace(change, signed=unsigned(self.now))

    def _agreed(self, step: Step) -> None:
        for change in step.config:
            if isinstance(change, AlarmConfig):
                self.book.agreed.take(change)
            else:
                self.catalog.apply(change)
        altered = [change.series for change in step.config if isinstance(change, SeriesSet)]
        if altered or any(isinstance(change, RelationSet) for change in step.config):
            self.stated = self.statedbook.declare(self.stated, altered, self.now)
            self.configure(altered)
        changed = [change.rule for change in step.config if isinstance(change, RuleSet)]
        if changed or concerned(self.catalog, self.rules.rules, self.rules.keys, step.config):
            before = self.rules
            self._hear([], self.agree(changed), step, before)
        self._settle(discharge(self, altered, step.offset), step)

    def agree(self, changed: Iterable[Rule] = ()) -> list[Finding]:
        """Tell the rules what was agreed anew, or that the tree changed; gives what ended by that."""
        before = self.rules.causes
        self.rules, gone = self.rulebook.configure(self.rules, self.now, self.catalog, changed)
        agreed, designed = self.book.agreed, self.rules.causes
        agreed.rules = self.rulebook.classes(self.rules)
        for series_id in [
            one for one in before if agreed.causes.get(one) == before[one] != designed.get(one)
        ]:
            agreed.take(CauseSet(Cause(series_id=series_id)))
        for cause in [one for one in designed.values() if one != before.get(one.series_id)]:
            agreed.take(CauseSet(cause))
        return gone

    def configure(self, series: list[Series]) -> None:
        """Tell the detectors of new or altered series; the state of the others is kept."""
        for series_id, before, way in self.shown.take(series):
            self.book.latest.turn(series_id, before, way)
        self.detectors = self.engine.configure(self.detectors, [self._spec(one) for one in series])
        self.stated = self.statedbook.meet(self.stated, series)
        if self.catalog.relations:
            watched = [one for one in self.catalog.relations.values() if one.members]
            self.detectors = self.engine.relate(self.detectors, watched)

    def _spec(self, series: Series) -> SeriesSpec:
        """Give what detection has to know of a series; it knows no tree."""
        budget = self.book.budget(series, self.settings.budget_per_week).per_week
        return spec_of(self.catalog, self.book.agreed.as_agreed(series), budget)

    def _act(self, record: Record, step: Step) -> None:
        act = decode_act(record.payload)
        if isinstance(act, Delivered) and self.stream:
            return  # on the stream's clock delivered is raised: a replay must not depend on sockets
        step.key = act.key
        if act.key and act.key in self.keys:
            return
        if isinstance(act, Reported):
            step.act = act
            self._hear(list(act.findings), [], step)
            return
        try:
            edges = self._taken(act, step)
        except OpsroomError as refusal:
            step.refused = refusal
            return
        # What was looked at stands in the audits, what was delivered in the alerts' edges.
        step.act = None if isinstance(act, Looked | Delivered) else act
        if act.key:
            self.keys[act.key] = None
            while len(self.keys) > KEYS_REMEMBERED:
                self.keys.popitem(last=False)
        if isinstance(act, TermsAct):
            self.configure([self.catalog.series[act.series_id]])
        self._settle(edges, step)
        if isinstance(act, Rebase):
            change = confirmed(self.catalog.series[act.series_id], act.capability)
            signed = Signature(person=act.person, seat_id=act.seat_id, unit_id=act.unit_id, at=self.now)
            step.config = [msgspec.structs.replace(change, via="seat", signed=signed)]
            self._agreed(step)
            self.stated = self.statedbook.release(self.stated, act.series_id)

    def _taken(self, act: AnyAct, step: Step) -> list[Transition]:
        """Give an act to the book that it concerns."""
        if isinstance(act, AuditAct):
            step.audits = self.audits.take(self.catalog, self.now, step.offset, act)
            return []
        if isinstance(act, Offer):
            step.pleasures = [self.pleasures.offer(self.catalog, self.now, act)]
            return []
        if isinstance(act, MinuteAct):
            step.minutes = self.minutes.take(self.catalog, self.now, step.offset, act)
            return []
        if isinstance(act, ChairAct):
            self.chairs.take(self.now, act)
        if isinstance(act, ChairAct | Entrusted | NoteAct):
            return []  # what the last two say stands in the store alone: nothing here depends on it
        return self.book.on_act(self.catalog, self.now, step.offset, act, self.settings)

    def _measured(self, series: Series) -> Measured:
        return self.book.latest.measured(series)  # a restore puts another book in place

    # -- time --------------------------------------------------------------------------------------

    def _advance(self, source: str, step: Step) -> None:
        """Release what the watermarks allow, at the pace of the room's clock."""
        if not self.stream:
            self._score(self.shown.of(self.sources.release(source)), step)
            return
        for target in self.sources.targets():
            for part in self.sources.instants_until(target):
                self._until(int(part.t[0]), step)
                self._score(self.shown.of(part), step)
            self._until(target, step)

    def _until(self, target: int, step: Step) -> None:
        """Step through deadlines and silences up to `target`, each at its own instant (DOMAIN 1.6 rule 8)."""
        while True:
            deadline = self.book.next_deadline()
            silence = self.engine.next_due(self.detectors, target) if self.detection else None
            ruled = self.rulebook.next_due(self.rules, target)
            awaited = self.minutes.next_due()
            due = min((at for at in (deadline, silence, ruled, awaited) if at is not None), default=None)
            if due is None or due > target:
                break
            self.now = max(self.now, due)
            if deadline is not None and deadline <= due:
                step.transitions += self.book.on_time(self.catalog, due, self.settings)
            elif awaited is not None and awaited <= due:
                step.minutes += self.minutes.on_time(self.catalog, due)
            else:
                self._detect(Columns.empty(), step)
        self.now = max(self.now, target)

    def _score(self, columns: Columns, step: Step) -> None:
        """Give readings to the detectors after whatever fell due before them."""
        if len(columns):
            self.book.latest.take(columns)
            for part in instants(self.rules, columns):
                self._detect(part, step)

    def _detect(self, columns: Columns, step: Step) -> None:
        bands = None
        if self.rules.forecast and self.detection and len(columns):
            bands = self.bands(self.rules.forecast)
        findings: list[Finding] = []
        if self.detection:
            self.detectors, findings = self.engine.step(self.detectors, self.now, columns)
            self.stated, doubts = self.statedbook.step(self.stated, columns)
            findings = beside(findings, doubts, self.stated, self.scored)
        self.rules, ruled = self.rulebook.step(self.rules, self.now, columns, bands)
        if findings or ruled:
            self._hear(findings, ruled, step)
        alerted = self.book.by_series
        step.pleasures += self.pleasures.settle(self.catalog, self.detectors, self.now, step.offset, alerted)

    def _hear(
        self, said: list[Finding], ruled: list[Finding], step: Step, under: State | None = None
    ) -> None:
        """Give the alert book what was found; one alert of a series is held by all who stand on it."""
        under = under or self.rules
        step.ruled += [ruling_of(one, self.catalog, under) for one in ruled]
        findings = heard(self, join(said, ruled, self.rules, self.held, under))
        if findings:
            edges, releases = self.book.on_findings(
                self.catalog, self.now, step.offset, findings, self.settings
            )
            for series_id in releases:
                self.detectors = self.engine.release(self.detectors, series_id)
            self.pleasures.hear(findings, releases)
            self._settle(edges, step)

    def scored(self, series_id: int) -> bool:
        """Say whether detectors hold the alert of a series open."""
        row = self.detectors.row(series_id)
        return row >= 0 and bool(self.detectors.rows["hold"]["open"][row] > 0)

    def held(self, series_id: int) -> bool:
        """Say whether detectors, or a doubt of what its unit states, hold the alert of a series open."""
        return self.scored(series_id) or self.stated.stands(series_id)

    def _settle(self, edges: list[Transition], step: Step) -> None:
        """Keep transitions, and tell the detectors of what people did.

        The series of an alert that they ended may open again; one they judged has another budget.
        """
        for edge in edges:
            if edge.verb == "rebased":
                self.detectors = self.engine.release(self.detectors, edge.alert.series_id)
                self.rules = self.rulebook.release(self.rules, edge.alert.series_id)
            elif edge.verb == "judged" and edge.params["budget"] != edge.params["before"]:
                self.configure([self.catalog.series[edge.alert.series_id]])
        step.transitions += edges

    # -- snapshot ----------------------------------------------------------------------------------

    def freeze(self) -> Callable[[], Parts]:
        """Copy the whole state as of now; gives what makes a snapshot of it, on any thread."""
        return freeze(self)

    def snapshot(self) -> bytes:
        """Give the whole state as one blob."""
        return bytes(self.freeze()())

    def restore(self, blob: bytes) -> bool:
        """Take a snapshot.

        False where the detectors' state is of another version and must be rebuilt from stored readings.
        """
        return restore(self, blob)
