"""The client's side of the protocol without I/O: what to write next, and what an answer means.

The outbox holds what was given to it; the courier writes it within the room's credit, goes back where the
room says `seq_gap`, tells what an overflowing outbox lost, and lets go only what the room has stored.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from ingest import wire
from ingest.batches import Bounds, cut, fault_of, frame, limits_of
from ingest.declared import Declared
from ingest.memory_outbox import MemoryOutbox
from ingest.outbox import FileOutbox
from opsroom.errors import Invalid, OpsroomError

_GO_BACK_AGAIN_S: Final = 5.0
_FETCH: Final = 64
_DECLARED_AT_ONCE: Final = 1_000
_FRAME_BYTES_LEAST: Final = 1 << 10
"""Below this nothing is cut any smaller: what refuses such a frame minds something else."""
_FATAL: Final = frozenset(
    {
        "epoch_old",
        "token_invalid",
        "token_unit_gone",
        "protocol_unsupported",
        "source_invalid",
        "source_limit",
    }
)


class Welcomed(msgspec.Struct, frozen=True):
    """The room has taken the hello; `server_ms` is its wall clock, None where it did not say."""

    stored_seq: int
    server_ms: int | None = None


class Stored(msgspec.Struct, frozen=True):
    """Everything up to `seq` is durable."""

    seq: int


class Refused(msgspec.Struct, frozen=True):
    """Readings of a batch were refused: the wire's list of refusals."""

    seq: int
    refusals: list[dict[str, Any]]


class Alerted(msgspec.Struct, frozen=True):
    """An alert or decision for the plant."""

    message: dict[str, Any]


class Answered(msgspec.Struct, frozen=True):
    """The room's answer to a word of the plant (it has an `act`), or an error of its own (disk full)."""

    message: dict[str, Any]


class SetAside(msgspec.Struct, frozen=True):
    """A batch that no room would take is passed over: `field` is at fault, `readings` are lost with it."""

    seq: int
    field: str
    readings: int


class Fatal(msgspec.Struct, frozen=True):
    """Nothing that waiting would mend."""

    error: OpsroomError


Event = Welcomed | Stored | Refused | Alerted | Answered | Fatal


