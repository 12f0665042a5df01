"""What a broker is told to forget: a message of QoS 1 not before the outbox has it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import aiomqtt
import pytest

from ingest.bridge import Bridge, Told
from ingest.connectors import mqtt
from ingest.connectors._rows import Instant
from ingest.connectors._topics import Topic
from tests.conformance.peers.mqtt import Peer

CONNACK, SUBACK, PUBACK, PUBREL, PUBCOMP = 0x20, 0x90, 0x40, 0x62, 0x70


class Kept:
    """A sink that takes nothing while it is `shut`."""

    def __init__(self) -> None:
        self.instants: list[Instant] = []
        self.asked = 0
        self.open = asyncio.Event()
        self.open.set()

    async def take(self, instants: Sequence[Instant]) -> int:
        self.asked += 1
        await self.open.wait()
        return self.keep(instants)

    def keep(self, instants: Sequence[Instant]) -> int:
        self.instants += instants
        return len(self.instants)

    def stored(self) -> int:
        return len(self.instants)

    def values(self) -> list[float | None]:
        return [value for one in self.instants for value in one.values]


def broker(port: int, *, qos: int = 1, session_s: int = 3_600) -> list[mqtt.Broker]:
    topic = Topic(filter="mill/+", series="{1}", qos=qos)  # type: ignore[arg-type]
    settings = mqtt.Settings(port=port, client_id="opsroom", session_s=session_s, topic=[topic])
    return mqtt.sources(settings, Path())


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not holds():  # noqa: ASYNC110 - another program's words
            await asyncio.sleep(0.01)


@asynccontextmanager
async def running(sink: Kept, sources: Sequence[mqtt.Broker]) -> AsyncIterator[tuple[Bridge, list[Told]]]:
    """Run a connector; at the end it is cut off without handing anything over."""
    told: list[Told] = []
    bridge = Bridge(sink, told=told.append, seed=1)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(bridge.run(sources))
        try:
            await until(lambda: bridge.counts["connected"] > 0)
            yield bridge, told
        finally:
            task.cancel()


def play(folder: Path, script: Callable[[Peer], Awaitable[None]]) -> None:
    if Peer.why_not():
        pytest.skip(Peer.why_not())

    async def whole() -> None:
        peer = Peer(folder)
        await peer.start()
        try:
            await script(peer)
        finally:
            await peer.stop()

    asyncio.run(whole())


async def publish(port: int, values: Sequence[float], qos: int = 1) -> None:
    async with aiomqtt.Client("127.0.0.1", port) as client:
        for value in values:
            await client.publish("mill/output", str(value), qos=qos)


def test_what_no_outbox_has_comes_again(tmp_path: Path) -> None:
    async def script(peer: Peer) -> None:
        shut, then = Kept(), Kept()
        shut.open.clear()
        async with running(shut, broker(peer.port)):
            await publish(peer.port, [1.0, 2.0, 3.0])
            await until(lambda: shut.asked > 0)
            await asyncio.sleep(0.2)
        assert not shut.instants
        async with running(then, broker(peer.port)):
            await until(lambda: len(then.instants) >= 3)
        assert then.values() == [1.0, 2.0, 3.0]
        again = Kept()
        async with running(again, broker(peer.port)):
            await publish(peer.port, [4.0])
            await until(lambda: again.instants != [])
        assert again.values() == [4.0], "what an outbox has does not come again"

    play(tmp_path, script)


def test_a_message_that_cannot_be_read_holds_up_none_behind_it(tmp_path: Path) -> None:
    async def script(peer: Peer) -> None:
        kept = Kept()
        async with running(kept, broker(peer.port)) as (bridge, _):
            async with aiomqtt.Client("127.0.0.1", peer.port) as client:
                await client.publish("mill/output", "[" * 5_000, qos=1)
                await client.publish("mill/output", "1", qos=1)
            await until(lambda: 1.0 in kept.values())
            assert bridge.counts["lost"] <= 1

    play(tmp_path, script)


def test_many_are_acknowledged_faster_than_a_broker_sends(tmp_path: Path) -> None:
    async def script(peer: Peer) -> None:
        kept = Kept()
        async with running(kept, broker(peer.port)):
            await publish(peer.port, [float(n) for n in range(500)])
            await until(lambda: len(kept.values()) == 500)
        assert kept.values() == [float(n) for n in range(500)]

    play(tmp_path, script)


def test_what_is_more_than_is_taken_is_told_and_never_of_qos_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mqtt, "INCOMING_MAX", 10)

    async def script(peer: Peer) -> None:
        kept = Kept()
        kept.open.clear()
        async with running(kept, broker(peer.port)) as (_, told):
            async with aiomqtt.Client("127.0.0.1", peer.port) as client:
                many = ",".join('{"value": 0}' for _ in range(2_048))
                await client.publish("mill/many", f"[{many}]", qos=0)
                await until(lambda: kept.asked > 0)
                for n in range(30):
                    await client.publish("mill/output", f"{n}", qos=0)
                for n in range(100, 110):
                    await client.publish("mill/output", f"{n}", qos=1)
            kept.open.set()
            await until(lambda: 109.0 in kept.values())
        later = [value for value in kept.values() if value in range(100, 110)]
        assert later == [float(n) for n in range(100, 110)]
        (overrun,) = [one.text for one in told if one.code == "overrun"]
        lost = 30 - len({*kept.values()} & {*map(float, range(1, 30))}) - 1
        assert 10 <= lost <= 20
        assert f" {lost} messages" in overrun

    play(tmp_path, script)


# -- on the wire ---------------------------------------------------------------------------------------------


class Wire:
    """A broker's end of one connection, packet by packet (MQTT 3.1.1)."""

    def __init__(self) -> None:
        self.heard: list[tuple[int, bytes]] = []
        self._writer: asyncio.StreamWriter | None = None

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        while head := await reader.read(2):
            body = await reader.readexactly(head[1])
            self.heard.append((head[0], body))
            if head[0] >> 4 == 1:
                self.say(CONNACK, b"\x01\x00")
            elif head[0] >> 4 == 8:
                self.say(SUBACK, body[:2] + b"\x01")
        writer.close()

    def say(self, kind: int, body: bytes) -> None:
        assert self._writer is not None
        self._writer.write(bytes([kind, len(body)]) + body)

    def publish(self, number: int, value: float) -> None:
        topic = b"mill/output"
        text = f"{value}".encode()
        self.say(0x32, len(topic).to_bytes(2) + topic + number.to_bytes(2) + text)

    def of(self, kind: int) -> list[int]:
        return [int.from_bytes(body[:2]) for one, body in self.heard if one == kind]


def test_acknowledged_in_order_once_kept_and_a_pubrel_of_before_at_once() -> None:
    async def whole() -> None:
        wire, kept = Wire(), Kept()
        server = await asyncio.start_server(wire.serve, "127.0.0.1", 0)
        kept.open.clear()
        async with running(kept, broker(server.sockets[0].getsockname()[1])):
            for number in (7, 8, 9):
                wire.publish(number, float(number))
            wire.say(PUBREL, (5).to_bytes(2))
            await until(lambda: wire.of(PUBCOMP) == [5] and kept.asked > 0)
            await asyncio.sleep(0.2)
            assert wire.of(PUBACK) == []
            kept.open.set()
            await until(lambda: wire.of(PUBACK) == [7, 8, 9])
        assert kept.values() == [7.0, 8.0, 9.0]
        server.close()

    asyncio.run(whole())
