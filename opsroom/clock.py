"""Time is an argument everywhere else: this is the only module that reads a clock."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol


class Clock(Protocol):
    """Where the room's `now` comes from; it never goes back."""

    def now(self) -> int:
        """Give room time, int microseconds UTC."""
        ...

    def monotonic(self) -> float:
        """Give seconds of a clock that no one sets, for time-outs and rates."""
        ...


class WallClock:
    """Wall clock at the start, advanced by the monotonic clock.

    `floor` (last persisted room time) is never undercut.
    """

    def __init__(
        self,
        floor: int = 0,
        *,
        wall_ns: Callable[[], int] = time.time_ns,
        mono_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        """Start at the wall clock or at `floor`, whichever is later; `wall_ns` and `mono_ns` are read."""
        self._mono_ns = mono_ns
        self._start = max(wall_ns() // 1_000, floor)
        self._mono = mono_ns()

    def now(self) -> int:
        """Give room time, int microseconds UTC."""
        return self._start + (self._mono_ns() - self._mono) // 1_000

    def monotonic(self) -> float:
        """Give monotonic seconds."""
        return self._mono_ns() / 1e9


class ManualClock:
    """A clock that moves only when told: product code for tests and drills."""

    def __init__(self, now: int = 0) -> None:
        """Start at `now`, int microseconds UTC."""
        self._now = now

    def now(self) -> int:
        """Give room time, int microseconds UTC."""
        return self._now

    def monotonic(self) -> float:
        """Give the same time in seconds."""
        return self._now / 1e6

    def advance(self, seconds: float) -> None:
        """Move forward by `seconds` >= 0."""
        self._now += round(max(0.0, seconds) * 1e6)


def wall_now() -> int:
    """Give the wall clock, int microseconds UTC: for sessions, skew flags and log lines only."""
    return time.time_ns() // 1_000
