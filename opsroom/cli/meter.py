"""What a feed shows while it runs: a bar for people, plain lines for a log, neither in the answer."""

from __future__ import annotations

from collections import deque
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from opsroom.clock import WallClock
from opsroom.feeding import Fed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.console import Console

    from ingest.told import Refused, Warned

PLAIN_S: Final = 10.0
RATE_S: Final = 5.0
REFUSALS_SHOWN: Final = 5


class Meter:
    """Words of a feed as it goes: how far, how fast, and what was refused or needs a look."""

    def __init__(self, console: Console, line: Callable[[Fed, float], None]) -> None:
        """Print to `console`; `line` shows the state and the rate, readings a second."""
        self._console = console
        self._line = line
        self._clock = WallClock()
        self._seen: deque[tuple[float, int]] = deque([(self._clock.monotonic(), 0)])
        self._refusals: dict[str, int] = {}

    def show(self, fed: Fed) -> None:
        """Show how far the feed is; the rate is that of the last five seconds."""
        now_s = self._clock.monotonic()
        self._seen.append((now_s, fed.acked))
        while len(self._seen) > 2 and now_s - self._seen[1][0] > RATE_S:  # noqa: PLR2004 - one before, one after
            self._seen.popleft()
        then_s, then = self._seen[0]
        self._line(fed, (fed.acked - then) / max(now_s - then_s, 1e-3))

    def refused(self, one: Refused) -> None:
        """Show a refused reading; of each kind the first few, the end counts them all."""
        self._refusals[one.code] = self._refusals.get(one.code, 0) + 1
        if self._refusals[one.code] > REFUSALS_SHOWN:
            return
        at = "" if one.at is None else f" at {one.at.isoformat().replace('+00:00', 'Z')}"
        more = " More of this kind are only counted." if self._refusals[one.code] == REFUSALS_SHOWN else ""
        words = f"{one.series}{at}: {one.message} {one.remedy}{more}"
        self._console.print(f"[yellow]{escape(one.code)}[/]: {escape(words)}")

    def warned(self, told: Warned) -> None:
        """Show what needs a look."""
        self._console.print(f"[yellow]{escape(told.code)}[/]: {escape(f'{told.message} {told.remedy}')}")


@contextmanager
def meter(console: Console) -> Iterator[Meter]:
    """Give a meter: a bar on a terminal, else a line every ten seconds."""
    if not console.is_terminal:
        yield Meter(console, _plain(console))
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TextColumn("{task.fields[said]}"),
        TimeRemainingColumn(compact=True),
    )
    # The bar is redrawn by the feed itself, four times a second: no thread of its own.
    with Progress(*columns, console=console, transient=True, auto_refresh=False) as bar:
        task = bar.add_task("feeding", total=None, said="connecting")

        def line(fed: Fed, rate: float) -> None:
            total = None if fed.share is None else 1.0
            bar.update(task, total=total, completed=fed.share or 0.0, said=fed.line(rate))
            bar.refresh()

        yield Meter(bar.console, line)


def _plain(console: Console) -> Callable[[Fed, float], None]:
    clock = WallClock()
    last_s = clock.monotonic()

    def line(fed: Fed, rate: float) -> None:
        nonlocal last_s
        if clock.monotonic() - last_s >= PLAIN_S:
            last_s = clock.monotonic()
            console.print(fed.line(rate), markup=False)

    return line
