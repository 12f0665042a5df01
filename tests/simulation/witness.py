"""The witness: hears all that is durable and all that is answered, and compares as it happens.

Beside the room it keeps a core of its own that is fed the log from the first record on and never restarted:
what that one says is what the journal must hold.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec

from opsroom.catalog import Catalog
from opsroom.core import Core
from opsroom.log.columns import decode_columns
from opsroom.log.memory import MemoryLog
from opsroom.model import Micros, Transition
from opsroom.records import AnyAct, AnyConfig, Record, RecordKind, decode_act
from opsroom.settings import Settings
from opsroom.store.memory import MemoryJournal
from tests.simulation.trace import Broken, Trace

CLIMBS: Final = frozenset({"climbed", "annunciated"})
_encode = msgspec.msgpack.Encoder().encode

Reading = tuple[str, int]
"""Path of the series, event time in us."""


class Witness:
    """Sees everything, forgets nothing, and says `Broken` at the first thing that does not hold."""

    def __init__(self, settings: Settings, trace: Trace, now_s: Callable[[], float]) -> None:
        """Watch a room of these settings."""
        self.trace = trace
        self.records: list[Record] = []
        self.edges: list[Transition] = []
        self.core = Core(Catalog(), settings.room)
        self._now_s = now_s
        self._expected: list[tuple[int, Transition]] = []
        self._deadlines: dict[str, Micros] = {}
        self._committed_keys: set[str] = set()
        self._batches: dict[tuple[str, int, int], dict[int, float]] = {}
        self._stored: dict[Reading, float] = {}
        self._answered: dict[str, str] = {}

    # -- the log -----------------------------------------------------------------------------------

    def stored(self, records: list[Record]) -> None:
        """Take records that are durable now."""
        for record in records:
            assert record.offset == len(self.records) + 1, "offsets have no holes"
            self.records.append(record)
            self.trace.note(self._now_s(), f"log {record.kind.name.lower()}", _encode(record))
            step = self.core.apply(record)
            self._expected += [(record.offset, edge) for edge in step.transitions]
            if record.kind is RecordKind.READINGS:
                self._count(record)

    def _count(self, record: Record) -> None:
        batch = (record.source, record.epoch, record.seq)
        if record.epoch and batch in self._batches:
            raise Broken("reading doubled", f"batch {batch} stands twice in the log")
        self._batches[batch] = {}
        columns, _ = decode_columns(record.payload)
        for series_id, t, v in zip(
            columns.series.tolist(), columns.t.tolist(), columns.v.tolist(), strict=True
        ):
            if series_id not in self.core.catalog.series:
                raise Broken("reading lost", f"series {series_id} at {record.offset} has no name in the log")
            reading = (self.core.catalog.series_path(series_id), t)
            if reading in self._stored:
                raise Broken("reading doubled", f"{reading} stands twice in the log")
            self._stored[reading] = v

    @property
    def readings(self) -> dict[Reading, float]:
        """All readings of the log, by path and event time."""
        return self._stored

    # -- the journal -------------------------------------------------------------------------------

    def committed(
        self,
        offset: int,
        transitions: Sequence[Transition],
        acts: Sequence[tuple[int, Micros, AnyAct]],
    ) -> None:
        """Compare what was committed with what a replay of the log gives up to that offset."""
        for edge in transitions:
            self.trace.note(self._now_s(), f"edge {edge.verb}", _encode(edge))
            self._check_climb(edge)
        due = [edge for at, edge in self._expected if at <= offset]
        del self._expected[: len(due)]
        self._check_edges(offset, due, transitions)
        self.edges += transitions
        for _, _, act in acts:
            if act.key and act.key in self._committed_keys:
                raise Broken("act doubled", f"{act!r}")
            self._committed_keys.add(act.key)

    def _check_climb(self, edge: Transition) -> None:
        alert = edge.alert
        due = self._deadlines.get(alert.id)
        if due is not None and (edge.at > due or edge.verb in CLIMBS) and edge.at != due:
            raise Broken("climb off its deadline", f"{alert.id} {edge.verb} at {edge.at}, was due {due}")
        if due is None and edge.verb in CLIMBS:
            raise Broken("climb off its deadline", f"{alert.id} {edge.verb}, nothing was due")
        if alert.deadline is None:
            self._deadlines.pop(alert.id, None)
        else:
            self._deadlines[alert.id] = alert.deadline

    @staticmethod
    def _check_edges(offset: int, due: Sequence[Transition], came: Sequence[Transition]) -> None:
        if list(map(_encode, due)) == list(map(_encode, came)):
            return
        missing, more = list(due), []
        for edge in came:
            if edge in missing:
                missing.remove(edge)
            else:
                more.append(edge)
        named = [(edge.verb, edge.alert.id, edge.at) for edge in missing]
        extra = [(edge.verb, edge.alert.id, edge.at) for edge in more]
        said = f"at {offset}: missing {named}, more {extra}"
        if any(edge.verb in CLIMBS for edge in missing):
            raise Broken("climb off its deadline", said)
        if missing and not more:
            raise Broken("alert lost", said)
        if more and not missing:
            raise Broken("alert doubled", said)
        raise Broken("state unlike its replay", said)

    # -- answers -----------------------------------------------------------------------------------

    def acked(self, source: str, epoch: int, seq: int, medium: MemoryLog) -> None:
        """Take an ack that the room has written."""
        stands = medium.source(source)
        if (stands.epoch, stands.stored_seq) < (epoch, seq):
            raise Broken("acknowledged before durable", f"{source} {epoch}/{seq}, the log stands at {stands}")

    def answered(self, act: AnyAct) -> None:
        """Take the answer to an act."""
        self._answered[act.key] = repr(act)

    def check_acts(self, journal: MemoryJournal) -> None:
        """Hold every answered act against the journal."""
        kept = {act.key for _, _, act in journal.acts(limit=1 << 30)}
        for key, said in self._answered.items():
            if key not in kept:
                raise Broken("act lost", said)

    def check_due(self, now: Micros) -> None:
        """See that nothing waits that was due before `now` (room time of a room that is level)."""
        for alert_id, due in self._deadlines.items():
            if due < now:
                raise Broken("climb off its deadline", f"{alert_id} was due {due}, it is {now}")
        if self._expected:
            named = [(offset, edge.verb, edge.alert.id) for offset, edge in self._expected]
            raise Broken("alert lost", f"never committed: {named}")


def acts_of(records: Sequence[Record]) -> dict[str, list[int]]:
    """Give the offsets of acts in the log by key."""
    found: dict[str, list[int]] = defaultdict(list)
    for record in records:
        if record.kind is RecordKind.ACT:
            found[decode_act(record.payload).key].append(record.offset)
    return found


class WatchedJournal(MemoryJournal):
    """The journal of the memory store, with the witness beside it."""

    def __init__(self, witness: Witness) -> None:
        """Tell `witness` of every commit."""
        super().__init__()
        self._witness = witness

    def commit(
        self,
        offset: int,
        transitions: Sequence[Transition],
        config: Sequence[AnyConfig],
        acts: Sequence[tuple[int, Micros, AnyAct]],
        *rest: Any,
        **named: Any,
    ) -> None:
        """Keep all of it, and tell."""
        fresh = offset > self.offset()
        behind = self.offset()
        super().commit(offset, transitions, config, acts, *rest, **named)
        if fresh:
            self._witness.committed(offset, transitions, [act for act in acts if act[0] > behind])


def fields(rows: Any, above: str = "") -> dict[str, bytes]:
    """Give each field of a structured array that holds numbers; the bytes between fields mean nothing."""
    found: dict[str, bytes] = {}
    for name in rows.dtype.names or ():
        if rows[name].dtype.names:
            found |= fields(rows[name], f"{above}{name}.")
        else:
            found[above + name] = rows[name].tobytes()
    return found
