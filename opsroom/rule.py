"""An alarm rule as it stands in the log: who is watched, for what, and what it means when it happens.

Values only. `opsroom.rules` reads rules from files and evaluates them; everybody else may look one up.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

from opsroom.model import Finding, FindingVerb, Micros, Sentence

DETECTOR_PREFIX: Final = "rule:"


class RuleKind(StrEnum):
    """What a rule watches: a value, its change, its distance from the forecast, silence, or a formula."""

    LIMIT = "limit"
    RATE = "rate"
    DEVIATION = "deviation"
    MISSING = "missing"
    EXPRESSION = "expression"


class Suppression(msgspec.Struct, frozen=True, kw_only=True):
    """The rule whose alert makes this one's a consequence.

    While it stands at the unit concerned or above it; with `unit`, while it stands at or below that unit.
    """

    rule: str
    unit: str | None = None


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """One rule.

    `series` is the path of a series or a pattern (`*`, `?`), `like` a sibling group; an expression has
    `names`, (name, path relative to `unit`), the first of which its alert is said of, and `terms`, (name,
    formula) of what it shares. `low` and `high` are the ends beyond which it speaks: of the value, of the
    change in `per_s` measured over `over_s`, or in bands from the forecast; `deadband` is how far inside
    them it falls silent. Times are in seconds. `version` counts what was agreed anew. `owner` is the unit at
    or below which it watches, `approved_by` and `approved` say who agreed to it and when. An `edited` rule
    was agreed in the screen: `base` is the fingerprint of what its `file` said then, empty where no file
    names it. A `retired` rule is watched no more.
    """

    id: str
    root_id: int
    kind: RuleKind
    version: int = 1
    title: str = ""
    series: str = ""
    like: str = ""
    unit: str = ""
    names: tuple[tuple[str, str], ...] = ()
    terms: tuple[tuple[str, str], ...] = ()
    formula: str = ""
    low: float | None = None
    high: float | None = None
    deadband: float = 0.0
    per_s: float = 1.0
    over_s: float = 60.0
    periods: float | None = None
    after_s: float | None = None
    max_age_s: float | None = None
    on_delay_s: float = 0.0
    off_delay_s: float = 0.0
    chatter_raises: int = 0
    chatter_in_s: float = 0.0
    alarm_class: str = "process"
    needs_ack: bool = True
    latching: bool = False
    re_alarm: bool = True
    note_required: bool = False
    ack_timeout_s: float | None = None
    consequence: str = "minor"
    response_s: float | None = None
    response: str = ""
    guidance: str = ""
    procedure: str = ""
    class_guidance: str = ""
    class_procedure: str = ""
    suppress: tuple[Suppression, ...] = ()
    event: bool = False
    owner: str = ""
    approved_by: str = ""
    approved: Micros | None = None
    file: str = ""
    edited: bool = False
    base: str = ""
    retired: bool = False

    @property
    def detector(self) -> str:
        """The name under which its findings come."""
        return DETECTOR_PREFIX + self.id


class Ruling(msgspec.Struct, frozen=True, kw_only=True):
    """What a rule found, with the version that found it; `event`: filed as such, kept and not annunciated."""

    finding: Finding
    rule: str
    unit_id: int
    version: int = 1
    event: bool = False

    @property
    def opened(self) -> bool:
        """Whether the rule began to be met; else it ceased."""
        return self.finding.verb is FindingVerb.OPEN


def rule_of(detector: str) -> str | None:
    """Give the id of the rule that a finding's detector names; None for any other detector."""
    return detector.removeprefix(DETECTOR_PREFIX) if detector.startswith(DETECTOR_PREFIX) else None


def helps(sentence: Sentence) -> bool:
    """Say whether a sentence of an explanation is guidance, which is told wherever the alert is."""
    return sentence.code.endswith((".guidance", ".procedure"))


def stands_in(path: str, unit: str) -> bool:
    """Say whether the unit at `path` is the unit at `unit` or stands below it; `""` is the root."""
    return not unit or path == unit or path.startswith(unit + "/")
