"""What one version of a unit or series says otherwise than the one before it."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from opsroom.model import Series, Unit

LEFT_OUT: Final = frozenset(
    {"id", "root_id", "unit_id", "parent_id", "depth", "unit_verified", "kept", "indicator"}
)
"""What never changes, or follows from something else that is told."""


class Alteration(msgspec.Struct, frozen=True, kw_only=True):
    """One field that was altered; None where there is no value."""

    field: str
    before: Any
    after: Any


def altered(before: Series | Unit | None, after: Series | Unit) -> list[Alteration]:
    """Give the fields in which `after` differs; that nothing was said, and is not now, is no difference.

    The figures of an indicator stand beside the fields of its series.
    """
    was, now = {} if before is None else _fields(before), _fields(after)
    return [
        Alteration(field=name, before=was.get(name), after=value)
        for name, value in now.items()
        if was.get(name) != value and (was.get(name) or value)
    ]


def _fields(one: Series | Unit) -> dict[str, Any]:
    fields = {name: getattr(one, name) for name in one.__struct_fields__ if name not in LEFT_OUT}
    if isinstance(one, Series):
        indicator = one.indicator
        for name in ("orientation", "capability", "potentiality", "essential"):
            fields[name] = None if indicator is None else getattr(indicator, name)
    return fields
