"""A table of the settings file, and the table of how far back the room can be seen."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


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
