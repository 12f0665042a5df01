"""The language of expressions: what it says, and what it refuses."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsroom.rules.formula import DEPTH_MAX, FormulaError, read_formula


class Fixed:
    """Values that stand still."""

    def __init__(self, **values: float) -> None:
        self.values = values

    def value(self, name: str) -> float:
        return self.values[name]

    def window(self, name: str, which: str, span_s: float) -> float:
        return self.values[name] + {"min": -1, "max": 1, "avg": 0}[which] + span_s / 1000


def told(text: str, **values: float) -> float:
    return read_formula(text)(Fixed(**values))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("8 - 3 - 2", 3),
        ("8 / 4 / 2", 1),
        ("-2 - -3", 1),
        ("2 * -3", -6),
        ("abs(-2.5e1)", 25),
        ("1 < 2 and 2 < 3", 1),
        ("not 1 < 2 or 3 >= 3", 1),
        ("not (1 < 2 or 3 >= 3)", 0),
        ("1 == 1 and 1 != 2 and .5 <= 1", 1),
        ("max(a, 100) - min(a, 100)", 2),
        ("avg(a, 1000) > a", 1),
    ],
)
def test_what_it_says(text: str, value: float) -> None:
    assert told(text, a=5.0) == pytest.approx(value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "too early"),
        ("1 +", "too early"),
        ("1 2", "not expected"),
        ("a < b < c", "do not chain"),
        ("(1 + 2", "was expected"),
        ("max(1, 2)", "takes the name"),
        ("max(a, -2)", "window is over 0"),
        ("max(a, 1e9)", "window is over 0"),
        ("a.b", "no meaning"),
        ("a[0]", "no meaning"),
        ("__import__('os')", "no meaning"),
        ("'a'", "no meaning"),
        ("a ** 2", "not expected"),
        ("and", "not expected"),
        ("(" * (DEPTH_MAX + 1) + "1" + ")" * (DEPTH_MAX + 1), "nested deeper"),
        ("1" + "+1" * 2000, "longer than"),
    ],
)
def test_what_it_refuses(text: str, says: str) -> None:
    with pytest.raises(FormulaError, match=says):
        read_formula(text)


def test_what_cannot_be_told_is_not_told() -> None:
    nan = math.nan
    assert math.isnan(told("a > 1", a=nan))
    assert math.isnan(told("not a", a=nan))
    assert math.isnan(told("1 / a", a=0.0))
    assert math.isnan(told("a > 1 and 1 < 2", a=nan))
    assert told("a > 1 and 2 < 1", a=nan) == 0
    assert told("a > 1 or 1 < 2", a=nan) == 1


def test_terms_stand_for_formulas_and_name_their_circle() -> None:
    terms = {"net": "a - b", "share": "net / a"}
    formula = read_formula("share > 0.1 and max(a, 60) > 0", terms)
    assert formula(Fixed(a=10.0, b=5.0)) == 1
    assert set(formula.names) == {"a", "b"}
    assert formula.windows == {"a": 60.0}
    with pytest.raises(FormulaError, match="x -> y -> x"):
        read_formula("x", {"x": "y + 1", "y": "2 * x"})


@given(st.text(max_size=60))
def test_no_text_brings_another_error(text: str) -> None:
    place = 0
    try:
        read_formula(text)
    except FormulaError as error:
        place = error.place
    assert 0 <= place <= len(text)


SUMS = st.recursive(
    st.integers(0, 99).map(str),
    lambda inner: st.tuples(inner, st.sampled_from(["+", "-", "*"]), inner).map(lambda t: f"({' '.join(t)})"),
    max_leaves=8,
)


@given(SUMS)
def test_sums_are_what_python_makes_of_them(text: str) -> None:
    assert told(text) == eval(text)  # noqa: S307 - our own digits and signs
