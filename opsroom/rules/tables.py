"""The tables of a file of rules, and the keys they take."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from opsroom.rules.layout import RAISES_KEPT

_LONGEST_S = 10 * 365 * 86_400.0
Span = Annotated[float, msgspec.Meta(gt=0, le=_LONGEST_S)]
Delay = Annotated[float, msgspec.Meta(ge=0, le=_LONGEST_S)]
Least = Annotated[float, msgspec.Meta(ge=0)]
Id = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]
Name = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z_]\w{0,99}$")]
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=2_000)]
Path = Annotated[str, msgspec.Meta(min_length=1, max_length=2_000)]
Guidance = Annotated[str, msgspec.Meta(max_length=2_000)]


class LimitTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`when.limit`: the value itself."""

    above: float | None = None
    below: float | None = None
    deadband: Least = 0.0


class RateTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`when.rate`: its change in `per_s`, measured over `over_s`."""

    above: float | None = None
    below: float | None = None
    deadband: Least = 0.0
    per_s: Span = 60.0
    over_s: Span = 60.0


class DeviationTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`when.deviation`: its distance from the forecast, in halves of the expected band."""

    bands: Annotated[float, msgspec.Meta(gt=0)]
    deadband: Least = 0.0


class MissingTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`when.missing`: its silence."""

    periods: Annotated[float, msgspec.Meta(gt=0, le=1e6)] | None = None
    after_s: Span | None = None


class ExpressionTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`when.expression`: a condition on several series of a unit."""

    of: Text
    series: Annotated[dict[Name, Path], msgspec.Meta(min_length=1, max_length=32)]
    unit: str = ""
    max_age_s: Span | None = None


class WhenTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`when`: exactly one of these."""

    limit: LimitTable | None = None
    rate: RateTable | None = None
    deviation: DeviationTable | None = None
    missing: MissingTable | None = None
    expression: ExpressionTable | None = None


class ChatterTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`chatter`: so many raises within so long, and it is held until it has been quiet as long."""

    raises: Annotated[int, msgspec.Meta(ge=1, le=RAISES_KEPT)]
    in_s: Span


class SuppressTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One of `suppress`."""

    rule: Id
    unit: str | None = None


class RuleTable(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"class_": "class"}
):
    """One `[[rule]]`."""

    id: Id
    when: WhenTable
    title: str = ""
    series: Path | None = None
    like: Text | None = None
    on_delay_s: Delay = 0.0
    off_delay_s: Delay = 0.0
    chatter: ChatterTable | None = None
    class_: Id | None = None
    latching: bool | None = None
    consequence: Literal["minor", "major", "severe"] | None = None
    response_s: Span | None = None
    response: Text | None = None
    guidance: Guidance = ""
    procedure: Guidance = ""
    suppress: list[SuppressTable] = []
    event: bool = False
    owner: Guidance = ""
    approved_by: Annotated[str, msgspec.Meta(max_length=200)] = ""
    approved: datetime | None = None


class ClassTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One `[[class]]`."""

    name: Id
    needs_ack: bool = True
    latching: bool = False
    re_alarm: bool = True
    note_required: bool = False
    ack_timeout_s: Span | None = None
    guidance: Guidance = ""
    procedure: Guidance = ""


class TermTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One `[[term]]`: a formula under a name, for expressions of all files of the folder."""

    name: Name
    of: Text


TABLES = {"rule": RuleTable, "class": ClassTable, "term": TermTable}
__all__ = ["TABLES", "ClassTable", "RuleTable", "TermTable", "WhenTable"]
