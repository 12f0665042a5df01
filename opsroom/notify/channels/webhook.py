"""Webhook: one CloudEvent 1.0 in structured JSON, signed with HMAC-SHA256 where a key is given.

The signature is over the exact bytes of the body, in hexadecimal, in `X-Opsroom-Signature: sha256=...`.
Equal `source` and `id` mean the same event (CloudEvents 1.0, 3.1.1).
"""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING, Final

import msgspec

from opsroom.notify.channel import secret_of
from opsroom.notify.web import Poster, checked

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opsroom.notify.channel import Message
    from opsroom.settings import NotifyRoute, NotifySection

CONTENT_TYPE: Final = "application/cloudevents+json; charset=utf-8"
SIGNATURE: Final = "X-Opsroom-Signature"


def signed(body: bytes, secret: str) -> dict[str, str]:
    """Give the headers of an event: its type, and the signature where there is a key."""
    headers = {"Content-Type": CONTENT_TYPE}
    if secret:
        headers[SIGNATURE] = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return headers


class Webhook:
    """One receiver of events."""

    def __init__(self, url: str, secret: str, timeout_s: float) -> None:
        """Keep address and key."""
        self._poster = Poster(url, timeout_s)
        self._secret = secret

    async def send(self, message: Message) -> None:
        """Post the event."""
        body = msgspec.json.encode(message.event)
        await self._poster.post(body, signed(body, self._secret))

    async def close(self) -> None:
        """Let the connection go."""
        await self._poster.close()


def open_channel(route: NotifyRoute, settings: NotifySection, environ: Mapping[str, str]) -> Webhook:
    """Open the channel of a route.

    Raises:
        SettingsError: address or key cannot be used.
    """
    secret = secret_of(environ, route.secret_env, f"notify.route {route.name}.secret_env")
    return Webhook(checked(route), secret, settings.timeout_s)
