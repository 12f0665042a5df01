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


class PlantToken(msgspec.Struct, frozen=True):
    """A sender's credential, bound to the subtree of one unit.

    `token_hash` is the sha256 (hex) of the token, `at` when made, `expires` when it ends by itself.
    """

    token_hash: str
    unit_id: int
    name: str
    at: Micros
    expires: Micros | None = None
