"""A month written by hand: what happens in it, and beside each part what it adds to the figures."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from opsroom.figures import Edge
from opsroom.figures.gather import EdgeAlert, Silence, Stand

S = 1_000_000
MINUTE = 60 * S
HOUR = 60 * MINUTE
DAY = 24 * HOUR
T0 = 19_700 * DAY  # midnight UTC
PLANT, BRANCH = 1, 2
MONTH = (T0, T0 + 30 * DAY)


class Step(NamedTuple):
    """What changes with an edge."""

    active: bool | None = None
    unacked: bool | None = None
    silenced: Silence | None = None
    loud: bool = False
    outcome: str | None = None
    climbs_to: int | None = None


STEPS = {
    "acknowledged": Step(unacked=False),
    "recovered": Step(active=False, outcome="recovered"),
    "reopened": Step(active=True, unacked=True, outcome="open"),
    "climbed": Step(unacked=True, climbs_to=BRANCH),
}


class Journal:
    """Writes edges as the room does, one alert's life at a time; `edges` gives them in order of time."""

    def __init__(self) -> None:
        self._edges: list[Edge] = []
        self._alerts: dict[str, EdgeAlert] = {}

    def begin(self, name: str, at: int, series: int, priority: int = 3, unit: int = PLANT) -> None:
        """Raise an alert."""
        self._alerts[name] = EdgeAlert(name, series, unit, priority, True, True, 0, "open", (Stand(0, unit),))
        self._edges.append(Edge(at, "raised", self._alerts[name]))

    def then(
        self, name: str, at: int, verb: str, step: Step | None = None, *, actor: str = "", **params: Any
    ) -> None:
        """Let something happen to it."""
        alert, change = self._alerts[name], step or STEPS.get(verb, Step())
        fields: dict[str, Any] = {
            key: value
            for key in ("active", "unacked", "silenced", "outcome")
            if (value := getattr(change, key)) is not None
        }
        if change.loud:
            fields["silenced"] = None
        if change.climbs_to is not None:
            fields["level"] = alert.level + 1
            fields["annunciations"] = (*alert.annunciations, Stand(alert.level + 1, change.climbs_to))
        self._alerts[name] = msgspec.structs.replace(alert, **fields)
        self._edges.append(Edge(at, verb, self._alerts[name], actor, params))

    def edges(self) -> list[Edge]:
        """Give them in the order of the journal."""
        return sorted(self._edges, key=lambda edge: edge.at)


def month() -> list[Edge]:
    """Write the month.

    Raises at the plant: 30 + 15 + 3 + 2 + 2 + 3 = 55; at the branch: 1.
    """
    journal = Journal()
    _every_day(journal)
    _flood(journal)
    _chatter_and_fleeting(journal)
    _stale(journal)
    _silenced(journal)
    return journal.edges()


def _every_day(journal: Journal) -> None:
    """30 raises of series 1 at 06:00, low; seen after 60 s with a note; back after 600 s.

    Day 0 is judged useful, day 1 useless and then useful by the same person (her last word), day 2 useless.
    """
    for day in range(30):
        name, at = f"daily-{day}", T0 + day * DAY + 6 * HOUR
        journal.begin(name, at, 1)
        journal.then(name, at + 60 * S, "acknowledged", actor="ana", note="on it")
        journal.then(name, at + 600 * S, "recovered")
    for day, useful in ((0, True), (1, False), (1, True), (2, False)):
        at = T0 + day * DAY + 7 * HOUR + useful * MINUTE
        journal.then(f"daily-{day}", at, "judged", actor="ana", useful=useful)
    journal.then("daily-3", T0 + 4 * DAY, "twirled")


def _flood(journal: Journal) -> None:
    """15 raises on day 3, 12:00:00 to 12:07:00, one each 30 s, medium; seen after 120 s without a note.

    All in one bin of ten minutes. The tenth comes at 12:04:30: the flood starts. The last five are those from
    12:05:00 on: when that one leaves the window, at 12:15:00, four are left and the flood ends: 630 s.
    """
    for number in range(15):
        name, at = f"flood-{number}", T0 + 3 * DAY + 12 * HOUR + number * 30 * S
        journal.begin(name, at, 11 + number, 2)
        journal.then(name, at + 120 * S, "acknowledged", actor="ana", note=" ")
        journal.then(name, at + 1800 * S, "recovered")


