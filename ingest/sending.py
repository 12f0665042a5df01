"""Instants of a connector as batches of a link: declared before they are first sent, equal kinds together."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from operator import attrgetter

import numpy as np

from ingest.connectors._rows import Instant
from ingest.link import Link, SeriesDeclared
from opsroom.model import QUALITY_GOOD


class LinkSink:
    """Puts instants into a link's outbox."""

    def __init__(self, link: Link, *, historical: bool = False) -> None:
        """Send through `link`; `historical` makes all of it history."""
        self.link = link
        self.newest: int | None = None
        self.series: dict[str, SeriesDeclared] = {}
        self._historical = historical

    async def take(self, instants: Sequence[Instant]) -> int:
        """Send instants, history and the rest in batches of their own; gives the number of the last batch.

        Raises:
            LinkError: the room will not take this sender.
            StoreError: the outbox cannot be written.
        """
        await self._declare(instants)
        seq = 0
        for historical, some in groupby(instants, key=attrgetter("historical")):
            seq = await self._send(list(some), historical=historical or self._historical)
        return seq

    def stored(self) -> int:
        """Give the number of the last batch that the room has stored."""
        return self.link.stats.stored_seq

    async def _send(self, instants: list[Instant], *, historical: bool) -> int:
        names = [name for instant in instants for name in instant.names]
        values = [value for instant in instants for value in instant.values]
        lengths = [len(instant.names) for instant in instants]
        t = np.repeat(np.array([instant.t for instant in instants], np.int64), lengths)
        quality = None
        if any(instant.quality is not None for instant in instants):
            quality = [q for one in instants for q in (one.quality or [QUALITY_GOOD] * len(one.names))]
        self.newest = max(self.newest or 0, int(t.max()))
        at = int(t[0]) if len(instants) == 1 else t
        return await self.link.send(names, at, values, quality, historical=historical)

    async def _declare(self, instants: Sequence[Instant]) -> None:
        """Declare units and periods of series not seen before, or that tell another unit now."""
        is_new = False
        for instant in instants:
            for name, unit, period in zip(instant.names, instant.units, instant.periods, strict=True):
                known = self.series.get(name)
                if known is None or (unit and unit != known.unit):
                    self.series[name] = SeriesDeclared(name, unit=unit, period_s=period)
                    is_new = True
        if is_new:
            # A declaration replaces the one before it.
            await self.link.declare(list(self.series.values()))
