"""What connectors give, how they read times, and the report of what is wrong with a source."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from opsroom.errors import Invalid
from opsroom.model import MICROS_PER_S

DEFECTS_KEPT_MAX: Final = 1_000
TEXT_CHARS: Final = 200
HALF_HOUR_S: Final = 1800
EPOCH_S_MAX: Final = 1e11  # A greater number is milliseconds: as seconds it would be the year 5138.
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SPOKEN: Final = re.compile(
    r"^(\d{1,2})([./-])(\d{1,2})\2(\d{4})(?:[ T]+(\d{1,2}):(\d{2})(?::(\d{2})(\.\d{1,6})?)?)?$"
)


class Instant(NamedTuple):
    """Readings of one event time, parallel lists.

    `t` int us UTC, names relative to the source's node, unit text, period in s, `quality` OPC's byte (None:
    all good; a value None is bad by itself). `historical` readings never move live values. A `standing`
    instant says what holds now: where the series has a later reading already it is moved right behind it.
    `lines` are the lines of each in its file, empty where the source has none.
    """

    t: int
    names: list[str]
    values: list[float | None]
    units: list[str]
    periods: list[float | None]
    quality: list[int] | None = None
    historical: bool = False
    standing: bool = False
    lines: Sequence[int] = ()


class Defect(msgspec.Struct, frozen=True):
    """Something wrong with line `line` (from 1, the head line counts)."""

    line: int
    code: str
    text: str


class Report(msgspec.Struct):
    """What reading a source found: counts by defect code, the first thousand defects with their lines.

    And what would be fed. `refused` readings are among the defects: the source is in order, a room would not
    take them. `unknown` series are in no tree; `share` is how much of a file is read, 0 to 1, None where
    nobody knows.
    """

    rows: int = 0
    readings: int = 0
    first: int | None = None
    last: int | None = None
    series: dict[str, int] = {}
    counts: Counter[str] = msgspec.field(default_factory=Counter)
    defects: list[Defect] = []
    refused: int = 0
    unknown: list[str] = []
    share: float | None = None

    def note(self, line: int, code: str, text: str = "") -> None:
        """Count a defect, and keep it while there is room."""
        self.counts[code] += 1
        if len(self.defects) < DEFECTS_KEPT_MAX:
            self.defects.append(Defect(line, code, text[:TEXT_CHARS]))

    def refuse(self, line: int, code: str, text: str) -> None:
        """Count a reading that a room would refuse."""
        self.refused += 1
        self.note(line, code, text)

    def take(self, instant: Instant) -> None:
        """Count what an instant brings."""
        self.readings += len(instant.names)
        self.first = instant.t if self.first is None else min(self.first, instant.t)
        self.last = instant.t if self.last is None else max(self.last, instant.t)
        for name in instant.names:
            self.series[name] = self.series.get(name, 0) + 1


def time_zone(name: str) -> tzinfo:
    """Give the IANA zone `name`.

    Raises:
        Invalid: no such zone.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise Invalid(
            f"No time zone {name!r}.", remedy="Use an IANA name such as Europe/Berlin.", field="tz"
        ) from error


class Times:
    """Times as text to int microseconds UTC, in the order of a file.

    ISO 8601 and RFC 3339, `31.12.2023 23:00`, `12/31/2023`, epoch seconds or milliseconds. A time without
    offset is read in `zone`; in
    the hour that a clock shows twice the second showing is meant once the file has passed the first.
    """

    def __init__(self, zone: tzinfo, *, day_first: bool = False) -> None:
        """Read times without offset in `zone`; `day_first` also where slashes or dashes stand between."""
        self._zone = zone
        self._day_first = day_first
        self._last = 0
        self._known: tuple[str, int] = ("", 0)

    def read(self, text: str) -> int:
        """Give the time of `text`.

        Raises:
            ValueError: it is none.

        >>> Times(UTC).read("31.12.2023 23:00") == Times(UTC).read("2023-12-31T23:00:00Z") == Times(UTC).read(
        ...     "1704063600"
        ... )
        True
        """
        if text == self._known[0]:
            return self._known[1]
        t = self._parse(text.strip())
        self._known, self._last = (text, t), t
        return t

    def _parse(self, text: str) -> int:
        try:
            number = float(text)
        except ValueError:
            return self._local(self._moment(text))
        if not abs(number) < EPOCH_S_MAX * 1000:
            raise ValueError(text)
        return round(number * (MICROS_PER_S if abs(number) < EPOCH_S_MAX else 1000))

    def _moment(self, text: str) -> datetime:
        spoken = _SPOKEN.match(text)
        if spoken is None:
            return datetime.fromisoformat(text)
        first, sign, second, year, hour, minute, seconds, fraction = spoken.groups()
        day, month = (first, second) if sign == "." or self._day_first else (second, first)
        clock = (int(hour or 0), int(minute or 0), int(seconds or 0))
        moment = datetime(int(year), int(month), int(day), *clock, tzinfo=UTC).replace(tzinfo=None)
        return moment + timedelta(seconds=float(fraction or 0))

    def _local(self, moment: datetime) -> int:
        if moment.tzinfo is not None:
            return _micros(moment)
        t = _micros(moment.replace(tzinfo=self._zone))
        # Going back by more than half an hour and less than two: the clock was set back, this is its second
        # showing.
        back_s = (self._last - t) / MICROS_PER_S
        if HALF_HOUR_S <= back_s < 4 * HALF_HOUR_S:
            later = _micros(moment.replace(tzinfo=self._zone, fold=1))
            return later if later > self._last else t
        return t


def _micros(moment: datetime) -> int:
    whole = moment - _EPOCH
    return (whole.days * 86_400 + whole.seconds) * MICROS_PER_S + whole.microseconds
