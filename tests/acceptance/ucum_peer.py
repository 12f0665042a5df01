"""Hold our table against UCUM's own list, by our own parser: every atom, each to the last digit.

Takes the path of `ucum-essence.xml` (the package ucumvert carries it) and prints one JSON object: how many
atoms were compared, which differ, and which of ours it does not have.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from fractions import Fraction
from xml.etree import ElementTree as ET

from opsroom import ucum

OWN = {"circ", "rad", "sr", "deg", "'", "''", "gon", "lm", "lx"}  # angles
OWN |= {"mol", "kat", "U", "bit", "By", "[iU]", "[IU]", "B", "Np", "[pH]"}
"""Atoms that stand for a dimension of their own here, or are made of one."""
ROUNDED = frozenset(["Oe", "Gb", "Lmb"])
"""Atoms with pi in them, equal to 30 digits."""
ERRATA = frozenset(["ph"])
"""The list says 1e-4 lux; a phot is a lumen on a square centimetre."""
LIKE = Fraction(1, 10**30)


def listed(file: str) -> Iterator[tuple[str, bool, str, str]]:
    """Give (code, metric, number, in terms of) of every unit that is a factor of others."""
    for unit in ET.parse(file).getroot().findall("{*}unit"):  # noqa: S314 - UCUM's own file
        value = unit.find("{*}value")
        if value is not None and value.find("{*}function") is None:
            yield (
                unit.attrib["Code"],
                unit.get("isMetric") == "yes",
                value.attrib["value"],
                value.attrib["Unit"],
            )


def by_the_list(file: str) -> dict[str, Fraction]:
    """Give the scale of every unit of the list, read by our parser out of the list alone."""
    rows = list(listed(file))
    lines = {True: ["m s g rad K C cd"], False: ["circ"]}
    for code, metric, number, terms in rows:
        lines[metric].append(f"{code} {number} {terms}")
    ucum._BASES = frozenset(["m", "s", "g", "rad", "K", "C", "cd"])  # type: ignore[misc]
    ucum._METRIC, ucum._PLAIN = ("\n".join(lines[metric]) for metric in (True, False))  # type: ignore[misc]
    for cached in (ucum.measure, ucum._table, ucum._defined):
        cached.cache_clear()
    found = {code: ucum.measure(code) for code, _, _, _ in rows}
    return {code: one.scale for code, one in found.items() if one is not None}


def main(file: str) -> None:
    """Compare."""
    atoms = {*ucum._table(ucum._METRIC), *ucum._table(ucum._PLAIN)} - OWN - ucum._BASES - set(ucum._ZEROS)
    ours = {code: one.scale for code in sorted(atoms) if (one := ucum.measure(code)) is not None}
    theirs = by_the_list(file)
    differ = [
        [code, float(scale), float(theirs[code])]
        for code, scale in ours.items()
        if code in theirs
        and code not in ERRATA
        and abs(scale / theirs[code] - 1) > (LIKE if code in ROUNDED else 0)
    ]
    known = [code for code in ours if code in theirs]
    json.dump(
        {"compared": len(known), "differ": differ, "missing": sorted(set(ours) - set(theirs))}, sys.stdout
    )


if __name__ == "__main__":
    main(sys.argv[1])
