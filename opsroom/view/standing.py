"""The alerts that one unit sees, kept in order as they change: how many stand, and which of them are shown.

A flood costs what changes: each alert finds its place by bisection, and counts move by one.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter
from typing import TYPE_CHECKING, Final

from opsroom.alarm import SILENCED
from opsroom.model import ChangeKind
from opsroom.view.window import Window

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from opsroom.model import Alert

PRIORITIES: Final = (1, 2, 3)
NEVER: Final = 1 << 63

Key = tuple[bool, int, int, int, int, str]


def worst_first(alert: Alert) -> Key:
    """Order alerts: presses before all, then priority, then least time to climb, then age.

    Of presses that nobody has seen yet the newest comes first. What is back in its band comes last.
    """
    unseen = _pressed(alert) and alert.unacked
    lane = 0 if unseen else 1 if _pressed(alert) else 2
    deadline = NEVER if alert.deadline is None else alert.deadline
    at = -alert.standing.at if unseen else alert.raised
    return not alert.active, lane, int(alert.priority), deadline, at, alert.id


class Standing:
    """Alerts on one wall.

    `shown` are the worst of them; where more stand than are shown, half of the places go to the worst that
    nobody has seen, so that what waits below is found. Lamps and `worst` count only what concerns the wall's
    unit.
    """

    def __init__(
        self,
        alerts: Iterable[Alert],
        *,
        shown_max: int,
        shows: Callable[[Alert], bool],
        concerns: Callable[[Alert], bool],
    ) -> None:
        """Take the alerts that stand now, as far as `shows` says that they are shown here."""
        self._shown_max = shown_max
        self._shows = shows
        self._concerns = concerns
        self._alerts = {alert.id: alert for alert in alerts if shows(alert)}
        self._keys = {alert.id: worst_first(alert) for alert in self._alerts.values()}
        self._order = sorted(self._keys.values())
        self._waits = sorted(self._keys[one] for one, alert in self._alerts.items() if _waits(alert))
        self._lamps: Counter[int] = Counter()
        self.worst: dict[int, Counter[int]] = {}
        for alert in self._alerts.values():
            self._count(alert, 1)
        self.shown: Window[str] = Window()

    def __len__(self) -> int:
        """Give how many alerts stand."""
        return len(self._order)

    def all(self) -> list[Alert]:
        """Give all alerts, worst first."""
        return [self._alerts[key[-1]] for key in self._order]

    def shown_alerts(self) -> list[Alert]:
        """Give the alerts shown as of the last layout, worst first."""
        return [self._alerts[alert_id] for alert_id in self.shown.since]

    def lamps(self) -> tuple[int, ...]:
        """Give how many alerts of priority 1, 2, 3 stand; what is silenced lights no lamp."""
        return tuple(self._lamps[priority] for priority in PRIORITIES)

    def take(self, alert: Alert, *, on_wall: bool) -> bool:
        """Put an alert in its place, or take it away; tell whether it is or was one of ours."""
        before = self._alerts.pop(alert.id, None)
        if before is not None:
            key = self._keys.pop(alert.id)
            del self._order[bisect_left(self._order, key)]
            if _waits(before):
                del self._waits[bisect_left(self._waits, key)]
            self._count(before, -1)
        seen = on_wall and self._shows(alert)
        if seen:
            self._alerts[alert.id] = alert
            key = self._keys[alert.id] = worst_first(alert)
            insort(self._order, key)
            if _waits(alert):
                insort(self._waits, key)
            self._count(alert, 1)
        return seen or before is not None

    def _count(self, alert: Alert, by: int) -> None:
        if not self._concerns(alert):
            return
        lit = _lamp(alert)
        if lit:
            self._lamps[lit] += by
        counts = self.worst.setdefault(alert.unit_id, Counter())
        counts[int(alert.priority)] += by
        if not counts[int(alert.priority)]:
            del counts[int(alert.priority)]
            if not counts:
                del self.worst[alert.unit_id]

    def lay_out(self, revision: int) -> None:
        """Choose what is shown as of `revision`."""
        most = self._shown_max
        keys = self._order[:most]
        if len(self._order) > most:
            # The worst half, whoever has seen them; then what waits, as far as there is room; then the rest.
            mixed = dict.fromkeys([*keys[: most // 2], *self._waits[:most], *keys])
            keys = sorted(list(mixed)[:most])
        self.shown.move((key[-1] for key in keys), revision)


def _pressed(alert: Alert) -> bool:
    return alert.kind is ChangeKind.PRESS


def _waits(alert: Alert) -> bool:
    return alert.unacked and alert.state not in SILENCED


def _lamp(alert: Alert) -> int:
    return 0 if alert.state in SILENCED else int(alert.priority)
