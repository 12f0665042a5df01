"""The client of the room for feeders and gateways; a plant's program has an easier one in `ingest.plant`.

Connects for ever, keeps what is not stored, hears its own alerts.

async with Link("ws://127.0.0.1:8040/api/v1/ingest", "mill-1", token, outbox_path=Path("mill-1.outbox")) as
link:
    await link.declare([SeriesDeclared("output", unit="t/h", period_s=60)])
    await link.send("output", t_us, value)
    async for message in link.alerts(): ...
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from ingest import batches, courier, wire
from ingest.codes import CloseCode
from ingest.gauge import Gauge
from ingest.line import PING_S, Dial, Line, web_dial
from ingest.mail import Mail
from ingest.outbox import OUTBOX_BYTES, open_outbox
from ingest.told import LinkError, NotDelivered, Progress, Warned, ended_by
from ingest.wire import SeriesDeclared
from opsroom.clock import Clock, WallClock, wall_now
from opsroom.errors import Invalid, OpsroomError, StoreError

__all__ = ["Link", "LinkError", "NotDelivered", "Progress", "SeriesDeclared"]

BACKOFF_S_MIN: Final = 0.1
BACKOFF_S_MAX: Final = 1.5
"""The longest pause between two tries: a room that is back has its plants again within two seconds."""
STABLE_S: Final = 10.0
BYE_S: Final = 2.0
_logger = logging.getLogger("ingest.link")


class Link:
    """A source's connection to the room; use it as an async context manager."""

    def __init__(
        self,
        url: str,
        source: str,
        token: str,
        outbox_path: Path | None = None,
        *,
        lateness_s: float = 0.0,
        outbox_bytes: int = OUTBOX_BYTES,
        clock: Clock | None = None,
        wall: Callable[[], int] = wall_now,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        on_refused: Callable[[int, list[dict[str, Any]]], None] | None = None,
        on_warning: Callable[[Warned], None] | None = None,
        backlog_bytes: int | None = None,
        close_s: float | None = None,
        take_over: bool = False,
        via: str = "",
        ssl: Any = None,
        dial: Dial | None = None,
        seed: int | None = None,
    ) -> None:
        """Speak for `source` to the room at `url`.

        Without `outbox_path` what is not stored lives in memory only; either keeps `outbox_bytes` at most.
        `on_refused` is called with (seq, refusals), `on_warning` with what needs a look (default: logged).
        `wall` dates this machine (int us UTC), `sleep` passes the time between attempts. `send` waits while
        more than `backlog_bytes` are unsent (default: never, the outbox takes it). The end waits `close_s`
        for the last ack (default: for ever). `take_over` begins a new epoch where a later one has begun.
        `via` names the connector that speaks.
        `dial` opens the connections (default: WebSockets with `ssl`).

        Raises:
            StoreError: the outbox cannot be opened, or belongs to another process.
        """
        self._url = url
        self._clock = clock or WallClock()
        self._sleep = sleep
        self._on_refused = on_refused
        self._backlog_bytes = backlog_bytes
        self._close_s = close_s
        self._dial = dial or web_dial(ping_s=PING_S, ssl=ssl)
        self._random = random.Random(seed)  # noqa: S311 - jitter, nothing secret
        self._outbox = open_outbox(outbox_path, outbox_bytes)
        self._courier = courier.Courier(self._outbox, source, token, lateness_s, take_over=take_over, via=via)
        self._mail = Mail()
        self._gauge = Gauge(self._outbox, self._courier, self._mail, self._clock, wall, on_warning)
        self._work = asyncio.Event()
        self._progress = asyncio.Condition()
        self._error: OpsroomError | None = None
        self._is_closing = False
        self._group: asyncio.TaskGroup | None = None
        self._runner: asyncio.Task[None] | None = None

    # -- what a plant calls
    # ------------------------------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        """Begin to connect, and go on for ever."""
        self._group = await asyncio.TaskGroup().__aenter__()
        self._runner = self._group.create_task(self._run())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close; what is not stored stays in the outbox file. After an error nothing is waited for.

        Raises:
            NotDelivered: `close_s` ran out, and no file keeps what is left.
        """
        try:
            if kind is None:
                await self.close()
        finally:
            assert self._runner is not None
            assert self._group is not None
            self._runner.cancel()
            await self._group.__aexit__(None, None, None)
            self._outbox.close()

    @property
    def stats(self) -> Progress:
        """How far it is, at this instant."""
        return self._gauge.progress()

    async def declare(self, series: Sequence[SeriesDeclared]) -> None:
        """Tell units and periods, and numbers to use for names; before the first `send` of those series.

        Raises:
            Invalid: a number stands for another series already.
        """
        self.keep_declared(series)

    def keep_declared(self, series: Sequence[SeriesDeclared]) -> None:
        """Declare, whatever the link is doing."""
        self._courier.declare(series)
        self._work.set()

    async def send(
        self,
        names: Sequence[str | int] | str | int,
        t: int | NDArray[np.int64],
        v: float | Sequence[float | None] | NDArray[np.float64] | None,
        q: Sequence[int] | NDArray[np.uint8] | None = None,
        *,
        historical: bool = False,
    ) -> int:
        """Give a batch to the outbox and its seq back.

        One instant of many series, or instants of one or many series.

        `t` in int microseconds UTC (kept to the millisecond), `v` values with None where the plant has none
        (its quality becomes 0).

        A batch that is more than the room takes at once goes in parts.

        Raises:
            Invalid: `length_mismatch`: names, times or qualities are more or fewer than the values.
            LinkError: the room will not take this sender.
            StoreError: the outbox cannot be written.
        """
        return await self.send_packed(*batches.packed(names, t, v, q, historical=historical))

    async def send_packed(self, body: bytes, readings: int) -> int:
        """Give a batch made by `batches.pack` to the outbox.

        Waits only while the backlog is over its bound.
        """
        self.check()
        while self._backlog_bytes is not None and self._outbox.size_bytes > self._backlog_bytes:
            await self._wait_for_progress()
        return self.keep(body, readings)

    def keep(self, body: bytes, readings: int) -> int:
        """Put a batch into the outbox, whatever the link is doing, in parts where the room takes no such one.

        Gives the number of the last part.

        Raises:
            Invalid: `batch_too_large`: one reading alone is.
            StoreError: the outbox cannot be written; of several parts those before it are kept.
        """
        seq = 0
        for part, count in self._courier.parts(body, readings):
            seq = self._outbox.put(part, count)
            self._gauge.put(seq, count)
            self._work.set()
        return seq

    def find(self, seq: int) -> bytes | None:
        """Give a batch that is still kept, packed."""
        found = self._outbox.after(seq - 1, 1)
        return found[0][1] if found and found[0][0] == seq else None

    async def flush(self) -> None:
        """Wait until everything sent is durable in the room.

        Raises:
            LinkError: the room will not take this sender.
        """
        while not self._courier.is_idle:
            self.check()
            await self._wait_for_progress()

    async def press(self, indicator: str, note: str = "") -> None:
        """Press an essential indicator without waiting for the answer; not kept in the outbox."""
        self.check()
        self._mail.say(wire.PressTold(indicator, note))
        self._work.set()

    async def recovering(self, alert: str, note: str, until_ms: int | None = None) -> None:
        """Note on an own alert what is being done, until when (epoch ms); the answer is not waited for."""
        self.check()
        self._mail.say(wire.RecoveringTold(alert, note, until_ms))
        self._work.set()

    async def ask(self, message: wire.PressTold | wire.RecoveringTold, timeout_s: float) -> None:
        """Say a word of the plant and wait until the room has it, durable and applied.

        Raises:
            LinkError: the room refuses (its code and remedy), or `not_answered`: no answer in time.
        """
        self.check()
        told = await self._mail.ask(message, timeout_s, self._work)
        if told is None:
            self.check()
            raise LinkError(
                f"The room has not answered within {timeout_s:g} s.",
                remedy="Look whether it has it before you say it again.",
                code="not_answered",
            )
        if told["type"] == "error":
            raise LinkError(told["message"], remedy=told.get("remedy", ""), code=told["code"])

    async def alerts(self) -> AsyncIterator[dict[str, Any]]:
        """Give alerts and decisions as they come, until the link ends.

        A newer message about an alert takes an unread older one's place.

        Raises:
            LinkError: the room will not take this sender.
        """
        while (message := await self.next_alert()) is not None:
            yield message

    async def next_alert(self) -> dict[str, Any] | None:
        """Wait for the next of `alerts`; None once the link has ended.

        Raises:
            LinkError: the room will not take this sender.
        """
        message = await self._mail.next_alert()
        if message is None:
            self.check()
        return message

    async def close(self) -> None:
        """Wait for the last ack, say bye, and stop. Ends at once where the room will not take this sender.

        Raises:
            NotDelivered: `close_s` ran out, and no file keeps what is left.
        """
        try:
            async with asyncio.timeout(self._close_s):
                await self.flush()
        except TimeoutError:
            self._gauge.left_behind(self._close_s or 0.0)
        finally:
            self._is_closing = True
            self._mail.say(wire.Bye())
            self._work.set()
            if self._runner is not None:
                await asyncio.wait([self._runner], timeout=BYE_S)

    # -- the connection --------------------------------------------------------------------------------------

    async def _run(self) -> None:
        """Connect, speak, and try again with jittered back-off (AWS Architecture Blog, 2015.

        Full jitter), for ever.
        """
        pause_s = BACKOFF_S_MIN
        while not self._is_over():
            began = self._clock.monotonic()
            self._gauge.dialling()
            try:
                async with self._dial(self._url) as line:
                    await self._speak(line)
            except OSError as error:
                _logger.debug("not connected to %s: %s", self._url, error)
                self._gauge.warn(
                    code="not_connected",
                    message=f"{self._url} does not answer: {error}.",
                    remedy="Is the room running there? Readings are kept and sent when it is back.",
                )
            except Invalid as error:
                self._error = self._error or error
            finally:
                self._courier.lost()
                self._gauge.lost()
            if self._is_over():
                break
            if self._clock.monotonic() - began > STABLE_S:
                pause_s = BACKOFF_S_MIN
            await self._sleep(pause_s * (0.5 + self._random.random() / 2))
            pause_s = min(2 * pause_s, BACKOFF_S_MAX)
        self._mail.close()
        await self._tell()

    async def _speak(self, line: Line) -> None:
        opening = self._courier.connected()
        async with asyncio.TaskGroup() as group:
            writer = group.create_task(self._write(line))
            try:
                for frame in opening:
                    await line.send(frame)
                while (told := await line.receive()) is not None:
                    await self._take(line, told)
            except OSError as error:
                _logger.debug("lost %s: %s", self._url, error)
            except StoreError as error:
                self._gauge.warn(code=error.code, message=error.message, remedy=error.remedy, **error.params)
            finally:
                writer.cancel()
        if line.close_code == CloseCode.TOO_LARGE:
            self._gauge.too_large(self._courier.shrink())
        if not self._is_closing:
            # Where trying again cannot help it gives up.
            ended = ended_by(line.close_code or CloseCode.DONE, line.close_reason, self._courier.source)
            self._error = self._error or ended

    async def _write(self, line: Line) -> None:
        try:
            while True:
                said = self._mail.to_send() if self._courier.is_welcome else []
                for frame in (*said, *self._courier.to_send()):
                    await line.send(frame)
                while self._courier.aside:
                    self._gauge.set_aside(self._courier.aside.pop(0))
                if self._is_closing and self._courier.is_welcome:
                    return
                if not self._work.is_set():
                    await self._work.wait()
                self._work.clear()
        except OSError:
            return  # The reader learns the reason.

    async def _take(self, line: Line, told: str | bytes) -> None:
        for event in self._courier.receive(told, self._clock.monotonic()):
            match event:
                case bytes():
                    await line.send(event)
                case courier.Refused(seq, refusals) if self._on_refused is not None:
                    self._on_refused(seq, refusals)
                case courier.Alerted(message):
                    self._mail.keep_alert(message)
                case courier.Answered(message) if not self._mail.keep_answer(message):
                    self._gauge.heard(message)
                case courier.Fatal(error):
                    self._error = self._error or error
                    await line.close()
                case courier.Welcomed():
                    self._gauge.welcomed(event)
                case courier.Stored(seq):
                    self._gauge.stored(seq)
        self._work.set()
        await self._tell()

    async def _tell(self) -> None:
        async with self._progress:
            self._progress.notify_all()

    async def _wait_for_progress(self) -> None:
        async with self._progress:
            await self._progress.wait()
        self.check()

    def _is_over(self) -> bool:
        return self._error is not None or self._is_closing

    def check(self) -> None:
        """Raise what ended the link.

        Raises:
            LinkError: the room will not take this sender.
        """
        if self._error is not None:
            raise LinkError(
                self._error.message, remedy=self._error.remedy, code=self._error.code, **self._error.params
            )
