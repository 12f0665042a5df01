"""The room: consumes the one log, in order, outside the ack path; store, detect, alert, view.

One loop owns all state. Each record passes `Core` (pure), then the transitions and the consumed offset
commit in one transaction, and only then do screens and plants hear of them.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from typing import TYPE_CHECKING, Final, ParamSpec, TypeVar

import msgspec
import structlog

from opsroom import kernels
from opsroom.applying import applied
from opsroom.backlog import Backlog
from opsroom.core import SNAPSHOT_VERSION, START, Core
from opsroom.deliveries import Deliveries
from opsroom.errors import Corrupt, StoreError
from opsroom.hearing import IDLE, Hearing
from opsroom.known import Known
from opsroom.marks import Marks
from opsroom.model import Columns, Transition
from opsroom.plants import PlantHub
from opsroom.records import Entry, Looked, RecordKind, encode
from opsroom.resuming import SNAPSHOT_NAME, resumed
from opsroom.rewind import marking
from opsroom.showing import show, show_all, show_bands
from opsroom.snapshot_pace import SnapshotPace
from opsroom.step import Changes, Step, peek
from opsroom.warmup import warm

if TYPE_CHECKING:
    from collections.abc import Callable

    from opsroom.access import Access
    from opsroom.catalog import Catalog
    from opsroom.clock import Clock
    from opsroom.log import Log
    from opsroom.parts import Parts
    from opsroom.records import AnyAct, AnyConfig, Record
    from opsroom.settings import Settings
    from opsroom.store import Store
    from opsroom.store.offload import Offload
    from opsroom.view import View

P = ParamSpec("P")
T = TypeVar("T")

SLICE_S: Final = 0.008
BANDS_EVERY_S: Final = 0.5
KEEP_EVERY_S: Final = 1.0
RETRY_S: Final = 1.0

_logger = structlog.get_logger("opsroom.room")


class Room(Known):
    """Everything the gateway and the API need of the room; see `run`."""

    def __init__(
        self,
        *,
        settings: Settings,
        catalog: Catalog,
        clock: Clock,
        log: Log,
        store: Store,
        offload: Offload,
        core: Core,
        view: View,
        access: Access,
        token_hex: Callable[[int], str] = secrets.token_hex,
    ) -> None:
        """Take the parts; nothing runs until `start` and `run`."""
        self._token_hex = token_hex
        self.settings = settings
        self.catalog = catalog
        self.clock = clock
        self.log = log
        self.store = store
        self.offload = offload
        self.core = core
        self.view = view
        self.access = access
        self.tokens = access  # whose token a sender holds, for the gateway
        self.plants = PlantHub(catalog, view.describe, self.delivered)
        self.ready = self.store_failing = False
        self.offset = self._committed = self._snapshotted = self._flushed = self._trimmed = 0
        self._moved, self._taken, self._chunkful = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._behind_since: float | None = None
        self._waiting: dict[str, list[asyncio.Future[list[Transition]]]] = {}
        self._deliveries = Deliveries(log, clock, self.reached)
        self.backlog = Backlog(settings.limits.inflight_bytes)
        self.marks = Marks(settings.replay, store.snapshots)
        self._hearing, self._bands_at = Hearing(), 0.0
        self._pace = SnapshotPace(settings.room.snapshot_s, clock.monotonic())
        self._unsaved: tuple[int, Callable[[], Parts], Callable[[Parts], None]] | None = None

    # -- what others call --------------------------------------------------------------------------

    @property
    def lag_s(self) -> float:
        """How far the room is behind its log, in seconds at its pace or since it last went on; 0: level."""
        if self.offset >= self.log.last_offset or self._behind_since is None:
            return 0.0
        return self.backlog.behind_s(self._behind_since, self.clock.monotonic())

    async def act(self, act: AnyAct, *, urgent: bool = False) -> list[Transition]:
        """Make an act durable and apply it; give what it changed (empty where its key was seen before).

        Raises:
            OpsroomError: the room's rules refuse it (AccessDenied, Conflict, ...), or the log cannot take it.
        """
        if not act.key:
            act = msgspec.structs.replace(act, key=self._token_hex(8))
        done: asyncio.Future[list[Transition]] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(act.key, []).append(done)
        try:
            await self.log.append([self._entry(RecordKind.ACT, encode(act))], urgent=urgent)
            return await done
        finally:
            waiting = self._waiting.get(act.key, [])
            if done in waiting:
                waiting.remove(done)
            if not waiting:
                self._waiting.pop(act.key, None)

    async def change(self, changes: list[AnyConfig]) -> None:
        """Make changes of configuration durable and wait until the room has taken them."""
        if changes:
            for change in filter(kernels.asks, changes):  # others keep their place before what names them
                await self.read(kernels.prepare_for, change)
            await self.reached(await self.log.append([self._entry(RecordKind.CONFIG, encode(changes))]))

    def _entry(self, kind: RecordKind, payload: bytes = b"", source: str = "") -> Entry:
        return Entry(kind=kind, received=self.clock.now(), payload=payload, source=source)

    async def reached(self, offset: int) -> None:
        """Wait until everything up to `offset` is applied and committed."""
        while self._committed < offset:
            await self._moved.wait()

    async def read(self, ask: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a blocking read of the store on the read pool."""
        return await self.offload.read(ask, *args, **kwargs)

    async def start(self, changes: list[AnyConfig]) -> None:
        """Take up where store and log left off; log the start and `changes` of the economy file."""
        self.marks.load(SNAPSHOT_VERSION, self.log.trimmed)
        if self.marks.reaches is None:
            self._pace.at_once()  # a room can be seen again from its first moment on
        self._snapshotted, rebuilds = resumed(self.core, self.store, self.log, self.marks)
        # Records between the two changed nothing that was worth a commit.
        self._committed = max(self.store.journal.offset(), self._snapshotted)
        if self.core.detection:
            kernels.prepare(self.catalog, changes)
            if rebuilds:
                warm(self.core, self.store)
        flushed = self.store.readings.flushed_offset
        self.offset = min(self._snapshotted, flushed)
        await self._replay(flushed)  # under what was agreed then; the detectors hear of the present after it
        self.core.configure(list(self.catalog.series.values()))
        show_all(self.core, self.view)
        first = [self._entry(RecordKind.TICK, START)]
        first += [self._entry(RecordKind.CONFIG, encode(changes))] if changes else []
        await self.log.append(first, urgent=True)  # the reserve: a room comes up on a full disk
        self._hearing.begin(self.core.sources, self.clock.monotonic())

    async def _replay(self, flushed: int) -> None:
        """Redo what stands in the log behind the snapshot; what was committed is not committed again."""
        last = self.log.last_offset
        while self.offset < last:
            steps = []
            for record in self._records(1024):
                # Behind the snapshot and not yet in a chunk: the store needs it, the detectors have had it.
                step = applied(self.core, record) if record.offset > self._snapshotted else peek(record)
                if record.offset > flushed:
                    self._keep_readings(step)
                steps.append(step)
                self.offset = record.offset
            fresh = [step for step in steps if step.offset > self._committed]
            self._show(changes := Changes.of(fresh))
            await self._commit(fresh, changes)
            await asyncio.sleep(0)

    def _records(self, limit: int) -> list[Record]:
        """Read on in the log; a record that fails its checksum is named, passed over and never served."""
        try:
            return self.log.read(self.offset, limit)
        except Corrupt as error:
            _logger.exception("log_record_corrupt", **error.params)
            self.offset = int(error.params["offset"])
            return []

    def _keep_readings(self, step: Step) -> None:
        """Hand the readings of a step to the store's head, and the live ones to the screens."""
        # Every record moves the head's offset, or a room without readings could never trim its log.
        self.store.readings.take(step.stored or Columns.empty(), step.offset, step.historical)
        self._pace.count(len(step.stored or ()), self.clock.monotonic())
        if self.store.readings.held >= self.settings.store.flush_readings:
            self._chunkful.set()
        if step.stored is not None and not step.historical:
            self.view.values(step.stored)

    async def run(self) -> None:
        """Consume until cancelled; call `stop` afterwards."""
        self.ready = True
        async with asyncio.TaskGroup() as group:
            group.create_task(self._consume())
            group.create_task(self._tick())
            group.create_task(self._keep())
            group.create_task(self._deliveries.run())

    async def _consume(self) -> None:
        """Apply, show and commit slice by slice; one is committed while the next is applied."""
        async with asyncio.TaskGroup() as group:
            committing: asyncio.Task[None] | None = None
            while True:
                await self.log.wait(self.offset)
                if self._behind_since is None:
                    self._behind_since = self.clock.monotonic()
                while self.store.readings.held >= self.settings.store.hold_readings:
                    self._taken.clear()  # the store is away: what comes waits in the log
                    await self._taken.wait()
                steps = self._slice()
                self._show(changes := Changes.of(steps))
                if committing is not None:
                    await committing
                committing = group.create_task(self._commit(steps, changes))
                if self._snapshot_due():
                    await committing
                    self._freeze()
                self.backlog.paced(self._behind_since, self.clock.monotonic())
                if self.offset >= self.log.last_offset:
                    self._behind_since = None
                await asyncio.sleep(0)

    def _slice(self) -> list[Step]:
        """Apply records for at most `SLICE_S`: detection keeps no socket and no ack waiting."""
        steps: list[Step] = []
        end = self.clock.monotonic() + SLICE_S
        for record in self._records(256):
            step = applied(self.core, record)
            self._keep_readings(step)
            self.backlog.count(record)
            self.marks.count(record)
            if record.source:
                self._hearing.heard(self.core.sources, record.source, self.clock.monotonic())
            steps.append(step)
            self.offset = record.offset
            if self.clock.monotonic() > end:
                break
        return steps

    def _show(self, changes: Changes) -> None:
        show(self.core, self.view, self.plants, changes)

    async def _commit(self, steps: list[Step], changes: Changes) -> None:
        """Commit what changed and the offset as one, then answer the acts that wait for it."""
        if not steps:
            return
        while any(changes):
            try:
                await self.offload.write(self.store.journal.commit, steps[-1].offset, *changes)
                self.store_failing = False
                break
            except StoreError as error:
                # The offset does not move: what happened waits in memory and in the log for it.
                self._failed("store_commit_failed", error)
                await asyncio.sleep(RETRY_S)
        self._committed = steps[-1].offset
        self._moved.set()
        self._moved = asyncio.Event()
        for step in steps:
            self._answer(step)

    def _answer(self, step: Step) -> None:
        """Resolve the acts that wait for this step."""
        for waiting in (one for one in self._waiting.get(step.key, []) if not one.done()):
            if step.refused is not None:
                waiting.set_exception(step.refused)
                waiting.exception()  # seen: whoever asked may have left, and then nobody fetches it
            else:
                waiting.set_result(step.transitions)

    async def _tick(self) -> None:
        """Write the room's clock into the log, for a replay to see the same instants; note who is idle."""
        while True:
            await asyncio.sleep(self.settings.room.tick_s)
            at, is_level = self.clock.monotonic(), self.lag_s < self.settings.limits.log_lag_s
            if is_level and not self.core.stream:
                await self._note([self._entry(RecordKind.TICK)])  # by itself: on a full disk it has a reserve
            if is_level and not self.log.is_full:
                silent = self._hearing.silent(self.core, at, self.settings.room.idle_s)
                await self._note([self._entry(RecordKind.SOURCE, IDLE, name) for name in silent])
            else:
                self._hearing.deaf(at)
            self.view.take_seats(self.access.seats())
            self._refresh_bands()

    async def _note(self, entries: list[Entry]) -> None:
        """Append what comes again if the log cannot take it now."""
        try:
            if entries:
                await self.log.append(entries)
        except StoreError as error:
            if error.code == "log_closed":
                raise  # it takes nothing any more: a room that ends is started again

    def _refresh_bands(self) -> None:
        """Give the screens the expected bands, at most twice a second: nobody reads faster."""
        at = self.clock.monotonic()
        if at - self._bands_at >= BANDS_EVERY_S:
            self._bands_at = at
            show_bands(self.core, self.view, self.view.watched())

    def _snapshot_due(self) -> bool:
        """Say whether the state is to be copied: it has changed, and the last copy is written and old."""
        due = self._pace.due(self.clock.monotonic())
        return due and self._unsaved is None and self.offset > self._snapshotted

    def _freeze(self) -> None:
        """Copy the whole pure state between two commits, where offset and state agree; `_keep` writes it."""
        self._pace.copied(at := self.clock.monotonic())
        mark = marking(self.marks, self.core, self.view, at, self._committed)
        self._unsaved = (self._committed, self.core.freeze(), mark)

    async def _save(self) -> None:
        if self._unsaved is None:
            return
        (offset, blob, mark), save = self._unsaved, self.store.snapshots.save

        def write() -> None:
            save(SNAPSHOT_NAME, SNAPSHOT_VERSION, offset, *(parts := blob()))
            mark(parts)

        try:
            begun = self.clock.monotonic()
            await self.offload.compact(write)
            self._snapshotted, self.store_failing = offset, False
            self._pace.written(self.clock.monotonic() - begun)
        except StoreError as error:
            self._failed("store_snapshot_failed", error)
        self._unsaved = None

    async def _keep(self) -> None:
        """Write snapshots, cut chunks, and trim the log to the oldest of chunk, snapshot and commit."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(KEEP_EVERY_S):
                    await self._chunkful.wait()
            await self._save()
            await self._flush(force=self.store.readings.held >= self.settings.store.hold_readings)
            self._chunkful.clear()  # by what came since it is set again
            await self._log_looks()
            if self.store_failing:
                await asyncio.sleep(KEEP_EVERY_S)

    async def _log_looks(self) -> None:
        """Write into the log what was read under audits; what it does not take now waits."""
        if looks := self.view.audits.pending():
            with contextlib.suppress(StoreError):
                await self.log.append([self._entry(RecordKind.ACT, encode(Looked(looks=looks)))])
                self.view.audits.written(looks)

    async def _flush(self, *, force: bool) -> None:
        try:
            flushed = await self.offload.compact(self.store.readings.flush, self.clock.now(), force)
            self._taken.set()
            self._flushed, self.store_failing = flushed, self.store_failing and flushed <= self._flushed
            keep = self.marks.floor(min(flushed, self._snapshotted, self._committed))
            if keep > self._trimmed:
                await self.offload.write(self.log.trim, keep)
                self._trimmed = keep
        except StoreError as error:
            self._failed("store_flush_failed", error)

    def _failed(self, event: str, error: StoreError) -> None:
        self.store_failing = True
        _logger.error(event, code=error.code, message=error.message, **error.params)

    async def stop(self) -> None:
        """Leave a snapshot and chunks behind, so that the next start has little to redo."""
        self.ready = False
        await self._log_looks()
        if self._committed == self.offset and self._committed > self._snapshotted:
            self._freeze()
            await self._save()
        await self._flush(force=True)

    def delivered(self, alert_id: str) -> None:
        """Note that an alert reached a socket or screen of its unit; on the stream's clock the raise is."""
        alert = self.core.book.open.get(alert_id)
        if alert is None or alert.delivered is not None or alert.level or self.core.stream:
            return
        self._deliveries.note(alert_id)
