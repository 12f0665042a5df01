"""The store over one database: its parts put together."""

from __future__ import annotations

from opsroom.section import StoreSection
from opsroom.store._annals import SqlAnnals
from opsroom.store._annotations import SqlAnnotations
from opsroom.store._database import Database
from opsroom.store._journal import SqlJournal
from opsroom.store._outbox import SqlOutbox
from opsroom.store._readings import SqlReadings
from opsroom.store._rows import SqlAccess, SqlSnapshots
from opsroom.store._rulings import SqlRulings


class SqlStore:
    """All parts of one economy's store."""

    def __init__(self, database: Database, settings: StoreSection) -> None:
        self.database = database
        self.readings = SqlReadings(database, settings)
        self.journal = self.catalog = SqlJournal(database)
        self.rulings = SqlRulings(database)
        self.annals = SqlAnnals(database)
        self.annotations = SqlAnnotations(database)
        self.snapshots = SqlSnapshots(database)
        self.access = SqlAccess(database)
        self.outbox = SqlOutbox(database)

    def close(self) -> None:
        """Let connections go."""
        self.database.close()
