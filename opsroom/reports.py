"""Findings that come from no detector need series to be about: those that are not there are made."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple, Protocol

from opsroom.errors import Invalid
from opsroom.model import Series
from opsroom.records import SeriesSet

if TYPE_CHECKING:
    from collections.abc import Iterable

    from opsroom.catalog import Catalog
    from opsroom.model import Transition
    from opsroom.records import AnyAct, AnyConfig
    from opsroom.settings import Settings


class Place(NamedTuple):
    """Where a finding belongs: a unit's own series, by name; `unit` is of measure."""

    unit_id: int
    name: str
    unit: str = ""


class ReportedRoom(Protocol):
    """What is needed of the room."""

    catalog: Catalog
    settings: Settings

    async def change(self, changes: list[AnyConfig]) -> None:
        """Make changes of configuration durable and apply them."""
        ...

    async def act(self, act: AnyAct, *, urgent: bool = False) -> list[Transition]:
        """Make an act durable and apply it."""
        ...


async def series_for(room: ReportedRoom, places: Iterable[Place]) -> dict[tuple[int, str], int]:
    """Give the id of every place's series; those that are not there are made, unadopted, within the limit.

    Raises:
        Invalid: a unit would have more unadopted series than a source may bring.
    """
    catalog, wanted = room.catalog, list(places)
    new = {
        place[:2]: place for place in wanted if catalog.own_series(place.unit_id, place.name) is None
    }.values()
    _check_limit(room, [place.unit_id for place in new])
    made: list[AnyConfig] = []
    for place in new:
        series = Series(
            id=catalog.next_series_id,
            root_id=catalog.units[place.unit_id].root_id,
            unit_id=place.unit_id,
            name=place.name,
            unit=place.unit,
            adopted=False,
        )
        made.append(SeriesSet(series, via="plant"))
        catalog.apply(made[-1])  # at once, so that nobody else is given the id meanwhile
    if made:
        await room.change(made)
    known = [(place, catalog.own_series(place.unit_id, place.name)) for place in wanted]
    return {(place.unit_id, place.name): series.id for place, series in known if series is not None}


def _check_limit(room: ReportedRoom, unit_ids: list[int]) -> None:
    """Refuse a flood of names: one more series for each of `unit_ids`."""
    limit = room.settings.limits.series_per_source
    for unit_id, more in Counter(unit_ids).items():
        if more + sum(not series.adopted for series in room.catalog.series_of(unit_id)) > limit:
            raise Invalid(
                f"The unit has {limit} unadopted series already.",
                remedy="Adopt some, or correct the names of the alerts.",
                code="series_limit",
                field="alerts",
                limit=limit,
            )
