"""The desk where persons and plants say who they are: sign in, session, CSRF token, plants' tokens."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import secrets
from collections import OrderedDict
from typing import TYPE_CHECKING, Final, ParamSpec, Protocol, TypeVar

import msgspec

from opsroom.access.hashes import TOKEN_BYTES, hash_of
from opsroom.access.kiosks import Kiosks
from opsroom.access.passwords import PASSWORD_CHARS_MAX, Passwords
from opsroom.access.rate import LoginRate
from opsroom.errors import AccessDenied, Conflict, Invalid, NotFound, NotSignedIn, OpsroomError, StoreError
from opsroom.model import MICROS_PER_S, Role
from opsroom.seats import Kiosk, PlantToken, Seat, Session

if TYPE_CHECKING:
    from collections.abc import Callable

    from opsroom.access.rows import AccessRows
    from opsroom.clock import Clock
    from opsroom.model import Micros
    from opsroom.settings import Limits

P = ParamSpec("P")
T = TypeVar("T")

MISS_RELOAD_S: Final = 0.1
SESSIONS_KEPT: Final = 4_096
PASSWORD: Final = "password"  # noqa: S105 - the kind of credential, not one
SECONDS_AN_HOUR: Final = 3_600
TOO_MANY: Final = 429


class Offload(Protocol):
    """Runs a blocking call outside the loop."""

    async def __call__(self, call: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Give what `call(*args)` gives."""
        ...


class Caller(msgspec.Struct, frozen=True):
    """Who makes a request: the seat and its session."""

    seat: Seat
    session: Session


