"""The embedded store: one SQLite file beside the log."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import create_engine
from sqlalchemy.engine import make_url

from opsroom.errors import SettingsError
from opsroom.section import StoreSection
from opsroom.store._database import Database, on_sqlite
from opsroom.store._sql import SqlStore


def open_store(url: str, settings: StoreSection, root_id: int) -> SqlStore:
    """Open or make the file of `sqlite:///relative` or `sqlite:////absolute`."""
    name = make_url(url).database
    if not name or name == ":memory:":
        raise SettingsError(
            f"{url!r} names no file.", remedy="Write sqlite:///folder/store.db.", key="store.url"
        )
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, pool_size=settings.read_pool + 1, max_overflow=2)
    on_sqlite(engine)
    database = Database(engine, root_id)
    try:
        database.migrate()
        return SqlStore(database, settings)
    except BaseException:
        database.close()
        raise
