"""The guard before everything served on the port: host names, origins, CSRF, sizes, security headers.

It stands in front of the Dash room too, so that no page or callback can forget it. Follows the OWASP cheat
sheets on CSRF, WebSockets and HTTP headers (ASVS 5.0 V3, V4).
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection

from opsroom.access.desk import check_csrf
from opsroom.api.answers import refused
from opsroom.api.ports import COOKIE
from opsroom.errors import AccessDenied, Invalid, OpsroomError

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from opsroom.api.ports import ApiRoom

CHANGING: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
SIGN_IN: Final = frozenset({("POST", "/api/v1/session"), ("POST", "/api/v1/kiosk")})
SIGN_OUT: Final = ("DELETE", "/api/v1/session")
CSRF_HEADERS: Final = ("x-csrf-token", "x-csrftoken")
NOT_ALLOWED: Final = 4403
TOO_LARGE: Final = 413
WRITES: Final = (
    "/api/v1/write",
    "/api/v2/write",
    "/write",
    "/query",
    "/api/v1/collectd",
    "/api/v1/receive/alertmanager",
)

FIXED_HEADERS: Final = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=()",
}
HSTS: Final = "max-age=31536000"


def content_policy(script_hashes: tuple[str, ...] = ()) -> str:
    """Give the Content-Security-Policy: scripts only our own files and those hashes, nothing from elsewhere.

    Styles may be inline, since AG Grid and Mantine write style elements while running; scripts may not.
    """
    hashes = "".join(f" '{one.strip(chr(39))}'" for one in script_hashes)
    return (
        f"default-src 'none'; script-src 'self'{hashes}; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data:; font-src 'self'; "
        "connect-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'none'; object-src 'none'"
    )


def host_allowed(host: str, names: frozenset[str]) -> bool:
    """Tell whether the Host header names this room: an IP address, localhost, or a configured name.

    Any other name may be somebody else's that was made to point here (DNS rebinding).
    """
    try:
        name = urlsplit(f"//{host}").hostname or ""
        if name in names or name == "localhost":
            return True
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def same_origin(origin: str, host: str) -> bool:
    """Tell whether a page of `origin` was served by `host` (name and port.

    The scheme may be a proxy's matter).
    """
    return origin.lower().partition("://")[2] == host.lower()


class Guard:
    """ASGI middleware. `script_hashes` may be set later, by whoever mounts pages with inline scripts."""

    def __init__(self, app: ASGIApp, room: ApiRoom) -> None:
        """Take the application behind it and the room for settings and sessions."""
        self._app = app
        self._room = room
        self._names = frozenset({room.settings.server.host, *room.settings.server.names})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a connection through, or answer it here."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        try:
            self._check_source(headers)
            if scope["type"] == "http" and scope["method"] in CHANGING:
                receive = _bounded(receive, headers, self._room.settings.limits.frame_bytes_max_screen, scope)
                await self._check_caller(scope, headers)
        except OpsroomError as error:
            await _turn_away(error, scope, receive, _with_headers(send, scope))
            return
        await self._app(scope, receive, _with_headers(send, scope) if scope["type"] == "http" else send)

    def _check_source(self, headers: Headers) -> None:
        host = headers.get("host", "")
        if not host_allowed(host, self._names):
            raise Invalid(
                "This room does not answer to that name.",
                remedy="Use its address, or add the name to server.names.",
                code="host_unknown",
                host=host,
            )
        origin = headers.get("origin")
        if origin is not None and not same_origin(origin, host):
            raise AccessDenied(
                "The request comes from another site's page.",
                remedy="Open the room itself.",
                code="origin_foreign",
            )

    async def _check_caller(self, scope: Scope, headers: Headers) -> None:
        """Let nothing be changed without a session and its CSRF token.

        But signing in and senders with a token of their own.
        """
        path, cookie = scope["path"], HTTPConnection(scope).cookies.get(COOKIE)
        if (scope["method"], path) in SIGN_IN:
            return
        if cookie is None and path in WRITES:
            return
        caller = await self._room.access.caller(cookie)
        if caller.seat.id < 0 and (scope["method"], path) != SIGN_OUT:
            raise AccessDenied("A wall screen only watches.", remedy="Sign in.", code="kiosk_watches")
        check_csrf(caller, next((headers[name] for name in CSRF_HEADERS if name in headers), None))


async def _turn_away(error: OpsroomError, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": NOT_ALLOWED, "reason": error.code})
        return
    await refused(error)(scope, receive, send)


def _too_large(limit: int) -> OpsroomError:
    error = OpsroomError(
        "The request is too large.", remedy=f"Keep it below {limit} bytes.", code="body_too_large"
    )
    error.status = TOO_LARGE
    return error


def _bounded(receive: Receive, headers: Headers, limit: int, scope: Scope) -> Receive:
    """Stop bodies beyond `limit` bytes, declared or not; plants' writes have a limit of their own."""
    if scope["path"] in WRITES:
        return receive
    declared = headers.get("content-length", "0")
    if not declared.isdigit() or int(declared) > limit:
        raise _too_large(limit)
    left = limit

    async def bounded() -> Message:
        nonlocal left
        message = await receive()
        left -= len(message.get("body", b""))
        if left < 0:
            raise _too_large(limit)
        return message

    return bounded


def _with_headers(send: Send, scope: Scope) -> Send:
    """Add the security headers to every answer; what comes from the API is never kept by caches."""
    if scope["type"] != "http":
        return send
    hashes = scope["app"].state.script_hashes if "app" in scope else ()

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in FIXED_HEADERS.items():
                headers[name] = value
            headers.setdefault("content-security-policy", content_policy(tuple(hashes)))
            if scope["scheme"] == "https":
                headers["strict-transport-security"] = HSTS
            if scope["path"].startswith(("/api/", "/-/")):
                headers["cache-control"] = "no-store"
        await send(message)

    return sending
