"""The way down: what a plant hears on its own socket, its alerts first; bounded queues."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
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
        "risen",
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
        self._waiting: OrderedDict[int, Transition] = OrderedDict()
        self._of_alert: dict[str, list[int]] = {}
        self._number = 0
        self._news = asyncio.Event()
        self._sent: str | None = None

    def put(self, edge: Transition) -> None:
        """Add news; once `MERGE_FROM` wait, a newer one takes the place of older ones on its alert."""
        alert_id = edge.alert.id
        if len(self._waiting) >= MERGE_FROM:
            for number in self._of_alert.pop(alert_id, ()):
                del self._waiting[number]
        if len(self._waiting) == WAITING_MAX:
            self._next()
            self.dropped += 1
        self._number += 1
        self._waiting[self._number] = edge
        self._of_alert.setdefault(alert_id, []).append(self._number)
        self._news.set()

    async def get(self) -> dict[str, Any]:
        """Wait for the next message, a dict ready for the wire."""
        if self._sent is not None:
            self._hub.delivered(self._sent)
            self._sent = None
        while not self._waiting:
            self._news.clear()
            await self._news.wait()
        message = self._hub.message(self._next())
        if message["type"] == "alert":
            self._sent = message["id"]
        return message

    def _next(self) -> Transition:
        number, edge = self._waiting.popitem(last=False)
        rest = [one for one in self._of_alert[edge.alert.id] if one != number]
        if rest:
            self._of_alert[edge.alert.id] = rest
        else:
            del self._of_alert[edge.alert.id]
        return edge

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
            if edge.verb not in TOLD and not _decided(edge):
                continue
            for subscription in self._open:
                if self.catalog.contains(subscription.unit_id, edge.alert.unit_id):
                    subscription.put(edge)

    def message(self, edge: Transition) -> dict[str, Any]:
        """Word one edge for the wire, when its turn has come: what was replaced was never worded."""
        decision = edge.alert.decision
        if edge.verb == "decided" and decision is not None:
            return {
                "type": "decision",
                "alert": edge.alert.id,
                "text": decision.text,
                "person": decision.person,
                "followup_ts": decision.followup // 1000,
            }
        return {"type": "alert", "event": edge.verb, **self.describe(edge.alert)}


def _decided(edge: Transition) -> bool:
    return edge.verb == "decided" and edge.alert.decision is not None
