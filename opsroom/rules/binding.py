"""Which series a rule watches in a tree."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase, translate

import msgspec

from opsroom.alarm import Cause
from opsroom.catalog import Catalog
from opsroom.model import Unit
from opsroom.records import AnyConfig, SeriesSet, UnitSet
from opsroom.rule import Rule, RuleKind, stands_in


class Watch(msgspec.Struct, frozen=True):
    """A rule on a series; an expression's is said of `series` and takes the readings of `members`."""

    rule: str
    series: int
    members: tuple[int, ...] = ()


def watches(catalog: Catalog, rules: Iterable[Rule]) -> Iterator[Watch]:
    """Give what each rule watches in this tree.

    A pattern's `*` stands for anything, `/` included. An expression is watched in every unit that its `unit`
    names and in which all its series are; a series that is not there yet is watched once it comes.
    """
    paths = catalog.every_path()
    for rule in rules:
        if rule.kind is RuleKind.EXPRESSION:
            yield from _several(catalog, rule, paths)
        else:
            yield from (Watch(rule.id, one) for one in series_of(catalog, rule, paths))


def series_of(catalog: Catalog, rule: Rule, paths: dict[str, int] | None = None) -> list[int]:
    """Give the ids of the series that a rule names, or whose alerts it is said of; ascending.

    None of them stands outside the unit that owns the rule, whatever its pattern would mean.
    """
    if paths is None:
        paths = catalog.every_path()
    if rule.kind is RuleKind.EXPRESSION:
        return sorted(one.series for one in _several(catalog, rule, paths))
    if rule.like:
        named = [one.id for one in catalog.series.values() if one.like == rule.like]
    elif not is_pattern(rule.series):
        named = [paths[rule.series]] if rule.series in paths else []
    else:
        match = re.compile(translate(rule.series)).match
        named = [one for path, one in paths.items() if match(path)]
    owner = _place(catalog, rule.owner)
    return sorted({one for one in named if stands_in(_unit(catalog, one), owner)})


def home_of(catalog: Catalog, rule: Rule) -> Unit:
    """Give the unit whose affair a rule is.

    The one that owns it, or else the lowest that holds all that its path or pattern could mean.
    """
    path = rule.owner
    if not path and not rule.like:
        named = rule.unit if rule.kind is RuleKind.EXPRESSION else rule.series
        plain = re.split(r"[*?\[]", named, maxsplit=1)[0]
        whole = plain == named and rule.kind is RuleKind.EXPRESSION
        path = plain if whole else plain.rpartition("/")[0]
    while path and catalog.unit_at(path) is None:
        path = path.rpartition("/")[0]
    unit = catalog.unit_at(path) or catalog.root()
    assert unit is not None
    return unit


def concerned(
    catalog: Catalog, rules: Iterable[Rule], watched: Iterable[Watch], changes: Iterable[AnyConfig]
) -> bool:
    """Say whether changes of the tree, which stand in it already, may alter what rules watch.

    A plant may bring a thousand series; those that no rule could mean cost no new arrangement.
    """
    known = list(rules)
    if not known:
        return False
    ids = {one for watch in watched for one in (watch.series, *watch.members)}
    for change in changes:
        if isinstance(change, UnitSet):
            if catalog.children(change.unit.id) or catalog.series_of(change.unit.id):
                return True
        elif isinstance(change, SeriesSet):
            paths = catalog.paths_of(change.series.id)
            if change.series.id in ids or any(may_mean(rule, path) for rule in known for path in paths):
                return True
    return False


def may_mean(rule: Rule, path: str) -> bool:
    """Say whether a rule may watch a series of that path; one by `like` may mean any."""
    if rule.kind is RuleKind.EXPRESSION:
        return any(path == end or path.endswith("/" + end) for _, end in rule.names)
    if rule.like:
        return True
    return path == rule.series or (is_pattern(rule.series) and fnmatchcase(path, rule.series))


def is_pattern(path: str) -> bool:
    """Say whether a path stands for several."""
    return any(sign in path for sign in "*?[")


def _several(catalog: Catalog, rule: Rule, paths: dict[str, int]) -> Iterator[Watch]:
    match = re.compile(translate(rule.unit)).match
    named = (one.path for one in catalog.units.values() if any(map(match, catalog.unit_paths(one.id))))
    owner = _place(catalog, rule.owner)
    units = sorted(path for path in named if stands_in(path, owner))
    for unit in units:
        members = [paths.get(f"{unit}/{path}" if unit else path) for _, path in rule.names]
        found = tuple(member for member in members if member is not None)
        if found and len(found) == len(members):
            yield Watch(rule.id, found[0], found)


def causes_of(catalog: Catalog, rules: Iterable[Rule], found: Iterable[Watch]) -> dict[int, Cause]:
    """Give, by series, the series whose alerts stand for its own, as the rules' suppressions design it."""
    watched: dict[str, list[int]] = {}
    for one in found:
        watched.setdefault(one.rule, []).append(one.series)
    designs: dict[int, dict[int, None]] = {}
    reasons: dict[int, dict[str, None]] = {}
    for rule in rules:
        for suppression in rule.suppress:
            causes = [(one, _unit(catalog, one)) for one in watched.get(suppression.rule, ())]
            for series_id in watched.get(rule.id, ()):
                here = _unit(catalog, series_id)
                for cause, unit in causes:
                    within = suppression.unit and _place(catalog, suppression.unit)
                    if cause != series_id and (
                        stands_in(here, unit) if within is None else stands_in(unit, within)
                    ):
                        designs.setdefault(series_id, {})[cause] = None
                        reasons.setdefault(series_id, {})[f"{rule.id}: {suppression.rule}"] = None
    return {
        series_id: Cause(
            series_id=series_id, causes=tuple(sorted(causes)), reason=", ".join(reasons[series_id])
        )
        for series_id, causes in sorted(designs.items())
    }


def _place(catalog: Catalog, path: str) -> str:
    """Give the present path of a unit that a rule names, maybe by one of before."""
    unit = catalog.unit_at(path)
    return path if unit is None else unit.path


def _unit(catalog: Catalog, series_id: int) -> str:
    return catalog.units[catalog.series[series_id].unit_id].path
