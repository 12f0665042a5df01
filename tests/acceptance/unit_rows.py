"""Rows about units of measure, adoption, names and versions."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path

import msgspec

from ingest import wire
from ingest.admission import Admission
from opsroom.catalog import Catalog
from opsroom.model import Refusal, Series, Unit
from opsroom.records import SeriesSet, UnitSet
from opsroom.settings import Limits
from tests.acceptance.rows import ROWS, Outcome, call, pytest_outcome

COLUMNS = 1_000
ROUNDS, TIMES = 30, 200
CONVERTED_US = 40.0
TAGS = 100_000
ATOMS_LEAST = 80
NOW = 1_700_000_000_000_000
STORY = "tests/acceptance/series_story.py"


@ROWS.row(
    "values in the unit of their series",
    command="pytest tests/ingest/test_units.py tests/ingest/test_admission.py",
    limit="kW as MW, degF as Cel to the last digit; equal units untouched; another dimension, or another "
    "thing counted, refused with both named",
)
def converted() -> Outcome:
    return pytest_outcome("tests/ingest/test_units.py", "tests/ingest/test_admission.py")


@ROWS.row(
    "units as UCUM lists them",
    command="python -m tests.acceptance.ucum_peer ucum-essence.xml (of the package ucumvert)",
    limit=f"at least {ATOMS_LEAST} atoms with a factor, each equal to the list's, none that it does not have",
)
def listed() -> Outcome:
    with tempfile.TemporaryDirectory() as folder:
        pip = (sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", folder, "ucumvert")
        code, output, _ = call(*pip)
        file = Path(folder) / "ucumvert" / "vendor" / "ucum-essence.xml"
        if code or not file.exists():
            return Outcome(None, None, f"ucumvert cannot be installed here: {output[-300:]}")
        code, output, _ = call(sys.executable, "-m", "tests.acceptance.ucum_peer", str(file))
    if code:
        return Outcome(None, False, output[-2000:])
    found = json.loads(output.splitlines()[-1])
    held = found["compared"] >= ATOMS_LEAST and not found["differ"] and not found["missing"]
    return Outcome(found, held)


def gate(unit: str, told: str, names: int = COLUMNS) -> Admission:
    """Give a gate to series in `unit`, whose sender says `told`."""
    tree = Catalog()
    tree.apply(UnitSet(Unit(id=1, root_id=1, parent_id=None, path="", name="E", level_name="", depth=0)))
    for n in range(1, names + 1):
        tree.apply(SeriesSet(Series(id=n, root_id=1, unit_id=1, name=f"s{n}", unit=unit)))
    made = Admission(tree, 1, Limits())
    made.declare([wire.SeriesDeclared(f"s{n}", id=n, unit=told) for n in range(1, names + 1)])
    return made


def batch(names: list[int] | list[str]) -> wire.Batch:
    """Give one instant of many series."""
    values = [float(n) for n in range(len(names))]
    body = {"type": "batch", "seq": 1, "t": NOW // 1_000, "s": names, "v": values}
    (found,) = wire.decode(msgspec.json.encode(body).decode())
    assert isinstance(found, wire.Batch)
    return found


def least_us(unit: str, told: str) -> float:
    """Give the least time that judging a column takes."""
    admission, column = gate(unit, told), batch(list(range(1, COLUMNS + 1)))
    admission.admit(column, NOW)
    times = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        for _ in range(TIMES):
            admission.admit(column, NOW)
        times.append((time.perf_counter() - begun) / TIMES * 1e6)
    return min(times)


@ROWS.row(
    "what converting costs",
    command='python -m tests.acceptance --only "what converting costs"',
    limit=f"a column of {COLUMNS:,} readings in another unit takes at most {CONVERTED_US:g} us more",
)
def cost() -> Outcome:
    own, other = least_us("MW", "MW"), least_us("MW", "kW")
    figure = {"own_us": round(own, 1), "converted_us": round(other, 1)}
    return Outcome(figure, other - own <= CONVERTED_US)


@ROWS.row(
    "tags that explode",
    command='python -m tests.acceptance --only "tags that explode"',
    limit=f"of {TAGS:,} unknown names 1,000 are stored, each other refused with the limit; known ones go on",
)
def tags() -> Outcome:
    admission = gate("", "", 1)
    begun = time.perf_counter()
    stored, refusals = 0, list[Refusal]()
    for start in range(0, TAGS, COLUMNS):
        admitted = admission.admit(batch([f"tag{n}" for n in range(start, start + COLUMNS)]), NOW)
        stored += len(admitted.columns)
        refusals += admitted.refusals
    seconds = time.perf_counter() - begun
    known = len(admission.admit(batch(["s1", "tag1"]), NOW).columns)
    told = {(one.code, one.params.get("limit")) for one in refusals}
    figure = {"stored": stored, "refused": len(refusals), "told": sorted(told), "seconds": round(seconds, 2)}
    held = (stored, len(refusals), told, known) == (1_000, TAGS - 1_000, {("series_limit", 1_000)}, 2)
    return Outcome(figure, held)


@ROWS.row(
    "adopted in another unit",
    command="pytest tests/assembled/test_series.py tests/api/test_series.py",
    limit="kW unknown, seen waiting by the council alone, adopted as an indicator in MW; tile, history and "
    "productivity in MW; renamed with its history; the old name leads on until it is given up",
)
def adopted() -> Outcome:
    return pytest_outcome("tests/assembled/test_series.py", "tests/api/test_series.py")


@ROWS.row(
    "another unit, replayed",
    command="pytest tests/room/test_units.py tests/catalog/test_measuring.py",
    limit="an open alert ends by the readings it would have ended by; a restart anywhere is equal; logs of "
    "before are read",
)
def replayed() -> Outcome:
    return pytest_outcome("tests/room/test_units.py", "tests/catalog/test_measuring.py")


@ROWS.row(
    "former names lead on",
    command="pytest tests/catalog/test_renaming.py",
    limit="plants, rules, economy file and addresses go on under the old name; nobody takes it; given up it "
    "is free",
)
def former() -> Outcome:
    return pytest_outcome("tests/catalog/test_renaming.py")


@ROWS.row(
    "versions of units and series",
    command="pytest tests/conformance/test_store_versions.py tests/api/test_series.py -k version",
    limit="every engine keeps each with who, when and how it came; told over REST with what it changed",
)
def versions() -> Outcome:
    return pytest_outcome(
        "tests/conformance/test_store_versions.py", "tests/api/test_series.py", "-k", "version"
    )


@ROWS.row(
    "series, wall and verbs",
    command=f"pytest {STORY}",
    limit="three sizes, day and night, English and German: no sideways scroll, nothing that axe finds; the "
    "verbs do the same",
)
def wall() -> Outcome:
    return pytest_outcome(STORY)
