"""What viewers of one unit, role and focus have in common, encoded once for all of them."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from opsroom.alarm import SILENCED
from opsroom.rights import concerns
from opsroom.seats import Seat
from opsroom.view.cards import ms
from opsroom.view.totals import NONE

if TYPE_CHECKING:
    from opsroom.model import Alert, Series, Unit
    from opsroom.view.model import View

FRAMES_KEPT: Final = 8
SERIES_SHOWN_MAX: Final = 500
PRIORITIES: Final = (1, 2, 3)

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
        self._slots: NDArray[np.int64] = np.empty(0, np.int64)
        self._slots_at = -1
        self._alerts: list[Alert] = []
        self._alerts_at = -1

    # -- what may be seen ----------------------------------------------------------------------------

    def alerts(self) -> list[Alert]:
        """Give the open alerts that are shown, worst first: priority, then least time to climb.

        Those that concern the seat's unit, and those of an audited unit while it is in focus.
        """
        stamp = max(self.view.alert_revision, self.view.audit_revision)
        if self._alerts_at != stamp:
            seen = [alert for alert in self.view.alerts.values() if self._shows(alert)]
            self._alerts = sorted(seen, key=_worst_first)
            self._alerts_at = stamp
        return self._alerts

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
        view = self.view
        stamp = max(view.tree_revision, view.series_revision, view.alert_revision, view.audit_revision)
        if self._slots_at != stamp:
            board, catalog = self.view.board, self.view.catalog
            risen = [alert.series_id for alert in self.alerts()]
            own = sorted(
                catalog.series_of(self.seat.unit_id), key=lambda s: (s.indicator is None, not s.adopted, s.id)
            )
            ids = dict.fromkeys([*risen, *(series.id for series in [*self.audited(), *own])])
            slots = [board.slot_of[one] for one in ids if one in board.slot_of]
            self._slots = np.array(slots[:SERIES_SHOWN_MAX], np.int64)
            self._slots_at = stamp
        return self._slots

    # -- rows ----------------------------------------------------------------------------------------

    def unit_view(self, unit: Unit) -> dict[str, Any]:
        """Give a UnitView.

        `worst` counts only alerts that concern the seat: what has not climbed is the unit's own affair.
        """
        view = self.view
        total = view.totals.get(unit.id, NONE)
        inside = (a.priority for a in self._concerning() if view.catalog.contains(unit.id, a.unit_id))
        return {
            "id": unit.id,
            "path": unit.path,
            "name": unit.name,
            "level_name": unit.level_name,
            "time_zone": unit.time_zone,
            **msgspec.structs.asdict(total),
            "worst": min((int(priority) for priority in inside), default=None),
        }

    def series_view(self, slot: int) -> dict[str, Any]:
        """Give a SeriesView with its trail."""
        view = self.view
        series = view.board.series(slot)
        unit = view.catalog.units[series.unit_id]
        one = np.array([slot])
        t, v, low, high, q, _, _ = view.board.values(one)[str(series.id)]
        productivity, latency, performance = (round(float(x[0]), 4) for x in view.board.indices(one))
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
            "trail": view.board.trail(slot),
            "alert": alerts[0] if alerts else None,
            "productivity": productivity,
            "latency": latency,
            "performance": performance,
            "adopted": series.adopted,
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

    def lamps(self) -> tuple[int, ...]:
        """Give how many open alerts of priority 1, 2, 3 concern the seat; what is silenced lights no lamp."""
        seen = [int(alert.priority) for alert in self._concerning() if alert.state not in SILENCED]
        return tuple(seen.count(priority) for priority in PRIORITIES)

    def _concerning(self) -> list[Alert]:
        """Give the alerts shown that concern the seat: what an audit shows calls nobody here."""
        return [alert for alert in self.alerts() if concerns(alert, self.seat.unit_id)]

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

    def nearby(self) -> tuple[Unit, list[Unit], list[Unit]]:
        """Give the unit in focus, its ancestors (root first, without itself) and its children."""
        catalog = self.view.catalog
        line = catalog.ancestors(self.focus_id)
        return line[0], line[:0:-1], catalog.children(self.focus_id)

    # -- frames --------------------------------------------------------------------------------------

    def snapshot_rows(self) -> dict[str, Any]:
        """Give the shared part of a snapshot."""
        view = self.view
        unit, ancestors, children = self.nearby()
        return {
            "unit": self.unit_view(unit),
            "ancestors": [{"path": a.path, "name": a.name, "level_name": a.level_name} for a in ancestors],
            "children": [self.unit_view(child) for child in children],
            "alerts": [self.alert_view(alert) for alert in self.alerts()],
            "series": [self.series_view(slot) for slot in self.slots().tolist()],
            "seats": self.chairs(),
            "lamps": self.lamps(),
            "flood": view.floods.at(self.seat.unit_id),
            "audits": view.audits.told(self.seat.unit_id),
            "agreements": view.agreements.told(self.seat),
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
        view, board = self.view, self.view.board
        slots = self.slots()
        rows: dict[str, Any] = {"now": ms(view.at), "alerts": [], "ended": []}
        if view.alert_revision > since:
            rows["alerts"] = [self.alert_view(a) for a in self.alerts() if view.alert_rev[a.id] > since]
            ended = view.ended_since(since, self.seat.unit_id)
            rows["ended"] = [alert.id for alert in ended]
            shown = set(board.id[slots].tolist())
            gone = {alert.series_id for alert in ended} - shown
            if gone:
                rows["gone"] = sorted(gone)
        rows["values"] = board.values(slots[board.rev[slots] > since])
        cards = slots[board.card_rev[slots] > since]
        if len(cards):
            rows["series"] = [self.series_view(slot) for slot in cards.tolist()]
        if view.seats_revision > since:
            rows["seats"] = self.chairs()
        if view.agreements.revision > since:
            rows["agreements"] = view.agreements.told(self.seat)
        unit, _, children = self.nearby()
        units = [one for one in (unit, *children) if view.unit_rev.get(one.id, 0) > since]
        if units:
            rows["units"] = [self.unit_view(one) for one in units]
        rows["lamps"] = self.lamps()
        rows["flood"] = view.floods.at(self.seat.unit_id)
        return rows


def _worst_first(alert: Alert) -> tuple[int, int, int]:
    """Order alerts: priority, then least time to climb, then age."""
    never = np.iinfo(np.int64).max
    return alert.priority, never if alert.deadline is None else alert.deadline, alert.raised
