"""Whose raw readings a seat may ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opsroom.errors import AccessDenied, NotFound

if TYPE_CHECKING:
    from opsroom.model import Series
    from opsroom.seats import Seat
    from opsroom.view.model import View


def may_read(view: View, seat: Seat, *series_ids: int) -> None:
    """Check that raw readings of each series are open to the seat, and note what only an audit opens.

    Raises:
        NotFound: no such series below the seat's unit.
        AccessDenied: it is below, but autonomy keeps it: no alert on it has climbed to the seat.
    """
    view.looked(seat, readable(view, seat, *series_ids))


def readable(view: View, seat: Seat, *series_ids: int) -> list[Series]:
    """Check the same without noting it: of what is written about a series nothing is read of the plant.

    Gives those that are below the seat's unit.

    Raises:
        NotFound, AccessDenied: as `may_read`.
    """
    below = []
    for series_id in series_ids:
        series = view.catalog.series.get(series_id)
        if series is not None and series.unit_id == seat.unit_id:
            continue  # a unit's own, and a question about a thousand asks for nothing else
        if series is None or not view.catalog.contains(seat.unit_id, series.unit_id):
            raise NotFound("No such series.", remedy="List them.", code="series_unknown", series=series_id)
        if not view.opens(series, seat.unit_id):
            raise AccessDenied(
                "These readings are the unit's own.",
                remedy="An alert that climbs to your level brings its history with it.",
                code="series_autonomous",
                series=series_id,
            )
        below.append(series)
    return below
