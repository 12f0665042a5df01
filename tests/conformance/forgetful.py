"""What a store that lets go of old readings is to say, by brute force over dictionaries."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from opsroom.model import Columns
from opsroom.section import StoreSection
from opsroom.store import Store
from tests.conformance.shelf import FIRST, HOUR, LAST, MINUTE, bits, columns

DAY = 24 * HOUR
Row = tuple[int, int, float, int]


@dataclass
class Sum:
    """What is left of the readings of a minute or hour; `added` where some came after others had gone."""

    values: list[float]
    added: bool = False


@dataclass
class Forgetful:
    """A store of dictionaries: readings, and lists of values by the minute and hour that outlived them."""

    settings: StoreSection
    readings: dict[tuple[int, int], float] = field(default_factory=dict)
    alone: dict[int, dict[tuple[int, int], Sum]] = field(default_factory=lambda: {MINUTE: {}, HOUR: {}})
    since: dict[int, int] = field(default_factory=lambda: {0: FIRST, MINUTE: FIRST, HOUR: FIRST})
    head: list[Row] = field(default_factory=list)
    newest: int = FIRST

    def take(self, rows: list[Row]) -> None:
        self.head += rows

    def flush(self, now: int) -> None:
        fresh = {(series, t): v for series, t, v, _ in self.head}
        self.head = []
        young = {key: v for key, v in fresh.items() if key[1] >= self.since[0]}
        self.readings |= young
        self.newest = max([self.newest, *(t for _, t in young)])
        self._outlive({key: v for key, v in fresh.items() if key[1] < self.since[0]})
        base = min(now, self.newest)
        kept = self.settings
        days = {0: kept.keep_readings_d, MINUTE: kept.keep_minutes_d, HOUR: kept.keep_hours_d}
        for width, some in days.items():
            if some:
                self.since[width] = max(self.since[width], (base - round(some * DAY)) // HOUR * HOUR)
        gone = {key: v for key, v in self.readings.items() if key[1] < self.since[0]}
        self.readings = {key: v for key, v in self.readings.items() if key not in gone}
        self._outlive(gone)

    def _outlive(self, gone: dict[tuple[int, int], float]) -> None:
        for width, sums in self.alone.items():
            before = {key for key, one in sums.items() if one.values}
            for (series, t), v in sorted(gone.items()):
                key = (series, t // width * width)
                one = sums.setdefault(key, Sum([]))
                if not math.isnan(v):
                    one.values.append(v)
                    one.added |= key in before
            for key in [key for key in sums if key[1] < self.since[width]]:
                del sums[key]

    def known(self) -> dict[tuple[int, int], float]:
        fresh = {(series, t): v for series, t, v, _ in self.head if t >= self.since[0]}
        return self.readings | fresh

    def buckets(self, ids: list[int], t_from: int, t_to: int, width: int) -> dict[tuple[int, int], Sum]:
        """Give what buckets hold: readings where they are, else minutes, else hours, where those begin."""
        seen = Forgetful(self.settings, dict(self.readings), newest=self.newest, since=dict(self.since))
        seen.alone = {
            level: {key: Sum(list(one.values), one.added) for key, one in sums.items()}
            for level, sums in self.alone.items()
        }
        fresh = {(series, t): v for series, t, v, _ in self.head}
        seen._outlive({key: v for key, v in fresh.items() if key[1] < self.since[0]})
        atoms: list[tuple[int, int, Sum]] = [
            (series, t, Sum([v])) for (series, t), v in self.known().items() if not math.isnan(v)
        ]
        for (series, t), one in seen.alone[MINUTE].items():
            if t >= self.since[MINUTE]:
                hour = seen.alone[HOUR].get((series, t // HOUR * HOUR))
                atoms.append((series, t, Sum(one.values, one.added or bool(hour and hour.added))))
        for (series, t), one in seen.alone[HOUR].items():
            if self.since[HOUR] <= t < self.since[MINUTE]:
                atoms.append((series, t, one))
        found: dict[tuple[int, int], Sum] = {}
        for series, t, one in sorted(atoms, key=lambda atom: atom[:2]):
            if series in ids and t_from <= t < t_to and one.values:
                into = found.setdefault((series, t // width * width), Sum([]))
                into.values += one.values
                into.added |= one.added
        return found


def both(store: Store, model: Forgetful, rows: list[Row], offset: int) -> None:
    """Let both take rows."""
    store.readings.take(columns(rows), offset)
    model.take(rows)


def check(store: Store, model: Forgetful, ids: list[int], spans: list[tuple[int, int, int]]) -> None:
    """Hold what the store says against the model; `spans` are (from, to, width)."""
    known = model.known()
    assert store.readings.count() == len(known)
    for series in ids:
        mine = sorted((t, v) for (of, t), v in known.items() if of == series)
        found: Columns = store.readings.read(series, FIRST, LAST)
        assert found.t.tolist() == [t for t, _ in mine]
        assert bits(found.v) == bits(columns([(series, t, v, 0) for t, v in mine]).v)
        assert store.readings.count([series]) == len(mine)
    for t_from, t_to, width in spans:
        wanted = model.buckets(ids, t_from, t_to, width)
        made = store.readings.buckets(ids, t_from, t_to, width)
        keys = list(zip(made.series.tolist(), made.t.tolist(), strict=True))
        assert keys == sorted(wanted), (t_from, t_to, width)
        for place, key in enumerate(keys):
            values = wanted[key].values
            assert made.count[place] == len(values)
            assert made.sum[place] == sum(values)
            assert (made.min[place], made.max[place]) == (min(values), max(values))
            if not wanted[key].added:
                assert (made.first[place], made.last[place]) == (values[0], values[-1])
            else:
                assert min(values) <= made.first[place] <= max(values)
                assert min(values) <= made.last[place] <= max(values)
