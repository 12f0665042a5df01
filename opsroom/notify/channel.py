"""What a channel is: something that carries one message to one receiver, or says why it could not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from opsroom.errors import OpsroomError, SettingsError
from opsroom.model import Micros
from opsroom.notices import NoticeKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opsroom.settings import NotifyRoute


class Undelivered(OpsroomError):  # noqa: N818 - the plain word
    """A try failed.

    `permanent`: the receiver will not take it however often it is tried. `wait_s` is the pause it asked for.
    Neither message nor params hold an address with its secrets.
    """

    code = "receiver_failed"
    status = 502

    def __init__(
        self, message: str, *, code: str, remedy: str = "", permanent: bool = False, wait_s: float = 0.0
    ) -> None:
        """Keep the parts."""
        super().__init__(message, remedy=remedy, code=code)
        self.permanent = permanent
        self.wait_s = wait_s


class Message(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A notice worded for its receiver.

    `id` is constant over repeats; `event` is the same as a CloudEvent 1.0.
    """

    id: str
    made: Micros
    kind: NoticeKind
    priority: int
    exercise: bool
    subject: str
    text: str
    event: dict[str, Any]


class Channel(Protocol):
    """A way to one receiver; a module of `opsroom.notify.channels` offers `open_channel`."""

    async def send(self, message: Message) -> None:
        """Carry the message; when this returns the receiver has taken it.

        Raises:
            Undelivered: it has not, or has not said so.
        """
        ...

    async def close(self) -> None:
        """Let connections go."""
        ...


def secret_of(environ: Mapping[str, str], name: str, key: str) -> str:
    """Give the secret that the variable `name` holds, "" where none is named.

    Raises:
        SettingsError: a variable is named and not set; the secret itself is never shown.
    """
    if not name:
        return ""
    if not environ.get(name):
        raise SettingsError(
            f"{key}: the environment variable {name} is not set.",
            remedy="Set it where the room is started; secrets do not stand in files.",
            code="notify_secret_missing",
            key=key,
            variable=name,
        )
    return environ[name]


def refused_setting(route: NotifyRoute, reason: str, remedy: str) -> SettingsError:
    """Make the error for a receiver that cannot be used as it is written."""
    return SettingsError(
        f"notify.route {route.name!r}: {reason}", remedy=remedy, code="notify_route_invalid", route=route.name
    )
