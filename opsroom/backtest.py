"""Stored history played through the room's own core: what would these settings have raised?

Every reading counts at its own instant, as under `--clock stream`. The core starts blank; what lies before
the window teaches it and is scored too, so that an alert that was open when the window began is open here,
but only what is raised inside the window is told. People's verdicts on alerts hold as they stand now; other
acts of the past are not repeated. Nothing is written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np

from opsroom.alert.book import AlertBook
from opsroom.applying import applied
from opsroom.core import SNAPSHOT_VERSION, Core
from opsroom.detect.filter import PROFILES
from opsroom.log.columns import encode_columns
from opsroom.model import MICROS_PER_S, Alert, Columns, Finding, FindingVerb, Micros, Transition
from opsroom.records import Record, RecordKind
from opsroom.resuming import SNAPSHOT_NAME
from opsroom.rule import Rule, RuleKind
from opsroom.rules.binding import watches

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from opsroom.catalog import Catalog
    from opsroom.settings import RoomSection
    from opsroom.store import Store

DAY_US: Final = 86_400 * MICROS_PER_S
WEEK_US: Final = 7 * DAY_US
READINGS_A_SLICE: Final = 1_000_000
READINGS_BESIDE: Final = 20_000
WARM_DAYS: Final = 1.0
SLICE_MOST_US: Final = 4 * DAY_US
HOUR_US: Final = 3_600 * MICROS_PER_S
SLICE_LEAST_US: Final = HOUR_US
SOURCE: Final = "backtest"
END_OF_TIME: Final = 253_402_300_800 * MICROS_PER_S  # the year 10000


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """Settings to try: those of the room, and the filter's profile where it is not the room's.

    `rules` None: those of the catalog. Without `detection` only rules speak.
    """

    settings: RoomSection
    profile: str | None = None
    rules: tuple[Rule, ...] | None = None
    detection: bool = True


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """What is played: from `warm` on everything, told from `start` up to, not including, `end` (int us)."""

    warm: Micros
    start: Micros
    end: Micros

    @property
    def weeks(self) -> float:
        """Give its length without the warm-up, in weeks."""
        return (self.end - self.start) / WEEK_US


class Raise(msgspec.Struct, kw_only=True):
    """One alert, raised at `at` (us): by which detector, on what, and when it ended (None: not yet)."""

    series_id: int
    at: Micros
    detector: str
    kind: str
    value: float | None
    expected: float | None
    low: float | None
    high: float | None
    ended: Micros | None = None


class Played(msgspec.Struct, frozen=True, kw_only=True):
    """What a window gave: raises for each of the terms, in order of time, and readings by series.

    `ruled` is all that rules found for each of the terms, events included.
    """

    window: Window
    raises: tuple[list[Raise], ...]
    readings: dict[int, int]
    ruled: tuple[list[Finding], ...] = ()


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """Raises of two runs, those of one outage paired: a pair overlaps in time on the same series."""

    both: list[tuple[Raise, Raise]]
    gone: list[Raise]
    new: list[Raise]


def profiles() -> tuple[str, ...]:
    """Name the profiles that the filter knows."""
    return tuple(PROFILES)


def window_of(store: Store, series_ids: Collection[int], *, days: float, warm_days: float) -> Window | None:
    """Give the last `days` up to the newest stored reading of these series; None where there is none.

    It begins no earlier than readings are kept.
    """
    newest = [store.readings.read(one, 0, END_OF_TIME, 1) for one in series_ids]
    times = [int(found.t[-1]) for found in newest if len(found)]
    if not times:
        return None
    end = max(times) + 1
    kept_from = max(0, store.readings.levels()[0].kept_from or 0)
    start = max(kept_from, end - round(days * DAY_US))
    return Window(warm=max(kept_from, start - round(warm_days * DAY_US)), start=start, end=end)


def company(catalog: Catalog, series_ids: Collection[int]) -> list[int]:
    """Give these series and all that are judged together with them, by id."""
    keys = {catalog.sibling_key(one) for one in series_ids}
    return sorted(one for one in catalog.series if catalog.sibling_key(one) in keys)


def play(
    store: Store,
    catalog: Catalog,
    terms: Sequence[Terms],
    window: Window,
    series_ids: Sequence[int],
    told: Callable[[float], object] = float,
    *,
    slice_most: int = READINGS_A_SLICE,
) -> Played:
    """Play a window of these series once for each of the `terms`; `told` hears the share done, 0 to 1.

    About `slice_most` readings are played at a time; that alters nothing but memory and speed.

    Raises:
        StoreError: the store refused.
        KeyError: a profile that the filter does not know.
    """
    runs = [_Run(_core(store, catalog, one, series_ids), window) for one in terms]
    readings = dict.fromkeys(series_ids, 0)
    offset, at = 0, window.warm
    width = DAY_US if slice_most >= READINGS_A_SLICE else SLICE_LEAST_US
    while at < window.end:
        until = min(window.end, at + width)
        columns = _slice(store, series_ids, at, until)
        if len(columns):
            offset += 1
            record = Record(
                offset=offset,
                kind=RecordKind.READINGS,
                received=0,
                payload=encode_columns(columns),
                source=SOURCE,
            )
            for run in runs:
                run.take(record)
            ids, counts = np.unique(columns.series[columns.t >= window.start], return_counts=True)
            for series_id, count in zip(ids.tolist(), counts.tolist(), strict=True):
                readings[series_id] += count
        at = until
        # How the readings are cut changes nothing but memory and speed.
        if len(columns) > slice_most:
            width = max(SLICE_LEAST_US, width // 2)
        elif len(columns) < slice_most // 4:
            width = min(SLICE_MOST_US, 2 * width)
        told((at - window.warm) / (window.end - window.warm))
    return Played(
        window=window,
        raises=tuple(run.raises for run in runs),
        readings=readings,
        ruled=tuple(run.ruled for run in runs),
    )


def compare(old: Sequence[Raise], new: Sequence[Raise], end: Micros) -> Difference:
    """Pair the raises of two runs over a window up to `end`: oldest first, each in one pair at most."""
    left: dict[int, list[Raise]] = {}
    for one in new:
        left.setdefault(one.series_id, []).append(one)
    both, gone = [], []
    for one in old:
        others = left.get(one.series_id, [])
        match = next((other for other in others if _overlap(one, other, end)), None)
        if match is None:
            gone.append(one)
        else:
            others.remove(match)
            both.append((one, match))
    rest = sorted((one for row in left.values() for one in row), key=lambda one: (one.at, one.series_id))
    return Difference(both=both, gone=gone, new=rest)


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """How often each of several rules would have been met, over how many days and readings.

    `longest_s` is how long the last of them stood at most, of those times that ended.
    """

    days: float
    readings: int
    raises: list[int]
    longest_s: float


def try_out(
    store: Store,
    catalog: Catalog,
    settings: RoomSection,
    rules: Sequence[Rule | None],
    *,
    days: float,
    most: int,
) -> Tried | None:
    """Play stored readings through each rule alone (None: no rule); None where nothing is stored of them.

    At most `most` readings are played, the newest: days beyond them are left out. Meant to run in a thread
    beside a room at work, in slices that leave it room to breathe.

    Raises:
        StoreError: the store refused.
    """
    sets = [[] if rule is None else [rule] for rule in rules]
    every = [watch for each in sets for watch in watches(catalog, each)]
    ids = sorted({one for watch in every for one in (watch.series, *watch.members)})
    foresees = any(one.kind is RuleKind.DEVIATION for each in sets for one in each)
    window = window_of(store, ids, days=days, warm_days=WARM_DAYS if foresees else 0.0)
    if window is None:
        return None
    window = _within(store, window, ids, most)
    terms = [Terms(settings=settings, rules=tuple(each), detection=foresees) for each in sets]
    played = play(store, catalog, terms, window, ids, slice_most=READINGS_BESIDE)
    counts = [sum(one.verb is FindingVerb.OPEN for one in found) for found in played.ruled]
    return Tried(
        days=(window.end - window.start) / DAY_US,
        readings=sum(played.readings.values()),
        raises=counts,
        longest_s=longest_s(played.ruled[-1]),
    )


def longest_s(found: Sequence[Finding]) -> float:
    """Give how long, in seconds, what was found stood at most, of what ended."""
    since: dict[int, int] = {}
    longest = 0
    for one in found:
        if one.verb is FindingVerb.OPEN:
            since[one.series_id] = one.at
        elif one.series_id in since:
            longest = max(longest, one.at - since.pop(one.series_id))
    return longest / MICROS_PER_S


def _within(store: Store, window: Window, series_ids: Sequence[int], most: int) -> Window:
    """Shorten a window from its old end so that at most `most` readings lie in it, by whole hours."""
    buckets = store.readings.buckets(series_ids, window.warm, window.end, HOUR_US)
    order = np.argsort(buckets.t, kind="stable")[::-1]
    kept = np.cumsum(buckets.count[order]) <= most
    if kept.all():
        return window
    hours = buckets.t[order]
    start = int(hours[kept].min()) if kept.any() else window.end - HOUR_US
    return Window(warm=max(window.warm, start), start=max(window.start, start), end=window.end)


class _Run:
    """One core on its way through the window, and what it raised there."""

    def __init__(self, core: Core, window: Window) -> None:
        self._core = core
        self._window = window
        self._by_alert: dict[str, Raise] = {}
        self.raises: list[Raise] = []
        self.ruled: list[Finding] = []

    def take(self, record: Record) -> None:
        """Play one record."""
        step = applied(self._core, record)
        found = (ruling.finding for ruling in step.ruled)
        self.ruled += [one for one in found if one.at >= self._window.start]
        for edge in step.transitions:
            self._note(edge)

    def _note(self, edge: Transition) -> None:
        if edge.verb == "raised" and edge.at >= self._window.start:
            self._by_alert[edge.alert.id] = _raise(edge.alert)
            self.raises.append(self._by_alert[edge.alert.id])
        elif edge.verb in {"recovered", "reopened"} and edge.alert.id in self._by_alert:
            self._by_alert[edge.alert.id].ended = edge.alert.recovered


def _core(store: Store, catalog: Catalog, terms: Terms, series_ids: Sequence[int]) -> Core:
    """Give a blank core under these terms, which knows these series and the verdicts of the room."""
    settings: RoomSection = terms.settings
    if terms.profile is not None:
        settings = settings.model_copy(update={"filter_profile": terms.profile})
    core = Core(catalog, settings, clock="stream", detection=terms.detection)
    snapshot = store.snapshots.load(SNAPSHOT_NAME)
    if snapshot is not None and snapshot[0] == SNAPSHOT_VERSION:
        # People's verdicts on alerts, and nothing else of it.
        core.book.heed(AlertBook.load(msgspec.msgpack.decode(snapshot[2])["book"]))
    core.configure([catalog.series[one] for one in series_ids])
    core.agree(catalog.rules.values() if terms.rules is None else terms.rules)
    return core


def _slice(store: Store, series_ids: Sequence[int], t_from: Micros, t_to: Micros) -> Columns:
    """Give all readings of these series in a span of time, sorted by (t, series)."""
    parts = [store.readings.read(one, t_from, t_to) for one in series_ids]
    columns = Columns.concat([part for part in parts if len(part)])
    return columns.take(np.lexsort((columns.series, columns.t)))


def _raise(alert: Alert) -> Raise:
    opening: Finding = next(one for one in alert.findings if one.verb is FindingVerb.OPEN)
    return Raise(
        series_id=alert.series_id,
        at=alert.raised,
        detector=opening.detector,
        kind=str(opening.kind),
        value=opening.value,
        expected=opening.expected,
        low=opening.low,
        high=opening.high,
    )


def _overlap(one: Raise, other: Raise, end: Micros) -> bool:
    ends = [end if raised.ended is None else raised.ended for raised in (one, other)]
    return one.at <= ends[1] and other.at <= ends[0]
