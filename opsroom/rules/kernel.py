"""The hot path of rules: one reading after the other against every row that watches its series.

A row is quiet or standing. Where it sees the contrary of what it is, that becomes pending; it counts once it
has lasted as long as the delay says. A reading that is due exactly then is judged first. What was pending
long enough before a reading comes is settled as of its own instant, so that it makes no difference whether
the clock or the next reading found it.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

from opsroom.detect.jit import forget_stale, inner, kernel
from opsroom.rules.layout import (
    ALWAYS,
    ANCHORS,
    DEVIATION,
    MISSING,
    NEVER,
    QUIET,
    RAISES_KEPT,
    RATE,
    TO_CLEAR,
    TO_RAISE,
)

forget_stale(Path(__file__).parent)

QUALITY_LEAST = 64
A_READING = 4
"""Events that one reading may bring of one row, with room to spare."""


@inner
def _say(live: Any, row: int, at: int, up: int, held: int, events: Any, n: int) -> int:
    one, event = live[row], events[n]
    event["row"], event["up"], event["held"], event["at"] = row, up, held, at
    event["since"], event["v"], event["x"], event["mid"] = one["since"], one["v"], one["x"], one["mid"]
    one["standing"], one["pending"] = up, QUIET
    if up:
        _count(live, row, at)
        one["opened"] = at
    return n + 1


@inner
def _count(live: Any, row: int, at: int) -> None:
    """Remember a raise, or what would have been one if a guard did not hold the row standing."""
    one = live[row]
    one["raises"][one["raised"] % RAISES_KEPT] = at
    one["raised"] += 1


@inner
def _chatters(spec: Any, live: Any, row: int, t: int) -> bool:
    """Say whether it raised so often of late that it is held until it has been quiet for the whole span."""
    least = spec[row]["guard_n"]
    if least <= 0:
        return False
    count = 0
    for at in live[row]["raises"]:
        if at > t - spec[row]["guard"] and at != NEVER:
            count += 1
    return bool(count >= least)


@inner
def _settle(spec: Any, live: Any, row: int, t: int, events: Any, n: int) -> int:
    """Let what was pending long enough before `t` happen, at its own instant."""
    one = live[row]
    if one["pending"] == QUIET or t <= one["since"] + one["wait"]:
        return n
    if spec[row]["kind"] == MISSING and one["pending"] == TO_CLEAR:
        return n
    up = 1 if one["pending"] == TO_RAISE else 0
    held = 1 if not up and one["wait"] > spec[row]["off"] else 0
    return _say(live, row, one["since"] + one["wait"], up, held, events, n)


@inner
def _move(spec: Any, live: Any, row: int, t: int, v: float, x: float, events: Any, n: int) -> int:
    """Judge one reading, after what fell due before it."""
    what, one = spec[row], live[row]
    one["v"], one["x"] = v, x
    if one["standing"] == 0:
        if not (x > what["high"] or x < what["low"]):
            one["pending"] = QUIET
            return n
        if one["pending"] != TO_RAISE:
            one["pending"], one["since"], one["wait"] = TO_RAISE, t, what["on"]
        if t >= one["since"] + one["wait"]:
            return _say(live, row, one["since"] + one["wait"], 1, 0, events, n)
        return n
    if not (x <= what["high"] - what["dead"] and x >= what["low"] + what["dead"]):
        if one["pending"] == TO_CLEAR and one["wait"] > what["off"]:
            _count(live, row, t)
        one["pending"] = QUIET
        return n
    if one["pending"] != TO_CLEAR:
        one["pending"], one["since"], one["wait"] = TO_CLEAR, t, what["off"]
        if _chatters(spec, live, row, t):
            one["wait"] = max(what["off"], what["guard"])
    if t >= one["since"] + one["wait"]:
        held = 1 if one["wait"] > what["off"] else 0
        return _say(live, row, one["since"] + one["wait"], 0, held, events, n)
    return n


@inner
def _report(spec: Any, live: Any, row: int, t: int, v: float, events: Any, n: int) -> int:
    """Take a report of a series whose silence is watched; silence begins anew with each."""
    what, one = spec[row], live[row]
    before = one["t"]
    one["v"] = one["x"] = v
    if one["standing"]:
        if one["pending"] != TO_CLEAR or t - before > what["missed"]:
            if one["pending"] == TO_CLEAR and one["wait"] > what["off"]:
                _count(live, row, t)
            one["pending"], one["since"], one["wait"] = TO_CLEAR, t, what["off"]
            if _chatters(spec, live, row, t):
                one["wait"] = max(what["off"], what["guard"])
        if t - one["since"] >= one["wait"]:
            held = 1 if one["wait"] > what["off"] else 0
            n = _say(live, row, t, 0, held, events, n)
    if one["standing"] == 0:
        one["pending"], one["since"], one["wait"] = TO_RAISE, t, what["missed"] + what["on"]
    return n


@inner
def _fold(d: float, turn: float) -> float:
    """Give a difference on a circle of `turn`, the short way round; as it is where `turn` is 0."""
    return d - turn * math.floor(d / turn + 0.5) if turn > 0.0 else d


@inner
def _rate(what: Any, anchor: Any, t: int, v: float) -> float:
    """Give the change since the newest kept reading at least a span ago; NaN before there is one."""
    kept, found = anchor["n"], -1
    for k in range(min(kept, ANCHORS)):
        place = (kept - 1 - k) % ANCHORS
        if t - anchor["t"][place] >= what["over"]:
            found = place
            break
    rate = math.nan
    if found >= 0:
        rate = _fold(v - anchor["v"][found], what["turn"]) / (t - anchor["t"][found]) * what["per"]
    if kept == 0 or 8 * (t - anchor["t"][(kept - 1) % ANCHORS]) >= what["over"]:
        anchor["t"][kept % ANCHORS], anchor["v"][kept % ANCHORS] = t, v
        anchor["n"] = kept + 1
    return rate


@inner
def _hear(
    what: Any,
    spec: Any,
    live: Any,
    anchors: Any,
    row: int,
    t: int,
    v: float,
    usable: bool,  # noqa: FBT001 - a kernel takes no keywords
    events: Any,
    n: int,
) -> int:
    """Take one reading for one row."""
    n = _settle(spec, live, row, t, events, n)
    if what["kind"] == MISSING:
        return _report(spec, live, row, t, v, events, n)
    if not usable:
        return n
    x = v
    if what["kind"] == RATE:
        x = _rate(what, anchors[what["anchor"]], t, v)
    elif what["kind"] == DEVIATION:
        x = _fold(v - live[row]["mid"], what["turn"]) / live[row]["half"]
    return n if math.isnan(x) else _move(spec, live, row, t, v, x, events, n)


@kernel
def judge(
    spec: Any,
    live: Any,
    anchors: Any,
    first: Any,
    series: Any,
    t: Any,
    v: Any,
    q: Any,
    now: int,
    place: int,
    events: Any,
) -> tuple[int, int, int]:
    """Take readings from `place` on; gives (next place, events, an instant no later than the next due one).

    `first` holds, for each series id, its first row and the one after its last (they stand together). Stops
    early where `events` might not hold what the next reading brings. Quality below 64 and values that are no
    number are not judged; of silence they are a report.
    """
    n, due = 0, ALWAYS
    while place < len(t):
        one = series[place]
        begin, end = 0, 0
        if one + 1 < len(first):
            begin, end = first[one], first[one + 1]
        if n + A_READING * (end - begin) > len(events):
            break
        at, value = t[place], v[place]
        usable = q[place] >= QUALITY_LEAST and math.isfinite(value)
        for row in range(begin, end):
            n = _hear(spec[row], spec, live, anchors, row, at, value, usable, events, n)
            state = live[row]
            state["t"] = at
            state["lag"] = max(0, now - at)
            if state["pending"] != QUIET:
                due = min(due, state["since"] + state["wait"] + state["lag"] + 1)
        place += 1
    return place, n, due


@kernel
def move(spec: Any, live: Any, row: int, t: int, v: float, x: float, lag: int, events: Any) -> int:
    """Judge one value of one row at `t`, after what fell due before it; gives the number of events."""
    n = _settle(spec, live, row, t, events, 0)
    n = _move(spec, live, row, t, v, x, events, n)
    live[row]["t"], live[row]["lag"] = t, lag
    return n


@kernel
def expire(spec: Any, live: Any, rows: Any, events: Any) -> int:
    """Let what is pending in `rows` happen, whose time has come on the room's clock."""
    n = 0
    for row in rows:
        n = _settle(spec, live, row, ALWAYS, events, n)
    return n


def due_at(spec: Any, live: Any) -> Any:
    """Give the instants (room's clock) at which what is pending happens if nothing contrary comes, shape [n].

    The largest int64 where nothing is pending, or only a reading can end it.
    """
    waits = (live["pending"] != QUIET) & ~((spec["kind"] == MISSING) & (live["pending"] == TO_CLEAR))
    return np.where(waits, np.where(waits, live["since"], 0) + live["wait"] + live["lag"] + 1, ALWAYS)
