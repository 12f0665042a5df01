"""The simulated economy through a whole room on the stream's clock, over its socket: what is raised."""

from __future__ import annotations

import asyncio
import tempfile
from typing import TYPE_CHECKING, Any

from ingest.sim.feeder import HISTORY_D, Pace, feed_world
from ingest.sim.scenarios import START_US
from ingest.sim.tree import economy_toml
from opsroom.catalog import Catalog
from opsroom.clock import WallClock
from opsroom.economy import differences, parse_economy
from opsroom.main import build, run
from opsroom.settings import Settings
from opsroom.store import open_store

if TYPE_CHECKING:
    from ingest.sim.dynamics import World
    from opsroom.model import Alert

HOUR_US = 3_600_000_000
ALERTS_MAX = 100_000


def played(
    world: World, days: float, budget_per_week: float, *, history_d: float = HISTORY_D
) -> dict[str, Any]:
    """Feed a fresh room the past and so many days; gives what it stored and every alert with its levels."""
    with tempfile.TemporaryDirectory(prefix="opsroom-sim-") as name:
        settings = Settings.model_validate(
            {
                "server": {"port": 0, "clock": "stream"},
                "store": {"url": f"sqlite:///{name}/store.db"},
                "log": {"url": f"sqlite:///{name}/log.db"},
                "room": {"budget_per_week": budget_per_week},
            }
        )
        fed = asyncio.run(_feed(world, settings, Pace(WallClock(), None, history_d, days)))
        store = open_store(settings.store.url, settings.store)
        try:
            catalog = Catalog(store.catalog.units(), store.catalog.series())
            rows = sorted(store.journal.alerts(limit=ALERTS_MAX), key=lambda alert: (alert.raised, alert.id))
            alerts = [_row(alert, catalog) for alert in rows]
            return {"fed": fed, "stored": store.readings.count(), "alerts": alerts}
        finally:
            store.close()


async def _feed(world: World, settings: Settings, pace: Pace) -> int:
    """Run the room and send it everything over its socket; gives the live readings sent."""
    economy = parse_economy(economy_toml(world.layout))
    app = build(settings, changes=differences(economy, Catalog()), screens=False)
    await app.access.load()
    token = await app.access.make_token(app.room.catalog.root().id, "sim")
    stop = asyncio.Event()
    sent = 0

    async def send(url: str) -> None:
        nonlocal sent
        try:
            address = f"{url.replace('http', 'ws', 1)}/api/v1/ingest"
            course = await feed_world(world, address, {"": token}, None, pace)
            sent = course.readings
            await app.room.reached(app.room.log.last_offset)
        finally:
            stop.set()

    async with asyncio.TaskGroup() as group:
        tasks: list[asyncio.Task[None]] = []
        await run(app, on_ready=lambda url: tasks.append(group.create_task(send(url))), stop=stop)
    return sent


def _row(alert: Alert, catalog: Catalog) -> dict[str, Any]:
    """Give one alert with the hours, after the live start, at which it came to each level."""
    return {
        "unit": catalog.units[alert.unit_id].path,
        "series": catalog.series[alert.series_id].name,
        "kind": alert.kind.value,
        "levels": [
            {"unit": catalog.units[stood.unit_id].path, "hours": (stood.at - START_US) / HOUR_US}
            for stood in alert.annunciations
        ],
    }
