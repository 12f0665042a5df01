"""A bound on bytes that are on their way from one place to the next; who comes later waits, in order."""

from __future__ import annotations

import asyncio
import threading
from collections import deque

from opsroom.log._tail import call


class Gate:
    """Lets `limit` bytes in at once; something larger goes alone."""

    def __init__(self, limit: int) -> None:
        self._lock = threading.Lock()
        self._limit = limit
        self._waiting: deque[tuple[int, asyncio.AbstractEventLoop, asyncio.Future[None]]] = deque()
        self.used = 0

    async def enter(self, size: int) -> None:
        """Wait for room and take it. Cancelled, nothing is taken."""
        with self._lock:
            if not self._waiting and self._fits(size):
                self.used += size
                return
            loop = asyncio.get_running_loop()
            future: asyncio.Future[None] = loop.create_future()
            entry = (size, loop, future)
            self._waiting.append(entry)
        try:
            await future
        except asyncio.CancelledError:
            with self._lock:
                waited = entry in self._waiting
                if waited:
                    self._waiting.remove(entry)
            if not waited:
                self.leave(size)
            raise

    def leave(self, size: int) -> None:
        """Give room back and let in who fits now; from any thread."""
        granted = []
        with self._lock:
            self.used -= size
            while self._waiting and self._fits(self._waiting[0][0]):
                entry = self._waiting.popleft()
                self.used += entry[0]
                granted.append(entry)
        for _, loop, future in granted:
            call(loop, _grant, future)

    def resize(self, limit: int) -> None:
        """Let another number of bytes in at once from now on."""
        self._limit = limit
        self.leave(0)

    def _fits(self, size: int) -> bool:
        return self.used == 0 or self.used + size <= self._limit


def _grant(future: asyncio.Future[None]) -> None:
    """Let one in; a cancelled one gives its room back itself."""
    if not future.done():
        future.set_result(None)
