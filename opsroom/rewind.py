"""The room as it was known at an instant: rebuilt from a mark and the log behind it, by its own code.

Knowledge time, not event time: what came later is not there, however old it is. A rebuilt room is read only.
It is made in a thread of its own that rests as long as it works, so that the live room is never slow for it;
how many are made and kept at once is bounded.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final, NoReturn, ParamSpec, Protocol, TypeVar

import msgspec

from opsroom.applying import applied
from opsroom.catalog import Catalog
from opsroom.core import SNAPSHOT_VERSION, Core
from opsroom.errors import Conflict, Corrupt, OpsroomError
from opsroom.known import Known
from opsroom.log import readable
from opsroom.parts import packed
from opsroom.past import PastRows
from opsroom.plants import PlantHub
from opsroom.records import FlowSet, RelationSet, RuleSet, SeriesSet, UnitSet, decode_config, encode
from opsroom.showing import show, show_all, show_bands
from opsroom.step import Changes
from opsroom.view import View

if TYPE_CHECKING:
    from collections.abc import Callable

    from opsroom.access import Access
    from opsroom.log import Log
    from opsroom.marks import Mark, Marks
    from opsroom.model import Micros
    from opsroom.parts import Parts
    from opsroom.records import AnyConfig, Record
    from opsroom.settings import Settings
    from opsroom.store import Store

P = ParamSpec("P")
T = TypeVar("T")

MICROS_PER_MS: Final = 1_000
WORK_S: Final = 0.008
BUSY: Final = 503
PLACES_MAX: Final = 256


def marking(marks: Marks, core: Core, view: View, at_s: float, offset: int) -> Callable[[Parts], None]:
    """Copy what a mark holds beside the core's state where one is due at `at_s` (monotonic).

    Gives what writes it, on any thread, once the core's own bytes are made.
    """
    if not marks.due(at_s):
        return lambda _: None
    now, more = core.now, beside(core.catalog, view)
    return lambda state: marks.keep(SNAPSHOT_VERSION, offset, now, lambda: packed({"core": state} | more))


def beside(catalog: Catalog, view: View) -> dict[str, Any]:
    """Give the tree, and what only screens know."""
    tree: list[AnyConfig] = [UnitSet(one) for one in catalog.units.values()]
    tree += [SeriesSet(one) for one in catalog.series.values()]
    tree += [RelationSet(one) for one in catalog.relations.values()]
    tree += [FlowSet(one) for one in catalog.flows.values()]
    tree += [RuleSet(one) for one in catalog.rules.values()]
    shown = {"board": view.board.dump(), "floods": view.floods.dump(), "raises": view.raises.copy()}
    return {"tree": encode(tree), "shown": shown}


class Live(Protocol):
    """The room that runs, as far as looking back needs it."""

    settings: Settings
    access: Access
    log: Log
    store: Store
    core: Core
    marks: Marks
    offset: int

    async def read(self, ask: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a blocking read of the store."""
        ...


class PastRoom(Known):
    """What the API needs of a room, as of an instant; nothing can be done in it."""

    def __init__(self, live: Live, core: Core, view: View, offset: int) -> None:
        """Take a rebuilt core and view, and from the live room what is asked of store and seats."""
        self.core, self.view, self.catalog, self.offset = core, view, core.catalog, offset
        self.settings, self.access, self.log, self.read = live.settings, live.access, live.log, live.read
        self.store = PastRows(live.store, live.log, offset, core.now)
        self.ready, self.store_failing, self.lag_s = True, False, 0.0

    async def act(self, *_: object, **__: object) -> NoReturn:
        """Refuse: what is past is not altered."""
        refuse_acts()

    async def change(self, *_: object) -> NoReturn:
        """Refuse: what is past is not altered."""
        refuse_acts()

    def delivered(self, alert_id: str) -> None:
        """Nobody is told anything by looking back."""


def refuse_acts() -> NoReturn:
    """Refuse an act in a replay.

    Raises:
        Conflict: `replay_no_acts`.
    """
    raise Conflict(
        "This is a replay: nothing can be done in the past.",
        remedy="Go back to the live room and act there.",
        code="replay_no_acts",
    )


