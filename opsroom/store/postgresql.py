"""The store in PostgreSQL, for several rooms or one that is to survive its machine."""

from __future__ import annotations

from sqlalchemy import create_engine
from sqlalchemy.engine import make_url

from opsroom.section import StoreSection
from opsroom.store._database import Database
from opsroom.store._sql import SqlStore

NEEDS = {"psycopg": "pip install 'cybersyn-opsroom[postgresql]'"}


def open_store(url: str, settings: StoreSection, root_id: int) -> SqlStore:
    """Connect to `postgresql+psycopg://...`; connections are tested before use, as servers restart."""
    target = make_url(url).set(drivername="postgresql+psycopg")
    engine = create_engine(target, pool_size=settings.read_pool + 1, max_overflow=2, pool_pre_ping=True)
    database = Database(engine, root_id)
    try:
        database.migrate()
        return SqlStore(database, settings)
    except BaseException:
        database.close()
        raise
