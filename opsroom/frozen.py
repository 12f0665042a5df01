"""The whole pure state of the room as bytes, and back."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

from opsroom.alert.book import AlertBook
from opsroom.audit_book import AuditBook
from opsroom.chairs import ChairBook
from opsroom.measuring import Shown
from opsroom.parts import Parts, packed
from opsroom.pleasure_book import PleasureBook
from opsroom.rules import dump, load
from opsroom.sources import Sources
from opsroom.stated import dump as dump_stated
from opsroom.stated import load as load_stated

if TYPE_CHECKING:
    from opsroom.core import Core


def freeze(core: Core) -> Callable[[], Parts]:
    """Copy the whole state as of now; gives what makes a snapshot of it, on any thread."""
    engine, book = core.engine.freeze(core.detectors), core.book.freeze()
    sources = core.sources.freeze()
    parts = {
        "now": core.now,
        "rules": dump(core.rules),
        "stated": dump_stated(core.stated),
        "audits": core.audits.dump(),
        "pleasures": core.pleasures.dump(),
        "minutes": core.minutes.dump(),
        "chairs": core.chairs.dump(),
        "keys": list(core.keys),
    }
    return lambda: packed(parts | {"sources": sources(), "engine": engine(), "book": book()})


def restore(core: Core, blob: bytes) -> bool:
    """Put a snapshot in place of the core's state.

    False where the detectors' state is of another version and must be rebuilt from stored readings.
    """
    body: dict[str, Any] = msgspec.msgpack.decode(blob)
    core.now = body["now"]
    core.sources = Sources.load(body["sources"], core.sources.most)
    core.book = AlertBook.load(body["book"])
    core.audits = AuditBook.load(body.get("audits"))
    core.pleasures = PleasureBook.load(body.get("pleasures"))
    core.minutes.load(body.get("minutes"), core.book.every())
    core.chairs = ChairBook.load(body.get("chairs"))
    core.keys = OrderedDict.fromkeys(body["keys"])
    rules = load(body["rules"]) if "rules" in body else None
    if rules is not None:
        core.rules = rules
    else:  # written before there were rules, or by another version of them
        core.agree(core.catalog.rules.values())
    core.stated = load_stated(body.get("stated"))
    state = core.engine.restore(body["engine"])
    if state is None:
        return False
    core.detectors = state
    core.shown = Shown({one.id: one.way for one in state.specs.values() if one.way is not None})
    return True
