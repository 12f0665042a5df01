"""The socket of plants, `/api/v1/ingest`: moves bytes between WebSocket, session and log, and decides nothing itself.

Each connection has a reader, which judges frames and queues what they bring, and a writer, which appends many batches in one commit
and acknowledges them after it. What is queued is bounded in bytes: the full form by its credit, the casual form by not being read.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import itertools
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

import structlog
from fastapi import APIRouter
from starlette.websockets import WebSocket, WebSocketDisconnect

from ingest import session as says
from ingest import wire
from ingest.admission import Admission, Admitted, Tree, micros
from ingest.codes import CloseCode, WireError
from opsroom.clock import Clock, wall_now
from opsroom.errors import Conflict, OpsroomError, StoreError
from opsroom.log import Log
from opsroom.log.columns import encode_columns
from opsroom.model import Columns, Refusal
from opsroom.records import AnyAct, AnyConfig, Entry, Press, RecordKind, Recovering, SourceEvent, encode
from opsroom.settings import Settings

RETRY_S: Final = 0.5
QUIET_S: Final = 0.005
ACK_EVERY_S: Final = 0.25
LAG_CHECK_S: Final = 0.05
TOKEN_CHECK_S: Final = 0.5
DRAIN_S: Final = 5.0
MERGED_READINGS_MAX: Final = 65_536

_logger = structlog.get_logger("ingest.gateway")


class Tokens(Protocol):
    """Whose token this is."""

    async def find(self, token: str) -> int | None:
        """Give the unit of a plant's token, None where it is unknown or revoked."""
        ...


class PlantNews(Protocol):
    """One socket's alerts and decisions."""

    async def get(self) -> dict[str, Any]:
        """Wait for the next message."""
        ...

    def close(self) -> None:
        """Stop listening."""
        ...


class Plants(Protocol):
    """Where a socket hears of its own alerts."""

    def subscribe(self, unit_id: int) -> PlantNews:
        """Listen for a unit and everything below it."""
        ...


class IngestRoom(Protocol):
    """What the gateway needs of the room."""

    @property
    def catalog(self) -> Tree:
        """The tree of units and series."""
        ...

    @property
    def clock(self) -> Clock:
        """The room's clock."""
        ...

    @property
    def settings(self) -> Settings:
        """All settings and limits."""
        ...

    @property
    def log(self) -> Log:
        """The one log."""
        ...

    @property
    def tokens(self) -> Tokens:
        """The plants' credentials."""
        ...

    @property
    def plants(self) -> Plants:
        """The way down to plants."""
        ...

    @property
    def lag_s(self) -> float:
        """How far the room is behind its log, in seconds."""
        ...

    async def act(self, act: AnyAct, *, urgent: bool = False) -> Any:
        """Make a plant's act durable and apply it."""
        ...


