"""What one record of the log changed."""

from __future__ import annotations

import msgspec

from opsroom.audit import Audit
from opsroom.errors import OpsroomError
from opsroom.model import Columns, Transition
from opsroom.pleasure import Pleasure
from opsroom.records import AnyAct, AnyConfig
from opsroom.rule import Ruling


class Step(msgspec.Struct, kw_only=True):
    """What one record changed.

    `stored` are all its readings as log and store keep them, `seen` the live ones in the units of their
    series, `ruled` all that rules found, events included; `audits` and `pleasures` are those it made or
    altered.
    """

    offset: int
    now: int
    transitions: list[Transition] = []
    config: list[AnyConfig] = []
    act: AnyAct | None = None
    key: str = ""
    refused: OpsroomError | None = None
    stored: Columns | None = None
    seen: Columns | None = None
    historical: bool = False
    late: int = 0
    audits: list[Audit] = []
    ruled: list[Ruling] = []
    pleasures: list[Pleasure] = []
