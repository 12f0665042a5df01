"""The client of the room for plants and feeders.

Connects for ever, keeps what is not stored, hears its own alerts.

async with Link("ws://127.0.0.1:8040/api/v1/ingest", "mill-1", token, outbox_path=Path("mill-1.outbox")) as
link:
    await link.declare([SeriesDeclared("output", unit="t/h", period_s=60)])
    await link.send("output", t_us, value)
    async for message in link.alerts(): ...
"""

from __future__ import annotations

import asyncio
import random
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import msgspec
import numpy as np
import structlog
from numpy.typing import NDArray

from ingest import courier, wire
from ingest.codes import CloseCode
from ingest.line import Dial, Line, web_dial
from ingest.outbox import open_outbox
from ingest.wire import SeriesDeclared
from opsroom.clock import Clock, WallClock
from opsroom.errors import Invalid, OpsroomError
from opsroom.model import QUALITY_BAD, QUALITY_GOOD
from opsroom.settings import Limits

__all__ = ["Link", "LinkError", "LinkStats", "SeriesDeclared"]

BACKOFF_S_MIN: Final = 0.1
BACKOFF_S_MAX: Final = 5.0
ALERTS_WAITING_MAX: Final = 1_000
STABLE_S: Final = 10.0
_HOPELESS: Final = frozenset(
    {CloseCode.NOT_AUTHENTICATED, CloseCode.NOT_ALLOWED, CloseCode.REPLACED, CloseCode.MALFORMED}
)
_logger = structlog.get_logger("ingest.link")


class LinkError(OpsroomError):
    """The link has given up: the room will not take this sender however often it tries."""

    code = "link_ended"


