"""What files of rules and the room's rules say of one another, and what a catalog needs by that.

Files and screen are both edited without a lock. A rule that was edited in the screen remembers what its file
said then; as long as the file still says that, the room is ahead of it. A file that says something else by
now is in conflict with the screen: it is named, and neither overwrites the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec
from msgspec.structs import replace

from opsroom.rule import Rule
from opsroom.rules.text import altered, fingerprint


class Conflict(msgspec.Struct, frozen=True):
    """A rule that was edited in the screen, and what its file says by now (None: no longer anything)."""

    room: Rule
    file: Rule | None


class Plan(msgspec.Struct, frozen=True):
    """What the room takes from the files, where both moved apart, and where the room alone moved on."""

    changes: list[Rule]
    conflicts: list[Conflict]
    ahead: list[Rule]


def compare(rules: Iterable[Rule], known: Mapping[str, Rule]) -> Plan:
    """Hold the rules of files against those that are known, by id.

    Changes are new, altered or (no longer in a file) retired rules, each with its version. A rule that came
    from no file is left as it is.
    """
    declared = {rule.id: rule for rule in rules}
    plan = Plan([], [], [])
    for rule_id in sorted({*declared, *known}):
        before, after = known.get(rule_id), declared.get(rule_id)
        if before is not None and before.edited:
            _edited(plan, before, after)
        elif after is None:
            assert before is not None
            if before.file and not before.retired:
                plan.changes.append(replace(before, retired=True, version=before.version + 1))
        elif before is None:
            plan.changes.append(after)
        elif replace(after, version=before.version) != before:
            plan.changes.append(replace(after, version=before.version + 1))
    return plan


def _edited(plan: Plan, before: Rule, after: Rule | None) -> None:
    """Sort a rule that was edited in the screen: caught up by its file, ahead of it, or in conflict."""
    if after is None:
        if not before.base:
            plan.ahead.append(before)
        elif before.retired:
            plan.changes.append(replace(before, edited=False, base=""))
        else:
            plan.conflicts.append(Conflict(before, None))
    elif not altered(before, after):
        plan.changes.append(replace(after, version=before.version))
    elif fingerprint(after) == before.base:
        plan.ahead.append(before)
    else:
        plan.conflicts.append(Conflict(before, after))


def based(rule: Rule, declared: Rule | None) -> Rule:
    """Give a rule as edited in the screen beside what its file says now (None: no file names it)."""
    file, base = ("", "") if declared is None else (declared.file, fingerprint(declared))
    return replace(rule, edited=True, file=file, base=base)


def taken(before: Rule, declared: Rule | None) -> Rule:
    """Give what the file says in the place of what the screen said; retired where it says nothing."""
    if declared is None:
        return replace(before, retired=True, edited=False, base="", version=before.version + 1)
    return replace(declared, version=before.version + 1)
