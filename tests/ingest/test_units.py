"""Units of measure: aliases, UCUM's grammar, and text that is neither."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsroom.units import ALIASES, is_ucum, read_unit, same_unit


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("degC", "Cel"),
        ("kVArh", "kV.A{reactive}.h"),
        ("tCO2", "t{CO2}"),
        ("t/h", "t/h"),
        ("kWh/15min", "kW.h/(15.min)"),
        ("1/30min", "1/(30.min)"),
        ("kWh/t", "kW.h/t"),
        (" m/s ", "m/s"),
        ("%", "%"),
        ("deg", "deg"),
        ("kg/(m2.s)", "kg/(m2.s)"),
        ("{rev}/min", "{rev}/min"),
        ("10*3/ul", "10*3/ul"),
        ("mm[Hg]", "mm[Hg]"),
        ("s-1", "s-1"),
    ],
)
def test_what_plants_write_becomes_ucum(text: str, code: str) -> None:
    assert read_unit(text) == (code, True)


@pytest.mark.parametrize(
    "text", ["degF?", "foo", "kk", "m//s", "m/", "(m", "m)", ".m", "m s", "kWh per t", "Stück"]
)
def test_other_text_is_kept_and_flagged(text: str) -> None:
    assert read_unit(text) == (text, False)


def test_no_unit_is_no_unit() -> None:
    assert read_unit("  ") == ("", False)


def test_units_are_the_same_by_code_and_never_by_size() -> None:
    assert same_unit("degC", "Cel")
    assert not same_unit("kW", "MW")
    assert not same_unit("kWh", "kwh")


@pytest.mark.parametrize("code", sorted(set(ALIASES.values())))
def test_every_alias_leads_to_valid_ucum_and_stays(code: str) -> None:
    assert is_ucum(code)
    assert read_unit(code).code == code


@given(st.text(max_size=30))
def test_reading_a_unit_twice_changes_nothing_more(text: str) -> None:
    once = read_unit(text)
    assert read_unit(once.code) == once
