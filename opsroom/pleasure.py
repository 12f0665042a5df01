"""Good news (pleasure): an indicator that got better and stays so, kept for its own unit.

Values only. DOMAIN 1.6 rule 6: positive signals are kept, shown to their owner, never climb, and may be
offered upward. Times are int microseconds UTC on the room's clock, figures in units of the readings.
"""

from __future__ import annotations

import msgspec

from opsroom.model import ChangeKind, Micros, Sentence


class Pleasure(msgspec.Struct, frozen=True, kw_only=True):
    """That one indicator got better: from about `before` to about `after`, since `onset`.

    `kind` is a step or a slope, with the probability `p`, as the four-state filter confirmed it `at` room
    time. Its unit may offer it to the unit above: when, who did, and to which.
    """

    id: str
    root_id: int
    unit_id: int
    series_id: int
    kind: ChangeKind
    p: float
    before: float
    after: float
    onset: Micros
    at: Micros
    explanation: tuple[Sentence, ...]
    offered: Micros | None = None
    offered_by: str = ""
    offered_to: int = 0


class Hope(msgspec.Struct, frozen=True, kw_only=True):
    """That a detector found an indicator better, on its index; the filter has yet to say what it is."""

    series_id: int
    detector: str
    at: Micros
    onset: Micros
    expected: float | None
