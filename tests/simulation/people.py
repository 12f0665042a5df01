"""People at their seats: they acknowledge, shelve, decide, press, and ask again where nobody answered."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from opsroom.errors import OpsroomError, StoreError
from opsroom.records import (
    Acknowledge,
    AnyAct,
    Decide,
    Judge,
    OutOfService,
    Press,
    Rebase,
    Recovering,
    ReturnToService,
    Shelve,
    Unacknowledge,
    Unshelve,
)

if TYPE_CHECKING:
    import random

    from opsroom.model import Alert
    from opsroom.room import Room
    from opsroom.seats import Seat
    from tests.simulation.world import World

S: Final = 1_000_000
PAUSE_S: Final = (0.5, 8.0)


class Person:
    """One person, for as long as the world lives."""

    def __init__(self, world: World, seat: Seat) -> None:
        """Sit at `seat`."""
        self.world = world
        self.seat = seat
        self._chance: random.Random = world.plan.chance(f"person {seat.person}")
        self._count = 0

    async def live(self) -> None:
        """Act now and then until the world is healed."""
        while not self.world.is_healed:
            await asyncio.sleep(self._chance.uniform(*PAUSE_S))
            room = self.world.server.room
            act = None if room is None else self._choose(room)
            if act is not None:
                await self._insist(act)

    async def _insist(self, act: AnyAct) -> None:
        """Ask until there is an answer; the key makes a repeated act one act."""
        self._count += 1
        act = replace(
            act, person=self.seat.person, seat_id=self.seat.id, key=f"{self.seat.person}-{self._count}"
        )
        while (answer := await self._asked(act)) is None:  # noqa: ASYNC110 - asked again, as people do
            await asyncio.sleep(self._chance.uniform(0.1, 2.0))
        self.world.note("act", f"{act!r} {answer!r}")
        if not isinstance(answer, OpsroomError):
            self.world.witness.answered(act)

    async def _asked(self, act: AnyAct) -> object:
        """Ask once; None where nobody answered or the log could not take it."""
        done = await self.world.server.ask(act)
        if done is None or done.cancelled() or isinstance(done.result(), StoreError):
            return None
        return done.result()

    def _choose(self, room: Room) -> AnyAct | None:
        chance, now = self._chance, room.clock.now()
        held = sorted(room.core.book.open.values(), key=lambda alert: alert.id)
        if not held or chance.random() < 0.1:
            return self._on_series(room, now)
        return self._on_alert(chance.choice(held), now)

    def _on_series(self, room: Room, now: int) -> AnyAct | None:
        """Act on a series of the own unit."""
        chance = self._chance
        own = [series for series in room.catalog.series_of(self.seat.unit_id) if series.indicator]
        if not own:
            return None
        series = chance.choice(sorted(own, key=lambda one: one.id))
        unit_id = self.seat.unit_id
        return chance.choice(
            (
                Press(series_id=series.id, note="by hand", unit_id=unit_id),
                Shelve(series_id=series.id, reason="cleaning", until=now + 20 * S, unit_id=unit_id),
                OutOfService(series_id=series.id, reference="W-1", unit_id=unit_id),
                Rebase(series_id=series.id, capability=55.0, unit_id=unit_id),
            )
        )

    def _on_alert(self, alert: Alert, now: int) -> AnyAct:
        chance, unit_id = self._chance, alert.standing.unit_id
        return chance.choice(
            (
                Acknowledge(alert_id=alert.id, unit_id=unit_id),
                Acknowledge(alert_id=alert.id, unit_id=unit_id),
                Acknowledge(alert_id=alert.id, unit_id=self.seat.unit_id),
                Unacknowledge(alert_id=alert.id, unit_id=unit_id, note="look again"),
                Shelve(
                    alert_id=alert.id,
                    reason="known",
                    until=now + round(chance.uniform(5, 60) * S),
                    unit_id=unit_id,
                ),
                Shelve(alert_id=alert.id, reason="once", one_shot=True, unit_id=unit_id),
                Unshelve(alert_id=alert.id, unit_id=unit_id),
                OutOfService(alert_id=alert.id, reference="W-2", unit_id=unit_id),
                ReturnToService(alert_id=alert.id, unit_id=unit_id),
                Judge(alert_id=alert.id, useful=chance.random() < 0.5, unit_id=alert.unit_id),
                Recovering(alert_id=alert.id, note="crew is on its way", unit_id=alert.unit_id),
                Decide(
                    alert_id=alert.id,
                    text="run at half load",
                    addressee_id=alert.unit_id,
                    followup=now + round(chance.uniform(5, 40) * S),
                    unit_id=unit_id,
                ),
            )
        )
