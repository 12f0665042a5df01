"""UCUM expressions as exact measures: how large, of which dimension, counted of what.

After The Unified Code for Units of Measure 2.2, case sensitive: syntax of section 2, prefixes and atoms of
sections 3 and 4, as far as plants use them. Factors are exact fractions; only an angle between
radians and degrees is as exact as pi is written here. In three points it is stricter than UCUM, so that
nothing is converted that means another thing: an annotation (`{reactive}`, `{CO2}`) counts, amounts, angles,
levels and bits are dimensions of their own, and `V.A` is apparent power and no `W`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from fractions import Fraction
from functools import cache, lru_cache
from typing import Final, NamedTuple

EXPONENT_MAX: Final = 30
"""Beyond 10*30 nothing is measured, and a number grows with its exponent."""

_PREFIXES: Final[Mapping[str, Fraction]] = {
    prefix: Fraction(10) ** power
    for power, prefix in zip(
        (24, 21, 18, 15, 12, 9, 6, 3, 2, 1, -1, -2, -3, -6, -9, -12, -15, -18, -21, -24),
        ["Y", "Z", "E", "P", "T", "G", "M", "k", "h", "da", "d", "c", "m", "u", "n", "p", "f", "a", "z", "y"],
        strict=True,
    )
}
_BINARY: Final[Mapping[str, Fraction]] = {
    prefix: Fraction(1024) ** power for power, prefix in enumerate(["Ki", "Mi", "Gi", "Ti"], 1)
}
_BITS: Final = frozenset({"bit", "By"})

# Bases stand for themselves. Angles are counted in turns, since degrees and gons are exact parts of one.
_BASES: Final = frozenset(["m", "s", "g", "K", "C", "cd", "mol", "circ", "bit", "B", "Np", "[iU]", "[pH]"])

# atom, number, in terms of other atoms; these take prefixes
_METRIC: Final = """
m s g K C cd mol bit B Np [iU]
[IU] 1 [iU]
rad 1/6.28318530717958647692528676655900577 circ
sr 1 rad2
Cel 1 K
Hz 1 s-1
N 1 kg.m/s2
Pa 1 N/m2
J 1 N.m
W 1 J/s
A 1 C/s
V 1 J/C
F 1 C/V
Ohm 1 V/A
S 1 A/V
mho 1 S
Wb 1 V.s
T 1 Wb/m2
H 1 Wb/A
lm 1 cd.sr
lx 1 lm/m2
Bq 1 s-1{decays}
Gy 1 J/kg{absorbed}
Sv 1 J/kg{equivalent}
l 1 dm3
L 1 l
t 1000 kg
bar 100000 Pa
u 1.66053906660e-24 g
eV 1.602176634e-19 J
pc 3.085678e16 m
cal 4.184 J
st 1 m3
ar 100 m2
dyn 1 g.cm/s2
erg 1 dyn.cm
P 1 dyn.s/cm2
Ky 1 cm-1
Mx 1e-8 Wb
G 1e-4 T
Oe 1000/12.5663706143591729538505735331180115 A/m
Gb 1 Oe.cm
sb 1 cd/cm2
Lmb 1/3.14159265358979323846264338327950288 cd/cm2
ph 1e4 lx
Ci 37e9 Bq
R 2.58e-4 C/kg
RAD 100 erg/g{absorbed}
REM 100 erg/g{equivalent}
By 8 bit
Bd 1 s-1{symbols}
kat 1 mol/s
U 1 umol/min
gf 1 g.[g]
[g] 9.80665 m/s2
m[Hg] 133.3220 kPa
m[H2O] 9.80665 kPa
"""

# these take none
_PLAIN: Final = """
circ [pH]
% 0.01 1
10* 10 1
10^ 10 1
[ppth] 1e-3 1
[ppm] 1e-6 1
[ppb] 1e-9 1
[pptr] 1e-12 1
deg 1/360 circ
' 1/60 deg
'' 1/3600 deg
gon 1/400 circ
min 60 s
h 60 min
d 24 h
wk 7 d
a 365.25 d
mo 1/12 a
[degF] 5/9 K
[degR] 5/9 K
[in_i] 2.54 cm
[ft_i] 12 [in_i]
[yd_i] 3 [ft_i]
[mi_i] 5280 [ft_i]
[nmi_i] 1852 m
[kn_i] 1 [nmi_i]/h
[sft_i] 1 [ft_i]2
[cft_i] 1 [ft_i]3
[acr_us] 62726400000/15499969 m2
[gal_us] 231 [in_i]3
[gal_br] 4.54609 l
[bbl_us] 42 [gal_us]
[lb_av] 453.59237 g
[oz_av] 1/16 [lb_av]
[car_m] 0.2 g
[ston_av] 2000 [lb_av]
[lton_av] 2240 [lb_av]
[stone_av] 14 [lb_av]
[lbf_av] 1 [lb_av].[g]
[psi] 1 [lbf_av]/[in_i]2
[HP] 550 [ft_i].[lbf_av]/s
[Btu] 1.05435 kJ
[Btu_IT] 1.05505585262 kJ
[Btu_th] 1.05435 kJ
atm 101325 Pa
att 1 kgf/cm2
AU 149597.870691 Mm
"""

_ZEROS: Final[Mapping[str, Fraction]] = {"Cel": Fraction("273.15"), "[degF]": Fraction("459.67") * 5 / 9}
"""Kelvins at the zero of scales that begin elsewhere; they count where such a unit stands alone."""

_NAMED: Final = (
    ("ratio", "1"),
    ("length", "m"),
    ("area", "m2"),
    ("volume", "m3"),
    ("time", "s"),
    ("frequency", "s-1"),
    ("speed", "m/s"),
    ("acceleration", "m/s2"),
    ("mass", "g"),
    ("mass flow", "g/s"),
    ("volume flow", "m3/s"),
    ("density", "g/m3"),
    ("force", "N"),
    ("pressure", "Pa"),
    ("energy", "J"),
    ("power", "W"),
    ("energy per mass", "J/g"),
    ("power per area", "W/m2"),
    ("temperature", "K"),
    ("charge", "C"),
    ("current", "A"),
    ("voltage", "V"),
    ("resistance", "Ohm"),
    ("conductance", "S"),
    ("capacitance", "F"),
    ("inductance", "H"),
    ("magnetic flux", "Wb"),
    ("magnetic flux density", "T"),
    ("luminous intensity", "cd"),
    ("angle", "circ"),
    ("angular speed", "circ/s"),
    ("amount", "mol"),
    ("amount flow", "mol/s"),
    ("concentration", "mol/m3"),
    ("information", "bit"),
    ("information rate", "bit/s"),
    ("level", "B"),
    ("acidity", "[pH]"),
)

DIMENSIONS: Final = tuple(name for name, _ in _NAMED)
"""The names of dimensions that have one."""

_TOKEN: Final = re.compile(
    r"([./()])|(\{[!-z|~]*\})|(\d+)(?![\d*^])|((?:10[*^]|[A-Za-z%'*^_]|\[[^\]\s]+\])+)([+-]?\d+)?"
)
_TORQUE: Final = {"N": 1, "m": 1}
_APPARENT: Final = ("V", "A")

Powers = tuple[tuple[str, int], ...]


class Measure(NamedTuple):
    """A unit of measure: `scale` of its base units, `zero` the base units at its zero (temperatures).

    `dimension` are bases and their powers, `counted` annotations and theirs, both in order of name.
    """

    scale: Fraction
    zero: Fraction
    dimension: Powers
    counted: Powers

    @property
    def kind(self) -> tuple[Powers, Powers]:
        """What two measures must have in common to be converted."""
        return self.dimension, self.counted


class _Part(NamedTuple):
    scale: Fraction
    dimension: Counter[str]
    counted: Counter[str]
    atoms: Counter[str]


@lru_cache(maxsize=4096)
def measure(code: str) -> Measure | None:
    """Give what a UCUM code means; None where it is no valid expression of known atoms.

    >>> measure("kW.h").scale / measure("J").scale
    Fraction(3600000, 1)
    """
    try:
        part, end = _product(code, 0)
    except _NotUcum:
        return None
    if end != len(code):
        return None
    dimension, counted = _powers(part.dimension), _powers(part.counted)
    atoms = {atom: power for atom, power in part.atoms.items() if power}
    if not counted and all(atoms.get(atom) == 1 for atom in _APPARENT):
        counted = (("apparent", 1),)  # VA, kVAh: watts are another thing
    elif not counted and atoms == _TORQUE:
        counted = (("torque", 1),)  # a joule is another thing
    alone = next(iter(atoms)) if len(atoms) == 1 and set(atoms.values()) == {1} else ""
    return Measure(part.scale, _ZEROS.get(alone, Fraction(0)), dimension, counted)


def dimension_name(of: Measure | None) -> str:
    """Name the dimension of a measure, with what is counted, for a person to read.

    >>> (
    ...     dimension_name(measure("kW")),
    ...     dimension_name(measure("kV.A{reactive}")),
    ...     dimension_name(measure("m4")),
    ... )
    ('power', 'power {reactive}', 'm4')
    """
    if of is None:
        return "unknown"
    named = _names().get(of.dimension) or ".".join(f"{base}{_shown(power)}" for base, power in of.dimension)
    counted = [f"{{{note}}}{_shown(power)}" for note, power in of.counted]
    return " ".join([named, *counted])


class _NotUcum(Exception):  # noqa: N818 - stays in this module
    """The text is no UCUM expression of known atoms."""


def _shown(power: int) -> str:
    return "" if power == 1 else str(power)


def _powers(counter: Counter[str]) -> Powers:
    return tuple(sorted((name, power) for name, power in counter.items() if power))


def _product(text: str, at: int, depth: int = 0) -> tuple[_Part, int]:
    """Read factors joined by `.` and `/`, strictly from left to right, up to the end or a closing bracket."""
    whole = _Part(Fraction(1), Counter(), Counter(), Counter())
    sign = 1
    if text.startswith("/", at) and at == 0:
        sign, at = -1, 1
    while True:
        part, at = _factor(text, at, depth)
        whole = _joined(whole, part, sign)
        if at == len(text) or text[at] == ")":
            if (at == len(text)) == bool(depth):
                raise _NotUcum
            return whole, at
        if text[at] not in "./":
            raise _NotUcum
        sign = 1 if text[at] == "." else -1
        at += 1


def _factor(text: str, at: int, depth: int) -> tuple[_Part, int]:
    """Read a bracket, a number, an atom with its power, an annotation, or one of these with an annotation."""
    match = _TOKEN.match(text, at)
    if match is None:
        raise _NotUcum
    bracket, note, number, atom, power = match.groups()
    if bracket == "(":
        part, at = _product(text, match.end(), depth + 1)
        at += 1
    elif bracket:
        raise _NotUcum
    elif note:
        return _counted(note), match.end()
    else:
        at = match.end()
        if number and not int(number):
            raise _NotUcum  # nothing measures in noughts, and nothing is divided by one
        part = _plain(Fraction(int(number))) if number else _atom(atom, int(power or 1))
    match = _TOKEN.match(text, at)
    if match is not None and match[2]:
        return _joined(part, _counted(match[2]), 1), match.end()
    return part, at


def _joined(one: _Part, other: _Part, sign: int) -> _Part:
    """Multiply two parts, or divide by the second."""
    for mine, theirs in zip(one[1:], other[1:], strict=True):
        for name, power in theirs.items():
            mine[name] += sign * power
    return one._replace(scale=one.scale * other.scale**sign)


def _plain(scale: Fraction) -> _Part:
    return _Part(scale, Counter(), Counter(), Counter())


def _counted(note: str) -> _Part:
    named: Counter[str] = Counter({note[1:-1]: 1} if note != "{}" else {})
    return _Part(Fraction(1), Counter(), named, Counter())


def _atom(text: str, power: int) -> _Part:
    """Give an atom, with its prefix where it takes one, to a power."""
    if abs(power) > EXPONENT_MAX:
        raise _NotUcum
    metric, plain = _table(_METRIC), _table(_PLAIN)
    if text in metric or text in plain:
        factor, name = Fraction(1), text
    else:
        prefix = next((p for p in (*_BINARY, *_PREFIXES) if _takes(p, text, metric)), None)
        if prefix is None:
            raise _NotUcum
        factor = _PREFIXES[prefix] if prefix in _PREFIXES else _BINARY[prefix]
        name = text[len(prefix) :]
    one = _defined(name)
    raised = [Counter({key: n * power for key, n in each.items()}) for each in one[1:3]]
    return _Part((factor * one.scale) ** power, raised[0], raised[1], Counter({name: power}))


def _takes(prefix: str, text: str, metric: Mapping[str, tuple[str, str]]) -> bool:
    name = text[len(prefix) :]
    return text.startswith(prefix) and name in metric and (prefix in _PREFIXES or name in _BITS)


@cache
def _defined(name: str) -> _Part:
    """Give what an atom is in base units; shared, so it is never written to."""
    if name in _BASES:
        return _Part(Fraction(1), Counter({name: 1}), Counter(), Counter())
    metric = _table(_METRIC)
    number, terms = metric[name] if name in metric else _table(_PLAIN)[name]
    over, _, under = number.partition("/")
    part, _ = _product(terms, 0)
    return part._replace(scale=part.scale * Fraction(over) / Fraction(under or 1))


@cache
def _table(text: str) -> Mapping[str, tuple[str, str]]:
    bases, *rows = text.strip().splitlines()
    found = dict.fromkeys(bases.split(), ("", ""))
    for name, number, terms in map(str.split, rows):
        found[name] = (number, terms)
    return found


@cache
def _names() -> Mapping[Powers, str]:
    found: dict[Powers, str] = {}
    for name, code in _NAMED:
        known = measure(code)
        assert known is not None, f"{code} is UCUM"
        found.setdefault(known.dimension, name)
    return found
