"""The engine: readings in, findings out; one step of the straight line, without I/O and without a clock."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from opsroom.detect import arbiter, siblings, silence, tail
from opsroom.detect import filter as naming
from opsroom.detect import state as layout
from opsroom.detect.rarity import DAY_US
from opsroom.detect.step import consume
from opsroom.detect.zones import table
from opsroom.model import ChangeKind, Columns, Finding, FindingVerb, Indicator, Orientation

Rows = NDArray[Any]
NEVER = layout.NEVER
_NOT_ASKED = np.empty(0)


class SeriesSpec(msgspec.Struct, frozen=True, kw_only=True):
    """What detection has to know of a series. `siblings` is the key of its group.

    `budget_per_week` its expected false alarms.
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


@dataclass(slots=True)
class State:
    """All that detection remembers. Made by `Engine.blank`, moved on by `Engine.step`.

    Arrays are changed in place.
    """

    specs: dict[int, SeriesSpec] = field(default_factory=dict)
    rows: dict[str, Rows] = field(default_factory=lambda: layout.blank_rows(0))
    groups: Rows = field(default_factory=lambda: layout.blank_groups(0))
    group_keys: list[str] = field(default_factory=list)
    members: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    zones: list[str] = field(default_factory=list)
    zone_table: tuple[Rows, Rows, Rows] = field(default_factory=lambda: table([]))
    ids: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    order: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    seen: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    silent: NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, np.bool_))
    now: int = NEVER

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


