"""One plant's connection: reads frames, has them judged, and does what its session asks."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol

import structlog

from ingest import session as says
from ingest import wire
from ingest.admission import Admission
from ingest.codes import CloseCode, WireError
from ingest.handshake import credential, same_origin
from ingest.hub import DRAIN_S, Hub
from ingest.tally import Tally
from ingest.times import micros
from ingest.writer import LAG_CHECK_S, RETRY_S, Judged, Writer, source_entry
from opsroom.errors import Conflict, OpsroomError, StoreError
from opsroom.records import AnyAct, Press, Recovering, SourceEvent

TOKEN_CHECK_S: Final = 0.25
TOGETHER_MAX: Final = 256
"""Frames between two looks at what is on its way."""
_logger = structlog.get_logger("ingest.connection")


class Socket(Protocol):
    """A WebSocket not yet accepted.

    Writing to a peer that is gone raises OSError; reading gives what came before that.
    """

    @property
    def headers(self) -> Mapping[str, str]:
        """Headers of the handshake, names in lower case."""
        ...

    async def accept(self) -> None:
        """Answer the handshake."""
        ...

    async def receive(self) -> str | bytes | None:
        """Wait for the next frame; None once the peer is gone."""
        ...

    def waiting(self, most: int) -> Sequence[str | bytes]:
        """Give the frames behind it that are here already, `most` at most."""
        ...

    async def send(self, frame: str | bytes) -> None:
        """Write a text or binary frame."""
        ...

    async def close(self, code: int, reason: str = "") -> None:
        """Close; before `accept` the handshake is refused with HTTP 403."""
        ...


class Connection:
    """One WebSocket of a plant."""

    def __init__(self, hub: Hub, socket: Socket) -> None:
        """Serve `socket`, not yet accepted."""
        self.hub = hub
        self.room = hub.room
        self.socket = socket
        self.key = hub.casual_key(0)
        self.unit_id = 0
        self.token = ""
        self.session = says.Session(hub.limits)
        self.admission: Admission | None = None
        self.tally = Tally(hub, self)
        self._writer = Writer(hub, self)
        self._done = asyncio.Event()
        self._closing: tuple[int, str] | None = None
        self._is_mute = False
        self._is_leaving = False
        self._spoke_casually = False
        self._overdrawn = 0
        self.heard_at = 0.0
        self._reader: asyncio.Task[None] | None = None
        self._pump: asyncio.Task[None] | None = None
        self._group: asyncio.TaskGroup | None = None

    # -- life ------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Serve until the peer or the room ends it."""
        if not same_origin(self.socket.headers.get("origin"), self.socket.headers.get("host")):
            await self.socket.close(int(CloseCode.NOT_ALLOWED))  # Before accept this is an HTTP 403.
            return
        await self.socket.accept()
        if len(self.hub.connections) >= self.hub.limits.connections_max:
            await self.send(says.answer("busy", limit=self.hub.limits.connections_max))
            await self._close(CloseCode.BUSY, "too many connections")
            return
        self.hub.connections.add(self)
        try:
            await self._serve()
        finally:
            self.tally.ended(left=self._is_leaving)
            self.hub.forget(self)
            self._done.set()

    async def _serve(self) -> None:
        async with asyncio.TaskGroup() as group:
            self._group = group
            self._reader = group.create_task(self._read())
            writer = group.create_task(self._writer.run())
            watch = group.create_task(self._watch())
            await asyncio.wait([self._reader])
            self._writer.finish()
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
        """Tell the log that the source holds back no clock.

        After bye, and where a casual sender is gone for good.
        """
        if not (self._is_leaving and self.session.source) and not self._spoke_casually:
            return
        entry = source_entry(self.hub, self, SourceEvent(event="bye", unit_id=self.unit_id))
        try:
            await self.hub.append([entry])
        except (StoreError, Conflict) as error:
            _logger.warning("ingest_bye_not_stored", source=self.key, code=error.code)

    async def _close(self, code: int, reason: str) -> None:
        try:
            await self.socket.close(int(code), reason[:120])
        except OSError:
            self._is_mute = True  # It is closed already.

    # -- reading ---------------------------------------------------------------------------------------------

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
                    frame = await self.socket.receive()
            except TimeoutError:
                await self.send(says.answer("hello_expected"))
                self._closing = (CloseCode.HELLO_EXPECTED, "no hello in time")
                return
            if frame is None:
                self._is_mute = True
                return
            self.heard_at = clock.time()
            # Casual frames that came together are read together: most of their cost is around them.
            # Batches are looked at one by one, or a sender without credit would be read beyond its share.
            more = self.socket.waiting(TOGETHER_MAX - 1) if self._spoke_casually else ()
            for events in self.session.receive_all([frame, *more]):
                await self._take(events)

    async def _greet(self) -> bool:
        """Look the handshake's credential up, where there is one."""
        token = credential(self.socket.headers.get("authorization"))
        if token is None:
            return True
        code = await self._identify(token)
        if code:
            self.hub.feeds.sent_away("websocket", code, self.room.clock.now())
            await self.send(says.answer(code))
            close = CloseCode.NOT_ALLOWED if code == "token_unit_gone" else CloseCode.NOT_AUTHENTICATED
            self._closing = (close, code)
            return False
        self.session = says.Session(self.hub.limits, known=True)
        return True

    async def _hold_back(self) -> None:
        """Wait while too much is on its way.

        This is the casual form's backpressure, and that of a full sender which goes on without credit: what
        waits in the log stands before every press.
        """
        limits = self.hub.limits
        while True:
            allowed = self.hub.share() + (limits.frame_bytes_max if self.session.is_full else 0)
            if self.session.pending_bytes > allowed:
                await self._writer.wait_drained()
            elif (self._spoke_casually or self._overdrawn > self.hub.share()) and self.hub.is_behind():
                await asyncio.sleep(LAG_CHECK_S)
            else:
                return

    async def _take(self, events: Sequence[says.Event]) -> None:
        """Do what the session asks, in order.

        Answers of the room may bring further events, which come first.
        """
        todo = deque(events)
        while todo:
            event = todo.popleft()
            if isinstance(event, says.Told):
                if not self._spoke_casually:
                    self.tally.began()
                    self._spoke_casually = True
                self._writer.put_casual(event)
            elif isinstance(event, says.Admit):
                todo.extendleft(reversed(self._admit(event)))
            elif isinstance(event, says.Send):
                self.tally.answered(event.message)
                await self.send(event.message)
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
                assert self.admission is not None, "the sender is known"
                self.hub.propose(self.admission.declare(series))
            case says.Repeat(seq):
                refusals = self.room.log.refusals(self.key, self.session.epoch, seq)
                return self.session.repeated(seq, refusals, self._writer.credit())
            case says.GapTold(from_seq, to_seq):
                if self.session.overtakes(to_seq):
                    return self.session.out_of_turn(from_seq)
                self._writer.put(event)
            case says.Heard(message):
                await self._act(message)
            case says.Leave():
                self._is_leaving = True
            case says.Close(code, reason):
                self._closing = (code, reason)
        return ()

    def _admit(self, event: says.Admit) -> Sequence[says.Event]:
        """Judge a batch and queue it."""
        assert self.admission is not None, "the sender is known"
        if self.session.overtakes(event.batch.seq):
            return self.session.out_of_turn(event.batch.seq)
        self._overdrawn = self._overdrawn + event.size if self._writer.withheld else 0
        try:
            admitted = self.admission.admit(event.batch, self.hub.latest())
        except WireError as error:
            return self.session.take_back(event.batch, error)
        if admitted.changes:
            self.hub.propose(admitted.changes)
        self._writer.put(Judged(event.batch.seq, admitted, self.room.clock.now()))
        return ()

    async def _identify(self, token: str) -> str:
        """Bind the connection to the token's unit; gives the code of the refusal, "" for none."""
        unit_id = await self.room.tokens.find(token)
        if unit_id is None:
            return "token_invalid"
        if not self.hub.lets_in(unit_id):
            return "token_unit_gone"
        self.token, self.unit_id = token, unit_id
        self.key = self.hub.casual_key(unit_id)
        ahead_s = self.room.settings.room.ahead_s_max
        self.admission = Admission(self.room.catalog, unit_id, self.hub.limits, ahead_s)
        assert self._group is not None, "it is being served"
        self._pump = self._group.create_task(self._pass_on())
        return ""

    async def _open(self, hello: says.Open) -> Sequence[says.Event]:
        """Find the source's epoch, or start one.

        The source is named within its unit, so that no other token can take it.
        """
        key = f"{self.unit_id}:{hello.source}"
        log = self.room.log
        current = log.source(key).epoch
        if hello.epoch is not None and hello.epoch != current:
            return self.session.refused(
                "epoch_old" if hello.epoch < current else "epoch_unknown", epoch=current
            )
        if not self.hub.takes_source(self.unit_id, key):
            return self.session.refused("source_limit", "source", limit=self.hub.limits.sources_per_unit)
        await self.hub.claim(key, self)
        self.key = key
        event = SourceEvent(event="opened", lateness_s=hello.lateness_s, unit_id=self.unit_id)
        while True:
            try:
                if hello.epoch is None:
                    await log.new_epoch(key)
                await self.hub.append([source_entry(self.hub, self, event)])
                break
            except StoreError as error:
                await self.send(says.answer(error.code, message=error.message, fix=error.remedy))
                await asyncio.sleep(RETRY_S)
        self.tally.began(hello)
        state = log.source(key)
        return self.session.opened(
            state.epoch, state.stored_seq, self._writer.credit(), self.hub.wall() // 1000
        )

    async def _act(self, message: wire.RecoveringTold | wire.PressTold) -> None:
        """Pass a plant's own word to the room, and say what came of it."""
        act: AnyAct
        person = self.session.source or "plant"
        try:
            if isinstance(message, wire.PressTold):
                series = self.room.catalog.resolve(self.unit_id, message.indicator)
                if series is None:
                    await self.send(says.answer("indicator_unknown", field="indicator", act="press"))
                    return
                act = Press(series_id=series.id, note=message.note, person=person, unit_id=self.unit_id)
                await self.room.act(act, urgent=True)
                await self.send({"type": "done", "act": "press", "indicator": message.indicator})
            else:
                until = None if message.until is None else micros(message.until)
                if until is None and message.until is not None:
                    await self.send(says.answer("time_invalid", field="until", act="recovering"))
                    return
                act = Recovering(
                    alert_id=message.alert,
                    note=message.note,
                    until=until,
                    person=person,
                    unit_id=self.unit_id,
                )
                await self.room.act(act)
                await self.send({"type": "done", "act": "recovering", "alert": message.alert})
        except OpsroomError as error:
            refused = str(message.__struct_config__.tag)
            await self.send(says.answer(error.code, message=error.message, fix=error.remedy, act=refused))

    async def _pass_on(self) -> None:
        """Write alerts and decisions of the node's subtree to the plant as they come."""
        news = self.room.plants.subscribe(self.unit_id)
        try:
            while await self.send(await news.get()):  # noqa: ASYNC110 - the bell is in `get`
                # A peer that takes all at once would have its whole backlog written before anybody's turn.
                await asyncio.sleep(0)
        finally:
            news.close()

    async def _watch(self) -> None:
        """Close the connection of a token that was revoked."""
        while True:
            await asyncio.sleep(TOKEN_CHECK_S)
            if not self.token:
                continue
            if not self.hub.lets_in(self.unit_id):
                await self.send(says.answer("token_unit_gone"))
                self.end(CloseCode.NOT_ALLOWED, "the unit was retired")
                return
            if await self.room.tokens.find(self.token) is None:
                await self.send(says.answer("token_invalid"))
                self.end(CloseCode.NOT_AUTHENTICATED, "the token was revoked")
                return

    async def send(self, message: dict[str, Any]) -> bool:
        """Write one message; False once the peer takes no more. Reading goes on regardless."""
        if self._is_mute:
            return False
        frame = wire.encode(message, binary=self.session.binary)
        try:
            async with asyncio.timeout(self.hub.limits.viewer_stalled_s):
                await self.socket.send(frame)
        except (OSError, TimeoutError):
            self._is_mute = True
            return False
        return True
