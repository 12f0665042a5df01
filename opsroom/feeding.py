"""What `opsroom feed` does behind its options: instants of a connector through one link.

At the recorded pace or at full speed.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

from ingest.link import Link
from ingest.sending import LinkSink
from opsroom.clock import WallClock, wall_now
from opsroom.errors import Invalid
from opsroom.model import MICROS_PER_S

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from ingest.connectors._rows import Instant

BATCH_READINGS: Final = 2_048
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
    cacert: Path | None = None
    historical: bool = False
    speed: float | None = None
    waits: bool = False


class Fed(NamedTuple):
    """How far a feed is: counts, the age of the newest reading sent, what waits in the outbox."""

    readings: int = 0
    series: int = 0
    refused: int = 0
    dropped: int = 0
    connections: int = 0
    seconds: float = 0.0
    lag_s: float | None = None
    outbox_batches: int = 0

    def line(self) -> str:
        """Give it as one line of text."""
        rate = self.readings / self.seconds if self.seconds else 0.0
        lag = "–" if self.lag_s is None else f"{self.lag_s:.0f} s"
        return (
            f"{self.readings} readings of {self.series} series, {rate:.0f}/s, lag {lag}, "
            f"refused {self.refused}, outbox {self.outbox_batches}, dropped {self.dropped}"
        )


def feed(target: Target, instants: Iterable[Instant], show: Callable[[Fed], None]) -> Fed:
    """Send all instants and wait until the last is durable; `show` is called a few times a second.

    A restart of the room interrupts nothing: the link keeps what is not stored and sends it again.

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
    return asyncio.run(_Feeder(target).run(instants, show))


def between(instants: Iterable[Instant], begin: int | None, until: int | None) -> Iterator[Instant]:
    """Give the instants with `begin` <= t < `until` (int us), either end open where None."""
    for instant in instants:
        if (begin is None or instant.t >= begin) and (until is None or instant.t < until):
            yield instant


class _Feeder:
    """One feed: its link, and what the line that shows it is made of."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.clock = WallClock()
        self.began = self.clock.monotonic()
        self.link = Link(
            target.url,
            target.source,
            target.token,
            target.outbox,
            backlog_bytes=BACKLOG_BYTES,
            ssl=trust(target.cacert),
        )
        self.sink = LinkSink(self.link, historical=target.historical)

    def fed(self) -> Fed:
        """Give how far it is."""
        stats = self.link.stats
        return Fed(
            readings=stats.sent,
            series=len(self.sink.series),
            refused=stats.refused,
            dropped=stats.dropped,
            connections=stats.connections,
            seconds=round(self.clock.monotonic() - self.began, 3),
            lag_s=None
            if self.sink.newest is None
            else round((wall_now() - self.sink.newest) / MICROS_PER_S, 3),
            outbox_batches=stats.outbox_batches,
        )

    async def run(self, instants: Iterable[Instant], show: Callable[[Fed], None]) -> Fed:
        """Send beside the line that shows it."""
        async with self.link, asyncio.TaskGroup() as group:
            shown = group.create_task(self._show(show))
            try:
                await self._send_all(iter(instants))
                await self.link.flush()
            finally:
                shown.cancel()
        return self.fed()

    async def _show(self, show: Callable[[Fed], None]) -> None:
        while True:
            await asyncio.sleep(SHOW_S)
            show(self.fed())

    async def _send_all(self, instants: Iterator[Instant]) -> None:
        """Gather instants into batches; at a pace, send each when its time has come."""
        held: list[Instant] = []
        first: int | None = None
        began = self.clock.monotonic()
        while (instant := await self._next(instants)) is not None:
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

    async def _next(self, instants: Iterator[Instant]) -> Instant | None:
        """Read on; a source that is waited for, as standard input is, is read outside the loop."""
        if self.target.waits:
            return await asyncio.to_thread(next, instants, None)
        return next(instants, None)


def trust(cacert: Path | None) -> Any:
    """Give what a link trusts for wss: a named certificate, else the machine's."""
    import ssl

    return None if cacert is None else ssl.create_default_context(cafile=str(cacert))


def simulate(url: str, tokens: Mapping[str, str], seed: int, speed: float, history_s: float) -> None:
    """Feed the simulated economy until told to end.

    Raises:
        Invalid: an enterprise has no token.
        LinkError: the room will not take one of the senders.
    """
    from ingest.sim.dynamics import make_world
    from ingest.sim.feeder import Pace, feed_world

    world = make_world(seed, speed=speed)
    absent = [path for path in world.layout.enterprises() if path not in tokens]
    if absent:
        raise Invalid(
            f"No token for {absent[0]}.", remedy="Make one: opsroom token new UNIT.", code="token_missing"
        )
    with suppress(KeyboardInterrupt):
        asyncio.run(feed_world(world, url, tokens, None, Pace(clock=WallClock(), history_s=history_s)))
