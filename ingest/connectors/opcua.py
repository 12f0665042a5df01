"""OPC UA: monitored items of a server, named one by one or found by browsing."""

from __future__ import annotations

import asyncio
import logging
import math
import os
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

import msgspec
from asyncua import ua
from asyncua.client.client import Client
from asyncua.common.node import Node
from asyncua.common.subscription import DataChangeNotif
from asyncua.ua.object_ids import ObjectIds
from asyncua.ua.uaerrors import UaError, UaStatusCodeError, UaStringParsingError

from ingest.connectors._rows import Instant
from ingest.connectors._source import Asked, Outlet, SourceLost, pattern, tidy
from opsroom.errors import Invalid
from opsroom.model import MICROS_PER_S, QUALITY_BAD, QUALITY_GOOD, QUALITY_UNCERTAIN

NEEDS = {"asyncua": "pip install 'cybersyn-opsroom[opcua]'"}

CHANGES_WAITING_MAX: Final = 100_000
BROWSED_MAX: Final = 10_000
AT_ONCE: Final = 500
"""Monitored items asked for in one request; servers set limits of their own near this."""
STANDING_US: Final = MICROS_PER_S
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SEVERITY: Final = {0: QUALITY_GOOD, 1: QUALITY_UNCERTAIN}
"""Of the two highest bits of a status code (OPC UA part 4, 7.39.1): good, uncertain; else bad."""
# What the library reports to its log is told here by SourceLost.
logging.getLogger("asyncua").setLevel(logging.CRITICAL)


