"""What an OPC UA server tells of a variable that has no value any more."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from asyncua import ua
from asyncua.common.node import Node
from asyncua.common.subscription import DataChangeNotif
from asyncua.ua.status_codes import StatusCodes

from ingest.bridge import Bridge, SourceOutlet, Told
from ingest.connectors import opcua
from opsroom.model import QUALITY_BAD, QUALITY_GOOD
from tests.ingest.test_bridge import Kept


@pytest.mark.parametrize(
    ("code", "said", "becomes"),
    [
        (StatusCodes.Good, float("nan"), (None, QUALITY_BAD)),
        (StatusCodes.Good, float("inf"), (None, QUALITY_BAD)),
        (StatusCodes.BadSensorFailure, float("nan"), (None, QUALITY_BAD)),
        (StatusCodes.BadSensorFailure, "broken", (None, QUALITY_BAD)),
        (StatusCodes.Good, "text", None),
    ],
)
def test_a_value_that_is_none_any_more_takes_the_last_ones_place(
    code: int, said: Any, becomes: tuple[None, int] | None
) -> None:
    """The server tells changes only: passed over, the value before it would stand for ever."""
    (server,) = opcua.sources(
        opcua.Settings(url="opc.tcp://x", item=[opcua.Item(node="i=1", series="a", unit="kW")]), Path()
    )
    node = Node(None, ua.NodeId(1))  # type: ignore[arg-type]
    point = opcua._Point(node, "a", "kW", None, found=False)
    kept, told = Kept(), list[Told]()

    async def whole() -> None:
        bridge = Bridge(kept, told=told.append)
        out = SourceOutlet(bridge, server.label)
        changes: Any = asyncio.Queue(maxsize=10)
        handler = opcua._Changes({node.nodeid: point}, changes, out)
        for status, value in ((StatusCodes.Good, 1.0), (code, said)):
            seen = ua.DataValue(
                ua.Variant(value),
                ua.StatusCode(ua.UInt32(status)),
                datetime.now(UTC),  # type: ignore[arg-type]
            )
            notice = DataChangeNotif(None, ua.MonitoredItemNotification(1, seen))  # type: ignore[arg-type]
            handler.datachange_notification(node, value, notice)
        async with asyncio.TaskGroup() as group:
            passing = group.create_task(server._pass_on(changes, out))
            while not changes.empty():  # noqa: ASYNC110 - another task's queue
                await asyncio.sleep(0)
            await asyncio.sleep(0.01)
            passing.cancel()
        await bridge.finish()

    asyncio.run(whole())
    rows = [(value, q) for i in kept.instants for value, q in zip(i.values, i.quality or [], strict=True)]
    assert rows == [(1.0, QUALITY_GOOD), *([becomes] if becomes else [])]
    assert [one.code for one in told] == ([] if becomes else ["value_not_number"])
