"""Who sits where.

Seats, their sessions and the tokens of plants, as rows that access and store both speak.
"""

from __future__ import annotations

import msgspec

from opsroom.model import Micros, Role


class Seat(msgspec.Struct, frozen=True):
    """A person's place at one unit of the tree.

    `id` 0 asks the store to give one; `role` holds inside that unit.
    """

    id: int
    person: str
    role: Role
    unit_id: int


class Session(msgspec.Struct, frozen=True):
    """A signed-in seat.

    `token_hash` is the sha256 (hex) of the cookie's value, `expires` int microseconds UTC.

    `csrf` is the token that every changing request must carry in its header.
    """

    token_hash: str
    seat_id: int
    csrf: str
    expires: Micros


class Kiosk(msgspec.Struct, frozen=True):
    """A wall screen: it sees what a seat of its unit sees, and may do nothing.

    Made with a one-time code (`code_hash`, good until `code_until`) that a browser exchanges for a session.
    `until` ends it. Rows are never removed: who made, opened and revoked it, and when, stays readable. All
    times are int microseconds UTC; `id` 0 asks the store to give one.
    """

    id: int
    name: str
    unit_id: int
    code_hash: str
    code_until: Micros
    until: Micros
    made_by: str
    made_at: Micros
    opened_at: Micros | None = None
    revoked_by: str = ""
    revoked_at: Micros | None = None

    def stands(self, now: Micros) -> bool:
        """Tell whether it may see anything at `now`."""
        return self.revoked_at is None and now < self.until

    @property
    def seat(self) -> Seat:
        """Its place: an observer of its unit, with a number below 0, which no person has."""
        return Seat(-self.id, self.name, Role.OBSERVER, self.unit_id)


class PlantToken(msgspec.Struct, frozen=True):
    """A sender's credential, bound to the subtree of one unit.

    `token_hash` is the sha256 (hex) of the token, `at` when made, `expires` when it ends by itself.
    """

    token_hash: str
    unit_id: int
    name: str
    at: Micros
    expires: Micros | None = None
