"""What the connections of one room share, and what they need of the room."""

from __future__ import annotations

import asyncio
import itertools
import secrets
from collections.abc import Callable
from typing import Any, Protocol

import structlog
from msgspec.structs import replace

from ingest.codes import CloseCode
from ingest.places import Tree
from opsroom.backlog import Backlog, telemetry_bytes
from opsroom.clock import Clock, wall_now
from opsroom.feeds import FeedBook
from opsroom.log import Log
from opsroom.records import AnyAct, AnyConfig, Entry, RecordKind, SeriesSet, encode
from opsroom.settings import Settings

DRAIN_S = 5.0
_logger = structlog.get_logger("ingest.hub")


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
    def backlog(self) -> Backlog:
        """What bounds telemetry that the room has not read yet."""
        ...

    @property
    def lag_s(self) -> float:
        """How far the room is behind its log, in seconds."""
        ...

    async def act(self, act: AnyAct, *, urgent: bool = False) -> Any:
        """Make a plant's act durable and apply it."""
        ...


class Member(Protocol):
    """A connection, as the others see it."""

    key: str

    def end(self, code: int, reason: str) -> None:
        """Stop reading, answer what was accepted, then close with `code`."""
        ...

    async def wait_done(self, seconds: float) -> None:
        """Wait until it has ended, `seconds` at most."""
        ...


class Hub:
    """What the connections of one room share.

    Who is connected, the credit, and configuration not yet in the log.
    """

    def __init__(
        self,
        room: IngestRoom,
        wall: Callable[[], int] = wall_now,
        token_hex: Callable[[int], str] = secrets.token_hex,
    ) -> None:
        """Serve `room`; `wall` is the wall clock that readings may not be far ahead of.

        `token_hex` names this run of the server, so that senders without a name never meet their namesakes.
        """
        self.room = room
        self.wall = wall
        self.limits = room.settings.limits
        self.connections: set[Member] = set()
        self.by_source: dict[str, Member] = {}
        self.feeds = FeedBook()
        self.feeds.queues = self.queues
        self._boot = token_hex(3)
        self._numbers = itertools.count(1)
        self._unlogged: list[AnyConfig] = []
        self._named = asyncio.Event()  # no configuration is on its way to the log
        self._named.set()

    def credit(self) -> int:
        """Give each connection's fair share of what may be in flight, in bytes.

        None while the room is behind its log.
        """
        return 0 if self.is_behind() else self.share()

    def share(self) -> int:
        """Give the share whatever the lag."""
        return min(self.limits.credit_bytes, self.limits.inflight_bytes // max(1, len(self.connections)))

    def takes_source(self, unit_id: int, key: str) -> bool:
        """Tell whether a unit may have this source: it has it, or has fewer than may be.

        None is ever forgotten: its numbers are what makes a batch sent twice count once.
        """
        log = self.room.log
        if log.source(key).epoch or key in self.by_source:
            return True
        prefix = f"{unit_id}:"
        opening = (one for one in self.by_source if one.startswith(prefix) and not log.source(one).epoch)
        return log.count_sources(prefix) + sum(1 for _ in opening) < self.limits.sources_per_unit

    def lets_in(self, unit_id: int) -> bool:
        """Tell whether senders of a unit are let in: it is in the tree and not retired."""
        unit = self.room.catalog.units.get(unit_id)
        return unit is not None and not unit.retired

    def queues(self) -> dict[str, float]:
        """Give how full what senders wait for is: connections, and bytes that the room has not read."""
        return {
            "connections": len(self.connections),
            "connections_max": self.limits.connections_max,
            "unread_bytes": self.room.backlog.unread_bytes,
            "unread_bytes_max": self.limits.inflight_bytes,
            "credit_bytes": self.credit(),
        }

    def is_behind(self) -> bool:
        """Tell whether the room has fallen behind its log."""
        return self.room.lag_s > self.limits.log_lag_s

    def latest(self) -> int:
        """Give the later of wall and room clock: readings may not be far ahead of it, us.

        A wall clock that was set back must not refuse the plants whose clocks are right.
        """
        return max(self.wall(), self.room.clock.now())

    def casual_key(self, unit_id: int) -> str:
        """Name a connection without a source's name; no other ever has it, not even after a restart."""
        return f"casual:{unit_id}:{self._boot}-{next(self._numbers)}"

    def propose(self, changes: list[AnyConfig]) -> None:
        """Keep changes that the catalog has taken.

        They go with the next append, whoever makes it, so before their readings.
        """
        self._unlogged += changes

    async def append(self, entries: list[Entry], patience_s: float | None = None) -> None:
        """Append with whatever configuration stands out, in front.

        While that is on its way nobody else appends: were it refused, readings of the series that it
        names would stand in the log without it. Readings wait until the room has read most of those
        before them: a press must not stand behind them.

        Raises:
            TimeoutError: they have waited `patience_s`; nothing was stored.
            StoreError: nothing was stored; the configuration stands out again.
            Conflict: `epoch_old`.
        """
        size, entered = telemetry_bytes(entries), 0
        changes: list[AnyConfig] = []
        try:
            async with asyncio.timeout(patience_s if size else None):
                if size:
                    await self.room.backlog.enter(size)
                    entered = size
                while not self._named.is_set():
                    await self._named.wait()
            changes, self._unlogged = self._unlogged, []
            if changes:
                self._named.clear()
                present = encode([self._as_it_stands(change) for change in changes])
                entry = Entry(kind=RecordKind.CONFIG, received=self.room.clock.now(), payload=present)
                entries = [entry, *entries]
            await self.room.log.append(entries)
        except BaseException:
            self._unlogged = changes + self._unlogged
            self.room.backlog.leave(entered)
            raise
        finally:
            if changes:
                self._named.set()
        if changes:
            await asyncio.sleep(0)  # who waited for it goes before the next that brings names

    def _as_it_stands(self, change: AnyConfig) -> AnyConfig:
        """Give a proposal as the tree has it now: a council may have agreed on the series since."""
        if not isinstance(change, SeriesSet):
            return change
        return replace(change, series=self.room.catalog.series.get(change.series.id, change.series))

    async def claim(self, key: str, connection: Member) -> None:
        """Make `connection` the one of its source; an earlier one is closed with 4409 after its last ack."""
        earlier = self.by_source.get(key)
        self.by_source[key] = connection
        if earlier is not None and earlier is not connection:
            earlier.end(CloseCode.REPLACED, "the same source said hello again")
            await earlier.wait_done(DRAIN_S)

    def forget(self, connection: Member) -> None:
        """Drop a connection that has ended."""
        self.connections.discard(connection)
        if self.by_source.get(connection.key) is connection:
            del self.by_source[connection.key]
