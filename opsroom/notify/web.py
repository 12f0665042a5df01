"""One POST to an address of the operator's settings, and nowhere else: redirects are refused and named.

The answer's body is not read: its status says all, and an endless one costs nothing. Proxy variables of the
environment do not count, so that what the settings name is what is asked.
"""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import httpx

from opsroom.notify.channel import Undelivered, refused_setting

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opsroom.settings import NotifyRoute

AGAIN: Final = frozenset({408, 421, 425, 429})
RETRY_AFTER: Final = "retry-after"
REDIRECTION: Final = 300
CLIENT_ERROR: Final = 400
SERVER_ERROR: Final = 500


def checked(route: NotifyRoute) -> str:
    """Give the route's address.

    Raises:
        SettingsError: it is no http or https URL, or holds a user or password.
    """
    parts = urlsplit(route.to)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise refused_setting(route, "`to` is no http or https URL.", "Write https://host/path.")
    if parts.username or parts.password:
        raise refused_setting(
            route, "`to` holds a user or password.", "Put the secret in a variable and name it: secret_env."
        )
    return route.to


class Poster:
    """A client for one address."""

    def __init__(self, url: str, timeout_s: float) -> None:
        """Keep address and time-out; the connection is made with the first try."""
        self._url = url
        self._timeout_s = timeout_s
        self._client: httpx.AsyncClient | None = None

    async def post(self, body: bytes, headers: Mapping[str, str]) -> None:
        """Post once.

        Raises:
            Undelivered: no answer in time, none at all, or one that is not 2xx.
        """
        if self._client is None:
            # Reading the machine's certificates takes a while; plain HTTP has no use for them.
            verify = ssl.create_default_context() if self._url.startswith("https:") else False
            self._client = httpx.AsyncClient(
                verify=verify, timeout=self._timeout_s, follow_redirects=False, trust_env=False, limits=_ONE
            )
        try:
            # The client's own limits count each step; a receiver that drips bytes would never meet them.
            async with (
                asyncio.timeout(self._timeout_s),
                self._client.stream("POST", self._url, content=body, headers=dict(headers)) as answer,
            ):
                status, wait = answer.status_code, answer.headers.get(RETRY_AFTER, "")
        except (TimeoutError, httpx.TimeoutException) as error:
            raise Undelivered(
                f"no answer within {self._timeout_s:g} s",
                code="receiver_timeout",
                remedy="It is tried again.",
            ) from error
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise Undelivered(
                f"not reached ({type(error).__name__})",
                code="receiver_unreachable",
                remedy="It is tried again.",
            ) from error
        judge(status, wait)

    async def close(self) -> None:
        """Let the connection go."""
        if self._client is not None:
            await self._client.aclose()
            self._client = None


_ONE = httpx.Limits(max_connections=2, max_keepalive_connections=1)


def judge(status: int, retry_after: str = "") -> None:
    """Pass 2xx.

    Raises:
        Undelivered: what else the status means.
    """
    if REDIRECTION <= status < CLIENT_ERROR:
        raise Undelivered(
            f"it answered {status} and points elsewhere, which is not followed",
            code="receiver_redirects",
            remedy="Write the final address into the settings.",
            permanent=True,
        )
    if status >= SERVER_ERROR or status in AGAIN:
        wait_s = float(retry_after) if retry_after.isdecimal() else 0.0
        raise Undelivered(
            f"it answered {status}", code="receiver_failed", remedy="It is tried again.", wait_s=wait_s
        )
    if not 200 <= status < REDIRECTION:  # noqa: PLR2004 - 2xx
        raise Undelivered(
            f"it answered {status}",
            code="receiver_refused",
            remedy="Mend address or secret, then: opsroom notify retry.",
            permanent=True,
        )
