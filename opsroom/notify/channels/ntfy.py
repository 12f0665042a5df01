"""ntfy: a post to a topic. The notice's id is the sequence id, under which ntfy shows repeats as one.

`to` is the server's address with the topic; `secret_env` names the variable with an access token.
"""

from __future__ import annotations

from email.header import Header
from typing import TYPE_CHECKING, Final

from opsroom.notices import NoticeKind
from opsroom.notify.channel import secret_of
from opsroom.notify.web import Poster, checked

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opsroom.notify.channel import Message
    from opsroom.settings import NotifyRoute, NotifySection

BYTES_MAX: Final = 4_000
"""ntfy makes an attachment of what is longer than 4,096 bytes."""
LEVELS: Final = {1: "5", 2: "4", 3: "3"}
GOOD_NEWS: Final = frozenset({NoticeKind.RECOVERED, NoticeKind.TEST})


class Ntfy:
    """One topic."""

    def __init__(self, url: str, token: str, timeout_s: float) -> None:
        """Keep address and token."""
        self._poster = Poster(url, timeout_s)
        self._token = token

    async def send(self, message: Message) -> None:
        """Post text, with title, priority and tags in headers (ASCII, RFC 2047 beyond that)."""
        good = message.kind in GOOD_NEWS
        headers = {
            "Title": Header(message.subject, "utf-8", maxlinelen=10_000).encode(linesep=""),
            "Priority": "3" if good else LEVELS.get(message.priority, "3"),
            "Tags": ",".join([str(message.kind), *(["exercise"] if message.exercise else [])]),
            "X-Sequence-ID": message.id,
            "Content-Type": "text/plain; charset=utf-8",
        }
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        body = message.text.encode()[:BYTES_MAX].decode(errors="ignore").encode()
        await self._poster.post(body, headers)

    async def close(self) -> None:
        """Let the connection go."""
        await self._poster.close()


def open_channel(route: NotifyRoute, settings: NotifySection, environ: Mapping[str, str]) -> Ntfy:
    """Open the channel of a route.

    Raises:
        SettingsError: address or token cannot be used.
    """
    token = secret_of(environ, route.secret_env, f"notify.route {route.name}.secret_env")
    return Ntfy(checked(route), token, settings.timeout_s)
