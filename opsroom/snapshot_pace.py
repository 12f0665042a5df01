"""When the room's state is to be copied: little to redo after a kill, and time for other work."""

from __future__ import annotations

from typing import Final

REST: Final = 8.0
"""Times as long as the last copy took to be written until the next: a large room is not busy with them."""
REDO_READINGS: Final = 500_000
"""Readings after which a copy is due whatever the time: some 0.3 s of work after a kill."""
BURST_READINGS: Final = 50_000
LULL_S: Final = 1.0
"""A burst of so many that has ended so long ago is worth a copy, rather than to be redone after a kill."""


class SnapshotPace:
    """Copies every `every_s`, sooner where much came or a burst is over, never without rest.

    Times are monotonic, in seconds.
    """

    def __init__(self, every_s: float, at_s: float) -> None:
        """Count from `at_s`, as if a copy had been made then."""
        self._every_s = every_s
        self._copied_s = at_s
        self._took_s = 0.0
        self._readings = 0
        self._came_s = at_s

    def at_once(self) -> None:
        """Let the next one be due now."""
        self._copied_s = float("-inf")

    def count(self, readings: int, at_s: float) -> None:
        """Note readings that a restart would have to redo."""
        if readings:
            self._readings += readings
            self._came_s = at_s

    def due(self, at_s: float) -> bool:
        """Say whether the state is to be copied."""
        age, rest = at_s - self._copied_s, REST * self._took_s
        over = self._readings >= BURST_READINGS and at_s - self._came_s >= LULL_S
        return age >= rest and (age >= self._every_s or self._readings >= REDO_READINGS or over)

    def copied(self, at_s: float) -> None:
        """The state was copied; `written` follows, or it is tried again in time."""
        self._copied_s, self._readings = at_s, 0

    def written(self, took_s: float) -> None:
        """The copy is on the disk after so much work."""
        self._took_s = took_s
