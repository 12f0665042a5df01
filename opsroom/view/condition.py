"""Why the room is not ready, as its screens are told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opsroom.drill import SERIES, ends_at, is_exercise
from opsroom.view.cards import ms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opsroom.view.model import View


class Condition:
    """`reasons` are the codes of the readiness check; told in every frame, empty when all is well.

    `exercise`: nothing in the whole room is real; whoever joins the room sets it.
    """

    def __init__(self, view: View) -> None:
        """Start well."""
        self._view = view
        self.reasons: tuple[str, ...] = ()
        self.exercise = False
        self._stamp = -1
        self._series: list[int] = []

    def drills(self, unit_id: int) -> list[dict[str, Any]]:
        """Give the exercises that are on in a unit and below: who lets them happen above has to know too."""
        catalog = self._view.catalog
        if self._stamp != catalog.revision:
            self._stamp = catalog.revision
            self._series = [one.id for one in catalog.series.values() if one.name == SERIES]
        return [
            {"id": alert.id, "unit": unit.path, "unit_name": unit.name, "until": ms(ends_at(alert))}
            for series_id in self._series
            for alert in self._view.on_series(series_id)
            if alert.active and is_exercise(alert) and catalog.contains(unit_id, alert.unit_id)
            for unit in (catalog.units[alert.unit_id],)
        ]

    def note(self, reasons: Sequence[str]) -> None:
        """Take what holds now; news where it is another."""
        if tuple(reasons) != self.reasons:
            self.reasons = tuple(reasons)
            self._view.revision += 1
            self._view.wake(urgent=True)
