"""The server under the room, where it differs from uvicorn's: signals, and an address it cannot have."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import os
import signal
from typing import TYPE_CHECKING, Final

import uvicorn

from opsroom.errors import SettingsError

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

REMEDIES: Final = {
    errno.EADDRINUSE: "End what answers there, or give another --port; 0 takes a free one.",
    errno.EACCES: "Give a --port from 1024 on: lower ones need rights that the room does not want.",
}
REMEDY: Final = "Give --host an address of this machine."


class Server(uvicorn.Server):
    """uvicorn's server without its signal handlers: the room drains its log before the process may end."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to `stopping`."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Bind the address and listen.

        Raises:
            SettingsError: it cannot be had; uvicorn would log a line and leave with an exit code of its own.
        """
        words = logging.getLogger("uvicorn.error")
        words.addFilter(_told_otherwise)
        try:
            await super().startup(sockets)
        except SystemExit as leaving:
            why = leaving.__context__
            if not isinstance(why, OSError):
                raise
            raise _unusable(self.config.host, self.config.port, why) from why
        finally:
            words.removeFilter(_told_otherwise)


def _told_otherwise(record: logging.LogRecord) -> bool:
    """Keep back uvicorn's line on an error that is raised as well."""
    return not isinstance(record.msg, OSError)


def _unusable(host: str, port: int, why: OSError) -> SettingsError:
    """Make the error for an address that cannot be bound."""
    # asyncio puts a sentence with the address into `strerror`; what resolvers say has a negative number.
    number = why.errno or 0
    reason = os.strerror(number).lower() if number > 0 else why.strerror or str(why)
    return SettingsError(
        f"The room cannot listen at {host}, port {port}: {reason}.",
        remedy=REMEDIES.get(number, REMEDY),
        code="address_unusable",
        host=host,
        port=port,
    )


@contextlib.contextmanager
def stopping(stop: asyncio.Event) -> Iterator[None]:
    """Let SIGTERM and SIGINT set `stop`."""
    loop = asyncio.get_running_loop()
    signals = (signal.SIGTERM, signal.SIGINT)
    for one in signals:
        loop.add_signal_handler(one, stop.set)
    try:
        yield
    finally:
        for one in signals:
            loop.remove_signal_handler(one)
