"""What is asked of the store about annotations; what writes and takes them away comes with the journal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from opsroom.annotation import Annotation
    from opsroom.model import Micros


class Annotations(Protocol):
    """Annotations of one economy."""

    def of(
        self,
        unit_id: int,
        t_from: Micros,
        t_to: Micros,
        *,
        series_id: int | None = None,
        at: Micros | None = None,
        limit: int = 1000,
    ) -> list[Annotation]:
        """Give those that a span (t_to not included) touches, by beginning; `limit` keeps the latest.

        Of the whole unit, or (`series_id`) of one series and of the unit as a whole. They are those that
        stand, or (`at`) stood at an instant of room time.
        """
        ...

    def annotation(self, annotation_id: str) -> Annotation | None:
        """Give one, whether or not it stands."""
        ...

    def written(self, seat_id: int, key: str) -> Annotation | None:
        """Give the one that a seat wrote by the act of this key."""
        ...
