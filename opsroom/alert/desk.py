"""Where acts arrive, and the questions that every act asks."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from opsroom.acts import Act
from opsroom.catalog import Catalog
from opsroom.errors import AccessDenied, Conflict, NotFound
from opsroom.model import Alert, Micros, Series
from opsroom.settings import RoomSection

if TYPE_CHECKING:
    from opsroom.alert.book import AlertBook


class Desk(NamedTuple):
    """Where an act arrives: the book, the tree, room time, and the act's offset in the log."""

    book: AlertBook
    catalog: Catalog
    now: Micros
    offset: int
    settings: RoomSection


def alert_of(desk: Desk, alert_id: str) -> Alert:
    """Give an alert on the wall or resting; NotFound where there is none."""
    alert = desk.book.find(alert_id)
    if alert is None:
        raise NotFound("No such alert stands.", remedy="See the journal for ended alerts.", alert_id=alert_id)
    return alert


def series_of(desk: Desk, series_id: int) -> Series:
    """Give a series of the tree; NotFound where there is none."""
    series = desk.catalog.series.get(series_id)
    if series is None:
        raise NotFound("No such series.", remedy="See the list of series.", series_id=series_id)
    return series


def stands_with(alert: Alert, act: Act) -> None:
    """Refuse (AccessDenied) who does not sit where the alert stands."""
    if act.unit_id != alert.standing.unit_id:
        raise AccessDenied(
            "The alert does not stand at this seat's level.",
            remedy="It is seen and decided where it stands.",
            alert_id=alert.id,
            unit_id=alert.standing.unit_id,
        )


def conflict(alert: Alert, what: str, person: str, at: Micros) -> Conflict:
    """Word that somebody was first."""
    return Conflict(
        f"{what} by {person}.", remedy="Nothing is left to do.", alert_id=alert.id, person=person, at=at
    )
