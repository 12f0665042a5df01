"""Fuzzed frames for the decoder: valid ones, broken where a parser is likely to trip.

The structure is kept often enough that the damage gets past the first check: numbers become nasty numbers,
lengths lie, nesting deepens, two frames are spliced, keys are doubled, UTF-8 is cut.
"""

from __future__ import annotations

import random
import re
import resource
import time
import tracemalloc
from typing import Any, Final

import msgspec

from ingest import session, wire
from ingest.codes import WireError
from opsroom.settings import Limits

LIMITS: Final = Limits()
ALLOWED_BYTES: Final = 4 * LIMITS.frame_bytes_max
TRACED: Final = 5_000
"""The first frames are traced; tracing itself takes memory, so growth is measured over the others."""
_NUMBER: Final = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
_NASTY: Final = (
    "NaN",
    "-Infinity",
    "1e400",
    "-1e400",
    "9007199254740993",
    "18446744073709551616",
    "-0",
    "1e-400",
    "00",
    "1.",
    "0x10",
    "null",
    "true",
    '""',
    "[]",
    "{}",
    "-",
    "9" * 400,
    "1" + "0" * 308,
    "5e-324",
)
_TOKENS: Final = (
    '"',
    "\\",
    "\\u0000",
    "\\ud800",
    "[",
    "]",
    "{",
    "}",
    ",",
    ":",
    "\n",
    "\ufeff",
    "\x00",
    "é",
    "😀",
    "[" * 40,
    '{"a":' * 20,
    '"type":"batch",',
    '"seq":1,',
    '"v":[1],',
    '"t":[],',
    '"s":"a",',
    '"q":300,',
    " ",
    "\t",
    "/*",
)
# Headers of MessagePack that promise what does not follow: strings, arrays, maps, bytes of 2^32 - 1.
_LIARS: Final = (
    b"\xdb\xff\xff\xff\xff",
    b"\xdd\xff\xff\xff\xff",
    b"\xdf\xff\xff\xff\xff",
    b"\xc6\xff\xff\xff\xff",
    b"\xc9\xff\xff\xff\xff\x01",
    b"\xdc\xff\xff",
    b"\xcb\x7f\xf8\x00\x00\x00\x00\x00\x00",
    b"\xcf" + b"\xff" * 8,
    b"\xd3\x80" + b"\x00" * 7,
    b"\xc1",
    b"\xa4type",
    b"\x9f" * 40,
    b"\x81\xa1a" * 40,
    b"\xd6\xff\x00\x00\x00\x00",
)


def corpus() -> list[Any]:
    """Give one message of every kind, with what a frame may hold."""
    return [
        {"type": "hello", "protocol": 1, "source": "mill-1", "epoch": 17, "token": "secret", "lateness_s": 0},
        {"type": "declare", "series": [{"id": 1, "name": "output", "unit": "t/h", "period_s": 60}]},
        {
            "type": "batch",
            "seq": 7,
            "t": 1_700_000_000_000,
            "s": ["a", "b/c", 3],
            "v": [3.2, None, -1e9],
            "q": [192, 0, 64],
        },
        {"type": "batch", "seq": 8, "s": "a", "t": [1, 2, 3], "v": [1, 2.5, 3], "historical": True},
        {"type": "gap", "from_seq": 9, "to_seq": 12, "reason": "outbox_overflow"},
        {"type": "press", "indicator": "output", "note": "by hand ü"},
        {"type": "recovering", "alert": "1-2", "note": "crew", "until": 1_700_000_000_000},
        {"type": "bye"},
        {"series": "output", "value": 3.2, "ts": "2026-11-26T00:00:00Z", "unit": "t/h", "q": 192},
        [{"series": "a", "value": 1}, {"series": "b", "value": None, "q": 0}],
    ]


