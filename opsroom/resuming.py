"""Taking up where the run before left off: its last copy of the state, or a mark where that is damaged."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec
import structlog

from opsroom.core import SNAPSHOT_VERSION, Core
from opsroom.errors import Corrupt, NotFound, StoreError
from opsroom.records import decode_config

if TYPE_CHECKING:
    from opsroom.log import Log
    from opsroom.marks import Marks
    from opsroom.store import Store

SNAPSHOT_NAME: Final = "core"

_logger = structlog.get_logger("opsroom.room")


class Resumed(NamedTuple):
    """The log's record up to which the state has all, and whether the detectors are to be rebuilt."""

    offset: int
    rebuilds: bool


def resumed(core: Core, store: Store, log: Log, marks: Marks) -> Resumed:
    """Put the newest state that can be read into `core`; what stands in the log behind it is to be redone.

    Raises:
        Corrupt: none can be read, and the log no longer reaches back to the beginning.
        StoreError: `log_store_mismatch`: the log begins behind it.
    """
    found = _newest(core, store, log, marks)
    if found is None:
        return Resumed(0, rebuilds=False)
    version, offset, body = found
    if version != SNAPSHOT_VERSION:
        return Resumed(0, rebuilds=True)
    if offset < log.trimmed:
        raise StoreError(
            f"Store and log do not belong together: the state is that of record {offset}, the log begins "
            f"behind {log.trimmed}.",
            remedy="Run opsroom doctor; restore both from one backup.",
            code="log_store_mismatch",
            state=offset,
            trimmed=log.trimmed,
        )
    return Resumed(offset, rebuilds=not core.restore(body))


def _newest(core: Core, store: Store, log: Log, marks: Marks) -> tuple[int, int, bytes] | None:
    """Give version, offset and bytes of the last copy; of the newest mark where that is damaged."""
    try:
        return store.snapshots.load(SNAPSHOT_NAME)
    except Corrupt as damage:
        try:
            mark, body = marks.before(sys.maxsize, SNAPSHOT_VERSION)
        except NotFound:
            if log.trimmed:
                raise damage from None
            _logger.exception("state_damaged", redone_from=0)
            return None
        _logger.exception("state_damaged", redone_from=mark.offset)
        parts = msgspec.msgpack.decode(body)
        for change in decode_config(parts["tree"]):  # what was agreed since stands in the log behind it
            core.catalog.apply(change)
        return SNAPSHOT_VERSION, mark.offset, parts["core"]
