"""What one record of the log changed."""

from __future__ import annotations

import msgspec

from opsroom.audit import Audit
from opsroom.errors import OpsroomError
from opsroom.log.columns import decode_columns
from opsroom.model import Columns, Transition
from opsroom.pleasure import Pleasure
from opsroom.records import AnyAct, AnyConfig, Record, RecordKind
from opsroom.rule import Ruling


class Step(msgspec.Struct, kw_only=True):
    """What one record changed.

    `stored` are all its readings, `ruled` all that rules found, events included; `audits` and `pleasures` are
    those it made or altered.
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


def peek(record: Record) -> Step:
    """Give the readings of a record without applying it."""
    step = Step(offset=record.offset, now=record.received)
    if record.kind is RecordKind.READINGS:
        step.stored, step.historical = decode_columns(record.payload)
    return step
