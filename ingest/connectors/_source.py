"""What a connector of a live source is made of: its sources, what they are given, and how one is lost.

A connector is one module of `ingest.connectors` that offers

- `Settings`: a struct that reads the connector's own table of the settings file,
- `sources(settings, folder) -> list[Source]`: what it speaks to, checked as far as can be without a network.

`NEEDS` names its library and how to install it (`opsroom.registry`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol

from ingest.connectors._rows import Instant
from opsroom.errors import Invalid, OpsroomError


class SourceLost(OpsroomError):  # noqa: N818 - what happened, in the words of the page
    """A source went away, hangs or speaks nonsense: it is tried again later."""

    code = "source_lost"
    status = 503


class Asked(NamedTuple):
    """One thing that a source is asked for, and the series it makes; `series` may hold `{...}` or `*`."""

    what: str
    series: str
    unit: str = ""
    period_s: float | None = None


class Outlet(Protocol):
    """Where a source puts what it reads. Every verb may be called from one task at a time or many."""

    def now(self) -> int:
        """Give the wall clock, int microseconds UTC."""
        ...

    def monotonic(self) -> float:
        """Give seconds of a clock that nobody sets."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Let time pass."""
        ...

    async def give(self, instant: Instant) -> None:
        """Hand over readings; waits where the room is slower than a source that can wait."""
        ...

    async def kept(self) -> None:
        """Wait until everything given so far is in the outbox."""
        ...

    async def stale(self, names: Iterable[str] | None = None) -> None:
        """Tell that these series (None: all of the source) have no value any more.

        Each that had one, or was never heard of, gets one reading without value, quality 0, at this moment.
        """
        ...

    def tell(self, code: str, text: str = "") -> None:
        """Tell a person what happened; counted by code."""
        ...

    def recall(self, key: str) -> str:
        """Give what was remembered under `key` by an earlier run, "" where nothing was."""
        ...

    async def remember(self, key: str, value: str) -> None:
        """Keep `value` over restarts, once everything given so far is stored by the room."""
        ...


class Source(Protocol):
    """One peer that readings come from."""

    label: str

    def asked(self) -> Sequence[Asked]:
        """Give what it will ask for; nothing is opened."""
        ...

    async def session(self, out: Outlet) -> None:
        """Speak with the peer until it has no more to give.

        Raises:
            SourceLost: or OSError: the peer is gone; the session is begun again later.
        """
        ...


def pattern(template: str, names: Sequence[str], field: str) -> str:
    """Check that a template of series names uses only `{names}`.

    Raises:
        Invalid: an unknown `{name}` or a lone brace.
    """
    try:
        template.format(**dict.fromkeys(names, "x"))
    except (KeyError, IndexError, ValueError) as error:
        raise Invalid(
            f"{template!r}: {error} cannot be filled in.",
            remedy=f"Use {', '.join('{' + name + '}' for name in names)}.",
            field=field,
        ) from error
    return template


def tidy(name: str) -> str:
    """Give a series name without empty parts or blanks around them.

    >>> tidy("/Plant 1//Tank/ Level ")
    'Plant 1/Tank/Level'
    """
    return "/".join(part for piece in name.split("/") if (part := piece.strip()))
