"""What a room tells of its core, the one that runs and one of the past alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opsroom.foresight import Foresight, foresee

if TYPE_CHECKING:
    from opsroom.alert.agreed import Agreed
    from opsroom.alert.budget import Budget
    from opsroom.core import Core
    from opsroom.model import Micros, Series
    from opsroom.settings import Settings


class Known:
    """A room with a core."""

    core: Core
    settings: Settings

    @property
    def reordering(self) -> tuple[int, int]:
        """Give how many readings wait for a watermark, and how many were released early since the start."""
        return self.core.sources.waiting, self.core.sources.early

    @property
    def passed_over(self) -> int:
        """How many records met a mistake of the room since the start; see `applied`."""
        return self.core.passed_over

    @property
    def agreed(self) -> Agreed:
        """What is agreed on alarms: rotas, classes, causes."""
        return self.core.book.agreed

    def budget(self, series: Series) -> Budget:
        """Give the false-alarm budget of a series, and how it came about."""
        return self.core.book.budget(series, self.settings.room.budget_per_week)

    def foresee(self, series_id: int, ahead_us: Micros) -> Foresight:
        """Give what comes of a series so long behind its last reading, if nothing changes."""
        return foresee(self.core, series_id, ahead_us)
