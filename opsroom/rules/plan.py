"""From the rules of a folder to the changes that a catalog needs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from msgspec.structs import replace

from opsroom.catalog import Catalog
from opsroom.records import AnyConfig, RuleSet
from opsroom.rule import Rule
from opsroom.rules.file import read_rules


def load_rules(folder: str | Path, catalog: Catalog) -> list[AnyConfig]:
    """Read a folder and give what must change in `catalog`; nothing where there is no such folder.

    Raises:
        SettingsError: a file cannot be used; `params` name file, line and key.
    """
    if not Path(folder).is_dir():
        return []
    root = catalog.root()
    return [RuleSet(rule) for rule in differences(read_rules(folder, root.id if root else 1), catalog.rules)]


def differences(rules: Iterable[Rule], known: Mapping[str, Rule]) -> list[Rule]:
    """Give the rules that are new, altered or (no longer in a file) retired, by id, each with its version.

    A rule that came from no file is left as it is.
    """
    declared = {rule.id: rule for rule in rules}
    changed = []
    for rule_id in sorted({*declared, *known}):
        before, after = known.get(rule_id), declared.get(rule_id)
        if after is None:
            assert before is not None
            if before.file and not before.retired:
                changed.append(replace(before, retired=True, version=before.version + 1))
        elif before is None:
            changed.append(after)
        elif replace(after, version=before.version) != before:
            changed.append(replace(after, version=before.version + 1))
    return changed
