"""Signing in, cookies, CSRF, origins, hosts, headers, sizes."""

from collections.abc import Awaitable, Callable

import pytest

from opsroom.api.guard import content_policy, host_allowed, same_origin
from tests.api.doors import BASE, Door, code, told
from tests.api.small_room import OUTPUT, PASSWORD, SmallRoom

Doors = Callable[[str], Awaitable[Door]]


def test_the_cookie_is_for_this_host_alone_and_out_of_scripts_reach() -> None:
    async def story(room: SmallRoom, door: Doors) -> None:
        ada = await door("mill-operator")
        name, _, rest = ada.set_cookie.partition("=")
        flags = {part.strip().lower() for part in rest.split(";")[1:]}
        assert name == "__Host-opsroom"
        assert {"secure", "httponly", "samesite=strict", "path=/"} <= flags
        assert not any(flag.startswith("domain") for flag in flags)
        told_again = (await ada.get("/api/v1/session")).json()
        assert told_again == {
            "person": "mill-operator",
            "role": "operator",
            "unit": "energy/mill",
            "seat_id": 6,
            "kiosk": False,
            "csrf": ada.csrf,
            "limits": {"shelve_s": 28_800.0, "acknowledge": 1_000, "note_chars": 2_000},
        }

    told(story)


def test_signing_out_ends_the_session_everywhere() -> None:
    async def story(room: SmallRoom, door: Doors) -> None:
        ada = await door("mill-operator")
        assert (await ada.post("/api/v1/session", method="DELETE")).status_code == 200
        answer = await ada.get("/api/v1/session")
        assert (answer.status_code, code(answer)) == (401, "not_signed_in")

    told(story)


@pytest.mark.parametrize("path", ["units", "series", "alerts", "alerts/x", "session", "series/1/readings"])
def test_nothing_is_read_without_a_session(path: str) -> None:
    async def story(room: SmallRoom, door: Doors) -> None:
        answer = await (await door("")).get(f"/api/v1/{path}")
        assert (answer.status_code, code(answer)) == (401, "not_signed_in")

    told(story)


@pytest.mark.parametrize(
    "path", [f"/api/v1/series/{OUTPUT}/press", "/room/_dash-update-component", "/api/v1/nothing"]
)
@pytest.mark.parametrize("csrf", [None, "", "wrong"])
def test_nothing_is_changed_without_the_csrf_token(path: str, csrf: str | None) -> None:
    async def story(room: SmallRoom, door: Doors) -> None:
        ada = await door("mill-operator")
        headers = {"Cookie": ada.cookie} | ({} if csrf is None else {"X-CSRF-Token": csrf})
        answer = await ada.client.post(path, json={}, headers=headers)
        assert (answer.status_code, code(answer)) == (403, "csrf_wrong")
        nobody = await ada.client.post(path, json={}, headers={"X-CSRF-Token": ada.csrf})
        assert (nobody.status_code, code(nobody)) == (401, "not_signed_in")
        assert not room.acts

    told(story)


def test_a_csrf_token_is_of_one_session() -> None:
    async def story(room: SmallRoom, door: Doors) -> None:
        ada, ben = await door("mill-operator"), await door("mill-second")
        answer = await ada.post(f"/api/v1/series/{OUTPUT}/press", X_CSRF_Token=ben.csrf)
        assert code(answer) == "csrf_wrong"

    told(story)


@pytest.mark.parametrize(
    "origin", ["https://elsewhere.example", "null", "http://127.0.0.1:9999", "http://127.0.0.1"]
)
def test_another_sites_page_gets_nothing(origin: str) -> None:
    async def story(room: SmallRoom, door: Doors) -> None:
        ada = await door("mill-operator")
        answer = await ada.post(f"/api/v1/series/{OUTPUT}/press", Origin=origin)
        assert (answer.status_code, code(answer)) == (403, "origin_foreign")
        login = await ada.client.post(
            "/api/v1/session",
            json={"person": "mill-operator", "password": PASSWORD},
            headers={"Origin": origin},
        )
        assert code(login) == "origin_foreign"
        assert (await ada.post(f"/api/v1/series/{OUTPUT}/press", Origin=BASE)).status_code == 200

    told(story)


def test_a_name_made_to_point_here_is_not_answered() -> None:
    async def story(room: SmallRoom, door: Doors) -> None:
        answer = await (await door("")).client.get("/-/healthy", headers={"Host": "rebound.example"})
        assert (answer.status_code, code(answer)) == (422, "host_unknown")

    told(story)


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        ("127.0.0.1:8040", True),
        ("[::1]:8040", True),
        ("localhost", True),
        ("room.example:443", True),
        ("evil.example", False),
        ("127.0.0.1.evil.example", False),
        ("", False),
        ("[", False),
    ],
)
def test_host_allowed(host: str, allowed: bool) -> None:
    assert host_allowed(host, frozenset({"room.example"})) is allowed


def test_same_origin_needs_the_port_too() -> None:
    assert same_origin("http://127.0.0.1:8040", "127.0.0.1:8040")
    assert same_origin("https://Room.example", "room.example")
    assert not same_origin("http://127.0.0.1:8041", "127.0.0.1:8040")
    assert not same_origin("127.0.0.1:8040", "127.0.0.1:8040")


def test_tries_are_limited() -> None:
    async def story(room: SmallRoom, door: Doors) -> None:
        ada = await door("")
        room.clock.advance(60)
        answers = [await ada.sign_in("mill-operator", "wrong") for _ in range(4)]
        assert [answer.status_code for answer in answers] == [401, 401, 401, 429]
        assert code(answers[-1]) == "login_rate_exceeded"
        assert answers[-1].headers["retry-after"] == "20"

    told(story, login_per_minute=3)


def test_every_answer_carries_the_security_headers() -> None:
    async def story(room: SmallRoom, door: Doors) -> None:
        ada = await door("mill-operator")
        refused = await ada.post("/api/v1/nothing", X_CSRF_Token="wrong")
        for answer in (await ada.get("/api/v1/units"), await ada.get("/nowhere"), refused):
            policy = answer.headers["content-security-policy"]
            assert "script-src 'self';" in policy
            assert "frame-ancestors 'none'" in policy
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["referrer-policy"] == "no-referrer"
        assert (await ada.get("/api/v1/units")).headers["cache-control"] == "no-store"

    told(story)


def test_scripts_are_allowed_by_hash_only() -> None:
    policy = content_policy(("'sha256-abc'", "sha256-def"))
    assert "script-src 'self' 'sha256-abc' 'sha256-def';" in policy
    assert "unsafe" not in policy.partition("style-src")[0]


def test_large_bodies_are_refused_unread() -> None:
    async def story(room: SmallRoom, door: Doors) -> None:
        ada = await door("mill-operator")
        answer = await ada.post(f"/api/v1/series/{OUTPUT}/press", {"note": "x" * 70_000})
        assert (answer.status_code, code(answer)) == (413, "body_too_large")

        async def endless() -> object:
            for _ in range(100):
                yield b" " * 10_000

        headers = {"Cookie": ada.cookie, "X-CSRF-Token": ada.csrf, "Content-Type": "application/json"}
        path = f"/api/v1/series/{OUTPUT}/press"
        streamed = await ada.client.post(path, content=endless(), headers=headers)  # type: ignore[arg-type]
        assert streamed.status_code in {400, 413}
        assert not room.acts

    told(story)
