"""A decision of the council at the top, and what its telemetry did by the follow-up time."""

from __future__ import annotations

import msgspec

Micros = int


class Measured(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """The newest good reading of a series at some instant, in the series' own unit; None where there is none.

    `at` is its event time. `productivity` is what an indicator makes of it.
    """

    value: float | None = None
    at: Micros | None = None
    productivity: float | None = None


class FollowUp(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What was found at the follow-up time, `at`.

    `outcome` is that of the alert then: open (it is called again), recovered, rebased, or decided (a press
    that no detector confirmed had ended).
    """

    at: Micros
    outcome: str
    measured: Measured


class Decision(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A seat's recorded act at the top: text, addressee unit, follow-up time.

    `measured` is the series at the decision (None in journals of before it was kept: their decisions are
    followed up by the call at the top alone), `found` what came of it, None until then.
    """

    at: Micros
    person: str
    seat_id: int
    text: str
    addressee_id: int
    followup: Micros
    measured: Measured | None = None
    found: FollowUp | None = None

    @property
    def due(self) -> Micros | None:
        """When it is still to be recorded what came of it, None where nothing is."""
        return None if self.measured is None or self.found is not None else self.followup
