"""The land that is simulated: a small economy, its settings and the plan of one seed."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from opsroom.access.hashes import hash_of
from opsroom.clock import ManualClock
from opsroom.model import Role
from opsroom.seats import PlantToken, Seat
from opsroom.section import StoreSection
from opsroom.settings import Limits, LogSection, RoomSection, Settings
from opsroom.store.memory import MemoryStore

START_US: Final = 1_790_000_000_000_000
PLANTS: Final = ("dam", "mill", "kiln", "pit")
PERIOD_S: Final = 2.0
GOOD, BAD = 50.0, 3.0
SEATS: Final = {
    "chair": ("", Role.COUNCIL),
    "branch": ("works", Role.COUNCIL),
    "dam": ("works/dam", Role.OPERATOR),
    "mill": ("works/mill", Role.OPERATOR),
    "kiln": ("works/kiln", Role.OPERATOR),
}
_HEAD: Final = 'root = "Land"\nlevels = ["land", "branch", "plant"]\n'
_UNIT: Final = '[[unit]]\npath = "works/{plant}"\n'
_SERIES: Final = """\
[[series]]
path = "works/{plant}/{name}"
unit = "MW"
period_s = {period_s}
band = [10.0, 100.0]
recovery_s = {recovery_s}
"""
_ESSENTIAL: Final = """\
[series.indicator]
orientation = "more"
capability = 60.0
essential = true
"""


@dataclass(frozen=True)
class Plan:
    """What one seed chooses before anything moves. Shares are 0 where a seed leaves a fault out."""

    seed: int
    plants: int
    span_s: float
    faults: int
    repeats: float
    reorders: float
    sick: float
    recovery_s: tuple[float, ...]
    snapshot_s: float

    @classmethod
    def of(cls, seed: int, span_s: float) -> Plan:
        """Draw the plan of a seed."""
        chance = random.Random(f"plan {seed}")
        return cls(
            seed=seed,
            plants=chance.randint(2, len(PLANTS)),
            span_s=span_s,
            faults=chance.choice((0, 4, 8, 16)),
            repeats=chance.choice((0.0, 0.0, 0.05)),
            reorders=chance.choice((0.0, 0.0, 0.05)),
            sick=chance.choice((0.0, 0.0, 0.02)),
            recovery_s=chance.choice(((6.0, 6.0), (10.0, 20.0), (3.0, 40.0), (0.5, 0.5))),
            snapshot_s=chance.choice((1.0, 5.0, 30.0)),
        )

    def chance(self, name: str) -> random.Random:
        """Give a source of chance of its own, so that what one part draws moves no other."""
        return random.Random(f"{name} {self.seed}")

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the plants."""
        return PLANTS[: self.plants]


def economy(plan: Plan) -> str:
    """Write the economy file: in each plant an essential indicator and a plain series, both with a band."""
    parts = [_HEAD]
    for plant in plan.names:
        parts.append(_UNIT.format(plant=plant))
        for name in ("output", "heat"):
            table = _SERIES.format(
                plant=plant, name=name, period_s=PERIOD_S, recovery_s=list(plan.recovery_s)
            )
            parts.append(table + (_ESSENTIAL if name == "output" else ""))
    return "".join(parts)


def settings_of(plan: Plan, folder: Path) -> Settings:
    """Write the economy file and give the settings: all that is rare in a room is frequent here."""
    file = folder / "economy.toml"
    file.write_text(economy(plan), encoding="utf-8")
    return Settings(
        store=StoreSection(url="memory://"),
        log=LogSection(url="memory://"),
        room=RoomSection(
            economy=str(file),
            rules=str(folder / "rules"),
            tick_s=0.5,
            snapshot_s=plan.snapshot_s,
            recovery_default_s=15.0,
            idle_s=10.0,
            return_stagger_s=1.0,
        ),
        limits=Limits(credit_bytes=2_000, inflight_bytes=100_000),
    )


def token_of(plant: str) -> str:
    """Give the token of a plant."""
    return f"token of {plant}"


def people(store: MemoryStore, plan: Plan, units: dict[str, int]) -> dict[str, Seat]:
    """Put seats and tokens into the store; `units` gives ids by path."""
    clock = ManualClock(START_US)
    for plant in plan.names:
        unit_id = units[f"works/{plant}"]
        store.access.put_token(PlantToken(hash_of(token_of(plant)), unit_id, plant, clock.now()))
    return {
        person: store.access.put_seat(Seat(0, person, role, units[path]))
        for person, (path, role) in SEATS.items()
        if path in units
    }
