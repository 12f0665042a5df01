"""Bodies of requests, bounded: packed ones are unpacked no further than they may be long."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterable, Iterator
from contextlib import contextmanager
from typing import Final

from ingest.codes import DoorError

GZIP: Final = 31
"""zlib's window bits for a gzip header and checksum (RFC 1952)."""
GZIP_MEMBERS_MAX: Final = 1_000
"""Senders write one; some that append to a file write one a line. Each costs, however little it holds."""
GZIP_BITE: Final = 64 << 10
BUSY_S: Final = 2


class Budget:
    """Bytes of requests that are being worked on, all doors together."""

    def __init__(self, most: int) -> None:
        """Allow `most` bytes."""
        self._most = most
        self._used = 0

    @contextmanager
    def held(self) -> Iterator[Share]:
        """Give a share to grow with a body; it is given back at the end."""
        share = Share(self)
        try:
            yield share
        finally:
            self._used -= share.size

    def take(self, size: int) -> None:
        """Take some.

        Raises:
            DoorError: `door_busy`.
        """
        if self._used + size > self._most:
            raise DoorError("door_busy", 503, wait_s=BUSY_S)
        self._used += size


class Share:
    """What one request holds of the budget."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self.size = 0

    def grow(self, size: int) -> None:
        """Hold `size` bytes more; raises as `Budget.take`."""
        self._budget.take(size)
        self.size += size


async def read_body(stream: AsyncIterable[bytes], most: int, share: Share) -> bytes:
    """Read a body of `most` bytes at most.

    Raises:
        DoorError: `body_too_large`, `door_busy`.
    """
    body = bytearray()
    async for chunk in stream:
        if len(body) + len(chunk) > most:
            raise too_large(most)
        share.grow(len(chunk))
        body += chunk
    return bytes(body)


def unpacked(body: bytes, encoding: str, most: int, share: Share) -> bytes:
    """Undo a Content-Encoding: gzip or none.

    Raises:
        DoorError: `encoding_unknown`, `gzip_invalid`, `body_too_large`, `door_busy`.
    """
    if encoding in {"", "identity"}:
        return body
    if encoding not in {"gzip", "x-gzip"}:
        raise DoorError("encoding_unknown", 415, encoding=encoding[:40])
    out, rest, members = bytearray(), memoryview(body), 0
    try:
        while rest:
            members += 1
            if members > GZIP_MEMBERS_MAX:
                raise DoorError("gzip_invalid")
            member = zlib.decompressobj(GZIP)
            while not member.eof:
                bite = rest[:GZIP_BITE]
                if not bite:
                    raise DoorError("gzip_invalid")
                piece = member.decompress(bite, most + 1 - len(out))
                if len(out) + len(piece) > most:
                    raise too_large(most)
                share.grow(len(piece))
                out += piece
                rest = rest[len(bite) - len(member.unused_data) :]
    except zlib.error as error:
        raise DoorError("gzip_invalid") from error
    return bytes(out)


def too_large(most: int) -> DoorError:
    """Make the error for a body that is too long."""
    return DoorError("body_too_large", 413, limit=most)
