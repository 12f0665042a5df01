"""Notifications on their way: what makes them out of the journal, and what waits to be delivered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opsroom.model import Micros
    from opsroom.notices import Cursor, Delivery, News


class NoticeWriter(Protocol):
    """What makes notices out of the journal: it reads edges and keeps where it stands with what it made."""

    def reader(self) -> tuple[Cursor, bytes] | None:
        """Give how far the journal was read and the grouping as it then was; None before the first time."""
        ...

    def newest(self) -> Cursor:
        """Give the place of the journal's last edge, (0, 0) where there is none."""
        ...

    def news(self, after: Cursor, limit: int) -> list[News]:
        """Give committed edges behind `after`, in order."""
        ...

    def keep(self, cursor: Cursor, grouping: bytes, deliveries: Sequence[Delivery]) -> None:
        """Store all of it, or nothing; a delivery replaces that of its receiver and id.

        Raises:
            StoreFull, StoreError: nothing was stored.
        """
        ...


class Letters(Protocol):
    """Deliveries that wait or are dead; what arrived is kept no more."""

    def put(self, delivery: Delivery) -> None:
        """Replace the delivery of this receiver and id."""
        ...

    def sent(self, receiver: str, notice_id: str) -> None:
        """Let go of what arrived; what is not there is no error."""
        ...

    def due(self, receiver: str, now: Micros, limit: int) -> list[Delivery]:
        """Give what waits and is due by `now`, longest due first."""
        ...

    def waiting(self, receiver: str) -> list[Delivery]:
        """Give all that waits for a receiver, oldest first."""
        ...

    def letters(self, state: str) -> list[Delivery]:
        """Give all deliveries of a state (waiting, dead), oldest first."""
        ...

    def letter(self, notice_id: str) -> Delivery:
        """Give one delivery.

        Raises:
            NotFound: none of that id waits or is dead.
        """
        ...


class Outbox(NoticeWriter, Letters, Protocol):
    """Notifications on their way."""

    def count(self) -> dict[tuple[str, str], int]:
        """Count deliveries by (receiver, state)."""
        ...

    def beat(self, at: Micros) -> None:
        """Write one small row: it shows that the store takes rows.

        Raises:
            StoreFull, StoreError: it does not.
        """
        ...
