"""The chairs of each unit as its screens show them: panes, presses, who speaks and what he opens.

Panes, presses and the floor come from the log. What the speaker opens moves with every key he presses, alters
nothing and is over with his visit: like the unit that a screen looks at it is presence, and kept in no log.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from opsroom.chairs import Sitting
from opsroom.view.cards import ms

if TYPE_CHECKING:
    from opsroom.seats import Seat
    from opsroom.view.model import View

NAME_CHARS: Final = 64
NOBODY: Final = Sitting()


class Pointer(msgspec.Struct, frozen=True, gc=False):
    """What a speaker has before him: a wall, the unit in focus, an alert or a series, a pane (0: none)."""

    wall: str = ""
    unit: str | None = None
    alert: str | None = None
    series: int | None = None
    pane: int = 0


class Chairs:
    """Sittings by unit. `revision` is that of the screens at the last change."""

    def __init__(self, view: View) -> None:
        """Start empty; `view` is whose revision they move."""
        self._view = view
        self._rows: dict[int, Sitting] = {}
        self._pointers: dict[int, tuple[int, Pointer]] = {}
        self.revision = 0

    def follow(self, rows: dict[int, Sitting]) -> None:
        """Take all sittings as they are now."""
        if rows != self._rows:
            self._rows = dict(rows)
            self._moved()

    def point(self, seat: Seat, pointer: Pointer) -> bool:
        """Take what a seat opened; tell whether it counts.

        It does while the seat has the floor, and as far as it may open that itself.
        """
        if self._speaker(seat.unit_id) != seat.id or not self._may_open(seat, pointer):
            return False
        if self._pointers.get(seat.unit_id) != (seat.id, pointer):
            self._pointers[seat.unit_id] = (seat.id, pointer)
            self._moved()
        return True

    def told(self, unit_id: int) -> dict[str, Any]:
        """Give what the chairs of a unit share, times in ms."""
        sitting = self._rows.get(unit_id, NOBODY)
        pressed, speaker = sitting.pressed, self._speaker(unit_id)
        pointed = self._pointers.get(unit_id)
        floor = sitting.floor if speaker else None
        return {
            "panes": [
                {
                    "seat_id": pane.seat_id if pane.seat_id in self._view.present else 0,
                    "person": pane.person,
                    "shows": pane.shows,
                }
                for pane in sitting.panes
            ],
            "pressed": None
            if pressed is None
            else {
                "seat_id": pressed.seat_id,
                "person": pressed.person,
                "key": pressed.key,
                "pane": pressed.pane,
                "at": ms(pressed.at),
            },
            "floor": None
            if floor is None
            else {"seat_id": floor.seat_id, "person": floor.person, "at": ms(floor.at)},
            "pointer": pointed[1] if pointed is not None and speaker == pointed[0] else None,
        }

    def _speaker(self, unit_id: int) -> int:
        """Give the seat that speaks in a unit's room, 0 where nobody does; who has left speaks no more."""
        floor = self._rows.get(unit_id, NOBODY).floor
        present = floor is not None and floor.seat_id in self._view.present
        return floor.seat_id if floor is not None and present else 0

    def _may_open(self, seat: Seat, pointer: Pointer) -> bool:
        view, catalog = self._view, self._view.catalog
        if len(pointer.wall) > NAME_CHARS or not 0 <= pointer.pane <= len(NOBODY.panes):
            return False
        if pointer.unit is not None:
            unit = catalog.unit_at(pointer.unit)
            if unit is None or not catalog.contains(seat.unit_id, unit.id):
                return False
        if pointer.alert is not None:
            alert = view.alerts.get(pointer.alert)
            if alert is None or not view.sees(alert, seat.unit_id):
                return False
        if pointer.series is not None:
            series = catalog.series.get(pointer.series)
            return series is not None and view.opens(series, seat.unit_id)
        return True

    def _moved(self) -> None:
        self._view.revision += 1
        self.revision = self._view.revision
        self._view.wake(urgent=True)
