"""Single readings to batches: what a program says one by one travels by the thousand."""

from __future__ import annotations

import math
import threading
from datetime import datetime
from itertools import groupby
from typing import Any, Final, NamedTuple

import numpy as np

from ingest import batches
from ingest.codes import remedy, says
from ingest.times import micros
from ingest.wire import SeriesDeclared
from opsroom.errors import Invalid
from opsroom.model import QUALITY_BAD, QUALITY_GOOD

INT_EXACT: Final = 2**53


class Reading(NamedTuple):
    """A reading on its way into a batch."""

    name: str
    t_ms: int
    value: float
    quality: int
    is_historical: bool


class Gathered(NamedTuple):
    """What has come together: the declarations first, then the readings, in the order they were given."""

    declared: list[SeriesDeclared]
    readings: list[Reading]

    def stretches(self) -> list[list[Reading]]:
        """Give the readings of each batch: all of them, cut where live and historical ones meet."""
        return [list(some) for _, some in groupby(self.readings, key=lambda one: one.is_historical)]


class Gather:
    """Readings that wait to become a batch. Any thread may add, one takes."""

    def __init__(self, batch_readings: int) -> None:
        """Hold `batch_readings` at most; a reading beyond them is refused until somebody took them."""
        self.batch_readings = batch_readings
        self._lock = threading.Lock()
        self._known: dict[str, SeriesDeclared] = {}
        self._fresh: list[SeriesDeclared] = []
        self._readings: list[Reading] = []
        self._now_ms: dict[str, int] = {}

    def __len__(self) -> int:
        """Count the readings that wait."""
        return len(self._readings)

    def declare(self, name: str, unit: str, period_s: float | None) -> bool:
        """Note unit and period of a series; False where both are known already. Empty ones alter nothing.

        Raises:
            Invalid: `unit_changed`: the series was given another unit before.
        """
        with self._lock:
            known = self._known.get(name)
            if known is None:
                known = SeriesDeclared(name)
            elif unit and known.unit and unit != known.unit:
                raise Invalid(
                    f"{name} was sent in {known.unit}, now in {unit}.",
                    remedy="Send one unit a series; another one may be told from the next start on.",
                    code="unit_changed",
                    field="unit",
                )
            told = SeriesDeclared(name, unit=unit or known.unit, period_s=period_s or known.period_s)
            if told == known:
                return False
            self._known[name] = told
            self._fresh = [*(one for one in self._fresh if one.name != name), told]
            return True

    def add(
        self,
        name: str,
        t_us: int,
        value: float | None,
        quality: int | None,
        *,
        historical: bool,
        is_now: bool = False,
    ) -> int:
        """Take a reading; gives how many wait now, 0 where there is no room for it.

        `is_now`: its time is that of the call. Several of a series within a millisecond are set a millisecond
        apart, as the second reading of one instant would take the place of the first.

        Raises:
            Invalid: the value is no number or cannot be kept exactly.
        """
        v, q = _checked(value, quality)
        t_ms = t_us // 1_000
        with self._lock:
            if len(self._readings) >= self.batch_readings:
                return 0
            if is_now:
                t_ms = self._now_ms[name] = max(t_ms, self._now_ms.get(name, 0) + 1)
            self._readings.append(Reading(name, t_ms, v, q, historical))
            return len(self._readings)

    def take(self) -> Gathered:
        """Give what waits, and let it go."""
        with self._lock:
            taken = Gathered(self._fresh, self._readings)
            self._fresh, self._readings = [], []
        return taken

    def put_back(self, taken: Gathered) -> None:
        """Take back what could not be kept, in front of what came since."""
        with self._lock:
            newer = {one.name for one in self._fresh}
            self._fresh = [*(one for one in taken.declared if one.name not in newer), *self._fresh]
            self._readings = [*taken.readings, *self._readings]


def time_us(at: datetime | str | float | None, now: int) -> int:
    """Read what a program says of a time (datetime, RFC 3339, epoch ms, None = `now`) as int us UTC.

    Raises:
        Invalid: `time_invalid`: it is none, or has no offset from UTC.
    """
    if at is None:
        return now
    if isinstance(at, datetime):
        found = None if at.tzinfo is None else micros(at.isoformat())
    else:
        found = micros(at)
    if found is None:
        raise Invalid(
            f"{at!r} is no instant.",
            remedy="Give a datetime with a time zone, RFC 3339 with an offset, or epoch milliseconds.",
            code="time_invalid",
            field="at",
        )
    return found


def _checked(value: Any, quality: int | None) -> tuple[float, int]:
    """Give value and quality as they travel; what is missing (None, NaN, infinite) is bad."""
    if value is None:
        return math.nan, QUALITY_BAD
    if isinstance(value, int) and abs(value) > INT_EXACT:
        raise Invalid(says("value_too_large", {}), remedy=remedy("value_too_large"), code="value_too_large")
    try:
        number = float(value)
    except (TypeError, ValueError) as error:
        code = "value_not_number"
        raise Invalid(f"{value!r} is no number.", remedy=remedy(code), code=code, field="value") from error
    if not math.isfinite(number):
        return math.nan, QUALITY_BAD
    return number, QUALITY_GOOD if quality is None else quality


def pack(readings: list[Reading]) -> bytes:
    """Pack readings of one stretch: one instant, one series or both apart, whichever is shorter."""
    names = [one.name for one in readings]
    times = [one.t_ms for one in readings]
    qualities = [one.quality for one in readings]
    is_one_series = len(set(names)) == 1
    return batches.pack(
        names[0] if is_one_series else names,
        times[0] if len(set(times)) == 1 and not is_one_series else np.array(times, np.int64),
        np.array([one.value for one in readings], np.float64),
        None if all(q == QUALITY_GOOD for q in qualities) else np.array(qualities, np.uint8),
        historical=readings[0].is_historical,
    )
