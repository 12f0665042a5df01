"""What goes beside the batches of a link: words of the plant and their answers, its alerts and decisions."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import Any, Final

import msgspec

from ingest import wire

ALERTS_WAITING_MAX: Final = 1_000


class Mail:
    """Words wait for a connection, alerts for a reader: the newest of each alert, a thousand at most."""

    def __init__(self) -> None:
        """Start empty."""
        self.alerts_dropped = 0
        self._said: list[bytes] = []
        self._alerts: OrderedDict[tuple[str, str], dict[str, Any]] = OrderedDict()
        self._news = asyncio.Event()
        self._is_closed = False
        # The room answers in the order in which it was asked; one question at a time needs no number.
        self._turn = asyncio.Lock()
        self._question: asyncio.Future[dict[str, Any]] | None = None

    # -- to the room -----------------------------------------------------------------------------------------

    def say(self, message: wire.PressTold | wire.RecoveringTold | wire.Bye) -> bytes:
        """Have `message` written as soon as the room listens; gives its frame."""
        frame = msgspec.msgpack.encode(message)
        self._said.append(frame)
        return frame

    def to_send(self) -> list[bytes]:
        """Give the frames to write now; they are written once."""
        said, self._said = self._said, []
        return said

    async def ask(
        self, message: wire.PressTold | wire.RecoveringTold, timeout_s: float, wake: asyncio.Event
    ) -> dict[str, Any] | None:
        """Say `message`, wake the writer, wait for the answer; None where none came in time.

        What was not written by then is taken back: a press must not arrive when nobody expects it.
        """
        async with self._turn:
            self._question = asyncio.get_running_loop().create_future()
            frame = self.say(message)
            wake.set()
            try:
                async with asyncio.timeout(timeout_s):
                    return await self._question
            except TimeoutError:
                return None
            finally:
                self._question = None
                if frame in self._said:
                    self._said.remove(frame)

    # -- from the room ---------------------------------------------------------------------------------------

    def keep_answer(self, message: dict[str, Any]) -> bool:
        """Hand an answer to who asked; False where it answers nobody."""
        if "act" not in message:
            return False
        if self._question is not None and not self._question.done():
            self._question.set_result(message)
        return True

    def keep_alert(self, message: dict[str, Any]) -> None:
        """Keep an alert or decision; it takes the place of an unread older one about the same alert."""
        key = (message["type"], str(message.get("id") or message.get("alert") or ""))
        self._alerts.pop(key, None)
        self._alerts[key] = message
        while len(self._alerts) > ALERTS_WAITING_MAX:
            self._alerts.popitem(last=False)
            self.alerts_dropped += 1
        self._news.set()

    async def next_alert(self) -> dict[str, Any] | None:
        """Wait for the next alert or decision; None once nothing more will come."""
        while not self._alerts:
            if self._is_closed:
                return None
            self._news.clear()
            await self._news.wait()
        return self._alerts.popitem(last=False)[1]

    def close(self) -> None:
        """Nothing more will come: let go who waits."""
        self._is_closed = True
        self._news.set()
