"""What is remembered of each watched pair of rule and series: one row in two parallel arrays."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from opsroom.model import MICROS_PER_S
from opsroom.rule import Rule, RuleKind

Rows = NDArray[Any]

LAYOUT: Final = 1
# Eight-byte fields come first and nothing pads them: what is dumped is bit-equal where the state is.
LIMIT, RATE, DEVIATION, MISSING, EXPRESSION = 0, 1, 2, 3, 4
CODES: Final = {
    RuleKind.LIMIT: LIMIT,
    RuleKind.RATE: RATE,
    RuleKind.DEVIATION: DEVIATION,
    RuleKind.MISSING: MISSING,
    RuleKind.EXPRESSION: EXPRESSION,
}
NEVER: Final = np.iinfo(np.int64).min
ALWAYS: Final = np.iinfo(np.int64).max
RAISES_KEPT: Final = 16
"""Raises whose times a chatter guard can look back on."""
ANCHORS: Final = 10
"""Past readings kept for a rate: one each eighth of its span, and room for the span to lie between two."""
QUIET, TO_RAISE, TO_CLEAR = 0, 1, 2

SPEC: Final = np.dtype(
    [
        ("series", "i8"),
        ("low", "f8"),
        ("high", "f8"),  # ends beyond which the rule speaks, infinite where open
        ("dead", "f8"),
        ("turn", "f8"),  # full turn of a circular series, 0 otherwise
        ("on", "i8"),
        ("off", "i8"),  # delays, microseconds
        ("missed", "i8"),  # silence that is too long, microseconds
        ("guard", "i8"),  # `guard_n` raises in so many microseconds: chattering
        ("over", "i8"),  # span of a rate
        ("per", "f8"),  # microseconds it is stated for
        ("rule", "i4"),  # place of the rule in the state's list
        ("guard_n", "i4"),
        ("anchor", "i4"),  # place among those that keep anchors, -1 otherwise
        ("kind", "i4"),
    ],
    align=True,
)
LIVE: Final = np.dtype(
    [
        ("since", "i8"),  # event time at which what is pending began
        ("wait", "i8"),  # how long it must last
        ("t", "i8"),  # last reading
        ("lag", "i8"),  # how far the room's clock was behind it when it was given
        ("v", "f8"),
        ("x", "f8"),  # what is compared: the value, its rate, its distance from the forecast
        ("mid", "f8"),
        ("half", "f8"),  # forecast band of the next reading
        ("opened", "i8"),  # instants of the last raise
        ("raises", "i8", (RAISES_KEPT,)),
        ("raised", "i4"),  # how often, raises that a guard held back included
        ("standing", "i2"),
        ("pending", "i2"),
    ],
    align=True,
)
ANCHOR: Final = np.dtype([("t", "i8", (ANCHORS,)), ("v", "f8", (ANCHORS,)), ("n", "i8")], align=True)
EVENT: Final = np.dtype(
    [
        ("row", "i4"),
        ("up", "u1"),  # 1 raise, 0 clear
        ("held", "u1"),
        ("at", "i8"),
        ("since", "i8"),
        ("v", "f8"),
        ("x", "f8"),
        ("mid", "f8"),
    ],
    align=True,
)


def blank_live(count: int) -> Rows:
    """Give `count` rows that have heard nothing."""
    rows = np.zeros(count, LIVE)
    for name in ("since", "t", "opened"):
        rows[name] = NEVER
    rows["raises"] = NEVER
    for name in ("v", "x", "mid", "half"):
        rows[name] = np.nan
    return rows


def spec_of(rule: Rule, place: int, series_id: int, period_s: float | None, turn: float | None) -> Rows:
    """Give the row, shape (), that watches a series for a rule; a silence without span never falls due."""
    row = np.zeros((), SPEC)
    row["series"], row["rule"], row["kind"] = series_id, place, CODES[rule.kind]
    row["low"] = -np.inf if rule.low is None else rule.low
    row["high"] = np.inf if rule.high is None else rule.high
    row["dead"], row["turn"] = rule.deadband, turn or 0.0
    row["on"], row["off"] = _us(rule.on_delay_s), _us(rule.off_delay_s)
    row["guard_n"], row["guard"] = rule.chatter_raises, _us(rule.chatter_in_s)
    row["over"], row["per"], row["anchor"] = _us(rule.over_s), rule.per_s * MICROS_PER_S, -1
    if rule.kind is RuleKind.MISSING:
        row["missed"] = _silence(rule, period_s)
    elif rule.kind is RuleKind.EXPRESSION:
        row["high"] = 0.5
    return row


def _silence(rule: Rule, period_s: float | None) -> int:
    if rule.after_s is not None:
        return _us(rule.after_s)
    if rule.periods is not None and period_s:
        return _us(rule.periods * period_s)
    return ALWAYS // 4


def _us(seconds: float) -> int:
    return round(seconds * MICROS_PER_S)
