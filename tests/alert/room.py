"""A small economy for the tests of alerts: one plant under an enterprise, a branch and a corporation."""

from __future__ import annotations

from typing import Any, Final

from msgspec.structs import replace

from opsroom.alarm import AlarmState, Cause, Rota
from opsroom.alert import AlertBook
from opsroom.catalog import Catalog
from opsroom.model import (
    Alert,
    ChangeKind,
    Finding,
    FindingVerb,
    Indicator,
    Orientation,
    Series,
    Transition,
    Unit,
)
from opsroom.records import AnyAct, RotaSet
from opsroom.settings import RoomSection

S: Final = 1_000_000
MIN: Final = 60 * S
HOUR: Final = 60 * MIN
T0: Final = 1_700_000_000 * S
ROOT, BRANCH, ENTERPRISE, PLANT, OTHER = 1, 2, 3, 4, 5
OUTPUT, SCRAP, TEMPERATURE, CASH, OTHER_OUTPUT = 1, 2, 3, 4, 5


def economy() -> Catalog:
    """Series.

    Output (more is better, essential, own recovery times), scrap (less is better), temperature (plain), cash
    of the root.
    """
    paths = {
        ROOT: "",
        BRANCH: "energy",
        ENTERPRISE: "energy/park",
        PLANT: "energy/park/t1",
        OTHER: "energy/park/t2",
    }
    parents = {ROOT: None, BRANCH: ROOT, ENTERPRISE: BRANCH, PLANT: ENTERPRISE, OTHER: ENTERPRISE}
    units = [
        Unit(
            id=unit_id,
            root_id=ROOT,
            parent_id=parents[unit_id],
            path=path,
            name=path.rpartition("/")[2] or "economy",
            level_name="level",
            depth=len(path.split("/")) if path else 0,
        )
        for unit_id, path in paths.items()
    ]
    more = Indicator(orientation=Orientation.MORE_IS_BETTER, capability=10.0, essential=True)
    less = Indicator(orientation=Orientation.LESS_IS_BETTER, capability=2.0)
    output = Series(
        id=OUTPUT,
        root_id=ROOT,
        unit_id=PLANT,
        name="output",
        unit="t/h",
        period_s=60.0,
        recovery_s=(600.0, 1200.0, 3600.0),
        indicator=more,
    )
    plain = replace(output, recovery_s=(), period_s=None, indicator=None)
    scrap = replace(output, id=SCRAP, name="scrap", recovery_s=(), indicator=less)
    series = [
        output,
        replace(scrap, consequence="severe", response_s=60.0),
        replace(plain, id=TEMPERATURE, name="temperature", unit="Cel"),
        replace(plain, id=CASH, unit_id=ROOT, name="cash", unit=""),
        replace(output, id=OTHER_OUTPUT, unit_id=OTHER),
    ]
    return Catalog(units, series)


def caused(series_id: int, *causes: int) -> Cause:
    """Give a design: the alerts of `causes` stand for those of `series_id`."""
    return Cause(series_id=series_id, causes=causes, reason="one feed")


def finding(verb: str = "open", series_id: int = OUTPUT, **more: Any) -> Finding:
    """Give a finding of a fall below the band, altered by `more`."""
    usual: dict[str, Any] = {
        "detector": "tail",
        "kind": ChangeKind.ABNORMAL,
        "at": T0,
        "onset": T0 - 2 * MIN,
        "value": 3.2,
        "low": 7.5,
        "high": 9.5,
        "direction": -1,
        "rate_per_week": 0.01,
    }
    return Finding(series_id=series_id, verb=FindingVerb(verb), **(usual | more))


class Room:
    """A book with its economy, moved as the room moves it: time first, then what happened."""

    def __init__(self) -> None:
        self.catalog = economy()
        self.settings = RoomSection()
        self.book = AlertBook()
        self.journal: list[Transition] = []
        self.offset = 0

    def wait(self, now: int) -> list[Transition]:
        return self._keep(self.book.on_time(self.catalog, now, self.settings))

    def find(self, now: int, *findings: Finding) -> tuple[list[Transition], list[int]]:
        self.wait(now)
        self.offset += 1
        edges, releases = self.book.on_findings(self.catalog, now, self.offset, findings, self.settings)
        return self._keep(edges), releases

    def act(self, now: int, act: AnyAct) -> list[Transition]:
        self.wait(now)
        self.offset += 1
        return self._keep(self.book.on_act(self.catalog, now, self.offset, act, self.settings))

    def raised(self, now: int = T0, series_id: int = OUTPUT, **more: Any) -> Alert:
        edges, releases = self.find(now, finding(series_id=series_id, **more))
        assert releases == []
        own = [edge for edge in edges if edge.verb == "raised"]
        assert [edge.alert.series_id for edge in own] == [series_id]
        return own[0].alert

    def now_of(self, alert: Alert) -> Alert:
        found = self.book.find(alert.id)
        assert found is not None
        return found

    def now_of_id(self, alert_id: str) -> Alert:
        found = self.book.find(alert_id)
        assert found is not None
        return found

    def states(self) -> dict[int, AlarmState]:
        """Give the state of every series that has one."""
        held = [*self.book.resting.values(), *self.book.open.values()]
        return {alert.series_id: alert.state for alert in sorted(held, key=lambda a: (a.active, a.raised))}

    def rebuilt(self) -> AlertBook:
        """Give a book made of the journal alone."""
        book = AlertBook()
        book.rebuild(self.journal)
        return book

    def verbs(self) -> list[str]:
        return [edge.verb for edge in self.journal]

    def restart(self) -> None:
        self.book = AlertBook.load(self.book.dump())

    def _keep(self, edges: list[Transition]) -> list[Transition]:
        self.journal += edges
        return edges


def rota(room: Room, unit_id: int = PLANT, **more: Any) -> None:
    rows: dict[str, Any] = {"unit_id": unit_id, "steps": ((7,), (8,))} | more
    room.book.agreed.take(RotaSet(Rota(**rows)))


def calls(room: Room) -> list[tuple[int, list[int], bool]]:
    """Give (seconds after T0, seats, hole) of every call."""
    return [
        ((edge.at - T0) // S, edge.params["seat_ids"], edge.params["hole"])
        for edge in room.journal
        if edge.verb == "called"
    ]
