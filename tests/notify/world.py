"""A tree, a book of alerts, a store and a notifier on a clock that only the test moves."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from opsroom.alarm import Hush, Silencing
from opsroom.alert import lifecycle, quiet
from opsroom.catalog import Catalog
from opsroom.clock import ManualClock
from opsroom.decision import Decision
from opsroom.model import (
    Acknowledgement,
    Alert,
    ChangeKind,
    Finding,
    FindingVerb,
    Priority,
    Sentence,
    Series,
    Transition,
    Unit,
)
from opsroom.notify import Notifier
from opsroom.notify.grouping import Grouping
from opsroom.seats import Seat
from opsroom.settings import Settings
from opsroom.store import Store, open_store
from opsroom.store.offload import InlineOffload

S = 1_000_000
START = 1_700_000_000 * S
ROOT, SITE, FIRST_LINE = 1, 2, 3
RECOVERY_S = 900.0


def catalog(lines: int = 3) -> Catalog:
    """A root, one site, and lines with one series each (series id = unit id)."""
    units = [
        Unit(id=ROOT, root_id=1, parent_id=None, path="", name="Economy", level_name="root", depth=0),
        Unit(id=SITE, root_id=1, parent_id=ROOT, path="site", name="site", level_name="site", depth=1),
    ]
    units += [
        Unit(
            id=n,
            root_id=1,
            parent_id=SITE,
            path=f"site/line{n}",
            name=f"line{n}",
            level_name="line",
            depth=2,
        )
        for n in range(FIRST_LINE, FIRST_LINE + lines)
    ]
    series = [
        Series(id=unit.id, root_id=1, unit_id=unit.id, name="power", unit="MW", recovery_s=(RECOVERY_S,))
        for unit in units
    ]
    return Catalog(units, series)


def raised(
    tree: Catalog, series_id: int, at: int, *, priority: int = 1, alert_id: str = "", cause: str = ""
) -> Transition:
    """An alert of a series; with `cause` it is suppressed by design from its first moment."""
    series = tree.series[series_id]
    finding = Finding(
        series_id=series_id, verb=FindingVerb.OPEN, detector="limit", kind=ChangeKind.LIMIT, at=at, value=0.0
    )
    edge = lifecycle.raised(
        alert_id or f"{series_id:x}-{at // S:x}",
        series,
        finding,
        at,
        deadline=at + round(RECOVERY_S * S) if series.unit_id != ROOT else None,
        priority=Priority(priority),
        explanation=(Sentence("why.unusual", {"series": tree.series_path(series_id)}),),
    )
    return under(edge, cause, verb="raised") if cause else edge


def under(edge: Transition, cause: str, verb: str = "suppressed") -> Transition:
    """The alert, suppressed by design because `cause` stands for it."""
    silencing = Silencing(
        kind=Hush.SUPPRESSED,
        by="",
        seat_id=0,
        unit_id=edge.alert.unit_id,
        level=edge.alert.level,
        at=edge.at,
        cause=cause,
    )
    alert = replace(edge.alert, silenced=silencing, cause=cause)
    return Transition(at=edge.at, verb=verb, alert=alert, params=edge.params)


def replace(alert: Alert, **changes: Any) -> Alert:
    """The alert with other fields."""
    import msgspec

    return msgspec.structs.replace(alert, **changes)


def risen(edge: Transition, at: int, *, void: bool = False) -> Transition:
    """The alert, of the highest priority from `at` on."""
    return quiet.risen(edge.alert, at, Priority.ACT_NOW, void=void)


def climbed(tree: Catalog, edge: Transition, at: int) -> Transition:
    parent = tree.parent(edge.alert.standing.unit_id)
    assert parent is not None
    return lifecycle.climbed(edge.alert, parent.id, at, at + round(RECOVERY_S * S))


def pressed(tree: Catalog, series_id: int, at: int) -> Transition:
    series, line = tree.series[series_id], tree.ancestors(tree.series[series_id].unit_id)
    return lifecycle.press_raised(
        f"p{series_id:x}-{at // S:x}",
        series,
        at,
        level=len(line) - 1,
        top_id=line[-1].id,
        person="anna",
        explanation=(Sentence("why.none"),),
    )


def recovered(edge: Transition, at: int) -> Transition:
    back = Finding(
        series_id=edge.alert.series_id,
        verb=FindingVerb.BACK,
        detector="limit",
        kind=ChangeKind.LIMIT,
        at=at,
        value=1.0,
    )
    return lifecycle.recovered(edge.alert, back, at)


def decided(edge: Transition, at: int, addressee: int) -> Transition:
    decision = Decision(
        at=at,
        person="council-1",
        seat_id=1,
        text="Run at half load.",
        addressee_id=addressee,
        followup=at + S,
    )
    return lifecycle.decided(edge.alert, decision)


def acknowledged(edge: Transition, at: int) -> Transition:
    seen = Acknowledgement(level=edge.alert.level, unit_id=edge.alert.unit_id, person="a", seat_id=1, at=at)
    return lifecycle.acknowledged(edge.alert, seen)


def settings(*routes: dict[str, Any], **notify: Any) -> Settings:
    """Settings with these receivers."""
    return Settings.model_validate({"notify": {"route": list(routes), **notify}})


def grouping(made: Settings, *, exercise: bool = False) -> Grouping:
    return Grouping(made.notify, made.room.recovery_default_s, exercise=exercise)


class World:
    """A store with a journal that the test fills, and a notifier over it, which may be made anew."""

    def __init__(
        self, made: Settings, folder: Path | None = None, *, lines: int = 3, seats: Sequence[Seat] = ()
    ) -> None:
        self.settings = made
        self.seats = list(seats)
        self.url = "memory://" if folder is None else f"sqlite:///{folder}/store.db"
        self.store: Store = open_store(self.url)
        self.tree = catalog(lines)
        self.clock = ManualClock(START)
        self.environ: dict[str, str] = {"KEY": "s3cret-key"}
        self.offset = 0
        self.notifier = self.made()

    def made(self) -> Notifier:
        return Notifier(
            self.settings,
            self.store.outbox,
            InlineOffload(),
            self.tree,
            lambda: self.seats,
            self.clock,
            environ=self.environ,
        )

    def commit(self, *edges: Transition) -> None:
        self.offset += 1
        self.store.journal.commit(self.offset, edges, [], [])

    def raised(self, series_id: int, **more: Any) -> Transition:
        return raised(self.tree, series_id, self.clock.now(), **more)

    async def restarted(self) -> None:
        """End the process's memory and begin again from what is stored."""
        if self.url != "memory://":
            self.store.close()
            self.store = open_store(self.url)
        self.notifier = self.made()
        await self.notifier.start()

    async def turn(self) -> None:
        """Let the notifier read and try once for every receiver."""
        await self.notifier.read()
        for route in self.settings.notify.route:
            await self.notifier.deliver(route.name)

    async def passing(self, seconds: float, step_s: float = 1.0) -> None:
        """Let time pass with a turn every `step_s`."""
        for _ in range(round(seconds / step_s)):
            self.clock.advance(step_s)
            await self.turn()

    def waiting(self) -> int:
        return len(self.store.outbox.letters("waiting"))
