"""Last values, bands and short trails of all series as arrays.

One slot a series, so that a batch is one vectorised step.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from opsroom.index import potentiality_of
from opsroom.measuring import Shown, turned
from opsroom.model import MICROS_PER_S, QUALITY_GOOD, QUALITY_UNCERTAIN, Columns, Micros, Orientation, Series
from opsroom.spans import SPAN_S_MAX, span_us

if TYPE_CHECKING:
    from collections.abc import Iterable

TRAIL: Final = 60
NEVER: Final = np.iinfo(np.int64).min
MICROS_PER_MS: Final = 1_000
GREY_PERIODS: Final = 3
FIRST_SLOTS: Final = 64
KEPT: Final = ("id", "t", "v", "q", "written", "ring_t", "ring_v")

Point = tuple[int, float]


class Board:
    """Arrays over slots.

    `revision` marks in `rev`, `card_rev`, `flag_rev` (its alert) and `ring_rev` say when a slot last changed.
    """

    def __init__(self, grey_default_s: float) -> None:
        """Start without series.

        `grey_default_s` is the age at which a value without declared period is old.
        """
        self._grey_default_s = grey_default_s
        self.slot_of: dict[int, int] = {}
        self._sorted_ids: NDArray[np.int64] = np.empty(0, np.int64)
        self._sorted_slots: NDArray[np.int64] = np.empty(0, np.int64)
        self._series: list[Series] = []
        self._shown = Shown()
        self._make(FIRST_SLOTS)

    def _make(self, size: int) -> None:
        self.id = np.zeros(size, np.int64)
        self.unit = np.zeros(size, np.int64)
        self.t = np.full(size, NEVER, np.int64)
        self.v = np.full(size, np.nan)
        self.q = np.full(size, QUALITY_GOOD, np.int64)
        self.low = np.full(size, np.nan)
        self.high = np.full(size, np.nan)
        self.rev = np.zeros(size, np.int64)
        self.card_rev = np.zeros(size, np.int64)
        self.flag_rev = np.zeros(size, np.int64)
        self.written = np.zeros(size, np.int64)
        self.capability = np.full(size, np.nan)
        self.potentiality = np.full(size, np.nan)
        self.more = np.ones(size, np.bool_)
        self.period_us = np.full(size, -1, np.int64)
        self.grey_us = np.zeros(size, np.int64)
        self.ring_t = np.full((size, TRAIL), NEVER, np.int64)
        self.ring_v = np.full((size, TRAIL), np.nan)
        self.ring_rev = np.zeros((size, TRAIL), np.int64)

    def _grow(self, size: int) -> None:
        old = {name: value for name, value in vars(self).items() if isinstance(value, np.ndarray)}
        kept = {name: old.pop(name) for name in ("_sorted_ids", "_sorted_slots")}
        self._make(size)
        for name, array in old.items():
            getattr(self, name)[: len(array)] = array
        self.__dict__.update(kept)

    def __len__(self) -> int:
        """Give the number of series."""
        return len(self._series)

    def sync(self, series: Iterable[Series], revision: int) -> bool:
        """Take new and altered series; tell whether there were any."""
        changed = False
        for one in series:
            slot = self.slot_of.get(one.id)
            if slot is None:
                slot = self.slot_of[one.id] = len(self._series)
                self._series.append(one)
                if slot >= len(self.id):
                    self._grow(2 * len(self.id))
            elif self._series[slot] == one:
                continue
            self._turn(one)
            self._set(slot, one, revision)
            changed = True
        if changed:
            self._sorted_ids = np.sort(self.id[: len(self)])
            self._sorted_slots = np.argsort(self.id[: len(self)], kind="stable")
        return changed

    def _set(self, slot: int, series: Series, revision: int) -> None:
        self._series[slot] = series
        self.id[slot], self.unit[slot], self.card_rev[slot] = series.id, series.unit_id, revision
        period_us = span_us(series.period_s) if series.period_s and not series.aside else -1
        self.period_us[slot] = period_us
        self.grey_us[slot] = self.grey_s(series) * MICROS_PER_S
        indicator = series.indicator
        if indicator is None or indicator.capability is None:
            self.capability[slot] = self.potentiality[slot] = np.nan
            return
        self.more[slot] = indicator.orientation is Orientation.MORE_IS_BETTER
        self.capability[slot] = indicator.capability
        potentiality, _ = potentiality_of(indicator)
        self.potentiality[slot] = np.nan if potentiality is None else potentiality

    def _turn(self, series: Series) -> None:
        """Tell what is shown already in the unit that the series has from now on."""
        for series_id, before, way in self._shown.take([series]):
            slot = self.slot_of[series_id]
            for array in (self.v, self.low, self.high, self.ring_v):
                array[slot] = turned(array[slot], before, way)

    def grey_s(self, series: Series) -> float:
        """Age in seconds from which a value is shown as old: 3 declared periods, else the setting."""
        return GREY_PERIODS * min(series.period_s, SPAN_S_MAX) if series.period_s else self._grey_default_s

    def series(self, slot: int) -> Series:
        """Give the series in a slot."""
        return self._series[slot]

    def slots(self, ids: NDArray[Any]) -> NDArray[np.int64]:
        """Give the slots of series `ids`, -1 for unknown ones."""
        if not len(self._sorted_ids):
            return np.full(len(ids), -1, np.int64)
        at = np.minimum(np.searchsorted(self._sorted_ids, ids), len(self._sorted_ids) - 1)
        return np.where(self._sorted_ids[at] == ids, self._sorted_slots[at], -1)

    def put(self, columns: Columns, revision: int) -> bool:
        """Take readings as log and store keep them; tell whether any was news.

        Older ones than the last value are history, the store's matter.

        A second reading of the last instant replaces it. The trail keeps the newest 60 points a series.
        """
        columns = self._shown.of(columns)
        slots = self.slots(columns.series)
        known = slots >= 0
        known[known] = columns.t[known] >= self.t[slots[known]]
        if not known.any():
            return False
        s, t, v, q = slots[known], columns.t[known], columns.v[known], columns.q[known]
        if len(s) > 1:
            order = np.lexsort((t, s))
            s, t, v, q = s[order], t[order], v[order], q[order]
            last_of_instant = np.append((s[1:] != s[:-1]) | (t[1:] != t[:-1]), [True])
            s, t, v, q = s[last_of_instant], t[last_of_instant], v[last_of_instant], q[last_of_instant]
        again = t == self.t[s]
        self.written[s[again]] -= 1  # it takes the place of the point it replaces
        starts = np.flatnonzero(np.append([True], s[1:] != s[:-1]))
        counts = np.diff(np.append(starts, len(s)))
        within = np.arange(len(s)) - np.repeat(starts, counts)
        recent = np.repeat(counts, counts) - within <= TRAIL
        row, place = s[recent], ((self.written[s] + within) % TRAIL)[recent]
        self.ring_t[row, place], self.ring_v[row, place] = t[recent], v[recent]
        self.ring_rev[row, place] = revision
        last = starts + counts - 1
        touched = s[last]
        self.t[touched], self.v[touched], self.q[touched] = t[last], v[last], q[last]
        self.written[touched] += counts
        self.rev[touched] = revision
        return True

    def put_bands(self, ids: NDArray[Any], low: NDArray[Any], high: NDArray[Any], revision: int) -> bool:
        """Take expected bands (NaN = none); tell whether any moved."""
        slots = self.slots(ids)
        known = slots >= 0
        slots, low, high = slots[known], np.asarray(low, float)[known], np.asarray(high, float)[known]
        moved = ~(_equal(self.low[slots], low) & _equal(self.high[slots], high))
        if not moved.any():
            return False
        slots = slots[moved]
        self.low[slots], self.high[slots], self.rev[slots] = low[moved], high[moved], revision
        return True

    def trails(self, slots: NDArray[np.int64], since: int = -1) -> list[list[Point]]:
        """Give for each slot its points (ms, value) that came after revision `since`, oldest first."""
        written = self.written[slots, np.newaxis]
        nth = written - TRAIL + np.arange(TRAIL)
        row, place = slots[:, np.newaxis], nth % TRAIL
        wanted = (nth >= 0) & (self.ring_rev[row, place] > since)
        times = (self.ring_t[row, place][wanted] // MICROS_PER_MS).tolist()
        points = list(zip(times, self.ring_v[row, place][wanted].tolist(), strict=True))
        ends = np.cumsum(wanted.sum(axis=1)).tolist()
        return [points[start:end] for start, end in zip([0, *ends], ends, strict=False)]

    def values(self, slots: NDArray[np.int64]) -> dict[str, tuple[int | None, ...]]:
        """Give the last values by series id.

        Each is t (ms, None if never), v, low, high, q, productivity, performance.
        """
        productivity, _, performance = self.indices(slots)
        t = self.t[slots]
        columns: list[list[Any]] = [
            [None if at == NEVER else at // MICROS_PER_MS for at in t.tolist()],
            self.v[slots].tolist(),
            self.low[slots].tolist(),
            self.high[slots].tolist(),
            self.q[slots].tolist(),
            np.round(productivity, 4).tolist(),
            np.round(performance, 4).tolist(),
        ]
        keys = map(str, self.id[slots].tolist())
        return dict(zip(keys, zip(*columns, strict=True), strict=True))

    def indices(self, slots: NDArray[np.int64]) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
        """Give productivity, latency and performance of the last values (DOMAIN 1.4).

        NaN where undefined or the value is bad; never clipped.
        """
        act = np.where(self.q[slots] < QUALITY_UNCERTAIN, np.nan, self.v[slots])
        cap, pot, more = self.capability[slots], self.potentiality[slots], self.more[slots]
        productivity = _ratio(np.where(more, act, cap), np.where(more, cap, act))
        latency = _ratio(np.where(more, cap, pot), np.where(more, pot, cap))
        return productivity, latency, productivity * latency

    def dump(self) -> dict[str, Any]:
        """Give last values and trails of all series, for a mark."""
        n = len(self)
        return {name: getattr(self, name)[:n].tobytes() for name in KEPT}

    def restore(self, body: dict[str, Any]) -> None:
        """Take them for the series that are here, as the units of then show them."""
        ids = np.frombuffer(body["id"], np.int64)
        slots = self.slots(ids)
        for name in KEPT[1:]:
            own = getattr(self, name)
            own[slots] = np.frombuffer(body[name], own.dtype).reshape(len(ids), *own.shape[1:])

    def old(self, now: Micros) -> NDArray[np.bool_]:
        """Tell for each series whether its value is too old to be shown as live (or never came)."""
        n = len(self)
        return np.asarray((self.t[:n] == NEVER) | (now - np.maximum(self.t[:n], 0) > self.grey_us[:n]))


def _ratio(over: NDArray[Any], under: NDArray[Any]) -> NDArray[Any]:
    """Divide, NaN where the denominator is zero: an undefined index is not a zero."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(under == 0, np.nan, over / under)


def _equal(a: NDArray[Any], b: NDArray[Any]) -> NDArray[np.bool_]:
    """Compare, two NaN being the same."""
    return np.asarray((a == b) | (np.isnan(a) & np.isnan(b)))
