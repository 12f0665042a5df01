"""Where the doors meet: whose token, which gate, and the way of a request into the log."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Iterator
from typing import Final

import structlog
from prometheus_client import CollectorRegistry, Counter

from ingest.codes import DoorError
from ingest.doors.bodies import Budget
from ingest.doors.gate import Gate, Stream, Verdict
from ingest.doors.mapping import Naming
from ingest.doors.readings import Door, Found
from ingest.hub import Hub
from opsroom.log.columns import encode_columns
from opsroom.model import Columns
from opsroom.records import Entry, RecordKind

PATIENCE_S: Final = 5.0
"""How long readings wait for the log; the shortest time-out of a client is twice that."""
RETRY_S: Final = 2
GATES_MAX: Final = 256
ENTRY_READINGS_MAX: Final = 16_384
"""Readings of one record: bounds one step of detection."""
SAID_EVERY_S: Final = 60.0

_logger = structlog.get_logger("ingest.doors")


def compile_kernels() -> None:
    """Compile what makes the doors fast, or read it from its cache; importing the compiler takes long too."""
    from ingest.doors.table import compile_kernels as compiled

    compiled()


class Desk:
    """What all doors share."""

    def __init__(self, hub: Hub, naming: Naming, registry: CollectorRegistry | None = None) -> None:
        """Take readings for the room of `hub`; `registry` takes the counts."""
        self.hub = hub
        self.naming = naming
        self.budget = Budget(hub.limits.inflight_bytes)
        self._gates: OrderedDict[tuple[int, Door, str], Gate] = OrderedDict()
        self._compiling: asyncio.Future[None] | None = None
        self._told_slow = False
        self._said: dict[Gate, float] = {}
        self._readings = Counter(
            "opsroom_door_readings",
            "Readings at the doors of other protocols, by what became of them",
            ["door", "outcome"],
            registry=registry or CollectorRegistry(),
        )

    async def unit_of(self, token: str | None) -> int:
        """Give the unit of a token.

        Raises:
            DoorError: `token_invalid`, `token_unit_gone`.
        """
        unit_id = await self.hub.room.tokens.find(token) if token else None
        if unit_id is None and token and ":" in token:
            # Version 1 clients put name and password together.
            unit_id = await self.hub.room.tokens.find(token.partition(":")[2])
        if unit_id is None:
            self.hub.feeds.sent_away("http", "token_invalid", self.hub.room.clock.now())
            raise DoorError("token_invalid", 401)
        if not self.hub.lets_in(unit_id):
            raise DoorError("token_unit_gone", 403)
        return unit_id

    def gate(self, unit_id: int, door: Door, bucket: str = "") -> Gate:
        """Give the gate of a token's unit at a door; those used last are kept."""
        key = (unit_id, door, bucket)
        gate = self._gates.get(key)
        if gate is None:
            gate = self._gates[key] = Gate(self.hub, unit_id, door, bucket, self.naming)
            if len(self._gates) > GATES_MAX:
                self._said.pop(self._gates.popitem(last=False)[1], None)
        self._gates.move_to_end(key)
        if gate.known.table is None and self._is_compiled():
            gate.known.quicken()
        return gate

    def _is_compiled(self) -> bool:
        """Tell whether the kernels are there; the first to ask has them made, beside everything else."""
        if self._compiling is None:
            loop = asyncio.get_running_loop()
            self._compiling = loop.run_in_executor(None, compile_kernels)
            return False
        if not self._compiling.done():
            return False
        if (error := self._compiling.exception()) is not None and not self._told_slow:
            self._told_slow = True
            _logger.error("door_kernels_failed", error=repr(error))
        return error is None

    def buckets(self, unit_id: int) -> list[str]:
        """Give the names of buckets that were lately written to with tokens of a unit."""
        return sorted({bucket for unit, _, bucket in self._gates if unit == unit_id and bucket})

    async def take(self, gate: Gate, parts: Iterator[Found], precision: str) -> Verdict:
        """Judge a request part by part, other work in between, and give what became of it once it is durable.

        Raises:
            DoorError: `door_busy`: nothing of it was stored.
            StoreError: nothing of it was stored.
        """
        verdict = Verdict()
        while True:
            gate.refresh()
            try:
                found = next(parts, None)
            finally:
                gate.propose()  # what was made is in the tree already
            if found is None:
                break
            gate.judge(found, precision, verdict)
            await asyncio.sleep(0)
        entries = [
            entry
            for stream, columns in verdict.kept.items()
            for entry in self._entries(gate, stream, Columns.concat(columns))
        ]
        if entries:
            try:
                await self.hub.append(entries, PATIENCE_S)
            except TimeoutError as error:
                raise DoorError("door_busy", 503, wait_s=RETRY_S) from error
        self._count(gate, verdict)
        self._tell(gate, verdict)
        return verdict

    def _tell(self, gate: Gate, verdict: Verdict) -> None:
        """Let the book of sources know."""
        now, feeds = self.hub.room.clock.now(), self.hub.feeds
        for stream, parts in verdict.kept.items():
            key = f"{gate.name}:{stream.source}"
            for columns in parts:
                feeds.took(key, gate.unit_id, gate.door, columns, now, historical=stream.historical)
        for one in verdict.refusals:
            series = str(one.params.get("series", ""))
            feeds.refused(
                f"{gate.name}:", gate.unit_id, gate.door, one.code, now, series=series, params=one.params
            )

    def _entries(self, gate: Gate, stream: Stream, columns: Columns) -> Iterator[Entry]:
        """Give the log's entries of one stream, in order."""
        received = self.hub.room.clock.now()
        for begin in range(0, len(columns), ENTRY_READINGS_MAX):
            part = columns.take(slice(begin, begin + ENTRY_READINGS_MAX))  # type: ignore[arg-type]
            payload = encode_columns(part, stream.historical)
            source = f"{gate.name}:{stream.source}"
            yield Entry(kind=RecordKind.READINGS, received=received, payload=payload, source=source)

    def _count(self, gate: Gate, verdict: Verdict) -> None:
        """Count, and say in the server's log what is refused, at most once a minute for each gate."""
        outcomes = {
            "stored": verdict.stored,
            "refused": verdict.refused,
            "dropped": verdict.dropped,
            "left_out": verdict.left_out,
        }
        for outcome, count in outcomes.items():
            if count:
                self._readings.labels(gate.door, outcome).inc(count)
        at = asyncio.get_running_loop().time()
        if verdict.refused and at - self._said.get(gate, -SAID_EVERY_S) >= SAID_EVERY_S:
            self._said[gate] = at
            first = verdict.first()
            _logger.warning(
                "door_refused", gate=gate.name, refused=verdict.refused, code=first.code, line=first.line
            )
