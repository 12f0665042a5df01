"""Known keys as bytes, for the kernels: an open table whose entries are compared byte by byte."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ingest.doors import kernel

SLOTS: Final = 1 << 12
ARENA_BYTES: Final = 1 << 16
FULL: Final = 0.5

Arrays = tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int32], NDArray[np.uint8]]


class Table:
    """Bytes to rows. `arrays` is what a kernel takes, until the next `learn`."""

    def __init__(self) -> None:
        """Start empty."""
        self._count = 0
        self._used = 0
        self.arrays: Arrays = (
            np.full(SLOTS, -1, np.int32),
            np.zeros((SLOTS, 2), np.int64),
            np.zeros(SLOTS, np.int32),
            np.zeros(ARENA_BYTES, np.uint8),
        )

    def learn(self, key: bytes, row: int) -> None:
        """Keep a key that is not there yet."""
        slots, entries, rows, arena = self.arrays
        if self._count + 1 > FULL * len(slots):
            slots = np.full(2 * len(slots), -1, np.int32)
            entries = np.concatenate((entries, np.zeros_like(entries)))
            rows = np.concatenate((rows, np.zeros_like(rows)))
            self.arrays = (slots, entries, rows, arena)
            for entry in range(self._count):
                kernel.insert(self.arrays, entry)
        if self._used + len(key) > len(arena):
            more: NDArray[Any] = np.zeros(max(len(arena), len(key)), np.uint8)
            arena = np.concatenate((arena, more))
            self.arrays = (slots, entries, rows, arena)
        arena[self._used : self._used + len(key)] = np.frombuffer(key, np.uint8)
        entries[self._count] = (self._used, len(key))
        rows[self._count] = row
        kernel.insert(self.arrays, self._count)
        self._count += 1
        self._used += len(key)


def compile_kernels() -> None:
    """Compile the kernels, or read them from their cache; seconds the first time."""
    table = Table()
    table.learn(b"m v", 0)
    body = np.frombuffer(b"m v=1 1", np.uint8)
    rows, t, lines = (np.zeros(4, kind) for kind in (np.int32, np.int64, np.int32))
    left, hard = np.zeros((4, 3), np.int64), np.zeros((4, 3), np.int64)
    kernel.scan_lines(body, 0, len(body), 1, table.arrays, (rows, t, np.zeros(4), lines), hard, left)
    kernel.scan_series(body, 0, 1, table.arrays, (rows, t, np.zeros(4, np.uint64), lines), left)
