"""An event loop whose time passes only while everybody waits: hours in a second, always in the same order."""

from __future__ import annotations

import asyncio
import heapq
import selectors
from collections.abc import Callable
from typing import Any, Final

RESOLUTION_S: Final = 1e-6


class Deadlock(RuntimeError):  # noqa: N818 - the established word
    """Everybody waits for somebody, and nothing is due."""


class _Jump(selectors.SelectSelector):
    """A selector that watches nothing: instead of sleeping it moves the loop's time on."""

    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[Any]:
        self._loop.turn(timeout)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """The loop of asyncio with a time of its own. No sockets, threads or signals: only tasks and timers.

    `turns` counts its rounds: between two of them every task stands at an await, so a call by `at_turn` meets
    the tasks at any of their awaits.
    """

    def __init__(self, start_s: float = 0.0) -> None:
        """Start at `start_s` seconds of its own time."""
        self.turns = 0
        self._now_s = start_s
        self._calls: list[tuple[int, int, Callable[[], None]]] = []
        super().__init__(_Jump(self))
        self._clock_resolution = RESOLUTION_S

    def time(self) -> float:
        """Give the loop's own time in seconds."""
        return self._now_s

    def time_ns(self) -> int:
        """Give the same in nanoseconds."""
        return round(self._now_s * 1e9)

    def at_turn(self, turn: int, call: Callable[[], None]) -> None:
        """Have `call` made before round `turn` of the loop."""
        heapq.heappush(self._calls, (turn, len(self._calls), call))

    def turn(self, timeout: float | None) -> None:
        """Begin a round: move time on by `timeout` seconds, None where no timer runs.

        Raises:
            Deadlock: no timer runs, nothing is ready and no call is due.
        """
        self.turns += 1
        if self._calls and (timeout is None or self._calls[0][0] <= self.turns):
            self.call_soon(heapq.heappop(self._calls)[2])
            return
        if timeout is None:
            raise Deadlock("Everybody waits and nothing is due.")
        self._now_s += max(0.0, timeout)

    def _write_to_self(self) -> None:
        """Wake nobody: there is one thread, and it is not asleep."""
