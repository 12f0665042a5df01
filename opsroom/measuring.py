"""A series told in another unit: how its values are turned, and its declared figures with them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from opsroom.errors import Invalid
from opsroom.model import Columns, Indicator, Series
from opsroom.units import Conversion, Conversions, conversion, conversions, read_unit


def shown_as(series: Series) -> Conversion | None:
    """Give how a value as it is kept becomes one in the series' unit; None where it is one."""
    return between(series.kept or series.unit, series.unit)


def between(given: str, wanted: str) -> Conversion | None:
    """Give how values are converted; None where nothing is known or nothing is to be done.

    A unit that was named or corrected later says what the values were all along.
    """
    try:
        return conversion(given, wanted)
    except Invalid:
        return None


def remeasured(series: Series, text: str) -> Series:
    """Give the series in another unit, with band, capability and potentiality converted along.

    Values that stand in log and store stay as they are. A unit that was not told or not verified is
    corrected: the figures are then what they were.

    Raises:
        Invalid: `unit_mismatch`: both units are known, and one cannot be converted to the other.
    """
    code, verified = read_unit(text)
    if code == series.unit:
        return series
    way = conversion(series.unit, code) if series.unit_verified and verified else None
    kept = series.kept or series.unit
    found = replace(series, unit=code, unit_verified=verified, kept="" if kept == code else kept)
    if way is None:
        return found
    return replace(found, band=_band(series.band, way), indicator=_indicator(series.indicator, way))


def _band(
    band: tuple[float | None, float | None] | None, way: Conversion
) -> tuple[float | None, float | None] | None:
    if band is None:
        return None
    low, high = (None if end is None else way.of(end) for end in band)
    return low, high


def _indicator(indicator: Indicator | None, way: Conversion) -> Indicator | None:
    if indicator is None:
        return None
    figures = {
        name: None if value is None else way.of(value)
        for name, value in (("capability", indicator.capability), ("potentiality", indicator.potentiality))
    }
    return replace(indicator, **figures)


class Shown:
    """Which series are kept in another unit than theirs; their readings are turned on the way in."""

    def __init__(self, ways: dict[int, Conversion] | None = None) -> None:
        """Take the ways by series id."""
        self.ways: dict[int, Conversion] = {}
        self._ids: NDArray[np.int64] = np.empty(0, np.int64)
        self._ways: Conversions | None = None
        if ways:
            self._set(ways)

    def take(self, series: Iterable[Series]) -> list[tuple[int, Conversion | None, Conversion | None]]:
        """Take new and altered series; gives (id, way before, way now) of those told another way."""
        turned = []
        for one in series:
            before, way = self.ways.get(one.id), shown_as(one)
            if before != way:
                turned.append((one.id, before, way))
        if turned:
            ways = self.ways | {series_id: way for series_id, _, way in turned if way is not None}
            gone = {series_id for series_id, _, way in turned if way is None}
            self._set({series_id: way for series_id, way in ways.items() if series_id not in gone})
        return turned

    def _set(self, ways: dict[int, Conversion]) -> None:
        self.ways = ways
        self._ids = np.array(sorted(ways), np.int64)
        self._ways = conversions([None, *(ways[one] for one in self._ids.tolist())]) if ways else None

    def of(self, columns: Columns) -> Columns:
        """Give readings in the units of their series; the same object where all are."""
        if self._ways is None or not len(columns):
            return columns
        v = self.turn(columns.series, columns.v)
        return columns if v is columns.v else Columns(columns.series, columns.t, v, columns.q)

    def turn(
        self, series: NDArray[Any], v: NDArray[np.float64], of: NDArray[Any] | float = 1.0
    ) -> NDArray[np.float64]:
        """Give values of these series, shape (n,), in their units; each `v` is the sum of `of` values."""
        if self._ways is None or not len(v):
            return v
        place = np.minimum(np.searchsorted(self._ids, series), len(self._ids) - 1)
        known = self._ids[place] == series
        if not known.any():
            return v
        times, plus, over = (factors[np.where(known, place + 1, 0)] for factors in self._ways)
        turned: NDArray[np.float64] = (v * times + plus * of) / over
        return turned


def turned(value: Any, before: Conversion | None, now: Conversion | None) -> Any:
    """Give what was told one way before as it is told now; each way comes from the unit that is kept."""
    kept = value if before is None else (value * before.over - before.plus) / before.times
    return kept if now is None else (kept * now.times + now.plus) / now.over
