"""Tests of rules: readings as a person writes them down, played through the room's own core.

Everything runs on the stream's clock, so that an hour takes no time. A test is held against all that its
rules found, not only against what it names: what was not expected is a difference too.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec
import numpy as np

from opsroom.catalog import Catalog
from opsroom.core import Core
from opsroom.errors import SettingsError
from opsroom.log.columns import encode_columns
from opsroom.model import MICROS_PER_S, QUALITY_BAD, QUALITY_GOOD, Columns, FindingVerb, Series, Unit
from opsroom.records import AnyConfig, Record, RecordKind, RuleSet, SeriesSet, UnitSet, encode
from opsroom.rule import Rule, rule_of
from opsroom.rules.file import Sheet, Source, tables_in
from opsroom.settings import RoomSection

START_US: Final = 1_767_225_600 * MICROS_PER_S
"""2026-01-01T00:00:00Z: second 0 of every test."""
SLOTS_MAX: Final = 1_000_000
_TOKEN: Final = re.compile(
    r"(?:(?P<none>_)|(?P<bad>!)?(?P<value>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)"
    r"(?P<step>[+-](?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)?)(?:x(?P<times>\d+))?"
)
Seconds = Annotated[float, msgspec.Meta(ge=0)]


class ExpectTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One `[[test.expect]]`: when a rule raises and clears on a series, in seconds from the start."""

    rule: str
    series: str
    raised_s: list[Seconds] = []
    cleared_s: list[Seconds] = []


class TestTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One `[[test]]`."""

    __test__ = False

    name: Annotated[str, msgspec.Meta(min_length=1)]
    step_s: Annotated[float, msgspec.Meta(gt=0)] = 60.0
    series: dict[str, str]
    rules: list[str] = []
    expect: list[ExpectTable] = []


class Told(msgspec.Struct, frozen=True, order=True):
    """One thing that a rule found, or should have."""

    at_s: float
    rule: str
    series: str
    what: Literal["raised", "cleared"]


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """A test that was run: what it missed and what it found beside."""

    file: str
    name: str
    missing: list[Told]
    beside: list[Told]

    @property
    def good(self) -> bool:
        """Say whether all is as expected."""
        return not self.missing and not self.beside


def read_tests(files: Iterable[Path]) -> list[tuple[str, TestTable]]:
    """Read test files: (file, test) in their order.

    Raises:
        SettingsError: the first fault, with file, line and key in `params`.
    """
    sheet = Sheet()
    for file in files:
        tables_in(Source(str(file), file.read_text(encoding="utf-8")), {"test": TestTable}, sheet)
    for fault in sheet.faults:
        raise fault
    for placed in sheet.all("test"):
        for path, text in placed.body.series.items():
            try:
                _parsed(text)
            except ValueError as error:
                raise placed.source.fault(
                    ("test", placed.index, "series"), "other", detail=f"{path}: {error}"
                ) from error
    return [(placed.source.where, placed.body) for placed in sheet.all("test")]


def rehearse(file: str, test: TestTable, rules: Iterable[Rule]) -> Result:
    """Run one test on these rules.

    Raises:
        SettingsError: it names a rule that is not there.
    """
    known = {rule.id: rule for rule in rules}
    wanted = test.rules or sorted(known)
    for name in [*wanted, *(one.rule for one in test.expect)]:
        if name not in known:
            raise SettingsError(
                f"{file}: {test.name}: there is no rule {name!r}.",
                remedy="Name a rule of the folder.",
                file=file,
            )
    expected = sorted(_expected(test))
    found = sorted(_played(test, [known[name] for name in wanted]))
    return Result(file=file, name=test.name, missing=_less(expected, found), beside=_less(found, expected))


def _less(some: list[Told], others: list[Told]) -> list[Told]:
    """Give what stands in `some` and not, as often, in `others`."""
    left = Counter(others)
    rest = []
    for one in some:
        if left[one]:
            left[one] -= 1
        else:
            rest.append(one)
    return rest


def _expected(test: TestTable) -> Iterator[Told]:
    for one in test.expect:
        yield from (Told(at_s, one.rule, one.series, "raised") for at_s in one.raised_s)
        yield from (Told(at_s, one.rule, one.series, "cleared") for at_s in one.cleared_s)


def _played(test: TestTable, rules: list[Rule]) -> Iterator[Told]:
    """Give what the rules found, from the first slot to the last."""
    config = list(_tree(test))
    core = Core(Catalog(), RoomSection(), clock="stream", detection=any(map(_foresees, rules)))
    changes = [*config, *(RuleSet(rule) for rule in rules)]
    steps = [core.apply(_record(1, RecordKind.CONFIG, encode(changes)))]
    columns = _columns(test, core.catalog)
    steps.append(core.apply(_record(2, RecordKind.READINGS, encode_columns(columns))))
    for step in steps:
        for one in (ruling.finding for ruling in step.ruled):
            what: Literal["raised", "cleared"] = "raised" if one.verb is FindingVerb.OPEN else "cleared"
            at_s = (one.at - START_US) / MICROS_PER_S
            yield Told(at_s, rule_of(one.detector) or "", core.catalog.series_path(one.series_id), what)


def _foresees(rule: Rule) -> bool:
    return rule.kind == "deviation"


def _record(offset: int, kind: RecordKind, payload: bytes) -> Record:
    return Record(offset=offset, kind=kind, received=0, payload=payload, source="test")


def _tree(test: TestTable) -> Iterator[AnyConfig]:
    """Give the units and series that a test names; the period of a series is the step of the test."""
    paths = {"": 1}
    yield UnitSet(Unit(id=1, root_id=1, parent_id=None, path="", name="test", level_name="", depth=0))
    for number, path in enumerate(test.series, 1):
        parts = path.split("/")
        for depth in range(1, len(parts)):
            above, here = "/".join(parts[: depth - 1]), "/".join(parts[:depth])
            if here not in paths:
                paths[here] = len(paths) + 1
                yield UnitSet(
                    Unit(
                        id=paths[here],
                        root_id=1,
                        parent_id=paths[above],
                        path=here,
                        name=parts[depth - 1],
                        level_name="",
                        depth=depth,
                    )
                )
        owner = paths["/".join(parts[:-1])]
        yield SeriesSet(Series(id=number, root_id=1, unit_id=owner, name=parts[-1], period_s=test.step_s))


def _columns(test: TestTable, catalog: Catalog) -> Columns:
    """Give all readings in order of time; a series of nobody moves the clock through every slot."""
    ids = {catalog.series_path(one): one for one in catalog.series}
    rows: list[tuple[int, int, float, int]] = []
    slots = 0
    for path, text in test.series.items():
        parsed = _parsed(text)
        slots = max(slots, len(parsed))
        rows += [(n, ids[path], v, q) for n, (v, q) in enumerate(parsed) if q >= 0]
    rows += [(n, len(ids) + 1, 0.0, QUALITY_GOOD) for n in range(slots + 1)]
    rows.sort()
    step_us = round(test.step_s * MICROS_PER_S)
    return Columns(
        np.array([row[1] for row in rows], np.int32),
        np.array([START_US + row[0] * step_us for row in rows], np.int64),
        np.array([row[2] for row in rows], np.float64),
        np.array([row[3] for row in rows], np.uint8),
    )


def _parsed(text: str) -> list[tuple[float, int]]:
    """Read the notation: (value, quality) a slot, quality -1 where there is no reading.

    Raises:
        ValueError: a word that is none of it.
    """
    slots: list[tuple[float, int]] = []
    for word in text.split():
        found = _TOKEN.fullmatch(word)
        if found is None:
            raise ValueError(f"{word!r} is no reading: write 5, 5x10, 5+1x10, !5 or _x3")
        times = int(found["times"] or 1)
        if len(slots) + times > SLOTS_MAX:
            raise ValueError(f"more than {SLOTS_MAX} readings")
        quality = -1 if found["none"] else QUALITY_BAD if found["bad"] else QUALITY_GOOD
        first, step = float(found["value"] or 0.0), float(found["step"] or 0.0)
        slots += [(first + step * n, quality) for n in range(times)]
    return slots
