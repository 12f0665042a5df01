"""The writing half of a connection: many batches in one commit, acknowledged after it."""

from __future__ import annotations

import asyncio
import bisect
import itertools
from collections import deque
from collections.abc import Sequence
from typing import Any, Final, Protocol

import msgspec

from ingest import session as says
from ingest.admission import Admission, Admitted
from ingest.codes import CloseCode
from ingest.hub import Hub
from ingest.tally import Tally
from opsroom.errors import Conflict, StoreError
from opsroom.log.columns import encode_columns
from opsroom.model import Columns, Refusal
from opsroom.records import Entry, RecordKind, SourceEvent, encode

RETRY_S: Final = 0.5
QUIET_S: Final = 0.005
ACK_EVERY_S: Final = 0.25
LAG_CHECK_S: Final = 0.05
MERGED_READINGS_MAX: Final = 65_536


class Owner(Protocol):
    """The connection that the writer writes for. `heard_at` is the loop's time of the last frame."""

    key: str
    unit_id: int
    session: says.Session
    admission: Admission | None
    heard_at: float
    tally: Tally

    async def send(self, message: dict[str, Any]) -> bool:
        """Write one message; False once the peer takes no more."""
        ...

    def end(self, code: int, reason: str) -> None:
        """End the connection."""
        ...


class Judged:
    """A judged batch on its way to the log."""

    __slots__ = ("admitted", "received", "seq")

    def __init__(self, seq: int, admitted: Admitted, received: int) -> None:
        self.seq = seq
        self.admitted = admitted
        self.received = received


