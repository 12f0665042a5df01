"""How many alarms come at each position now, and whether that is a flood.

By the rule of the alarm figures, one raise at a time; nothing is read again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opsroom.figures import FloodWatch, Marks, annunciates
from opsroom.figures.floods import WINDOW_US
from opsroom.figures.gather import silence_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from opsroom.model import Alert, Micros, Transition
    from opsroom.settings import FiguresSection


class Floods:
    """One watch a position (unit at whose level alerts stand); quiet ones are forgotten."""

    def __init__(self, settings: FiguresSection) -> None:
        """Start quiet everywhere."""
        self._settings = settings
        self._watches: dict[int, FloodWatch] = {}
        self._raises: dict[int, int] = {}

    def take(self, edge: Transition, before: Alert | None) -> None:
        """Take an edge and the alert before it, None where it stood on no wall."""
        marks = None if before is None else Marks(before.unacked, silence_of(before) is not None)
        if annunciates(edge.verb, edge.alert, marks):
            self._put(edge.alert.standing.unit_id, edge.at)

    def recall(self, alerts: Iterable[Alert], now: Micros) -> None:
        """Count the annunciations that standing alerts had in the last ten minutes, after a restart."""
        levels = (level for alert in alerts for level in alert.annunciations)
        recent = [(level.at, level.unit_id) for level in levels if now - WINDOW_US < level.at <= now]
        for at, unit_id in sorted(recent):
            self._put(unit_id, at)

    def settle(self, now: Micros) -> bool:
        """Let time pass; tell whether any count changed since the last time."""
        raises = {unit_id: n for unit_id, watch in self._watches.items() if (n := watch.settle(now))}
        self._watches = {unit_id: self._watches[unit_id] for unit_id in raises}
        changed = raises != self._raises
        self._raises = raises
        return changed

    def at(self, unit_id: int) -> dict[str, Any]:
        """Give what screens of a unit show: `on`, and `raises_10min`, as of the last settling."""
        watch = self._watches.get(unit_id)
        return {"on": watch is not None and watch.on, "raises_10min": self._raises.get(unit_id, 0)}

    def dump(self) -> list[tuple[int, list[Micros], bool]]:
        """Give each watch that is not quiet, for a mark."""
        return [(unit_id, *watch.dump()) for unit_id, watch in self._watches.items()]

    def restore(self, body: Iterable[tuple[int, list[Micros], bool]]) -> None:
        """Take them."""
        start, end = self._settings.flood_start, self._settings.flood_end
        self._watches = {unit_id: FloodWatch(start, end).restore(at, on=on) for unit_id, at, on in body}

    def _put(self, unit_id: int, at: Micros) -> None:
        watch = self._watches.get(unit_id)
        if watch is None:
            watch = self._watches[unit_id] = FloodWatch(self._settings.flood_start, self._settings.flood_end)
        watch.put(at)
