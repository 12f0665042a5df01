"""What a connection tells the book of sources: when it came, what it brought, what was refused, its end."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final, Protocol

from ingest.admission import Admitted
from ingest.events import Open
from ingest.hub import Hub
from ingest.session import Session
from opsroom.feeds import Held
from opsroom.model import Refusal

LINES: Final = "lines"
VIA: Final = re.compile(r"[a-z][a-z0-9-]{0,31}")


class Sender(Protocol):
    """The connection that is counted."""

    key: str
    unit_id: int
    session: Session


class Tally:
    """Counts for one connection. Senders without a name are one source of their token's unit."""

    def __init__(self, hub: Hub, sender: Sender) -> None:
        """Count for `sender` in the hub's book."""
        self._hub = hub
        self._sender = sender
        self._key = ""
        self._door = LINES
        self.withheld = False

    def began(self, hello: Open | None = None) -> None:
        """Note that the source speaks: by its hello, or by casual readings."""
        sender = self._sender
        if hello is None:
            self._key = f"casual:{sender.unit_id}:{LINES}:"
        else:
            self._key = sender.key
            self._door = hello.via if VIA.fullmatch(hello.via) else "websocket"
        name, lateness_s = ("", 0.0) if hello is None else (hello.source, hello.lateness_s)
        self._hub.feeds.opened(
            self._key, sender.unit_id, self._door, self._now(), name=name, outlet=self, lateness_s=lateness_s
        )

    def ended(self, *, left: bool) -> None:
        """Note that the connection is gone; a sender of single lines owes nobody a goodbye."""
        if self._key:
            self._hub.feeds.closed(self._key, left=left or self._door == LINES, outlet=self)

    def took(self, admitted: Admitted) -> None:
        """Count a batch that is durable, and what was refused of it."""
        if not self._key:
            return
        feeds, unit_id, now = self._hub.feeds, self._sender.unit_id, self._now()
        feeds.took(self._key, unit_id, self._door, admitted.columns, now, historical=admitted.historical)
        self._refused(admitted.refusals, now)

    def _refused(self, refusals: Sequence[Refusal], now: int) -> None:
        for one in refusals:
            self._hub.feeds.refused(
                self._key,
                self._sender.unit_id,
                self._door,
                one.code,
                now,
                series=one.series,
                params=one.params,
            )

    def answered(self, message: dict[str, Any]) -> None:
        """Count an error that is answered to a frame."""
        if message.get("type") != "error":
            return
        code, now = str(message["code"]), self._now()
        if self._key:
            params = {
                name: value
                for name, value in message.items()
                if name not in {"type", "code", "message", "remedy"}
            }
            self._hub.feeds.refused(self._key, self._sender.unit_id, self._door, code, now, params=params)
        else:
            self._hub.feeds.sent_away("websocket", code, now)

    def held(self) -> Held:
        """Give what waits of this connection, and whether it is given credit."""
        return Held(self._sender.session.pending_bytes, self.withheld)

    def _now(self) -> int:
        return self._hub.room.clock.now()
