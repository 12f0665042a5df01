"""The newest good reading of every series: what a decision and its follow-up are measured by."""

from __future__ import annotations

from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from opsroom.decision import Measured
from opsroom.index import triple
from opsroom.measuring import turned
from opsroom.model import Columns, Series
from opsroom.units import Conversion

NEVER: Final = -(1 << 62)
QUALITY_LEAST: Final = 64
"""Readings of lower quality are bad (OPC UA) and measure nothing, as in detection."""


class Latest:
    """Event time and value by series id: 16 bytes for each id up to the greatest."""

    def __init__(self) -> None:
        """Start with none."""
        self._t: NDArray[np.int64] = np.empty(0, np.int64)
        self._v: NDArray[np.float64] = np.empty(0)

    def take(self, columns: Columns) -> None:
        """Take readings in order of event time, as detection gets them."""
        good = (columns.q >= QUALITY_LEAST) & np.isfinite(columns.v)
        series = columns.series[good]
        if not len(series):
            return
        top = int(series.max())
        if top >= len(self._t):
            more = max(2 * len(self._t), top + 1) - len(self._t)
            self._t = np.concatenate([self._t, np.full(more, NEVER, np.int64)])
            self._v = np.concatenate([self._v, np.zeros(more)])
        # In order of time, so the last write of an index is its newest reading.
        self._t[series], self._v[series] = columns.t[good], columns.v[good]

    def turn(self, series_id: int, before: Conversion | None, way: Conversion | None) -> None:
        """Take that values of a series are told another way from now on."""
        if series_id < len(self._v):
            self._v[series_id] = turned(self._v[series_id], before, way)

    def measured(self, series: Series) -> Measured:
        """Give the newest reading, and what its indicator makes of it."""
        if series.id >= len(self._t) or self._t[series.id] == NEVER:
            return Measured()
        value = float(self._v[series.id])
        productivity = None if series.indicator is None else triple(value, series.indicator).productivity
        return Measured(value=value, at=int(self._t[series.id]), productivity=productivity)

    def dump(self) -> bytes:
        """Give the whole state; `load` reads it."""
        return msgspec.msgpack.encode((self._t.tobytes(), self._v.tobytes()))

    @classmethod
    def load(cls, blob: bytes) -> Latest:
        """Read what `dump` gave; nothing is known of a snapshot of before (empty)."""
        latest = cls()
        if blob:
            t, v = msgspec.msgpack.decode(blob, type=tuple[bytes, bytes])
            latest._t, latest._v = np.frombuffer(t, np.int64).copy(), np.frombuffer(v).copy()
        return latest
