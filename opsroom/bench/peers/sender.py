"""The process that writes to a peer over HTTP: requests made beforehand, one open on each connection."""

from __future__ import annotations

import asyncio
import pickle
import sys
import time
from typing import TYPE_CHECKING, NamedTuple, cast

if TYPE_CHECKING:
    from collections.abc import Iterator

HEAD_END = b"\r\n\r\n"
LENGTH = b"content-length:"


class Task(NamedTuple):
    """What to send: raw requests, shared out over connections in order."""

    port: int
    requests: list[list[bytes]]


class Sent(NamedTuple):
    """How long from the first request to the last answer, and what was not answered with a 2xx."""

    seconds: float
    refused: int


class _Connection(asyncio.Protocol):
    """Sends the next request when the one before was answered."""

    def __init__(self, requests: list[bytes], done: asyncio.Future[None]) -> None:
        self._requests: Iterator[bytes] = iter(requests)
        self._done = done
        self._held = b""
        self.refused = 0
        self.first_refusal = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is of a class of its own

    def go(self) -> None:
        """Send the next request, or be done."""
        request = next(self._requests, None)
        assert self._transport is not None
        if request is None:
            self._transport.close()
            if not self._done.done():
                self._done.set_result(None)
        else:
            self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._held += data
        head, end, body = self._held.partition(HEAD_END)
        if not end or len(body) < _length(head):
            return
        if not head.startswith(b"HTTP/1.1 2"):
            self.refused += 1
            self.first_refusal = self.first_refusal or self._held[:500]
        self._held = b""
        self.go()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._done.done():
            self._done.set_exception(exc or ConnectionResetError("the server closed the connection"))


def _length(head: bytes) -> int:
    """Give the length of the body that a head announces, 0 where it announces none."""
    lowered = head.lower()
    at = lowered.find(LENGTH)
    return int(lowered[at + len(LENGTH) :].split(b"\r\n", 1)[0]) if at >= 0 else 0


async def send(task: Task) -> Sent:
    """Send all and wait for every answer.

    Raises:
        OSError: a connection broke.
        ValueError: a request was refused; says what came back.
    """
    loop = asyncio.get_running_loop()
    made = []
    for requests in task.requests:
        done: asyncio.Future[None] = loop.create_future()
        _, connection = await loop.create_connection(
            lambda requests=requests, done=done: _Connection(requests, done),  # type: ignore[misc]
            "127.0.0.1",
            task.port,
        )
        made.append((connection, done))
    started = time.perf_counter()
    for connection, _ in made:
        connection.go()
    await asyncio.gather(*(done for _, done in made))
    seconds = time.perf_counter() - started
    await asyncio.sleep(0)  # let the transports close
    for connection, _ in made:
        if connection.refused:
            raise ValueError(connection.first_refusal.decode(errors="replace"))
    return Sent(seconds, sum(connection.refused for connection, _ in made))


def request(path: str, headers: dict[str, str], body: bytes) -> bytes:
    """Give a whole HTTP/1.1 POST."""
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{head}Content-Length: {len(body)}\r\n\r\n".encode()
        + body
    )


def main() -> None:
    """Read a pickled `Task` from standard input, send it, and print the seconds."""
    import uvloop

    task = pickle.load(sys.stdin.buffer)  # noqa: S301 - from our own parent process
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print(runner.run(send(task)).seconds)


if __name__ == "__main__":
    main()
