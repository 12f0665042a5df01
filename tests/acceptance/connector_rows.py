"""Rows about connectors: real brokers, servers and clients of other people, and what stands on the wall."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from opsroom.cli.terminal import first_of
from tests.acceptance.connectors import (
    MOSQUITTO,
    NO_BROKER,
    NotInstalledError,
    Play,
    play,
    pysparkplug,
    sparkplug_client,
)
from tests.acceptance.rows import ROWS, Outcome

STALE_S = 2.0
# A top seat is shown series of its own unit and aggregates of what is below: here all stand at the top.
EDGE = Path(__file__).with_name("sparkplug_edge.py")
NODE_EDGE = """
const sparkplug = require('sparkplug-client');
const client = sparkplug.newClient({serverUrl: 'mqtt://127.0.0.1:' + process.argv[1],
  username: '', password: '', groupId: 'plant', edgeNode: 'js', clientId: 'js',
  version: 'spBv1.0', publishDeath: true});
const metrics = [{name: 'Flow', type: 'Float', value: 12.5, timestamp: Number(process.argv[2]),
  properties: {engUnit: {type: 'String', value: 'm3/h'}}}];
client.on('birth', () => {
  client.publishNodeBirth({timestamp: Date.now(), metrics: [{name: 'Up', type: 'Boolean', value: true}]});
  client.publishDeviceBirth('pump', {timestamp: Date.now(), metrics});
});
process.stdin.resume();
"""


def told(script: Callable[[Play], Awaitable[tuple[dict[str, Any], bool]]], *, broker: bool) -> Outcome:
    """Play a script in a fresh room; what cannot be installed leaves the row open."""
    if broker and MOSQUITTO is None:
        return Outcome(None, None, NO_BROKER)

    async def whole() -> Outcome:
        async with play() as world:
            figure, held = await script(world)
        return Outcome(figure, held)

    try:
        return asyncio.run(whole())
    except ExceptionGroup as group:
        first = first_of(group)
        held = None if isinstance(first, NotInstalledError) else False
        return Outcome(None, held, f"{type(first).__name__}: {first}"[:2000])


def stored(world: Play, series: str) -> list[list[Any]]:
    """Count what the room has of a series once its connector has been stopped."""
    from opsroom.cli.files import stored as opened

    with opened(world.rig.folder / "opsroom.toml") as (_, store, catalog):
        found = next(one.id for one in catalog.series.values() if catalog.series_path(one.id) == series)
        columns = store.readings.read(found, 0, 1 << 62)
        return [
            list(row) for row in zip(columns.t.tolist(), columns.v.tolist(), columns.q.tolist(), strict=True)
        ]


@ROWS.row(
    "connector, mosquitto_pub",
    command="python -m tests.acceptance --only 'connector, mosquitto_pub'",
    limit="2,000 bare numbers of `mosquitto_pub -l`, all stored in order, with the unit of the topic's table",
)
def numbers() -> Outcome:
    async def script(world: Play) -> tuple[dict[str, Any], bool]:
        port = await world.broker()
        topic = "filter = 'plant/+/usage'\nseries = '{1}-usage'\nunit = 't/h'\n"
        process = await world.connect(f"[mqtt]\nport = {port}\n[[mqtt.topic]]\n{topic}")
        sender = await world.start("mosquitto_pub", "-p", str(port), "-t", "plant/steel/usage", "-l")
        await sender.communicate("".join(f"{n / 2}\n" for n in range(2_000)).encode())
        wait_s = await world.wall.until(lambda wall: wall.get("steel-usage", {}).get("value") == 999.5)
        process.terminate()
        code = await process.wait()
        world.rig.stop()
        values = [row[1] for row in stored(world, "steel-usage")]
        unit = world.wall.series["steel-usage"]["unit"]
        figure = {"stored": len(values), "unit": unit, "on_the_wall_s": round(wait_s, 2), "exit": code}
        return figure, values == [n / 2 for n in range(2_000)] and unit == "t/h" and code == 0

    return told(script, broker=True)


async def _say(edge: asyncio.subprocess.Process, *lines: str) -> None:
    assert edge.stdin is not None
    edge.stdin.write("".join(f"{line}\n" for line in lines).encode())
    await edge.stdin.drain()


@ROWS.row(
    "connector, pysparkplug",
    command="python -m tests.acceptance --only 'connector, pysparkplug'",
    limit="birth, data by alias, order, gap and rebirth, history; killed it has no value on the wall within "
    f"{STALE_S} s",
)
def sparkplug() -> Outcome:
    async def script(world: Play) -> tuple[dict[str, Any], bool]:
        python = await pysparkplug(world.folder)
        port = await world.broker()
        process = await world.connect(f"[mqtt]\nport = {port}\n[mqtt.sparkplug]\nseries = '{{metric}}'\n")
        edge = await world.start(python, EDGE, str(port))
        t_ms, series = time.time_ns() // 1_000_000 - 10_000, "Temp"

        def shows(value: float | None) -> Callable[[dict[str, dict[str, Any]]], bool]:
            return lambda wall: series in wall and wall[series]["value"] == value

        await _say(edge, f"birth {t_ms} 20.5")
        await world.wall.until(shows(20.5))
        # 4 before 3: put in order; then 5 never comes: after the window 6 counts, and births are asked for.
        await _say(edge, f"data 2 {t_ms + 1} 21", f"data 4 {t_ms + 3} 23", f"data 3 {t_ms + 2} 22")
        await world.wall.until(shows(23.0))
        await _say(edge, f"history 5 {t_ms - 60_000} 1", f"data 7 {t_ms + 5} 25")
        assert edge.stdout is not None
        async with asyncio.timeout(10):
            asked = (await edge.stdout.readline()).decode().strip()
        await world.wall.until(shows(25.0))
        edge.kill()
        stale_s = await world.wall.until(
            lambda wall: wall[series]["value"] is None and wall[series]["q"] == 0, seconds=10
        )
        process.terminate()
        code = await process.wait()
        world.rig.stop()
        rows = stored(world, series)
        good = [(t // 1000 - t_ms, v) for t, v, q in rows if q == 192]
        figure = {"stale_s": round(stale_s, 3), "asked": asked, "stored": len(rows), "exit": code}
        wanted = [(-60_000, 1.0), (0, 20.5), (1, 21.0), (2, 22.0), (3, 23.0), (5, 25.0)]
        return figure, stale_s <= STALE_S and asked == "rebirth" and good == wanted and code == 0

    return told(script, broker=True)


@ROWS.row(
    "connector, sparkplug-client",
    command="python -m tests.acceptance --only 'connector, sparkplug-client'",
    limit=f"births of the npm client with unit and event time; killed, without value within {STALE_S} s",
)
def sparkplug_js() -> Outcome:
    async def script(world: Play) -> tuple[dict[str, Any], bool]:
        home = await sparkplug_client(world.folder)
        port = await world.broker()
        await world.connect(f"[mqtt]\nport = {port}\n[mqtt.sparkplug]\nseries = '{{metric}}'\n")
        t_ms, series = time.time_ns() // 1_000_000 - 500, "Flow"
        edge = await world.start("node", "-e", NODE_EDGE, str(port), str(t_ms), cwd=home)
        await world.wall.until(lambda wall: wall.get(series, {}).get("value") == 12.5)
        unit = world.wall.series[series]["unit"]
        edge.kill()
        stale_s = await world.wall.until(lambda wall: wall[series]["value"] is None, seconds=10)
        figure = {"unit": unit, "stale_s": round(stale_s, 3)}
        return figure, unit == "m3/h" and stale_s <= STALE_S

    return told(script, broker=True)


@ROWS.row(
    "connector, opc ua",
    command="python -m tests.acceptance --only 'connector, opc ua'",
    limit="a server of asyncua: value, unit, source time; stopped, without value within "
    f"{STALE_S + 4} s (time-out 4 s)",
)
def opc_ua() -> Outcome:
    async def script(world: Play) -> tuple[dict[str, Any], bool]:
        from tests.conformance.peers import opcua

        peer = opcua.Peer(world.folder)
        await peer.start()
        await peer.put(900.5)
        renamed = f"[series.'{opcua.SERIES}']\nname = 'temp'\n"
        await world.connect(
            f"[opcua]\nurl = '{peer.url}'\ninterval_s = 0.1\n[[opcua.browse]]\nunder = 'i=85'\n{renamed}"
        )
        await world.wall.until(lambda wall: wall.get("temp", {}).get("value") == 900.5)
        begun = time.time()
        await peer.put(901.5)
        seen_s = await world.wall.until(lambda wall: wall["temp"]["value"] == 901.5)
        shown = dict(world.wall.series["temp"])
        await peer.stop()
        stale_s = await world.wall.until(lambda wall: wall["temp"]["value"] is None)
        figure = {"seen_s": round(seen_s, 3), "unit": shown["unit"], "stale_s": round(stale_s, 3)}
        is_timely = abs(shown["t"] / 1000 - begun) < 0.5
        return figure, shown["unit"] == opcua.UNIT and is_timely and stale_s <= STALE_S + 4

    return told(script, broker=False)


@ROWS.row(
    "connector, modbus",
    command="python -m tests.acceptance --only 'connector, modbus'",
    limit=f"a server of pymodbus: a float in its unit; stopped, without value within {STALE_S} s",
)
def modbus() -> Outcome:
    async def script(world: Play) -> tuple[dict[str, Any], bool]:
        from tests.conformance.peers import modbus as peers

        peer = peers.Peer(world.folder)
        await peer.put(41.5)
        await world.connect(f"[series.'{peers.SERIES}']\nname = 'power'\n{peer.table}")
        await world.wall.until(lambda wall: wall.get("power", {}).get("value") == 41.5)
        unit = world.wall.series["power"]["unit"]
        await peer.stop()
        stale_s = await world.wall.until(lambda wall: wall["power"]["value"] is None)
        return {"unit": unit, "stale_s": round(stale_s, 3)}, unit == peers.UNIT and stale_s <= STALE_S

    return told(script, broker=False)


@ROWS.row(
    "connector, parquet",
    command="python -m tests.acceptance --only 'connector, parquet'",
    limit="100,000 readings of two files backfilled as history: all stored",
)
def parquet() -> Outcome:
    async def script(world: Play) -> tuple[dict[str, Any], bool]:
        import pyarrow as pa
        import pyarrow.parquet as pq

        fields = [
            pa.field("ts", pa.timestamp("ms", "UTC")),
            *(pa.field(f"m{n}", pa.float64(), metadata={"unit": "kW"}) for n in range(10)),
        ]
        for day in range(2):
            start = 1_700_000_000_000 + day * 5_000_000
            columns = [pa.array([start + 1_000 * n for n in range(5_000)], fields[0].type)]
            columns += [pa.array([float(n * k) for n in range(5_000)]) for k in range(10)]
            pq.write_table(
                pa.Table.from_arrays(columns, schema=pa.schema(fields)), world.folder / f"{day}.parquet"
            )
        begun = time.monotonic()
        process = await world.connect("[parquet]\nfile = '*.parquet'\nhistorical = true\n")
        code = await process.wait()
        seconds = time.monotonic() - begun
        world.rig.stop()
        found = [len(stored(world, f"m{n}")) for n in range(10)]
        figure = {"stored": sum(found), "seconds": round(seconds, 1), "exit": code}
        return figure, found == [10_000] * 10 and code == 0

    return told(script, broker=False)
