"""A folder of rule files as rules, and everything that can be wrong with it by itself."""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from opsroom.economy.file import fault_at
from opsroom.errors import SettingsError
from opsroom.rule import Rule, RuleKind, Suppression
from opsroom.rules.faults import Fault, mend, of_shape, says
from opsroom.rules.formula import WORDS, FormulaError, read_formula
from opsroom.rules.tables import TABLES, ClassTable, RuleTable, TermTable, WhenTable

TESTS_END: Final = ".test.toml"
CLASS: Final = "process"


class Source(msgspec.Struct, frozen=True):
    """One file: its name in messages and its text."""

    where: str
    text: str

    def fault(
        self, place: tuple[str, int, str], why: str, of: str = "", /, **values: str | float
    ) -> SettingsError:
        """Make the error for a place (table, index from 0, key), with its line; `of` names whose table it is.

        `params` hold what it was made of, for who words it in another language.
        """
        said = says(why, values)
        made = fault_at(self.where, self.text, place, f"{of}: {said}" if of else said, mend(why, values))
        made.params |= {"of": of, "why": why, "values": values}
        return made

    def broken(self, error: tomllib.TOMLDecodeError) -> SettingsError:
        """Make the error for a text that is no TOML."""
        found = re.search(r"line (\d+)", str(error))
        line = int(found.group(1)) if found else max(1, self.text.count("\n"))
        made = self.fault(("", 0, ""), "not_toml", detail=str(error))
        made.params["line"] = line
        made.message = f"{self.where}:{line}: {says('not_toml', made.params['values'])}"
        return made


class Placed(msgspec.Struct, frozen=True):
    """A table of a file, and where it stands."""

    source: Source
    index: int
    body: Any


class Sheet(msgspec.Struct):
    """All tables of a folder, and what is wrong with it."""

    tables: dict[str, list[Placed]] = {}
    faults: list[SettingsError] = []

    def all(self, kind: str) -> list[Placed]:
        """Give the tables of a kind, in the order of files and lines."""
        return self.tables.get(kind, [])


def read_rules(folder: str | Path, root_id: int = 1) -> list[Rule]:
    """Read all rules of a folder, by id.

    Raises:
        SettingsError: the first fault, with file, line and key in `params`.
    """
    rules, faults = survey_rules(sources_of(folder), root_id)
    for fault in faults:
        raise fault
    return rules


def sources_of(folder: str | Path) -> list[Source]:
    """Give the rule files of a folder, by name; none where there is no such folder.

    Raises:
        SettingsError: a file cannot be read.
    """
    found = []
    for file in sorted(Path(folder).glob("*.toml")):
        if not file.name.endswith(TESTS_END):
            try:
                found.append(Source(str(file), file.read_text(encoding="utf-8")))
            except (OSError, UnicodeDecodeError) as error:
                raise Source(str(file), "").fault(("", 0, ""), "cannot_read", detail=str(error)) from error
    return found


def survey_rules(sources: list[Source], root_id: int = 1) -> tuple[list[Rule], list[SettingsError]]:
    """Give the rules of these files, by id, and all their faults; a rule with a fault is left out."""
    sheet = Sheet()
    for source in sources:
        tables_in(source, TABLES, sheet)
    return rules_of(sheet, root_id), sheet.faults


def rules_of(sheet: Sheet, root_id: int = 1) -> list[Rule]:
    """Give the rules of these tables, by id; what is wrong with them goes to the sheet's faults."""
    rules = [
        rule for placed in _once(sheet, "rule", "id") if (rule := _rule(sheet, placed, root_id)) is not None
    ]
    _check_terms(sheet)
    _check_suppressions(sheet, {rule.id: rule for rule in rules})
    return sorted(rules, key=lambda rule: rule.id)


def tables_in(source: Source, kinds: Mapping[str, type], sheet: Sheet) -> None:
    """Read a file's arrays of tables into `sheet`; what does not fit goes to its faults."""
    try:
        body = tomllib.loads(source.text)
    except tomllib.TOMLDecodeError as error:
        sheet.faults.append(source.broken(error))
        return
    for name, entries in body.items():
        if name not in kinds or not isinstance(entries, list):
            known = ", ".join(f"[[{one}]]" for one in kinds)
            sheet.faults.append(source.fault((name, 0, ""), "unknown_table", name=name, known=known))
            continue
        for index, entry in enumerate(entries):
            table_in(source, (name, index), entry, kinds[name], sheet)


