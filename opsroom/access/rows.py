"""The rows that access keeps, as protocols for the store to implement."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from opsroom.model import Micros
    from opsroom.seats import Kiosk, PlantToken, Seat, Session


class SeatRows(Protocol):
    """Seats and their credentials; synchronous."""

    def seats(self) -> list[Seat]:
        """Give all seats."""
        ...

    def put_seat(self, seat: Seat) -> Seat:
        """Write a seat and give it back, with an id where it had 0: one that no seat ever had."""
        ...

    def delete_seat(self, seat_id: int) -> None:
        """Remove a seat with its credentials and sessions; nothing where there is none."""
        ...

    def put_credential(self, seat_id: int, kind: str, secret: str, at: Micros) -> None:
        """Replace the seat's credential of `kind`; `secret` is already a hash."""
        ...

    def credentials(self, seat_id: int, kind: str) -> list[str]:
        """Give the hashes of `kind`."""
        ...


class SessionRows(Protocol):
    """Signed-in sessions; synchronous."""

    def put_session(self, session: Session) -> None:
        """Write a session."""
        ...

    def session(self, token_hash: str) -> Session | None:
        """Give the session of that hash, None where there is none."""
        ...

    def sessions(self) -> list[str]:
        """Give the hashes of all sessions."""
        ...

    def end_session(self, token_hash: str) -> None:
        """Remove it; nothing where there is none."""
        ...

    def end_sessions(self, seat_id: int) -> None:
        """Remove all of a seat."""
        ...

    def end_expired(self, now: Micros) -> None:
        """Remove those that expired at `now` or before."""
        ...


class TokenRows(Protocol):
    """Plants' tokens; synchronous."""

    def put_token(self, token: PlantToken) -> None:
        """Write a token."""
        ...

    def tokens(self) -> list[PlantToken]:
        """Give all tokens."""
        ...

    def delete_token(self, token_hash: str) -> None:
        """Remove it; nothing where there is none."""
        ...


class KioskRows(Protocol):
    """Wall screens; synchronous."""

    def kiosks(self) -> list[Kiosk]:
        """Give all wall screens by id, ended ones too."""
        ...

    def put_kiosk(self, kiosk: Kiosk) -> Kiosk:
        """Store a wall screen, replacing that of its id; id 0 is given the next one."""
        ...


class AccessRows(SeatRows, SessionRows, TokenRows, KioskRows, Protocol):
    """All four, as one store gives them."""
