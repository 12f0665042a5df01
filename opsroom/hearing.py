"""Which sources fell silent on the wire, as far as the room was able to hear them. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from opsroom.model import MICROS_PER_S
from opsroom.records import SourceEvent, encode

if TYPE_CHECKING:
    from opsroom.sources import Sources


IDLE: Final = encode(SourceEvent(event="idle"))


class Heard(Protocol):
    """What is asked of the core."""

    stream: bool
    sources: Sources


class Hearing:
    """When each source that is watched was last heard; times are monotonic, in seconds."""

    def __init__(self) -> None:
        """Watch none."""
        self._heard: dict[str, float] = {}

    def begin(self, sources: Sources, at_s: float) -> None:
        """Watch those that were there before a restart: its absence is nobody's silence."""
        self._heard = {name: at_s for name, one in sources.clocks.items() if one.open}

    def heard(self, sources: Sources, name: str, at_s: float) -> None:
        """Watch a source from its first word on; one that left, or is called idle, is not watched."""
        clock = sources.clocks.get(name)
        if clock is not None and clock.open and not clock.idle:
            self._heard[name] = at_s
        else:
            self._heard.pop(name, None)

    def deaf(self, at_s: float) -> None:
        """The room takes nothing, or has not read it yet: what is silent is silent from here on."""
        self._heard = dict.fromkeys(self._heard, at_s)

    def silent(self, core: Heard, at_s: float, least_s: float) -> list[str]:
        """Give the sources that are to be called idle, again at each look until they are.

        Silent for `least_s`; on the wall clock also for as long as what they still send may be late.
        """
        found = []
        for name, heard_s in self._heard.items():
            clock = core.sources.clocks.get(name)
            late_us = clock.lateness_us if clock is not None and not core.stream else 0
            if at_s - heard_s > max(least_s, late_us / MICROS_PER_S):
                found.append(name)
        return found