class Access:
    """Seats, sessions and plants' tokens.

    Rows stay the truth; what requests need is kept in memory as well.
    """

    def __init__(
        self,
        rows: AccessRows,
        limits: Limits,
        clock: Clock,
        read: Offload,
        *,
        write: Offload | None = None,
        passwords: Passwords | None = None,
    ) -> None:
        """Take the rows and where their calls run; `await load()` before the first request.

        `clock` is the wall's: sessions do not run on the room clock, which a replay may move by years.
        """
        self._rows = rows
        self._limits = limits
        self._clock = clock
        self._read = read
        self._write = write or read
        self._passwords = passwords or Passwords()
        self._rate = LoginRate(limits.login_per_minute)
        self._seats: dict[int, Seat] = {}
        self._people: dict[str, Seat] = {}
        self._tokens: dict[str, PlantToken] = {}
        self._sessions: OrderedDict[str, Session] = OrderedDict()
        self._loaded_s = float("-inf")
        self._missing = asyncio.Lock()
        self._opening = asyncio.Lock()  # a code is exchanged once
        self._changing = asyncio.Lock()  # else a reload begun before a revocation would bring the token back
        self.kiosks = Kiosks(rows, clock, self._write, self._changing)

    async def load(self) -> None:
        """Read seats and tokens anew; called at the start and by `keep_fresh`."""
        async with self._changing:
            known = set(self._sessions)
            seats = await self._read(self._rows.seats)
            standing = await self._read(self._rows.sessions)
            tokens = await self._read(self._rows.tokens)
            kiosks = await self._read(self._rows.kiosks)
            self._seats = {seat.id: seat for seat in seats}
            self._people = {seat.person: seat for seat in seats}
            self.kiosks.take(kiosks)
            self._tokens = {token.token_hash: token for token in tokens}
            # One that was opened or read while the rows were is not among them.
            for ended in known.difference(standing):
                self._sessions.pop(ended, None)
            self._loaded_s = self._clock.monotonic()

    async def keep_fresh(self, every_s: float = 0.5) -> None:
        """Read anew for ever, so that what the command line wrote or revoked counts within a second."""
        while True:
            await asyncio.sleep(every_s)
            with contextlib.suppress(StoreError):  # what is in memory holds until the store answers again
                await self.load()

    # -- persons ------------------------------------------------------------------------------------------

    def seats(self) -> list[Seat]:
        """Give all seats, by id."""
        return sorted(self._seats.values(), key=lambda seat: seat.id)

    async def make_seat(self, person: str, role: Role, unit_id: int, password: str) -> Seat:
        """Make a seat with a password.

        Raises:
            Conflict: the person already has a seat.
            Invalid: no name.
        """
        if not person.strip():
            raise Invalid(
                "A seat needs a name.",
                remedy="Give the person's name.",
                code="seat_name_missing",
                field="person",
            )
        secret = await self._passwords.hashed(password)
        async with self._changing:
            if person in self._people:
                raise Conflict(
                    f"{person} has a seat.", remedy="Choose another name.", code="seat_taken", person=person
                )
            seat = await self._write(self._rows.put_seat, Seat(0, person, role, unit_id))
            await self._write(self._rows.put_credential, seat.id, PASSWORD, secret, self._clock.now())
            self._seats[seat.id] = self._people[person] = seat
        return seat

    async def alter_seat(self, seat_id: int, role: Role, unit_id: int) -> Seat:
        """Give a seat another role or unit; its sessions go on with what they may now.

        Raises:
            NotFound: `seat_unknown`.
        """
        async with self._changing:
            seat = msgspec.structs.replace(self._seat(seat_id), role=role, unit_id=unit_id)
            await self._write(self._rows.put_seat, seat)
            self._seats[seat.id] = self._people[seat.person] = seat
        return seat

    async def new_password(self, seat_id: int, password: str) -> None:
        """Replace a seat's password; whoever came in by the old one is out, on every screen.

        Raises:
            NotFound: `seat_unknown`.
        """
        secret = await self._passwords.hashed(password)
        async with self._changing:
            seat = self._seat(seat_id)
            await self._write(self._rows.put_credential, seat.id, PASSWORD, secret, self._clock.now())
            await self._write(self._rows.end_sessions, seat.id)
            self._forget(seat.id)

    async def remove_seat(self, seat_id: int) -> None:
        """Take a seat away: its sessions end at once, on every screen.

        Raises:
            NotFound: `seat_unknown`.
        """
        async with self._changing:
            seat = self._seat(seat_id)
            await self._write(self._rows.delete_seat, seat.id)
            del self._seats[seat.id], self._people[seat.person]
            self._forget(seat.id)

    def _forget(self, seat_id: int) -> None:
        for key in [key for key, session in self._sessions.items() if session.seat_id == seat_id]:
            del self._sessions[key]

    def _seat(self, seat_id: int) -> Seat:
        seat = self._seats.get(seat_id)
        if seat is None:
            raise NotFound("No such seat.", remedy="List them.", code="seat_unknown", seat=seat_id)
        return seat

    async def sign_in(self, person: str, password: str, address: str) -> tuple[str, Caller]:
        """Check the password and open a session; give the cookie's value and the caller.

        Raises:
            NotSignedIn: wrong person or password (the answer does not say which, and takes as long).
            OpsroomError: status 429, too many tries from this address; `params` say `wait_s`.
        """
        self._admit(address)
        if person not in self._people:
            await self.load()  # the command line may have made the seat a moment ago
        seat = self._people.get(person)
        known = await self._read(self._rows.credentials, seat.id if seat else 0, PASSWORD)
        if len(password) > PASSWORD_CHARS_MAX:
            password, known = "", []
        right = await self._passwords.check(known[0] if known else None, password)
        if not right or seat is None:
            if not self._seats:
                raise NotSignedIn(
                    "This room has no seats yet.",
                    remedy="On its machine: opsroom seat new NAME --unit / --role admin --random",
                    code="seats_none",
                )
            raise NotSignedIn(
                "Person or password is wrong.", remedy="Check both and try again.", code="login_wrong"
            )
        return await self._open(seat)

    def _admit(self, address: str) -> None:
        """Count one try of the address; refuse it beyond the limit."""
        wait_s = self._rate.take(address, self._clock.monotonic())
        if wait_s > 0:
            error = OpsroomError(
                "Too many tries.",
                remedy=f"Wait {wait_s:.0f} s.",
                code="login_rate_exceeded",
                wait_s=round(wait_s),
            )
            error.status = TOO_MANY
            raise error

    async def _open(self, seat: Seat, until: Micros | None = None) -> tuple[str, Caller]:
        """Open a session, for a shift unless `until` is given; its secret leaves once, in the cookie."""
        secret = secrets.token_urlsafe(TOKEN_BYTES)
        life = round(self._limits.sessions_hours * SECONDS_AN_HOUR * MICROS_PER_S)
        session = Session(
            hash_of(secret), seat.id, secrets.token_urlsafe(TOKEN_BYTES), until or self._clock.now() + life
        )
        await self._write(self._rows.end_expired, self._clock.now())
        await self._write(self._rows.put_session, session)
        self._remember(session)
        return secret, Caller(seat, session)

    async def caller(self, secret: str | None) -> Caller:
        """Give who holds the cookie `secret`.

        Raises:
            NotSignedIn: no cookie, unknown, ended, expired, or the seat is gone.
        """
        session = await self._session(hash_of(secret)) if secret else None
        found = self._valid(session) if session else None
        if found is None:
            raise NotSignedIn("Nobody is signed in here.", remedy="Sign in.")
        return found

    def still(self, caller: Caller) -> Caller | None:
        """Check a caller again, in memory.

        None once its session ended or expired, else the seat as it is now.
        """
        kept = self._sessions.get(caller.session.token_hash)
        return self._valid(kept) if kept is not None else None

    async def sign_out(self, caller: Caller) -> None:
        """End the session, here and in the store."""
        await self._write(self._rows.end_session, caller.session.token_hash)
        self._sessions.pop(caller.session.token_hash, None)

    def _valid(self, session: Session) -> Caller | None:
        seat = self._seats.get(session.seat_id) or self.kiosks.seat(-session.seat_id)
        return None if seat is None or session.expires <= self._clock.now() else Caller(seat, session)

    async def _session(self, token_hash: str) -> Session | None:
        session = self._sessions.get(token_hash)
        if session is None:
            session = await self._read(self._rows.session, token_hash)
            if session is not None:
                self._remember(session)
        return session

    def _remember(self, session: Session) -> None:
        self._sessions[session.token_hash] = session
        if len(self._sessions) > SESSIONS_KEPT:
            self._sessions.popitem(last=False)

    async def open_kiosk(self, code: str, address: str) -> tuple[str, Caller, Kiosk]:
        """Exchange a wall screen's one-time code for a session; give cookie's value, caller, wall screen.

        Raises:
            NotSignedIn: the code is unknown, used, too old, or its wall screen has ended.
            OpsroomError: status 429, too many tries from this address.
        """
        self._admit(address)
        async with self._opening:
            await self.load()  # the command line may have made it a moment ago
            kiosk = await self.kiosks.open(code)
        return *await self._open(kiosk.seat, kiosk.until), kiosk

    # -- plants -------------------------------------------------------------------------------------------

    def plant(self, token: str) -> PlantToken:
        """Give what `token` is bound to; in memory, so that a revoked one is refused at once.

        Raises:
            NotSignedIn: unknown or revoked.
        """
        found = self._standing(hash_of(token))
        if found is None:
            raise NotSignedIn(
                "The token is unknown or revoked.",
                remedy="Make one: opsroom token new UNIT.",
                code="token_unknown",
            )
        return found

    async def find(self, token: str) -> int | None:
        """Give the unit that a plant's token is bound to, None where it is unknown or revoked.

        A miss waits for rows read after it came: the command line may have made the token a moment ago. They
        are read for all that wait at once and at most ten times a second, or guessing would load the store.
        """
        hashed, came_s = hash_of(token), self._clock.monotonic()
        if hashed not in self._tokens:
            async with self._missing:
                if self._loaded_s <= came_s:
                    await asyncio.sleep(max(0.0, self._loaded_s + MISS_RELOAD_S - came_s))
                    with contextlib.suppress(StoreError):
                        await self.load()
        found = self._standing(hashed)
        return None if found is None else found.unit_id

    def _standing(self, hashed: str) -> PlantToken | None:
        """Give a token that has not ended."""
        found = self._tokens.get(hashed)
        ended = found is not None and found.expires is not None and found.expires <= self._clock.now()
        return None if ended else found

    def now(self) -> int:
        """Give the time by which tokens and sessions end, us."""
        return self._clock.now()

    def tokens(self) -> list[PlantToken]:
        """Give all tokens; the secrets themselves are kept nowhere."""
        return list(self._tokens.values())

    async def make_token(self, unit_id: int, name: str, life_s: float | None = None) -> str:
        """Make a token for the subtree of a unit and give its secret, the only time it is seen.

        It ends by itself after `life_s` seconds, where that is said.
        """
        secret, now = secrets.token_urlsafe(TOKEN_BYTES), self._clock.now()
        expires = None if life_s is None else now + round(life_s * MICROS_PER_S)
        token = PlantToken(hash_of(secret), unit_id, name, now, expires)
        async with self._changing:
            await self._write(self._rows.put_token, token)
            self._tokens[token.token_hash] = token
        return secret

    async def revoke(self, token_hash: str) -> None:
        """Revoke a token, effective at once for `plant`.

        Raises:
            NotFound: no such token.
        """
        async with self._changing:
            if self._tokens.pop(token_hash, None) is None:
                raise NotFound("No such token.", remedy="List them.", code="token_unknown")
            await self._write(self._rows.delete_token, token_hash)


def check_csrf(caller: Caller, sent: str | None) -> None:
    """Compare the header with the session's CSRF token, in constant time.

    Raises:
        AccessDenied: missing or wrong.
    """
    if sent is None or not hmac.compare_digest(sent.encode(), caller.session.csrf.encode()):
        raise AccessDenied(
            "The request does not carry this session's CSRF token.",
            remedy="Send it in the header X-CSRF-Token; GET /api/v1/session gives it.",
            code="csrf_wrong",
        )
