"""Units of measure: what a sender writes becomes a UCUM code by a printed alias table; values are converted.

Codes follow The Unified Code for Units of Measure (UCUM), case sensitive. What is neither an alias nor UCUM
is kept as it came, flagged unverified, compared exactly and never converted.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from math import lcm
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from opsroom.errors import Invalid
from opsroom.ucum import Measure, dimension_name, measure

UNIT_CHARS_MAX: Final = 64

# What plants write -> the UCUM code. Printed in docs/units.md.
ALIASES: Final[dict[str, str]] = {
    "degC": "Cel",
    "°C": "Cel",
    "celsius": "Cel",
    "degF": "[degF]",
    "°F": "[degF]",
    "°": "deg",
    "degree": "deg",
    "degrees": "deg",
    "percent": "%",
    "pct": "%",
    "Wh": "W.h",
    "kWh": "kW.h",
    "MWh": "MW.h",
    "GWh": "GW.h",
    "Ah": "A.h",
    "VA": "V.A",
    "kVA": "kV.A",
    "MVA": "MV.A",
    "var": "V.A{reactive}",
    "VAr": "V.A{reactive}",
    "kvar": "kV.A{reactive}",
    "kVAr": "kV.A{reactive}",
    "MVAr": "MV.A{reactive}",
    "kvarh": "kV.A{reactive}.h",
    "kVArh": "kV.A{reactive}.h",
    "MVArh": "MV.A{reactive}.h",
    "tCO2": "t{CO2}",
    "tCO2e": "t{CO2e}",
    "kgCO2": "kg{CO2}",
    "Nm3": "m3{normal}",
    "Sm3": "m3{standard}",
    "m^2": "m2",
    "m²": "m2",
    "m^3": "m3",
    "m³": "m3",
    "hr": "h",
    "hour": "h",
    "sec": "s",
    "minute": "min",
    "day": "d",
    "rpm": "{rev}/min",
    "rev/min": "{rev}/min",
    "psi": "[psi]",
    "mph": "[mi_i]/h",
    "ppm": "[ppm]",
    "ppb": "[ppb]",
    "inch": "[in_i]",
    "ft": "[ft_i]",
    "lb": "[lb_av]",
    "gal": "[gal_us]",
    "ohm": "Ohm",
    "Ω": "Ohm",
    "µm": "um",
    "µs": "us",
    "pcs": "{pcs}",
    "pieces": "{pcs}",
    "count": "{count}",
    "ratio": "1",
}

_TIMES: Final = re.compile(r"^(\d+)\s*([A-Za-z].*)$")
_EXACT: Final = 2**53


class UnitText(NamedTuple):
    """A unit as it is kept: UCUM `code`, or the sender's own text where `verified` is false.

    `""` means none was told.
    """

    code: str
    verified: bool


@lru_cache(maxsize=4096)
def read_unit(text: str) -> UnitText:
    """Read a sender's unit text.

    >>> read_unit("degC"), read_unit("kWh/15min").code, read_unit("degF?")
    (UnitText(code='Cel', verified=True), 'kW.h/(15.min)', UnitText(code='degF?', verified=False))
    """
    text = text.strip()[:UNIT_CHARS_MAX]
    if not text:
        return UnitText("", verified=False)
    if text in ALIASES:
        return UnitText(ALIASES[text], verified=True)
    if is_ucum(text):
        return UnitText(text, verified=True)
    spelled = "/".join(_component(part, below=place > 0) for place, part in enumerate(text.split("/")))
    if spelled != text and is_ucum(spelled):
        return UnitText(spelled, verified=True)
    return UnitText(text, verified=False)


class Conversion(NamedTuple):
    """From one unit to another: (value * times + plus) / over.

    Whole numbers, so that a factor as 1/1000 or 5/9 is rounded once and not twice.
    """

    times: float
    plus: float
    over: float

    def of(self, value: float) -> float:
        """Convert a value."""
        return (value * self.times + self.plus) / self.over

    def back(self, value: float) -> float:
        """Give the value that `of` converts to this one."""
        return (value * self.over - self.plus) / self.times


class Conversions(NamedTuple):
    """The same for a column: factors of shape (n,), or (1,) where all values are converted alike."""

    times: NDArray[np.float64]
    plus: NDArray[np.float64]
    over: NDArray[np.float64]

    def of(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Convert values of shape (n,); what is beyond a float64 becomes infinite."""
        with np.errstate(over="ignore"):
            converted: NDArray[np.float64] = (values * self.times + self.plus) / self.over
        return converted


def conversions(each: Sequence[Conversion | None]) -> Conversions | None:
    """Join what becomes of each value of a column; None where nothing becomes of any."""
    distinct = set(each)
    if distinct <= {None}:
        return None
    rows = [one or Conversion(1.0, 0.0, 1.0) for one in (distinct if len(distinct) == 1 else each)]
    return Conversions(*(np.array(factors) for factors in zip(*rows, strict=True)))


@lru_cache(maxsize=4096)
def conversion(given: str, wanted: str) -> Conversion | None:
    """Give how values in `given` become values in `wanted`; None where they are the same already.

    Temperatures are converted with their zeros, unless they stand beside other units (`Cel/h`).

    >>> conversion("kW", "MW"), conversion("kW", "kJ/s"), conversion("[degF]", "Cel").of(212.0)
    (Conversion(times=1.0, plus=0.0, over=1000.0), None, 100.0)

    Raises:
        Invalid: `unit_mismatch`: the dimensions or what is counted differ, or one of them is no UCUM code.
    """
    if given == wanted:
        return None
    one, other = measure(given), measure(wanted)
    if one is None or other is None or one.kind != other.kind:
        raise _mismatch(given, wanted, one, other)
    factor, plus = one.scale / other.scale, (one.zero - other.zero) / other.scale
    if factor == 1 and not plus:
        return None
    over = lcm(factor.denominator, plus.denominator)
    if max(factor * over, abs(plus) * over, Fraction(over)) > _EXACT:
        over = 1
    try:
        found = Conversion(float(factor * over), float(plus * over), float(over))
    except OverflowError:
        raise _mismatch(given, wanted, one, other) from None
    if not found.times:
        raise _mismatch(given, wanted, one, other)
    return found


def _mismatch(given: str, wanted: str, one: Measure | None, other: Measure | None) -> Invalid:
    params = {"expected_dimension": dimension_name(other), "got_dimension": dimension_name(one)}
    return Invalid(
        f"{given or 'no unit'} ({params['got_dimension']}) cannot be converted to {wanted} "
        f"({params['expected_dimension']}).",
        remedy="Give a unit of the same dimension.",
        code="unit_mismatch",
        field="unit",
        expected=wanted,
        got=given,
        **params,
    )


def is_ucum(text: str) -> bool:
    """Tell whether `text` is a valid UCUM expression of known atoms."""
    return measure(text) is not None


def _component(part: str, *, below: bool) -> str:
    """Spell one side of a `/` in UCUM: aliases, and `15min` below the stroke as `(15.min)`."""
    part = part.strip()
    times = _TIMES.match(part)
    if times is not None and not is_ucum(part):
        inner = ALIASES.get(times[2], times[2])
        return f"({times[1]}.{inner})" if below else f"{times[1]}.{inner}"
    spelled = ALIASES.get(part, part)
    return f"({spelled})" if below and any(sign in spelled for sign in "./") else spelled