class Item(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One `[[opcua.item]]`: a variable by its node id, `ns=2;s=Mill.Output`.

    `unit` is read from the server where it is not given.
    """

    node: str
    series: str
    unit: str | None = None
    period_s: float | None = None


class Browse(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One `[[opcua.browse]]`: all variables below the node `under`; `{path}` are the browse names from it."""

    under: str
    series: str = "{path}"
    depth: int = 8
    period_s: float | None = None


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The table `[opcua]`.

    `security` is `Policy,Mode,certificate,key[,server certificate]`. A server unanswering for `timeout_s` is
    lost. `time` "receipt" dates readings here, for servers whose clock is wrong.
    """

    url: str
    interval_s: float = 1.0
    timeout_s: float = 4.0
    queue_size: int = 10
    username: str = ""
    password_env: str = ""
    security: str = ""
    time: Literal["source", "receipt"] = "source"
    item: list[Item] = []
    browse: list[Browse] = []


def sources(settings: Settings, folder: Path) -> list[Server]:
    """Give the server as the one source.

    Raises:
        Invalid: nothing is asked for, or a node id or template cannot be read.
    """
    del folder
    if not settings.item and not settings.browse:
        raise Invalid("Nothing to read.", remedy="Give [[opcua.item]] or [[opcua.browse]].", field="item")
    if not settings.url.startswith("opc.tcp://"):
        raise Invalid(f"{settings.url} is no address.", remedy="Use opc.tcp://HOST:4840.", field="url")
    if settings.password_env and settings.password_env not in os.environ:
        raise Invalid(
            f"{settings.password_env} is not set.", remedy="Put the password there.", field="password_env"
        )
    named = [(f"item[{n}].node", one.node) for n, one in enumerate(settings.item)]
    named += [(f"browse[{n}].under", one.under) for n, one in enumerate(settings.browse)]
    for field, text in named:
        try:
            ua.NodeId.from_string(text)
        except UaStringParsingError as error:
            raise Invalid(
                f"{text!r} is no node id.", remedy="Use ns=2;s=Name or ns=2;i=7.", field=field
            ) from error
    for number, browse in enumerate(settings.browse):
        pattern(browse.series, ["path"], f"browse[{number}].series")
    return [Server(settings)]


class _Point(NamedTuple):
    """A variable that is read; one `found` by browsing is no series before it has a number."""

    node: Node
    series: str
    unit: str
    period_s: float | None
    found: bool


class Server:
    """One OPC UA server."""

    def __init__(self, settings: Settings) -> None:
        """Read `settings`."""
        self.label = f"opcua {settings.url}"
        self._settings = settings

    def asked(self) -> Sequence[Asked]:
        """Give the items and what is browsed."""
        settings = self._settings
        return [
            *(Asked(one.node, one.series, one.unit or "", one.period_s) for one in settings.item),
            *(Asked(f"below {one.under}", one.series, "", one.period_s) for one in settings.browse),
        ]

    async def session(self, out: Outlet) -> None:
        """Subscribe and listen until the server is gone, hangs, or says that it stops."""
        settings = self._settings
        client = Client(settings.url, timeout=settings.timeout_s, watchdog_intervall=settings.timeout_s)
        client.name = client.application_uri = "urn:cybersyn-opsroom"
        if settings.username:
            client.set_user(settings.username)
            client.set_password(os.environ.get(settings.password_env, ""))
        try:
            if settings.security:
                await client.set_security_string(settings.security)
            async with client:
                await self._listen(client, out)
        except (UaError, OSError, TimeoutError) as error:
            why = str(error) or "no answer in time"
            raise SourceLost(
                f"{self.label}: {why}", remedy="Is the server up and its address right?"
            ) from error

    async def _listen(self, client: Client, out: Outlet) -> None:
        points = [one async for one in self._points(client, out)]
        changes: asyncio.Queue[tuple[_Point, ua.DataValue]] = asyncio.Queue(maxsize=CHANGES_WAITING_MAX)
        handler = _Changes({one.node.nodeid: one for one in points}, changes, out)
        subscription = await client.create_subscription(self._settings.interval_s * 1000, handler)
        refused = 0
        for start in range(0, len(points), AT_ONCE):
            some = points[start : start + AT_ONCE]
            answers = await subscription.subscribe_data_change(
                [one.node for one in some],
                queuesize=self._settings.queue_size,
                sampling_interval=ua.Double(self._settings.interval_s * 1000),
            )
            for point, answer in zip(some, answers, strict=True):
                if isinstance(answer, ua.StatusCode):
                    refused += 1
                    out.tell("item_refused", f"{point.node.nodeid.to_string()}: {answer.name}")
                    await out.stale([point.series])
        out.tell("connected", f"{self.label}: {len(points) - refused} items")
        async with asyncio.TaskGroup() as group:
            watcher = group.create_task(self._watch(client, out))
            try:
                await self._pass_on(changes, out)
            finally:
                watcher.cancel()

    async def _watch(self, client: Client, out: Outlet) -> None:
        """Ask for the server's state as often as it may be silent."""
        while True:
            await out.sleep(self._settings.timeout_s / 2)
            async with asyncio.timeout(self._settings.timeout_s):
                state = await client.nodes.server_state.read_value()
            if state != ua.ServerState.Running:
                raise SourceLost(f"{self.label}: its state is {ua.ServerState(state).name}")

    async def _pass_on(self, changes: asyncio.Queue[tuple[_Point, ua.DataValue]], out: Outlet) -> None:
        """Give changes as they come, those of one instant together."""
        seen: set[str] = set()
        while True:
            held = [await changes.get()]
            while not changes.empty():
                held.append(changes.get_nowait())
            now = out.now()
            for point, value in held:
                is_first = point.series not in seen
                if is_first and point.found and _number(value.Value.Value if value.Value else None) is None:
                    continue
                for instant in self._instants(point, value, now, first=is_first):
                    await out.give(instant)
                seen.add(point.series)

    def _instants(self, point: _Point, told: ua.DataValue, now: int, *, first: bool) -> list[Instant]:
        """Give the reading of a change; the first of a session says what holds now, whenever it changed."""
        quality = _quality(told)
        value = _number(told.Value.Value if told.Value is not None else None)
        if quality == QUALITY_BAD or value is None:
            value, quality = None, QUALITY_BAD
        stamp = told.SourceTimestamp or told.ServerTimestamp
        t = now if stamp is None or self._settings.time == "receipt" else _micros(stamp)
        one = Instant(t, [point.series], [value], [point.unit], [point.period_s], [quality])
        if not first:
            return [one]
        if t > now - STANDING_US:
            return [one._replace(standing=True)]
        return [one, one._replace(t=now, standing=True)]

    # -- what is read ----------------------------------------------------------------------------------------

    async def _points(self, client: Client, out: Outlet) -> AsyncIterator[_Point]:
        for item in self._settings.item:
            node = client.get_node(item.node)
            unit = await _unit(node) if item.unit is None else item.unit
            yield _Point(node, item.series, unit, item.period_s, found=False)
        taken = {ua.NodeId.from_string(one.node).to_string() for one in self._settings.item}
        for browse in self._settings.browse:
            found = 0
            async for node, path in _variables(client.get_node(browse.under), browse.depth):
                if node.nodeid.to_string() in taken:
                    continue
                taken.add(node.nodeid.to_string())
                found += 1
                if found > BROWSED_MAX:
                    out.tell("too_many", f"below {browse.under}: only {BROWSED_MAX} are read")
                    break
                series = tidy(browse.series.format(path=path))
                yield _Point(node, series, await _unit(node), browse.period_s, found=True)


class _Changes:
    """Takes what the library calls back with; numbers wait in a bounded queue."""

    def __init__(
        self,
        points: dict[ua.NodeId, _Point],
        changes: asyncio.Queue[tuple[_Point, ua.DataValue]],
        out: Outlet,
    ) -> None:
        self._points = points
        self._changes = changes
        self._out = out

    def datachange_notification(self, node: Node, val: Any, data: DataChangeNotif) -> None:
        point = self._points.get(node.nodeid)
        if point is None:
            return
        told = data.monitored_item.Value
        # Changes alone are told: passed over, a bad one would leave the value before it standing.
        is_none = isinstance(val, float) or _quality(told) != QUALITY_GOOD
        if val is not None and _number(val) is None and not is_none:
            self._out.tell("value_not_number", f"{point.series}: {type(val).__name__}")
        elif self._changes.full():
            self._out.tell("overrun", f"{point.series}: more changes than are taken")
        else:
            self._changes.put_nowait((point, told))

    def status_change_notification(self, status: ua.StatusChangeNotification) -> None:
        self._out.tell("subscription", str(status.Status))


async def _variables(under: Node, depth: int, path: str = "") -> AsyncIterator[tuple[Node, str]]:
    """Give the variables below a node with their paths; properties of variables are none of their own."""
    for reference in await under.get_references(
        ObjectIds.HierarchicalReferences,
        ua.BrowseDirection.Forward,
        ua.NodeClass.Unspecified,
    ):
        if reference.NodeId.Identifier == ObjectIds.Server and reference.NodeId.NamespaceIndex == 0:
            continue  # what the server says of itself is no telemetry of the plant
        name = reference.BrowseName.Name or ""
        node = Node(under.session, reference.NodeId)
        here = f"{path}/{name}" if path else name
        if reference.NodeClass == ua.NodeClass.Variable:
            if reference.ReferenceTypeId.Identifier != ObjectIds.HasProperty:
                yield node, here
        elif reference.NodeClass == ua.NodeClass.Object and depth > 1:
            async for one in _variables(node, depth - 1, here):
                yield one


async def _unit(node: Node) -> str:
    """Give the unit of a variable's property EngineeringUnits (OPC UA part 8, 5.6.4.3), "" without one."""
    try:
        told = await (await node.get_child("0:EngineeringUnits")).read_value()
    except UaStatusCodeError:
        return ""
    name = getattr(told, "DisplayName", None)
    return (getattr(name, "Text", None) or "").strip()


def _quality(told: ua.DataValue) -> int:
    """Give OPC's quality byte for the severity of a status."""
    code = told.StatusCode.value if told.StatusCode is not None else 0
    return _SEVERITY.get(code >> 30, QUALITY_BAD)


def _number(value: Any) -> float | None:
    if not isinstance(value, (bool, int, float)):
        return None
    return float(value) if math.isfinite(value) else None


def _micros(stamp: datetime) -> int:
    aware = stamp if stamp.tzinfo is not None else stamp.replace(tzinfo=UTC)
    whole = aware - _EPOCH
    return (whole.days * 86_400 + whole.seconds) * MICROS_PER_S + whole.microseconds
