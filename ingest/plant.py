"""A plant's own program and the room: readings one by one, its alerts back; for asyncio.

async with AsyncPlant("ws://127.0.0.1:8040", token="...", outbox="mill.outbox") as plant:
    await plant.send("output", 3.2, unit="t/h")
    async for alert in plant.alerts(): ...

`ingest.plant_sync` has the same without asyncio.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import sys
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, TypedDict

from ingest import wire
from ingest.address import ingest_url
from ingest.gather import Gather, pack, time_us
from ingest.link import Link
from ingest.outbox import OUTBOX_BYTES
from ingest.told import Alert, Decision, Progress, Refused, Warned, read_news, read_refusals
from opsroom.clock import wall_now
from opsroom.errors import Invalid, StoreError

BATCH_S: Final = 0.1
BATCH_READINGS: Final = 1_000
CLOSE_S: Final = 10.0
ANSWER_S: Final = 10.0
TOKEN_NAME: Final = "OPSROOM_TOKEN"  # noqa: S105 - the variable's name
_logger = logging.getLogger("ingest.plant")


class Options(TypedDict, total=False):
    """What `AsyncPlant` takes by name, for its twin."""

    token: str | None
    source: str
    outbox: str | Path | None
    outbox_bytes: int
    batch_s: float
    batch_readings: int
    lateness_s: float
    close_s: float | None
    cafile: str | Path | None
    on_refused: Callable[[Refused], object] | None
    on_warning: Callable[[Warned], object] | None
    take_over: bool


class AsyncPlant:
    """A plant that speaks to a room for as long as the `async with` lasts.

    A reading waits up to `batch_s` in memory for others, then it is in the outbox, and there it stays until
    the room has it on disk. With a file as `outbox` that outlasts the program and the machine's restart.
    """

    def __init__(
        self,
        url: str,
        *,
        token: str | None = None,
        source: str = "",
        outbox: str | Path | None = None,
        outbox_bytes: int = OUTBOX_BYTES,
        batch_s: float = BATCH_S,
        batch_readings: int = BATCH_READINGS,
        lateness_s: float = 0.0,
        close_s: float | None = CLOSE_S,
        cafile: str | Path | None = None,
        on_refused: Callable[[Refused], object] | None = None,
        on_warning: Callable[[Warned], object] | None = None,
        take_over: bool = False,
    ) -> None:
        """Name the room and the plant; nothing is opened before `async with`.

        `url` is the room's address (`ws://host:8040`), `token` what `opsroom token new UNIT` gave (default:
        the variable OPSROOM_TOKEN), `source` the sender's name within its unit (default: machine and program;
        two senders of one name replace each other). `outbox` is the file that keeps what is not stored
        (default: memory), `outbox_bytes` the most it holds: beyond, the oldest go and the room is told of the
        gap. `lateness_s` says how far readings may come out of order. The end waits `close_s` for the last
        ack (None: for ever). `cafile` is the certificate to trust for `wss://`. Each refused reading is given
        to `on_refused`, what else needs a look to `on_warning`; without them both are logged. `take_over`
        goes on with an outbox whose source has since spoken from elsewhere.

        Raises:
            Invalid: `token_missing`.
        """
        found = token or os.environ.get(TOKEN_NAME, "")
        if not found:
            raise Invalid(
                "No token.",
                remedy=f"Give token=... or {TOKEN_NAME}; make one: opsroom token new UNIT.",
                code="token_missing",
                field="token",
            )
        self.url = ingest_url(url)
        self.source = source or f"{socket.gethostname()}/{Path(sys.argv[0] or 'python').stem}"
        self._on_refused = on_refused
        self._on_warning = on_warning
        self._batch_s = batch_s
        self._gather = Gather(batch_readings)
        self._wake = asyncio.Event()
        self._group: asyncio.TaskGroup | None = None
        self._batcher: asyncio.Task[None] | None = None
        self._link: Link | None = None
        self._cafile = cafile
        self._made: dict[str, Any] = {
            "token": found,
            "outbox_path": None if outbox is None else Path(outbox),
            "outbox_bytes": outbox_bytes,
            "lateness_s": lateness_s,
            "close_s": close_s,
            "take_over": take_over,
        }

    # -- life ------------------------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        """Open the outbox and begin to connect; the room need not be there.

        Raises:
            StoreError: the outbox cannot be opened, or another process has it.
        """
        link = Link(
            self.url,
            self.source,
            on_refused=self._refused,
            on_warning=self._warned,
            ssl=_trusted(self._cafile),
            **self._made,
        )
        self._group = await asyncio.TaskGroup().__aenter__()
        self._link = await link.__aenter__()
        self._batcher = self._group.create_task(self._batch())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Send what waits, wait for the last ack, say bye; after an error keep everything and end at once.

        Raises:
            NotDelivered: time ran out and no file keeps what is left.
            LinkError: the room would not take this sender.
            StoreError: the outbox cannot be written.
        """
        assert self._group is not None
        assert self._batcher is not None
        self._batcher.cancel()
        try:
            self._spill()
        finally:
            try:
                await self._opened.__aexit__(kind, error, trace)
            finally:
                await self._group.__aexit__(None, None, None)

    @property
    def _opened(self) -> Link:
        if self._link is None:
            raise Invalid(
                "The plant is not open.", remedy="Use it in `with`, or `async with`.", code="plant_not_open"
            )
        return self._link

    # -- to the room -----------------------------------------------------------------------------------------

    async def send(
        self,
        series: str,
        value: float | None,
        *,
        unit: str = "",
        at: datetime | str | float | None = None,
        quality: int | None = None,
        period_s: float | None = None,
        historical: bool = False,
    ) -> None:
        """Give a reading; returns once it waits for its batch, and waits itself only for a disk that is slow.

        `series` is a path below the token's unit. `value` None, NaN or infinite means that the plant has
        none. `unit` (UCUM) and `period_s` are told once. `at` is the event's time: a datetime with a time
        zone, RFC 3339 text or epoch milliseconds, by default now. `quality` is OPC's: 192 good, 64 uncertain,
        0 bad. `historical` readings are stored and move no live value.

        Raises:
            Invalid: the value, the time or the unit cannot be sent.
            LinkError: the room will not take this sender.
            StoreError: the outbox cannot be written: this reading is not kept, earlier ones are.
        """
        while not (waiting := self.take(series, value, unit, at, quality, period_s, historical=historical)):
            await self.spill()
        if waiting == 1:
            self._wake.set()

    def take(
        self,
        series: str,
        value: float | None,
        unit: str,
        at: datetime | str | float | None,
        quality: int | None,
        period_s: float | None,
        *,
        historical: bool,
    ) -> int:
        """Take a reading from any thread; gives how many wait, 0 where the batch is full: spill first."""
        self._opened.check()
        if unit or period_s:
            self._gather.declare(series, unit, period_s)
        t_us = time_us(at, wall_now())
        return self._gather.add(series, t_us, value, quality, historical=historical, is_now=at is None)

    async def spill(self) -> None:
        """Put what waits into the outbox now.

        Raises:
            StoreError: the outbox cannot be written; what waits goes on waiting.
        """
        self._spill()

    async def flush(self, timeout_s: float | None = None) -> None:
        """Wait until everything sent is durable in the room.

        Raises:
            LinkError: the room will not take this sender.
            TimeoutError: `timeout_s` ran out.
        """
        self._spill()
        async with asyncio.timeout(timeout_s):
            await self._opened.flush()

    async def press(self, indicator: str, note: str = "", *, timeout_s: float = ANSWER_S) -> None:
        """Press an essential indicator: straight to the top. Returns once the room has it.

        Raises:
            LinkError: the room refuses, or `not_answered` in time; then it may have it or not.
        """
        await self._opened.ask(wire.PressTold(indicator, note), timeout_s)

    async def recovering(
        self,
        alert: str,
        note: str,
        until: datetime | str | float | None = None,
        *,
        timeout_s: float = ANSWER_S,
    ) -> None:
        """Say of an own alert what is being done, and until when. It moves no deadline.

        Raises:
            Invalid: `until` is no instant.
            LinkError: the room refuses, or `not_answered` in time; then it may have it or not.
        """
        until_ms = None if until is None else time_us(until, 0) // 1_000
        await self._opened.ask(wire.RecoveringTold(alert, note, until_ms), timeout_s)

    # -- from the room ---------------------------------------------------------------------------------------

    @property
    def progress(self) -> Progress:
        """How far everything is, at this instant; what still waits for its batch is not in it."""
        return self._opened.stats

    async def alerts(self, timeout_s: float | None = None) -> AsyncIterator[Alert | Decision]:
        """Give the alerts and decisions of the token's unit and all below it, as they come.

        Ends with the plant, or after `timeout_s` without any.

        Raises:
            LinkError: the room will not take this sender.
        """
        while (news := await self.next_alert(timeout_s)) is not None:
            yield news

    async def next_alert(self, timeout_s: float | None = None) -> Alert | Decision | None:
        """Wait for the next of `alerts`; None where it ends.

        Raises:
            LinkError: the room will not take this sender.
        """
        try:
            async with asyncio.timeout(timeout_s):
                message = await self._opened.next_alert()
        except TimeoutError:
            return None
        return None if message is None else read_news(message)

    # -- within ----------------------------------------------------------------------------------------------

    def wake(self) -> None:
        """Begin to count `batch_s`; called in the loop."""
        self._wake.set()

    async def _batch(self) -> None:
        """Give what was sent to the outbox `batch_s` after the first of it."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            await asyncio.sleep(self._batch_s)
            try:
                self._spill()
            except StoreError as error:
                # It goes on waiting; whoever sends next is told by an error of his own.
                self._warned(
                    Warned(code=error.code, message=error.message, remedy=error.remedy, params=error.params)
                )
                self._wake.set()
                await asyncio.sleep(1.0)

    def _spill(self) -> None:
        taken = self._gather.take()
        if not taken.declared and not taken.readings:
            return
        kept = 0
        try:
            self._opened.keep_declared(taken.declared)
            for stretch in taken.stretches():
                self._opened.keep(pack(stretch), len(stretch))
                kept += len(stretch)
        except StoreError:
            self._gather.put_back(taken._replace(readings=taken.readings[kept:]))
            raise

    def _refused(self, seq: int, refusals: list[dict[str, Any]]) -> None:
        for told in read_refusals(self._opened.find(seq), refusals):
            if self._on_refused is None:
                _logger.warning("refused: %s at %s: %s %s", told.series, told.at, told.message, told.remedy)
            else:
                _call(self._on_refused, told)

    def _warned(self, told: Warned) -> None:
        if self._on_warning is None:
            _logger.warning("%s: %s %s", told.code, told.message, told.remedy)
        else:
            _call(self._on_warning, told)


def _call(listener: Callable[[Any], object], told: Refused | Warned) -> None:
    """Tell a listener; a mistake of its own must not end the link."""
    try:
        listener(told)
    except Exception:  # somebody else's function: it may do anything
        _logger.exception("a listener of the plant failed")


def _trusted(cafile: str | Path | None) -> Any:
    """Give what is trusted for `wss://`: a named certificate, else the machine's."""
    if cafile is None:
        return None
    import ssl

    return ssl.create_default_context(cafile=str(cafile))
