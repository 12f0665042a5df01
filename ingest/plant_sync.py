"""A plant's own program and the room, without asyncio: the twin of `ingest.plant`.

with Plant("ws://127.0.0.1:8040", token="...", outbox="mill.outbox") as plant:
    plant.send("output", 3.2, unit="t/h")
    for alert in plant.alerts(timeout_s=60): ...

One thread runs the connection while the `with` lasts; it sleeps while there is nothing to do.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, ParamSpec, Self, TypeVar, Unpack

from ingest.plant import ANSWER_S, AsyncPlant, Options
from ingest.told import Alert, Decision, Progress
from opsroom.errors import Invalid

if TYPE_CHECKING:
    from anyio.from_thread import BlockingPortal

P = ParamSpec("P")
T = TypeVar("T")


class Plant:
    """A plant that speaks to a room for as long as the `with` lasts. Any thread may use it.

    A reading waits up to `batch_s` in memory for others, then it is in the outbox, and there it stays until
    the room has it on disk. With a file as `outbox` that outlasts the program and the machine's restart.
    """

    def __init__(self, url: str, **options: Unpack[Options]) -> None:
        """Name the room and the plant, as `AsyncPlant` does; nothing is opened before `with`.

        Raises:
            Invalid: `token_missing`.
        """
        self._plant = AsyncPlant(url, **options)
        self._stack = ExitStack()
        self._portal: BlockingPortal | None = None

    def __enter__(self) -> Self:
        """Open the outbox and begin to connect; the room need not be there.

        Raises:
            StoreError: the outbox cannot be opened, or another process has it.
        """
        from anyio.from_thread import start_blocking_portal

        with ExitStack() as stack:
            portal = stack.enter_context(start_blocking_portal(name=f"plant {self._plant.source}"))
            stack.enter_context(portal.wrap_async_context_manager(self._plant))
            self._portal, self._stack = portal, stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Send what waits, wait for the last ack, say bye; after an error keep everything and end at once.

        Raises:
            NotDelivered: time ran out and no file keeps what is left.
            LinkError: the room would not take this sender.
            StoreError: the outbox cannot be written.
        """
        try:
            self._stack.__exit__(kind, error, trace)
        finally:
            self._portal = None

    def send(
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
        """Give a reading, as `AsyncPlant.send` does."""
        portal = self._opened
        take = self._plant.take
        while not (waiting := take(series, value, unit, at, quality, period_s, historical=historical)):
            portal.call(self._plant.spill)
        if waiting == 1:
            portal.call(self._plant.wake)

    def flush(self, timeout_s: float | None = None) -> None:
        """Wait until everything sent is durable in the room.

        Raises:
            LinkError: the room will not take this sender.
            TimeoutError: `timeout_s` ran out.
        """
        self._opened.call(self._plant.flush, timeout_s)

    def press(self, indicator: str, note: str = "", *, timeout_s: float = ANSWER_S) -> None:
        """Press an essential indicator, as `AsyncPlant.press` does."""
        self._call(self._plant.press, indicator, note, timeout_s=timeout_s)

    def recovering(
        self,
        alert: str,
        note: str,
        until: datetime | str | float | None = None,
        *,
        timeout_s: float = ANSWER_S,
    ) -> None:
        """Say of an own alert what is being done, as `AsyncPlant.recovering` does."""
        self._call(self._plant.recovering, alert, note, until, timeout_s=timeout_s)

    @property
    def progress(self) -> Progress:
        """How far everything is, at this instant; what still waits for its batch is not in it."""
        return self._plant.progress

    def alerts(self, timeout_s: float | None = None) -> Iterator[Alert | Decision]:
        """Give the alerts and decisions of the token's unit and all below it, as they come.

        Ends with the plant, or after `timeout_s` without any.

        Raises:
            LinkError: the room will not take this sender.
        """
        while (news := self._opened.call(self._plant.next_alert, timeout_s)) is not None:
            yield news

    @property
    def _opened(self) -> BlockingPortal:
        if self._portal is None:
            raise Invalid("The plant is not open.", remedy="Use it in `with`.", code="plant_not_open")
        return self._portal

    def _call(self, verb: Callable[P, Awaitable[T]], *args: P.args, **options: P.kwargs) -> T:
        """Run a verb of the twin in its loop, and wait for it."""

        async def run() -> T:
            return await verb(*args, **options)

        return self._opened.call(run)
