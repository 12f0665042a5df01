"""A table of the settings file, and the tables of what is kept: in the store, and of the past."""

from __future__ import annotations

from itertools import pairwise
from typing import Final, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

KEPT_DAYS_LEAST: Final = 3.0
"""What came late over a weekend still finds the readings of its hour."""
KEPT_DAYS_MOST: Final = 36_525.0


class Section(BaseModel):
    """A table of the settings file.

    An unknown key is an error, so that a typing mistake is found at the start.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)


class ReplaySection(Section):
    """How far back the room can be seen as it was known, and what that may cost."""

    keep_s: float = Field(
        86_400.0,
        ge=0,
        description="how far back the room can be seen; 0: not at all, the log is let go at once",
    )
    keep_bytes: int = Field(
        256 << 20, ge=0, description="log and marks kept for that: beyond it the oldest go"
    )
    mark_every_s: float = Field(
        600.0, gt=0, description="how often the state is marked: a replay plays at most so much of the log"
    )
    at_once: int = Field(1, ge=1, le=8, description="replays made at the same time; each takes half a core")
    rooms: int = Field(
        4, ge=1, le=64, description="replays kept open: each takes the memory of the room's state"
    )


class StoreSection(Section):
    """Where chunks, rollups, alerts and acts are kept."""

    url: str = Field(
        "sqlite:///opsroom-data/store.db", description="SQLAlchemy URL: sqlite or postgresql+psycopg"
    )
    read_pool: int = Field(2, ge=1, le=32, description="read connections, each with its thread")
    flush_age_s: float = Field(600.0, gt=0, description="age at which readings are cut into a chunk")
    flush_readings: int = Field(1_000_000, gt=0, description="readings held before they are cut into a chunk")
    hold_readings: int = Field(
        8_000_000,
        gt=0,
        description="readings held at most (21 bytes each): while the store takes none, more wait in the log",
    )
    kept_bytes: int = Field(48 << 20, ge=0, description="stored readings kept in memory after they were read")
    keep_readings_d: float = Field(
        0.0, ge=0, le=KEPT_DAYS_MOST, description="days that readings are kept, 3 at least; 0: for ever"
    )
    keep_minutes_d: float = Field(
        0.0, ge=0, le=KEPT_DAYS_MOST, description="days that aggregates of a minute are kept; 0: for ever"
    )
    keep_hours_d: float = Field(
        0.0, ge=0, le=KEPT_DAYS_MOST, description="days that aggregates of an hour are kept; 0: for ever"
    )

    @model_validator(mode="after")
    def _coarse_outlives_fine(self) -> Self:
        """Refuse what would let go of an hour before its minutes, or of what has hardly come."""
        kept = {name: getattr(self, name) for name in ("keep_readings_d", "keep_minutes_d", "keep_hours_d")}
        for name, days in kept.items():
            if 0 < days < KEPT_DAYS_LEAST:
                raise ValueError(f"{name} is {days:g}: at least {KEPT_DAYS_LEAST:g} days, or 0 for ever")
        for finer, coarser in pairwise(kept):
            if kept[coarser] and (not kept[finer] or kept[coarser] < kept[finer]):
                raise ValueError(
                    f"{coarser} ({kept[coarser]:g}) is shorter than {finer} ({kept[finer] or 'for ever'}): "
                    f"raise {coarser}, write 0 (for ever) there, or shorten {finer}"
                )
        return self