class Courier:
    """One client of one source. `connected`, `receive`, `lost` are told; `to_send` gives the next frames."""

    def __init__(
        self,
        outbox: MemoryOutbox | FileOutbox,
        source: str,
        token: str,
        lateness_s: float = 0.0,
        *,
        take_over: bool = False,
        via: str = "",
    ) -> None:
        """Speak for `source` with `token`; `via` names the connector, for the wall of feeds.

        `take_over`: where a later epoch of the source has begun, begin another for what is kept.
        """
        self.outbox = outbox
        self.source = source
        self.lateness_s = lateness_s
        self.stored_seq = 0
        self.refused = 0
        self.gaps = 0
        self.via = via
        self.bounds = Bounds()
        self.aside: list[SetAside] = []
        self._shrunk: int | None = None
        self._aside_upto = 0
        self._token = token
        self._take_over = take_over
        self._welcome = False
        self._is_anew = False
        self._refused_upto = 0
        self._declared = Declared(outbox.declared)
        self._is_kept = True
        self._undeclared: list[wire.SeriesDeclared] = []
        self._cursor = 0
        self._credit = 0
        self._flying: deque[tuple[int, int]] = deque()
        self._flying_bytes = 0
        self._went_back: tuple[int, float] | None = None
        self._ready: deque[tuple[int, bytes]] = deque()

    @property
    def is_welcome(self) -> bool:
        """Whether batches may be written on this connection."""
        return self._welcome

    @property
    def is_idle(self) -> bool:
        """Whether everything is stored."""
        return self.stored_seq >= self.outbox.last_seq and not self._flying

    def declare(self, series: Sequence[wire.SeriesDeclared]) -> None:
        """Tell numbers, units and periods of series, now, after every reconnection and every restart.

        The outbox keeps them: its batches mean nothing without the numbers, and little without the units.

        Raises:
            Invalid: a number that stands for another series already.
            StoreError: the outbox cannot be written.
        """
        news = self._declared.take(series, waits=len(self.outbox) > 0)
        self._undeclared += news
        self._is_kept = self._is_kept and not news
        self._keep_declared()

    def _keep_declared(self) -> None:
        """Have the outbox keep what is declared, before a batch is put that relies on it."""
        if not self._is_kept:
            self.outbox.declare(self._declared.packed())
            self._is_kept = True

    def connected(self) -> list[bytes]:
        """Give the frames that open the conversation."""
        self.lost()
        hello = wire.Hello(1, self.source, self.outbox.epoch or None, self._token, self.lateness_s, self.via)
        return [msgspec.msgpack.encode(hello)]

    def lost(self) -> None:
        """Forget what was on its way: it is sent again."""
        self._welcome = False
        self._forget_flying()

    def shrink(self) -> int:
        """Cut smaller from the next welcome on: somebody on the way took a frame for too large.

        Gives the size of the largest that was on its way. To be called before `lost`.
        """
        largest = max((size for _, size in self._flying), default=self.bounds.frame_bytes)
        self._shrunk = max(_FRAME_BYTES_LEAST, min(largest, self.bounds.frame_bytes) // 2)
        return largest

    def parts(self, body: bytes, readings: int) -> list[tuple[bytes, int]]:
        """Give a packed batch as it is put into the outbox, in parts where the room takes no such one.

        Raises:
            Invalid: `batch_too_large`: one reading alone is.
            StoreError: the outbox cannot be written.
        """
        if self._declared.has_changed and not len(self.outbox):
            self._declared.settle()
            self._is_kept = False
        self._keep_declared()
        parts = cut(self._declared.marked(body), readings, self.bounds)
        for part, count in parts:
            if not self.bounds.fits(part, count):
                raise Invalid(
                    f"One reading takes more than {self.bounds.frame_bytes} bytes.",
                    remedy="Give the series a shorter name.",
                    code="batch_too_large",
                    field="s",
                )
        return parts

    def _forget_flying(self) -> None:
        self._flying.clear()
        self._flying_bytes = 0
        self._ready.clear()

    # -- what arrives ----------------------------------------------------------------------------------------

    def receive(self, told: str | bytes, now_s: float) -> list[Event | bytes]:
        """Read one frame of the room; bytes among the events are to be written. `now_s` monotonic seconds."""
        message: dict[str, Any] = (
            msgspec.msgpack.decode(told) if isinstance(told, bytes) else msgspec.json.decode(told)
        )
        match message.get("type"):
            case "ack":
                return self._on_ack(message)
            case "welcome":
                return self._on_welcome(message)
            case "refused":
                return self._on_refused(message)
            case "seq_gap":
                self._on_seq_gap(message["expected"], now_s)
                return []
            case "alert" | "decision":
                return [Alerted(message)]
            case "error":
                return self._on_error(message)
            case _:
                return [Answered(message)]

    def _on_welcome(self, message: dict[str, Any]) -> list[Event | bytes]:
        self.outbox.begin(message["epoch"], message["stored_seq"], anew=self._is_anew)
        if self._is_anew:
            self._is_anew, self._refused_upto, self._aside_upto = False, 0, 0
        self.bounds = limits_of(message.get("limits"))
        if self._shrunk is not None:
            self.bounds = self.bounds.within(self._shrunk)
        self.outbox.recut(self.bounds)
        self._welcome = True
        self._undeclared = list(self._declared.series.values())
        self._cursor = self.stored_seq = message["stored_seq"]
        self._credit = message["credit_bytes"]
        self._forget_flying()
        return [Welcomed(self.stored_seq, message.get("server_ts")), Stored(self.stored_seq)]

    def _on_refused(self, message: dict[str, Any]) -> list[Event | bytes]:
        """Pass refusals on once: a batch sent again brings the same ones again."""
        if message["seq"] <= self._refused_upto:
            return []
        self._refused_upto = message["seq"]
        self.refused += len(message["refusals"])
        return [Refused(message["seq"], message["refusals"])]

    def _on_ack(self, message: dict[str, Any]) -> list[Event | bytes]:
        stored = message["stored_seq"]
        self._credit = message["credit_bytes"]
        while self._flying and self._flying[0][0] <= stored:
            self._flying_bytes -= self._flying.popleft()[1]
        if stored <= self.stored_seq:
            return []
        self.stored_seq = stored
        self._went_back = None
        self.outbox.let_go(stored)
        return [Stored(stored)]

    def _on_seq_gap(self, expected: int, now_s: float) -> None:
        """Go back to `expected`, once for all the answers that one hole brings."""
        if (
            self._went_back is not None
            and self._went_back[0] == expected
            and now_s - self._went_back[1] < _GO_BACK_AGAIN_S
        ):
            return
        self._went_back = (expected, now_s)
        self._cursor = expected - 1
        self._forget_flying()

    def _on_error(self, message: dict[str, Any]) -> list[Event | bytes]:
        code = message.get("code", "")
        if code == "epoch_unknown" or (code == "epoch_old" and self._take_over):
            # The room's log began anew, or its source did: what is kept is numbered anew under a new epoch.
            self._is_anew, self._take_over = True, False
            return [
                msgspec.msgpack.encode(
                    wire.Hello(1, self.source, None, self._token, self.lateness_s, self.via)
                )
            ]
        if code in _FATAL:
            error = OpsroomError(message.get("message", code), remedy=message.get("remedy", ""), code=code)
            return [Fatal(error)]
        return [Answered(message)]

    # -- what is written -------------------------------------------------------------------------------------

    def to_send(self) -> list[bytes]:
        """Give the next frames that the credit allows.

        One batch may always be on its way unless credit is withheld.
        """
        if not self._welcome:
            return []
        frames = self._declarations(self._undeclared)
        self._declared.told(self._undeclared)
        self._undeclared = []
        while self._credit > 0 and (not self._flying or self._flying_bytes < self._credit):
            following = self._following()
            if following is None:
                if self._cursor < self.outbox.last_seq:  # a hole at the end: nothing behind it would tell it
                    frames.append(self._gap(self.outbox.last_seq))
                    self._cursor = self.outbox.last_seq
                break
            seq, body = following
            if seq > self._cursor + 1:
                frames.append(self._gap(seq - 1))
            batch = frame(seq, self._declared.bare(body))
            if self._flying and self._flying_bytes + len(batch) > self._credit:
                self._ready.appendleft(following)
                if seq > self._cursor + 1:
                    self._cursor = seq - 1
                break
            frames += self._declarations(self._declared.before(body))
            frames.append(batch)
            self._flying.append((seq, len(batch)))
            self._flying_bytes += len(batch)
            self._cursor = seq
        return frames

    def _declarations(self, waiting: list[wire.SeriesDeclared]) -> list[bytes]:
        """Give what is to be declared in frames that the room takes."""
        frames: list[bytes] = []
        at_once = _DECLARED_AT_ONCE
        while waiting:
            body = msgspec.msgpack.encode(wire.Declare(waiting[:at_once]))
            if len(body) > self.bounds.frame_bytes and at_once > 1:
                at_once = max(1, min(at_once, len(waiting)) // 2)
                continue
            frames.append(body)
            waiting = waiting[at_once:]
        return frames

    def _gap(self, upto: int) -> bytes:
        """Tell that all from the cursor up to a number is gone."""
        self.gaps += upto - self._cursor
        reason = "batch_unusable" if self._cursor < self._aside_upto <= upto else "outbox_overflow"
        return msgspec.msgpack.encode(wire.Gap(self._cursor + 1, upto, reason))

    def _following(self) -> tuple[int, bytes] | None:
        """Give the next batch behind the cursor, fetched from the outbox in strides.

        Those that no room would take are passed over, and let go with the gap: an outbox of long ago may
        hold such.
        """
        seq = self._cursor
        while True:
            if not self._ready:
                self._ready.extend(self.outbox.after(seq, _FETCH))
            if not self._ready:
                return None
            seq, body = self._ready.popleft()
            field = fault_of(body)
            if not field and (self._shrunk is not None or self.bounds.fits(body, 1)):
                return seq, body
            if seq > self._aside_upto:
                self._aside_upto = seq
                readings = self.outbox.readings_at(seq)
                self.outbox.dropped_readings += readings
                self.aside.append(SetAside(seq, field or "s", readings))
