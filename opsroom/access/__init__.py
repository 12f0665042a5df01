"""Access: who a person or a plant is, and what that allows.

`Access` joins seats, passwords, sessions and plants' tokens over three small row protocols that the store
implements. What a seat may see and do is `opsroom.rights` (pure), re-exported here.
"""

from opsroom.access.desk import Access, Caller
from opsroom.access.passwords import Passwords
from opsroom.access.rate import LoginRate
from opsroom.access.rows import AccessRows, SeatRows, SessionRows, TokenRows
from opsroom.rights import (
    may_acknowledge,
    may_adopt,
    may_decide,
    may_judge,
    may_note,
    may_press,
    may_rebase,
    may_see,
    may_see_series,
    may_see_unit,
)
from opsroom.seats import PlantToken, Seat, Session

__all__ = [
    "Access",
    "AccessRows",
    "Caller",
    "LoginRate",
    "Passwords",
    "PlantToken",
    "Seat",
    "SeatRows",
    "Session",
    "SessionRows",
    "TokenRows",
    "may_acknowledge",
    "may_adopt",
    "may_decide",
    "may_judge",
    "may_note",
    "may_press",
    "may_rebase",
    "may_see",
    "may_see_series",
    "may_see_unit",
]
