"""The composition root: makes the parts, joins them, runs them under one task group.

Imported only by the command line.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import ssl
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec
import uvicorn
from prometheus_client import CollectorRegistry

from ingest.doors.desk import Desk
from ingest.doors.mapping import load_naming
from ingest.doors.web import door_router
from ingest.gateway import ingest_router
from ingest.hub import Hub
from opsroom.access import Access
from opsroom.api import create_api
from opsroom.api.screens import Screens
from opsroom.api.sockets import Door, Sockets, connections_allowed
from opsroom.catalog import Catalog
from opsroom.clock import WallClock
from opsroom.core import Core
from opsroom.economy import load_economy
from opsroom.errors import SettingsError, StoreError
from opsroom.log import open_log, readable
from opsroom.model import Unit
from opsroom.notify import Notifier, Watchdog
from opsroom.records import RecordKind, UnitSet, decode_config
from opsroom.rewind import Rewinds
from opsroom.room import Room
from opsroom.rulefolder import RuleFolder
from opsroom.serving import Server, stopping
from opsroom.settings import data_folder
from opsroom.store import open_store
from opsroom.store.offload import ThreadOffload
from opsroom.view import View
from opsroom.vitals import Vitals

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from fastapi import FastAPI

    from opsroom.alarm import AlarmClass
    from opsroom.clock import Clock
    from opsroom.log import Log
    from opsroom.model import Alert
    from opsroom.records import AnyConfig
    from opsroom.settings import Settings
    from opsroom.store import Store
    from opsroom.store.offload import Offload

LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
DRAIN_S: Final = 30.0


class Application(msgspec.Struct, kw_only=True):
    """The parts of a running room, joined."""

    settings: Any
    asgi: Any
    screens: Any
    room: Any
    access: Any
    store: Any
    log: Any
    offload: Any
    changes: list[Any]
    notifier: Any
    watchdog: Any
    vitals: Any
    folder: Any


def refuse_open_bind(settings: Settings) -> None:
    """Refuse to listen beyond loopback in the clear.

    Raises:
        SettingsError: with the remedy.
    """
    if settings.server.host not in LOOPBACK and settings.server.tls is None:
        raise SettingsError(
            f"{settings.server.host} is reachable from other machines and there is no TLS.",
            remedy="Add --tls CERT KEY or --tls self-signed, or bind 127.0.0.1.",
            code="tls_required",
            host=settings.server.host,
        )


def first_unit(catalog: Catalog) -> list[AnyConfig]:
    """Give the root that a room without an economy file starts with."""
    if catalog.root() is not None:
        return []
    root = Unit(id=1, root_id=1, parent_id=None, path="", name="Economy", level_name="root", depth=0)
    return [UnitSet(root)]


def last_now(log: Log) -> int:
    """Give the room time (us) of the newest record of the log: the clock never goes back behind it."""
    newest = list(readable(log, max(0, log.last_offset - 100)))
    return newest[-1].received if newest else 0


def refuse_strangers(store: Store, log: Log) -> None:
    """Refuse a store and a log that are not of one room, or of two moments too far apart.

    Where the log begins behind what the store has, readings would be missing; where it ends before, new
    records would be numbered like old ones and taken for them.

    Raises:
        StoreError: `log_store_mismatch`.
    """
    flushed, committed = store.readings.flushed_offset, store.journal.offset()
    if log.trimmed <= flushed and max(flushed, committed) <= log.last_offset:
        return
    raise StoreError(
        f"Store and log do not belong together: the store holds records up to {flushed}, committed up to "
        f"{committed}; the log has those from {log.trimmed + 1} to {log.last_offset}.",
        remedy="Run opsroom doctor; restore both from one backup.",
        code="log_store_mismatch",
        flushed=flushed,
        committed=committed,
        trimmed=log.trimmed,
        last=log.last_offset,
    )


def known_catalog(store: Store, log: Log) -> Catalog:
    """Give the tree as the log knows it: what the store committed, and what stands in the log behind that.

    Both, since an id that stands in the log must not be given again.
    """
    rows = store.catalog
    catalog = Catalog(rows.units(), rows.series(), rows.relations(), rows.rules(), rows.flows())
    for record in readable(log, store.journal.offset()):
        if record.kind is RecordKind.CONFIG:
            for change in decode_config(record.payload):
                catalog.apply(change)
    return catalog


def build(settings: Settings, *, changes: list[AnyConfig] | None = None, screens: bool = True) -> Application:
    """Open log and store, read the economy file, and join the parts.

    `changes` stand in for the economy file where a caller brings its own tree. `screens` leaves the Dash
    room out where nobody looks.

    Raises:
        SettingsError: a file or a bind that cannot be used.
        StoreError: log or store cannot be opened.
    """
    refuse_open_bind(settings)
    store: Store = open_store(settings.store.url, settings.store)
    log: Log = open_log(settings.log.url, settings.limits, settings.log.group_commit_ms)
    refuse_strangers(store, log)
    clock = WallClock(floor=last_now(log) if settings.server.clock == "wall" else 0)
    offload = ThreadOffload(settings.store.read_pool)
    access = Access(store.access, settings.limits, WallClock(), offload.read, write=offload.write)
    parts = joined(
        settings, clock=clock, log=log, store=store, offload=offload, access=access, changes=changes
    )
    room, folder = parts.room, parts.folder
    notifier, watchdog = tellers(room)
    hub, registry = Hub(room), CollectorRegistry()
    doors = door_router(Desk(hub, load_naming(settings.doors.mapping), registry))
    asgi = create_api(
        room, folder=folder, registry=registry, further=[doors], rewinds=Rewinds(room), feeds=hub.feeds
    )
    asgi.include_router(ingest_router(hub))
    return Application(
        settings=settings,
        asgi=asgi,
        screens=Screens(asgi, mount_page) if screens else None,
        room=room,
        access=access,
        store=store,
        log=log,
        offload=offload,
        changes=parts.changes,
        notifier=notifier,
        watchdog=watchdog,
        vitals=Vitals(room, data_folder(settings), clock),
        folder=folder,
    )


def classes_of(room: Room) -> Callable[[Alert], AlarmClass]:
    """Give what tells how alerts behave; asked each time, since a snapshot brings agreements of its own."""

    def class_of(alert: Alert) -> AlarmClass:
        return room.agreed.class_of(alert)

    return class_of


class Joined(NamedTuple):
    """A room whose parts are joined, the folder of its rules, and what `Room.start` has to note."""

    room: Room
    folder: RuleFolder
    changes: list[AnyConfig]


def joined(
    settings: Settings,
    *,
    clock: Clock,
    log: Log,
    store: Store,
    offload: Offload,
    access: Access,
    changes: list[AnyConfig] | None = None,
    token_hex: Callable[[int], str] = secrets.token_hex,
) -> Joined:
    """Join core, view and room over their ports.

    Everything the room does not own comes in as an argument: time, disk and chance.

    Raises:
        SettingsError: the economy file or a rule cannot be used.
    """
    catalog = known_catalog(store, log)
    if changes is None:
        changes = load_economy(settings.room.economy, catalog)
    for change in changes:
        catalog.apply(change)
    rootless = first_unit(catalog)
    for change in rootless:
        catalog.apply(change)
    folder = RuleFolder(settings.room.rules, catalog)
    ruled = folder.start()
    for change in ruled:
        catalog.apply(change)
    core = Core(
        catalog,
        settings.room,
        clock=settings.server.clock,
        detection=settings.room.detection,
        reorder=settings.limits.reorder_readings,
    )
    view = View(catalog, settings.room, boot=token_hex(4), figures=settings.figures)
    room = Room(
        settings=settings,
        catalog=catalog,
        clock=clock,
        log=log,
        store=store,
        offload=offload,
        core=core,
        view=view,
        access=access,
        token_hex=token_hex,
    )
    view.class_of = classes_of(room)
    view.condition.exercise = settings.notify.exercise or settings.server.clock == "stream"
    folder.join(room.change, lambda: core.rules.keys)
    return Joined(room, folder, [*changes, *rootless, *ruled])


def tellers(room: Room) -> tuple[Notifier, Watchdog]:
    """Give who tells people outside of alerts, and who gives a monitor outside a sign of life."""
    settings, outbox, offload, clock = room.settings, room.store.outbox, room.offload, room.clock
    notifier = Notifier(settings, outbox, offload, room.catalog, room.access.seats, clock)
    reading = notifier if settings.notify.route else None
    return notifier, Watchdog(settings.notify, room, outbox, offload, clock, reading=reading)


def mount_page(app: FastAPI) -> None:
    """Put the Dash room on an application; its import takes longer than all else, so it comes last."""
    from dashboards import mount

    mount(app)


def server_of(app: Application, tls: tuple[Path, Path] | None) -> Server:
    """Give the server: uvloop, the sans-IO WebSocket implementation, one process."""
    settings: Settings = app.settings
    config = uvicorn.Config(
        app.asgi,
        host=settings.server.host,
        port=settings.server.port,
        loop="uvloop",
        http=Door,
        ws=Sockets,
        ws_max_size=settings.limits.frame_bytes_max,
        ws_ping_interval=settings.limits.ping_s,
        ws_ping_timeout=3 * settings.limits.ping_s,
        ws_per_message_deflate=False,
        limit_concurrency=connections_allowed(settings.limits.connections_max),
        log_config=None,
        access_log=False,
        lifespan="off",
        proxy_headers=bool(settings.server.trusted_proxies),
        forwarded_allow_ips=list(settings.server.trusted_proxies) or None,
        timeout_graceful_shutdown=3,
        server_header=False,
        ssl_certfile=str(tls[0]) if tls else None,
        ssl_keyfile=str(tls[1]) if tls else None,
        ssl_version=ssl.PROTOCOL_TLS_SERVER,
    )
    return Server(config)


def url_of(settings: Settings, port: int) -> str:
    """Give the address people open."""
    scheme = "https" if settings.server.tls else "http"
    host = f"[{settings.server.host}]" if ":" in settings.server.host else settings.server.host
    return f"{scheme}://{host}:{port}"


async def run(
    app: Application,
    *,
    tls: tuple[Path, Path] | None = None,
    on_ready: Callable[[str], None] | None = None,
    stop: asyncio.Event | None = None,
) -> None:
    """Run the room until `stop` is set or the process is told to end; drains the log before it leaves.

    `on_ready` is called with the URL once the room answers.
    """
    room: Room = app.room
    stop = stop or asyncio.Event()
    await app.access.load()
    await app.notifier.start()  # before the room's first commit: what comes from here on is told
    await room.start(app.changes)
    clocks = room.core.sources.clocks
    app.asgi.state.feeds.book.recall(((name, one.newest) for name, one in clocks.items()), room.clock.now())
    server = server_of(app, tls)
    with stopping(stop):
        async with asyncio.TaskGroup() as group:
            working = group.create_task(room.run())
            fresh = group.create_task(app.access.keep_fresh())
            telling = group.create_task(app.notifier.run())
            watching = group.create_task(app.watchdog.run())
            minding = group.create_task(app.vitals.run())
            renewing = group.create_task(app.folder.run(app.settings.room.rules_every_s))
            serving = group.create_task(server.serve())
            while not server.started and not serving.done():  # noqa: ASYNC110 - uvicorn has a flag, no event
                await asyncio.sleep(0.01)
            # Whoever is told may ask the store at once, so the tree must stand there.
            await room.reached(app.log.last_offset)
            if server.started and on_ready is not None:
                port = server.servers[0].sockets[0].getsockname()[1]
                on_ready(url_of(app.settings, port))
            if app.screens is not None:
                group.create_task(app.screens.load())
            waiter = group.create_task(stop.wait())
            await asyncio.wait({serving, waiter}, return_when=asyncio.FIRST_COMPLETED)
            server.should_exit = True
            waiter.cancel()
            await serving
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(DRAIN_S):
                    await room.reached(app.log.last_offset)
            for task in (working, fresh, telling, watching, minding, renewing):
                task.cancel()
    await room.stop()
    close(app)


def close(app: Application) -> None:
    """Let the files go."""
    app.log.close()
    app.offload.close()
    app.store.close()
