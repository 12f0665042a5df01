"""What detection remembers: one row a series in parallel arrays, and what series are judged together."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from opsroom.detect import conduct, discord, silence
from opsroom.detect import state as layout
from opsroom.detect.gathering import Bonds
from opsroom.detect.recast import recast
from opsroom.detect.zones import table
from opsroom.model import Indicator, Orientation, Relation
from opsroom.units import Conversion

Rows = NDArray[Any]
NEVER = layout.NEVER
ALWAYS: Final = np.iinfo(np.int64).max
_SIGN: Final = {None: 0, Orientation.MORE_IS_BETTER: 1, Orientation.LESS_IS_BETTER: -1}


class SeriesSpec(msgspec.Struct, frozen=True, kw_only=True):
    """What detection has to know of a series. `siblings` is the key of its group.

    `budget_per_week` its expected false alarms, `way` how its values come to be in its unit from the one they
    are kept in.
    """

    id: int
    unit_id: int
    period_us: int | None = None
    circular: float | None = None
    band: tuple[float | None, float | None] | None = None
    siblings: str | None = None
    indicator: Indicator | None = None
    time_zone: str = "UTC"
    budget_per_week: float = 0.1
    way: Conversion | None = None


@dataclass(slots=True)
class State:
    """All that detection remembers. Made by `Engine.blank`, moved on by `Engine.step`.

    Arrays are changed in place. `due` is never later than the first instant at which a series falls silent.
    """

    specs: dict[int, SeriesSpec] = field(default_factory=dict)
    relations: dict[int, Relation] = field(default_factory=dict)
    rows: dict[str, Rows] = field(default_factory=lambda: layout.blank_rows(0))
    bonds: Bonds = field(default_factory=Bonds)
    conduct: Rows = field(default_factory=lambda: conduct.blank(0))
    discords: discord.Past = field(default_factory=lambda: discord.blank(0))
    zones: dict[str, int] = field(default_factory=dict)
    zone_table: tuple[Rows, Rows, Rows] = field(default_factory=lambda: table([]))
    ids: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    order: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    seen: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    silent: NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, np.bool_))
    due: int = ALWAYS
    now: int = NEVER
    spare: dict[str, NDArray[np.uint8]] = field(default_factory=dict, compare=False, repr=False)
    """Memory of the last snapshot's rows, for the next one (see `snapshot`)."""

    @property
    def count(self) -> int:
        """Give the number of series."""
        return len(self.seen)

    def row(self, series_id: int) -> int:
        """Give the row of a series, -1 where it is not known."""
        return int(self.find(np.array([series_id]))[0])

    def find(self, series: Rows) -> NDArray[np.int64]:
        """Give the rows of series ids, shape [n]; -1 where not known."""
        if not len(self.ids):
            return np.full(len(series), -1, np.int64)
        place = np.searchsorted(self.ids, series)
        place[place == len(self.ids)] = 0
        return np.where(self.ids[place] == series, self.order[place], -1)

    def due_until(self, until: int) -> int:
        """Give the first instant at which a series falls silent, or one after `until` if that is later."""
        if self.due <= until:
            due = silence.due_at(self.seen, self.rows["spec"]["period"], self.silent)
            self.due = int(due.min(initial=ALWAYS))
        return self.due

    def write(self, specs: Sequence[SeriesSpec]) -> NDArray[np.int64]:
        """Add or alter series; gives the rows of those that begin anew because they mean another thing."""
        fresh = [spec.id for spec in specs if spec.id not in self.specs]
        if fresh:
            self._grow(list(dict.fromkeys(fresh)))
        rows = self.find(np.array([spec.id for spec in specs], np.int64))
        spec = self.rows["spec"]
        for name in dict.fromkeys(one.time_zone for one in specs):
            self.zones.setdefault(name, len(self.zones))
        spec["unit"][rows] = [one.unit_id for one in specs]
        spec["zone"][rows] = [self.zones[one.time_zone] for one in specs]
        spec["period"][rows] = [one.period_us or 0 for one in specs]
        spec["turn"][rows] = [one.circular or 0.0 for one in specs]
        for k, end in enumerate(("low", "high")):
            ends = [one.band[k] if one.band else None for one in specs]
            spec[end][rows] = [math.nan if value is None else value for value in ends]
        spec["orientation"][rows] = [
            _SIGN[one.indicator.orientation if one.indicator else None] for one in specs
        ]
        spec["capability"][rows] = [_capability(one) for one in specs]
        spec["budget"][rows] = [one.budget_per_week for one in specs]
        aimed = rows[np.isfinite(spec["capability"][rows]) & (spec["orientation"][rows] != 0)]
        fresh_aims = np.unique(aimed[spec["conduct"][aimed] < 0])
        spec["conduct"][fresh_aims] = len(self.conduct) + np.arange(len(fresh_aims))
        self.conduct = np.concatenate([self.conduct, conduct.blank(len(fresh_aims))])
        tail, hold = self.rows["tail"], self.rows["hold"]
        tail["zone_from"][rows] = tail["zone_until"][rows] = 0
        changed = np.array([self._means_another(one) for one in specs], np.bool_)
        for one, row in zip(specs, rows.tolist(), strict=True):
            if hold["open"][row] and self._means_another(one):
                recast(hold[row], tail[row], self.specs[one.id], one)
        anew: NDArray[np.int64] = rows[changed | (hold["failed"][rows] != 0)]
        hold["failed"][rows] = 0
        self.forget(anew)
        self.specs.update((one.id, one) for one in specs)
        self.zone_table = table(list(self.zones))
        self.due = NEVER
        return anew

    def forget(self, rows: NDArray[np.int64]) -> None:
        """Let series begin anew; their open alerts stay open."""
        if len(rows):
            places = self.rows["spec"]["conduct"][rows]
            self.conduct[places[places >= 0]] = conduct.blank(1)[0]
            blank = layout.blank_rows(1)
            for name in blank:
                if name not in ("spec", "hold"):
                    self.rows[name][rows] = blank[name][0]
            self.rows["hold"]["waiting"][rows] = 0
            far = self.rows["spec"]["far"][rows]
            discord.forget(self.discords, far[far >= 0])

    def give_discords(self, share: float, most: int) -> None:
        """Give a discord to series that have none, as far as the budget goes (`discord.choose`)."""
        spec = self.rows["spec"]
        period = np.where(spec["period"] > 0, spec["period"], discord.PERIOD_US)
        taken = np.nonzero(spec["far"] >= 0)[0]
        rank = [discord.rank(self.specs[one].indicator) for one in spec["series"].tolist()]
        free = np.nonzero((spec["far"] < 0) & (spec["turn"] == 0.0))[0]
        if len(taken) >= most or not len(free):
            return
        free = free[np.lexsort((spec["series"][free], -period[free], np.array(rank)[free]))]
        wanted = [(row, 1e6 / float(period[row])) for row in free[:most].tolist()]
        rows = discord.choose(wanted, (1e6 / period[taken]).tolist(), share, most)
        self.take_discords(rows)

    def take_discords(self, rows: list[int]) -> None:
        """Give a blank discord to these rows, in their order."""
        first = len(self.discords[0])
        extra = discord.blank(len(rows))
        self.discords = (
            np.concatenate([self.discords[0], extra[0]]),
            np.concatenate([self.discords[1], extra[1]]),
            np.concatenate([self.discords[2], extra[2]]),
        )
        self.rows["spec"]["far"][rows] = first + np.arange(len(rows))

    def _means_another(self, spec: SeriesSpec) -> bool:
        before = self.specs.get(spec.id)
        meant, means = ((one.circular, one.indicator, one.way) for one in (before or spec, spec))
        return meant != means

    def _grow(self, fresh: list[int]) -> None:
        first = self.count
        extra = layout.blank_rows(len(fresh))
        self.rows = (
            {name: np.concatenate([self.rows[name], extra[name]]) for name in extra} if first else extra
        )
        self.rows["spec"]["series"][first:] = fresh
        self.seen = np.concatenate([self.seen, np.full(len(fresh), NEVER, np.int64)])
        self.silent = np.concatenate([self.silent, np.zeros(len(fresh), np.bool_)])
        ids = self.rows["spec"]["series"].astype(np.int64)
        self.order = np.argsort(ids, kind="stable").astype(np.int64)
        self.ids = ids[self.order]


def _capability(spec: SeriesSpec) -> float:
    indicator = spec.indicator
    return math.nan if indicator is None or indicator.capability is None else indicator.capability
