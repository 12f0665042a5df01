"""What rules remember: made from rules and a tree, carried over when either changes, as bytes and back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from opsroom.alarm import Cause
from opsroom.catalog import Catalog
from opsroom.rule import Rule, RuleKind
from opsroom.rules import layout
from opsroom.rules.binding import Watch, causes_of
from opsroom.rules.layout import ALWAYS, NEVER, Rows
from opsroom.rules.several import Several, several_of


@dataclass(slots=True)
class State:
    """All that rules remember. `due` is never later than the first instant at which something falls due.

    Rows of one series stand together, from `first[id]` up to `first[id + 1]`; those of expressions come last.
    """

    rules: list[Rule] = field(default_factory=list)
    keys: list[Watch] = field(default_factory=list)
    spec: Rows = field(default_factory=lambda: np.zeros(0, layout.SPEC))
    live: Rows = field(default_factory=lambda: layout.blank_live(0))
    anchors: Rows = field(default_factory=lambda: np.zeros(0, layout.ANCHOR))
    first: NDArray[np.int64] = field(default_factory=lambda: np.zeros(1, np.int64))
    several: list[Several] = field(default_factory=list)
    parts: dict[int, list[tuple[int, int]]] = field(default_factory=dict)
    joined: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, np.bool_))
    forecast: list[int] = field(default_factory=list)
    causes: dict[int, Cause] = field(default_factory=dict)
    due: int = ALWAYS

    def stands(self, series_id: int, *, events: bool = False) -> bool:
        """Say whether a rule stands on this series; one filed as event counts only with `events`."""
        rows = np.nonzero((self.spec["series"] == series_id) & (self.live["standing"] > 0))[0]
        return any(events or not self.rules[self.spec["rule"][row]].event for row in rows.tolist())

    def standing(self) -> list[tuple[str, int]]:
        """Give (rule id, series id) of all that stands, in the order of its rows."""
        rows = np.nonzero(self.live["standing"])[0].tolist()
        return [(self.rules[self.spec["rule"][row]].id, int(self.spec["series"][row])) for row in rows]


def arranged(rules: list[Rule], found: list[Watch], catalog: Catalog) -> State:
    """Give a state of blank rows: by series and rule, expressions last."""
    place = {rule.id: number for number, rule in enumerate(rules)}
    found.sort(key=lambda one: (one.members != (), one.series, one.rule))
    state = State(rules=rules, keys=found, live=layout.blank_live(len(found)))
    state.causes = causes_of(catalog, rules, found)
    state.spec = np.zeros(len(found), layout.SPEC)
    rates = 0
    for row, one in enumerate(found):
        rule, series = rules[place[one.rule]], catalog.series[one.series]
        spec = layout.spec_of(rule, place[one.rule], one.series, series.period_s, series.circular)
        if rule.kind is RuleKind.RATE:
            spec["anchor"], rates = rates, rates + 1
        state.spec[row] = spec
        if one.members:
            periods = [catalog.series[member].period_s for member in one.members]
            _join(state, several_of(rule, row, one.members, periods))
    state.anchors = np.zeros(rates, layout.ANCHOR)
    _index(state)
    return state


def _join(state: State, one: Several) -> None:
    number = len(state.several)
    state.several.append(one)
    for place, member in enumerate(one.members):
        state.parts.setdefault(member, []).append((number, place))


def _index(state: State) -> None:
    """Find the rows of each series, those whose readings expressions take, and those with a forecast."""
    plain = state.spec["kind"] != layout.EXPRESSION
    ids = state.spec["series"][plain]
    top = int(ids.max(initial=-1))
    state.first = np.searchsorted(ids, np.arange(top + 2)).astype(np.int64)
    state.joined = np.zeros(max(state.parts, default=-1) + 1, np.bool_)
    state.joined[list(state.parts)] = True
    forecast = state.spec["series"][state.spec["kind"] == layout.DEVIATION]
    state.forecast = np.unique(forecast).tolist()
    state.due = NEVER if len(state.spec) else ALWAYS


def take_over(fresh: State, old: State, before: dict[str, Rule]) -> set[tuple[str, int]]:
    """Keep what is remembered of pairs that still watch the same kind of thing.

    Gives as (rule id, series id) those by which stands what stood: they file it as before.
    """
    kept = set()
    rows = {(key.rule, key.series): row for row, key in enumerate(old.keys)}
    several = {one.row: one for one in old.several}
    mine = {one.row: one for one in fresh.several}
    for row, key in enumerate(fresh.keys):
        past = rows.get((key.rule, key.series))
        rule = fresh.rules[fresh.spec["rule"][row]]
        if past is None or before[key.rule].kind is not rule.kind:
            continue
        fresh.live[row] = old.live[past]
        if before[key.rule].event == rule.event:
            kept.add((key.rule, key.series))
        elif fresh.live["standing"][row]:  # an event holds no alert open, and an alarm is more than told
            begin_anew(fresh, np.array([row]))
        _shift(fresh, row)
        if rule.kind is RuleKind.RATE:
            fresh.anchors[fresh.spec["anchor"][row]] = old.anchors[old.spec["anchor"][past]]
        if row in mine and several[past].names == mine[row].names and key == old.keys[past]:
            mine[row].load(several[past].dump())
    return kept


def begin_anew(state: State, rows: NDArray[np.int64]) -> None:
    """Let nothing stand in these rows: what still holds is found again, silence since the last report."""
    spec, live = state.spec, state.live
    live["standing"][rows], live["pending"][rows] = 0, layout.QUIET
    silent = rows[(spec["kind"][rows] == layout.MISSING) & (live["t"][rows] != NEVER)]
    live["pending"][silent], live["since"][silent] = layout.TO_RAISE, live["t"][silent]
    live["wait"][silent] = spec["missed"][silent] + spec["on"][silent]
    state.due = NEVER


def _shift(fresh: State, row: int) -> None:
    """Let what is pending wait as long as the rule now says."""
    spec, live = fresh.spec[row], fresh.live[row]
    if live["pending"] == layout.TO_RAISE:
        live["wait"] = spec["missed"] + spec["on"] if spec["kind"] == layout.MISSING else spec["on"]
    elif live["pending"] == layout.TO_CLEAR:
        live["wait"] = max(live["wait"], spec["off"])


# Snapshot.


class _Body(msgspec.Struct, kw_only=True):
    layout: str
    rules: list[Rule]
    keys: list[Watch]
    spec: bytes
    live: bytes
    anchors: bytes
    several: list[list[Any]]
    ages: list[list[int]]
    causes: list[Cause]


def _version() -> str:
    sizes = (layout.SPEC.itemsize, layout.LIVE.itemsize, layout.ANCHOR.itemsize)
    return ":".join(map(str, (layout.LAYOUT, *sizes)))


def dump(state: State) -> bytes:
    """Give the whole state as bytes."""
    return msgspec.msgpack.encode(
        _Body(
            layout=_version(),
            rules=state.rules,
            keys=state.keys,
            spec=state.spec.tobytes(),
            live=state.live.tobytes(),
            anchors=state.anchors.tobytes(),
            several=[one.dump() for one in state.several],
            ages=[list(one.ages) for one in state.several],
            causes=list(state.causes.values()),
        )
    )


def load(blob: bytes) -> State | None:
    """Read what `dump` gave; None where it is another version's."""
    try:
        body = msgspec.msgpack.decode(blob, type=_Body)
    except msgspec.ValidationError:
        return None
    if body.layout != _version():
        return None
    state = State(rules=body.rules, keys=body.keys, causes={one.series_id: one for one in body.causes})
    state.spec = np.frombuffer(body.spec, layout.SPEC).copy()
    state.live = np.frombuffer(body.live, layout.LIVE).copy()
    state.anchors = np.frombuffer(body.anchors, layout.ANCHOR).copy()
    several: Sequence[tuple[list[Any], list[int]]] = list(zip(body.several, body.ages, strict=True))
    for row, key in enumerate(state.keys):
        if key.members:
            past, ages = several[len(state.several)]
            one = several_of(state.rules[state.spec["rule"][row]], row, key.members, [None] * len(ages))
            one.ages = tuple(ages)
            one.load(past)
            _join(state, one)
    _index(state)
    return state