class LinkStats(msgspec.Struct):
    """What a progress line shows: counts since the link was made, the outbox as it is."""

    sent: int = 0
    stored_seq: int = 0
    refused: int = 0
    connections: int = 0
    outbox_batches: int = 0
    outbox_bytes: int = 0
    dropped: int = 0
    alerts_dropped: int = 0
    is_connected: bool = False


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
        limits: Limits | None = None,
        clock: Clock | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        on_refused: Callable[[int, list[dict[str, Any]]], None] | None = None,
        backlog_bytes: int | None = None,
        ssl: Any = None,
        dial: Dial | None = None,
        seed: int | None = None,
    ) -> None:
        """Speak for `source` to the room at `url`.

        Without `outbox_path` what is not stored lives in memory only. `on_refused` is called with (seq,
        refusals). `sleep` passes the time between attempts. `send` waits while more than `backlog_bytes`
        are unsent (default: never, the outbox takes it). `dial` opens the connections (default: WebSockets
        with `ssl`).
        """
        self._limits = limits or Limits()
        self._url = url
        self._clock = clock or WallClock()
        self._sleep = sleep
        self._on_refused = on_refused
        self._backlog_bytes = backlog_bytes
        self._dial = dial or web_dial(ping_s=self._limits.ping_s, ssl=ssl)
        self._random = random.Random(seed)  # noqa: S311 - jitter, nothing secret
        self._outbox = open_outbox(outbox_path, self._limits.outbox_bytes)
        self._courier = courier.Courier(self._outbox, source, token, lateness_s)
        self._alerts: OrderedDict[tuple[str, str], dict[str, Any]] = OrderedDict()
        self._alert_news = asyncio.Event()
        self._answers: asyncio.Queue[dict[str, Any]] = asyncio.Queue(maxsize=ALERTS_WAITING_MAX)
        self._work = asyncio.Event()
        self._progress = asyncio.Condition()
        self._said: list[bytes] = []
        self._error: OpsroomError | None = None
        self._is_closing = False
        self._group: asyncio.TaskGroup | None = None
        self._runner: asyncio.Task[None] | None = None
        self.stats = LinkStats()

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
        """Close; what is not stored stays in the outbox file. After an error nothing is waited for."""
        try:
            if kind is None:
                await self.close()
        finally:
            assert self._runner is not None
            assert self._group is not None
            self._runner.cancel()
            await self._group.__aexit__(None, None, None)
            self._outbox.close()

    async def declare(self, series: Sequence[SeriesDeclared]) -> None:
        """Tell units and periods, and numbers to use for names; before the first `send` of those series."""
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

        Raises:
            LinkError: the room will not take this sender.
            StoreError: the outbox cannot be written.
        """
        listed = [v] if v is None or isinstance(v, (int, float)) else v
        values = np.array(listed, np.float64)
        quality = None if q is None else np.asarray(q, np.uint8)
        missing = ~np.isfinite(values)
        if missing.any():
            quality = np.full(len(values), QUALITY_GOOD, np.uint8) if quality is None else quality.copy()
            quality[missing] = QUALITY_BAD
        t_ms = t // 1000 if isinstance(t, int) else np.asarray(t, np.int64) // 1000
        return await self.send_packed(
            courier.pack(names, t_ms, values, quality, historical=historical), len(values)
        )

    async def send_packed(self, body: bytes, readings: int) -> int:
        """Give a batch made by `courier.pack` to the outbox.

        Waits only while the backlog is over its bound.
        """
        self._check()
        while self._backlog_bytes is not None and self._outbox.size_bytes > self._backlog_bytes:
            await self._wait_for_progress()
        seq = self._outbox.put(body)
        self.stats.sent += readings
        self._work.set()
        return seq

    async def flush(self) -> None:
        """Wait until everything sent is durable in the room.

        Raises:
            LinkError: the room will not take this sender.
        """
        while not self._courier.is_idle:
            self._check()
            await self._wait_for_progress()

    async def press(self, indicator: str, note: str = "") -> None:
        """Press an essential indicator; not kept in the outbox: `answers` says whether the room took it."""
        await self._say(wire.PressTold(indicator, note))

    async def recovering(self, alert: str, note: str, until_ms: int | None = None) -> None:
        """Note on an own alert what is being done, and until when (epoch ms)."""
        await self._say(wire.RecoveringTold(alert, note, until_ms))

    async def alerts(self) -> AsyncIterator[dict[str, Any]]:
        """Give alerts and decisions as they come.

        A newer message about an alert takes an unread older one's place.
        """
        while True:
            while not self._alerts:
                self._alert_news.clear()
                await self._alert_news.wait()
            yield self._alerts.popitem(last=False)[1]

    async def answer(self) -> dict[str, Any]:
        """Wait for the next `done` or `error` of the room."""
        return await self._answers.get()

    async def close(self) -> None:
        """Wait for the last ack, say bye, and stop. Ends at once where the room will not take this sender."""
        try:
            await self.flush()
        finally:
            self._is_closing = True
            self._said.append(msgspec.msgpack.encode(wire.Bye()))
            self._work.set()
            if self._runner is not None:
                await asyncio.wait([self._runner], timeout=2.0)

    # -- the connection --------------------------------------------------------------------------------------

    async def _run(self) -> None:
        """Connect, speak, and try again with jittered back-off (AWS Architecture Blog, 2015.

        Full jitter), for ever.
        """
        pause_s = BACKOFF_S_MIN
        while not self._is_over():
            began = self._clock.monotonic()
            try:
                async with self._dial(self._url) as line:
                    self.stats.connections += 1
                    await self._speak(line)
            except OSError as error:
                _logger.debug("link_not_connected", url=self._url, reason=str(error))
            except Invalid as error:
                self._fail(LinkError(error.message, remedy=error.remedy))
                _logger.warning("link_url_invalid", url=self._url)
            finally:
                self._courier.lost()
                self.stats.is_connected = False
            if self._is_over():
                break
            if self._clock.monotonic() - began > STABLE_S:
                pause_s = BACKOFF_S_MIN
            await self._sleep(pause_s * (0.5 + self._random.random() / 2))
            pause_s = min(2 * pause_s, BACKOFF_S_MAX)
        async with self._progress:
            self._progress.notify_all()

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
                _logger.debug("link_lost", url=self._url, reason=str(error))
            finally:
                writer.cancel()
        self._judge_close(line.close_code or CloseCode.DONE, line.close_reason)

    async def _write(self, line: Line) -> None:
        try:
            while True:
                said, self._said = (
                    self._said if self._courier.is_welcome else [],
                    ([] if self._courier.is_welcome else self._said),
                )
                for frame in (*said, *self._courier.to_send()):
                    await line.send(frame)
                if self._is_closing and not self._said:
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
                case courier.Refused(seq, refusals):
                    self.stats.refused += len(refusals)
                    if self._on_refused is not None:
                        self._on_refused(seq, refusals)
                case courier.Alerted(message):
                    self._keep_alert(message)
                case courier.Answered(message):
                    if not self._answers.full():
                        self._answers.put_nowait(message)
                case courier.Fatal(error):
                    self._fail(error)
                    await line.close()
                case courier.Welcomed() | courier.Stored():
                    self.stats.is_connected = True
                    self.stats.stored_seq = self._courier.stored_seq
        self.stats.outbox_batches, self.stats.outbox_bytes = len(self._outbox), self._outbox.size_bytes
        self.stats.dropped = self._outbox.dropped
        self._work.set()
        async with self._progress:
            self._progress.notify_all()

    def _keep_alert(self, message: dict[str, Any]) -> None:
        key = (message["type"], str(message.get("id") or message.get("alert") or ""))
        self._alerts.pop(key, None)
        self._alerts[key] = message
        while len(self._alerts) > ALERTS_WAITING_MAX:
            self._alerts.popitem(last=False)
            self.stats.alerts_dropped += 1
        self._alert_news.set()

    async def _say(self, message: wire.PressTold | wire.RecoveringTold) -> None:
        self._check()
        self._said.append(msgspec.msgpack.encode(message))
        self._work.set()

    async def _wait_for_progress(self) -> None:
        async with self._progress:
            await self._progress.wait()
        self._check()

    def _judge_close(self, code: int, reason: str) -> None:
        """Give up where trying again cannot help."""
        if code in _HOPELESS and not self._is_closing:
            self._fail(
                LinkError(
                    f"The room closed the link: {code} {reason}.", remedy="See docs/protocol.md.", close=code
                )
            )

    def _is_over(self) -> bool:
        return self._error is not None or self._is_closing

    def _fail(self, error: OpsroomError) -> None:
        if self._error is None:
            self._error = error

    def _check(self) -> None:
        """Raise what ended the link."""
        if self._error is not None:
            raise LinkError(
                self._error.message, remedy=self._error.remedy, code=self._error.code, **self._error.params
            )
