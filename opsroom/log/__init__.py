"""The one log: readings, acts, configuration and ticks in one order, durable before they are acknowledged.

An engine is a module here, found by the scheme of its URL: `memory://`, `sqlite:///path/log.db`. What the
room needs of any engine is declared below; `tests/conformance/test_log.py` holds every engine to it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from opsroom.errors import Corrupt, SettingsError
from opsroom.registry import survey
from opsroom.settings import Limits

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from opsroom.model import Refusal
    from opsroom.records import Entry, Record, SourceState


class LogWriter(Protocol):
    """The side that acknowledgements wait for."""

    async def append(self, entries: Sequence[Entry], *, urgent: bool = False) -> int:
        """Store `entries` as one, whole or not at all, and give the offset at which all of them are durable.

        A READINGS or SOURCE entry whose (source, epoch, seq) is stored already is ignored; the others of the
        call are not. Waits while `Limits.inflight_bytes` are on their way. `urgent` goes ahead of what waits
        and has room of its own.

        Raises:
            StoreFull: no space; nothing of this call was stored.
            StoreError: the disk refused, or the log is closed; nothing of this call was stored.
            Conflict: code `epoch_old`: an entry of an epoch before the current one of its source.
        """
        ...

    async def new_epoch(self, source: str) -> int:
        """Start the next epoch of `source` (1, 2, ...) at seq 0, durable when given."""
        ...

    @property
    def is_full(self) -> bool:
        """Whether readings are refused for want of space; acts and ticks have a reserve of their own."""
        ...

    def trim(self, upto: int) -> None:
        """Let READINGS and TICK at or below `upto` go in small slices between commits; all else stays."""
        ...

    def close(self) -> None:
        """Finish what was accepted and let the files go. A second call does nothing."""
        ...


class LogReader(Protocol):
    """The side that the room follows."""

    @property
    def last_offset(self) -> int:
        """Offset of the newest durable record, 0 where there is none. Never goes back."""
        ...

    @property
    def damaged(self) -> int:
        """How many records or transactions were found damaged since the log was opened."""
        ...

    @property
    def trimmed(self) -> int:
        """Offset up to which READINGS and TICK were let go."""
        ...

    def read(self, after: int, limit: int = 1024) -> list[Record]:
        """Give up to `limit` durable records with offset > `after`, in order; recent ones come from memory.

        Raises:
            Corrupt: the next record does not match its checksum; `params["offset"]` names it. Those before
            it are given first.
        """
        ...

    async def wait(self, after: int) -> None:
        """Return once `last_offset` > `after`."""
        ...


class LogSources(Protocol):
    """What a plant that comes back asks."""

    def source(self, source: str) -> SourceState:
        """Give the durable position of `source`; epoch 0 for an unknown one."""
        ...

    def count_sources(self, prefix: str) -> int:
        """Count the sources with a position whose names begin so."""
        ...

    def refusals(self, source: str, epoch: int, seq: int) -> tuple[Refusal, ...]:
        """Give what was refused of that batch (bounded history: the latest 100,000 batches with refusals)."""
        ...


class Log(LogWriter, LogReader, LogSources, Protocol):
    """All three sides."""


def open_log(url: str, limits: Limits | None = None, group_commit_ms: float = 2.0) -> Log:
    """Open the log at `url` with the engine that its scheme names; the folder is made where it is missing.

    Raises:
        SettingsError: no engine of that name.
        Corrupt: the file is not a log, or of a later format.
    """
    scheme = url.partition(":")[0].partition("+")[0]
    engines = survey(__name__, having="open_log", wanted=scheme).modules
    if scheme not in engines:
        raise SettingsError(
            f"No log engine {scheme!r}.",
            remedy=f"Use one of: {', '.join(engines)}.",
            key="log.url",
            engine=scheme,
        )
    log: Log = engines[scheme].open_log(url, limits or Limits(), group_commit_ms)
    return log


def readable(log: LogReader, after: int) -> Iterator[Record]:
    """Give every durable record behind `after` that can be read; damaged ones are passed over and counted."""
    while True:
        try:
            records = log.read(after)
        except Corrupt as error:
            if "offset" not in error.params:
                raise
            after = error.params["offset"]
            continue
        if not records:
            return
        yield from records
        after = records[-1].offset
