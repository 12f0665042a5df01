"""The task that tells: reads the committed journal, keeps notices in the outbox, carries them out.

Order of things: an edge is committed by the room; its notice is stored together with how far the journal was
read; only then is it tried, under one id until the receiver has taken it. A stop at any place repeats at
most the last try. Each receiver has a loop of its own: one that hangs delays nobody else.
"""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Final, ParamSpec, Protocol, TypeVar

import structlog

from opsroom.errors import OpsroomError, SettingsError
from opsroom.notices import Delivery
from opsroom.notify.channel import Undelivered
from opsroom.notify.grouping import Grouping, merged
from opsroom.notify.retry import after_failure
from opsroom.notify.wording import message_of
from opsroom.registry import discover

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from opsroom.clock import Clock
    from opsroom.model import Micros
    from opsroom.notices import Cursor, News, Notice
    from opsroom.notify.channel import Channel
    from opsroom.notify.edges import Tree
    from opsroom.seats import Seat
    from opsroom.settings import NotifyRoute, NotifySection, Settings

P = ParamSpec("P")
T = TypeVar("T")

CHANNELS: Final = "opsroom.notify.channels"
EDGES_AT_ONCE: Final = 500
TRIES_AT_ONCE: Final = 50
POLL_S: Final = 0.25
PAUSE_S: Final = 1.0

_logger = structlog.get_logger("opsroom.notify")


class Writer(Protocol):
    """Where notices are kept; the store's outbox."""

    def reader(self) -> tuple[Cursor, bytes] | None:
        """Give how far the journal was read and the grouping as it then was."""
        ...

    def newest(self) -> Cursor:
        """Give the place of the journal's last edge."""
        ...

    def news(self, after: Cursor, limit: int) -> list[News]:
        """Give edges behind `after`."""
        ...

    def keep(self, cursor: Cursor, grouping: bytes, deliveries: Sequence[Delivery]) -> None:
        """Store all of it, or nothing."""
        ...


class Letters(Protocol):
    """Deliveries on their way."""

    def put(self, delivery: Delivery) -> None:
        """Replace one."""
        ...

    def sent(self, receiver: str, notice_id: str) -> None:
        """Let go of what arrived."""
        ...

    def due(self, receiver: str, now: Micros, limit: int) -> list[Delivery]:
        """Give what is to be tried."""
        ...

    def waiting(self, receiver: str) -> list[Delivery]:
        """Give what waits, oldest first."""
        ...


class Outbox(Writer, Letters, Protocol):
    """Both."""


