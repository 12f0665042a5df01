"""The council's minutes: decisions with what came of them, and what the council said of that.

Values only. A decision stands in the minutes whether it was taken on an alert at the top or freely by the
council of any unit; the journal of the alert holds the former too. Times are int microseconds UTC on the
room's clock.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec

from opsroom.decision import FollowUp, Measured, Micros

if TYPE_CHECKING:
    from opsroom.model import Alert

Effect = Literal["worked", "partly", "failed"]


class Verdict(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What the council that decided said when it looked again: did it work, and why."""

    at: Micros
    person: str
    seat_id: int
    effect: Effect
    note: str = ""


class Minute(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One decision: by whom and when, for which alert or series (none: empty, 0), to whom, until when.

    `unit_id` is the unit whose council decided. `measured` is the series at the decision, `found` what came
    of it by the follow-up time (None until then, and for good where there is no series).
    """

    id: str
    unit_id: int
    seat_id: int
    person: str
    at: Micros
    text: str
    addressee_id: int
    followup: Micros
    alert_id: str = ""
    series_id: int = 0
    measured: Measured | None = None
    found: FollowUp | None = None
    verdict: Verdict | None = None

    @property
    def due(self) -> Micros | None:
        """When a free decision is to be followed up; that of an alert has its clock with the alert."""
        awaited = self.series_id and not self.alert_id and self.found is None
        return self.followup if awaited else None


def minute_of(alert: Alert) -> Minute | None:
    """Give an alert's decision as it stands in the minutes, None where none was taken."""
    made = alert.decision
    if made is None:
        return None
    return Minute(
        id=f"{alert.id}-{made.at}",
        unit_id=alert.standing.unit_id,
        seat_id=made.seat_id,
        person=made.person,
        at=made.at,
        text=made.text,
        addressee_id=made.addressee_id,
        followup=made.followup,
        alert_id=alert.id,
        series_id=alert.series_id,
        measured=made.measured,
        found=made.found,
    )


def knows_minute(minute: Minute, seat_unit: int) -> bool:
    """Tell whether a unit is told of the decision: who took it, and whom it is addressed to."""
    return seat_unit in {minute.unit_id, minute.addressee_id}
