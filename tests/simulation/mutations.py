"""Rooms broken on purpose, through their ports: each must be caught under the name of its invariant."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec.structs import replace

from opsroom.log.columns import decode_columns, encode_columns
from opsroom.log.memory import MemoryLog
from opsroom.model import Columns, Micros, Transition
from opsroom.records import AnyAct, AnyConfig, Entry, RecordKind
from opsroom.simulated import DiskLog
from opsroom.sources import Sources
from tests.simulation.witness import WatchedJournal, Witness

if TYPE_CHECKING:
    from tests.simulation.world import World

Acts = Sequence[tuple[int, Micros, AnyAct]]


class Whole:
    """A room that is not broken: what mutations replace. `caught_as` names the invariant they break."""

    caught_as = ""

    def medium(self) -> MemoryLog:
        """Give what the log writes to."""
        return MemoryLog()

    def log(self) -> type[DiskLog]:
        """Give the kind of log that each life of the room has."""
        return DiskLog

    def journal(self, witness: Witness) -> WatchedJournal:
        """Give the journal of the store."""
        return WatchedJournal(witness)

    def restarted(self, world: World) -> None:
        """Do something while the room is down after a kill."""

    def heard(self, frame: dict[str, Any]) -> dict[str, Any]:
        """Alter what a screen is told."""
        return frame


class _Medium(MemoryLog):
    """A log that alters what it is given."""

    def __init__(self, broken: Whole) -> None:
        super().__init__()
        self._broken = broken
        self._count = 0

    async def append(self, entries: Sequence[Entry], *, urgent: bool = False) -> int:
        """Alter the twentieth batch of readings."""
        kept = list(entries)
        for place, entry in enumerate(entries):
            if entry.kind is RecordKind.READINGS and entry.seq:
                self._count += 1
                if self._count == 20:
                    kept[place : place + 1] = self._broken_entries(entry)
        return await super().append(kept, urgent=urgent)

    def _broken_entries(self, entry: Entry) -> list[Entry]:
        raise NotImplementedError


class _Losing(_Medium):
    def _broken_entries(self, entry: Entry) -> list[Entry]:
        return [replace(entry, payload=encode_columns(Columns.empty()))]


class _Doubling(_Medium):
    def _broken_entries(self, entry: Entry) -> list[Entry]:
        columns, historical = decode_columns(entry.payload)
        return [entry, replace(entry, epoch=0, seq=0, payload=encode_columns(columns, historical))]


class _Failing(_Medium):
    def _broken_entries(self, entry: Entry) -> list[Entry]:
        raise ValueError(entry)


class DropsAcknowledgedBatch(Whole):
    """The log answers a batch and keeps its position, but not its readings."""

    caught_as = "reading lost"

    def medium(self) -> MemoryLog:
        """Lose one batch."""
        return _Losing(self)


class StoresTwice(Whole):
    """The log keeps the readings of one batch twice."""

    caught_as = "reading doubled"

    def medium(self) -> MemoryLog:
        """Double one batch."""
        return _Doubling(self)


class Dies(Whole):
    """The log's writer dies of what nobody foresaw."""

    caught_as = "unforeseen error"

    def medium(self) -> MemoryLog:
        """Fail at one batch."""
        return _Failing(self)


class _Early(DiskLog):
    """Answers before the flush."""

    async def append(self, entries: Sequence[Entry], *, urgent: bool = False) -> int:
        """Queue, and say that it is stored."""
        self.queue(entries, urgent=urgent)
        return self.last_offset + len(entries)


class AcksBeforeFlush(Whole):
    """The log answers while the flush is still to come."""

    caught_as = "acknowledged before durable"

    def log(self) -> type[DiskLog]:
        """Answer early."""
        return _Early


class _Silent(DiskLog):
    """Takes readings for a while, then never again; a tree that nobody heard of yet it still takes."""

    async def append(self, entries: Sequence[Entry], *, urgent: bool = False) -> int:
        """Refuse readings from the fiftieth record on, without an end."""
        told = any(entry.kind is RecordKind.CONFIG for entry in entries)
        if self.last_offset > 50 and not told and any(entry.seq for entry in entries):
            await asyncio.Event().wait()
        return await super().append(entries, urgent=urgent)


class NeverAnswers(Whole):
    """The log takes a batch and never answers."""

    caught_as = "did not settle"

    def log(self) -> type[DiskLog]:
        """Hang."""
        return _Silent


