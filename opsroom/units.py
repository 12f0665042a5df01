"""Units of measure: a sender's text becomes a UCUM code through a printed alias table.

Or is kept and flagged.

Codes follow The Unified Code for Units of Measure (UCUM), case sensitive. What is neither an alias nor UCUM
is kept as it came, flagged unverified, compared exactly and never converted.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple

UNIT_CHARS_MAX: Final = 64

# What plants write -> the UCUM code. Printed in docs/protocol.md.
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

_PREFIXES: Final = (
    "da",
    "Y",
    "Z",
    "E",
    "P",
    "T",
    "G",
    "M",
    "k",
    "h",
    "d",
    "c",
    "m",
    "u",
    "n",
    "p",
    "f",
    "a",
    "z",
    "y",
)
_METRIC: Final = frozenset(
    [
        "m",
        "s",
        "g",
        "rad",
        "K",
        "C",
        "cd",
        "mol",
        "sr",
        "Hz",
        "N",
        "Pa",
        "J",
        "W",
        "A",
        "V",
        "F",
        "Ohm",
        "S",
        "Wb",
        "Cel",
        "T",
        "H",
        "lm",
        "lx",
        "Bq",
        "Gy",
        "Sv",
        "l",
        "L",
        "t",
        "bar",
        "u",
        "eV",
        "pc",
        "B",
        "Np",
        "cal",
        "[iU]",
        "[IU]",
        "st",
        "ar",
        "dyn",
        "erg",
        "P",
        "Ky",
        "Mx",
        "G",
        "Oe",
        "Gb",
        "sb",
        "Lmb",
        "ph",
        "Ci",
        "R",
        "REM",
        "bit",
        "By",
        "Bd",
        "kat",
        "U",
        "mho",
    ]
)
_PLAIN: Final = frozenset(
    [
        "%",
        "deg",
        "'",
        "''",
        "min",
        "h",
        "d",
        "wk",
        "mo",
        "a",
        "gon",
        "circ",
        "10*",
        "10^",
        "[ppth]",
        "[ppm]",
        "[ppb]",
        "[pptr]",
        "[degF]",
        "[psi]",
        "[in_i]",
        "[ft_i]",
        "[yd_i]",
        "[mi_i]",
        "[nmi_i]",
        "[kn_i]",
        "[lb_av]",
        "[oz_av]",
        "[gal_us]",
        "[acr_us]",
        "[Btu]",
        "[HP]",
        "[pH]",
        "mm[Hg]",
        "m[H2O]",
        "atm",
        "AU",
        "att",
        "[g]",
        "[car_m]",
        "[ston_av]",
        "[lton_av]",
        "[stn_av]",
        "[bbl_us]",
        "{}",
    ]
)
_TOKEN: Final = re.compile(
    r"\s*(?:([./()])|(\{[!-z|~]*\})|(\d+)(?![\d*^])|((?:10[*^]|[A-Za-z%'*^_]|\[[^\]\s]+\])+)([+-]?\d+)?)"
)
_TIMES: Final = re.compile(r"^(\d+)\s*([A-Za-z].*)$")


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


def same_unit(one: str, other: str) -> bool:
    """Tell whether two texts name the same code; nothing is converted, so kW and W differ."""
    return read_unit(one).code == read_unit(other).code


def is_ucum(text: str) -> bool:  # noqa: C901 - a branch a kind of token
    """Tell whether `text` is a valid UCUM expression of known atoms (UCUM 2.2, section 2: syntax rules)."""
    depth = position = 0
    wants_operand = True
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None or text[position].isspace():
            return False
        position = match.end()
        sign, note, number, atom, _ = match.groups()
        if sign == "(":
            if not wants_operand:
                return False
            depth += 1
        elif sign == ")":
            depth -= 1
            if wants_operand or depth < 0:
                return False
        elif sign in {".", "/"}:
            if wants_operand and not (sign == "/" and match.start() == 0):
                return False
            wants_operand = True
        elif note:
            wants_operand = False  # An annotation stands alone or behind an atom.
        elif number or _is_atom(atom):
            if not wants_operand:
                return False
            wants_operand = False
        else:
            return False
    return depth == 0 and not wants_operand


def _is_atom(atom: str) -> bool:
    """Tell whether `atom` is a known one, with a prefix where the atom is metric."""
    if atom in _METRIC or atom in _PLAIN:
        return True
    return any(atom.startswith(prefix) and atom[len(prefix) :] in _METRIC for prefix in _PREFIXES)


def _component(part: str, *, below: bool) -> str:
    """Spell one side of a `/` in UCUM: aliases, and `15min` below the stroke as `(15.min)`."""
    part = part.strip()
    times = _TIMES.match(part)
    if times is not None and not is_ucum(part):
        inner = ALIASES.get(times[2], times[2])
        return f"({times[1]}.{inner})" if below else f"{times[1]}.{inner}"
    spelled = ALIASES.get(part, part)
    return f"({spelled})" if below and any(sign in spelled for sign in "./") else spelled