def table_in(source: Source, place: tuple[str, int], entry: Any, kind: type, sheet: Sheet) -> None:
    """Read one table into `sheet`; what does not fit goes to its faults."""
    try:
        made: Any = msgspec.convert(entry, kind)
        sheet.tables.setdefault(place[0], []).append(Placed(source, place[1], made))
    except msgspec.ValidationError as error:
        key, why, values = of_shape(error)
        sheet.faults.append(source.fault((*place, key), why, **values))


def _once(sheet: Sheet, kind: str, key: str) -> Iterator[Placed]:
    """Give the tables of a kind whose name was not given before."""
    seen: dict[str, Placed] = {}
    for placed in sheet.all(kind):
        name = getattr(placed.body, key)
        if name in seen:
            values = {"name": name, "where": seen[name].source.where}
            sheet.faults.append(placed.source.fault((kind, placed.index, key), "declared_twice", **values))
        else:
            seen[name] = placed
            yield placed


# Rules.


def _rule(sheet: Sheet, placed: Placed, root_id: int) -> Rule | None:
    table: RuleTable = placed.body
    found = [
        placed.source.fault(("rule", placed.index, key), why, table.id, **values)
        for key, why, values in _faults(sheet, table)
    ]
    sheet.faults += found
    if found:
        return None
    terms = {one.body.name: one.body.of for one in sheet.all("term")}
    declared = {one.body.name: one.body for one in sheet.all("class")}
    alarm_class: ClassTable = declared.get(table.class_ or CLASS, ClassTable(name=CLASS))
    return Rule(
        id=table.id,
        root_id=root_id,
        title=table.title or table.id,
        series=table.series or "",
        like=table.like or "",
        on_delay_s=table.on_delay_s,
        off_delay_s=table.off_delay_s,
        chatter_raises=table.chatter.raises if table.chatter else 0,
        chatter_in_s=table.chatter.in_s if table.chatter else 0.0,
        alarm_class=alarm_class.name,
        needs_ack=alarm_class.needs_ack,
        latching=alarm_class.latching if table.latching is None else table.latching,
        re_alarm=alarm_class.re_alarm,
        note_required=alarm_class.note_required,
        ack_timeout_s=alarm_class.ack_timeout_s,
        consequence=table.consequence or "minor",
        response_s=table.response_s,
        response=table.response or "",
        guidance=table.guidance,
        procedure=table.procedure,
        class_guidance=alarm_class.guidance,
        class_procedure=alarm_class.procedure,
        suppress=tuple(Suppression(rule=one.rule, unit=one.unit) for one in table.suppress),
        event=table.event,
        owner=table.owner,
        approved_by=table.approved_by,
        approved=None if table.approved is None else _micros(table.approved),
        file=Path(placed.source.where).name,
        **_condition(table.when, terms),
    )


def _micros(at: datetime) -> int:
    """Give int microseconds UTC; a time without offset is UTC."""
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at
    return round(at.timestamp() * 1_000_000)


def _condition(when: WhenTable, terms: Mapping[str, str]) -> dict[str, Any]:
    """Give the keys of a rule that say what it watches."""
    if when.limit is not None:
        one = when.limit
        return {"kind": RuleKind.LIMIT, "low": one.below, "high": one.above, "deadband": one.deadband}
    if when.rate is not None:
        ends = {"low": when.rate.below, "high": when.rate.above, "deadband": when.rate.deadband}
        return {"kind": RuleKind.RATE, **ends, "per_s": when.rate.per_s, "over_s": when.rate.over_s}
    if when.deviation is not None:
        bands, deadband = when.deviation.bands, when.deviation.deadband
        return {"kind": RuleKind.DEVIATION, "low": -bands, "high": bands, "deadband": deadband}
    if when.missing is not None:
        return {
            "kind": RuleKind.MISSING,
            "periods": when.missing.periods,
            "after_s": when.missing.after_s,
        }
    assert when.expression is not None
    said = when.expression
    used = {name: of for name, of in terms.items() if name not in said.series}
    return {
        "kind": RuleKind.EXPRESSION,
        "names": tuple(said.series.items()),
        "terms": tuple(sorted(_needed(said.of, used).items())),
        "formula": said.of,
        "unit": said.unit,
        "max_age_s": said.max_age_s,
    }


def _needed(formula: str, terms: Mapping[str, str]) -> dict[str, str]:
    """Give the terms that a formula, or a term of it, names."""
    needed: dict[str, str] = {}
    left = [formula]
    while left:
        for name in re.findall(r"[A-Za-z_]\w*", left.pop()):
            if name in terms and name not in needed:
                needed[name] = terms[name]
                left.append(terms[name])
    return needed