class Hub:
    """What the connections of one room share: who is connected, the credit, and configuration not yet in the log."""

    def __init__(self, room: IngestRoom, wall: Callable[[], int] = wall_now) -> None:
        """Serve `room`; `wall` is the wall clock that readings may not be far ahead of."""
        self.room = room
        self.wall = wall
        self.limits = room.settings.limits
        self.connections: set[Connection] = set()
        self.by_source: dict[str, Connection] = {}
        self.numbers = itertools.count(1)
        self._unlogged: list[AnyConfig] = []

    def credit(self) -> int:
        """Give each connection's fair share of what may be in flight, in bytes; none while the room is behind its log."""
        return 0 if self.is_behind() else self.share()

    def share(self) -> int:
        """Give the share whatever the lag."""
        return min(self.limits.credit_bytes, self.limits.inflight_bytes // max(1, len(self.connections)))

    def is_behind(self) -> bool:
        """Tell whether the room has fallen behind its log."""
        return self.room.lag_s > self.limits.log_lag_s

    def propose(self, changes: list[AnyConfig]) -> None:
        """Keep changes that the catalog has taken: they go with the next append, whoever makes it, so before their readings."""
        self._unlogged += changes

    async def append(self, entries: list[Entry]) -> None:
        """Append with whatever configuration stands out, in front.

        Raises:
            StoreError: nothing was stored; the configuration stands out again.
            Conflict: `epoch_old`.
        """
        changes, self._unlogged = self._unlogged, []
        if changes:
            entry = Entry(kind=RecordKind.CONFIG, received=self.room.clock.now(), payload=encode(changes))
            entries = [entry, *entries]
        try:
            await self.room.log.append(entries)
        except BaseException:
            self._unlogged = changes + self._unlogged
            raise

    async def claim(self, key: str, connection: Connection) -> None:
        """Make `connection` the one of its source; an earlier one is closed with 4409 after its last ack."""
        earlier = self.by_source.get(key)
        self.by_source[key] = connection
        if earlier is not None and earlier is not connection:
            earlier.end(CloseCode.REPLACED, "the same source said hello again")
            await earlier.wait_done(DRAIN_S)

    def forget(self, connection: Connection) -> None:
        """Drop a connection that has ended."""
        self.connections.discard(connection)
        if self.by_source.get(connection.key) is connection:
            del self.by_source[connection.key]


class _Batch:
    """A judged batch on its way to the log."""

    __slots__ = ("admitted", "received", "seq")

    def __init__(self, seq: int, admitted: Admitted, received: int) -> None:
        self.seq = seq
        self.admitted = admitted
        self.received = received


class Connection:
    """One WebSocket of a plant."""

    def __init__(self, hub: Hub, socket: WebSocket) -> None:
        """Serve `socket`, not yet accepted."""
        self.hub = hub
        self.room = hub.room
        self.socket = socket
        self.key = f"casual:0:{next(hub.numbers)}"
        self.unit_id = 0
        self.token = ""
        self.session = says.Session(hub.limits)
        self._admission: Admission | None = None
        self._work: deque[_Batch | says.GapTold] = deque()
        self._casual: list[says.Told] = []
        self._wake = asyncio.Event()
        self._drained = asyncio.Event()
        self._done = asyncio.Event()
        self._closing: tuple[int, str] | None = None
        self._is_mute = False
        self._is_finished = False
        self._is_leaving = False
        self._spoke_casually = False
        self._withheld = False
        self._ack_due: float | None = None
        self._heard_at = 0.0
        self._reader: asyncio.Task[None] | None = None
        self._pump: asyncio.Task[None] | None = None
        self._group: asyncio.TaskGroup | None = None

    # -- life --------------------------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Serve until the peer or the room ends it."""
        if not same_origin(self.socket.headers.get("origin"), self.socket.headers.get("host")):
            await self.socket.close(CloseCode.NOT_ALLOWED)  # Before accept this is an HTTP 403.
            return
        await self.socket.accept()
        if len(self.hub.connections) >= self.hub.limits.connections_max:
            await self._send(says.answer("busy", limit=self.hub.limits.connections_max))
            await self._close(CloseCode.BUSY, "too many connections")
            return
        self.hub.connections.add(self)
        try:
            await self._serve()
        finally:
            self.hub.forget(self)
            self._done.set()

    async def _serve(self) -> None:
        async with asyncio.TaskGroup() as group:
            self._group = group
            self._reader = group.create_task(self._read())
            writer = group.create_task(self._write())
            watch = group.create_task(self._watch())
            await asyncio.wait([self._reader])
            self._is_finished = True
            self._wake.set()
            await asyncio.wait([writer], timeout=DRAIN_S)
            for task in (writer, watch, self._pump):
                if task is not None:
                    task.cancel()
        await self._leave()
        code, reason = self._closing or (CloseCode.DONE, "")
        await self._close(code, reason)

    def end(self, code: int, reason: str) -> None:
        """Stop reading, answer what was accepted, then close with `code`."""
        self._closing = self._closing or (code, reason)
        if self._reader is not None:
            self._reader.cancel()

    async def wait_done(self, seconds: float) -> None:
        """Wait until it has ended, `seconds` at most."""
        try:
            async with asyncio.timeout(seconds):
                await self._done.wait()
        except TimeoutError:
            _logger.warning("ingest_replaced_still_open", source=self.key)

    async def _leave(self) -> None:
        """Tell the log that the source holds back no clock: after bye, and where a casual sender is gone for good."""
        if not (self._is_leaving and self.session.source) and not self._spoke_casually:
            return
        entry = self._source_entry(SourceEvent(event="bye", unit_id=self.unit_id))
        try:
            await self.hub.append([entry])
        except (StoreError, Conflict) as error:
            _logger.warning("ingest_bye_not_stored", source=self.key, code=error.code)

    async def _close(self, code: int, reason: str) -> None:
        try:
            await self.socket.close(int(code), reason[:120])
        except (WebSocketDisconnect, RuntimeError, OSError):
            self._is_mute = True  # It is closed already.

    # -- reading -----------------------------------------------------------------------------------------------------------------

    async def _read(self) -> None:
        """Take frames until the peer is gone. A failed write does not end this: what was received counts."""
        if not await self._greet():
            return
        clock = asyncio.get_running_loop()
        deadline = clock.time() + self.hub.limits.hello_s
        while not self.session.is_ended:
            await self._hold_back()
            try:
                async with asyncio.timeout_at(None if self.session.is_known else deadline):
                    message = await self.socket.receive()
            except TimeoutError:
                await self._send(says.answer("hello_expected"))
                self._closing = (CloseCode.HELLO_EXPECTED, "no hello in time")
                return
            if message["type"] == "websocket.disconnect":
                self._is_mute = True
                return
            frame = message.get("text")
            self._heard_at = clock.time()
            await self._take(self.session.receive(message["bytes"] if frame is None else frame))

    async def _greet(self) -> bool:
        """Look the handshake's credential up, where there is one."""
        token = credential(self.socket.headers.get("authorization"))
        if token is None:
            return True
        code = await self._identify(token)
        if code:
            await self._send(says.answer(code))
            close = CloseCode.NOT_ALLOWED if code == "token_unit_gone" else CloseCode.NOT_AUTHENTICATED
            self._closing = (close, code)
            return False
        self.session = says.Session(self.hub.limits, known=True)
        return True

    async def _hold_back(self) -> None:
        """Wait while too much is on its way: this is the casual form's backpressure, and the ill-behaved full sender's."""
        limits = self.hub.limits
        while True:
            allowed = self.hub.share() + (limits.frame_bytes_max if self.session.is_full else 0)
            if self.session.pending_bytes > allowed:
                self._drained.clear()
                await self._drained.wait()
            elif self._spoke_casually and self.hub.is_behind():
                await asyncio.sleep(LAG_CHECK_S)
            else:
                return

    async def _take(self, events: Sequence[says.Event]) -> None:
        """Do what the session asks, in order; answers of the room may bring further events, which come first."""
        todo = deque(events)
        while todo:
            event = todo.popleft()
            if isinstance(event, says.Told):
                self._casual.append(event)
                self._spoke_casually = True
                self._wake.set()
            elif isinstance(event, says.Admit):
                todo.extendleft(reversed(self._admit(event)))
            elif isinstance(event, says.Send):
                await self._send(event.message)
            else:
                todo.extendleft(reversed(await self._take_rare(event)))

    async def _take_rare(self, event: says.Event) -> Sequence[says.Event]:
        """Do what happens once in a while."""
        match event:
            case says.Identify(token):
                return self.session.identified(await self._identify(token))
            case says.Open():
                return await self._open(event)
            case says.Declared(series):
                assert self._admission is not None, "the sender is known"
                self._admission.declare(series)
            case says.Repeat(seq):
                refusals = self.room.log.refusals(self.key, self.session.epoch, seq)
                return self.session.repeated(seq, refusals, self.hub.credit())
            case says.GapTold():
                self._work.append(event)
                self._wake.set()
            case says.Heard(message):
                await self._act(message)
            case says.Leave():
                self._is_leaving = True
            case says.Close(code, reason):
                self._closing = (code, reason)
        return ()

    def _admit(self, event: says.Admit) -> Sequence[says.Event]:
        """Judge a batch and queue it."""
        assert self._admission is not None, "the sender is known"
        try:
            admitted = self._admission.admit(event.batch, self.hub.wall())
        except WireError as error:
            return self.session.take_back(event.batch, event.size, error)
        if admitted.changes:
            self.hub.propose(admitted.changes)
        self._work.append(_Batch(event.batch.seq, admitted, self.room.clock.now()))
        self._wake.set()
        return ()

    async def _identify(self, token: str) -> str:
        """Bind the connection to the token's unit; gives the code of the refusal, "" for none."""
        unit_id = await self.room.tokens.find(token)
        if unit_id is None:
            return "token_invalid"
        if unit_id not in self.room.catalog.units:
            return "token_unit_gone"
        self.token, self.unit_id = token, unit_id
        self.key = f"casual:{unit_id}:{next(self.hub.numbers)}"
        ahead_s = self.room.settings.room.ahead_s_max
        self._admission = Admission(self.room.catalog, unit_id, self.hub.limits, ahead_s)
        assert self._group is not None, "it is being served"
        self._pump = self._group.create_task(self._pass_on())
        return ""

    async def _open(self, hello: says.Open) -> Sequence[says.Event]:
        """Find the source's epoch, or start one; the source is named within its unit, so that no other token can take it."""
        key = f"{self.unit_id}:{hello.source}"
        log = self.room.log
        current = log.source(key).epoch
        if hello.epoch is not None and hello.epoch != current:
            return self.session.refused(
                "epoch_old" if hello.epoch < current else "epoch_unknown", epoch=current
            )
        await self.hub.claim(key, self)
        self.key = key
        event = SourceEvent(event="opened", lateness_s=hello.lateness_s, unit_id=self.unit_id)
        while True:
            try:
                if hello.epoch is None:
                    await log.new_epoch(key)
                await self.hub.append([self._source_entry(event)])
                break
            except StoreError as error:
                await self._send(says.answer(error.code, message=error.message, fix=error.remedy))
                await asyncio.sleep(RETRY_S)
        state = log.source(key)
        return self.session.opened(state.epoch, state.stored_seq, self.hub.credit(), self.hub.wall() // 1000)

    async def _act(self, message: wire.RecoveringTold | wire.PressTold) -> None:
        """Pass a plant's own word to the room, and say what came of it."""
        act: AnyAct
        person = self.session.source or "plant"
        try:
            if isinstance(message, wire.PressTold):
                series = self.room.catalog.resolve(self.unit_id, message.indicator)
                if series is None:
                    await self._send(says.answer("indicator_unknown", field="indicator"))
                    return
                act = Press(series_id=series.id, note=message.note, person=person, unit_id=self.unit_id)
                await self.room.act(act, urgent=True)
                await self._send({"type": "done", "act": "press", "indicator": message.indicator})
            else:
                until = None if message.until is None else micros(message.until)
                if until is None and message.until is not None:
                    await self._send(says.answer("time_invalid", field="until"))
                    return
                act = Recovering(
                    alert_id=message.alert,
                    note=message.note,
                    until=until,
                    person=person,
                    unit_id=self.unit_id,
                )
                await self.room.act(act)
                await self._send({"type": "done", "act": "recovering", "alert": message.alert})
        except OpsroomError as error:
            await self._send(says.answer(error.code, message=error.message, fix=error.remedy))

    # -- writing -----------------------------------------------------------------------------------------------------------------

    async def _write(self) -> None:
        """Append what is queued, many batches a commit, and acknowledge after it."""
        while True:
            await self._wait_for_work()
            while self._work or self._casual:
                if not await self._commit():
                    return
            await self._ack_casual()
            if self._withheld and not self.hub.is_behind():
                self._withheld = False
                await self._send(self.session.credit(self.hub.credit()).message)
            if self._is_finished and not self._work and not self._casual:
                await self._ack_casual(now=True)
                return

    async def _wait_for_work(self) -> None:
        """Sleep until there is something to store, to acknowledge, or credit to give back."""
        pause = QUIET_S if self._ack_due is not None else LAG_CHECK_S if self._withheld else None
        try:
            async with asyncio.timeout(pause):
                await self._wake.wait()
        except TimeoutError:
            return
        self._wake.clear()

    async def _commit(self) -> bool:
        """Store everything queued in one append and answer it. False: the epoch is over."""
        work, self._work = self._work, deque()
        casual, self._casual = self._casual, []
        entries = self._entries(work)
        told = self._casual_entry(casual, entries) if casual else None
        if not await self._append(entries):
            return False
        if told is not None:
            readings, refusals = told
            self.session.casual_stored(casual[-1].frame, sum(one.size for one in casual), readings, refusals)
            self._ack_due = self._ack_due or asyncio.get_running_loop().time()
        if work:
            last = work[-1]
            answers = [(one.seq, one.admitted.refusals) for one in work if isinstance(one, _Batch)]
            credit = self.hub.credit()
            self._withheld = credit == 0
            upto = last.seq if isinstance(last, _Batch) else last.to_seq
            for send in self.session.stored(upto, answers, credit):
                await self._send(send.message)
        self._drained.set()
        return True

    def _entries(self, work: Sequence[_Batch | says.GapTold]) -> list[Entry]:
        """Give the log entries of `work`; neighbours without refusals become one, under the last one's seq."""
        entries: list[Entry] = []
        run: list[_Batch] = []
        readings = 0
        for one in work:
            clean = isinstance(one, _Batch) and not one.admitted.refusals
            size = len(one.admitted.columns) if isinstance(one, _Batch) else 0
            if run and (
                not clean
                or readings + size > MERGED_READINGS_MAX
                or (isinstance(one, _Batch) and one.admitted.historical != run[0].admitted.historical)
            ):
                entries.append(self._readings_entry(run))
                run, readings = [], 0
            if isinstance(one, says.GapTold):
                gap = SourceEvent(
                    event="gap",
                    unit_id=self.unit_id,
                    from_seq=one.from_seq,
                    to_seq=one.to_seq,
                    reason=one.reason,
                )
                entries.append(self._source_entry(gap, one.to_seq))
            elif clean:
                run.append(one)
                readings += size
            else:
                entries.append(self._readings_entry([one]))
        if run:
            entries.append(self._readings_entry(run))
        return entries

    def _readings_entry(self, run: Sequence[_Batch]) -> Entry:
        last = run[-1]
        columns = Columns.concat([one.admitted.columns for one in run])
        return Entry(
            kind=RecordKind.READINGS,
            received=last.received,
            payload=encode_columns(columns, last.admitted.historical),
            source=self.key,
            epoch=self.session.epoch,
            seq=last.seq,
            refusals=last.admitted.refusals,
        )

    def _casual_entry(
        self, casual: Sequence[says.Told], entries: list[Entry]
    ) -> tuple[int, list[tuple[int, Refusal]]]:
        """Judge casual readings of many frames at once; gives how many are stored, and (frame, refusal) of the others."""
        assert self._admission is not None, "the sender is known"
        received = self.room.clock.now()
        readings = [one for told in casual for one in told.readings]
        admitted = self._admission.admit_casual(readings, self.hub.wall(), received)
        self.hub.propose(admitted.changes)
        if len(admitted.columns):
            payload = encode_columns(admitted.columns, False)
            entries.append(
                Entry(kind=RecordKind.READINGS, received=received, payload=payload, source=self.key)
            )
        if not admitted.refusals:
            return len(admitted.columns), []
        starts = list(itertools.accumulate((len(told.readings) for told in casual), initial=0))
        return len(admitted.columns), [_in_frame(one, casual, starts) for one in admitted.refusals]

    async def _append(self, entries: list[Entry]) -> bool:
        """Append, again and again while the store cannot take it: what was accepted is never dropped while the socket stands."""
        told = False
        while entries:
            try:
                await self.hub.append(entries)
                break
            except StoreError as error:
                if not told:
                    await self._send(says.answer(error.code, message=error.message, fix=error.remedy))
                    told = True
                await asyncio.sleep(RETRY_S)
            except Conflict as error:
                await self._send(says.answer(error.code, message=error.message, fix=error.remedy))
                self.end(CloseCode.REPLACED, "the source has begun a later epoch")
                return False
        return True

    async def _ack_casual(self, *, now: bool = False) -> None:
        """Acknowledge when the sender pauses, or every quarter second.

        A peer that has dropped the connection answers a write with a reset, which would throw away what it sent and we have not read;
        so what can be read is read first.
        """
        if self._ack_due is None:
            return
        at = asyncio.get_running_loop().time()
        if now or at - self._heard_at >= QUIET_S or at - self._ack_due >= ACK_EVERY_S:
            self._ack_due = None
            await self._send(self.session.casual_ack().message)

    async def _pass_on(self) -> None:
        """Write alerts and decisions of the node's subtree to the plant as they come."""
        news = self.room.plants.subscribe(self.unit_id)
        try:
            while await self._send(await news.get()):
                pass
        finally:
            news.close()

    async def _watch(self) -> None:
        """Close the connection of a token that was revoked."""
        while True:
            await asyncio.sleep(TOKEN_CHECK_S)
            if self.token and await self.room.tokens.find(self.token) is None:
                await self._send(says.answer("token_invalid"))
                self.end(CloseCode.NOT_AUTHENTICATED, "the token was revoked")
                return

    async def _send(self, message: dict[str, Any]) -> bool:
        """Write one message; False once the peer takes no more. Reading goes on regardless."""
        if self._is_mute:
            return False
        frame = wire.encode(message, binary=self.session.binary)
        try:
            async with asyncio.timeout(self.hub.limits.viewer_stalled_s):
                await (
                    self.socket.send_bytes(frame)
                    if isinstance(frame, bytes)
                    else self.socket.send_text(frame)
                )
        except (WebSocketDisconnect, RuntimeError, OSError, TimeoutError):
            self._is_mute = True
            return False
        return True

    def _source_entry(self, event: SourceEvent, seq: int = 0) -> Entry:
        return Entry(
            kind=RecordKind.SOURCE,
            received=self.room.clock.now(),
            payload=encode(event),
            source=self.key,
            epoch=self.session.epoch if seq else 0,
            seq=seq,
        )


def _in_frame(one: Refusal, casual: Sequence[says.Told], starts: Sequence[int]) -> tuple[int, Refusal]:
    """Place a refusal in its frame: (frame number, refusal with the index inside that frame)."""
    at = next(place for place in range(len(casual)) if starts[place + 1] > one.index)
    inside = Refusal(
        index=one.index - starts[at], series=one.series, code=one.code, field=one.field, params=one.params
    )
    return casual[at].frame, inside


def credential(header: str | None) -> str | None:
    """Read the token of an Authorization header: Bearer, Token, or the password of Basic; None where there is none.

    >>> credential("Bearer abc"), credential("Basic dTphYmM="), credential("Digest x"), credential(None)
    ('abc', 'abc', '', None)
    """
    if header is None:
        return None
    scheme, _, value = header.strip().partition(" ")
    value = value.strip()
    if scheme.lower() in {"bearer", "token"}:
        return value
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(value, validate=True).decode().partition(":")[2]
        except (binascii.Error, UnicodeDecodeError):
            return ""
    return ""


def same_origin(origin: str | None, host: str | None) -> bool:
    """Tell whether a browser's Origin is this host; a client that is no browser sends none (RFC 6454, RFC 6455 10.2).

    >>> (
    ...     same_origin("http://127.0.0.1:8040", "127.0.0.1:8040"),
    ...     same_origin("https://evil.example", "room:8040"),
    ... )
    (True, False)
    """
    if origin is None:
        return True
    parts = urlsplit(origin)
    return bool(parts.netloc) and host is not None and parts.netloc.lower() == host.strip().lower()


def ingest_router(room: IngestRoom, *, wall: Callable[[], int] = wall_now) -> APIRouter:
    """Give the router with the WebSocket `/api/v1/ingest` for `room`.

    Serve it with `ws="websockets-sansio"`, `ws_per_message_deflate=False`, `ws_max_size=limits.frame_bytes_max`.
    """
    hub = Hub(room, wall)
    router = APIRouter()

    async def ingest(websocket: WebSocket) -> None:
        await Connection(hub, websocket).run()

    endpoint: Callable[[WebSocket], Awaitable[None]] = ingest
    router.add_api_websocket_route("/api/v1/ingest", endpoint)
    return router
