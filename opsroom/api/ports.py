"""What the API needs of the room, and how a request reaches it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ParamSpec, Protocol, TypeVar, cast

from fastapi import Depends, Query, Request
from starlette.requests import HTTPConnection

from opsroom.access import Access, Caller
from opsroom.errors import Conflict, NotFound

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from opsroom.alert.agreed import Agreed
    from opsroom.alert.budget import Budget
    from opsroom.audit import Audit
    from opsroom.catalog import Catalog
    from opsroom.figures import Edge
    from opsroom.foresight import Foresight
    from opsroom.model import Alert, Columns, Micros, Series, Transition
    from opsroom.pleasure import Pleasure
    from opsroom.records import AnyAct, AnyConfig
    from opsroom.settings import Settings
    from opsroom.store import Buckets, Level
    from opsroom.store.annals import Annals
    from opsroom.store.annotations import Annotations
    from opsroom.store.rulings import CatalogRows, Rulings
    from opsroom.view import View

P = ParamSpec("P")
T = TypeVar("T")

COOKIE = "__Host-opsroom"
MS_MAX = 253_402_300_799_999


class ReadingRows(Protocol):
    """Stored readings; blocking, so asked through `ApiRoom.read`."""

    def read(self, series_id: int, t_from: Micros, t_to: Micros, limit: int | None = None) -> Columns:
        """Give readings of a series, oldest first; `limit` keeps the newest."""
        ...

    def buckets(self, series_ids: Sequence[int], t_from: Micros, t_to: Micros, width_us: int) -> Buckets:
        """Give aggregates by buckets."""
        ...

    def levels(self) -> tuple[Level, ...]:
        """Give what is stored of readings, minutes and hours."""
        ...


class JournalRows(Protocol):
    """Stored alerts; blocking, so asked through `ApiRoom.read`."""

    def alerts(
        self,
        *,
        open_only: bool = False,
        unit_ids: Sequence[int] | None = None,
        since: Micros | None = None,
        limit: int = 1000,
    ) -> list[Alert]:
        """Give alerts, newest first."""
        ...

    def alert(self, alert_id: str) -> Alert | None:
        """Give one alert."""
        ...

    def edges(self, alert_id: str) -> list[Transition]:
        """Give what happened to it, in order."""
        ...

    def edges_within(
        self, t_from: Micros, t_to: Micros, after: tuple[int, int] = (0, 0), limit: int = 5_000
    ) -> list[tuple[tuple[int, int], Edge]]:
        """Give edges of a span behind a place, each with its place, in order."""
        ...

    def edges_standing(self, at: Micros) -> list[Edge]:
        """Give the edges before `at` of alerts that may have stood then, in order."""
        ...

    def acts_of(self, kind: str, limit: int = 1000) -> list[tuple[int, Micros, AnyAct]]:
        """Give acts of one kind, newest first."""
        ...

    def audits(self, unit_id: int, limit: int = 1000) -> list[Audit]:
        """Give the audits of a unit, of either side, newest first."""
        ...

    def audit(self, audit_id: str) -> Audit | None:
        """Give one audit."""
        ...

    def pleasures(self, unit_id: int, limit: int = 1000) -> list[Pleasure]:
        """Give the good news of a unit and what was offered to it, newest first."""
        ...

    def pleasure(self, pleasure_id: str) -> Pleasure | None:
        """Give one piece of good news."""
        ...


class Rows(Protocol):
    """The parts of the store that the API asks."""

    @property
    def catalog(self) -> CatalogRows:
        """Units and series, with their versions."""
        ...

    @property
    def readings(self) -> ReadingRows:
        """Readings and rollups."""
        ...

    @property
    def journal(self) -> JournalRows:
        """Alerts."""
        ...

    @property
    def annals(self) -> Annals:
        """The journal page by page, and the council's minutes."""
        ...

    @property
    def annotations(self) -> Annotations:
        """What people wrote at a time of a unit or a series."""
        ...

    @property
    def rulings(self) -> Rulings:
        """What rules found, and their versions."""
        ...