class Engine:
    """Detection over all series: tail, siblings, limit and silence open alerts, the filter names them.

    A result depends neither on which series share a batch nor on how the stream is cut into batches.
    `profile` picks the filter's
    priors ("A" or "historical"), `recovery_readings` how many readings inside end an alert.
    """

    def __init__(self, profile: str = "A", recovery_readings: int = 2) -> None:
        """Take the settings; KeyError for an unknown profile."""
        self._profile = naming.PROFILES[profile]
        self._recovery = recovery_readings

    def blank(self) -> State:
        """Give a state that knows no series."""
        return State()

    def configure(self, state: State, specs: Sequence[SeriesSpec]) -> State:
        """Add or alter series.

        What is remembered of the others, and of altered ones that still mean the same, stays.
        """
        fresh = [spec for spec in specs if spec.id not in state.specs]
        first = state.count
        if fresh:
            extra = layout.blank_rows(len(fresh))
            state.rows = {name: np.concatenate([state.rows[name], extra[name]]) for name in extra}
            state.seen = np.concatenate([state.seen, np.full(len(fresh), NEVER, np.int64)])
            state.silent = np.concatenate([state.silent, np.zeros(len(fresh), np.bool_)])
            state.rows["spec"]["series"][first:] = [spec.id for spec in fresh]
            ids = state.rows["spec"]["series"].astype(np.int64)
            state.order = np.argsort(ids, kind="stable").astype(np.int64)
            state.ids = ids[state.order]
        for spec in specs:
            self._set(state, state.row(spec.id), spec, state.specs.get(spec.id))
            state.specs[spec.id] = spec
        state.zone_table = table(state.zones)
        _regroup(state)
        return state

    def _set(self, state: State, row: int, spec: SeriesSpec, before: SeriesSpec | None) -> None:
        if before is not None and (before.circular, before.indicator) != (spec.circular, spec.indicator):
            blank = layout.blank_rows(1)
            for name in ("tail", "sib", "filter"):
                state.rows[name][row] = blank[name][0]
        if spec.time_zone not in state.zones:
            state.zones.append(spec.time_zone)
        state.rows["tail"]["zone_from"][row] = state.rows["tail"]["zone_until"][row] = 0
        low, high = spec.band or (None, None)
        entry = state.rows["spec"][row : row + 1]
        entry["series"], entry["unit"] = spec.id, spec.unit_id
        entry["group"], entry["zone"] = -1, state.zones.index(spec.time_zone)
        entry["period"], entry["turn"] = spec.period_us or 0, spec.circular or 0.0
        entry["low"], entry["high"] = (math.nan if end is None else end for end in (low, high))
        orientation = {None: 0, Orientation.MORE_IS_BETTER: 1, Orientation.LESS_IS_BETTER: -1}
        entry["orientation"] = orientation[spec.indicator.orientation if spec.indicator else None]
        capability = spec.indicator.capability if spec.indicator else None
        entry["capability"] = math.nan if capability is None else capability
        entry["budget"] = spec.budget_per_week

    def step(self, state: State, now: int, columns: Columns) -> tuple[State, list[Finding]]:
        """Take readings given at `now` (int microseconds UTC); gives the state and what was found.

        Silence up to `now` comes first.

        `columns` are in order of event time for each series, duplicates removed; readings of unknown series
        are passed over.
        """
        return state, self._step(state, now, columns, _NOT_ASKED)

    def scores(
        self, state: State, now: int, columns: Columns
    ) -> tuple[State, list[Finding], NDArray[np.float64]]:
        """Do the same as `step` and give each reading's anomaly score too.

        Shape [n] in the order of `columns`; 0 where a reading was not scored.
        """
        given = np.zeros(len(columns))
        findings = self._step(state, now, columns, given)
        return state, findings, given

    def _step(self, state: State, now: int, columns: Columns, given: NDArray[np.float64]) -> list[Finding]:
        state.now = max(state.now, now)
        findings = self._silence(state, now)
        if not len(columns):
            return findings
        order = None
        if np.any(columns.t[1:] < columns.t[:-1]):
            order = np.argsort(columns.t, kind="stable")
            columns = columns.take(order)
        rows = state.find(columns.series)
        known = rows[rows >= 0]
        state.seen[known] = now
        state.silent[known] = False
        if order is None or not len(given):
            return findings + self._consume(state, rows, columns, given)
        ordered = np.zeros(len(given))
        findings += self._consume(state, rows, columns, ordered)
        given[order] = ordered
        return findings

    def teach(self, state: State, columns: Columns) -> State:
        """Let readings of the past teach, in order of event time.

        Nothing is found, nobody is heard or silent.
        """
        seen, silent = state.seen.copy(), state.silent.copy()
        held = set(self.open_series(state))
        self.step(state, state.now, columns)
        for series_id in self.open_series(state):
            if series_id not in held:
                self.release(state, series_id)
        state.seen, state.silent = seen, silent
        return state

    def _consume(
        self, state: State, rows: NDArray[np.int64], columns: Columns, given: NDArray[np.float64]
    ) -> list[Finding]:
        widest = int(state.groups["size"].max()) if len(state.groups) else 0
        events = np.empty(
            4 * len(rows) + 2 * (layout.PENDING + len(state.groups)) * widest + 64, layout.EVENT
        )
        r = state.rows
        count = consume(
            r["spec"], r["tail"], r["sib"], r["filter"], r["hold"], state.groups, state.members,
            state.zone_table,
            rows, columns.t, columns.v, columns.q, self._profile, self._recovery, events, given,
        )  # fmt: skip
        return [_finding(events[i], state) for i in range(count)]

    def _silence(self, state: State, now: int) -> list[Finding]:
        period = state.rows["spec"]["period"]
        rows, instants = silence.newly_silent(state.seen, period, state.silent, now)
        found = []
        hold = state.rows["hold"]
        for row, at in zip(rows.tolist(), instants.tolist(), strict=True):
            state.silent[row] = True
            verb = FindingVerb.EVIDENCE
            onset = int(state.seen[row]) + int(period[row])
            if not hold["open"][row]:
                verb = FindingVerb.OPEN
                hold[row] = np.zeros(1, layout.HOLD)[0]
                hold["open"][row], hold["named"][row] = layout.SILENCE, -1
                hold["onset"][row], hold["opened"][row] = onset, at
            series_id = int(state.rows["spec"]["series"][row])
            kind = ChangeKind.MISSING_REPORT
            found.append(
                Finding(series_id=series_id, verb=verb, detector="silence", kind=kind, at=at, onset=onset)
            )
        return found

    def next_due(self, state: State) -> int | None:
        """Give the earliest instant at which a silence will be found, None where there is none."""
        if not state.count:
            return None
        first = int(silence.due_at(state.seen, state.rows["spec"]["period"], state.silent).min())
        return None if first == np.iinfo(np.int64).max else first

    def release(self, state: State, series_id: int) -> State:
        """End the series' alert by decision or new capability.

        Its present value is its level, it teaches and may open again.
        """
        row = state.row(series_id)
        if row >= 0:
            hold, own, sib = (state.rows[name][row] for name in ("hold", "tail", "sib"))
            arbiter.close(hold, own, state.rows["spec"]["turn"][row])
            tail.resume(own, own["value"], state.rows["spec"]["turn"][row], True)
            sib["score"], sib["bias_n"], sib["outside_since"] = 0.0, 0, NEVER
        return state

    def touch(self, state: State, now: int) -> State:
        """Let silence count from `now` (the room starts): nobody is silent for the room's own absence."""
        heard = state.seen != NEVER
        state.seen[heard] = np.maximum(state.seen[heard], now)
        return state

    def open_series(self, state: State) -> list[int]:
        """Give the ids of the series whose alert is open."""
        return [int(i) for i in state.rows["spec"]["series"][state.rows["hold"]["open"] > 0]]

    def bands(self, state: State, series_ids: Sequence[int]) -> tuple[Rows, Rows, Rows]:
        """Give (expected, low, high), each shape [n] float64, as of each series' last reading.

        NaN where nothing is known yet.

        The band of a series with an open alert is the one frozen at onset, of an indicator in the units of
        its index.
        """
        out = np.full((3, len(series_ids)), math.nan)
        own, hold, spec = (state.rows[name] for name in ("tail", "hold", "spec"))
        for k, row in enumerate(state.find(np.asarray(series_ids, np.int64)).tolist()):
            if row < 0 or own["n"][row] <= tail.SETTLE:
                continue
            if hold["open"][row] in (layout.TAIL_SLOW, layout.TAIL_FAST):
                centre, half = arbiter.frozen_band(hold[row], own[row], own["last"][row])
            elif hold["open"][row] == layout.SIBLINGS:
                centre, half = hold["centre"][row], siblings.GUARD * hold["half"][row]
            else:
                centre, spread, _ = tail.expected(own[row], own["last"][row], spec["turn"][row])
                half = tail.USUAL * spread
            out[:, k] = centre, centre - half, centre + half
        return out[0], out[1], out[2]

    def forecast(self, state: State, series_id: int, steps: int) -> tuple[Rows, Rows]:
        """Give (mean, deviation), each shape [steps], of the series' next readings by the filter.

        NaN before it has started.
        """
        row = state.row(series_id)
        if row < 0:
            return np.full(steps, math.nan), np.full(steps, math.nan)
        mean, deviation = naming.forecast(state.rows["filter"][row], steps, self._profile)
        return mean, deviation

    def snapshot(self, state: State) -> bytes:
        """Give everything as bytes: at most 2 KB a series."""
        body = {
            "version": _version(),
            "specs": list(state.specs.values()),
            "rows": {name: rows.tobytes() for name, rows in state.rows.items() if name != "spec"},
            "groups": state.groups.tobytes(),
            "group_keys": state.group_keys,
            "seen": state.seen.tobytes(),
            "silent": state.silent.tobytes(),
            "now": int(state.now),
        }
        return msgspec.msgpack.encode(body)

    def restore(self, blob: bytes) -> State | None:
        """Read a snapshot; None where it was made by another version of the detectors."""
        body = msgspec.msgpack.decode(blob)
        if body.get("version") != _version():
            return None
        state = self.configure(self.blank(), msgspec.convert(body["specs"], list[SeriesSpec]))
        for name, raw in body["rows"].items():
            state.rows[name] = np.frombuffer(raw, layout.PARTS[name]).copy()
        if state.group_keys != body["group_keys"]:
            return None
        state.groups = np.frombuffer(body["groups"], layout.GROUP).copy()
        state.seen = np.frombuffer(body["seen"], np.int64).copy()
        state.silent = np.frombuffer(body["silent"], np.bool_).copy()
        state.now = body["now"]
        return state


