"""What is agreed on alarms beside the tree: rotas, classes, and what stands for what.

Set by records of the log, kept in the book's snapshot.
"""

from __future__ import annotations

from typing import Final

import msgspec

from opsroom.alarm import ANOMALY, AlarmClass, Cause, Rota
from opsroom.errors import Invalid
from opsroom.model import Alert, Finding, Micros
from opsroom.records import AlarmConfig, CauseSet, ClassSet, RotaSet

RULE: Final = "rule:"
"""How the name of a detector begins that is a rule; its id follows."""


class Agreed(msgspec.Struct):
    """Rotas by unit id, classes by name, the classes of rules by the rule's id, causes by series id."""

    rotas: dict[int, Rota] = {}
    classes: dict[str, AlarmClass] = {}
    rules: dict[str, AlarmClass] = {}
    causes: dict[int, Cause] = {}

    def take(self, change: AlarmConfig) -> None:
        """Take one change; a cause that `check` refuses is not taken, whatever the log holds."""
        if isinstance(change, RotaSet):
            self.rotas[change.rota.unit_id] = change.rota
        elif isinstance(change, ClassSet):
            self.classes[change.alarm_class.name] = change.alarm_class
        elif not self._cycle(change.cause):
            self.causes[change.cause.series_id] = change.cause

    def check(self, change: AlarmConfig) -> None:
        """Look, before `change` goes to the log, whether it can be.

        Raises:
            Invalid: a cause would, by others, stand for itself, and so hide what it names.
        """
        if isinstance(change, CauseSet) and self._cycle(change.cause):
            raise Invalid(
                "A cause may not be hidden by what it explains.",
                remedy="Take the series out of the causes.",
                code="cause_cycle",
                field="causes",
                series_id=change.cause.series_id,
            )

    def class_of(self, alert: Alert) -> AlarmClass:
        """Give the class of an alert; one that is known no more is that of what no rule declares."""
        return self.rules.get(alert.rule) or self.classes.get(alert.alarm_class) or ANOMALY

    def opened_by(self, finding: Finding) -> tuple[str, AlarmClass]:
        """Give the id of the rule that found it (or none) and the class of the alert it opens."""
        rule = finding.detector.removeprefix(RULE) if finding.detector.startswith(RULE) else ""
        return rule, self.rules.get(rule) or self.classes.get(ANOMALY.name) or ANOMALY

    def rota(self, unit_id: int) -> Rota | None:
        """Give the rota of a unit, or None where it calls nobody."""
        rota = self.rotas.get(unit_id)
        return rota if rota is not None and rota.steps else None

    def returns(self, until: Micros, taken: list[Micros], apart: Micros) -> Micros:
        """Give the first instant from `until` on that keeps `apart` from every one of `taken`."""
        for other in sorted(taken):
            if other - apart < until < other + apart:
                until = other + apart
        return until

    def _cycle(self, cause: Cause) -> bool:
        seen, waiting = set(), list(cause.causes)
        while waiting:
            one = waiting.pop()
            if one == cause.series_id:
                return True
            if one not in seen:
                seen.add(one)
                waiting += self.causes[one].causes if one in self.causes else ()
        return False