class Writer:
    """What is judged and not yet durable, and the loop that makes it so.

    `withheld`: the last acknowledgement gave no credit, since the room is behind its log.
    """

    def __init__(self, hub: Hub, owner: Owner) -> None:
        """Write for `owner`."""
        self._hub = hub
        self._owner = owner
        self._work: deque[Judged | says.GapTold] = deque()
        self._casual: list[says.Told] = []
        self._wake = asyncio.Event()
        self._drained = asyncio.Event()
        self._is_finished = False
        self.withheld = False
        self._ack_due: float | None = None

    def put(self, work: Judged | says.GapTold) -> None:
        """Queue a judged batch or a gap."""
        self._work.append(work)
        self._wake.set()

    def put_casual(self, told: says.Told) -> None:
        """Queue casual readings; they are judged together when their turn comes."""
        self._casual.append(told)
        self._wake.set()

    def credit(self) -> int:
        """Give the credit to tell the sender; what is withheld is given back once the room is level."""
        credit = self._hub.credit()
        self.withheld = self._owner.tally.withheld = credit == 0
        if self.withheld:
            self._wake.set()
        return credit

    def finish(self) -> None:
        """Let `run` end once everything is stored and acknowledged."""
        self._is_finished = True
        self._wake.set()

    async def wait_drained(self) -> None:
        """Wait for the next commit."""
        self._drained.clear()
        await self._drained.wait()

    async def run(self) -> None:
        """Append what is queued, many batches a commit, and acknowledge after it."""
        while True:
            await self._wait_for_work()
            while self._work or self._casual:
                if not await self._commit():
                    return
            await self._ack_casual()
            if self.withheld and not self._hub.is_behind():
                await self._owner.send(self._owner.session.credit(self.credit()).message)
            if self._is_finished and not self._work and not self._casual:
                await self._ack_casual(now=True)
                return

    async def _wait_for_work(self) -> None:
        """Sleep until there is something to store, to acknowledge, or credit to give back."""
        pause = QUIET_S if self._ack_due is not None else LAG_CHECK_S if self.withheld else None
        try:
            async with asyncio.timeout(pause):
                await self._wake.wait()
        except TimeoutError:
            return
        self._wake.clear()

    async def _commit(self) -> bool:
        """Store everything queued in one append and answer it. False: the epoch is over."""
        work, self._work = self._work, deque()
        casual, self._casual = self._casual, []
        entries = self._entries(work)
        told = self._casual_entry(casual, entries) if casual else None
        if not await self._append(entries):
            return False
        if told is not None:
            admitted, refusals = told
            self._owner.tally.took(admitted)
            self._owner.session.casual_stored(
                casual[-1].frame, sum(one.size for one in casual), len(admitted.columns), refusals
            )
            self._ack_due = self._ack_due or asyncio.get_running_loop().time()
        if work:
            last = work[-1]
            judged = [one for one in work if isinstance(one, Judged)]
            for one in judged:
                self._owner.tally.took(one.admitted)
            answers = [(one.seq, one.admitted.refusals) for one in judged]
            credit = self.credit()
            upto = last.seq if isinstance(last, Judged) else last.to_seq
            for send in self._owner.session.stored(upto, answers, credit):
                await self._owner.send(send.message)
        self._drained.set()
        return True

    def _entries(self, work: Sequence[Judged | says.GapTold]) -> list[Entry]:
        """Give the log entries of `work`.

        Neighbours without refusals become one, under the last one's seq.
        """
        entries: list[Entry] = []
        run: list[Judged] = []
        readings = 0
        for one in work:
            clean = isinstance(one, Judged) and not one.admitted.refusals
            size = len(one.admitted.columns) if isinstance(one, Judged) else 0
            if run and (
                not clean
                or readings + size > MERGED_READINGS_MAX
                or (isinstance(one, Judged) and one.admitted.historical != run[0].admitted.historical)
            ):
                entries.append(self._readings_entry(run))
                run, readings = [], 0
            if isinstance(one, says.GapTold):
                gap = SourceEvent(
                    event="gap",
                    unit_id=self._owner.unit_id,
                    from_seq=one.from_seq,
                    to_seq=one.to_seq,
                    reason=one.reason,
                )
                entries.append(source_entry(self._hub, self._owner, gap, one.to_seq))
            elif clean:
                run.append(one)
                readings += size
            else:
                entries.append(self._readings_entry([one]))
        if run:
            entries.append(self._readings_entry(run))
        return entries

    def _readings_entry(self, run: Sequence[Judged]) -> Entry:
        last = run[-1]
        columns = Columns.concat([one.admitted.columns for one in run])
        return Entry(
            kind=RecordKind.READINGS,
            received=last.received,
            payload=encode_columns(columns, last.admitted.historical),
            source=self._owner.key,
            epoch=self._owner.session.epoch,
            seq=last.seq,
            refusals=last.admitted.refusals,
        )

    def _casual_entry(
        self, casual: Sequence[says.Told], entries: list[Entry]
    ) -> tuple[Admitted, list[tuple[int, Refusal]]]:
        """Judge casual readings of many frames at once.

        Gives what became of them, and (frame, refusal) of those that are not stored.
        """
        assert self._owner.admission is not None, "the sender is known"
        received = self._hub.room.clock.now()
        readings = [one for told in casual for one in told.readings]
        admitted = self._owner.admission.admit_casual(readings, self._hub.latest(), received)
        self._hub.propose(admitted.changes)
        if len(admitted.columns):
            payload = encode_columns(admitted.columns, False)
            entries.append(
                Entry(kind=RecordKind.READINGS, received=received, payload=payload, source=self._owner.key)
            )
        if not admitted.refusals:
            return admitted, []
        starts = list(itertools.accumulate((len(told.readings) for told in casual), initial=0))
        return admitted, [_in_frame(one, casual, starts) for one in admitted.refusals]

    async def _append(self, entries: list[Entry]) -> bool:
        """Append, again and again while the store cannot take it.

        What was accepted is never dropped while the socket stands.
        """
        told = False
        while entries:
            try:
                await self._hub.append(entries)
                break
            except StoreError as error:
                if not told:
                    await self._owner.send(says.answer(error.code, message=error.message, fix=error.remedy))
                    told = True
                await asyncio.sleep(RETRY_S)
            except Conflict as error:
                await self._owner.send(says.answer(error.code, message=error.message, fix=error.remedy))
                self._owner.end(CloseCode.REPLACED, "the source has begun a later epoch")
                return False
        return True

    async def _ack_casual(self, *, now: bool = False) -> None:
        """Acknowledge when the sender pauses, or every quarter second.

        A peer that has dropped the connection answers a write with a reset, which would throw away what it
        sent and we have not read; so what can be read is read first.
        """
        if self._ack_due is None:
            return
        at = asyncio.get_running_loop().time()
        if now or at - self._owner.heard_at >= QUIET_S or at - self._ack_due >= ACK_EVERY_S:
            self._ack_due = None
            await self._owner.send(self._owner.session.casual_ack().message)


def source_entry(hub: Hub, owner: Owner, event: SourceEvent, seq: int = 0) -> Entry:
    """Give the log entry of an event of the owner's source; `seq` where it stands for batches."""
    return Entry(
        kind=RecordKind.SOURCE,
        received=hub.room.clock.now(),
        payload=encode(event),
        source=owner.key,
        epoch=owner.session.epoch if seq else 0,
        seq=seq,
    )


def _in_frame(one: Refusal, casual: Sequence[says.Told], starts: Sequence[int]) -> tuple[int, Refusal]:
    """Place a refusal in its frame: (frame number, refusal with the index inside that frame)."""
    at = bisect.bisect_right(starts, one.index) - 1
    told, index = casual[at], one.index - starts[at]
    frame = told.frame
    if told.frames > 1:
        frame, index = frame - told.frames + 1 + index, 0
    return frame, msgspec.structs.replace(one, index=index)