class Rewinds:
    """Rebuilt rooms by the position in the log that they stand at."""

    def __init__(self, live: Live) -> None:
        """Take the live room; no thread runs until somebody looks back."""
        self._live = live
        self._settings = live.settings.replay
        self._kept: OrderedDict[int, PastRoom] = OrderedDict()
        self._making: dict[Micros, asyncio.Future[PastRoom]] = {}
        self._places: OrderedDict[Micros, int] = OrderedDict()
        self._pool = ThreadPoolExecutor(self._settings.at_once, "replay")

    @property
    def reaches_ms(self) -> int | None:
        """Room time (ms) from which on the room can be seen again, None where no past is kept."""
        reaches = self._live.marks.reaches
        return None if reaches is None else -(-reaches // MICROS_PER_MS)

    async def at(self, at_ms: int) -> PastRoom:
        """Give the room as it was known at `at_ms`, from memory where somebody looks at it.

        Raises:
            NotFound: `replay_too_far`; `params["reaches"]` says from when on (ms).
            OpsroomError: `replay_busy`, status 503: as many are being made, or looked at, as the room allows.
        """
        at = at_ms * MICROS_PER_MS
        at = min(at, self._live.core.now)
        held = self._kept.get(self._places.get(at, -1))
        if held is not None:
            self._kept.move_to_end(held.offset)
            return held
        making = self._making.get(at)
        if making is None:
            self._check_room()
            loop = asyncio.get_running_loop()
            making = self._making[at] = loop.run_in_executor(self._pool, self._rebuild, at)
            making.add_done_callback(lambda _: self._making.pop(at))
        return self._keep(at, await asyncio.shield(making))

    def _check_room(self) -> None:
        watched = sum(bool(one.view.present) for one in self._kept.values())
        if len(self._making) < self._settings.at_once and watched < self._settings.rooms:
            return
        error = OpsroomError(
            "As many replays are open as this room allows.",
            remedy="Try again in a moment, or join one that is open.",
            code="replay_busy",
            wait_s=2,
        )
        error.status = BUSY
        raise error

    def _keep(self, at: Micros, past: PastRoom) -> PastRoom:
        past = self._kept.setdefault(past.offset, past)
        self._kept.move_to_end(past.offset)
        self._places[at] = past.offset
        for offset in [offset for offset, one in self._kept.items() if not one.view.present]:
            if len(self._kept) <= self._settings.rooms or offset == past.offset:
                break
            del self._kept[offset]
        places = ((t, held) for t, held in self._places.items() if held in self._kept)
        self._places = OrderedDict(list(places)[-PLACES_MAX:])
        return past

    # -- in the thread ---------------------------------------------------------------------------------

    def _rebuild(self, at: Micros) -> PastRoom:
        marks, log = self._live.marks, self._live.log
        mark, body = marks.before(at, SNAPSHOT_VERSION)
        past = self._played(mark, body, at)
        if past.core.now > at:  # a record moved the stream's clock beyond it: it stands before that record
            past = self._played(mark, body, at, before=past.offset)
        if log.trimmed > mark.offset:  # let go while it was read
            raise marks.too_far()
        return past

    def _played(self, mark: Mark, body: bytes, at: Micros, *, before: int | None = None) -> PastRoom:
        """Rebuild from a mark; up to the last record whose `now` is not behind `at`, or the one `before`."""
        live = self._live
        core, view = restored(live, mark, body)
        silent = PlantHub(core.catalog, view.describe, lambda _: None)
        offset, rest = mark.offset, Rests()
        for record in readable(live.log, mark.offset):
            if record.offset > live.offset or (before is not None and record.offset >= before):
                break
            if core.stream and core.now > at:
                break
            if not core.stream and max(core.now, record.received) > at:
                break
            play(core, view, silent, record)
            offset = record.offset
            rest.take()
        finish(core, view)
        return PastRoom(live, core, view, offset)


class Rests:
    """As much rest as work: the interpreter belongs to the live room."""

    def __init__(self) -> None:
        """Begin to work."""
        self._since = time.monotonic()

    def take(self) -> None:
        """Rest where it is due."""
        worked = time.monotonic() - self._since
        if worked > WORK_S:
            time.sleep(worked)
            self._since = time.monotonic()


def restored(live: Live, mark: Mark, body: bytes) -> tuple[Core, View]:
    """Give core and view as a mark has them.

    Raises:
        Corrupt: `replay_unreadable`: another version of the detectors wrote it.
    """
    parts: dict[str, Any] = msgspec.msgpack.decode(body)
    catalog = Catalog()
    for change in decode_config(parts["tree"]):
        catalog.apply(change)
    settings = live.settings
    core = Core(
        catalog,
        settings.room,
        clock=settings.server.clock,
        detection=live.core.detection,
        reorder=settings.limits.reorder_readings,
    )
    if not core.restore(parts["core"]) and core.detection:
        raise Corrupt(
            "That state was written by another version of the detectors.",
            remedy="Choose a time after the update.",
            code="replay_unreadable",
            offset=mark.offset,
        )
    view = View(catalog, settings.room, boot=f"replay-{mark.offset}", figures=settings.figures)
    view.class_of = core.book.agreed.class_of
    show_all(core, view)
    view.board.restore(parts["shown"]["board"])
    view.floods.restore(parts["shown"]["floods"])
    view.raises.update(parts["shown"]["raises"])
    return core, view


def play(core: Core, view: View, silent: PlantHub, record: Record) -> None:
    """Take one record as the live room did, and tell nobody outside."""
    step = applied(core, record)
    if step.stored is not None and not step.historical:
        view.values(step.stored)
    show(core, view, silent, Changes.of([step]))


def show_every_band(core: Core, view: View) -> None:
    """Give the screens the expected bands of all series."""
    show_bands(core, view, view.board.id[: len(view.board)])


def finish(core: Core, view: View) -> None:
    """Give the screens their bands; an audit of then opens nothing now, since nobody would note the look."""
    show_every_band(core, view)
    view.audits.close()