def _version() -> str:
    """Name the layout: a changed field makes another version even where nobody thought of the number."""
    sizes = [f"{name}{dtype.itemsize}" for name, dtype in layout.PARTS.items()]
    return f"{layout.STATE_VERSION}:{':'.join(sizes)}:{layout.GROUP.itemsize}:{DAY_US // layout.SLOTS}"


def _regroup(state: State) -> None:
    """Lay out the sibling groups anew.

    A group keeps its past, and waits for nothing, when its members change.
    """
    by_key: dict[str, list[int]] = {}
    spec = state.rows["spec"]
    for row, series_id in enumerate(spec["series"].tolist()):
        key = state.specs[series_id].siblings
        if key is not None:
            by_key.setdefault(key, []).append(row)
    keys = sorted(key for key, rows in by_key.items() if len(rows) > siblings.LEAST_OTHERS)
    groups = layout.blank_groups(len(keys))
    members: list[int] = []
    old = {key: state.groups[i] for i, key in enumerate(state.group_keys)}
    old_members = {key: state.members[g["start"] : g["start"] + g["size"]].tolist() for key, g in old.items()}
    for i, key in enumerate(keys):
        rows = sorted(by_key[key], key=lambda row: int(spec["series"][row]))
        same = old_members.get(key) == rows
        if key in old:
            groups[i] = old[key]
        if not same:
            sib = state.rows["sib"]
            sib["dead"][rows], sib["accounted"][rows], sib["pending"][rows] = 1, 0, math.nan
            groups["pending_n"][i] = groups["live"][i] = 0
        groups["start"][i], groups["size"][i] = len(members), len(rows)
        members.extend(rows)
        spec["group"][rows] = i
    state.groups, state.group_keys, state.members = groups, keys, np.array(members, np.int64)


def _number(value: float) -> float | None:
    return None if math.isnan(value) else float(value)


def _finding(event: Any, state: State) -> Finding:
    """Word one event of the kernel as a finding."""
    onset = int(event["onset"])
    others = range(int(event["others_n"]))
    return Finding(
        series_id=int(state.rows["spec"]["series"][event["row"]]),
        verb=layout.VERBS[int(event["verb"])],
        detector=layout.DETECTORS[int(event["detector"])],
        kind=layout.CHANGE_KINDS[int(event["kind"])],
        at=int(event["at"]),
        onset=None if onset == NEVER else onset,
        value=_number(event["value"]),
        expected=_number(event["expected"]),
        low=_number(event["low"]),
        high=_number(event["high"]),
        direction=int(event["direction"]),
        p=_number(event["p"]),
        rate_per_week=_number(event["rate"]),
        contributors=tuple((int(event["others"][k]), float(event["others_z"][k])) for k in others),
    )
