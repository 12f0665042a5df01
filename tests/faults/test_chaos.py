"""The bad network does what it says, byte by byte: a fault test on a proxy that is idle proves nothing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import pytest

from tests.faults.chaos import Chaos, Frames, Weather, chaos

Script = Callable[[Chaos, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def through(script: Script, weather: Weather | None = None) -> Chaos:
    """Run `script` on a connection through a proxy to a server that sends everything back."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while piece := await reader.read(1 << 16):
                writer.write(piece)
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()

    async def whole() -> Chaos:
        server = await asyncio.start_server(echo, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with chaos(port, weather=weather) as proxy:
            reader, writer = await asyncio.open_connection("127.0.0.1", proxy.listens_on)
            await script(proxy, reader, writer)
            writer.close()
        server.close()
        return proxy

    return asyncio.run(whole())


async def there_and_back(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, sent: bytes) -> float:
    begun = time.monotonic()
    writer.write(sent)
    assert await asyncio.wait_for(reader.readexactly(len(sent)), 10) == sent
    return time.monotonic() - begun


def test_in_good_weather_every_byte_passes() -> None:
    async def script(_: Chaos, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert await there_and_back(reader, writer, bytes(range(256)) * 1000) < 5

    proxy = through(script)
    assert proxy.counts.carried_bytes == 2 * 256_000


def test_latency_and_jitter_are_added_each_way() -> None:
    async def script(_: Chaos, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert 0.1 <= await there_and_back(reader, writer, b"x") < 2

    through(script, Weather(latency_s=0.05, jitter_s=0.01))


def test_a_narrow_line_takes_its_time() -> None:
    async def script(_: Chaos, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert 0.25 <= await there_and_back(reader, writer, bytes(20_000)) < 5

    through(script, Weather(bytes_per_s=100_000))


def test_a_stall_holds_what_follows_and_loses_nothing() -> None:
    async def script(_: Chaos, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert 0.2 <= await there_and_back(reader, writer, b"xy") < 5

    assert through(script, Weather(stall_s=0.1, stall_chance=1.0)).counts.stalls == 2


def test_a_dark_line_carries_nothing_and_closes_nothing() -> None:
    async def script(proxy: Chaos, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await there_and_back(reader, writer, b"before")
        proxy.go_dark()
        writer.write(b"meanwhile")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(1), 0.3)
        assert not reader.at_eof()
        proxy.come_back()
        assert await asyncio.wait_for(reader.readexactly(9), 5) == b"meanwhile"

    through(script)


def test_a_reset_is_a_reset_and_no_end_of_file() -> None:
    async def script(proxy: Chaos, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await there_and_back(reader, writer, b"before")
        proxy.reset_all()
        with pytest.raises(ConnectionResetError):
            await asyncio.wait_for(reader.read(1), 5)

    assert through(script).counts.resets == 1


def test_corruption_flips_one_bit_of_a_piece() -> None:
    async def script(_: Chaos, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(bytes(100))
        back = await asyncio.wait_for(reader.readexactly(100), 5)
        assert sum(byte.bit_count() for byte in back) in {0, 2}  # one each way, or the same one twice

    assert through(script, Weather(corrupt_chance=1.0)).counts.flips == 2


def frame(text: bytes, *, opcode: int = 1) -> bytes:
    """Give a frame of a client, masked with zeros."""
    size = len(text)
    head = bytes([0x80 | size]) if size < 126 else b"\xfe" + size.to_bytes(2, "big")
    return bytes([0x80 | opcode]) + head + bytes(4) + text


def test_frames_are_found_however_the_bytes_are_cut() -> None:
    stream = b"GET / HTTP/1.1\r\n\r\n" + frame(b"one") + frame(b"x" * 300) + frame(b"", opcode=9)
    for cut in range(1, len(stream)):
        frames = Frames()
        found = frames.take(stream[:cut]) + frames.take(stream[cut:])
        assert [len(one) for one in found] == [18, 9, 308, 6]


def test_neighbouring_frames_change_places_and_control_frames_do_not() -> None:
    head = b"GET / HTTP/1.1\r\n\r\n"
    ping, one, two = frame(b"", opcode=9), frame(b"one"), frame(b"two")

    async def script(_: Chaos, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(head + ping + one + two)
        back = await asyncio.wait_for(reader.readexactly(len(head + ping + one + two)), 5)
        # Swapped on the way there, and swapped once more on the way back.
        assert back == head + ping + one + two

    assert through(script, Weather(reorder_chance=1.0)).counts.swaps == 2
