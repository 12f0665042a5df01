"""Annotations in memory: what the table answers, from a dictionary."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from opsroom.acts import Annotate, Unannotate
from opsroom.annotation import annotation_of, stood, taken_away

if TYPE_CHECKING:
    from opsroom.annotation import Annotation
    from opsroom.model import Micros
    from opsroom.records import AnyAct


class MemoryAnnotations:
    """Annotations by id; the journal hands over the acts."""

    def __init__(self) -> None:
        """Start empty."""
        self._rows: dict[str, Annotation] = {}

    def take(self, acts: Iterable[tuple[int, Micros, AnyAct]]) -> None:
        """Take acts as (offset, room time, act)."""
        for offset, at, act in acts:
            if isinstance(act, Annotate):
                one = annotation_of(offset, at, act)
                self._rows[one.id] = one
            elif isinstance(act, Unannotate) and act.annotation_id in self._rows:
                self._rows[act.annotation_id] = taken_away(self._rows[act.annotation_id], at, act)

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
        """Give those that a span touches."""
        found = [
            one
            for one in list(self._rows.values())
            if one.unit_id == unit_id
            and one.t_from < t_to
            and one.t_to >= t_from
            and (series_id is None or one.series_id in {0, series_id})
            and stood(one, at)
        ]
        return sorted(found, key=lambda one: (one.t_from, one.at, one.id))[-limit:]

    def annotation(self, annotation_id: str) -> Annotation | None:
        """Give one."""
        return self._rows.get(annotation_id)

    def written(self, seat_id: int, key: str) -> Annotation | None:
        """Give the one that a seat wrote by the act of this key."""
        found = (one for one in list(self._rows.values()) if (one.seat_id, one.key) == (seat_id, key))
        return next(found, None)
