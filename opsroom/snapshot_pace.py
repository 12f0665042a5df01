"""When the room's state is to be copied: little to redo after a kill, and time for other work."""

from __future__ import annotations

from typing import Final

REST: Final = 8.0
"""Times as long as the last copy took to be written until the next: a large room is not busy with them."""
REDO_READINGS: Final = 500_000
"""Readings after which a copy is due whatever the time: some 0.3 s of work after a kill."""


class SnapshotPace:
    """Copies every `every_s`, sooner where much has come since, never without rest; times are monotonic."""

    def __init__(self, every_s: float, at_s: float) -> None:
        """Count from `at_s`, as if a copy had been made then."""
        self._every_s = every_s
        self._copied_s = at_s
        self._took_s = 0.0
        self._readings = 0

    def at_once(self) -> None:
        """Let the next one be due now."""
        self._copied_s = float("-inf")

    def count(self, readings: int) -> None:
        """Note readings that a restart would have to redo."""
        self._readings += readings

    def due(self, at_s: float) -> bool:
        """Say whether the state is to be copied."""
        age, rest = at_s - self._copied_s, REST * self._took_s
        return age >= rest and (age >= self._every_s or self._readings >= REDO_READINGS)

    def copied(self, at_s: float) -> None:
        """The state was copied; `written` follows, or it is tried again in time."""
        self._copied_s, self._readings = at_s, 0

    def written(self, took_s: float) -> None:
        """The copy is on the disk after so much work."""
        self._took_s = took_s
