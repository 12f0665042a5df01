"""A source that is waited for, as a pipe is, read in a thread of its own: no read of one can be stopped."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterable
from typing import Final, Generic, TypeVar

T = TypeVar("T")
AHEAD_MAX: Final = 2_048
GATHER_S: Final = 0.1


class Ahead(Generic[T]):
    """Reads items as they come, `AHEAD_MAX` ahead at most, and gives those that came together.

    The thread is a daemon: one that waits for a pipe ends with the process, and with nothing else.
    """

    def __init__(self, items: Iterable[T]) -> None:
        """Read `items`, once `lots` is begun."""
        self._items = items
        self._read: list[T] = []
        self._room = threading.Condition()
        self._error: BaseException | None = None
        self._is_done = self._is_left = False

    async def lots(self) -> AsyncIterator[list[T]]:
        """Give what has come, `GATHER_S` after the first of it, until the source ends.

        Raises:
            OpsroomError: what the source raised.
        """
        loop, news = asyncio.get_running_loop(), asyncio.Event()
        thread = threading.Thread(target=self._run, args=(loop, news), name="read ahead", daemon=True)
        thread.start()
        try:
            while True:
                await news.wait()
                if not self._is_done:
                    await asyncio.sleep(GATHER_S)
                news.clear()
                is_done = self._is_done
                if lot := self.rest():
                    yield lot
                if is_done:
                    break
            if self._error is not None:
                raise self._error
        finally:
            with self._room:
                self._is_left = True
                self._room.notify_all()

    def rest(self) -> list[T]:
        """Take what was read and not yet given."""
        with self._room:
            taken, self._read = self._read, []
            self._room.notify_all()
        return taken

    def _run(self, loop: asyncio.AbstractEventLoop, news: asyncio.Event) -> None:
        try:
            for item in self._items:
                with self._room:
                    self._room.wait_for(lambda: len(self._read) < AHEAD_MAX or self._is_left)
                    if self._is_left:
                        return
                    self._read.append(item)
                loop.call_soon_threadsafe(news.set)
        except BaseException as error:  # noqa: BLE001
            # It is raised again where the items are taken.
            self._error = error
        finally:
            self._is_done = True
            if not self._is_left:
                loop.call_soon_threadsafe(news.set)
