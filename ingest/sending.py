"""Instants of a connector as batches of a link: declared before they are first sent, equal kinds together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Final

import numpy as np

from ingest.batches import packed
from ingest.connectors._rows import Instant
from ingest.link import Link, SeriesDeclared
from opsroom.model import QUALITY_GOOD

BATCH_READINGS: Final = 2_048
"""Readings of one batch: far below what a room takes, so that acks come often."""


class LinkSink:
    """Puts instants into a link's outbox."""

    def __init__(self, link: Link, *, historical: bool = False) -> None:
        """Send through `link`; `historical` makes all of it history."""
        self.link = link
        self.series: dict[str, SeriesDeclared] = {}
        self._fresh: dict[str, SeriesDeclared] = {}
        self._historical = historical

    async def take(self, instants: Sequence[Instant]) -> int:
        """Send instants, history and the rest in batches of their own; gives the number of the last batch.

        Raises:
            LinkError: the room will not take this sender.
            StoreError: the outbox cannot be written.
        """
        seq = 0
        for body, readings in self._packed(instants):
            seq = await self.link.send_packed(body, readings)
        return seq

    def keep(self, instants: Sequence[Instant]) -> int:
        """Put instants into the outbox, whatever the link is doing; gives the number of the last batch.

        Raises:
            StoreError: the outbox cannot be written.
        """
        seq = 0
        for body, readings in self._packed(instants):
            seq = self.link.keep(body, readings)
        return seq

    def stored(self) -> int:
        """Give the number of the last batch that the room has stored."""
        return self.link.stats.stored_seq

    def _packed(self, instants: Sequence[Instant]) -> Iterator[tuple[bytes, int]]:
        """Pack instants; where a series tells another unit, what stands before is packed and put first."""
        begin = 0
        for at, instant in enumerate(instants):
            news = {
                name: SeriesDeclared(name, unit=unit, period_s=period)
                for name, unit, period in zip(instant.names, instant.units, instant.periods, strict=True)
                if (known := self.series.get(name)) is None or (unit and unit != known.unit)
            }
            if not self.series.keys().isdisjoint(news):
                yield from self._declared(instants[begin:at])
                begin = at
            self.series.update(news)
            self._fresh.update(news)
        yield from self._declared(instants[begin:])

    def _declared(self, instants: Sequence[Instant]) -> Iterator[tuple[bytes, int]]:
        """Declare what is new, and pack instants that are read in it."""
        fresh, self._fresh = self._fresh, {}
        if fresh:
            self.link.keep_declared(list(fresh.values()))
        for historical, some in groupby(instants, key=attrgetter("historical")):
            yield from self._batches(list(some), historical=historical or self._historical)

    def _batches(self, instants: list[Instant], *, historical: bool) -> Iterator[tuple[bytes, int]]:
        """Pack instants; what came in one burst goes in batches of `BATCH_READINGS`."""
        names = [name for instant in instants for name in instant.names]
        values = [value for instant in instants for value in instant.values]
        lengths = [len(instant.names) for instant in instants]
        t = np.repeat(np.array([instant.t for instant in instants], np.int64), lengths)
        quality = None
        if any(instant.quality is not None for instant in instants):
            quality = [q for one in instants for q in (one.quality or [QUALITY_GOOD] * len(one.names))]
        for begin in range(0, len(names), BATCH_READINGS):
            some = slice(begin, begin + BATCH_READINGS)
            at = int(t[0]) if len(instants) == 1 else t[some]
            q = None if quality is None else quality[some]
            yield packed(names[some], at, values[some], q, historical=historical)