class Offload(Protocol):
    """Where blocking calls of the store run."""

    async def write(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run after every earlier write."""
        ...

    async def read(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run beside others."""
        ...


def open_channels(settings: NotifySection, environ: Mapping[str, str]) -> dict[str, Channel]:
    """Open the channel of every route, by the route's name.

    Raises:
        SettingsError: a name twice, a channel that is not there, or settings that a channel cannot use.
    """
    found = discover(CHANNELS, having="open_channel")
    channels: dict[str, Channel] = {}
    for route in settings.route:
        if route.channel not in found or route.name in channels:
            twice = route.name in channels
            raise SettingsError(
                f"notify.route {route.name!r}: " + ("the name is taken." if twice else "no such channel."),
                remedy="Choose another name." if twice else f"Use one of: {', '.join(found)}.",
                code="notify_route_invalid",
                route=route.name,
            )
        channels[route.name] = found[route.channel].open_channel(route, settings, environ)
    return channels


class Notifier:
    """Reads, keeps and carries; see `run`."""

    def __init__(
        self,
        settings: Settings,
        outbox: Outbox,
        offload: Offload,
        tree: Tree,
        seats: Callable[[], Sequence[Seat]],
        clock: Clock,
        *,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        """Open the channels; `seats` gives those of now, for a call names seats and a receiver is a person.

        Raises:
            SettingsError: as `open_channels`.
        """
        self.settings = settings.notify
        self._outbox = outbox
        self._offload = offload
        self._tree = tree
        self._seats = seats
        self._clock = clock
        self._grouping = Grouping(
            settings.notify, settings.room.recovery_default_s, exercise=settings.server.clock == "stream"
        )
        self._channels = open_channels(settings.notify, os.environ if environ is None else environ)
        self._routes: dict[str, NotifyRoute] = {route.name: route for route in settings.notify.route}
        self._cursor: Cursor = (0, 0)
        self._kept = b""
        self._trying: set[tuple[str, str]] = set()
        # Between reading rows and deciding on them nobody else may: a notice that is fetched grows no more.
        self._rows = asyncio.Lock()
        self.read_at: float | None = None
        """When the journal was last read to its end, monotonic seconds."""

    async def start(self) -> None:
        """Take up where the outbox left off; a room that never told anything begins with what comes now."""
        kept = await self._offload.read(self._outbox.reader)
        if kept is not None and self._routes:
            self._cursor, self._kept = kept
            self._grouping.load(self._kept)
        else:
            self._cursor = await self._offload.read(self._outbox.newest)
            self._kept = self._grouping.dump()
            await self._offload.write(self._outbox.keep, self._cursor, self._kept, [])
        for route in self._routes.values():
            if self._tree.unit_at(route.unit.strip("/")) is None:
                _logger.warning("notify_unit_unknown", route=route.name, unit=route.unit)

    async def run(self) -> None:
        """Tell until cancelled."""
        if not self._routes:
            return
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(_supervised("read", self.read))
                for name in self._routes:
                    group.create_task(_supervised(name, lambda name=name: self.deliver(name)))  # type: ignore[misc]
        finally:
            for channel in self._channels.values():
                await channel.close()

    async def read(self) -> int:
        """Read the journal to its end and keep what is to be told; gives the number of notices kept."""
        kept = 0
        while True:
            news = await self._offload.read(self._outbox.news, self._cursor, EDGES_AT_ONCE)
            now = self._clock.now()
            if not news and not self._is_due(now):
                break
            notices = self._grouping.step([one.edge for one in news], now, self._tree, self._seats())
            cursor, grouping = news[-1].cursor if news else self._cursor, self._grouping.dump()
            try:
                async with self._rows:
                    deliveries = await self._queued(notices, now)
                    await self._offload.write(self._outbox.keep, cursor, grouping, deliveries)
            except OpsroomError:
                self._grouping.load(self._kept)  # what was not stored is read again
                raise
            self._cursor, self._kept = cursor, grouping
            kept += len(notices)
        self.read_at = self._clock.monotonic()
        return kept

    async def deliver(self, name: str) -> int:
        """Try everything that is due for one receiver, oldest first; gives how many it took."""
        async with self._rows:
            due = await self._offload.read(self._outbox.due, name, self._clock.now(), TRIES_AT_ONCE)
            mine = {(name, delivery.notice.id) for delivery in due}
            self._trying |= mine
        taken = 0
        try:
            for delivery in due:
                taken += await self._try(name, delivery)
        finally:
            self._trying -= mine
        return taken

    async def _try(self, name: str, delivery: Delivery) -> bool:
        """Make one try and note how it went."""
        notice = delivery.notice
        try:
            await self._channels[name].send(message_of(notice, self._routes[name].lang, self.settings.source))
        except Undelivered as error:
            await self._failed(name, delivery, error)
            return False
        except Exception as error:  # a channel may be anybody's; its fault must not end the others
            _logger.exception("notice_channel_broken", route=name, notice=notice.id)
            broken = Undelivered(f"the channel broke ({type(error).__name__})", code="receiver_failed")
            await self._failed(name, delivery, broken)
            return False
        else:
            await self._offload.write(self._outbox.sent, name, notice.id)
            _logger.info("notice_sent", route=name, notice=notice.id, attempts=delivery.attempts + 1)
            return True

    async def _failed(self, name: str, delivery: Delivery, error: Undelivered) -> None:
        after = after_failure(delivery, error, self._clock.now(), self.settings)
        await self._offload.write(self._outbox.put, after)
        event = "notice_dead" if after.state == "dead" else "notice_not_sent"
        _logger.warning(
            event, route=name, notice=delivery.notice.id, attempts=after.attempts, reason=after.reason
        )

    async def _queued(self, notices: Sequence[Notice], now: Micros) -> list[Delivery]:
        """Give the rows for new notices; where a receiver's queue is full, they join what waits untried."""
        rows: dict[tuple[str, str], Delivery] = {}
        queues: dict[str, list[Delivery]] = {}
        for notice in notices:
            name = notice.receiver
            if name not in queues:
                queues[name] = await self._offload.read(self._outbox.waiting, name)
            queue = queues[name]
            newest = next((one for one in reversed(queue) if self._may_grow(one)), None)
            if len(queue) >= self.settings.queue_max and newest is not None:
                grown = Delivery(notice=merged(newest.notice, notice), due=newest.due)
                queue[queue.index(newest)] = grown
            else:
                grown = Delivery(notice=notice, due=now, changed=now)
                queue.append(grown)
            rows[name, grown.notice.id] = grown
        return list(rows.values())

    def _may_grow(self, delivery: Delivery) -> bool:
        """Say whether nobody can have seen the notice yet, so that its id may still come to mean more."""
        return delivery.attempts == 0 and (delivery.notice.receiver, delivery.notice.id) not in self._trying

    def _is_due(self, now: Micros) -> bool:
        at = self._grouping.next_at
        return at is not None and at <= now


async def _supervised(name: str, turn: Callable[[], Awaitable[int]]) -> None:
    """Do `turn` for ever; an error is logged and the next turn comes, since telling must not end the room."""
    while True:
        try:
            await turn()
        except OpsroomError as error:
            _logger.error("notify_turn_failed", task=name, code=error.code, message=error.message)  # noqa: TRY400 - an operating error
            await asyncio.sleep(PAUSE_S)
        except Exception:  # a fault of ours here must not end the room
            _logger.exception("notify_turn_broken", task=name)
            await asyncio.sleep(PAUSE_S)
        await asyncio.sleep(POLL_S)
