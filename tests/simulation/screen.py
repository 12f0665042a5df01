"""A screen that follows the room by changes, sleeps and resumes, and is held against a fresh snapshot."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import msgspec

from tests.simulation.trace import Broken

if TYPE_CHECKING:
    from opsroom.room import Room
    from opsroom.seats import Seat
    from opsroom.view import Subscription
    from tests.simulation.world import World

LOOKS_S = (0.0, 6.0)
VALUE_FIELDS = ("t", "value", "low", "high", "q", "productivity", "performance")


class Shown:
    """What a page keeps of its frames, as `dashboards/assets/model.js` does."""

    def __init__(self, frame: dict[str, Any]) -> None:
        """Take a snapshot."""
        self.alerts = {alert["id"]: alert for alert in frame["alerts"]}
        self.series = {series["id"]: series for series in frame["series"]}
        self.units = {unit["path"]: unit for unit in (frame["unit"], *frame["children"])}
        self.rest = {name: frame[name] for name in ("seats", "lamps", "flood")}

    def take(self, frame: dict[str, Any]) -> None:
        """Take changes."""
        self.alerts |= {alert["id"]: alert for alert in frame["alerts"]}
        for gone in frame["ended"]:
            self.alerts.pop(gone, None)
        self.series |= {series["id"]: series for series in frame.get("series", ())}
        for gone in frame.get("gone", ()):
            self.series.pop(gone, None)
        for series_id, row in frame["values"].items():
            if int(series_id) in self.series:
                self.series[int(series_id)] |= dict(zip(VALUE_FIELDS, row, strict=True))
        self.units |= {unit["path"]: unit for unit in frame.get("units", ())}
        self.rest |= {name: frame[name] for name in self.rest if name in frame}

    def differences(self, other: Shown) -> list[str]:
        """Say in what two screens differ."""
        found = [
            f"{kind} {key}: {mine.get(key)} / {others.get(key)}"
            for kind, mine, others in (
                ("alert", self.alerts, other.alerts),
                ("series", _lean(self.series), _lean(other.series)),
                ("unit", self.units, other.units),
                ("rest", self.rest, other.rest),
            )
            for key in {**mine, **others}
            if mine.get(key) != others.get(key)
        ]
        return found[:4]


def _lean(series: dict[int, dict[str, Any]]) -> dict[int, dict[str, Any]]:
    """Leave out the trail, which a page grows itself."""
    return {key: {name: one[name] for name in one if name != "trail"} for key, one in series.items()}


class Screen:
    """One seat's screen over one life of the room."""

    def __init__(self, world: World, room: Room, seat: Seat) -> None:
        """Look at `room` from `seat`."""
        self.world = world
        self.room = room
        self.seat = seat
        self._chance = world.plan.chance(f"screen {seat.person} {world.server.lives}")
        self._revision = -1

    async def watch(self) -> None:
        """Follow until cancelled."""
        subscription = self.room.view.subscribe(self.seat)
        shown = Shown(self._heard(subscription.snapshot()))
        while True:
            await asyncio.sleep(self._chance.uniform(*LOOKS_S))
            if self._chance.random() < 0.05:
                subscription = self._again(subscription)
            frame = self._heard(await subscription.changes())
            if frame["type"] == "snapshot":
                shown = Shown(frame)
            else:
                shown.take(frame)
            self._compare(shown, subscription)

    def _again(self, before: Subscription) -> Subscription:
        """Lose the connection and resume where the page stood."""
        seen, boot = before.seen, self.room.view.boot
        before.close()
        subscription = self.room.view.subscribe(self.seat)
        subscription.resume(seen, boot)
        return subscription

    def _heard(self, raw: bytes) -> dict[str, Any]:
        frame = self.world.broken.heard(json.loads(raw))
        revision = frame["revision"] if frame["type"] == "snapshot" else frame["to"]
        if revision < self._revision:
            raise Broken("revision went back", f"{self._revision} to {revision}")
        self._revision = revision
        self.world.note(f"frame {frame['type']}", raw)
        return frame

    def _compare(self, shown: Shown, subscription: Subscription) -> None:
        fresh = Shown(json.loads(msgspec.json.encode(subscription.scope.snapshot_rows())))
        unlike = shown.differences(fresh)
        if unlike:
            raise Broken("screen unlike the room", f"{self.seat.person} at {self._revision}: {unlike}")
