"""What rules found, and their versions, in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

from opsroom.model import Micros
from opsroom.rule import Rule, Ruling


class MemoryRulings:
    """What rules found, and their versions, in a list and a dictionary; the journal's commit fills them."""

    def __init__(self) -> None:
        self.found: list[Ruling] = []
        self.versioned: dict[tuple[str, int], Rule] = {}

    def events(self, unit_ids: Collection[int], t_from: Micros, t_to: Micros, limit: int) -> list[Ruling]:
        """Give events, newest first."""
        found = [
            one
            for one in reversed(self.found)
            if one.event and one.unit_id in unit_ids and t_from <= one.finding.at < t_to
        ]
        return sorted(found, key=lambda one: one.finding.at, reverse=True)[:limit]

    def raises(self, t_from: Micros, t_to: Micros) -> list[tuple[str, int, bool, int]]:
        """Give (rule, unit id, event, raises) of a span."""
        times = Counter(
            (one.rule, one.unit_id, one.event)
            for one in list(self.found)
            if one.opened and t_from <= one.finding.at < t_to
        )
        return [(*key, times[key]) for key in sorted(times)]

    def versions(self, rule_id: str) -> list[Rule]:
        """Give the versions of a rule, newest first."""
        found = [rule for (one, _), rule in list(self.versioned.items()) if one == rule_id]
        return sorted(found, key=lambda rule: rule.version, reverse=True)
