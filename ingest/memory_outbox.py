"""An outbox in memory: it lives as long as its process."""

from __future__ import annotations

from collections import OrderedDict
from itertools import islice
from pathlib import Path

from ingest.batches import Bounds, cut


class MemoryOutbox:
    """An outbox that lives as long as its process."""

    def __init__(self, cap_bytes: int) -> None:
        """Keep at most `cap_bytes` of bodies."""
        self.path: Path | None = None
        self.epoch = 0
        self.last_seq = 0
        self.size_bytes = self.readings = 0
        self.dropped = self.dropped_readings = 0
        self.declared = b""
        self.cap_bytes = cap_bytes
        self._let_go = 0
        self._bodies: OrderedDict[int, tuple[bytes, int]] = OrderedDict()

    def put(self, body: bytes, readings: int = 1) -> int:
        """Keep a batch."""
        self.last_seq += 1
        self._bodies[self.last_seq] = (body, readings)
        self.size_bytes += len(body)
        self.readings += readings
        while self.size_bytes > self.cap_bytes and len(self._bodies) > 1:
            self.dropped += 1
            self.dropped_readings += self._forget_oldest()
        return self.last_seq

    def declare(self, body: bytes) -> None:
        """Keep what was declared."""
        self.declared = body

    def after(self, seq: int, limit: int) -> list[tuple[int, bytes]]:
        """Give the next batches."""
        if not self._bodies:
            return []
        # Numbers are dense from the oldest on, so the place follows from the number.
        skip = max(0, seq + 1 - next(iter(self._bodies)))
        return [(number, body) for number, (body, _) in islice(self._bodies.items(), skip, skip + limit)]

    def readings_at(self, seq: int) -> int:
        """Give with how many readings a batch was put."""
        return self._bodies[seq][1]

    def recut(self, bounds: Bounds) -> None:
        """Cut what is larger than `bounds`."""
        bodies = self._bodies
        if all(bounds.fits(body, readings) for body, readings in bodies.values()):
            return
        first = next(iter(bodies))
        parts = [part for body, readings in bodies.values() for part in cut(body, readings, bounds)]
        self._bodies = OrderedDict(enumerate(parts, first))
        self.last_seq = first + len(parts) - 1
        self.size_bytes = sum(len(body) for body, _ in parts)

    def let_go(self, seq: int) -> None:
        """Forget what is stored."""
        self._let_go = max(self._let_go, seq)
        while self._bodies and next(iter(self._bodies)) <= seq:
            self._forget_oldest()

    def _forget_oldest(self) -> int:
        """Give the readings it held."""
        _, (body, readings) = self._bodies.popitem(last=False)
        self.size_bytes -= len(body)
        self.readings -= readings
        return readings

    def begin(self, epoch: int, stored_seq: int, *, anew: bool = False) -> None:
        """Take the epoch."""
        if anew:
            bodies = list(self._bodies.values())
            hole = self.last_seq - len(bodies) - self._let_go
            self._bodies = OrderedDict(enumerate(bodies, stored_seq + 1 + hole))
            self.last_seq = stored_seq + hole + len(bodies)
            self._let_go = stored_seq
        else:
            self.last_seq = max(self.last_seq, stored_seq)
            self.let_go(stored_seq)
        self.epoch = epoch

    def __len__(self) -> int:
        return len(self._bodies)

    def close(self) -> None:
        """Nothing to do."""
