"""Units of measure: aliases, UCUM's grammar, text that is neither, and what is converted how."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from opsroom.errors import Invalid
from opsroom.ucum import measure
from opsroom.units import ALIASES, Conversion, conversion, conversions, is_ucum, read_unit


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


@pytest.mark.parametrize("code", sorted(set(ALIASES.values())))
def test_every_alias_leads_to_valid_ucum_and_stays(code: str) -> None:
    assert is_ucum(code)
    assert read_unit(code).code == code


@example("/0")
@example("0")
@given(st.text(max_size=30))
def test_reading_a_unit_twice_changes_nothing_more(text: str) -> None:
    once = read_unit(text)
    assert read_unit(once.code) == once


@pytest.mark.parametrize(
    ("given_", "wanted", "value", "becomes"),
    [
        ("kW", "MW", 3_200.0, 3.2),
        ("kW", "MW", 1_234.567, 1.234567),
        ("MW", "kW", 3.2, 3_200.0),
        ("kW.h/(15.min)", "MW", 1_000.0, 4.0),
        ("Cel", "[degF]", 100.0, 212.0),
        ("[degF]", "Cel", 212.0, 100.0),
        ("K", "Cel", 300.0, 26.85),
        ("Cel", "K", -273.15, 0.0),
        ("mCel", "Cel", 1_500.0, 1.5),
        ("Cel/h", "K/min", 60.0, 1.0),
        ("%", "1", 87.0, 0.87),
        ("[ppm]", "%", 1.0, 0.0001),
        ("bar", "kPa", 1.0, 100.0),
        ("[psi]", "Pa", 1.0, 6894.757293168362),
        ("mm[Hg]", "Pa", 1.0, 133.322),
        ("GiBy/s", "Mbit/s", 1.0, 8589.934592),
        ("deg", "gon", 90.0, 100.0),
        ("rad", "deg", math.pi, 180.0),
        ("kV.A{reactive}", "MV.A{reactive}", 500.0, 0.5),
        ("kg{CO2}", "t{CO2}", 1.0, 0.001),
        ("kV.A.h", "MV.A.h", 1_000.0, 1.0),
        ("dB", "B", 3.0, 0.3),
        ("m3/h", "L/s", 3.6, 1.0),
    ],
)
def test_values_are_converted_to_the_last_digit(
    given_: str, wanted: str, value: float, becomes: float
) -> None:
    way = conversion(given_, wanted)
    assert way is not None
    assert way.of(value) == becomes
    assert way.back(becomes) == pytest.approx(value, rel=1e-15)
    assert conversions([way]).of(np.array([value]))[0] == becomes  # type: ignore[union-attr]


@pytest.mark.parametrize("same", [("kW", "kJ/s"), ("", ""), ("odd", "odd"), ("Hz", "s-1"), ("L", "dm3")])
def test_where_both_are_the_same_nothing_is_computed(same: tuple[str, str]) -> None:
    assert conversion(*same) is None


@pytest.mark.parametrize(
    ("given_", "wanted", "dimensions"),
    [
        ("kW.h", "MW", ("energy", "power")),
        ("kV.A{reactive}", "kW", ("power {reactive}", "power")),
        ("kV.A", "kW", ("power {apparent}", "power")),
        ("N.m", "J", ("energy {torque}", "energy")),
        ("t{CO2}", "t", ("mass {CO2}", "mass")),
        ("{rev}/min", "Hz", ("frequency {rev}", "frequency")),
        ("m3{normal}", "m3", ("volume {normal}", "volume")),
        ("deg", "1", ("angle", "ratio")),
        ("mol", "1", ("amount", "ratio")),
        ("By", "1", ("information", "ratio")),
        ("dB", "%", ("level", "ratio")),
        ("{count}", "1", ("ratio {count}", "ratio")),
        ("Cel/h", "Cel", ("K.s-1", "temperature")),
        ("odd", "kW", ("unknown", "power")),
        ("kW", "odd", ("power", "unknown")),
        ("odd", "other", ("unknown", "unknown")),
        ("Ym30.Ym30", "ym30.ym30", ("m60", "m60")),
    ],
)
def test_what_means_another_thing_is_refused_with_both_named(
    given_: str, wanted: str, dimensions: tuple[str, str]
) -> None:
    with pytest.raises(Invalid) as refused:
        conversion(given_, wanted)
    params = refused.value.params
    assert refused.value.code == "unit_mismatch"
    assert (params["got"], params["expected"]) == (given_, wanted)
    assert (params["got_dimension"], params["expected_dimension"]) == dimensions


def test_no_expression_takes_long_or_much() -> None:
    assert not is_ucum("m31")
    assert not is_ucum("km999999999")
    assert measure("(" * 30 + "m" + ")" * 30) == measure("m")
    assert measure("Ym30." * 9 + "Ym30").scale == Fraction(10) ** (24 * 300)  # type: ignore[union-attr]


@given(st.sampled_from(sorted(set(ALIASES.values()))), st.sampled_from("kMGmu"), st.floats(-1e9, 1e9))
def test_there_and_back_is_the_same(code: str, prefix: str, value: float) -> None:
    one, larger = measure(code), measure(other := prefix + code)
    if one is not None and larger is not None and one.kind == larger.kind:
        way, back = conversion(code, other), conversion(other, code)
        assert way is not None
        assert back is not None
        assert back.of(way.of(value)) == pytest.approx(value, rel=1e-12, abs=1e-12)


@given(
    st.lists(st.sampled_from([None, Conversion(1.0, 0.0, 1000.0), Conversion(5.0, -160.0, 9.0)]), min_size=1)
)
def test_a_column_is_converted_as_its_values_are(each: list[Conversion | None]) -> None:
    values = 37.5 * np.arange(len(each), dtype=np.float64)
    alone = [
        value if way is None else way.of(value) for way, value in zip(each, values.tolist(), strict=True)
    ]
    together = conversions(each)
    if together is None:
        assert each == [None] * len(each)
    else:
        assert together.of(values).tolist() == alone
