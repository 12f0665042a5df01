"""What every source feeds, counted as it comes in: how much, how late, what was refused, whose clock is off.

The gateway and the doors count, the screens read; nothing here waits or reads a clock, and nothing of it is
kept: a room that starts anew knows the names of its sources again (`recall`) and counts from there.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

import msgspec
import numpy as np

from opsroom.model import MICROS_PER_S
from opsroom.spans import span_us

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from numpy.typing import NDArray

    from opsroom.model import Columns, Micros

FEEDS_MAX: Final = 20_000
"""Sources remembered; those that left go first."""
RATE_S: Final = 10.0
CLOCK_WINDOW_US: Final = 30 * MICROS_PER_S
CLOCK_OFF_S: Final = 5.0
"""As the client's own warning: more than a slow handshake feigns."""
LATE_SHARE: Final = 0.05
REFUSED_FOR_US: Final = 300 * MICROS_PER_S
"""How long a refusal counts as a fault of today."""
SILENT_GAPS: Final = 3
SILENT_US_MIN: Final = 2 * MICROS_PER_S
CODES_MAX: Final = 20
POSTED: Final = frozenset({"influx", "prometheus", "collectd"})
"""Doors without a connection that stands: a sender there is judged by when it last came."""
FAULTS: Final = ("lost", "silent", "refused", "held", "clock", "late")
"""What may be wrong with a source, worst first."""


class Held(NamedTuple):
    """What a connection has on its way, and whether it is given credit."""

    queued_bytes: int
    withheld: bool


class Outlet(Protocol):
    """A connection that can be asked."""

    def held(self) -> Held:
        """Give what waits of it."""
        ...


class Refused(msgspec.Struct):
    """Refusals of one code: how many, when last, and the last one's particulars."""

    code: str
    n: int = 0
    at: Micros = 0
    series: str = ""
    params: dict[str, Any] = {}


class Feed(msgspec.Struct):
    """One source. Times are int us of the room's clock, 0 for never; `newest` is an event time."""

    number: int
    key: str
    unit_id: int
    name: str
    door: str
    since: Micros
    connections: int = 0
    left: bool = False
    heard: Micros = 0
    newest: Micros = 0
    stored: int = 0
    late: int = 0
    lateness_us: int = 0
    refused: dict[str, Refused] = {}
    outlets: list[Any] = []
    gap_us: float = 0.0
    _rate: float = 0.0
    _ahead: int | None = None
    _ahead_before: int | None = None
    _window: Micros = 0

    def rate(self, now: Micros) -> float:
        """Give readings a second over the last ten seconds or so, from the first second on unbiased."""
        weight = 1 - math.exp(-max(now - self.since, MICROS_PER_S) / MICROS_PER_S / RATE_S)
        return self._rate * _fading(now - self.heard) / weight

    def clock_s(self) -> float | None:
        """Give how far its newest readings were dated ahead (+) of their arrival, at best, seconds.

        The best of the last half minute to minute: what is merely sent late does not count as a clock.
        """
        known = [one for one in (self._ahead, self._ahead_before) if one is not None]
        return max(known) / MICROS_PER_S if known else None

    def held(self) -> Held:
        """Give what waits over all its connections."""
        told = [outlet.held() for outlet in self.outlets]
        return Held(sum(one.queued_bytes for one in told), any(one.withheld for one in told))

    def is_silent(self, now: Micros) -> bool:
        """Tell whether nothing came for three of its usual gaps."""
        return bool(self.gap_us) and now - self.heard > max(SILENT_GAPS * self.gap_us, SILENT_US_MIN)

    def faults(self, now: Micros, silent_series: int) -> list[str]:
        """Give what is wrong, worst first; a source that said goodbye owes nothing."""
        if self.left:
            return []
        off = self.clock_s()
        wrong = {
            "lost": not self.connections and self.door not in POSTED,
            "silent": bool(silent_series) or self.is_silent(now),
            "refused": any(now - one.at <= REFUSED_FOR_US for one in self.refused.values()),
            "held": self.held().withheld,
            "clock": off is not None and abs(off) > CLOCK_OFF_S,
            "late": self.late > LATE_SHARE * self.stored,
        }
        return [code for code in FAULTS if wrong[code]]

    def came(self, n: int, now: Micros) -> None:
        """Note `n` readings that arrived together."""
        if self.heard:
            gap = now - self.heard
            self._rate *= _fading(gap)
            self.gap_us = gap if not self.gap_us else 0.8 * self.gap_us + 0.2 * gap
        self._rate += n / RATE_S
        self.stored += n
        self.heard, self.left = now, False

    def dated(self, t: NDArray[np.int64], now: Micros) -> None:
        """Note the event times of readings that are of now."""
        newest = int(t.max())
        if self.newest:
            mark = self.newest - self.lateness_us
            self.late += int(np.count_nonzero(t < mark)) if int(t.min()) < mark else 0
        self.newest = max(self.newest, newest)
        if now - self._window > CLOCK_WINDOW_US:
            self._ahead_before, self._ahead, self._window = self._ahead, None, now
        ahead = newest - now
        self._ahead = ahead if self._ahead is None else max(self._ahead, ahead)


