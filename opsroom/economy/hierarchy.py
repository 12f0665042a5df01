"""A bare tree of names (`hierarchy.json`) read as an economy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from opsroom.economy.file import Economy, Tables, UnitTable, check, fault_at

TOP_LEVELS: Final = ("corporation", "branch")
MIDDLE_LEVEL: Final = "sector committee"
BOTTOM_LEVELS: Final = ("enterprise", "plant")


def from_hierarchy(
    body: Mapping[str, Any], root_time_zone: str = "UTC", where: str = "hierarchy.json"
) -> Economy:
    """Read the form `{root: {branch: {enterprise: [plant, ...]}}}` of any depth.

    Levels are named from the historical ladder by depth, top first: corporation, branch, sector committee,
    enterprise, plant. Where the tree has fewer, the middle is left out, because what reports at the bottom is
    a plant: four levels are corporation, branch, enterprise, plant; three corporation, enterprise, plant.
    Where it has more, the middle repeats.

    Raises:
        SettingsError: not one root, or a part that is neither object nor list of names.
    """
    if len(body) != 1:
        raise fault_at(where, "", ("", 0, ""), "one root is needed at the top")
    ((root, below),) = body.items()
    paths = list(_walk(below, "", where))
    depth = 1 + max((path.count("/") + 1 for path in paths), default=0)
    units = [UnitTable(path=path) for path in paths]
    tables = Tables(root=root, levels=list(ladder(depth)), time_zone=root_time_zone, unit=units)
    economy = Economy(tables, where)
    return check(economy)


def ladder(levels: int) -> tuple[str, ...]:
    """Name so many levels, top first.

    >>> ladder(4), ladder(3)
    (('corporation', 'branch', 'enterprise', 'plant'), ('corporation', 'enterprise', 'plant'))
    """
    bottom = BOTTOM_LEVELS[-min(levels, len(BOTTOM_LEVELS)) :]
    top = TOP_LEVELS[: max(0, levels - len(bottom))]
    return (*top, *(MIDDLE_LEVEL,) * (levels - len(top) - len(bottom)), *bottom)


def _walk(below: Any, path: str, where: str) -> Iterator[str]:
    if not isinstance(below, Mapping | Sequence) or isinstance(below, str):
        raise fault_at(
            where, "", ("", 0, path), f"{path or 'the root'} holds neither units nor a list of names"
        )
    for name in below:
        if not isinstance(name, str):
            raise fault_at(where, "", ("", 0, path), f"{name!r} below {path or 'the root'} is no name")
        own = f"{path}/{name}" if path else name
        yield own
        if isinstance(below, Mapping):
            yield from _walk(below[name], own, where)
