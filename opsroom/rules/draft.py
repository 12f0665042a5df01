"""A rule on its way from the screen into force: read and refused by what reads files."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from opsroom.errors import Invalid, SettingsError
from opsroom.rule import Rule
from opsroom.rules.faults import says
from opsroom.rules.file import Sheet, Source, rules_of, table_in, tables_in
from opsroom.rules.tables import TABLES, RuleTable
from opsroom.rules.text import tables_of

SCREEN: Final = "screen"
ROOM: Final = "room"
NOT_DRAFTED: Final = ("approved", "approved_by")
"""Said by the room, not by who drafts."""


class Fault(msgspec.Struct, frozen=True):
    """What is wrong with a draft, in which key of its table, what mends it, and what words both."""

    field: str
    message: str
    remedy: str
    why: str
    values: dict[str, str | float]


def read_draft(
    table: dict[str, Any], known: Iterable[Rule], root_id: int = 1
) -> tuple[Rule | None, list[Fault]]:
    """Read a table like that of a file beside the rules that are known: the rule, and all that is wrong.

    It stands in the place of the known rule of its id, if there is one.
    """
    sheet, said = Sheet(), {key: one for key, one in table.items() if key not in NOT_DRAFTED}
    table_in(Source(SCREEN, ""), ("rule", 0), _without_nothing(said), RuleTable, sheet)
    if sheet.faults:
        return None, [_fault(fault) for fault in sheet.faults]
    rule_id = str(table["id"])
    _beside(sheet, known, {rule_id})
    found = next((rule for rule in rules_of(sheet, root_id) if rule.id == rule_id), None)
    faults = [_fault(one) for one in sheet.faults if _concerns(one, {rule_id})]
    return (None if faults or found is None else replace(found, file="")), faults


def read_text(text: str, known: Iterable[Rule], root_id: int = 1) -> list[Rule]:
    """Read a whole file beside those rules that are known and that it does not name; gives its own.

    Raises:
        SettingsError: the first fault, with line and key in `params`.
    """
    sheet = Sheet()
    tables_in(Source(SCREEN, text), TABLES, sheet)
    ids = {placed.body.id for placed in sheet.all("rule")}
    _beside(sheet, known, ids)
    rules = rules_of(sheet, root_id)
    for fault in sheet.faults:
        if _concerns(fault, ids):
            raise fault
    return [replace(rule, file="") for rule in rules if rule.id in ids]


def refusal(faults: list[Fault]) -> Invalid:
    """Give the error that refuses a draft: the first fault, and all of them in `params`."""
    first = faults[0]
    return Invalid(
        f"{first.field}: {first.message}".removeprefix(": "),
        remedy=first.remedy,
        code="rule_refused",
        field=first.field,
        says=first.message,
        why=first.why,
        values=first.values,
        faults=msgspec.to_builtins(faults),
    )


def _beside(sheet: Sheet, known: Iterable[Rule], ids: set[str]) -> None:
    """Put what is known beside the draft: all classes and terms, and the rules that it does not replace."""
    room = Source(ROOM, "")
    for kind, bodies in tables_of(rule for rule in known if not rule.retired).items():
        declared = {_name(placed.body) for placed in sheet.all(kind)} | (ids if kind == "rule" else set())
        for index, body in enumerate(bodies):
            if body.get("id", body.get("name")) not in declared:
                table_in(room, (kind, index), body, TABLES[kind], sheet)


def _name(body: Any) -> str:
    return str(body.id if hasattr(body, "id") else body.name)


def _concerns(fault: SettingsError, ids: set[str]) -> bool:
    """Say whether a fault is the draft's: it stands in it, or says of another rule what the draft breaks."""
    return fault.params["file"] == SCREEN or any(one in ids for one in fault.params["values"].values())


def _without_nothing(table: dict[str, Any]) -> dict[str, Any]:
    """Leave out keys without value, which a file cannot have either."""
    return {
        key: _without_nothing(value) if isinstance(value, dict) else value
        for key, value in table.items()
        if value is not None
    }


def _fault(fault: SettingsError) -> Fault:
    """Say a fault of a file without the place in the file."""
    why, values = fault.params["why"], fault.params["values"]
    key = re.sub(r"^rule\.?", "", str(fault.params["key"]))
    return Fault(key, says(why, values), fault.remedy, why, values)
