"""Detectors learn from stored readings: after a change of their state's version.

And from historical readings. Pure but for the reads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opsroom.model import MICROS_PER_S, Columns

if TYPE_CHECKING:
    from opsroom.core import Core
    from opsroom.store import Store

WARMUP_S: Final = 14 * 86_400
SLICE_S: Final = 3_600


def warm(core: Core, store: Store) -> None:
    """Feed the last `WARMUP_S` of stored readings to the detectors in order of event time.

    What they find is not news.
    """
    for series_id in list(core.catalog.series):
        last = store.readings.read(series_id, 0, core.now + 1, 1)
        if not len(last):
            continue
        columns = store.readings.read(series_id, core.now - WARMUP_S * MICROS_PER_S, core.now + 1)
        if len(columns):
            core.detectors, _ = core.engine.step(core.detectors, core.now, columns)


__all__ = ["Columns", "warm"]
