"""The engine: readings in, findings out; one step of the straight line, without I/O and without a clock."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numba.core.errors import NumbaError
from numpy.typing import NDArray

from opsroom.detect import (
    arbiter,
    findings,
    gathering,
    relations,
    siblings,
    silence,
    snapshot,
    tail,
    whole,
    whole_fit,
)
from opsroom.detect import filter as naming
from opsroom.detect import state as layout
from opsroom.detect.memory import ALWAYS, NEVER, Rows, SeriesSpec, State
from opsroom.detect.step import JUDGE, consume, hear
from opsroom.model import ChangeKind, Columns, Finding, Relation
from opsroom.parts import Parts

_NOT_ASKED = np.empty(0)
_ALONE = 8
"""Findings that one reading may bring of its own series, with room to spare."""
_PLACES = 256


class Engine:
    """Detection over all series: tail, siblings, limit and silence open alerts, the filter names them.

    A result depends neither on which series share a batch nor on how the stream is cut into batches.
    `profile` picks the filter's priors (`filter.PROFILES`), `recovery_readings` how many readings inside end
    an alert, `discord_share` (of one core) and `discord_series` bound which series have a discord.
    """

    def __init__(
        self,
        profile: str = "default",
        recovery_readings: int = 2,
        discord_share: float = 0.1,
        discord_series: int = 64,
    ) -> None:
        """Take the settings; KeyError for an unknown profile."""
        self._profile = naming.PROFILES[profile]
        self._recovery = recovery_readings
        self._discord_share, self._discord_series = discord_share, discord_series
        self._events: Rows = np.zeros(0, layout.EVENT)

    def blank(self) -> State:
        """Give a state that knows no series."""
        return State()

    def configure(self, state: State, specs: Sequence[SeriesSpec]) -> State:
        """Add or alter series; one whose detection had failed is switched on again and begins anew.

        What is remembered of the others, and of altered ones that still mean the same, stays.
        """
        if not specs:
            return state
        count = state.count
        joined = any(
            one.siblings != (state.specs[one.id].siblings if one.id in state.specs else None) for one in specs
        )
        state.write(specs)
        state.give_discords(self._discord_share, self._discord_series)
        if joined:
            self._arrange(state)
        elif state.count > count:
            ends = np.full(state.count - count, state.bonds.seat_from[-1])
            state.bonds.seat_from = np.concatenate([state.bonds.seat_from, ends])
        if len(state.bonds.keys):
            again = np.isin(state.bonds.seats["row"], state.find(np.array([one.id for one in specs])))
            state.bonds.gathers["failed"][state.bonds.seats["gather"][again]] = 0
        return state

    def relate(self, state: State, every: Sequence[Relation]) -> State:
        """Take all relations there are; those not given end.

        What stays the same keeps its past. An alert that an ended relation opened ends with its series' next
        readings.

        Raises:
            Invalid: members or weights do not fit the kind, or are not known.
        """
        state.relations = {one.id: gathering.checked(one, state.specs) for one in every}
        self._arrange(state)
        hold = state.rows["hold"]
        gone = (hold["relation"] > 0) & ~np.isin(hold["relation"], list(state.relations))
        hold["open"][gone & (hold["open"] > 0)] = layout.BROKEN
        hold["relation"][gone] = 0
        return state

    def _arrange(self, state: State) -> None:
        ids = state.rows["spec"]["series"].tolist()
        keyed = ((one, row, state.specs[one].siblings) for row, one in enumerate(ids))
        pairs = [
            (one, state.find(np.array(one.members, np.int64)).tolist()) for one in state.relations.values()
        ]
        groups = gathering.sibling_groups(keyed)
        state.rows["spec"]["kin"] = 0
        for rows in groups.values():
            state.rows["spec"]["kin"][rows] = 1
        state.bonds = gathering.arrange(state.bonds, groups, pairs, state.count)

    def step(self, state: State, now: int, columns: Columns) -> tuple[State, list[Finding]]:
        """Take readings given at `now` (int microseconds UTC); gives the state and what was found.

        Silence up to `now` comes first.

        `columns` are in order of event time for each series, duplicates removed; readings of unknown series
        are passed over. A detector that raises takes its series, or its group of series, out of detection
        until that is configured anew, which is found (`detector_failed`); all others go on as if it had
        not been there.
        """
        return state, self._step(state, now, columns, _NOT_ASKED)

    def scores(
        self, state: State, now: int, columns: Columns
    ) -> tuple[State, list[Finding], NDArray[np.float64]]:
        """Do the same as `step` and give each reading's anomaly score too.

        Shape [n] in the order of `columns`; 0 where a reading was not scored.
        """
        given = np.zeros(len(columns))
        found = self._step(state, now, columns, given)
        return state, found, given

    def _step(self, state: State, now: int, columns: Columns, given: NDArray[np.float64]) -> list[Finding]:
        state.now = max(state.now, now)
        found = self._silence(state, now)
        if not len(columns):
            return found
        columns = _read_only(columns)
        rows = np.empty(len(columns), np.int64)
        sorted_, due = hear(
            state.ids,
            state.order,
            columns.series,
            columns.t,
            now,
            state.rows["spec"],
            state.seen,
            state.silent,
            rows,
        )
        state.due = min(state.due, due)
        if sorted_:
            return found + self._consume(state, rows, columns, given)
        order = np.argsort(columns.t, kind="stable")
        ordered = given[order] if len(given) else given
        found += self._consume(state, rows[order], _read_only(columns.take(order)), ordered)
        if len(given):
            given[order] = ordered
        return found

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
        state.seen, state.silent, state.due = seen, silent, NEVER
        return state

    def _consume(
        self, state: State, rows: NDArray[np.int64], columns: Columns, given: NDArray[np.float64]
    ) -> list[Finding]:
        spare = _ALONE + state.bonds.widest
        if len(self._events) < spare + _PLACES:
            self._events = np.zeros(spare + _PLACES, layout.EVENT)
        events = self._events
        progress = np.array([0, -1, 0, 0], np.int64)
        found: list[Finding] = []
        parts, bonds = tuple(state.rows.values()), state.bonds
        while progress[0] < len(rows):
            progress[3] = 0
            try:
                count = consume(
                    parts, state.conduct, state.discords, bonds.arrays, bonds.seat_from, bonds.seat_list,
                    state.zone_table, rows, columns.t, columns.v, columns.q, self._profile, self._recovery,
                    events, spare, given, progress,
                )  # fmt: skip
            except Exception:  # whatever a detector raises concerns its series, never the room
                if not progress[3]:  # the kernel was not entered: it does not compile
                    raise
                found += [findings.finding(events[i], state) for i in range(int(progress[2]))]
                found += self._failed(state, rows, columns, progress)
                continue
            found += [findings.finding(events[i], state) for i in range(count)]
            if progress[3] == JUDGE:
                found += self._relation(state, rows, columns, progress)
        return found

    def _relation(self, state: State, rows: Rows, columns: Columns, progress: Rows) -> list[Finding]:
        """Judge the oldest instant of the relation at which the kernel stopped."""
        bonds, events = state.bonds, self._events
        spec, tails, hold = (state.rows[name] for name in ("spec", "tail", "hold"))
        seat = bonds.seat_list[bonds.seat_from[rows[progress[0]]] + progress[1]]
        place = int(bonds.seats["gather"][seat])
        a, model, seats = bonds.gathers[place], bonds.model(place), bonds.seats
        events["row"][0] = -1
        try:
            if a["kind"] == layout.WHOLE:
                count = relations.judge_whole(a, model, seats, spec, tails, hold, events)
            elif a["kind"] == layout.SWINGS:
                count = relations.judge_orders(a, model[0], seats, spec, tails, hold, events)
            else:
                count = relations.judge_accounts(a, model[0], seats, spec, tails, hold, events)
        except NumbaError:  # a kernel that does not compile concerns all
            raise
        except Exception:  # as above: it concerns this relation only  # noqa: BLE001
            progress[2] = 0
            return self._failed(state, rows, columns, progress)
        return [findings.finding(events[i], state) for i in range(count)]

    def _failed(self, state: State, rows: Rows, columns: Columns, progress: Rows) -> list[Finding]:
        """Switch off what raised and go on behind it."""
        reading, seat, count, _ = progress.tolist()
        if seat < 0:
            progress[0] = reading + 1
        else:
            progress[1] = seat + 1
        return findings.failed(state, int(rows[reading]), seat, int(columns.t[reading]), self._events, count)

    def _silence(self, state: State, now: int) -> list[Finding]:
        if state.due_until(now) > now:
            return []
        period = state.rows["spec"]["period"]
        rows, instants = silence.newly_silent(state.seen, period, state.silent, now)
        found = []
        for row, at in zip(rows.tolist(), instants.tolist(), strict=True):
            state.silent[row] = True
            onset = int(state.seen[row]) + int(period[row])
            kind = ChangeKind.MISSING_REPORT
            found.append(findings.opened(state, row, layout.SILENCE, kind, at, onset))
        state.due = NEVER
        return found

    def next_due(self, state: State, until: int | None = None) -> int | None:
        """Give the earliest instant at which a silence will be found, None where there is none.

        With `until`, None where there is none up to it, which is cheaper to know.
        """
        first = state.due_until(ALWAYS - 1 if until is None else until)
        return None if first == ALWAYS or (until is not None and first > until) else first

    def release(self, state: State, series_id: int) -> State:
        """End the series' alert by decision or new capability.

        Its present value is its level, it teaches and may open again; what stands of a relation and is said
        of it is taken as usual.
        """
        row = state.row(series_id)
        if row >= 0:
            place = int(state.rows["spec"]["conduct"][row])
            if place >= 0 and state.rows["hold"]["open"][row] in (layout.SMOOTH, layout.HEAPED):
                arbiter.forget_conduct(state.conduct[place])
            hold, own, sib = (state.rows[name][row] for name in ("hold", "tail", "sib"))
            arbiter.close(hold, own, state.rows["spec"]["turn"][row])
            tail.resume(own, own["value"], state.rows["spec"]["turn"][row], True)
            sib["score"], sib["bias_n"], sib["outside_since"] = 0.0, 0, NEVER
            bonds = state.bonds
            for seat in bonds.seat_list[bonds.seat_from[row] : bonds.seat_from[row + 1]].tolist():
                place = int(bonds.seats["gather"][seat])
                a = bonds.gathers[place]
                if a["standing"] and a["start"] + a["said"] == seat:
                    a["standing"] = 0
                    _take_as_usual(int(a["kind"]), bonds.model(place))
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
            if hold["open"][row] in (layout.TAIL_ALARM, layout.DRIFT, layout.DISCORD):
                centre, half = arbiter.frozen_band(hold[row], own[row], own["last"][row])
            elif hold["open"][row] == layout.SIBLINGS:
                centre, half = hold["centre"][row], siblings.GUARD * hold["half"][row]
            else:
                centre = tail.expected(own[row], own["last"][row], spec["turn"][row])
                half = tail.USUAL * own["spread"][row]
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

    def freeze(self, state: State) -> Callable[[], Parts]:
        """Copy everything as of now; gives what makes a snapshot of it, on any thread."""
        return snapshot.freeze(state)

    def snapshot(self, state: State) -> bytes:
        """Give everything as bytes.

        About 3.1 KB a series, 24 KB more where it has a discord, and what relations remember.
        """
        return bytes(self.freeze(state)())

    def restore(self, blob: bytes) -> State | None:
        """Read a snapshot; None where it was made by another version of the detectors."""

        def configured(specs: list[SeriesSpec], every: list[Relation]) -> State:
            state = self.configure(self.blank(), specs)
            return self.relate(state, every) if every else state

        return snapshot.load(blob, configured)


def _read_only(columns: Columns) -> Columns:
    """View the readings so that nothing can be written to them.

    Arrays read from the log are like that already, and to the compiler that is a type of its own: one type,
    one compilation.
    """
    series, t, v, q = columns.series.view(), columns.t.view(), columns.v.view(), columns.q.view()
    for view in (series, t, v, q):
        view.flags.writeable = False
    return Columns(series, t, v, q)


def _take_as_usual(kind: int, model: Any) -> None:
    """Let a relation's model take what it shows as usual."""
    if kind == layout.WHOLE:
        whole.restart(model)
        model[whole_fit.OPEN] = 0.0
    elif kind == layout.SWINGS:
        relations.accept_orders(model[0])
    else:
        relations.forget_account(model[0])
