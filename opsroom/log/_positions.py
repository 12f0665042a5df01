"""Where each source stands: the rule that makes a batch sent twice count once."""

from __future__ import annotations

from collections.abc import Sequence

from opsroom.errors import Conflict
from opsroom.records import Entry, RecordKind, SourceState

_POSITIONED = frozenset({RecordKind.READINGS, RecordKind.SOURCE})
NOWHERE = SourceState()


class Positions:
    """Epoch and stored seq of every source, with changes staged until they are durable."""

    def __init__(self, known: dict[str, SourceState] | None = None) -> None:
        self.known = known if known is not None else {}
        self.staged: dict[str, SourceState] = {}

    def at(self, source: str) -> SourceState:
        """Give the durable position."""
        return self.known.get(source, NOWHERE)

    def count(self, prefix: str) -> int:
        """Count the sources whose names begin so; they are added to in another thread."""
        return sum(name.startswith(prefix) for name in list(self.known))

    def fresh(self, entries: Sequence[Entry]) -> list[Entry]:
        """Give the entries that are not stored yet and stage their positions; all or none.

        Raises:
            Conflict: an entry of an epoch that is over.
        """
        moved: dict[str, SourceState] = {}
        kept = []
        for entry in entries:
            if not entry.seq or not entry.source or entry.kind not in _POSITIONED:
                kept.append(entry)
                continue
            stands = moved.get(entry.source) or self.staged.get(entry.source) or self.at(entry.source)
            if entry.epoch < stands.epoch:
                raise Conflict(
                    f"Epoch {entry.epoch} of {entry.source} is over; it is at {stands.epoch}.",
                    remedy="Say hello without an epoch to start a new one.",
                    code="epoch_old",
                    source=entry.source,
                    epoch=stands.epoch,
                )
            if entry.epoch > stands.epoch or entry.seq > stands.stored_seq:
                moved[entry.source] = SourceState(entry.epoch, entry.seq)
                kept.append(entry)
        self.staged.update(moved)
        return kept

    def begin_epoch(self, source: str) -> int:
        """Stage the next epoch of `source` and give it."""
        stands = self.staged.get(source) or self.at(source)
        self.staged[source] = SourceState(stands.epoch + 1, 0)
        return stands.epoch + 1

    def keep(self) -> None:
        """What was staged is durable."""
        self.known.update(self.staged)
        self.staged = {}

    def drop(self) -> None:
        """What was staged did not happen."""
        self.staged = {}
