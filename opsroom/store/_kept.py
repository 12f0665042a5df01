"""Decoded blocks that were read lately, up to so many bytes: a chart is asked for again and again."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable

from opsroom.store._blocks import Block

Key = tuple[int, int]
"""Segment and number of a block."""


class Kept:
    """The blocks used last, for many threads. They are shared: nobody writes into one."""

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self._bytes = 0
        self._blocks: OrderedDict[Key, Block] = OrderedDict()
        self._lock = threading.Lock()

    def found(self, keys: Iterable[Key]) -> dict[int, Block]:
        """Give those that are here, by number."""
        with self._lock:
            here = [key for key in keys if key in self._blocks]
            for key in here:
                self._blocks.move_to_end(key)
            return {key[1]: self._blocks[key] for key in here}

    def put(self, key: Key, block: Block) -> None:
        """Keep a block, and let those go that were used longest ago."""
        with self._lock:
            if key in self._blocks:
                return
            self._blocks[key] = block
            self._bytes += block.nbytes
            while self._bytes > self._most:
                self._bytes -= self._blocks.popitem(last=False)[1].nbytes

    def forget(self, segments: Iterable[int]) -> None:
        """Let the blocks of segments go."""
        gone = set(segments)
        with self._lock:
            for key in [key for key in self._blocks if key[0] in gone]:
                self._bytes -= self._blocks.pop(key).nbytes