def _chatter_and_fleeting(journal: Journal) -> None:
    """3 raises of series 30 within 40 s of day 5: chattering. On day 6 two that clear after 8 s.

    Series 31 by itself: fleeting. Series 32 after somebody noted on it: not. None of the five is ever seen.
    """
    at = T0 + 5 * DAY + 15 * HOUR
    journal.begin("chatter", at, 30)
    journal.then("chatter", at + 5 * S, "recovered")
    for again in (20, 40):
        journal.then("chatter", at + again * S, "reopened")
        journal.then("chatter", at + (again + 5) * S, "recovered")
    at = T0 + 6 * DAY + 9 * HOUR
    for series in (31, 32):
        journal.begin(f"brief-{series}", at, series)
    journal.then("brief-32", at + 4 * S, "noted", actor="ana", text="a bump")
    for series in (31, 32):
        journal.then(f"brief-{series}", at + 8 * S, "recovered")
    journal.then("brief-31", at + 9 * S, "noted", actor="ana", text="too late to count as acting on it")


def _stale(journal: Journal) -> None:
    """Series 40, high: day 8 00:00 to day 10 12:00, 60 h; climbs unseen after an hour, seen at the branch.

    Stale at the plant on days 9 and 10. Series 41: day 9 06:00 to day 11 00:00, 42 h, seen after 300 s:
    stale on day 10. So two at most on one day. Series 60 was raised 12 h before the month and ends on day 0
    at 18:00: stale that day, and no raise of the month.
    """
    at = T0 + 8 * DAY
    journal.begin("climber", at, 40, 1)
    journal.then("climber", at + HOUR, "climbed")
    journal.then("climber", at + HOUR + 600 * S, "acknowledged", actor="ben", note="")
    journal.then("climber", at + 60 * HOUR, "recovered")
    at = T0 + 9 * DAY + 6 * HOUR
    journal.begin("stayer", at, 41)
    journal.then("stayer", at + 300 * S, "acknowledged", actor="ana", note="known")
    journal.then("stayer", at + 42 * HOUR, "recovered")
    journal.begin("before", T0 - 12 * HOUR, 60)
    journal.then("before", T0 + 18 * HOUR, "recovered")


def _silenced(journal: Journal) -> None:
    """Series 50 on day 12: raised and seen after 100 s; shelved with a reason; back; reopens unheard.

    When the shelving runs out its condition holds, so it calls again (a raise): seen after 60 s. Series 51:
    shelved without a reason, which is not authorised; never seen.
    """
    day = T0 + 12 * DAY
    journal.begin("shelf", day + 10 * HOUR, 50)
    journal.then("shelf", day + 10 * HOUR + 100 * S, "acknowledged", actor="ana", note="seen")
    hush = Step(silenced=Silence(by="ana", reason="valve is being changed"))
    journal.then("shelf", day + 10 * HOUR + 5 * MINUTE, "shelved", hush, actor="ana")
    journal.then("shelf", day + 10 * HOUR + 30 * MINUTE, "recovered")
    journal.then("shelf", day + 11 * HOUR, "reopened")
    journal.then("shelf", day + 12 * HOUR, "unshelved", Step(loud=True, unacked=True))
    journal.then("shelf", day + 12 * HOUR + 60 * S, "acknowledged", actor="ana", note="again")
    journal.then("shelf", day + 12 * HOUR + 30 * MINUTE, "recovered")
    journal.begin("quiet", day + 13 * HOUR, 51)
    journal.then("quiet", day + 13 * HOUR + MINUTE, "shelved", Step(silenced=Silence(by="ana")), actor="ana")
    journal.then("quiet", day + 13 * HOUR + 10 * MINUTE, "recovered")
