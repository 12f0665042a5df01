"""The outbox in memory: the same rules as in a database."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from threading import RLock

from opsroom.errors import NotFound
from opsroom.model import Micros
from opsroom.notices import Cursor, Delivery, News


class MemoryOutbox:
    """Deliveries in a dictionary, news from the journal's own list."""

    def __init__(self, news: list[News]) -> None:
        self._lock = RLock()
        self._news = news
        self._reader: tuple[Cursor, bytes] | None = None
        self._kept: dict[tuple[str, str], Delivery] = {}
        self.beaten: Micros = 0

    def reader(self) -> tuple[Cursor, bytes] | None:
        """Give how far the journal was read."""
        return self._reader

    def newest(self) -> Cursor:
        """Give the place of the journal's last edge."""
        return self._news[-1].cursor if self._news else (0, 0)

    def news(self, after: Cursor, limit: int) -> list[News]:
        """Give edges behind `after`."""
        start = bisect_right(self._news, after, key=lambda one: one.cursor)
        return self._news[start : start + limit]

    def keep(self, cursor: Cursor, grouping: bytes, deliveries: Sequence[Delivery]) -> None:
        """Store all of it."""
        with self._lock:
            for one in deliveries:
                self.put(one)
            self._reader = (cursor, grouping)

    def put(self, delivery: Delivery) -> None:
        """Replace one delivery."""
        with self._lock:
            self._kept[delivery.notice.receiver, delivery.notice.id] = delivery

    def sent(self, receiver: str, notice_id: str) -> None:
        """Let go of what arrived."""
        with self._lock:
            self._kept.pop((receiver, notice_id), None)

    def due(self, receiver: str, now: Micros, limit: int) -> list[Delivery]:
        """Give what is to be tried, longest due first."""
        ready = [one for one in self.waiting(receiver) if one.due <= now]
        return sorted(ready, key=lambda one: (one.due, one.notice.made, one.notice.id))[:limit]

    def waiting(self, receiver: str) -> list[Delivery]:
        """Give what waits for a receiver, oldest first."""
        return [one for one in self.letters("waiting") if one.notice.receiver == receiver]

    def letters(self, state: str) -> list[Delivery]:
        """Give all deliveries of a state, oldest first."""
        with self._lock:
            found = [one for one in self._kept.values() if one.state == state]
        return sorted(found, key=lambda one: (one.notice.made, one.notice.id))

    def letter(self, notice_id: str) -> Delivery:
        """Give one delivery."""
        with self._lock:
            found = next((one for (_, own), one in self._kept.items() if own == notice_id), None)
        if found is None:
            raise NotFound(
                f"No notice {notice_id}.", remedy="See: opsroom notify dead.", code="notice_unknown"
            )
        return found

    def count(self) -> dict[tuple[str, str], int]:
        """Count deliveries by (receiver, state)."""
        with self._lock:
            return Counter((one.notice.receiver, one.state) for one in self._kept.values())

    def beat(self, at: Micros) -> None:
        """Note the instant."""
        self.beaten = at
