"""The way down: what a plant hears on its own socket, its alerts first; bounded queues."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Any, Final

from opsroom.model import Alert, Transition

if TYPE_CHECKING:
    from collections.abc import Callable

    from opsroom.catalog import Catalog

WAITING_MAX: Final = 1_000
MERGE_FROM: Final = 100

# What a plant is told, by the verb of the transition; its own acts are not echoed.
TOLD: Final = frozenset(
    {
        "raised",
        "pressed",
        "named",
        "acknowledged",
        "climbed",
        "recovered",
        "reopened",
        "annunciated",
        "rebased",
    }
)


class PlantSubscription:
    """One socket's share of the news.

    A message counts as delivered when the next one is asked for: it was written by then.
    """

    def __init__(self, hub: PlantHub, unit_id: int) -> None:
        """Listen for alerts of `unit_id` and everything below it."""
        self.unit_id = unit_id
        self.dropped = 0
        self._hub = hub
        self._waiting: deque[dict[str, Any]] = deque()
        self._news = asyncio.Event()
        self._sent: str | None = None

    def put(self, message: dict[str, Any]) -> None:
        """Add a message; once `MERGE_FROM` wait, a newer one takes the place of older ones on its alert."""
        subject = message["id"] if message["type"] == "alert" else message["alert"]
        if len(self._waiting) >= MERGE_FROM:
            self._waiting = deque(m for m in self._waiting if (m.get("id") or m.get("alert")) != subject)
        if len(self._waiting) == WAITING_MAX:
            self._waiting.popleft()
            self.dropped += 1
        self._waiting.append(message)
        self._news.set()

    async def get(self) -> dict[str, Any]:
        """Wait for the next message, a dict ready for the wire."""
        if self._sent is not None:
            self._hub.delivered(self._sent)
            self._sent = None
        while not self._waiting:
            self._news.clear()
            await self._news.wait()
        message = self._waiting.popleft()
        if message["type"] == "alert":
            self._sent = message["id"]
        return message

    def close(self) -> None:
        """Stop listening."""
        self._hub.close(self)


class PlantHub:
    """Hands transitions to the sockets whose node contains the alert's unit."""

    def __init__(
        self, catalog: Catalog, describe: Callable[[Alert], dict[str, Any]], delivered: Callable[[str], None]
    ) -> None:
        """`describe` gives an alert's fields for the wire.

        `delivered` is told when an alert was written to a socket.
        """
        self.catalog = catalog
        self.describe = describe
        self.delivered = delivered
        self._open: list[PlantSubscription] = []

    def subscribe(self, unit_id: int) -> PlantSubscription:
        """Open a subscription for a socket bound to `unit_id`."""
        subscription = PlantSubscription(self, unit_id)
        self._open.append(subscription)
        return subscription

    def close(self, subscription: PlantSubscription) -> None:
        """Forget a socket."""
        if subscription in self._open:
            self._open.remove(subscription)

    def publish(self, transitions: list[Transition]) -> None:
        """Send what happened to each plant it concerns."""
        if not self._open:
            return
        for edge in transitions:
            message = self._message(edge)
            if message is None:
                continue
            for subscription in self._open:
                if self.catalog.contains(subscription.unit_id, edge.alert.unit_id):
                    subscription.put(message)

    def _message(self, edge: Transition) -> dict[str, Any] | None:
        if edge.verb == "decided" and edge.alert.decision is not None:
            decision = edge.alert.decision
            return {
                "type": "decision",
                "alert": edge.alert.id,
                "text": decision.text,
                "person": decision.person,
                "followup_ts": decision.followup // 1000,
            }
        if edge.verb not in TOLD:
            return None
        return {"type": "alert", "event": edge.verb, **self.describe(edge.alert)}