class FeedBook:
    """All sources. `queues` tells how full the room's own queues are; who joins the gateway sets it."""

    def __init__(self) -> None:
        """Start without any."""
        self.feeds: dict[str, Feed] = {}
        self.turned_away: dict[tuple[str, str], Refused] = {}
        self.queues: Callable[[], dict[str, float]] = dict
        self._numbers = 0
        self._feeder: NDArray[np.int64] = np.full(1024, -1, np.int64)

    # -- counted by the gateway and the doors --------------------------------------------------------

    def opened(
        self, key: str, unit_id: int, door: str, now: Micros, *, name: str = "", outlet: Outlet | None = None,
        lateness_s: float = 0.0,
    ) -> None:  # fmt: skip
        """Note a connection of a source; a source may have several."""
        feed = self._feed(key, unit_id, door, now, name)
        feed.door, feed.left = door, False
        feed.connections += 1
        feed.lateness_us = span_us(lateness_s)
        if outlet is not None:
            feed.outlets.append(outlet)

    def closed(self, key: str, *, left: bool, outlet: Outlet | None = None) -> None:
        """Note that a connection ended; `left`: its sender said so before."""
        feed = self.feeds.get(key)
        if feed is None:
            return
        feed.connections = max(0, feed.connections - 1)
        feed.left = left and not feed.connections
        if outlet in feed.outlets:
            feed.outlets.remove(outlet)

    def took(
        self, key: str, unit_id: int, door: str, columns: Columns, now: Micros, *, historical: bool = False
    ) -> None:
        """Count readings that were admitted."""
        if not len(columns):
            return
        feed = self._feed(key, unit_id, door, now)
        feed.came(len(columns), now)
        if not historical:
            feed.dated(columns.t, now)
        series = columns.series
        top = int(series.max())
        if top >= len(self._feeder):
            grown = np.full(max(2 * len(self._feeder), top + 1), -1, np.int64)
            grown[: len(self._feeder)] = self._feeder
            self._feeder = grown
        self._feeder[series] = feed.number

    def refused(
        self, key: str, unit_id: int, door: str, code: str, now: Micros, *, n: int = 1, series: str = "",
        params: Mapping[str, Any] | None = None,
    ) -> None:  # fmt: skip
        """Count refusals of one code and keep the last one's particulars."""
        feed = self._feed(key, unit_id, door, now)
        if code in feed.refused or len(feed.refused) < CODES_MAX:
            _count(feed.refused.setdefault(code, Refused(code)), n, now, series, params or {})

    def sent_away(self, door: str, code: str, now: Micros) -> None:
        """Count a sender that was refused before anybody knew who it is."""
        _count(self.turned_away.setdefault((door, code), Refused(code)), 1, now, "", {})

    def recall(self, names: Iterable[tuple[str, Micros]], now: Micros) -> None:
        """Know sources of before a restart again, by name and newest event time."""
        for key, newest in names:
            unit, door, name = parted(key)
            if unit is not None and key not in self.feeds:
                feed = self._feed(key, unit, door, now, name)
                feed.newest = max(newest, 0)

    def _feed(self, key: str, unit_id: int, door: str, now: Micros, name: str = "") -> Feed:
        feed = self.feeds.get(key)
        if feed is None:
            if len(self.feeds) >= FEEDS_MAX:
                self._forget_one()
            feed = Feed(self._numbers, key, unit_id, name or parted(key)[2], door, now)
            feed.refused, feed.outlets = {}, []
            self._numbers += 1
            self.feeds[key] = feed
        return feed

    def _forget_one(self) -> None:
        """Drop the source that has been gone longest, else the one heard least lately."""
        del self.feeds[min(self.feeds.values(), key=lambda one: (bool(one.connections), one.heard)).key]

    # -- read ----------------------------------------------------------------------------------------

    def feeders(self, series_ids: NDArray[Any]) -> NDArray[np.int64]:
        """Give the number of the source that last fed each series, -1 for none; shape (n,)."""
        inside = series_ids < len(self._feeder)
        found: NDArray[np.int64] = np.where(inside, self._feeder[np.where(inside, series_ids, 0)], -1)
        return found


def parted(key: str) -> tuple[int | None, str, str]:
    """Give unit, door and name of a source as the log calls it; None for a name that is none of theirs.

    >>> parted("7:mill-1"), parted("casual:7:influx:host-a"), parted("casual:7:ab12-3")
    ((7, 'websocket', 'mill-1'), (7, 'influx', 'host-a'), (None, 'casual', ''))
    """
    head, _, rest = key.partition(":")
    if head == "casual":
        unit, _, rest = rest.partition(":")
        door, named, name = rest.partition(":")
        return (int(unit), door, name) if unit.isdigit() and named else (None, "casual", "")
    return (int(head), "websocket", rest) if head.isdigit() else (None, "", key)


def _fading(age_us: float) -> float:
    return math.exp(-max(age_us, 0) / MICROS_PER_S / RATE_S)


def _count(one: Refused, n: int, now: Micros, series: str, params: Mapping[str, Any]) -> None:
    one.n += n
    one.at, one.series, one.params = now, series, dict(params)
