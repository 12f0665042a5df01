"""Detectors learn anew from stored readings after their state changed its version."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opsroom.model import MICROS_PER_S, Columns

if TYPE_CHECKING:
    from opsroom.core import Core
    from opsroom.store import Store

WARMUP_S: Final = 14 * 86_400
SLICE_S: Final = 6 * 3_600


def warm(core: Core, store: Store) -> None:
    """Tell the detectors of all series, and teach them the last `WARMUP_S` before the core's now.

    All series together in order of event time.

    In slices of `SLICE_S`, so that memory holds one slice of all series and not the fortnight.
    """
    core.configure(list(core.catalog.series.values()))
    end = core.now + 1
    for start in range(end - WARMUP_S * MICROS_PER_S, end, SLICE_S * MICROS_PER_S):
        until = min(end, start + SLICE_S * MICROS_PER_S)
        parts = [store.readings.read(series_id, start, until) for series_id in core.catalog.series]
        core.learn(Columns.concat([part for part in parts if len(part)]))
