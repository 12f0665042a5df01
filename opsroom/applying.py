"""A record applied whatever it holds: what nobody foresaw is told, and the room goes on behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import structlog

from opsroom.errors import OpsroomError
from opsroom.step import Step, Unforeseen, peek

if TYPE_CHECKING:
    from opsroom.core import Core
    from opsroom.records import Record

FAILED: Final = 500
_logger = structlog.get_logger("opsroom.room")


def applied(core: Core, record: Record) -> Step:
    """Apply a record; one that meets a mistake of the room is passed over from there on, and logged.

    It stands in the log for good: a room that ended by it would end by it again at each start. Live, redone
    and looked back at, it comes equally far.

    Raises:
        Corrupt: as `Core.apply`.
    """
    try:
        return core.apply(record)
    except Unforeseen as met:
        _logger.exception("record_failed", offset=record.offset, kind=record.kind.name, source=record.source)
        core.passed_over += 1
        step = met.step
        refusal = OpsroomError(
            "The room made a mistake.", remedy="Tell its keeper; the log has the details.", code="internal"
        )
        refusal.status = FAILED
        step.refused = step.refused or refusal
        if step.stored is None:  # it was acknowledged: whatever went wrong around it, it is kept
            told = peek(record)
            step.stored, step.historical = told.stored, told.historical
        return step
