"""Rules as text: what differs between two of them, and a file that says the same."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import msgspec
import tomlkit

from opsroom.rule import Rule, RuleKind

_SILENT = ("version", "file", "root_id", "edited", "base")


def fingerprint(rule: Rule) -> str:
    """Give 16 hex digits that differ where two rules say different things; where they stand apart."""
    said = [one for one in msgspec.structs.asdict(rule).items() if one[0] not in _SILENT]
    return hashlib.sha256(msgspec.json.encode(said)).hexdigest()[:16]


def altered(before: Rule, after: Rule) -> dict[str, tuple[Any, Any]]:
    """Give the keys in which two rules differ: (before, after); where they stand and their version apart."""
    one, other = msgspec.structs.asdict(before), msgspec.structs.asdict(after)
    return {key: (one[key], other[key]) for key in one if key not in _SILENT and one[key] != other[key]}


def as_toml(rules: Iterable[Rule]) -> str:
    """Give a file of these rules; reading it gives the same rules again."""
    document = tomlkit.document()
    for name, bodies in tables_of(rules).items():
        _add(document, name, bodies)
    return tomlkit.dumps(document)


def tables_of(rules: Iterable[Rule]) -> dict[str, list[dict[str, Any]]]:
    """Give the tables of a file of these rules, by kind."""
    rules = list(rules)
    terms = {name: of for rule in rules for name, of in rule.terms}
    classes = {rule.alarm_class: _class(rule) for rule in rules}
    named = [body for body in classes.values() if len(body) > 1 or body["name"] != "process"]
    return {
        "class": named,
        "term": [{"name": name, "of": of} for name, of in terms.items()],
        "rule": [_rule(rule, classes[rule.alarm_class]) for rule in rules],
    }


def table_of(rule: Rule) -> dict[str, Any]:
    """Give a rule as the table of a file says it, without keys that stand at their default."""
    return _rule(rule, _class(rule))


def _add(document: tomlkit.TOMLDocument, name: str, bodies: list[dict[str, Any]]) -> None:
    if not bodies:
        return
    tables = tomlkit.aot()
    for body in bodies:
        table = tomlkit.table()
        for key, value in body.items():
            table.add(key, _inline(value))
        tables.append(table)
    document.add(name, tables)


def _inline(value: Any) -> Any:
    if isinstance(value, dict):
        table = tomlkit.inline_table()
        for key, one in value.items():
            table.add(key, _inline(one))
        return table
    return [_inline(one) for one in value] if isinstance(value, list) else value


def _class(rule: Rule) -> dict[str, Any]:
    body: dict[str, Any] = {"name": rule.alarm_class}
    usual = {"needs_ack": True, "re_alarm": True, "note_required": False, "latching": False}
    body |= {key: getattr(rule, key) for key, value in usual.items() if getattr(rule, key) != value}
    for key in ("guidance", "procedure"):
        body |= {key: said} if (said := getattr(rule, f"class_{key}")) else {}
    return body if rule.ack_timeout_s is None else {**body, "ack_timeout_s": rule.ack_timeout_s}


def _rule(rule: Rule, declared: dict[str, Any]) -> dict[str, Any]:
    body: dict[str, Any] = {"id": rule.id, "title": rule.title, "series": rule.series, "like": rule.like}
    body["when"] = {str(rule.kind): _when(rule)}
    body |= {"on_delay_s": rule.on_delay_s, "off_delay_s": rule.off_delay_s}
    if rule.chatter_raises:
        body["chatter"] = {"raises": rule.chatter_raises, "in_s": rule.chatter_in_s}
    body["class"] = "" if rule.alarm_class == "process" else rule.alarm_class
    if rule.latching != declared.get("latching", False):
        body["latching"] = rule.latching
    body |= {"consequence": rule.consequence, "response_s": rule.response_s, "response": rule.response}
    body |= {"guidance": rule.guidance, "procedure": rule.procedure}
    body["suppress"] = [
        {"rule": one.rule, **({} if one.unit is None else {"unit": one.unit})} for one in rule.suppress
    ]
    body |= {"event": rule.event, "owner": rule.owner, "approved_by": rule.approved_by}
    if rule.approved is not None:
        body["approved"] = datetime.fromtimestamp(rule.approved / 1e6, UTC)
    said = {"latching"}
    return {
        key: value for key, value in body.items() if key in said or value not in ("", 0.0, None, [], False)
    }


def _when(rule: Rule) -> dict[str, Any]:
    if rule.kind is RuleKind.EXPRESSION:
        body: dict[str, Any] = {"of": rule.formula, "series": dict(rule.names), "unit": rule.unit}
        body["max_age_s"] = rule.max_age_s
    elif rule.kind is RuleKind.MISSING:
        body = {"periods": rule.periods, "after_s": rule.after_s}
    elif rule.kind is RuleKind.DEVIATION:
        body = {"bands": rule.high}
    else:
        body = {"below": rule.low, "above": rule.high}
    if rule.kind is RuleKind.RATE:
        body |= {"per_s": rule.per_s, "over_s": rule.over_s}
    if rule.deadband:
        body["deadband"] = rule.deadband
    return {key: value for key, value in body.items() if value is not None and value != ""}
