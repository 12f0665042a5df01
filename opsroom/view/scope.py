"""What viewers of one unit, role and focus have in common, encoded once for all of them."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from opsroom.drill import rehearses
from opsroom.model import MICROS_PER_S, Role
from opsroom.rights import at_least, concerns
from opsroom.seats import Seat
from opsroom.view.cards import ms
from opsroom.view.flows import Links
from opsroom.view.standing import Standing
from opsroom.view.totals import NONE
from opsroom.view.window import Window

if TYPE_CHECKING:
    from opsroom.model import Alert, Series, Unit
    from opsroom.view.board import Point
    from opsroom.view.model import View

FRAMES_KEPT: Final = 8
SERIES_SHOWN_MAX: Final = 500

_encoder = msgspec.json.Encoder()


class Scope:
    """Viewers with the same seat unit, role and unit in focus. Rights depend on nothing else."""

    def __init__(self, view: View, seat: Seat, focus: Unit) -> None:
        """Take one seat as the example of all."""
        self.view = view
        self.seat = seat
        self.focus_id = focus.id
        self.viewers = 0
        self._frames: OrderedDict[tuple[int, int], bytes] = OrderedDict()
        self._snapshot: tuple[tuple[int, int], bytes] | None = None
        self._standing: Standing | None = None
        self._laid_out_at = self._audited_at = -1
        self._series: Window[int] = Window()
        self._slots: NDArray[np.int64] = np.empty(0, np.int64)
        self._slots_at = -1
        self._links: Links | None = None
        self._links_at = -1
        self._own: list[int] = []
        self._own_at = -1

    # -- what may be seen ----------------------------------------------------------------------------

    def take(self, alert: Alert, *, on_wall: bool) -> None:
        """Take one alert as it is now; what was never asked for needs no telling."""
        if self._standing is not None:
            self._standing.take(alert, on_wall=on_wall)

    def standing(self) -> Standing:
        """Give the alerts that are shown, laid out as of now.

        Those that concern the seat's unit, and those of an audited unit while it is in focus.
        """
        view = self.view
        if self._standing is None or self._audited_at != view.audit_revision:
            self._audited_at = view.audit_revision  # every screen concerned takes a new picture then
            self._standing = Standing(
                view.alerts.values(),
                shown_max=view.alerts_shown_max,
                shows=self._shows,
                concerns=lambda alert: concerns(alert, self.seat.unit_id),
            )
            # What left before nobody knows here; of what stands all may be shown anew.
            crowded = len(self._standing) > view.alerts_shown_max
            self._standing.shown.forgotten = view.alert_revision if crowded else view.ended_revision
            self._laid_out_at = -1
        if self._laid_out_at != view.alert_revision:
            self._laid_out_at = view.alert_revision
            self._standing.lay_out(view.alert_revision)
        return self._standing

    def _shows(self, alert: Alert) -> bool:
        unit_id = self.seat.unit_id
        looking = alert.unit_id == self.focus_id and self.view.sees(alert, unit_id)
        return looking or concerns(alert, unit_id)

    def audited(self) -> list[Series]:
        """Give the series of the unit in focus that only an audit opens to the seat's unit."""
        view, unit_id = self.view, self.seat.unit_id
        if self.focus_id == unit_id or not view.audits.of(unit_id):
            return []
        return [one for one in view.catalog.series_of(self.focus_id) if view.opens(one, unit_id)]

    def slots(self) -> NDArray[np.int64]:
        """Give the slots of the series shown.

        Those with an alert shown, those under an audit in focus, and the unit's own, in this order; at most
        500.
        """
        view, standing = self.view, self.standing()
        stamp = max(view.tree_revision, view.series_revision, view.alert_revision, view.audit_revision)
        if self._slots_at != stamp:
            board = view.board
            risen = [alert.series_id for alert in standing.shown_alerts()]
            audited = [series.id for series in self.audited()]
            ids = dict.fromkeys([*risen, *audited, *self._own_series()])
            known = [one for one in ids if one in board.slot_of]
            self._series.move(known[:SERIES_SHOWN_MAX], stamp)
            self._slots = np.array([board.slot_of[one] for one in self._series.since], np.int64)
            self._slots_at = stamp
        return self._slots

    def _own_series(self) -> list[int]:
        """Give the unit's own series as far as they may be shown; indicators first, then what is agreed."""
        stamp = max(self.view.tree_revision, self.view.series_revision)
        if self._own_at != stamp:
            every = self.view.catalog.series_of(self.seat.unit_id)
            own = [one for one in every if not one.aside and not rehearses(one)]
            first = sorted(own, key=lambda s: (s.indicator is None, not s.adopted, s.id))
            self._own = [series.id for series in first[:SERIES_SHOWN_MAX]]
            self._own_at = stamp
        return self._own

    def forgotten(self, since: int) -> bool:
        """Tell whether more has left the screen after revision `since` than is remembered."""
        self.slots()
        return since < max(self.standing().shown.forgotten, self._series.forgotten)

    def links(self) -> Links:
        """Give the links of the quantified flow chart, laid out for the tree as it is."""
        view = self.view
        if self._links is None or self._links_at != view.catalog.revision:
            self._links = Links(view.catalog, view.board, self.seat.unit_id, self.focus_id)
            self._links_at = view.catalog.revision
        return self._links

    # -- rows ----------------------------------------------------------------------------------------

    def unit_view(self, unit: Unit) -> dict[str, Any]:
        """Give a UnitView.

        `worst` counts only alerts that concern the seat: what has not climbed is the unit's own affair.
        """
        view = self.view
        total = view.totals.get(unit.id, NONE)
        worst = self.standing().worst
        inside = (min(counts) for origin, counts in worst.items() if view.catalog.contains(unit.id, origin))
        return {
            "id": unit.id,
            "path": unit.path,
            "name": unit.name,
            "level_name": unit.level_name,
            "time_zone": unit.time_zone,
            "retired": unit.retired,
            **msgspec.structs.asdict(total),
            "worst": min(inside, default=None),
        }

    def series_views(self, slots: NDArray[np.int64], *, trails: bool = True) -> list[dict[str, Any]]:
        """Give a SeriesView for each slot, in their order; with its trail, most of it, or without."""
        board = self.view.board
        values = board.values(slots).values()
        latencies = np.round(board.indices(slots)[1], 4).tolist()
        points = board.trails(slots) if trails else [None] * len(slots)
        parts = zip(slots.tolist(), values, latencies, points, strict=True)
        return [self._series_view(*part) for part in parts]

    def _series_view(
        self, slot: int, value: tuple[Any, ...], latency: float, trail: list[Point] | None
    ) -> dict[str, Any]:
        view = self.view
        series = view.board.series(slot)
        unit = view.catalog.units[series.unit_id]
        t, v, low, high, q, productivity, performance = value
        alerts = [alert.id for alert in view.on_series(series.id) if self._shows(alert)]
        return {
            "id": series.id,
            "path": view.catalog.series_path(series.id),
            "name": series.name,
            "unit_path": unit.path,
            "unit_name": unit.name,
            "unit": series.unit,
            "period_s": series.period_s,
            "indicator": series.indicator,
            "band": series.band,
            "value": v,
            "t": t,
            "q": q,
            "low": low,
            "high": high,
            **({} if trail is None else {"trail": trail}),
            "alert": alerts[0] if alerts else None,
            "productivity": productivity,
            "latency": latency,
            "performance": performance,
            "adopted": series.adopted,
            "description": series.description,
            "grey_s": view.board.grey_s(series),
        }

    def alert_view(self, alert: Alert) -> dict[str, Any]:
        """Give an AlertView for the seat."""
        view = self.view
        return view.cards.for_seat(
            alert,
            self.seat,
            raises_30d=view.raises.get(alert.series_id, 0),
            note_required=view.class_of(alert).note_required,
            described=view.described(alert),
        )

    def chairs(self) -> list[dict[str, Any]]:
        """Give the seats of the same unit and who is present."""
        view = self.view
        return [
            {
                "seat_id": seat.id,
                "person": seat.person,
                "role": seat.role,
                "unit": view.path_of(seat.unit_id),
                "present": seat.id in view.present,
            }
            for seat in view.seats
            if seat.unit_id == self.seat.unit_id
        ]

    def unadopted(self) -> int:
        """Count the series that wait for seats like this one to adopt them."""
        catalog, unit_id = self.view.catalog, self.seat.unit_id
        if at_least(self.seat, Role.ADMIN):
            return catalog.unadopted(unit_id)
        own = catalog.series_of(unit_id) if catalog.unadopted(unit_id) else []
        return (
            sum(not one.adopted and not one.aside for one in own) if at_least(self.seat, Role.COUNCIL) else 0
        )

    def nearby(self) -> tuple[Unit, list[Unit], list[Unit]]:
        """Give the unit in focus, its ancestors (root first, without itself) and its children."""
        catalog = self.view.catalog
        line = catalog.ancestors(self.focus_id)
        return line[0], line[:0:-1], catalog.active(self.focus_id)

    # -- frames --------------------------------------------------------------------------------------

    def snapshot(self, more: NDArray[np.int64]) -> bytes:
        """Give the shared part of a snapshot as JSON, with the series in `more` (slots) behind those shown.

        Without any it is kept until something alters, a second at most: after a restart every screen asks
        for it at once.
        """
        if len(more):
            rows = self.snapshot_rows()
            rows["series"] += self.series_views(more)
            return _encoder.encode(rows)
        stamp = self.view.revision, self.view.at // MICROS_PER_S
        if self._snapshot is None or self._snapshot[0] != stamp:
            self._snapshot = stamp, _encoder.encode(self.snapshot_rows())
        return self._snapshot[1]

    def snapshot_rows(self) -> dict[str, Any]:
        """Give the shared part of a snapshot."""
        view = self.view
        unit, ancestors, children = self.nearby()
        return {
            "unit": self.unit_view(unit),
            "ancestors": [
                {name: getattr(one, name) for name in ("path", "name", "level_name", "retired")}
                for one in ancestors
            ],
            "children": [self.unit_view(child) for child in children],
            "alerts": [self.alert_view(alert) for alert in self.standing().shown_alerts()],
            "series": self.series_views(self.slots()),
            "seats": self.chairs(),
            "lamps": self.standing().lamps(),
            "standing": len(self.standing()),
            "flood": view.floods.at(self.seat.unit_id),
            "audits": view.audits.told(self.seat.unit_id),
            "agreements": view.agreements.told(self.seat),
            "pleasures": view.pleasures.told(self.seat),
            "decisions": view.minutes.told(self.seat),
            "chairs": view.chairs.told(self.seat.unit_id),
            "marks": view.mark_revision,
            "unadopted": self.unadopted(),
            "condition": view.condition.reasons,
            "exercise": view.condition.exercise,
            "drills": view.condition.drills(self.seat.unit_id),
            "flows": self.links().rows(),
        }

    def changes(self, since: int, upto: int) -> bytes:
        """Give the shared part of a frame from revision `since` to `upto`, as JSON.

        Kept for the viewers that follow.
        """
        key = (since, upto)
        frame = self._frames.get(key)
        if frame is None:
            frame = self._frames[key] = _encoder.encode(self._changed(since))
            if len(self._frames) > FRAMES_KEPT:
                self._frames.popitem(last=False)
        return frame

    def _changed(self, since: int) -> dict[str, Any]:
        view, board, standing = self.view, self.view.board, self.standing()
        slots, shown = self.slots(), standing.shown
        rows: dict[str, Any] = {"now": ms(view.at), "alerts": [], "ended": []}
        if view.alert_revision > since:
            rows["alerts"] = [self.alert_view(alert) for alert in self._altered(since)]
            rows["ended"] = shown.gone_since(since)
        gone = self._series.gone_since(since)
        if gone:
            rows["gone"] = sorted(gone)
        if view.series_revision > since:
            rows["unadopted"] = self.unadopted()
        rows["values"] = board.values(slots[board.rev[slots] > since])
        came = np.array([at > since for at in self._series.since.values()], np.bool_)
        whole = (board.card_rev[slots] > since) | came
        flagged = slots[(board.flag_rev[slots] > since) & ~whole]
        if whole.any() or len(flagged):
            # Of what only raised or ended an alert the screen has the trail.
            rows["series"] = self.series_views(slots[whole]) + self.series_views(flagged, trails=False)
        rows.update(self._people(since))
        unit, _, children = self.nearby()
        units = [one for one in (unit, *children) if view.unit_rev.get(one.id, 0) > since]
        if units:
            rows["units"] = [self.unit_view(one) for one in units]
        rows["lamps"] = standing.lamps()
        rows["standing"] = len(standing)
        rows["flood"] = view.floods.at(self.seat.unit_id)
        rows["condition"] = view.condition.reasons
        rows["drills"] = view.condition.drills(self.seat.unit_id)
        return rows

    def _people(self, since: int) -> dict[str, Any]:
        """Give what changed of seats, chairs, agreements, good news and decisions."""
        view = self.view
        rows: dict[str, Any] = {}
        if view.seats_revision > since:
            rows["seats"] = self.chairs()
        if view.agreements.revision > since:
            rows["agreements"] = view.agreements.told(self.seat)
        if view.pleasures.revision > since:
            rows["pleasures"] = view.pleasures.told(self.seat)
        if view.flow_revision > since or self.links().moved(since):
            rows["flows"] = self.links().rows()
        if view.minutes.revision > since:
            rows["decisions"] = view.minutes.told(self.seat)
        if max(view.chairs.revision, view.seats_revision) > since:
            rows["chairs"] = view.chairs.told(self.seat.unit_id)
        if view.mark_revision > since:
            rows["marks"] = view.mark_revision
        return rows

    def _altered(self, since: int) -> list[Alert]:
        """Give the alerts shown that are new here or altered since a revision."""
        standing, marks = self.standing(), self.view.alert_rev
        shown = standing.shown.since
        return [one for one in standing.shown_alerts() if max(marks[one.id], shown[one.id]) > since]