def _faults(sheet: Sheet, table: RuleTable) -> Iterator[Fault]:
    """Give what is wrong with one rule by itself."""
    given = [name for name in WhenTable.__struct_fields__ if getattr(table.when, name) is not None]
    if len(given) != 1:
        kinds = ", ".join(WhenTable.__struct_fields__)
        if given:
            yield "when", "when_several", {"given": ", ".join(given), "kinds": kinds}
        else:
            yield "when", "when_nothing", {"kinds": kinds}
        return
    yield from _whom(table)
    yield from _condition_faults(table.when)
    yield from _formula_faults(sheet, table)
    if table.class_ is not None and table.class_ not in {one.body.name for one in sheet.all("class")} | {
        CLASS
    }:
        yield "class", "no_class", {"name": table.class_}
    if not table.event:
        yield from _rationale(table)


def _rationale(table: RuleTable) -> Iterator[Fault]:
    """Refuse an alarm that nobody can answer: it is none."""
    for key in ("response", "consequence", "response_s"):
        if getattr(table, key) is None:
            yield key, f"no_{key}", {}


def _whom(table: RuleTable) -> Iterator[Fault]:
    if table.when.expression is not None:
        if table.series or table.like:
            key = "series" if table.series else "like"
            yield key, "series_elsewhere", {}
    elif bool(table.series) == bool(table.like):
        yield "series", "watched_twice" if table.series else "nobody_watched", {}


def _condition_faults(when: WhenTable) -> Iterator[Fault]:
    for name in ("limit", "rate"):
        one = getattr(when, name)
        if one is None:
            continue
        ends = [end for end in (one.below, one.above) if end is not None]
        key = f"when.{name}"
        if not ends:
            yield key, "no_end", {}
        if any(not math.isfinite(end) for end in [*ends, one.deadband]):
            yield key, "end_no_number", {}
        elif len(ends) == 2 and not ends[0] + one.deadband <= ends[1] - one.deadband:  # noqa: PLR2004
            yield key, "ends_too_near", {}
    if when.deviation is not None and not when.deviation.deadband < when.deviation.bands:
        yield "when.deviation", "deadband_too_wide", {}
    if when.missing is not None and (when.missing.periods is None) == (when.missing.after_s is None):
        yield "when.missing", "silence_of_one", {}


def _formula_faults(sheet: Sheet, table: RuleTable) -> Iterator[Fault]:
    said = table.when.expression
    if said is None:
        return
    for name in said.series:
        if name in WORDS:
            yield "when.expression.series", "word_taken", {"name": name}
    terms = {one.body.name: one.body.of for one in sheet.all("term") if one.body.name not in said.series}
    try:
        formula = read_formula(said.of, terms)
    except FormulaError as error:
        yield "when.expression.of", error.why, error.values
        return
    unknown = [name for name in formula.names if name not in said.series]
    if unknown:
        yield "when.expression.of", "name_unexplained", {"name": unknown[0]}


def _check_terms(sheet: Sheet) -> None:
    terms = {placed.body.name: placed.body.of for placed in _once(sheet, "term", "name")}
    for placed in sheet.all("term"):
        one: TermTable = placed.body
        try:
            if one.name in WORDS:
                raise FormulaError("word_taken", 0, name=one.name)
            read_formula(one.name, terms)
        except FormulaError as error:
            place = ("term", placed.index, "of")
            sheet.faults.append(placed.source.fault(place, error.why, one.name, **error.values))


def _check_suppressions(sheet: Sheet, rules: Mapping[str, Rule]) -> None:
    """Refuse causes that do not exist and rules that suppress one another in a circle."""
    edges = {placed.body.id: [one.rule for one in placed.body.suppress] for placed in sheet.all("rule")}
    told: set[frozenset[str]] = set()
    for placed in sheet.all("rule"):
        table: RuleTable = placed.body
        place = ("rule", placed.index, "suppress")
        for cause in edges[table.id]:
            if cause not in edges:
                sheet.faults.append(placed.source.fault(place, "no_cause", table.id, cause=cause))
            elif cause in rules and rules[cause].event:
                sheet.faults.append(placed.source.fault(place, "cause_is_event", table.id, cause=cause))
        circle = _circle(table.id, edges)
        if circle and frozenset(circle) not in told:
            told.add(frozenset(circle))
            way = " -> ".join((*circle, circle[0]))
            sheet.faults.append(placed.source.fault(place, "circle", way=way))


def _circle(start: str, edges: Mapping[str, list[str]]) -> tuple[str, ...]:
    """Give the way from a rule along its causes back to itself; nothing where there is none."""
    ways: list[tuple[str, ...]] = [(start,)]
    seen = {start}
    while ways:
        way = ways.pop(0)
        for cause in edges.get(way[-1], ()):
            if cause == start:
                return way
            if cause not in seen:
                seen.add(cause)
                ways.append((*way, cause))
    return ()
