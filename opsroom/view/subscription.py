"""One viewer's share of the read model.

A snapshot, then merged changes at a pace that people and browsers can follow.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from opsroom.view.cards import ms

if TYPE_CHECKING:
    from opsroom.seats import Seat
    from opsroom.view.model import View
    from opsroom.view.scope import Scope

VALUES_S: Final = 0.25  # at most 4 frames a second for values
ALERTS_S: Final = 0.05  # a flood of alerts is not a flood of frames
BYTES_PER_S: Final = 4_000_000  # what a screen reads with ease; a large frame is followed by a longer pause
PAUSE_S_MAX: Final = 0.3
TREE_S: Final = 1.0  # a snapshot for an altered tree is large
BEAT_S: Final = 1.0  # a frame without news, so that silence means trouble
LOOK_S: Final = 60.0  # a screen that goes on showing what an audit opens is another look a minute
GATHER_S: Final = 0.02  # readings of one instant come in several batches

_encoder = msgspec.json.Encoder()


class Subscription:
    """What one viewer has seen, and when. `slots` are the series of which it wants every point."""

    def __init__(self, view: View, scope: Scope, seat: Seat, slots: NDArray[np.int64]) -> None:
        """Made by `View.subscribe`."""
        self.scope = scope
        self.seat = seat
        self.slots = slots
        self.seen = -1
        self.own_alerts: list[str] = []
        self._view = view
        self._sent = float("-inf")
        self.pause_s = ALERTS_S
        self._news: float | None = None
        self._dozing = False
        self._looked = float("-inf")
        self._bell: asyncio.Future[None] | None = None

    def wake(self, *, urgent: bool) -> None:
        """Ring: for values only a viewer that waits for nothing else is woken.

        The others have their time already.
        """
        if urgent or self._dozing:
            self._dozing = False
            _ring(self._bell)

    def hurry(self) -> None:
        """Make the next frame due at once."""
        self._sent = float("-inf")
        self.wake(urgent=True)

    def again(self, slots: NDArray[np.int64]) -> None:
        """Make the next frame a snapshot, with every point of `slots` only: what may be seen has changed."""
        self.slots, self.seen, self._looked = slots, -1, float("-inf")
        self.hurry()

    def resume(self, revision: int, boot: str | None) -> bool:
        """Go on from `revision` of run `boot`; tell whether that is possible (else take a snapshot)."""
        if not self._view.resumable(revision, boot) or self.scope.forgotten(revision):
            return False
        self.seen = revision
        return True

    def snapshot(self) -> bytes:
        """Give everything as one JSON frame, as of now."""
        view = self._view
        at = asyncio.get_running_loop().time()
        view.refresh(at)
        shared = self.scope.snapshot(np.setdiff1d(self.slots, self.scope.slots()))
        head = {
            "type": "snapshot",
            "revision": view.revision,
            "boot": view.boot,
            "now": ms(view.at),
            "me": {
                "person": self.seat.person,
                "role": self.seat.role,
                "seat_id": self.seat.id,
                "unit": view.path_of(self.seat.unit_id),
                "unit_id": self.seat.unit_id,
            },
        }
        self._note(at)
        return self._weighed(_joined(head, shared))

    async def changes(self) -> bytes:
        """Wait until a frame is due and give it.

        Changes since the last one, or a new snapshot where the tree was altered.
        """
        await self._due()
        view, since = self._view, self.seen
        at = asyncio.get_running_loop().time()
        view.refresh(at)
        if since < 0 or view.tree_revision > since or self.scope.forgotten(since):
            return self.snapshot()
        shared = self.scope.changes(since, view.revision)
        head = {"type": "changes", "from": since, "to": view.revision, "trails": self._trails(since)}
        self._note(at)
        return self._weighed(_joined(head, shared))

    def close(self) -> None:
        """Leave the view."""
        self._view.leave(self)

    def _trails(self, since: int) -> dict[str, list[Any]]:
        if not len(self.slots):
            return {}
        board = self._view.board
        fresh = self.slots[board.rev[self.slots] > since]
        keys = map(str, board.id[fresh].tolist())
        return dict(zip(keys, board.trails(fresh, since), strict=True))

    def _note(self, at: float) -> None:
        """Remember what this frame brought.

        And which alerts of the viewer's own unit it showed for the first time.
        """
        view, shown = self._view, self.scope.standing().shown.since
        unit_id = self.seat.unit_id
        own = (
            view.alerts[one] for one, since in shown.items() if max(since, view.alert_rev[one]) > self.seen
        )
        self.own_alerts = [alert.id for alert in own if alert.unit_id == unit_id and alert.delivered is None]
        self.seen, self._sent, self._news = view.revision, at, None
        if at - self._looked >= LOOK_S:
            self._looked = at
            points = [view.board.series(slot) for slot in self.slots.tolist()]
            view.looked(self.seat, {one.id: one for one in [*self.scope.audited(), *points]}.values())

    def _weighed(self, frame: bytes) -> bytes:
        """Let the pause after a frame grow with its size."""
        self.pause_s = min(PAUSE_S_MAX, ALERTS_S + len(frame) / BYTES_PER_S)
        return frame

    async def _due(self) -> None:
        """Wait for the instant of the next frame."""
        loop = asyncio.get_running_loop()
        while (due := self._next(loop.time())) > loop.time():
            bell = self._bell = loop.create_future()  # of hundreds of screens a timeout each would be dear
            timer = loop.call_at(due, _ring, bell)
            try:
                await bell
            finally:
                timer.cancel()

    def _next(self, at: float) -> float:
        """Give the instant (loop time) of the next frame as far as is known at `at`."""
        view = self._view
        beat = self._sent + BEAT_S
        if view.tree_revision > self.seen:
            return self._sent + TREE_S
        if max(view.alert_revision, view.chairs.revision) > self.seen:
            return min(beat, self._sent + self.pause_s)
        if view.news > self.seen:
            self._news = at if self._news is None else self._news
            return min(beat, max(self._sent + VALUES_S, self._news + GATHER_S))
        self._dozing = True
        return beat


def _ring(bell: asyncio.Future[None] | None) -> None:
    """Wake who waits, if somebody does and is not woken yet."""
    if bell is not None and not bell.done():
        bell.set_result(None)


def _joined(head: dict[str, Any], shared: bytes) -> bytes:
    """Put the viewer's own fields before the shared ones, which are a JSON object."""
    return _encoder.encode(head)[:-1] + b"," + shared[1:]
