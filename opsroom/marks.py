"""Marks: states from which the room can be seen again as it was known, and how far back the log is kept.

A mark is a snapshot with what screens showed beside it. The log keeps all its records behind the oldest mark;
marks go, oldest first, when they are older than `replay.keep_s`, or when marks and log together are larger
than `replay.keep_bytes`. They stand among the snapshots in a fixed number of slots, named by an index.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

import msgspec
import structlog

from opsroom.errors import Corrupt, NotFound
from opsroom.model import Micros

if TYPE_CHECKING:
    from collections.abc import Callable

    from opsroom.parts import Part, Parts
    from opsroom.records import Record
    from opsroom.section import ReplaySection

SLOTS: Final = 96
VERSION: Final = 1
INDEX: Final = "marks"
RECORD_BYTES: Final = 60
"""What a record takes in the log besides its payload."""
MICROS_PER_S: Final = 1_000_000
MICROS_PER_MS: Final = 1_000

_logger = structlog.get_logger("opsroom.marks")


class Rows(Protocol):
    """The store's snapshots."""

    def save(self, name: str, version: int, offset: int, *parts: Part) -> None:
        """Replace the snapshot `name`."""
        ...

    def load(self, name: str) -> tuple[int, int, bytes] | None:
        """Give (version, offset, blob), or None."""
        ...


class Mark(msgspec.Struct, frozen=True):
    """One mark: the state behind the log's record `offset`, at room time `now`.

    `size` are its bytes, `logged` those of the log up to it.
    """

    slot: int
    offset: int
    now: Micros
    size: int
    logged: int


_index = msgspec.msgpack.Decoder(tuple[list[Mark], int])


class Marks:
    """All marks, oldest first. The loop asks when one is due; the compactor's thread writes it."""

    def __init__(self, settings: ReplaySection, rows: Rows) -> None:
        """Start without any; `load` reads those of the run before."""
        self._settings = settings
        self._rows = rows
        self._kept: list[Mark] = []
        self._logged = 0
        self._due_s = float("-inf")
        self._last_size = 0

    def load(self, version: int, trimmed: int) -> None:
        """Take up those of the run before, as far as the settings of today keep them.

        Not those that another version of the room's state wrote, nor those behind which the log is let go up
        to `trimmed`: a run may have kept none. Nothing is written: a full disk holds no log up either.
        """
        try:
            found = self._rows.load(INDEX)
        except Corrupt:  # a replay less; the room itself needs none
            found = None
        if found is None or found[0] != _stamp(version):
            return
        kept, self._logged = _index.decode(found[2])
        kept = [one for one in kept if one.offset >= trimmed]
        self._kept = self._within(kept, kept[-1].now) if kept and self._settings.keep_s else []

    def count(self, record: Record) -> None:
        """Note how much the log grew."""
        self._logged += len(record.payload) + RECORD_BYTES

    def due(self, at_s: float) -> bool:
        """Say whether the state is to be marked at `at_s` (monotonic); large states are marked less often."""
        if not self._settings.keep_s or at_s < self._due_s:
            return False
        grown = self._logged - (self._kept[-1].logged if self._kept else self._logged)
        if self._kept and self._last_size > self._settings.keep_bytes // 4 > grown:
            return False
        self._due_s = at_s + self._settings.mark_every_s
        return True

    def keep(self, version: int, offset: int, now: Micros, make: Callable[[], Parts]) -> None:
        """Write a mark and let those go that are too old or too much.

        Raises:
            StoreError: the store refused; those before stay.
        """
        if self._kept and self._kept[-1].offset >= offset:
            return
        parts = make()
        self._last_size = parts.size
        taken = {one.slot for one in self._kept}
        slot = next((one for one in range(SLOTS) if one not in taken), None)
        if slot is None:
            slot = self._kept.pop(0).slot
        self._rows.save(_name(slot), _stamp(version), offset, *parts)
        kept = self._within([*self._kept, Mark(slot, offset, now, parts.size, self._logged)], now)
        self._rows.save(INDEX, _stamp(version), offset, msgspec.msgpack.encode((kept, self._logged)))
        self._kept = kept

    def _within(self, kept: list[Mark], now: Micros) -> list[Mark]:
        """Drop the oldest while the next reaches back far enough, or all together are too large."""
        oldest = now - round(self._settings.keep_s * MICROS_PER_S)
        while kept:
            size = sum(one.size for one in kept) + kept[-1].logged - kept[0].logged
            aged = len(kept) > 1 and kept[1].now <= oldest
            if not aged and size <= self._settings.keep_bytes:
                break
            kept = kept[1:]
        return kept

    def floor(self, offset: int) -> int:
        """Give up to where the log may be trimmed, at most `offset`."""
        return min(offset, self._kept[0].offset) if self._kept else offset

    @property
    def reaches(self) -> Micros | None:
        """Room time of the oldest mark, None where there is none."""
        return self._kept[0].now if self._kept else None

    def before(self, at: Micros, version: int) -> tuple[Mark, bytes]:
        """Give the newest mark at or before `at` with its body.

        Raises:
            NotFound: `replay_too_far`: there is none; `params["reaches"]` is the oldest that there is, in ms.
        """
        for mark in reversed(list(self._kept)):
            if mark.now <= at:
                try:
                    found = self._rows.load(_name(mark.slot))
                except Corrupt as damage:  # the one before it reaches further back, and plays longer
                    _logger.warning("mark_damaged", **damage.params)
                    continue
                if found is not None and found[:2] == (_stamp(version), mark.offset):
                    return mark, found[2]
        raise self.too_far()

    def too_far(self) -> NotFound:
        """Give the error that says how far back the room can be seen."""
        reaches = self.reaches
        return NotFound(
            "The room can no longer be seen as of then.",
            remedy="Choose a later time, or keep more: replay.keep_s and replay.keep_bytes.",
            code="replay_too_far",
            reaches=None if reaches is None else -(-reaches // MICROS_PER_MS),
        )


def _name(slot: int) -> str:
    return f"mark-{slot}"


def _stamp(version: int) -> int:
    """Give one number for the version of the state and that of a mark around it."""
    return version * 1_000 + VERSION