class _Journal(WatchedJournal):
    """A journal that alters what is committed."""

    def __init__(self, witness: Witness, broken: _BreaksJournal) -> None:
        super().__init__(witness)
        self._broken = broken

    def commit(
        self,
        offset: int,
        transitions: Sequence[Transition],
        config: Sequence[AnyConfig],
        acts: Acts,
        *rest: Any,
        **named: Any,
    ) -> None:
        """Commit something else."""
        edges, done = self._broken.edges(transitions), self._broken.acts(acts)
        super().commit(offset, edges, config, done, *rest, **named)


class _BreaksJournal(Whole):
    def journal(self, witness: Witness) -> WatchedJournal:
        return _Journal(witness, self)

    def edges(self, edges: Sequence[Transition]) -> Sequence[Transition]:
        return edges

    def acts(self, acts: Acts) -> Acts:
        return acts


class DoublesAlert(_BreaksJournal):
    """Every raise is committed a second time under another id."""

    caught_as = "alert doubled"

    def edges(self, edges: Sequence[Transition]) -> Sequence[Transition]:
        """Add the twin."""
        twins = [
            replace(edge, alert=replace(edge.alert, id=f"{edge.alert.id}.2"))
            for edge in edges
            if edge.verb == "raised"
        ]
        return [*edges, *twins]


class LosesAlert(_BreaksJournal):
    """No raise is committed."""

    caught_as = "alert lost"

    def edges(self, edges: Sequence[Transition]) -> Sequence[Transition]:
        """Leave raises out."""
        return [edge for edge in edges if edge.verb != "raised"]


class SkipsClimb(_BreaksJournal):
    """No climb is committed."""

    caught_as = "climb off its deadline"

    def edges(self, edges: Sequence[Transition]) -> Sequence[Transition]:
        """Leave climbs out."""
        return [edge for edge in edges if edge.verb != "climbed"]


class ClimbsLate(_BreaksJournal):
    """Climbs carry the time of their commit instead of their deadline."""

    caught_as = "climb off its deadline"

    def edges(self, edges: Sequence[Transition]) -> Sequence[Transition]:
        """Let each climb be a tenth of a second late."""
        return [replace(edge, at=edge.at + 100_000) if edge.verb == "climbed" else edge for edge in edges]


class RepeatsAct(_BreaksJournal):
    """An act is committed twice."""

    caught_as = "act doubled"

    def acts(self, acts: Acts) -> Acts:
        """Double them."""
        return [*acts, *acts]


class ForgetsAct(Whole):
    """A restart leaves the last act of the journal behind."""

    caught_as = "act lost"

    def restarted(self, world: World) -> None:
        """Forget it."""
        journal = world.server.store.journal
        if journal._acts:
            journal._acts.pop()


class RestoresWrong(Whole):
    """A restart takes up a snapshot that remembers another event time of each series."""

    caught_as = "state unlike its replay"

    def restarted(self, world: World) -> None:
        """Let a source's watermark of the snapshot be another."""
        snapshots = world.server.store.snapshots
        found = snapshots.load("core")
        if found is not None:
            body = msgspec.msgpack.decode(found[2])
            sources = Sources.load(body["sources"])
            sources.scored += sources.scored > 0
            body["sources"] = sources.dump()
            snapshots.save("core", found[0], found[1], msgspec.msgpack.encode(body))


class ShowsLess(Whole):
    """Frames of changes leave out what is new on the wall."""

    caught_as = "screen unlike the room"

    def heard(self, frame: dict[str, Any]) -> dict[str, Any]:
        """Leave alerts out."""
        return frame | {"alerts": []} if frame["type"] == "changes" else frame


class CountsBack(Whole):
    """Revisions start again now and then."""

    caught_as = "revision went back"

    def heard(self, frame: dict[str, Any]) -> dict[str, Any]:
        """Count modulo a hundred."""
        return frame | {"to": frame["to"] % 100} if frame["type"] == "changes" else frame


MUTATIONS: tuple[type[Whole], ...] = (
    DropsAcknowledgedBatch,
    StoresTwice,
    AcksBeforeFlush,
    DoublesAlert,
    LosesAlert,
    SkipsClimb,
    ClimbsLate,
    ForgetsAct,
    RepeatsAct,
    RestoresWrong,
    ShowsLess,
    CountsBack,
    NeverAnswers,
    Dies,
)
