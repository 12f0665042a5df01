"""From a `[[flow]]` of the file to the flow that a catalog keeps."""

from __future__ import annotations

from typing import Final

from opsroom.catalog import Catalog
from opsroom.economy.file import Economy, FlowTable
from opsroom.flow import Flow, fits, holder_of
from opsroom.model import Series
from opsroom.units import read_unit

WRONG: Final = {
    "ends": ("to", "one end holds the other", "Name two units beside one another."),
    "series": ("series", "it stands neither at an end nor above one", "Name what is measured there."),
}


def declared_flow(economy: Economy, index: int, table: FlowTable, planned: Catalog) -> Flow:
    """Give the flow; it keeps its id by its ends and its name.

    Raises:
        SettingsError: an end or series that is not there, two ends of which one holds the other, or a unit of
            measurement that is not that of the series.
    """
    source, seen_there = _end(economy, index, "from", table.source, planned)
    target, seen_here = _end(economy, index, "to", table.target, planned)
    series = seen_here or seen_there
    if table.series is not None:
        unit = planned.unit_at(table.series.rpartition("/")[0])
        series = planned.own_series(unit.id, table.series.rpartition("/")[2]) if unit else None
        if series is None:
            raise economy.fault(
                "flow", index, "series", f"no series {table.series!r}", "Declare it as [[series]]."
            )
    wrong = fits(source, target, series.id if series else 0, planned)
    if wrong:
        key, says, remedy = WRONG[wrong]
        raise economy.fault("flow", index, key, says, remedy)
    code = read_unit(table.unit).code if table.unit else ""
    if series is not None and code and code != series.unit:
        says = f"the series is measured in {series.unit or 'no unit'}"
        raise economy.fault("flow", index, "unit", says, "Leave the unit out.")
    before = planned.flow_between(source, target, table.name)
    holder = planned.units[holder_of(source, target, planned)]
    return Flow(
        id=before.id if before else planned.next_flow_id,
        root_id=holder.root_id,
        source_id=source,
        target_id=target,
        name=table.name,
        series_id=series.id if series else 0,
        unit=series.unit if series else code,
        usual=table.usual,
        starved=table.starved,
        coefficient=table.coefficient,
        capacity=table.capacity,
        retired=table.retired,
    )


def _end(economy: Economy, index: int, key: str, path: str, planned: Catalog) -> tuple[int, Series | None]:
    """Give the unit at an end, and the series that stands for it."""
    unit = planned.unit_at(path)
    if unit is not None:
        return unit.id, None
    above = planned.unit_at(path.rpartition("/")[0])
    series = planned.own_series(above.id, path.rpartition("/")[2]) if above else None
    if series is None:
        raise economy.fault("flow", index, key, f"{path!r} is neither a unit nor a series")
    return series.unit_id, series
