"""Seats, passwords, sessions, tokens, the rate of tries."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsroom.access import LoginRate, Passwords
from opsroom.access.desk import check_csrf
from opsroom.access.hashes import hash_of
from opsroom.errors import AccessDenied, Conflict, NotFound, NotSignedIn, OpsroomError
from opsroom.model import Role
from opsroom.settings import Limits
from tests.api.small_room import MILL, PASSWORD, SmallRoom


def run(story: Callable[[SmallRoom], Awaitable[None]], **limits: float) -> None:
    async def told() -> None:
        await story(SmallRoom(Limits(**limits)))

    asyncio.run(told())


def test_passwords_are_argon2id_and_never_stored_plain() -> None:
    async def story() -> None:
        secret = await Passwords().hashed(PASSWORD)
        assert secret.startswith("$argon2id$")
        assert PASSWORD not in secret
        assert await Passwords().check(secret, PASSWORD)
        assert not await Passwords().check(secret, PASSWORD + "x")

    asyncio.run(story())


def test_a_hash_that_is_none_is_a_wrong_password() -> None:
    assert not asyncio.run(Passwords().check("not a hash", PASSWORD))


def test_an_unknown_person_costs_as_much_as_a_wrong_password() -> None:
    async def story() -> tuple[float, float]:
        passwords = Passwords()
        secret = await passwords.hashed(PASSWORD)
        spent = []
        for known in (secret, None):
            begun = time.process_time()
            assert not await passwords.check(known, "wrong")
            spent.append(time.process_time() - begun)
        return spent[0], spent[1]

    known, unknown = asyncio.run(story())
    assert unknown > known / 3


def test_at_most_two_hashes_at_once() -> None:
    running, most = 0, 0

    class Counting(Passwords):
        def _matches(self, known: str, password: str) -> bool:  # noqa: ARG002 - as the one it stands for
            nonlocal running, most
            running += 1
            most = max(most, running)
            time.sleep(0.02)
            running -= 1
            return False

    async def story() -> None:
        passwords = Counting()
        await asyncio.gather(*(passwords.check(None, "x") for _ in range(6)))

    asyncio.run(story())
    assert most == 2


def test_sign_in_gives_a_session_that_only_the_secret_opens() -> None:
    async def story(room: SmallRoom) -> None:
        seat = await room.seat("ada", Role.OPERATOR, MILL)
        secret, caller = await room.access.sign_in("ada", PASSWORD, "127.0.0.1")
        assert caller.seat == seat
        assert (await room.access.caller(secret)).seat == seat
        assert room.store.access.session(hash_of(secret)) == caller.session
        assert room.store.access.session(secret) is None
        for wrong in (None, "", secret + "x", caller.session.token_hash):
            with pytest.raises(NotSignedIn):
                await room.access.caller(wrong)

    run(story)


def test_a_session_ends_by_time_and_by_signing_out() -> None:
    async def story(room: SmallRoom) -> None:
        await room.seat("ada", Role.OPERATOR, MILL)
        secret, caller = await room.access.sign_in("ada", PASSWORD, "a")
        room.clock.advance(3600 - 1)
        assert room.access.still(caller) is not None
        room.clock.advance(1)
        assert room.access.still(caller) is None
        with pytest.raises(NotSignedIn):
            await room.access.caller(secret)
        secret, caller = await room.access.sign_in("ada", PASSWORD, "a")
        await room.access.sign_out(caller)
        assert room.access.still(caller) is None
        with pytest.raises(NotSignedIn):
            await room.access.caller(secret)

    run(story, sessions_hours=1.0)


def test_a_seat_that_another_process_has_just_made_can_sign_in_at_once() -> None:
    async def story(room: SmallRoom) -> None:
        other = SmallRoom()
        other.access._rows = room.store.access
        await other.access.load()
        await other.access.make_seat("ada", Role.OPERATOR, MILL, PASSWORD)
        _, caller = await room.access.sign_in("ada", PASSWORD, "a")
        assert caller.seat.person == "ada"

    run(story)


def test_whoever_loses_the_seat_is_nobody_and_does_not_become_the_next_one() -> None:
    async def story(room: SmallRoom) -> None:
        await room.seat("ada", Role.OPERATOR, MILL)
        bert = await room.seat("bert", Role.OPERATOR, MILL)
        secret, caller = await room.access.sign_in("bert", PASSWORD, "a")
        await room.access.remove_seat(bert.id)
        carla = await room.seat("carla", Role.COUNCIL, MILL)
        assert carla.id != bert.id
        assert room.access.still(caller) is None
        with pytest.raises(NotSignedIn):
            await room.access.caller(secret)

    run(story)


def test_a_new_password_ends_the_sessions_of_the_old_one() -> None:
    async def story(room: SmallRoom) -> None:
        seat = await room.seat("ada", Role.OPERATOR, MILL)
        secret, caller = await room.access.sign_in("ada", PASSWORD, "a")
        await room.access.new_password(seat.id, "another one, long enough")
        assert room.access.still(caller) is None
        with pytest.raises(NotSignedIn):
            await room.access.caller(secret)

    run(story)


def test_what_another_process_ends_is_forgotten_and_what_has_just_begun_is_not() -> None:
    async def story(room: SmallRoom) -> None:
        await room.seat("ada", Role.OPERATOR, MILL)
        _, ended = await room.access.sign_in("ada", PASSWORD, "a")
        room.store.access.end_session(ended.session.token_hash)
        await room.access.load()
        assert room.access.still(ended) is None
        _, (_, begun) = await asyncio.gather(room.access.load(), room.access.sign_in("ada", PASSWORD, "a"))
        assert room.access.still(begun) is not None

    run(story)


def test_a_session_survives_a_restart() -> None:
    async def story(room: SmallRoom) -> None:
        await room.seat("ada", Role.OPERATOR, MILL)
        secret, _ = await room.access.sign_in("ada", PASSWORD, "a")
        again = SmallRoom()
        again.access._rows = room.store.access
        await again.access.load()
        assert (await again.access.caller(secret)).seat.person == "ada"

    run(story)


@pytest.mark.parametrize(("person", "password"), [("ada", "wrong"), ("nobody", PASSWORD), ("ada", "x" * 200)])
def test_wrong_person_and_wrong_password_get_the_same_answer(person: str, password: str) -> None:
    async def story(room: SmallRoom) -> None:
        await room.seat("ada", Role.OPERATOR, MILL)
        with pytest.raises(NotSignedIn) as caught:
            await room.access.sign_in(person, password, "a")
        assert caught.value.code == "login_wrong"

    run(story)


def test_tries_are_limited_by_address_and_come_back_with_time() -> None:
    async def story(room: SmallRoom) -> None:
        await room.seat("ada", Role.OPERATOR, MILL)
        for _ in range(3):
            with pytest.raises(NotSignedIn):
                await room.access.sign_in("ada", "wrong", "a")
        with pytest.raises(OpsroomError) as caught:
            await room.access.sign_in("ada", PASSWORD, "a")
        assert (caught.value.code, caught.value.status) == ("login_rate_exceeded", 429)
        assert caught.value.params["wait_s"] == 20
        await room.access.sign_in("ada", PASSWORD, "b")
        room.clock.advance(20)
        await room.access.sign_in("ada", PASSWORD, "a")

    run(story, login_per_minute=3)


@given(st.lists(st.floats(0, 30), max_size=60), st.integers(1, 20))
def test_no_minute_lets_more_through_than_two_buckets(gaps: list[float], per_minute: int) -> None:
    rate, now, passed = LoginRate(per_minute), 0.0, []
    for gap in gaps:
        now += gap
        if rate.take("a", now) == 0.0:
            passed.append(now)
    for begun in passed:
        assert sum(begun <= at < begun + 60 for at in passed) <= 2 * per_minute


def test_addresses_do_not_fill_memory() -> None:
    rate = LoginRate(10)
    for address in range(20_000):
        rate.take(str(address), 0.0)
    assert len(rate._buckets) == 10_000


def test_a_person_has_one_seat() -> None:
    async def story(room: SmallRoom) -> None:
        await room.seat("ada", Role.OPERATOR, MILL)
        with pytest.raises(Conflict):
            await room.seat("ada", Role.ADMIN, MILL)
        with pytest.raises(OpsroomError):
            await room.seat("  ", Role.ADMIN, MILL)

    run(story)


def test_a_plants_token_is_bound_revoked_at_once_and_kept_as_hash() -> None:
    async def story(room: SmallRoom) -> None:
        secret = await room.access.make_token(MILL, "mill feeder")
        token = room.access.plant(secret)
        assert (token.unit_id, token.name) == (MILL, "mill feeder")
        assert [kept.token_hash for kept in room.store.access.tokens()] == [hash_of(secret)]
        await room.access.revoke(token.token_hash)
        with pytest.raises(NotSignedIn):
            room.access.plant(secret)
        await room.access.load()
        with pytest.raises(NotSignedIn):
            room.access.plant(secret)
        with pytest.raises(NotFound):
            await room.access.revoke(token.token_hash)

    run(story)


def test_what_another_process_revokes_counts_within_a_second() -> None:
    async def story(room: SmallRoom) -> None:
        secret = await room.access.make_token(MILL, "mill feeder")
        room.store.access.delete_token(hash_of(secret))
        fresh = asyncio.timeout(0.2)
        with pytest.raises(TimeoutError):
            async with fresh:
                await room.access.keep_fresh(0.05)
        with pytest.raises(NotSignedIn):
            room.access.plant(secret)

    run(story)


@pytest.mark.parametrize("sent", [None, "", "wrong", "ü"])
def test_csrf_must_match(sent: str | None) -> None:
    async def story(room: SmallRoom) -> None:
        await room.seat("ada", Role.OPERATOR, MILL)
        _, caller = await room.access.sign_in("ada", PASSWORD, "a")
        check_csrf(caller, caller.session.csrf)
        with pytest.raises(AccessDenied):
            check_csrf(caller, sent)

    run(story)
