"""Good news as screens show it: a unit's own of the last week, and what was offered to it from just below."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from opsroom.model import MICROS_PER_S
from opsroom.rights import knows_pleasure, may_offer
from opsroom.view.cards import ms

if TYPE_CHECKING:
    from collections.abc import Iterable

    from opsroom.pleasure import Pleasure
    from opsroom.seats import Seat
    from opsroom.view.model import View

SHOWN_US: Final = 7 * 86_400 * MICROS_PER_S
SHOWN_MAX: Final = 50


class Pleasures:
    """Good news by id; it leaves after a week. `revision` is that of the screens at the last change."""

    def __init__(self, view: View) -> None:
        """Start without any; `view` is whose revision they move."""
        self._view, self._catalog = view, view.catalog
        self._rows: dict[str, Pleasure] = {}
        self.revision = 0

    def take(self, pleasures: Iterable[Pleasure]) -> None:
        """Take good news as it is now; it wakes no screen, and comes with its next frame."""
        fresh = {one.id: one for one in pleasures}
        if fresh:
            rows = self._rows | fresh
            self._rows = {key: one for key, one in rows.items() if self._view.at - one.at < SHOWN_US}
            self._view.revision += 1
            self.revision = self._view.revision

    def told(self, seat: Seat) -> list[dict[str, Any]]:
        """Give what stands in a seat's room, newest first, at most `SHOWN_MAX` of it."""
        now = self._view.at
        known = [one for one in self._rows.values() if knows_pleasure(one, seat.unit_id)]
        fresh = sorted((one for one in known if now - one.at < SHOWN_US), key=lambda one: (-one.at, one.id))
        return [self.row(one, seat) for one in fresh[:SHOWN_MAX]]

    def row(self, news: Pleasure, seat: Seat) -> dict[str, Any]:
        """Give one piece of good news as a seat is told it, times in ms."""
        unit, series = self._catalog.units.get(news.unit_id), self._catalog.series.get(news.series_id)
        top = self._catalog.parent(news.unit_id) is None
        return {
            "id": news.id,
            "own": seat.unit_id == news.unit_id,
            "unit": "" if unit is None else unit.path,
            "unit_name": "" if unit is None else unit.name,
            "series_id": news.series_id,
            "series": "" if series is None else self._catalog.series_path(series.id),
            "series_name": "" if series is None else series.name,
            "measure": "" if series is None else series.unit,
            "kind": news.kind,
            "p": round(news.p, 4),
            "before": news.before,
            "after": news.after,
            "onset": ms(news.onset),
            "at": ms(news.at),
            "explanation": [{"code": one.code, "params": one.params} for one in news.explanation],
            "offered": ms(news.offered),
            "offered_by": news.offered_by or None,
            "may_offer": news.offered is None and not top and may_offer(news, seat),
        }
