"""The room watches itself: what keeps it from its work is an alert of the top unit, like any plant's.

Three figures, each on a series of its own below `room/`, made when it is first needed: how far the room is
behind its log, what is left on the disk of its files, and how many records of its log it passed over, since
they were damaged or met a mistake of its own. They are findings of the room about itself, not readings. A
store that refuses is not among them: no alert comes to a screen before it is stored, so the readiness check
and the outside monitor have to tell of it.
"""

from __future__ import annotations

import asyncio
import shutil
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

import structlog

from opsroom.errors import OpsroomError
from opsroom.model import ChangeKind, Finding, FindingVerb
from opsroom.records import Reported
from opsroom.reports import Place, ReportedRoom, series_for

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from opsroom.clock import Clock
    from opsroom.model import Micros
    from opsroom.view import View

DETECTOR: Final = "opsroom"
BEHIND: Final = "room/behind-log"
FREE: Final = "room/disk-free"
PASSED: Final = "room/records-passed-over"
BEHIND_S_MOST: Final = 10.0
"""Twice what readiness allows: a peak is no alert."""
LOOKS_BACK: Final = 2
"""Looks in a row at which a figure is inside again before its alert ends."""
GIGA: Final = 1e9

_logger = structlog.get_logger("opsroom.vitals")


class Vital(NamedTuple):
    """One figure in its unit, and the bounds it should stay within."""

    name: str
    unit: str
    value: float
    low: float | None = None
    high: float | None = None

    @property
    def well(self) -> bool:
        """Whether it stays within its bounds."""
        return (self.low is None or self.value >= self.low) and (self.high is None or self.value <= self.high)


class Damaged(Protocol):
    """What is asked of the log."""

    @property
    def damaged(self) -> int:
        """How many damaged records it found."""
        ...


class Watched(ReportedRoom, Protocol):
    """What is asked of the room."""

    view: View

    @property
    def lag_s(self) -> float:
        """How far it is behind its log, seconds."""
        ...

    @property
    def passed_over(self) -> int:
        """How many records met a mistake of the room since the start."""
        ...

    @property
    def log(self) -> Damaged:
        """Its log."""
        ...


def judged(
    vitals: Iterable[Vital], standing: Mapping[str, int]
) -> tuple[list[tuple[Vital, bool]], dict[str, int]]:
    """Give what is to be said (figure, whether it is well), and what stands afterwards. Pure.

    `standing` counts for each figure that stands how often in a row it was inside since.
    """
    after = dict(standing)
    said = []
    for vital in vitals:
        if not vital.well:
            if vital.name not in after:
                said.append((vital, False))
            after[vital.name] = 0
        elif vital.name in after:
            after[vital.name] += 1
            if after[vital.name] >= LOOKS_BACK:
                said.append((vital, True))
                del after[vital.name]
    return said, after


class Vitals:
    """Looks at the room every few seconds; see `run`."""

    def __init__(self, room: Watched, folder: Path, clock: Clock) -> None:
        """Keep the parts; `folder` is where the room's files are."""
        self._room, self._folder, self._clock = room, folder, clock
        self._every_s = room.settings.room.vitals_every_s
        self._low = room.settings.limits.disk_free_least / GIGA
        self._standing: dict[str, int] | None = None
        self._passed = self._passed_told = 0

    async def run(self) -> None:
        """Look until cancelled."""
        if not self._every_s:
            return
        while True:
            await asyncio.sleep(self._every_s)
            await self.tell(self.figures())

    async def tell(self, vitals: list[Vital]) -> None:
        """Say what changed since the last look; what cannot be said now is said at the next one."""
        if self._standing is None:
            self._standing = self._left_open(vitals)
        said, after = judged(vitals, self._standing)
        if said:
            try:
                await self._say(said)
            except OpsroomError as error:
                _logger.warning("vitals_unsaid", code=error.code, message=error.message)
                return
        self._standing, self._passed_told = after, self._passed

    def figures(self) -> list[Vital]:
        """Look once."""
        usage = shutil.disk_usage(self._folder)
        # A small disk is not low for being small.
        low = min(self._low, usage.total / GIGA / 20)
        self._passed = self._room.passed_over + self._room.log.damaged
        return [
            Vital(BEHIND, "s", self._room.lag_s, high=BEHIND_S_MOST),
            Vital(FREE, "GBy", usage.free / GIGA, low=low),
            Vital(PASSED, "1", self._passed - self._passed_told, high=0),
        ]

    def _left_open(self, vitals: list[Vital]) -> dict[str, int]:
        """Give what stands on the wall from before a restart."""
        root = self._room.catalog.root()
        found = {}
        for vital in vitals:
            series = None if root is None else self._room.catalog.own_series(root.id, vital.name)
            if series is not None and any(alert.active for alert in self._room.view.on_series(series.id)):
                found[vital.name] = 0
        return found

    async def _say(self, said: list[tuple[Vital, bool]]) -> None:
        root = self._room.catalog.root()
        if root is None:
            return
        ids = await series_for(self._room, [Place(root.id, vital.name, vital.unit) for vital, _ in said])
        now = self._clock.now()
        findings = tuple(_finding(ids[root.id, vital.name], vital, now, well=well) for vital, well in said)
        await self._room.act(Reported(source=DETECTOR, findings=findings), urgent=True)


def _finding(series_id: int, vital: Vital, now: Micros, *, well: bool) -> Finding:
    return Finding(
        series_id=series_id,
        verb=FindingVerb.BACK if well else FindingVerb.OPEN,
        detector=DETECTOR,
        kind=ChangeKind.LIMIT,
        at=now,
        onset=None if well else now,
        value=round(vital.value, 3),
        low=vital.low,
        high=vital.high,
        direction=-1 if vital.low is not None else 1,
    )
