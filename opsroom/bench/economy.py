"""A recorded economy through a fresh room on the stream's clock: what `make economy` runs.

On any folder of that layout.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from opsroom.model import MICROS_PER_S

if TYPE_CHECKING:
    from collections.abc import Callable

    from ingest.connectors._rows import Instant
    from opsroom.catalog import Catalog
    from opsroom.economy import Economy
    from opsroom.model import Alert
    from opsroom.settings import Settings
    from opsroom.store import Store

BATCH_INSTANTS: Final = 512
BACKLOG_BYTES: Final = 4 << 20
ALERTS_MAX: Final = 1_000_000
SOURCE: Final = "recorded-economy"
EVER: Final = (-(1 << 62), 1 << 62)


def play(
    folder: Path, out: Path, progress: Callable[[int, int], None] = lambda _done, _of: None
) -> dict[str, Any]:
    """Feed `folder` (economy.csv.gz, hierarchy.json, perhaps economy.toml) and write the outcome to `out`.

    One source at the root, merged by event time. `progress` is called with (fed, of) instants.

    Raises:
        OpsroomError: a file that cannot be used, or a room that cannot run.
    """
    economy, instants = read_folder(folder)
    with tempfile.TemporaryDirectory(prefix="opsroom-economy-") as name:
        settings = _settings(Path(name))
        asyncio.run(_feed(settings, economy, instants, progress))
        body = _outcome(settings, instants)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(body, indent=1, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")
    return body


def read_folder(folder: Path) -> tuple[Economy, list[Instant]]:
    """Read a folder laid out like the recorded economy: its tree, and its instants merged by event time.

    An `economy.toml` beside the table stands in for `hierarchy.json` where units and series are declared in
    it.

    Raises:
        Invalid: a file or column is missing.
        SettingsError: the hierarchy or economy file cannot be used.
    """
    from ingest.connectors import _economy
    from opsroom.economy import from_hierarchy, read_economy

    instants = list(_economy.economy(folder))
    own = folder / "economy.toml"
    if own.exists():
        return read_economy(own), instants
    hierarchy = folder / _economy.HIERARCHY_FILE
    return from_hierarchy(json.loads(hierarchy.read_text(encoding="utf-8")), where=str(hierarchy)), instants


def _settings(folder: Path) -> Settings:
    """Give the settings of a fresh room on the stream's clock; the environment may alter what remains."""
    from opsroom.settings import Settings

    settings = Settings()
    return settings.model_copy(
        update={
            "server": settings.server.model_copy(
                update={"host": "127.0.0.1", "port": 0, "tls": None, "clock": "stream"}
            ),
            "store": settings.store.model_copy(update={"url": f"sqlite:///{folder}/store.db"}),
            "log": settings.log.model_copy(update={"url": f"sqlite:///{folder}/log.db"}),
        }
    )


async def _feed(
    settings: Settings, economy: Economy, instants: list[Instant], progress: Callable[[int, int], None]
) -> None:
    """Run the room and send it everything over its socket."""
    from opsroom.catalog import Catalog
    from opsroom.economy import differences
    from opsroom.main import build, run

    app = build(settings, changes=differences(economy, Catalog()), screens=False)
    await app.access.load()
    token = await app.access.make_token(app.room.catalog.root().id, SOURCE)
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:

        def ready(url: str) -> None:
            group.create_task(_send(url.replace("http", "ws", 1), token, instants, app.room, stop, progress))

        await run(app, on_ready=ready, stop=stop)


async def _send(
    url: str,
    token: str,
    instants: list[Instant],
    room: Any,
    stop: asyncio.Event,
    progress: Callable[[int, int], None],
) -> None:
    """Send the readings in order of event time, then end the room once it has taken all of them."""
    from ingest.link import Link, SeriesDeclared

    facts = {
        name: SeriesDeclared(name, unit=unit, period_s=period)
        for instant in instants
        for name, unit, period in zip(instant.names, instant.units, instant.periods, strict=True)
    }
    try:
        async with Link(f"{url}/api/v1/ingest", SOURCE, token, backlog_bytes=BACKLOG_BYTES) as link:
            await link.declare(list(facts.values()))
            for begin in range(0, len(instants), BATCH_INSTANTS):
                part = instants[begin : begin + BATCH_INSTANTS]
                names = [name for instant in part for name in instant.names]
                values = [value for instant in part for value in instant.values]
                t = np.repeat(np.array([one.t for one in part], np.int64), [len(one.names) for one in part])
                await link.send(names, t, values)
                progress(begin + len(part), len(instants))
        await room.reached(room.log.last_offset)
    finally:
        stop.set()


