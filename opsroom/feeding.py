"""What `opsroom feed` does behind its options: instants of a connector through one link.

At the recorded pace or at full speed.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

import msgspec

from ingest.ahead import Ahead
from ingest.link import Link
from ingest.outbox import OUTBOX_BYTES
from ingest.sending import BATCH_READINGS, LinkSink
from ingest.told import Refused, Warned, read_refusals
from opsroom.clock import WallClock
from opsroom.errors import Invalid, SettingsError
from opsroom.model import MICROS_PER_S

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from ingest.connectors._rows import Instant, Report

BATCH_INSTANTS: Final = 2_048
BACKLOG_BYTES: Final = 8 << 20
SHOW_S: Final = 0.25


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """Where to send, as whom and how.

    `speed` is recorded seconds a second, None as fast as the room takes it.
    """

    url: str
    token: str
    source: str
    outbox: Path | None = None
    outbox_bytes: int = OUTBOX_BYTES
    take_over: bool = False
    cacert: Path | None = None
    historical: bool = False
    speed: float | None = None
    waits: bool = False


class Fed(NamedTuple):
    """How far a feed is: readings read, stored or refused, and waiting; counts are of this run.

    `lag_s` is how long the oldest waiting reading has waited, `share` how much of a file is read (0 to 1,
    None for what has no end). `refusals` counts refused readings by code.
    """

    readings: int = 0
    acked: int = 0
    series: int = 0
    refused: int = 0
    dropped: int = 0
    pending: int = 0
    outbox_bytes: int = 0
    connections: int = 0
    is_connected: bool = False
    seconds: float = 0.0
    lag_s: float = 0.0
    share: float | None = None
    refusals: dict[str, int] = {}  # noqa: RUF012 - never written to
    is_interrupted: bool = False

    def line(self, rate: float | None = None) -> str:
        """Give it as one line of text; `rate` in readings a second, by default that of the whole run."""
        if rate is None:
            rate = self.acked / self.seconds if self.seconds else 0.0
        parts = [
            f"{self.acked - self.refused:,} stored".replace(",", " "),
            f"{rate:,.0f}/s".replace(",", " "),
            f"lag {self.lag_s:.1f} s",
            f"refused {self.refused}",
            f"outbox {self.pending} ({self.outbox_bytes / 1e6:.1f} MB)",
        ]
        if self.dropped:
            parts.append(f"dropped {self.dropped}")
        if not self.is_connected and self.pending:
            parts.append("not connected")
        return ", ".join(parts)


class Watcher(Protocol):
    """Who is told how a feed goes."""

    def show(self, fed: Fed) -> None:
        """Take how far it is, a few times a second."""
        ...

    def refused(self, one: Refused) -> None:
        """Take a refused reading."""
        ...

    def warned(self, told: Warned) -> None:
        """Take what needs a look."""
        ...


def feed(target: Target, instants: Iterable[Instant], report: Report, watcher: Watcher) -> Fed:
    """Send all instants and wait until the last is durable; `report` says how far their source is read.

    A restart of the room interrupts nothing: the link keeps what is not stored and sends it again.
    Interrupted it ends at once; what is in an outbox file stays there.

    Raises:
        LinkError: the room will not take this sender.
        Invalid: the connector cannot read its source, or there is no token.
    """
    if not target.token:
        raise Invalid(
            "No token.",
            remedy="Give --token or OPSROOM_TOKEN; make one: opsroom token new UNIT.",
            code="token_missing",
        )
    feeder = _Feeder(target, report, watcher)
    try:
        asyncio.run(feeder.run(instants))
    except KeyboardInterrupt:
        return feeder.last._replace(is_interrupted=True)
    return feeder.last


def between(instants: Iterable[Instant], begin: int | None, until: int | None) -> Iterator[Instant]:
    """Give the instants with `begin` <= t < `until` (int us), either end open where None."""
    for instant in instants:
        if (begin is None or instant.t >= begin) and (until is None or instant.t < until):
            yield instant


class _Feeder:
    """One feed: its link, and what the line that shows it is made of."""

    def __init__(self, target: Target, report: Report, watcher: Watcher) -> None:
        self.target = target
        self.report = report
        self.watcher = watcher
        self.last = Fed()
        self.refusals: Counter[str] = Counter()
        self.clock = WallClock()
        self.began = self.clock.monotonic()
        self.link = Link(
            target.url,
            target.source,
            target.token,
            target.outbox,
            outbox_bytes=target.outbox_bytes,
            # What cannot be read again later, as a pipe, is not held back while a file takes it.
            backlog_bytes=None if target.waits and target.outbox else BACKLOG_BYTES,
            take_over=target.take_over,
            on_refused=self._refused,
            on_warning=watcher.warned,
            ssl=trust(target.cacert),
        )
        self.sink = LinkSink(self.link, historical=target.historical)

    def fed(self) -> Fed:
        """Give how far it is."""
        stats = self.link.stats
        self.last = Fed(
            readings=stats.sent,
            acked=stats.acked,
            series=len(self.sink.series),
            refused=stats.refused,
            dropped=stats.dropped,
            pending=stats.pending,
            outbox_bytes=stats.outbox_bytes,
            connections=stats.connections,
            is_connected=stats.is_connected,
            seconds=round(self.clock.monotonic() - self.began, 3),
            lag_s=stats.lag_s,
            share=self.report.share,
            refusals=dict(self.refusals),
        )
        return self.last

    def _refused(self, seq: int, refusals: list[dict[str, Any]]) -> None:
        for one in read_refusals(self.link.find(seq), refusals):
            self.refusals[one.code] += 1
            self.watcher.refused(one)

    async def run(self, instants: Iterable[Instant]) -> None:
        """Send beside the words that show it."""
        try:
            async with self.link, asyncio.TaskGroup() as group:
                shown = group.create_task(self._show())
                try:
                    await self._send_all(instants)
                    await self.link.flush()
                finally:
                    shown.cancel()
        finally:
            self.fed()

    async def _show(self) -> None:
        while True:
            await asyncio.sleep(SHOW_S)
            self.watcher.show(self.fed())

    async def _send_all(self, instants: Iterable[Instant]) -> None:
        """Gather instants into batches; at a pace, send each when its time has come."""
        if self.target.waits and self.target.speed is None:
            await self._send_as_they_come(Ahead(instants))
            return
        held: list[Instant] = []
        first: int | None = None
        began = self.clock.monotonic()
        for instant in instants:
            first = instant.t if first is None else first
            held.append(instant)
            if self.target.speed is not None:
                due_s = (instant.t - first) / MICROS_PER_S / self.target.speed
                await asyncio.sleep(max(0.0, began + due_s - self.clock.monotonic()))
            elif sum(len(one.names) for one in held) < BATCH_READINGS and len(held) < BATCH_INSTANTS:
                continue
            await self.sink.take(held)
            held = []
        if held:
            await self.sink.take(held)

    async def _send_as_they_come(self, ahead: Ahead[Instant]) -> None:
        """Send what a pipe brings within a tenth of a second; interrupted, keep what was read of it."""
        try:
            async for held in ahead.lots():
                await self.sink.take(held)
        finally:
            self.sink.keep(ahead.rest())


def trust(cacert: Path | None) -> Any:
    """Give what a link trusts for wss: a named certificate, else the machine's.

    Raises:
        SettingsError: the file is not there, or holds no certificate.
    """
    import ssl

    try:
        return None if cacert is None else ssl.create_default_context(cafile=str(cacert))
    except FileNotFoundError as error:
        remedy = "Name a PEM file."
        raise SettingsError(f"{cacert} is not there.", remedy=remedy, code="tls_file_missing") from error
    except OSError as error:
        remedy = "Name a PEM file with the certificate to trust."
        raise SettingsError(f"{cacert}: {error}.", remedy=remedy, code="tls_file_invalid") from error
