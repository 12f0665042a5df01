"""The chairs of a unit's room: who holds which pane of the Datafeed, what it shows, who speaks.

Values and one pure book, fed by acts in the order of the log. All chairs of a unit see the same, since
rights depend on the unit alone; so what stands in a pane is shown to nobody who might not open it himself.
Nine actions as on the armrests of 1972: 1-3 take a pane, 4-8 navigate in it, 0 leads back to the index.
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec.structs import replace

from opsroom.acts import Armrest, Shows, TakeFloor
from opsroom.decision import Micros
from opsroom.errors import Conflict

PANES: Final = ("1", "2", "3")
INDEX: Final = Shows()


class Pane(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One pane: what stands in it, and whose hand is on it (seat id 0: nobody's)."""

    shows: Shows = INDEX
    seat_id: int = 0
    person: str = ""


class Pressed(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """The last press of an armrest: whose, which key, on which pane, when."""

    seat_id: int
    person: str
    key: str
    pane: int
    at: Micros


class Floor(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Who speaks, and since when."""

    seat_id: int
    person: str
    at: Micros


class Sitting(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What the chairs of one unit share."""

    panes: tuple[Pane, Pane, Pane] = (Pane(), Pane(), Pane())
    pressed: Pressed | None = None
    floor: Floor | None = None

    def held(self, seat_id: int) -> int:
        """Give the pane (1-3) that a seat holds, 0 for none."""
        return next((n for n, pane in enumerate(self.panes, 1) if pane.seat_id == seat_id), 0)


_rows = msgspec.msgpack.Decoder(dict[int, Sitting])
_NOBODY: Final = Sitting()


class ChairBook:
    """Sittings by unit id; a unit where nobody ever pressed has none."""

    def __init__(self) -> None:
        """Start empty."""
        self.rows: dict[int, Sitting] = {}

    def take(self, now: Micros, act: Armrest | TakeFloor) -> None:
        """Take one act at room time `now`; the last press wins.

        Raises:
            Conflict: navigation without a pane in hand.
        """
        before = self.rows.get(act.unit_id, _NOBODY)
        if isinstance(act, Armrest):
            self.rows[act.unit_id] = _pressed(before, now, act)
            return
        speaks = before.floor is not None and before.floor.seat_id == act.seat_id
        if act.speaks:
            floor = Floor(seat_id=act.seat_id, person=act.person, at=now)
            self.rows[act.unit_id] = replace(before, floor=floor)
        elif speaks:
            self.rows[act.unit_id] = replace(before, floor=None)

    def dump(self) -> bytes:
        """Give the state as MessagePack."""
        return msgspec.msgpack.encode(self.rows)

    @classmethod
    def load(cls, blob: bytes | None) -> ChairBook:
        """Read what `dump` gave; None where the snapshot is older than chairs are."""
        book = cls()
        if blob is not None:
            book.rows = _rows.decode(blob)
        return book


def _pressed(sitting: Sitting, now: Micros, act: Armrest) -> Sitting:
    panes = list(sitting.panes)
    if act.button in PANES:
        number = int(act.button)
        # One hand, one pane: who reaches for another lets go of the first.
        panes = [replace(one, seat_id=0, person="") if one.seat_id == act.seat_id else one for one in panes]
        panes[number - 1] = replace(panes[number - 1], seat_id=act.seat_id, person=act.person)
    else:
        number = sitting.held(act.seat_id)
        if not number:
            raise Conflict(
                "No pane is in your hand.", remedy="Take one with 1, 2 or 3.", code="pane_not_held"
            )
        shows = INDEX if act.button == "0" else act.shows
        panes[number - 1] = replace(panes[number - 1], shows=shows)
    pressed = Pressed(seat_id=act.seat_id, person=act.person, key=act.button, pane=number, at=now)
    return replace(sitting, panes=(panes[0], panes[1], panes[2]), pressed=pressed)
