"""The read model: what the room's screens show, in memory, fed by the room and read by the live feed.

Every change gets the next revision and marks what it touched, so what a viewer has missed since revision N
is simply all that is marked later: values merge to the latest, alerts are never dropped, and a viewer that
slept gets one frame.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from opsroom.alarm import ANOMALY, AlarmClass
from opsroom.errors import NotFound
from opsroom.model import Alert, Columns, Micros, Series, Transition, Unit
from opsroom.rights import may_see, may_see_series, may_see_unit, on_wall
from opsroom.seats import Seat
from opsroom.settings import FiguresSection
from opsroom.view.agreements import Agreements, Bargains
from opsroom.view.alarms import Floods
from opsroom.view.audits import Audits
from opsroom.view.board import Board
from opsroom.view.cards import Cards
from opsroom.view.chairs import Chairs
from opsroom.view.condition import Condition
from opsroom.view.minutes import Minutes
from opsroom.view.pleasures import Pleasures
from opsroom.view.scope import Scope
from opsroom.view.subscription import Subscription
from opsroom.view.totals import Total, Totals

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from opsroom.audit import Audit
    from opsroom.catalog import Catalog
    from opsroom.flow import Flow
    from opsroom.settings import RoomSection

ALERTS_SHOWN_MAX: Final = 500
DESCRIBED_KEPT: Final = 4_096
TOTALS_EVERY_S: Final = 1.0
NEVER_S: Final = float("-inf")


class View:
    """The room as its screens see it; one loop owns it, and nothing here waits or reads a clock.

    `boot` names this run of the server: revisions count from 0 in each. `class_of` tells how alerts of a
    kind behave; whoever joins the room sets it.
    """

    def __init__(
        self,
        catalog: Catalog,
        settings: RoomSection,
        *,
        boot: str,
        figures: FiguresSection = FiguresSection(),  # noqa: B008 - frozen
        alerts_shown_max: int = ALERTS_SHOWN_MAX,
    ) -> None:
        """Start without values and alerts; a screen is given the worst `alerts_shown_max` of them."""
        self.floods = Floods(figures)
        self.catalog = catalog
        self.boot = boot
        self.revision = 0
        self.at: Micros = 0
        self.condition = Condition(self)
        self.board = Board(settings.grey_default_s)
        self.cards = Cards(catalog, settings.recovery_default_s)
        self.audits = Audits(catalog)
        self.pleasures = Pleasures(self)
        self.minutes = Minutes(self)
        self.chairs = Chairs(self)
        self.class_of: Callable[[Alert], AlarmClass] = lambda _: ANOMALY
        self.alerts: dict[str, Alert] = {}
        self.alerts_shown_max = alerts_shown_max
        self.by_series: dict[int, dict[str, None]] = {}
        self.alert_rev: dict[str, int] = {}
        self.raises: dict[int, int] = {}
        self.totals: dict[int, Total] = {}
        self._totals = Totals()
        self.unit_rev: dict[int, int] = {}
        self.seats: list[Seat] = []
        self.present: dict[int, int] = {}
        self.tree_revision = self.series_revision = self.alert_revision = self.seats_revision = 0
        self.audit_revision = self.flow_revision = self.mark_revision = 0
        self.agreements = Agreements()
        self.ended_revision = self._before_bands = self._bands_at = 0
        self._described: dict[str, dict[str, Any]] = {}
        self._scopes: dict[tuple[int, str, int], Scope] = {}
        self._subscriptions: set[Subscription] = set()
        self._totals_at = NEVER_S
        self._stamp = (-1, -1)
        self._units: dict[int, Unit] = {}
        self._flows: dict[int, Flow] = {}
        self._sync()

    # -- fed by the room -----------------------------------------------------------------------------

    def load(
        self,
        now: Micros,
        alerts: Iterable[Alert],
        raises: dict[int, int] | None = None,
        audits: Iterable[Audit] = (),
        bargains: Bargains | None = None,
    ) -> None:
        """Take open alerts and audits, at the start; `raises` are those of 30 days, by series."""
        self.at = max(self.at, now)
        self.agreements.follow(bargains)
        self._sync()
        self._audited(self.audits.take(audits, self.at))
        self.raises.update(raises or {})
        alerts = list(alerts)
        self.floods.recall(alerts, now)
        for alert in alerts:
            self._place(alert)
        self.wake(urgent=True)

    def now(self, now: Micros) -> None:
        """Move the room's time forward (us); no news by itself but the end of an audit."""
        self.at = max(self.at, now)
        self._audited(self.audits.expire(self.at))

    def values(self, columns: Columns) -> None:
        """Take readings that are neither historical nor refused, as log and store keep them."""
        self._sync()
        if self.board.put(columns, self.revision + 1):
            self.revision += 1
            self.wake()

    @property
    def news(self) -> int:
        """The newest revision that screens are to have at once: bands alone ride with the next frame."""
        return self._before_bands if self.revision == self._bands_at else self.revision

    def bands(self, ids: NDArray[Any], low: NDArray[Any], high: NDArray[Any]) -> None:
        """Take expected bands of series `ids` (NaN where there is none)."""
        if self.board.put_bands(ids, low, high, self.revision + 1):
            self._before_bands, self._bands_at = self.news, self.revision + 1
            self.revision += 1

    def apply(
        self,
        now: Micros,
        transitions: Sequence[Transition],
        raises: dict[int, int] | None = None,
        *,
        catalog_changed: bool = False,
        audits: Sequence[Audit] = (),
    ) -> None:
        """Take edges of alerts in their order, changes of the tree, and audits.

        `raises` are those of the last 30 days, by series.
        """
        self.at = max(self.at, now)
        if catalog_changed:
            self._sync()
        self.raises.update(raises or {})
        self._audited(self.audits.take(audits, self.at))
        for edge in transitions:
            self.floods.take(edge, self.alerts.get(edge.alert.id))
            self._place(edge.alert)
        if transitions or catalog_changed:
            self.wake(urgent=True)

    def take_seats(self, seats: list[Seat]) -> None:
        """Take all seats, for the chairs; no news where they are the same."""
        if seats != self.seats:
            self.seats = list(seats)
            self._chairs_changed()

    def watched(self) -> NDArray[np.int64]:
        """Give the ids of all series that some viewer is shown now."""
        parts = [scope.slots() for scope in self._scopes.values()]
        parts += [subscription.slots for subscription in self._subscriptions]
        slots = np.unique(np.concatenate(parts)) if parts else np.empty(0, np.int64)
        return self.board.id[slots]

    def _sync(self) -> None:
        """Take the catalog as it is.

        New series are news, an altered tree of units is a new picture for everybody.
        """
        if self._stamp == (stamp := (self.catalog.revision, self.agreements.changes)):
            return
        self._stamp = stamp
        self.revision += 1
        if self.board.sync(self.agreements.every(self.catalog, self.revision), self.revision):
            self.series_revision = self.revision
        if self._units != self.catalog.units:
            self._units = dict(self.catalog.units)
            self.tree_revision = self.revision
        if self._flows != self.catalog.flows:
            self._flows = dict(self.catalog.flows)
            self.flow_revision = self.revision
        self._described.clear()
        self._totals_at = NEVER_S

    def _place(self, alert: Alert) -> None:
        """Put an alert on the wall, alter it there, or take it off when it has ended."""
        self.revision += 1
        self.alert_revision = self.revision
        before, standing = self.alerts.get(alert.id), on_wall(alert)
        self._described.pop(alert.id, None)
        if standing:
            self.alerts[alert.id] = alert
            self.alert_rev[alert.id] = self.revision
            self.by_series.setdefault(alert.series_id, {})[alert.id] = None
        elif before is not None:
            del self.alerts[alert.id], self.alert_rev[alert.id], self.by_series[alert.series_id][alert.id]
            self.ended_revision = self.revision
        if standing or before is not None:
            self._totals.move(before, alert if standing else None)
            for scope in self._scopes.values():
                scope.take(alert, on_wall=standing)
        slot = self.board.slot_of.get(alert.series_id)
        kept = standing and before is not None and _stands_alike(before, alert)
        if slot is not None and not kept:
            self.board.flag_rev[slot] = self.revision
        for unit in self.catalog.ancestors(alert.unit_id):
            self.unit_rev[unit.id] = self.revision

    # -- read ----------------------------------------------------------------------------------------

    def subscribe(self, seat: Seat, unit_id: int | None = None, series: Iterable[int] = ()) -> Subscription:
        """Open a subscription of `seat` with `unit_id` in focus (default its own) and all points of `series`.

        Raises:
            NotFound: the unit is neither the seat's nor below it; names of others are not told.
        """
        focus = self.unit(seat.unit_id if unit_id is None else unit_id, seat)
        subscription = Subscription(self, self.scope(seat, focus.id), seat, self._allowed(seat, series))
        subscription.scope.viewers += 1
        self._subscriptions.add(subscription)
        self.present[seat.id] = self.present.get(seat.id, 0) + 1
        if self.present[seat.id] == 1:
            self._chairs_changed()
        return subscription

    def leave(self, subscription: Subscription) -> None:
        """Close a subscription; a second time does nothing."""
        if subscription not in self._subscriptions:
            return
        self._subscriptions.discard(subscription)
        scope, seat_id = subscription.scope, subscription.seat.id
        scope.viewers -= 1
        if not scope.viewers:
            self._scopes = {key: kept for key, kept in self._scopes.items() if kept is not scope}
        self.present[seat_id] -= 1
        if not self.present[seat_id]:
            del self.present[seat_id]
            self._chairs_changed()

    def scope(self, seat: Seat, focus_id: int) -> Scope:
        """Give what viewers of this unit, role and focus share; it is kept while somebody views it."""
        key = (seat.unit_id, seat.role.value, focus_id)
        scope = self._scopes.get(key)
        if scope is None:
            scope = self._scopes[key] = Scope(self, seat, self.catalog.units[focus_id])
        return scope

    def glance(self, seat: Seat, unit_id: int | None = None) -> Scope:
        """Give a scope for one answer: that of those who look already, else one that is not kept.

        Raises:
            NotFound: the unit is neither the seat's nor below it.
        """
        focus = self.unit(seat.unit_id if unit_id is None else unit_id, seat)
        kept = self._scopes.get((seat.unit_id, seat.role.value, focus.id))
        # The rights of a scope are its example seat's own: who shares unit and role may do the same.
        return Scope(self, seat, focus) if kept is None else kept

    def unit(self, unit_id: int, seat: Seat) -> Unit:
        """Give a unit whose aggregates the seat may see.

        Raises:
            NotFound: there is none, or not for this seat.
        """
        unit = self.known(unit_id, seat)
        if unit.retired and unit.id != seat.unit_id:
            remedy = "Bring it back on the wall of settings."
            raise NotFound(f"{unit.name} is retired.", remedy=remedy, code="unit_retired", unit=unit.name)
        return unit

    def known(self, unit_id: int, seat: Seat) -> Unit:
        """Give the same, retired or not; raises as `unit`."""
        unit = self.catalog.units.get(unit_id)
        if unit is None or not may_see_unit(unit_id, seat.unit_id, self.catalog):
            raise NotFound(
                "No such unit.", remedy="A seat sees its own unit and those below.", code="unit_unknown"
            )
        return unit

    def sees(self, alert: Alert, unit_id: int) -> bool:
        """Tell whether seats of a unit see the alert now."""
        return may_see(alert, unit_id, self.audits.of(unit_id))

    def opens(self, series: Series, unit_id: int) -> bool:
        """Tell whether raw readings of the series are open to seats of a unit now."""
        return may_see_series(series, unit_id, self.on_series(series.id), self.audits.of(unit_id))

    def looked(self, seat: Seat, series: Iterable[Series]) -> None:
        """Note what a seat was shown of these series if only an audit opens it."""
        unit_id = seat.unit_id
        closed = [one for one in series if not may_see_series(one, unit_id, self.on_series(one.id))]
        self.audits.note(unit_id, seat.person, closed)

    def _allowed(self, seat: Seat, series: Iterable[int]) -> NDArray[np.int64]:
        """Give the slots of those series that the seat may read; the others are left out without a word."""
        slots = []
        for series_id in series:
            known, slot = self.catalog.series.get(series_id), self.board.slot_of.get(series_id)
            if known and slot is not None and self.opens(known, seat.unit_id):
                slots.append(slot)
        return np.array(sorted(set(slots)), np.int64)

    def describe(self, alert: Alert) -> dict[str, Any]:
        """Give an alert's fields for the wire, without what depends on a seat."""
        return self.cards.describe(alert)

    def described(self, alert: Alert) -> dict[str, Any]:
        """Give the same, made once for each state of an open alert."""
        if self.alerts.get(alert.id) is not alert:
            return self.cards.describe(alert)
        if alert.id not in self._described:
            if len(self._described) == DESCRIBED_KEPT:
                self._described.clear()
            self._described[alert.id] = self.cards.describe(alert)
        return self._described[alert.id]

    def on_series(self, series_id: int) -> list[Alert]:
        """Give the alerts on the wall that a series has, the active one first."""
        held = [self.alerts[one] for one in self.by_series.get(series_id, ())]
        return sorted(held, key=lambda alert: not alert.active)

    def resumable(self, revision: int, boot: str | None) -> bool:
        """Tell whether a viewer that has `revision` of run `boot` can go on with changes alone."""
        oldest = max(self.tree_revision, self.audit_revision)
        return boot == self.boot and oldest <= revision <= self.revision

    def path_of(self, unit_id: int) -> str:
        """Give the path of a unit, empty where there is none."""
        unit = self.catalog.units.get(unit_id)
        return "" if unit is None else unit.path

    # -- news ----------------------------------------------------------------------------------------

    def refresh(self, now_s: float) -> None:
        """Recompute the units' aggregates, and whether alarms flood in.

        The means of indices at most once a second of `now_s` (monotonic), what alerts changed at once.
        """
        self._sync()  # what plants propose is in the tree before it is in the log, which may be full
        due = now_s - self._totals_at >= TOTALS_EVERY_S
        if not due and not self._totals.moved:
            return
        if self.floods.settle(self.at):
            self.revision += 1
        if due:
            self._totals_at = now_s
            self._totals.measure(self.catalog, self.board, self.at)
        fresh = self._totals.take(self.catalog, all_units=due)
        changed = [unit_id for unit_id, total in fresh.items() if self.totals.get(unit_id) != total]
        self.totals = fresh if due else self.totals | fresh
        if changed:
            self.revision += 1
            self.unit_rev.update(dict.fromkeys(changed, self.revision))

    def _audited(self, units: set[int]) -> None:
        """Give screens of units where an audit began or ended a new picture, with the points open now."""
        if not units:
            return
        self.revision += 1
        self.audit_revision = self.revision
        for subscription in self._subscriptions:
            seat = subscription.seat
            if seat.unit_id in units:
                subscription.again(self._allowed(seat, self.board.id[subscription.slots].tolist()))

    def _chairs_changed(self) -> None:
        self.revision += 1
        self.seats_revision = self.revision
        self.wake()

    def wake(self, *, urgent: bool = False) -> None:
        """Ring at every viewer: there are values, or something that others wait to see."""
        for subscription in self._subscriptions:
            subscription.wake(urgent=urgent)


def _stands_alike(before: Alert, after: Alert) -> bool:
    """Tell whether the series' card stays as it was: the alert stands where it did, its condition unaltered.

    Two hundred acknowledged at once then bring two hundred alerts, and not as many trails of readings.
    """
    return before.active == after.active and before.annunciations == after.annunciations
