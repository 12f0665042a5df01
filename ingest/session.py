"""One connection as a state machine without I/O: frames in, events out; what to answer once the driver knows.

No await, no socket, no clock. The driver (`gateway.py`) moves bytes, looks tokens up, appends to the log,
and tells the session what came of it. A frame is taken at once or answered with a named error; ten
malformed ones end the connection.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from enum import Enum, auto
from typing import Any, Final

from ingest import wire
from ingest.codes import CloseCode, WireError, says
from ingest.events import (
    Admit,
    Close,
    Declared,
    Event,
    GapTold,
    Heard,
    Identify,
    Leave,
    Open,
    Repeat,
    Send,
    Told,
    answer,
    error_message,
    refusal_fields,
    refused_message,
)
from opsroom.model import Refusal
from opsroom.settings import Limits

__all__ = [
    "Admit",
    "Close",
    "Declared",
    "Event",
    "GapTold",
    "Heard",
    "Identify",
    "Leave",
    "Open",
    "Repeat",
    "Send",
    "Session",
    "Told",
    "answer",
]

PROTOCOL: Final = 1
SOURCE_CHARS_MAX: Final = 200
REFUSALS_TOLD_MAX: Final = 100


class _Stage(Enum):
    STRANGER = auto()
    ASKING = auto()
    KNOWN = auto()
    CASUAL = auto()
    OPENING = auto()
    FULL = auto()
    ENDED = auto()


class Session:
    """The server's side of one connection."""

    def __init__(self, limits: Limits, *, known: bool = False) -> None:
        """Start before hello; `known` where the handshake carried a valid credential."""
        self.limits = limits
        self.stage = _Stage.KNOWN if known else _Stage.STRANGER
        self.binary = False
        self.source = ""
        self.epoch = 0
        self.stored_seq = 0
        self.expected = 1
        self.malformed = 0
        self.frames = 0
        self.pending_bytes = 0
        self._sizes: deque[tuple[int, int]] = deque()
        self._held: deque[tuple[wire.Item, int]] = deque()
        self._hello: wire.Hello | None = None
        self._acked_frames = 0
        self._stored = 0
        self._refused = 0
        self._untold: list[tuple[int, Refusal]] = []

    @property
    def is_known(self) -> bool:
        """Whether a credential was accepted."""
        return self.stage not in {_Stage.STRANGER, _Stage.ASKING}

    @property
    def is_full(self) -> bool:
        """Whether the full form runs."""
        return self.stage is _Stage.FULL

    @property
    def is_ended(self) -> bool:
        """Whether nothing further is read."""
        return self.stage is _Stage.ENDED

    # -- what arrives ----------------------------------------------------------------------------------------

    def receive_all(self, frames: Sequence[str | bytes]) -> Iterator[list[Event]]:
        """Read frames that came together; give what to do, to be done before the next is asked for."""
        if self.stage is _Stage.CASUAL and len(frames) > 1:
            size = sum(map(len, frames))
            readings = wire.lot(frames) if size <= self.limits.frame_bytes_max else None
            if readings and len(readings) <= self.limits.batch_readings_max:
                yield self._on_casual(readings, size, len(frames))
                return
        for frame in frames:
            yield self.receive(frame)

    def receive(self, frame: str | bytes) -> list[Event]:
        """Read one frame; give what to do, in order."""
        if self.is_ended:
            return []
        size = (
            len(frame)
            if isinstance(frame, bytes) or frame.isascii()
            else len(frame.encode("utf-8", "replace"))
        )
        longest = self.limits.frame_bytes_max if self.is_known else self.limits.frame_bytes_max_screen
        if size > longest:
            return self._end(CloseCode.TOO_LARGE, f"a frame of {size} bytes, {longest} are allowed")
        self.binary = isinstance(frame, bytes)
        items = wire.decode(
            frame, nesting_max=self.limits.nesting_max, readings_max=self.limits.batch_readings_max
        )
        share = size // max(1, len(items))
        self._held.extend((item, share) for item in items)
        return self._go_on()

    def _go_on(self) -> list[Event]:
        """Take held items until one needs the driver's answer."""
        events: list[Event] = []
        while self._held and self.stage not in {_Stage.ASKING, _Stage.OPENING, _Stage.ENDED}:
            item, size = self._held.popleft()
            events += self._take(item, size)
        return events

    def _take(self, item: wire.Item, size: int) -> list[Event]:  # noqa: PLR0911 - a return a kind
        if isinstance(item, WireError):
            return self.fault(item)
        if isinstance(item, wire.Hello):
            return self._on_hello(item)
        if self.stage is _Stage.STRANGER:
            return self._answer("hello_expected") + self._end(CloseCode.HELLO_EXPECTED, "hello expected")
        if isinstance(item, list):
            return self._on_casual(item, size)
        if isinstance(item, (wire.RecoveringTold, wire.PressTold)):
            return self._on_heard(item)
        if isinstance(item, wire.Bye):
            self.stage = _Stage.ENDED
            return [Leave()]
        if self.stage is not _Stage.FULL:
            if self.stage is _Stage.CASUAL:
                return self.fault(WireError("form_mixed", "type"))
            return self._answer("hello_expected") + self._end(
                CloseCode.HELLO_EXPECTED, "hello with protocol expected"
            )
        if isinstance(item, wire.Declare):
            return [Declared(item.series)]
        return self._on_gap(item) if isinstance(item, wire.Gap) else self._on_batch(item, size)

    def _on_hello(self, hello: wire.Hello) -> list[Event]:
        if self.stage is _Stage.FULL:
            return self.fault(WireError("hello_repeated", "type"))
        if self.stage is _Stage.CASUAL and hello.protocol is not None:
            return self.fault(WireError("form_mixed", "protocol"))
        if self.stage is _Stage.STRANGER:
            if not hello.token:
                return self._answer("token_invalid", field="token") + self._end(
                    CloseCode.NOT_AUTHENTICATED, "no token"
                )
            self._hello = hello
            self.stage = _Stage.ASKING
            return [Identify(hello.token)]
        return self._begin(hello)

    def identified(self, code: str = "") -> list[Event]:
        """Go on after a token was looked up; `code` says why it is refused, where it is."""
        assert self.stage is _Stage.ASKING, "no token is being looked up"
        if code:
            close = CloseCode.NOT_ALLOWED if code == "token_unit_gone" else CloseCode.NOT_AUTHENTICATED
            return self._answer(code, field="token") + self._end(close, says(code, {}))
        self.stage = _Stage.KNOWN
        hello, self._hello = self._hello, None
        assert hello is not None, "hello brought the token"
        return self._begin(hello) + self._go_on()

    def _begin(self, hello: wire.Hello) -> list[Event]:
        if hello.protocol is None:
            return []
        if hello.protocol != PROTOCOL:
            return self._answer("protocol_unsupported", field="protocol", supported=[PROTOCOL])
        if not (0 < len(hello.source) <= SOURCE_CHARS_MAX and hello.source.isprintable()):
            return self._answer("source_invalid", field="source")
        self.stage = _Stage.OPENING
        self.source = hello.source
        return [Open(hello.source, hello.epoch, hello.lateness_s, hello.via)]

    def opened(self, epoch: int, stored_seq: int, credit_bytes: int, server_ts: int) -> list[Event]:
        """Go on after the source's epoch is known; `server_ts` wall time in epoch ms."""
        assert self.stage is _Stage.OPENING, "no source is being opened"
        self.stage = _Stage.FULL
        self.epoch, self.stored_seq, self.expected = epoch, stored_seq, stored_seq + 1
        welcome = {
            "type": "welcome",
            "protocol": PROTOCOL,
            "source": self.source,
            "epoch": epoch,
            "stored_seq": stored_seq,
            "credit_bytes": credit_bytes,
            "limits": {
                "frame_bytes_max": self.limits.frame_bytes_max,
                "batch_readings_max": self.limits.batch_readings_max,
                "nesting_max": self.limits.nesting_max,
                "series_per_source": self.limits.series_per_source,
            },
            "server_ts": server_ts,
        }
        return [Send(welcome), *self._go_on()]

    def refused(self, code: str, field: str = "epoch", **params: Any) -> list[Event]:
        """Answer a hello that is not accepted for its `field`; another hello may follow."""
        assert self.stage is _Stage.OPENING, "no source is being opened"
        self.stage = _Stage.KNOWN
        return [*self._answer(code, field=field, **params), *self._go_on()]

    def _on_batch(self, batch: wire.Batch, size: int) -> list[Event]:
        if batch.seq == self.expected:
            self.expected += 1
            self._owe(batch.seq, size)
            return [Admit(batch, size)]
        if batch.seq > self.expected:
            return self.out_of_turn(batch.seq)
        # Between stored and expected it is on its way, and its answer too.
        return [Repeat(batch.seq)] if batch.seq <= self.stored_seq else []

    def _on_gap(self, gap: wire.Gap) -> list[Event]:
        if gap.from_seq > self.expected:
            return self.out_of_turn(gap.from_seq)
        if gap.to_seq < self.expected:
            return [Repeat(gap.to_seq)] if gap.to_seq <= self.stored_seq else []
        from_seq, self.expected = self.expected, gap.to_seq + 1
        self._owe(gap.to_seq, 0)
        return [GapTold(from_seq, gap.to_seq, gap.reason[: self.limits.note_chars])]

    def _on_casual(self, readings: list[wire.Casual], size: int, frames: int = 1) -> list[Event]:
        if self.stage is _Stage.FULL:
            return self.fault(WireError("form_mixed", "type"))
        self.stage = _Stage.CASUAL
        self.frames += frames
        self.pending_bytes += size
        return [Told(readings, self.frames, size, frames)]

    def _on_heard(self, message: wire.RecoveringTold | wire.PressTold) -> list[Event]:
        if len(message.note) > self.limits.note_chars:
            act = str(message.__struct_config__.tag)
            return self._answer("note_too_long", field="note", act=act, limit=self.limits.note_chars)
        return [Heard(message)]

    def _owe(self, seq: int, size: int) -> None:
        self._sizes.append((seq, size))
        self.pending_bytes += size

    # -- what comes of it
    # --------------------------------------------------------------------------------------------------------

    def stored(
        self, upto: int, refusals: Sequence[tuple[int, Sequence[Refusal]]], credit_bytes: int
    ) -> list[Send]:
        """Answer that everything up to `upto` is durable, with the refusals by seq; one cumulative ack."""
        while self._sizes and self._sizes[0][0] <= upto:
            self.pending_bytes -= self._sizes.popleft()[1]
        self.stored_seq = max(self.stored_seq, upto)
        return [
            *(refused_message(seq, some) for seq, some in refusals if some),
            self.credit(credit_bytes, upto),
        ]

    def repeated(self, seq: int, refusals: Sequence[Refusal], credit_bytes: int) -> list[Send]:
        """Answer a batch sent again as it was answered then."""
        return [*([refused_message(seq, refusals)] if refusals else []), self.credit(credit_bytes, seq)]

    def credit(self, credit_bytes: int, seq: int | None = None) -> Send:
        """Tell how many bytes may be on their way unacknowledged."""
        return Send(
            {
                "type": "ack",
                "seq": self.stored_seq if seq is None else seq,
                "stored_seq": self.stored_seq,
                "credit_bytes": credit_bytes,
            }
        )

    def casual_stored(
        self, frames: int, size: int, readings: int, refusals: Sequence[tuple[int, Refusal]]
    ) -> None:
        """Note that all frames up to number `frames` are durable, with (frame.

        Refusal) of what was refused of them.
        """
        self.pending_bytes -= size
        self._acked_frames = max(self._acked_frames, frames)
        self._stored += readings
        self._refused += len(refusals)
        self._untold.extend(refusals[: max(0, REFUSALS_TOLD_MAX - len(self._untold))])

    def casual_ack(self) -> Send:
        """Answer what is durable since the connection opened.

        With what was refused since the last answer (at most 100).
        """
        ack: dict[str, Any] = {"type": "ack", "frames": self._acked_frames, "stored": self._stored}
        if self._refused:
            ack["refused"] = self._refused
        if self._untold:
            ack["refusals"] = [{"frame": frame, **refusal_fields(one)} for frame, one in self._untold]
            self._untold = []
        return Send(ack)

    def fault(self, error: WireError) -> list[Event]:
        """Answer a malformed frame; the last one allowed ends the connection."""
        self.malformed += 1
        events: list[Event] = [Send(error_message(error))]
        if self.malformed >= self.limits.malformed_frames_max:
            self._held.clear()
            events += self._end(CloseCode.MALFORMED, f"{self.malformed} malformed frames")
        return events

    def take_back(self, batch: wire.Batch, error: WireError) -> list[Event]:
        """Answer a batch whose names do not fit its values: it was not taken, its seq is still expected.

        Nor are those taken that came behind it in one frame; see `overtakes`.
        """
        while self._sizes and self._sizes[-1][0] >= batch.seq:
            self.pending_bytes -= self._sizes.pop()[1]
        self.expected = batch.seq
        return self.fault(error)

    def overtakes(self, seq: int) -> bool:
        """Say whether a batch or gap up to `seq` was read behind one that was taken back since."""
        return seq >= self.expected

    def out_of_turn(self, seq: int) -> list[Event]:
        """Answer what came before its turn: nothing of it is taken."""
        return [Send({"type": "seq_gap", "expected": self.expected, "seq": seq})]

    def _answer(self, code: str, *, field: str = "", **params: Any) -> list[Event]:
        return [Send(answer(code, field=field, **params))]

    def _end(self, code: CloseCode, reason: str) -> list[Event]:
        self.stage = _Stage.ENDED
        self._held.clear()
        return [Close(int(code), reason[:120])]
