"""What is agreed on alarms beside the tree: recovery times, rotas, classes, and what stands for what.

Set by records of the log, kept in the book's snapshot.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

import msgspec

from opsroom.agreement import Accord, under
from opsroom.alarm import ANOMALY, AlarmClass, Cause, Rota
from opsroom.errors import Conflict, Invalid
from opsroom.model import Alert, Finding, Micros, Series
from opsroom.records import AlarmConfig, CauseSet, ClassSet, RotaSet

if TYPE_CHECKING:
    from opsroom.catalog import Catalog

RULE: Final = "rule:"
"""How the name of a detector begins that is a rule; its id follows."""


class Agreed(msgspec.Struct):
    """Rotas by unit id, classes by name (of rules by the rule's id), causes and accords by series id."""

    rotas: dict[int, Rota] = {}
    classes: dict[str, AlarmClass] = {}
    rules: dict[str, AlarmClass] = {}
    causes: dict[int, Cause] = {}
    accords: dict[int, Accord] = {}

    def take(self, change: AlarmConfig) -> None:
        """Take one change; what `check` refuses is not taken, whatever the log holds."""
        if isinstance(change, RotaSet):
            if not self._outdated(change.rota):
                self.rotas[change.rota.unit_id] = change.rota
        elif isinstance(change, ClassSet):
            self.classes[change.alarm_class.name] = change.alarm_class
        elif not self._cycle(change.cause):
            self.causes[change.cause.series_id] = change.cause

    def check(self, change: AlarmConfig) -> None:
        """Look, before `change` goes to the log, whether it can be.

        Raises:
            Invalid: a cause would, by others, stand for itself, and so hide what it names.
            Conflict: the rota is not the next version of the one in force.
        """
        if isinstance(change, RotaSet) and self._outdated(change.rota):
            raise Conflict(
                "The rota has changed since it was read.",
                remedy="Read it again.",
                code="rota_stale",
                version=self.rota_version(change.rota.unit_id),
            )
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

    def rota_version(self, unit_id: int) -> int:
        """Give the version of a unit's rota, 0 where none was agreed."""
        rota = self.rotas.get(unit_id)
        return 0 if rota is None else rota.version

    def as_agreed(self, series: Series, at: Micros | None = None) -> Series:
        """Give the series under the terms that unit and parent agreed, now or `at` an instant.

        As declared where they agreed none.
        """
        accord = self.accords.get(series.id)
        terms = None if accord is None else accord.terms(at)
        return series if terms is None else under(terms, series)

    def waiting(self, catalog: Catalog) -> dict[int, int]:
        """Give, by unit id, how many proposals wait for its council."""
        found: Counter[int] = Counter()
        for series_id, accord in self.accords.items():
            series = catalog.series.get(series_id)
            if accord.proposal is None or series is None:
                continue
            above = catalog.parent(series.unit_id)
            if accord.proposal.side == "parent":
                found[series.unit_id] += 1
            elif above is not None:
                found[above.id] += 1
        return dict(found)

    def returns(self, until: Micros, taken: list[Micros], apart: Micros) -> Micros:
        """Give the first instant from `until` on that keeps `apart` from every one of `taken`."""
        for other in sorted(taken):
            if other - apart < until < other + apart:
                until = other + apart
        return until

    def _outdated(self, rota: Rota) -> bool:
        # Version 0 was written before rotas had versions.
        return rota.version not in {0, self.rota_version(rota.unit_id) + 1}

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