class Doings(Protocol):
    """What the API makes the room do."""

    async def act(self, act: AnyAct, *, urgent: bool = False) -> list[Transition]:
        """Make an act durable and apply it; empty where its key was seen before."""
        ...

    async def change(self, changes: list[AnyConfig]) -> None:
        """Make changes of configuration durable and apply them."""
        ...

    async def read(self, ask: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a blocking read outside the loop."""
        ...

    @property
    def agreed(self) -> Agreed:
        """What is agreed on alarms: rotas, classes, causes."""
        ...

    def budget(self, series: Series) -> Budget:
        """Give the false-alarm budget of a series, and how it came about."""
        ...

    def foresee(self, series_id: int, ahead_us: Micros) -> Foresight:
        """Give what comes of a series so long behind its last reading, if nothing changes."""
        ...

    def delivered(self, alert_id: str) -> None:
        """Note that an alert was written to a screen of its unit; a second time does nothing."""
        ...


class LogCondition(Protocol):
    """How the log is."""

    @property
    def damaged(self) -> int:
        """How many records or transactions were found damaged since the start."""
        ...

    @property
    def is_full(self) -> bool:
        """Whether readings are refused for want of space."""
        ...


class Parts(Protocol):
    """What the room is made of."""

    catalog: Catalog
    view: View
    access: Access
    settings: Settings

    @property
    def store(self) -> Rows:
        """The store, read only here."""
        ...

    @property
    def log(self) -> LogCondition:
        """The log, only asked how it is."""
        ...


class Condition(Protocol):
    """How the room is."""

    @property
    def ready(self) -> bool:
        """Whether it consumes its log."""
        ...

    @property
    def store_failing(self) -> bool:
        """Whether the store refuses rows now."""
        ...

    @property
    def lag_s(self) -> float:
        """How far it is behind its log, seconds."""
        ...

    @property
    def reordering(self) -> tuple[int, int]:
        """Readings that wait for a watermark, and those released early since the start."""
        ...

    @property
    def passed_over(self) -> int:
        """Records that met a mistake of the room since the start."""
        ...


class ApiRoom(Doings, Parts, Condition, Protocol):
    """All of it."""


def room_of(connection: HTTPConnection) -> ApiRoom:
    """Give the room that serves this connection."""
    return cast("ApiRoom", connection.app.state.room)


async def caller_of(request: Request) -> Caller:
    """Give who makes the request.

    Raises:
        NotSignedIn: nobody is.
    """
    return await room_of(request).access.caller(request.cookies.get(COOKIE))


class Rewinding(Protocol):
    """Gives the room as it was known."""

    @property
    def reaches_ms(self) -> int | None:
        """From when on, None where nothing is kept."""
        ...

    async def at(self, at_ms: int) -> Any:
        """Give an `ApiRoom`, or raise NotFound `replay_too_far`, OpsroomError `replay_busy`."""
        ...


async def past_room(connection: HTTPConnection, at_ms: int) -> ApiRoom:
    """Give the room as it was known at `at_ms`.

    Raises:
        NotFound: `replay_too_far`: no longer, or nothing is kept for it.
    """
    rewinds: Rewinding | None = connection.app.state.rewinds
    if rewinds is None:
        raise NotFound("This room keeps no past.", remedy="See replay.keep_s.", code="replay_too_far")
    return cast("ApiRoom", await rewinds.at(at_ms))


async def room_asked(request: Request, at: Annotated[int | None, Query(ge=0, le=MS_MAX)] = None) -> ApiRoom:
    """Give the room that a request means: live, or with `at` (ms) as it was known then, for reading.

    Raises:
        Conflict: `replay_no_acts`: something was to be done there.
    """
    if at is None:
        return room_of(request)
    if request.method != "GET":
        raise Conflict(
            "This is a replay: nothing can be done in the past.",
            remedy="Go back to the live room and act there.",
            code="replay_no_acts",
        )
    await caller_of(request)  # nobody makes the room work who has no seat in it
    return await past_room(request, at)


RoomOf = Annotated["ApiRoom", Depends(room_asked)]
CallerOf = Annotated[Caller, Depends(caller_of)]
