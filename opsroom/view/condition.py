"""Why the room is not ready, as its screens are told."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opsroom.view.model import View


class Condition:
    """`reasons` are the codes of the readiness check; told in every frame, empty when all is well."""

    def __init__(self, view: View) -> None:
        """Start well."""
        self._view = view
        self.reasons: tuple[str, ...] = ()

    def note(self, reasons: Sequence[str]) -> None:
        """Take what holds now; news where it is another."""
        if tuple(reasons) != self.reasons:
            self.reasons = tuple(reasons)
            self._view.revision += 1
            self._view.wake(urgent=True)
