"""A bad network before the room: what is sent arrives once, and a peer that is gone is found."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import websockets

from ingest.link import Link
from opsroom.clock import wall_now
from tests.assembled.town import GOOD, Town, person, town
from tests.faults.chaos import Chaos, Counts, Weather, chaos
from tests.faults.oracle import left_by
from tests.faults.server import Nursery

pytestmark = [pytest.mark.xdist_group("faults"), pytest.mark.timeout(240)]

PING_S = 0.5
READINGS = 400


@pytest.fixture(scope="module")
def room(nursery: Nursery, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """A room whose pings are ten times as frequent, so that a silent peer is found in two seconds."""
    with town(tmp_path_factory.mktemp("network"), nursery, limits={"ping_s": PING_S}) as server:
        yield server


async def sent_through(proxy: Chaos, server: Town, source: str, name: str) -> dict[int, float]:
    """Send single readings with the product's own client; give them by event time, us."""
    sent: dict[int, float] = {}
    first = wall_now() // 1000 - 60_000
    url = f"{proxy.url}/api/v1/ingest"
    async with Link(url, source, server.token, lateness_s=5.0, seed=1) as link:
        for number in range(READINGS):
            at = (first + number) * 1000
            sent[at] = GOOD + number % 10
            await link.send(name, at, sent[at])
            await asyncio.sleep(0.002)
        async with asyncio.timeout(60):
            await link.flush()
    return sent


WEATHER = {
    "late": Weather(latency_s=0.01, jitter_s=0.02),
    "cut": Weather(reset_chance=0.02),
    "stalled": Weather(stall_s=0.2, stall_chance=0.05),
    "swapped": Weather(reorder_chance=0.05),
}


def test_whatever_the_network_does_everything_is_stored_once(nursery: Nursery, tmp_path: Path) -> None:
    sent: dict[str, dict[int, float]] = {}
    met: dict[str, Counts] = {}

    async def one(server: Town, name: str, weather: Weather) -> None:
        async with chaos(server.port, weather=weather) as proxy:
            sent[f"energy/dam/net-{name}"] = await sent_through(
                proxy, server, f"source-{name}", f"net-{name}"
            )
            met[name] = proxy.counts

    async def story(server: Town) -> None:
        async with asyncio.TaskGroup() as group:
            for name, weather in WEATHER.items():
                group.create_task(one(server, name, weather))

    with town(tmp_path, nursery) as server:
        asyncio.run(story(server))
        server.stop()
        left = left_by(server)
    print(met)
    assert met["cut"].resets
    assert met["stalled"].stalls
    assert met["swapped"].swaps
    for name, readings in sent.items():
        assert left.readings[name] == readings, name
    assert left.doubled == 0


def test_a_peer_that_is_gone_without_a_word_is_found_and_its_silence_is_an_alert(
    nursery: Nursery, tmp_path: Path
) -> None:
    async def story(server: Town) -> tuple[float, float]:
        async with chaos(server.port) as proxy, person(server.home, "shift") as shift:
            headers = {"Authorization": f"Bearer {server.token}"}
            url = f"{proxy.url}/api/v1/ingest"
            async with websockets.connect(
                url, additional_headers=headers, compression=None, ping_interval=None, close_timeout=0.1
            ) as plant:
                series = [{"id": 1, "name": "quiet", "unit": "MW", "period_s": 0.5}]
                await plant.send(json.dumps({"type": "hello", "protocol": 1, "source": "dam-9"}))
                await plant.send(json.dumps({"type": "declare", "series": series}))
                for seq in range(1, 11):
                    at = wall_now() // 1000
                    await plant.send(
                        json.dumps({"type": "batch", "seq": seq, "s": [1], "t": at, "v": [GOOD]})
                    )
                    await asyncio.sleep(0.2)
                begun = time.monotonic()
                proxy.go_dark()
                alert = await shift.alert("quiet", kind="missing_report")
                alerted_s = time.monotonic() - begun
                assert alert["active"]
                while connections(server.port) > 1:  # the shift's own is the one that stays
                    assert time.monotonic() - begun < 8 * PING_S
                    await asyncio.sleep(0.05)
                return time.monotonic() - begun, alerted_s

    with town(tmp_path, nursery, limits={"ping_s": PING_S}) as server:
        found_s, alerted_s = asyncio.run(story(server))
    print({"ping_s": PING_S, "found_s": round(found_s, 1), "missing_report_s": round(alerted_s, 1)})


def connections(port: int) -> int:
    """Count the established connections of the server at `port` (Linux)."""
    lines = Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]
    rows = [line.split() for line in lines]
    return sum(row[1].endswith(f":{port:04X}") and row[3] == "01" for row in rows)


def test_a_header_of_a_tebibyte_is_closed_unread(room: Town) -> None:
    async def story() -> int:
        headers = {"Authorization": f"Bearer {room.token}"}
        async with websockets.connect(
            f"{room.url}/api/v1/ingest", additional_headers=headers, compression=None
        ) as plant:
            raw = plant.transport.get_extra_info("socket")
            assert raw is not None
            plant.transport.write(b"\x82\xff" + (1 << 40).to_bytes(8, "big") + b"mask" + b"x" * 100)
            with pytest.raises(websockets.ConnectionClosed) as closed:
                await asyncio.wait_for(plant.recv(), 5)
            assert closed.value.rcvd is not None
            return closed.value.rcvd.code

    assert asyncio.run(story()) == 1009


def test_nobody_is_offered_compression(room: Town) -> None:
    async def story() -> None:
        headers = {"Authorization": f"Bearer {room.token}"}
        async with websockets.connect(
            f"{room.url}/api/v1/ingest", additional_headers=headers, compression="deflate"
        ) as plant:
            assert not plant.protocol.extensions

    asyncio.run(story())