def _outcome(settings: Settings, instants: list[Instant]) -> dict[str, Any]:
    """Read what the room stored and opened, after it has ended."""
    from opsroom.catalog import Catalog
    from opsroom.store import open_store

    store: Store = open_store(settings.store.url, settings.store)
    try:
        catalog = Catalog(store.catalog.units(), store.catalog.series())
        alerts = sorted(
            store.journal.alerts(limit=ALERTS_MAX),
            key=lambda alert: (alert.raised, catalog.series_path(alert.series_id)),
        )
        return {
            "settings_hash": detection_hash(settings),
            "room_settings_hash": settings_hash(settings),
            "fed": sum(len(instant.names) for instant in instants),
            "stored": store.readings.count(),
            "read_back_equal": read_back_equal(store, catalog, instants),
            "alerts": [described(alert, catalog) for alert in alerts],
        }
    finally:
        store.close()


def read_back_equal(store: Store, catalog: Catalog, instants: list[Instant]) -> bool:
    """Tell whether every series reads back as it was fed, bit by bit; the last of equal instants counts."""
    fed: dict[str, dict[int, float | None]] = {}
    for instant in instants:
        for name, value in zip(instant.names, instant.values, strict=True):
            fed.setdefault(name, {})[instant.t] = value
    stored = {catalog.series_path(one): store.readings.read(one, *EVER) for one in catalog.series}
    if {path for path, columns in stored.items() if len(columns)} != set(fed):
        return False
    return all(
        np.array_equal(stored[path].t, np.array(sorted(values), np.int64))
        and np.array_equal(
            stored[path].v, np.array([values[t] for t in sorted(values)], np.float64), equal_nan=True
        )
        for path, values in fed.items()
    )


def settings_hash(settings: Settings) -> str:
    """Give the sha256 of all that shapes alerts: the room's settings and limits, not where files stand."""
    shaped = {
        "room": settings.room.model_dump(mode="json"),
        "limits": settings.limits.model_dump(mode="json"),
    }
    return hashlib.sha256(json.dumps(shaped, sort_keys=True).encode()).hexdigest()


def detection_hash(settings: Settings) -> str:
    """Give the hash of what detection is set to: with default settings that of what is shipped."""
    from opsroom.detect.shipped import settings_hash as shipped

    room = settings.room
    return shipped(
        profile=room.filter_profile,
        recovery_readings=room.recovery_readings,
        discord_share=room.discord_share,
        discord_series=room.discord_series,
        budget_per_week=room.budget_per_week,
    )


def described(alert: Alert, catalog: Catalog) -> dict[str, Any]:
    """Give one alert with its times of the stream in UTC and its explanation in words."""
    from opsroom.words import word

    return {
        "unit": catalog.units[alert.unit_id].path,
        "series": catalog.series[alert.series_id].name,
        "kind": alert.kind.value,
        "priority": int(alert.priority),
        "raised": _shown(alert.raised),
        "recovered": _shown(alert.recovered),
        "explanation": " ".join(word("en", sentence.code, sentence.params) for sentence in alert.explanation),
        "levels": [
            {"level": stood.level, "unit": catalog.units[stood.unit_id].path, "at": _shown(stood.at)}
            for stood in alert.annunciations
        ],
    }


def _shown(at: int | None) -> str | None:
    """Give an instant as ISO 8601, UTC."""
    return (
        None
        if at is None
        else datetime.fromtimestamp(at / MICROS_PER_S, UTC).isoformat().replace("+00:00", "Z")
    )
