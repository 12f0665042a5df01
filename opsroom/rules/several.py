"""Expressions over several series: what each remembers, and at which instants it is judged.

An instant is judged as soon as all its series have spoken at it, or else when the next reading of any of them
is of a later instant, or else `GRACE_US` after it on the room's clock. A series that has nothing for an
instant counts with its last reading while that is young enough.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from opsroom.model import MICROS_PER_S
from opsroom.rule import Rule
from opsroom.rules.formula import Formula, read_formula
from opsroom.rules.layout import ALWAYS, NEVER

GRACE_US: Final = MICROS_PER_S
AGE_PERIODS: Final = 3


@dataclass(slots=True)
class Several:
    """An expression on its series: `members` are ids by its names, `ages` how old each may be."""

    row: int
    formula: Formula
    names: tuple[str, ...]
    members: tuple[int, ...]
    ages: tuple[int, ...]
    t: list[int] = field(default_factory=list)
    v: list[float] = field(default_factory=list)
    past: list[list[tuple[int, float]]] = field(default_factory=list)
    waiting: int = NEVER
    judged: int = NEVER
    spoken: int = 0
    lag: int = 0
    at: int = NEVER

    def __post_init__(self) -> None:
        """Start without readings."""
        count = len(self.members)
        self.t = self.t or [NEVER] * count
        self.v = self.v or [math.nan] * count
        self.past = self.past or [[] for _ in range(count)]

    # What a formula asks for.

    def value(self, name: str) -> float:
        """Give the last value of a series at the instant that is judged."""
        place = self.names.index(name)
        young = self.t[place] != NEVER and self.at - self.t[place] <= self.ages[place]
        return self.v[place] if young else math.nan

    def window(self, name: str, which: str, span_s: float) -> float:
        """Give the least, greatest or mean reading of the last `span_s` seconds."""
        start = self.at - round(span_s * MICROS_PER_S)
        kept = [v for t, v in self.past[self.names.index(name)] if start < t <= self.at]
        if not kept:
            return math.nan
        if which == "avg":
            return math.fsum(kept) / len(kept)
        return min(kept) if which == "min" else max(kept)

    # What moves it.

    def take(self, place: int, t: int, v: float, lag: int, *, usable: bool) -> list[tuple[int, float]]:
        """Take a reading of the series at `place`; gives what was judged: (instant, outcome)."""
        found = self.judge() if self.waiting != NEVER and t > self.waiting else []
        self.lag = lag
        if usable:
            self.t[place], self.v[place] = t, v
            self._keep(place, t, v)
        if t < max(self.waiting, self.judged):
            return found
        if t > self.waiting:
            self.waiting, self.spoken = t, 0
        self.spoken |= 1 << place
        if self.spoken == (1 << len(self.members)) - 1:
            found += self.judge()
        return found

    def judge(self) -> list[tuple[int, float]]:
        """Judge the instant that waits; nothing where the outcome cannot be told."""
        self.at = self.judged = self.waiting
        self.waiting, self.spoken = NEVER, 0
        outcome = self.formula(self)
        return [] if math.isnan(outcome) else [(self.at, float(outcome != 0.0))]

    @property
    def due(self) -> int:
        """The instant on the room's clock at which the waiting one is judged with what there is."""
        return ALWAYS if self.waiting == NEVER else self.waiting + self.lag + GRACE_US

    def _keep(self, place: int, t: int, v: float) -> None:
        span_s = self.formula.windows.get(self.names[place])
        if span_s is None:
            return
        past = self.past[place]
        past.append((t, v))
        # The instant judged next may lie before this reading.
        start = min(t, t if self.waiting == NEVER else self.waiting) - round(span_s * MICROS_PER_S)
        gone = 0
        while past[gone][0] <= start:
            gone += 1
        del past[:gone]

    # What it remembers.

    def dump(self) -> list[Any]:
        """Give what `load` takes."""
        return [self.t, self.v, self.past, self.waiting, self.judged, self.spoken, self.lag]

    def load(self, body: Sequence[Any]) -> None:
        """Go on from what `dump` gave."""
        self.t, self.v = list(body[0]), list(body[1])
        self.past = [[(t, v) for t, v in one] for one in body[2]]
        self.waiting, self.judged, self.spoken, self.lag = body[3:]


def several_of(rule: Rule, row: int, members: Sequence[int], periods_s: Sequence[float | None]) -> Several:
    """Give a rule's expression on these series; one without age may be three of its periods old.

    Raises:
        FormulaError: the rule was not checked.
    """
    ages = tuple(_age(rule, period_s) for period_s in periods_s)
    formula = read_formula(rule.formula, dict(rule.terms))
    return Several(row, formula, tuple(name for name, _ in rule.names), tuple(members), ages)


def _age(rule: Rule, period_s: float | None) -> int:
    span_s = rule.max_age_s
    if span_s is None:
        span_s = None if period_s is None else AGE_PERIODS * period_s
    return ALWAYS // 4 if span_s is None else round(span_s * MICROS_PER_S)
