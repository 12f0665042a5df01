"""What a flood is made of: the tree, who sends what when, and the ledger of what must come of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

SLOTS_PER_S = 10
UNITS_BELOW = 15
OWN_SHARE = 2
"""Of so many series one belongs to the wall's own unit, the others to units below it."""
CLOSES_EVERY = 3
CLOSES_AFTER_SLOTS = 50
CLIMBS_AFTER_S = 20.0
INSIDE = 50.0
OUTSIDE = 150.0
PRESSED = "essential"


@dataclass(frozen=True)
class Plan:
    """`rate` alerts a second for `seconds`, each on a series of its own; every third goes back 5 s later.

    A limit counts from the second reading outside, and so does the way back: slot n brings the first such
    reading of its own series and the second of those of the slot before.
    """

    rate: int
    seconds: int

    @property
    def series(self) -> int:
        """How many series there are, the essential ones left out."""
        return self.rate * self.seconds

    @property
    def a_slot(self) -> int:
        """Alerts raised in a tenth of a second."""
        return self.rate // SLOTS_PER_S

    @property
    def slots(self) -> int:
        """Slots in which something is raised."""
        return self.seconds * SLOTS_PER_S

    @cached_property
    def names(self) -> list[str]:
        """Give the path of each series by its number, then those of the essential ones, one a second."""
        own = [
            f"s{n:05d}" if n % OWN_SHARE == 0 else f"works-{n % UNITS_BELOW:02d}/s{n:05d}"
            for n in range(self.series)
        ]
        return own + [self.essential(n) for n in range(2 * self.seconds)]

    @staticmethod
    def essential(number: int) -> str:
        """Name an indicator that is pressed by hand."""
        return f"{PRESSED}-{number:03d}"

    def closes(self) -> list[int]:
        """Numbers of the series that go back inside before the flood ends."""
        last = self.slots - CLOSES_AFTER_SLOTS
        return [n for n in range(self.series) if n % CLOSES_EVERY == 0 and n // self.a_slot < last]

    def frames(self) -> Iterator[tuple[list[int], np.ndarray]]:
        """Give the readings of each slot: numbers of series and their values."""
        for slot in range(self.slots + 2):
            out = [*self._raised(slot), *self._raised(slot - 1)]
            back = [*self._closed(slot), *self._closed(slot - 1)]
            values = np.full(len(out) + len(back), OUTSIDE)
            values[len(out) :] = INSIDE
            yield out + back, values

    def _raised(self, slot: int) -> range:
        if not 0 <= slot < self.slots:
            return range(0)
        return range(slot * self.a_slot, (slot + 1) * self.a_slot)

    def _closed(self, slot: int) -> list[int]:
        if slot >= self.slots:
            return []
        return [n for n in self._raised(slot - CLOSES_AFTER_SLOTS) if n % CLOSES_EVERY == 0]

    def economy(self) -> str:
        """Give the economy file: everything declared, one in twenty urgent, three in twenty less so."""
        lines = ["[[unit]]", 'path = ""', 'name = "Works"']
        for unit in range(UNITS_BELOW):
            lines += ["[[unit]]", f'path = "works-{unit:02d}"']
        for number, name in enumerate(self.names[: self.series]):
            lines += ["[[series]]", f'path = "{name}"', 'unit = "%"', "band = [0.0, 100.0]"]
            lines += [f"recovery_s = [{CLIMBS_AFTER_S}, 3600.0]", *_urgency(number)]
        for name in self.names[self.series :]:
            lines += [
                "[[series]]",
                f'path = "{name}"',
                'orientation = "more"',
                "capability = 100.0",
                "essential = true",
            ]
        return "\n".join(lines) + "\n"


def _urgency(number: int) -> list[str]:
    if number % 20 == 0:
        return ['consequence = "severe"', "response_s = 300"]
    if number % 20 < 4:
        return ['consequence = "major"', "response_s = 900"]
    return []
