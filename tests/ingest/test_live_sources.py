"""What single connectors owe beside the conformance suite: exceptions, hanging peers, defects of files."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from asyncua import ua
from asyncua.ua.status_codes import StatusCodes
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from ingest.bridge import Bridge, Told
from ingest.connectors import csv, modbus, mqtt, opcua, parquet
from ingest.connectors._registers import Register
from ingest.connectors._rows import Instant
from ingest.connectors._source import SourceLost
from ingest.connectors._topics import Topic
from ingest.marks import Marks
from opsroom.errors import Invalid
from opsroom.model import QUALITY_BAD, QUALITY_GOOD, QUALITY_UNCERTAIN
from tests.faults.server import free_port

DAY = 1_703_980_800_000_000  # 2023-12-31T00:00Z
HOUR = 3_600_000_000


class Kept:
    def __init__(self) -> None:
        self.instants: list[Instant] = []

    async def take(self, instants: Any) -> int:
        return self.keep(instants)

    def keep(self, instants: Any) -> int:
        self.instants += instants
        return len(self.instants)

    def stored(self) -> int:
        return len(self.instants)

    def of(self, series: str) -> list[tuple[int, float | None]]:
        return [
            (i.t, value)
            for i in self.instants
            for name, value in zip(i.names, i.values, strict=True)
            if name == series
        ]


def run(
    sources: Any, until: Callable[[Bridge, Kept], bool], marks: Marks | None = None
) -> tuple[Kept, list[Told]]:
    """Run until it holds, 10 s at most; what waits is done at once."""
    kept = Kept()
    told: list[Told] = []

    async def whole() -> None:
        bridge = Bridge(
            kept, marks=marks, told=told.append, sleep=lambda s: asyncio.sleep(min(s, 0.02)), seed=1
        )
        async with asyncio.TaskGroup() as group:
            task = group.create_task(bridge.run(sources))
            async with asyncio.timeout(10):
                while not until(bridge, kept) and not task.done():  # noqa: ASYNC110 - a poll of what ran
                    await asyncio.sleep(0.01)
            task.cancel()
        await bridge.finish()

    asyncio.run(whole())
    return kept, told


# -- files ---------------------------------------------------------------------------------------------------


def follow(folder: Path, **settings: Any) -> list[csv.CsvFile]:
    return csv.sources(csv.Settings(file="f.csv", follow=True, **settings), folder)


@pytest.mark.parametrize(
    ("text", "settings", "rows"),
    [
        ("ts,a\n2023-12-31T00:00Z,1\n2023-12-31T00:00Z,2\n", {}, [(DAY, 2.0)]),
        ("ts,a\n\n,\n2023-12-31T00:00Z,1\n", {}, [(DAY, 1.0)]),
        ("ts,a\n2023-12-31T02:00+02:00,1\n2023-12-31T00:00-01:00,2\n", {}, [(DAY, 1.0), (DAY + HOUR, 2.0)]),
        (
            "ts,a\n2023-10-29 02:30,1\n2023-10-29 02:00,2\n2023-10-29 02:30,3\n",
            {"tz": "Europe/Berlin"},
            [(1_698_539_400_000_000 + n * HOUR // 2, v) for n, v in ((0, 1.0), (1, 2.0), (2, 3.0))],
        ),
        ("ts,a\n2023-12-31T00:00Z,7\n2023-12-31T01:00Z,7\n", {}, [(DAY, 7.0), (DAY + HOUR, 7.0)]),
        ("\ufeffts,a\n2023-12-31T00:00Z,1\n", {}, [(DAY, 1.0)]),
        ("ts,a\n31/12/2023 00:00,1\n", {"day_first": True}, [(DAY, 1.0)]),
        ("ts;a\n31.12.2023;1.234,5\n", {}, [(DAY, 1234.5)]),
        ("ts, a\t\n2023-12-31T00:00Z, 1\n", {}, [(DAY, 1.0)]),
        ("ts,a\r\n2023-12-31T00:00Z,1\r\n", {}, [(DAY, 1.0)]),
    ],
    ids=[
        "twice",
        "empty",
        "offsets",
        "set back",
        "frozen",
        "bom",
        "day first",
        "semicolons",
        "blanks",
        "crlf",
    ],
)
def test_a_followed_file_stands_every_defect(
    tmp_path: Path, text: str, settings: dict[str, Any], rows: list[tuple[int, float]]
) -> None:
    (tmp_path / "f.csv").write_bytes(text.encode())
    kept, _ = run(follow(tmp_path, **settings), lambda b, _: b.readings >= len(rows))
    assert kept.of("a") == rows


def test_half_a_line_waits_for_its_end(tmp_path: Path) -> None:
    file = tmp_path / "f.csv"
    file.write_text("ts,a\n2023-12-31T00:00Z,1\n2023-12-31T01:00Z,12")
    beats = 0

    def until(bridge: Bridge, _: Kept) -> bool:
        nonlocal beats
        beats += bridge.readings > 0
        if beats == 20:
            with file.open("a") as more:
                more.write("3\n")
        return bridge.readings == 2

    kept, _ = run(follow(tmp_path), until)
    assert kept.of("a") == [(DAY, 1.0), (DAY + HOUR, 123.0)]


def test_a_restart_goes_on_where_the_room_has_got_to(tmp_path: Path) -> None:
    file, marks = tmp_path / "f.csv", tmp_path / "marks"
    file.write_text("ts,a\n2023-12-31T00:00Z,1\n")
    run(follow(tmp_path), lambda b, _: b.readings == 1, Marks(marks))
    with file.open("a") as more:
        more.write("2023-12-31T01:00Z,2\n")
    kept, _ = run(follow(tmp_path), lambda b, _: b.readings == 1, Marks(marks))
    assert kept.of("a") == [(DAY + HOUR, 2.0)]
    file.write_text("ts,b\n2023-12-31T02:00Z,3\n2023-12-31T03:00Z,3\n2023-12-31T04:00Z,3\n")
    kept, _ = run(follow(tmp_path), lambda b, _: b.readings == 3, Marks(marks))
    assert len(kept.of("b")) == 3, "another file of the same name is read from its start"


def test_a_file_to_backfill_ends_by_itself_as_history(tmp_path: Path) -> None:
    (tmp_path / "f.csv").write_text("ts,a\n2023-12-31T00:00Z,1\n2023-12-31T01:00Z,soon\n2023-12-31T02:00Z,2")
    kept, told = run(csv.sources(csv.Settings(file="f.csv", historical=True), tmp_path), lambda *_: False)
    assert [(i.t, i.historical) for i in kept.instants] == [(DAY, True), (DAY + 2 * HOUR, True)]
    assert [(one.code, one.text) for one in told if one.code != "ended"] == [
        ("value_not_number", "line 3: soon")
    ]


def test_parquet_wide_with_units_and_naive_times(tmp_path: Path) -> None:
    at = [datetime(2023, 12, 31, 1), datetime(2023, 12, 31, 2), None]  # noqa: DTZ001 - as files have them
    fields = [
        pa.field("ts", pa.timestamp("ns")),
        pa.field("power", pa.float32(), metadata={"unit": "kW"}),
        pa.field("name", pa.string()),
        pa.field("on", pa.bool_()),
    ]
    arrays = [pa.array(at, pa.timestamp("ns")), [1.5, float("nan"), 9.0], ["x", "y", "z"], [True, None, True]]
    pq.write_table(
        pa.Table.from_arrays([pa.array(one) for one in arrays], schema=pa.schema(fields)), tmp_path / "f"
    )
    found = parquet.sources(parquet.Settings(file="f", tz="Europe/Berlin"), tmp_path)
    assert [(one.series, one.unit) for one in found[0].asked()] == [("power", "kW"), ("on", "")]
    kept, _ = run(found, lambda *_: False)
    assert [(i.t, i.names, i.values, i.units) for i in kept.instants] == [
        (DAY, ["power", "on"], [1.5, 1.0], ["kW", ""])
    ]


@pytest.mark.parametrize(
    ("time_unit", "per_s"), [("auto", 1), ("auto", 1000), ("auto", 10**6), ("auto", 10**9), ("ns", 10**9)]
)
def test_parquet_long_with_whole_numbers_as_times(tmp_path: Path, time_unit: Any, per_s: int) -> None:
    at = [DAY // 10**6 * per_s, DAY // 10**6 * per_s, (DAY + HOUR) // 10**6 * per_s]
    columns = {
        "t": at,
        "plant": ["p", "p", "p"],
        "tag": ["a", "b", "a"],
        "value": [1.0, 2.0, 3.0],
        "unit": ["t", "", "t"],
    }
    pq.write_table(pa.table(columns), tmp_path / "f.parquet")
    settings = parquet.Settings(
        file="*.parquet", time="t", time_unit=time_unit, long=True, path=("plant", "tag")
    )
    kept, _ = run(parquet.sources(settings, tmp_path), lambda *_: False)
    assert [(i.t, i.names, i.values) for i in kept.instants] == [
        (DAY, ["p/a", "p/b"], [1.0, 2.0]),
        (DAY + HOUR, ["p/a"], [3.0]),
    ]


@pytest.mark.parametrize(
    ("sources", "settings", "key"),
    [
        (csv.sources, csv.Settings(file="none.csv"), "file"),
        (csv.sources, csv.Settings(file="f.csv", time="when"), "time"),
        (csv.sources, csv.Settings(file="f.csv", tz="Mars/Base"), "tz"),
        (csv.sources, csv.Settings(file="f.csv", long=True, path=("plant",)), "path"),
        (csv.sources, csv.Settings(file="f.csv.gz", follow=True), "follow"),
        (parquet.sources, parquet.Settings(file="none.parquet"), "file"),
        (parquet.sources, parquet.Settings(file="f.csv"), "file"),
        (parquet.sources, parquet.Settings(file="f.parquet", time="when"), "time"),
        (parquet.sources, parquet.Settings(file="f.parquet", long=True), "value"),
        (modbus.sources, modbus.Settings(device=[]), "device"),
        (
            modbus.sources,
            modbus.Settings(device=[modbus.Device(host="x", register=[])]),
            "device[0].register",
        ),
        (opcua.sources, opcua.Settings(url="opc.tcp://x"), "item"),
        (opcua.sources, opcua.Settings(url="http://x", browse=[opcua.Browse(under="i=85")]), "url"),
        (
            opcua.sources,
            opcua.Settings(url="opc.tcp://x", item=[opcua.Item(node="?", series="a")]),
            "item[0].node",
        ),
        (
            opcua.sources,
            opcua.Settings(url="opc.tcp://x", browse=[opcua.Browse(under="i=85", series="{x}")]),
            "browse[0].series",
        ),
        (mqtt.sources, mqtt.Settings(), "topic"),
        (mqtt.sources, mqtt.Settings(session_s=5, topic=[Topic(filter="a")]), "client_id"),
    ],
)
def test_settings_that_cannot_be_used_name_their_key(
    tmp_path: Path, sources: Any, settings: Any, key: str
) -> None:
    (tmp_path / "f.csv").write_text("ts,a\n")
    pq.write_table(pa.table({"ts": [1], "a": [1.0]}), tmp_path / "f.parquet")
    with pytest.raises(Invalid) as caught:
        sources(settings, tmp_path)
    assert caught.value.params["field"] == key


# -- modbus --------------------------------------------------------------------------------------------------


def device(port: int, *registers: Register, **told: Any) -> modbus.Settings:
    return modbus.Settings(
        device=[
            modbus.Device(
                host="127.0.0.1", port=port, register=list(registers), timeout_s=0.2, retries=0, **told
            )
        ]
    )


def test_an_exception_is_bad_quality_of_those_registers_alone(slack: float) -> None:
    port, kept = free_port(), Kept()
    told: list[Told] = []

    async def whole() -> None:
        data = [SimData(0, values=[7, 8], datatype=DataType.REGISTERS)]
        server = ModbusTcpServer(SimDevice(id=1, simdata=data), address=("127.0.0.1", port))
        await server.serve_forever(background=True)
        settings = device(
            port, Register(series="a", address=1), Register(series="b", address=5), period_s=0.05
        )
        bridge = Bridge(kept, told=told.append)
        async with asyncio.TaskGroup() as group:
            task = group.create_task(bridge.run(modbus.sources(settings, Path())))
            async with asyncio.timeout(10):
                while len(kept.of("a")) < 4:  # noqa: ASYNC110 - as above
                    await asyncio.sleep(0.01)
            task.cancel()
        await server.shutdown()  # type: ignore[no-untyped-call]

    begun = time.monotonic()
    asyncio.run(whole())
    assert {value for _, value in kept.of("a")} == {8.0}
    assert [value for _, value in kept.of("b")] == [None], "told once, then it is silent"
    assert "2 illegal address" in told[1].text
    beats = [b[0] - a[0] for a, b in zip(kept.of("a"), kept.of("a")[1:], strict=False)]
    assert min(beats) > 20_000, "never faster than its period"
    assert time.monotonic() - begun < 5 * slack


@pytest.mark.parametrize("connector", ["modbus", "opcua"])
def test_a_peer_that_accepts_and_says_nothing_is_lost_in_time(connector: str) -> None:
    writers: list[asyncio.StreamWriter] = []

    async def whole() -> None:
        async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writers.append(writer)
            while await reader.read(1 << 16):
                pass

        server = await asyncio.start_server(silent, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        source: Any
        if connector == "modbus":
            (source,) = modbus.sources(device(port, Register(series="a", address=0)), Path())
        else:
            url = f"opc.tcp://127.0.0.1:{port}"
            settings = opcua.Settings(url=url, timeout_s=0.3, browse=[opcua.Browse(under="i=85")])
            (source,) = opcua.sources(settings, Path())
        bridge = Bridge(Kept())
        from ingest.bridge import SourceOutlet

        with pytest.raises(SourceLost):
            async with asyncio.timeout(5):
                await source.session(SourceOutlet(bridge, "x"))
        server.close()
        for writer in writers:
            writer.transport.abort()

    asyncio.run(whole())


# -- opc ua --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "value", "quality"),
    [
        (StatusCodes.Good, 1.5, QUALITY_GOOD),
        (StatusCodes.GoodClamped, 1.5, QUALITY_GOOD),
        (StatusCodes.UncertainLastUsableValue, 1.5, QUALITY_UNCERTAIN),
        (StatusCodes.BadSensorFailure, None, QUALITY_BAD),
        (StatusCodes.BadNoCommunication, None, QUALITY_BAD),
    ],
)
def test_status_codes_become_quality_and_source_times_count(
    code: int, value: float | None, quality: int
) -> None:
    settings = opcua.Settings(url="opc.tcp://x", item=[opcua.Item(node="i=1", series="a", unit="kW")])
    (server,) = opcua.sources(settings, Path())
    point = opcua._Point(Any, "a", "kW", 60.0, found=False)  # type: ignore[arg-type]
    stamp = datetime(2023, 12, 31, tzinfo=UTC)
    told = ua.DataValue(ua.Variant(1.5), ua.StatusCode(ua.UInt32(code)), stamp)  # type: ignore[arg-type]
    (later,) = server._instants(point, told, DAY + HOUR, first=False)
    assert (later.t, later.values, later.quality, later.units) == (DAY, [value], [quality], ["kW"])
    own, now = server._instants(point, told, DAY + HOUR, first=True)
    assert (own.t, own.standing, now.t, now.standing) == (DAY, False, DAY + HOUR, True)
