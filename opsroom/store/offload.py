"""Blocking calls of the store away from the loop: one thread writes, one cuts chunks, a few read.

And an inline twin.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, Protocol, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class Offload(Protocol):
    """Where store calls run. Callers wait, so no more piles up than there are callers."""

    async def write(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `fn` after every earlier write; errors come through."""
        ...

    async def compact(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `fn` after every earlier compaction, beside writes: it works for long and writes briefly."""
        ...

    async def read(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `fn` beside writes and other reads."""
        ...

    def close(self) -> None:
        """Wait for what runs, then let the threads go."""
        ...


class ThreadOffload:
    """One writer thread, one that compacts, `readers` reader threads; made with the first call.

    An alert's commit waits for the one before it, not for a second of compressing.
    """

    def __init__(self, readers: int = 2) -> None:
        self._writer = ThreadPoolExecutor(1, "store-write")
        self._compactor = ThreadPoolExecutor(1, "store-compact")
        self._readers = ThreadPoolExecutor(readers, "store-read")

    async def write(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `fn` in the writer thread."""
        return await asyncio.get_running_loop().run_in_executor(self._writer, lambda: fn(*args, **kwargs))

    async def compact(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `fn` in the compactor's thread."""
        return await asyncio.get_running_loop().run_in_executor(self._compactor, lambda: fn(*args, **kwargs))

    async def read(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `fn` in a reader thread."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, lambda: fn(*args, **kwargs))

    def close(self) -> None:
        """Wait and end the threads."""
        self._compactor.shutdown()
        self._writer.shutdown()
        self._readers.shutdown()


class InlineOffload:
    """Runs every call at once in the caller's thread: simulation and tests stay in one order."""

    async def write(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `fn` now."""
        return fn(*args, **kwargs)

    async def compact(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `fn` now."""
        return fn(*args, **kwargs)

    async def read(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `fn` now."""
        return fn(*args, **kwargs)

    def close(self) -> None:
        """Nothing to let go."""
