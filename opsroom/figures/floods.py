"""Floods: they start when many alarms come within ten minutes and end when few do.

The window is half-open, (t - 10 min, t]. A flood starts at the raise that makes `start` in the window (some
texts say: more than that) and ends at the instant when fewer than `end` are left in it.
"""

from __future__ import annotations

from collections import deque
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from opsroom.model import MICROS_PER_S, Micros

WINDOW_US: Final = 600 * MICROS_PER_S


class Flood(msgspec.Struct, frozen=True):
    """One flood: from, to (us), raises in it, and the most in any ten minutes of it."""

    t_from: Micros
    t_to: Micros
    raises: int
    peak: int


def floods(at: NDArray[np.int64], start: int, end: int) -> list[Flood]:
    """Find the floods among sorted raises."""
    n = len(at)
    before = np.searchsorted(at, at - WINDOW_US, side="right")
    within = np.arange(n) - before + 1
    starts = np.flatnonzero(within >= start)
    # Before raise j the flood is over if the one `end` places back has left the window by then.
    overs = end + np.flatnonzero(at[end:] - at[:-end] > WINDOW_US) if n > end else np.empty(0, np.int64)
    found: list[Flood] = []
    reached = 0
    while (place := int(np.searchsorted(starts, reached))) < len(starts):
        first = int(starts[place])
        over = int(np.searchsorted(overs, first, side="right"))
        reached = int(overs[over]) if over < len(overs) else n
        t_to = int(at[reached - end]) + WINDOW_US
        found.append(Flood(int(at[first]), t_to, reached - first, int(within[first:reached].max())))
    return found


class FloodWatch:
    """Whether a flood is on now at one position; the same rule, one raise at a time."""

    __slots__ = ("_at", "_end", "_start", "on")

    def __init__(self, start: int, end: int) -> None:
        """Start quiet."""
        self._start, self._end = start, end
        self._at: deque[Micros] = deque()
        self.on = False

    def dump(self) -> tuple[list[Micros], bool]:
        """Give the raises in the window, and whether a flood is on."""
        return list(self._at), self.on

    def restore(self, at: list[Micros], *, on: bool) -> FloodWatch:
        """Take them."""
        self._at, self.on = deque(at), on
        return self

    def put(self, at: Micros) -> None:
        """Take a raise; times do not go back."""
        self.settle(at, before=True)
        self._at.append(at)
        self.on = self.on or len(self._at) >= self._start

    def settle(self, now: Micros, *, before: bool = False) -> int:
        """Let time pass to `now` (or to just before it); give the number of raises in the window."""
        edge = now - WINDOW_US
        while self._at and (self._at[0] < edge or (self._at[0] == edge and not before)):
            self._at.popleft()
        if len(self._at) < self._end:
            self.on = False
        if before:
            while self._at and self._at[0] <= edge:
                self._at.popleft()
        return len(self._at)
