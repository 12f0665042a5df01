"""What screens show of agreements: every series under the terms agreed, and what waits for whom."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from opsroom.model import Role, Series
from opsroom.rights import at_least

if TYPE_CHECKING:
    from collections.abc import Iterable

    from opsroom.catalog import Catalog
    from opsroom.seats import Seat


class Bargains(Protocol):
    """What unit and parent agreed, as far as screens ask; the alert book has it."""

    def as_agreed(self, series: Series) -> Series:
        """Give the series under the terms agreed."""
        ...

    def waiting(self, catalog: Catalog) -> dict[int, int]:
        """Give, by unit id, how many proposals wait for its council."""
        ...


class Agreements:
    """The view's share: `changes` counts what was told, `revision` is that of the view which shows it."""

    def __init__(self) -> None:
        """Start with series as they are declared; `follow` takes what is agreed."""
        self.changes = self.revision = 0
        self._shown = -1
        self._waiting: dict[int, int] = {}
        self._bargains: Bargains | None = None

    def follow(self, bargains: Bargains | None) -> None:
        """Take whom to ask from now on."""
        self._bargains = bargains
        self.changes += 1

    def note(self, times: int) -> None:
        """Note how often agreements, proposals or rotas changed; the view looks at its next sync."""
        self.changes += times

    def every(self, catalog: Catalog, revision: int) -> Iterable[Series]:
        """Give every series under the terms agreed, as shown from `revision` on, and count what waits."""
        if self._shown != self.changes:
            self._shown, self.revision = self.changes, revision
        if self._bargains is None:
            return catalog.series.values()
        self._waiting = self._bargains.waiting(catalog)
        return map(self._bargains.as_agreed, catalog.series.values())

    def told(self, seat: Seat) -> dict[str, int]:
        """Give what a seat's screens are told: how many proposals wait for it, and the revision."""
        waiting = self._waiting.get(seat.unit_id, 0) if at_least(seat, Role.COUNCIL) else 0
        return {"waiting": waiting, "revision": self.revision}