class Fuzzer:
    """Gives one broken frame after the other; equal seeds give equal frames."""

    def __init__(self, seed: int) -> None:
        """Start with the valid frames."""
        self.chance = random.Random(seed)
        messages = corpus()
        self.texts = [msgspec.json.encode(one).decode() for one in messages]
        self.texts.append("\n".join(self.texts[-2:]))
        self.binaries = [msgspec.msgpack.encode(one) for one in messages]
        raw = {"type": "batch", "seq": 1, "t": bytes(16), "s": [1, 2], "v": bytes(16), "q": b"\xc0\xc0"}
        self.binaries.append(msgspec.msgpack.encode(raw))

    def frame(self) -> str | bytes:
        """Give the next frame."""
        if self.chance.random() < 0.5:
            text = self.chance.choice(self.texts)
            for _ in range(self.chance.randint(1, 3)):
                text = self._text(text)
            return text
        frame = self.chance.choice(self.binaries)
        for _ in range(self.chance.randint(1, 3)):
            frame = self._binary(frame)
        return frame

    def _text(self, text: str) -> str:
        chance = self.chance
        at = chance.randrange(len(text) + 1)
        match chance.randrange(7):
            case 0:
                numbers = list(_NUMBER.finditer(text))
                if not numbers:
                    return text
                one = chance.choice(numbers)
                return text[: one.start()] + chance.choice(_NASTY) + text[one.end() :]
            case 1:
                return text[:at] + chance.choice(_TOKENS) + text[at:]
            case 2:
                return text[:at]
            case 3:
                return text[:at] + text[at + chance.randint(1, 8) :]
            case 4:
                other = chance.choice(self.texts)
                return text[:at] + other[chance.randrange(len(other)) :]
            case 5:
                end = min(len(text), at + chance.randint(1, 30))
                return text[:end] + text[at:end] * chance.randint(1, 5) + text[end:]
            case _:
                return text[:at] + chr(chance.randrange(1, 0xD7FF)) + text[at + 1 :]

    def _binary(self, frame: bytes) -> bytes:
        chance = self.chance
        at = chance.randrange(len(frame) + 1)
        match chance.randrange(6):
            case 0:
                return frame[:at] + bytes([chance.randrange(256)]) + frame[at + 1 :]
            case 1:
                return frame[:at] + chance.choice(_LIARS) + frame[at:]
            case 2:
                return frame[:at] + chance.choice(_LIARS) + frame[at + 5 :]
            case 3:
                return frame[:at]
            case 4:
                other = chance.choice(self.binaries)
                return frame[:at] + other[chance.randrange(len(other)) :]
            case _:
                end = min(len(frame), at + chance.randint(1, 30))
                return frame[:end] + frame[at:end] * chance.randint(1, 5) + frame[end:]


def read(frame: str | bytes) -> tuple[int, int]:
    """Decode a frame as the session does; give how many items were good and how many were errors."""
    good = bad = 0
    for item in wire.decode(frame, nesting_max=LIMITS.nesting_max, readings_max=LIMITS.batch_readings_max):
        if isinstance(item, WireError):
            bad += 1
            continue
        if isinstance(item, wire.Batch):
            try:
                wire.names(item)
            except WireError:
                bad += 1
                continue
        good += 1
    return good, bad


def fuzz(frames: int, *, seed: int) -> dict[str, Any]:
    """Decode `frames` fuzzed frames; any exception passes through. Gives the figures."""
    fuzzer = Fuzzer(seed)
    good = bad = longest = 0
    traced_peak = 0
    resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begun = time.monotonic()
    for number in range(frames):
        frame = fuzzer.frame()
        longest = max(longest, len(frame))
        if number == TRACED:
            resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        if number < TRACED:
            tracemalloc.start()
            found = read(frame)
            traced_peak = max(traced_peak, tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
        else:
            found = read(frame)
        good += found[0]
        bad += found[1]
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - resident) << 10
    return {
        "seed": seed,
        "frames": frames,
        "items_good": good,
        "items_refused": bad,
        "longest_frame_bytes": longest,
        "largest_allocation_bytes": traced_peak,
        "resident_growth_bytes": grown,
        "seconds": round(time.monotonic() - begun, 1),
    }


def conversations(count: int, *, seed: int) -> int:
    """Put fuzzed frames into whole sessions, known and stranger; give how many ended with a close code."""
    fuzzer = Fuzzer(seed)
    closed = 0
    for number in range(count):
        one = session.Session(LIMITS, known=number % 2 == 0)
        for _ in range(20):
            for event in one.receive(fuzzer.frame()):
                closed += isinstance(event, session.Close)
    return closed


def densest() -> int:
    """Give the bytes that the densest frame of the longest length allocates: only zeros and commas."""
    values = "0," * ((LIMITS.frame_bytes_max - 200) // 2)
    frame = f'{{"type":"batch","seq":1,"t":1,"s":"a","v":[{values}0]}}'
    tracemalloc.start()
    read(frame)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak
