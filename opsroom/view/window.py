"""What of a long list stands on a screen, and since which revision: so that a frame tells what came and went.

Bounded: of more than `GONE_KEPT` that left, the oldest are forgotten, and who missed them takes a snapshot.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable

GONE_KEPT: Final = 4_096

_K = TypeVar("_K")


class Window(Generic[_K]):
    """The keys shown now, in order, each with the revision at which it came."""

    def __init__(self) -> None:
        """Start empty."""
        self.since: dict[_K, int] = {}
        self.forgotten = -1
        self._gone: deque[tuple[int, _K]] = deque(maxlen=GONE_KEPT)

    def move(self, keys: Iterable[_K], revision: int) -> bool:
        """Show `keys` as of `revision`; tell whether others than before are shown."""
        before = self.since
        self.since = {key: before.get(key, revision) for key in keys}
        gone = [key for key in before if key not in self.since]
        for key in gone:
            if len(self._gone) == GONE_KEPT:
                self.forgotten = self._gone[0][0]
            self._gone.append((revision, key))
        return bool(gone) or len(self.since) != len(before)

    def gone_since(self, revision: int) -> list[_K]:
        """Give what left after `revision` and did not come back."""
        left: dict[_K, None] = {}
        for at, key in reversed(self._gone):
            if at <= revision:
                break
            if key not in self.since:
                left[key] = None
        return list(left)
