"""The client's side of the protocol without I/O: what to write next, and what an answer means.

The outbox holds what was given to it; the courier writes it within the room's credit, goes back where the
room says `seq_gap`, tells what an overflowing outbox lost, and lets go only what the room has stored.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from ingest import wire
from ingest.outbox import FileOutbox, MemoryOutbox
from opsroom.errors import Invalid, OpsroomError
from opsroom.model import QUALITY_BAD, QUALITY_GOOD

_GO_BACK_AGAIN_S: Final = 5.0
_FETCH: Final = 64
_DECLARED_AT_ONCE: Final = 1_000  # with names of 400 characters still below the frame's limit
_FATAL: Final = frozenset(
    {"epoch_old", "token_invalid", "token_unit_gone", "protocol_unsupported", "source_invalid"}
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


class Fatal(msgspec.Struct, frozen=True):
    """Nothing that waiting would mend."""

    error: OpsroomError


_declaration = msgspec.msgpack.Decoder(wire.Declare)
Event = Welcomed | Stored | Refused | Alerted | Answered | Fatal


def pack(
    names: Sequence[str | int] | str | int,
    t_ms: int | NDArray[np.int64],
    v: NDArray[np.float64],
    q: NDArray[np.uint8] | None = None,
    *,
    historical: bool = False,
) -> bytes:
    """Encode a batch without its seq.

    `t_ms` one instant or one a reading, `v` float64 (n,), NaN only where `q` is 0.
    """
    good = bool(np.isfinite(v).all())
    body: dict[str, Any] = {
        "t": t_ms if isinstance(t_ms, int) else t_ms.astype("<i8", copy=False).tobytes(),
        "s": names,
        # null has no raw form, so a batch with a missing value travels as a list.
        "v": v.astype("<f8", copy=False).tobytes()
        if good
        else [x if np.isfinite(x) else None for x in v.tolist()],
    }
    if q is not None:
        body["q"] = q.astype(np.uint8, copy=False).tobytes()
    if historical:
        body["historical"] = True
    return msgspec.msgpack.encode(body)


def packed(
    names: Sequence[str | int] | str | int,
    t: int | NDArray[np.int64],
    v: float | Sequence[float | None] | NDArray[np.float64] | None,
    q: Sequence[int] | NDArray[np.uint8] | None = None,
    *,
    historical: bool = False,
) -> tuple[bytes, int]:
    """Pack what `Link.send` takes; gives the batch and its number of readings."""
    values = np.array([v] if v is None or isinstance(v, (int, float)) else v, np.float64)
    quality = None if q is None else np.asarray(q, np.uint8)
    missing = ~np.isfinite(values)
    if missing.any():
        quality = np.full(len(values), QUALITY_GOOD, np.uint8) if quality is None else quality.copy()
        quality[missing] = QUALITY_BAD
    t_ms = t // 1000 if isinstance(t, int) else np.asarray(t, np.int64) // 1000
    return pack(names, t_ms, values, quality, historical=historical), len(values)


def frame(seq: int, body: bytes) -> bytes:
    """Put type and seq in front of a packed batch: its map header grows by two, the rest is copied."""
    head = body[0]
    assert head & 0xF0 == 0x80, "a small MessagePack map"  # noqa: PLR2004 - fixmap
    return bytes((head + 2,)) + b"\xa4type\xa5batch\xa3seq" + msgspec.msgpack.encode(seq) + body[1:]


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
        self._token = token
        self._take_over = take_over
        self._welcome = False
        self._is_anew = False
        self._refused_upto = 0
        self._declared = {
            one.name: one for one in (_declaration.decode(outbox.declared).series if outbox.declared else ())
        }
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
        numbers = {one.id: one.name for one in self._declared.values() if one.id is not None}
        for one in series:
            if one.id is not None and numbers.setdefault(one.id, one.name) != one.name:
                raise Invalid(
                    f"The number {one.id} stands for {numbers[one.id]}, not for {one.name}.",
                    remedy="Give each series a number of its own; batches that are kept use the old one.",
                    code="series_number_taken",
                    field="id",
                )
        news = [one for one in series if self._declared.get(one.name) != one]
        if not news:
            return
        self._declared.update((one.name, one) for one in news)
        self.outbox.declare(msgspec.msgpack.encode(wire.Declare(list(self._declared.values()))))
        self._undeclared += news

    def connected(self) -> list[bytes]:
        """Give the frames that open the conversation."""
        self.lost()
        hello = wire.Hello(1, self.source, self.outbox.epoch or None, self._token, self.lateness_s, self.via)
        return [msgspec.msgpack.encode(hello)]

    def lost(self) -> None:
        """Forget what was on its way: it is sent again."""
        self._welcome = False
        self._forget_flying()

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
            self._is_anew, self._refused_upto = False, 0
        self._welcome = True
        self._undeclared = list(self._declared.values())
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
        frames: list[bytes] = []
        for begin in range(0, len(self._undeclared), _DECLARED_AT_ONCE):
            some = self._undeclared[begin : begin + _DECLARED_AT_ONCE]
            frames.append(msgspec.msgpack.encode(wire.Declare(some)))
        self._undeclared = []
        while self._credit > 0 and (not self._flying or self._flying_bytes < self._credit):
            following = self._following()
            if following is None:
                break
            seq, body = following
            if seq > self._cursor + 1:
                self.gaps += seq - self._cursor - 1
                frames.append(msgspec.msgpack.encode(wire.Gap(self._cursor + 1, seq - 1, "outbox_overflow")))
            batch = frame(seq, body)
            if self._flying and self._flying_bytes + len(batch) > self._credit:
                self._ready.appendleft(following)
                if seq > self._cursor + 1:
                    self._cursor = seq - 1
                break
            frames.append(batch)
            self._flying.append((seq, len(batch)))
            self._flying_bytes += len(batch)
            self._cursor = seq
        return frames

    def _following(self) -> tuple[int, bytes] | None:
        """Give the next batch behind the cursor, fetched from the outbox in strides."""
        if not self._ready:
            self._ready.extend(self.outbox.after(self._cursor, _FETCH))
        return self._ready.popleft() if self._ready else None
