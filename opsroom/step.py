"""What one record of the log changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from opsroom.audit import Audit
from opsroom.errors import OpsroomError
from opsroom.log.columns import decode_columns
from opsroom.minutes import Minute
from opsroom.model import Columns, Transition
from opsroom.pleasure import Pleasure
from opsroom.records import (
    AnyAct,
    AnyConfig,
    Bargain,
    ChairAct,
    Decide,
    MinuteAct,
    NoteAct,
    Record,
    RecordKind,
    RuleSet,
    SeriesSet,
    UnitSet,
)
from opsroom.rule import Ruling


class Step(msgspec.Struct, kw_only=True):
    """What one record changed.

    `stored` are all its readings as log and store keep them, `ruled` all that rules found, events included;
    `audits`, `pleasures` and `minutes` are those it made or altered.
    """

    offset: int
    now: int
    transitions: list[Transition] = []
    config: list[AnyConfig] = []
    act: AnyAct | None = None
    key: str = ""
    refused: OpsroomError | None = None
    stored: Columns | None = None
    historical: bool = False
    late: int = 0
    audits: list[Audit] = []
    ruled: list[Ruling] = []
    pleasures: list[Pleasure] = []
    minutes: list[Minute] = []


class Unforeseen(Exception):  # noqa: N818 - what the step met
    """A record met a mistake of the room; its cause says which. `step` is what it had changed until then."""

    def __init__(self, step: Step) -> None:
        """Keep the step."""
        super().__init__(f"record {step.offset}")
        self.step = step


class Changes(NamedTuple):
    """What several steps changed together, in the order in which the journal takes it."""

    edges: list[Transition]
    config: list[AnyConfig]
    acts: list[tuple[int, int, AnyAct]]
    audits: list[Audit]
    ruled: list[Ruling]
    pleasures: list[Pleasure]
    minutes: list[Minute]

    @classmethod
    def of(cls, steps: Sequence[Step]) -> Changes:
        """Put together what they changed."""
        return cls(
            [edge for step in steps for edge in step.transitions],
            [change for step in steps for change in step.config],
            [(step.offset, step.now, step.act) for step in steps if step.act is not None],
            [one for step in steps for one in step.audits],
            [one for step in steps for one in step.ruled],
            [one for step in steps for one in step.pleasures],
            [one for step in steps for one in step.minutes],
        )

    @property
    def bargains(self) -> int:
        """How many concern what two sides agree on."""
        told = [*self.config, *(act for _, _, act in self.acts)]
        return sum(isinstance(one, Bargain) for one in told)

    @property
    def seated(self) -> bool:
        """Whether a chair pressed something or took the floor."""
        return any(isinstance(act, ChairAct) for _, _, act in self.acts)

    @property
    def marked(self) -> bool:
        """Whether trends have another mark: something was written, decided, or agreed by a person."""
        noted = any(isinstance(act, NoteAct | MinuteAct | Decide) for _, _, act in self.acts)
        return noted or any(_marks(change) for change in self.config)


def _marks(change: AnyConfig) -> bool:
    """Tell whether a change is marked on trends; what plants bring by the thousand is not."""
    if isinstance(change, UnitSet | SeriesSet):
        return change.via in {"seat", "file"}
    return isinstance(change, RuleSet)


def peek(record: Record) -> Step:
    """Give the readings of a record without applying it."""
    step = Step(offset=record.offset, now=record.received)
    if record.kind is RecordKind.READINGS:
        step.stored, step.historical = decode_columns(record.payload)
    return step
