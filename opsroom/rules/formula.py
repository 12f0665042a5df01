"""The small language of expressions: a Pratt parser (V. Pratt, "Top down operator precedence", 1973).

Numbers, names, `+ - * /`, comparisons, `and or not`, brackets, and over a window of seconds
`min(name, s)`, `max(name, s)`, `avg(name, s)`; `abs(x)`. A comparison gives 1 or 0. What cannot be told (a
name without value, a division by zero) makes the whole untold, except where `and` or `or` is decided without
it. Nothing else can be said: no attribute, no call, no text.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple, Protocol

from opsroom.rules.faults import says

LENGTH_MAX: Final = 2_000
DEPTH_MAX: Final = 64
WINDOW_S_MAX: Final = 7 * 86_400.0
WINDOWED: Final = ("min", "max", "avg")
WORDS: Final = ("and", "or", "not", "abs", *WINDOWED)
_TOKEN: Final = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)"
    r"|(?P<name>[A-Za-z_]\w*)|(?P<sign><=|>=|==|!=|[-+*/()<>,]))"
)
_POWER: Final = {"or": 1, "and": 2, "not": 3, "<": 4, "<=": 4, ">": 4, ">=": 4, "==": 4, "!=": 4}
_POWER_SUM, _POWER_PRODUCT, _POWER_SIGN = 5, 6, 7


class FormulaError(ValueError):
    """A formula that cannot be read: the character (from 0) at fault, and what words it."""

    def __init__(self, why: str, place: int, **values: str | float) -> None:
        """Keep the place."""
        self.why, self.values = why, {**values, "character": place + 1}
        super().__init__(says(why, self.values))
        self.place = place


class Values(Protocol):
    """What a formula asks for: NaN where it cannot be told."""

    def value(self, name: str) -> float:
        """Give the present value of a name."""
        ...

    def window(self, name: str, which: str, span_s: float) -> float:
        """Give `min`, `max` or `avg` of a name over the last `span_s` seconds."""
        ...


Term = Callable[[Values], float]


@dataclass(frozen=True)
class Formula:
    """A formula that was read: the names it asks for, and for how long a window of each (seconds)."""

    text: str
    ask: Term
    names: tuple[str, ...]
    windows: Mapping[str, float] = field(default_factory=dict)

    def __call__(self, values: Values) -> float:
        """Give its value, 1 or 0 for a condition; NaN where it cannot be told."""
        return self.ask(values)


class _Token(NamedTuple):
    kind: str
    text: str
    place: int


def read_formula(text: str, terms: Mapping[str, str] | None = None) -> Formula:
    """Read `text`; a name in `terms` stands for that formula.

    Raises:
        FormulaError: it cannot be read, or terms stand for one another in a circle (named in the message).
    """
    parser = _Parser(text, terms or {}, ())
    ask = parser.whole()
    return Formula(text, ask, tuple(parser.names), parser.windows)


class _Parser:
    """Reads one text; terms are read by further ones that share what was gathered."""

    def __init__(self, text: str, terms: Mapping[str, str], within: tuple[str, ...]) -> None:
        if len(text) > LENGTH_MAX:
            raise FormulaError("formula_too_long", LENGTH_MAX, limit=LENGTH_MAX)
        self._terms, self._within = terms, within
        self._tokens = list(_tokens(text))
        self._at = self._depth = 0
        self.names: dict[str, None] = {}
        self.windows: dict[str, float] = {}

    def whole(self) -> Term:
        found = self._expression(0)
        if self._next.kind != "end":
            raise FormulaError("formula_unexpected", self._next.place, text=self._next.text)
        return found

    @property
    def _next(self) -> _Token:
        return self._tokens[self._at]

    def _take(self, text: str | None = None) -> _Token:
        token = self._next
        if text is not None and token.text != text:
            raise FormulaError("formula_expected", token.place, text=text)
        self._at += 1
        return token

    def _expression(self, power: int) -> Term:
        self._depth += 1
        if self._depth > DEPTH_MAX:
            raise FormulaError("formula_too_deep", self._next.place, limit=DEPTH_MAX)
        left = self._prefix()
        while (own := _binds(self._next)) > power:
            token = self._take()
            right = self._expression(own)
            left = _joined(token.text, left, right)
            if own == _POWER["<"] and _binds(self._next) == own:
                raise FormulaError("formula_chained", self._next.place)
        self._depth -= 1
        return left

    def _prefix(self) -> Term:
        token = self._take()
        if token.kind == "number":
            value = float(token.text)
            return lambda _: value
        if token.text == "(":
            inside = self._expression(0)
            self._take(")")
            return inside
        if token.text == "-":
            operand = self._expression(_POWER_SIGN)
            return lambda values: -operand(values)
        if token.text == "not":
            operand = self._expression(_POWER["not"])
            return lambda values: _not(operand(values))
        if token.text == "abs":
            self._take("(")
            operand = self._expression(0)
            self._take(")")
            return lambda values: abs(operand(values))
        if token.text in WINDOWED:
            return self._windowed(token.text)
        if token.kind == "name" and token.text not in WORDS:
            return self._name(token)
        if token.text:
            raise FormulaError("formula_unexpected", token.place, text=token.text)
        raise FormulaError("formula_ends", token.place)

    def _windowed(self, which: str) -> Term:
        self._take("(")
        token = self._take()
        if token.kind != "name" or token.text in WORDS or token.text in self._terms:
            raise FormulaError("formula_windowed", token.place, which=which)
        self._take(",")
        span = self._take()
        if span.kind != "number" or not 0 < float(span.text) <= WINDOW_S_MAX:
            raise FormulaError("formula_window", span.place, limit=WINDOW_S_MAX)
        self._take(")")
        name, span_s = token.text, float(span.text)
        self.names[name] = None
        self.windows[name] = max(span_s, self.windows.get(name, 0.0))
        return lambda values: values.window(name, which, span_s)

    def _name(self, token: _Token) -> Term:
        name = token.text
        if name not in self._terms:
            self.names[name] = None
            return lambda values: values.value(name)
        if name in self._within:
            circle = (*self._within[self._within.index(name) :], name)
            raise FormulaError("formula_circle", token.place, way=" -> ".join(circle))
        inner = _Parser(self._terms[name], self._terms, (*self._within, name))
        found = inner.whole()
        self.names.update(inner.names)
        for other, span_s in inner.windows.items():
            self.windows[other] = max(span_s, self.windows.get(other, 0.0))
        return found


def _tokens(text: str) -> Iterator[_Token]:
    place, end = 0, len(text.rstrip())
    while place < end:
        found = _TOKEN.match(text, place)
        if found is None:
            at = place + len(text[place:]) - len(text[place:].lstrip())
            raise FormulaError("formula_no_meaning", at, text=text[at])
        kind = str(found.lastgroup)
        yield _Token(kind, found.group(kind), found.start(kind))
        place = found.end()
    yield _Token("end", "", len(text))


def _binds(token: _Token) -> int:
    if token.kind == "sign" and token.text in "+-":
        return _POWER_SUM
    if token.kind == "sign" and token.text in "*/":
        return _POWER_PRODUCT
    return 0 if token.text == "not" else _POWER.get(token.text, 0)


def _not(value: float) -> float:
    return value if math.isnan(value) else float(value == 0.0)


def _and(left: Term, right: Term, values: Values) -> float:
    """Give `and`: one side that does not hold decides it."""
    a, b = left(values), right(values)
    if 0.0 in {a, b}:
        return 0.0
    return math.nan if math.isnan(a) or math.isnan(b) else 1.0


def _or(left: Term, right: Term, values: Values) -> float:
    """Give `or`: one side that holds decides it."""
    a, b = left(values), right(values)
    if any(not math.isnan(side) and side != 0.0 for side in (a, b)):
        return 1.0
    return math.nan if math.isnan(a) or math.isnan(b) else 0.0


def _over(a: float, b: float) -> float:
    return a / b if b != 0.0 else math.nan


_ARITHMETIC: Final[dict[str, Callable[[float, float], float]]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": _over,
}
_COMPARED: Final[dict[str, Callable[[float, float], bool]]] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
}


def _joined(sign: str, left: Term, right: Term) -> Term:
    if sign == "and":
        return lambda values: _and(left, right, values)
    if sign == "or":
        return lambda values: _or(left, right, values)
    if sign in _ARITHMETIC:
        combine = _ARITHMETIC[sign]
        return lambda values: combine(left(values), right(values))
    compare = _COMPARED[sign]

    def compared(values: Values) -> float:
        a, b = left(values), right(values)
        return math.nan if math.isnan(a) or math.isnan(b) else float(compare(a, b))

    return compared
