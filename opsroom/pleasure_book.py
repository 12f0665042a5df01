"""The book of good news: what findings and acts make of it, and what a snapshot holds.

Pure and in the order of the log, so that a replay gives the same. A detector finds an indicator better: that
opens no alert, and is only a hope until the filter confirms a step or a slope upwards. It holds the news of a
week; all of it stands in the store.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np

from opsroom.detect.change import Change, last_change, reach_us
from opsroom.errors import AccessDenied, Conflict, NotFound
from opsroom.index import actualities
from opsroom.model import MICROS_PER_S, ChangeKind, Finding, FindingVerb, Micros, Sentence
from opsroom.pleasure import Hope, Pleasure

if TYPE_CHECKING:
    from opsroom.catalog import Catalog
    from opsroom.detect import State
    from opsroom.model import Series
    from opsroom.records import Offer

DAY_US: Final = 86_400 * MICROS_PER_S
KEPT_US: Final = 7 * DAY_US
AGAIN_US: Final = DAY_US
"""A series that goes on getting better is told of once a day."""
READINGS_MAX: Final = 24
"""Usual distances of readings within which the filter has to confirm what a detector found."""
LASTING: Final = (ChangeKind.STEP, ChangeKind.SLOPE)


class _Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    rows: list[Pleasure]
    hopes: list[Hope]


class PleasureBook:
    """Good news by id, and what waits for the filter by series."""

    def __init__(self) -> None:
        """Start empty."""
        self.rows: dict[str, Pleasure] = {}
        self.hopes: dict[int, Hope] = {}

    def hear(self, findings: Iterable[Finding], released: Sequence[int]) -> None:
        """Take what opened no alert: series `released` without one, whose index a detector found higher."""
        for one in findings:
            better = one.verb is FindingVerb.OPEN and one.kind is ChangeKind.ABNORMAL and one.direction > 0
            if better and one.series_id in released:
                self.hopes[one.series_id] = Hope(
                    series_id=one.series_id,
                    detector=one.detector,
                    at=one.at,
                    onset=one.at if one.onset is None else one.onset,
                    expected=one.expected,
                )

    def settle(
        self, catalog: Catalog, state: State, now: Micros, offset: int, alerted: Iterable[int]
    ) -> list[Pleasure]:
        """Ask the filter about every hope at room time `now`; gives the news made of them.

        A series of `alerted` has an alert now, and no good news.
        """
        made = []
        for series_id in [one for one in self.hopes if one in alerted or one not in catalog.series]:
            del self.hopes[series_id]
        for hope in list(self.hopes.values()):
            change = last_change(state, hope.series_id)
            if change is None:
                continue
            if not _confirms(change, hope):
                if change.read > hope.at + READINGS_MAX * change.gap_us:
                    del self.hopes[hope.series_id]
                continue
            del self.hopes[hope.series_id]
            news = _worded(catalog, catalog.series[hope.series_id], hope, change, now, offset)
            if news is not None and not self._told(news.series_id, now):
                made.append(self._put(news, now))
        return made

    def offer(self, catalog: Catalog, now: Micros, act: Offer) -> Pleasure:
        """Offer good news to the unit above; gives it as it is then.

        Raises:
            NotFound: it is not known, or older than a week.
            AccessDenied: it is another unit's.
            Conflict: it was offered before, or nobody is above.
        """
        news = self.rows.get(act.pleasure_id)
        if news is None or now - news.at >= KEPT_US:
            raise NotFound("No such good news.", remedy="List them.", code="pleasure_unknown")
        if news.unit_id != act.unit_id:
            raise AccessDenied(
                "It is offered by the unit itself.", remedy="Leave it to the unit.", code="pleasure_refused"
            )
        above = catalog.parent(news.unit_id)
        if above is None:
            raise Conflict("Nobody is above.", remedy="Enjoy it.", code="pleasure_top")
        if news.offered is not None:
            raise Conflict(
                f"{news.offered_by} offered it.",
                remedy="Nothing is left to do.",
                code="pleasure_offered",
                person=news.offered_by,
            )
        offered = msgspec.structs.replace(news, offered=now, offered_by=act.person, offered_to=above.id)
        return self._put(offered, now)

    def dump(self) -> bytes:
        """Give the state as MessagePack."""
        return msgspec.msgpack.encode(
            _Snapshot(rows=list(self.rows.values()), hopes=list(self.hopes.values()))
        )

    @classmethod
    def load(cls, blob: bytes | None) -> PleasureBook:
        """Read what `dump` gave; None where the snapshot is older than good news is."""
        book = cls()
        if blob is not None:
            held = msgspec.msgpack.decode(blob, type=_Snapshot)
            book.rows = {one.id: one for one in held.rows}
            book.hopes = {one.series_id: one for one in held.hopes}
        return book

    def _told(self, series_id: int, now: Micros) -> bool:
        return any(one.series_id == series_id and now - one.at < AGAIN_US for one in self.rows.values())

    def _put(self, news: Pleasure, now: Micros) -> Pleasure:
        self.rows = {key: one for key, one in self.rows.items() if now - one.at < KEPT_US}
        self.rows[news.id] = news
        return news


def _confirms(change: Change, hope: Hope) -> bool:
    """Tell whether the filter's last change is the lasting improvement that was found."""
    near = change.at >= hope.onset - reach_us(hope.detector, change.gap_us)
    return change.kind in LASTING and change.direction > 0 and near


def _worded(
    catalog: Catalog, series: Series, hope: Hope, change: Change, now: Micros, offset: int
) -> Pleasure | None:
    """Give the news in units of the readings; None where the index is no better by now, or undefined."""
    before = change.before if hope.expected is None else hope.expected
    if not change.level > before:
        return None
    indices = np.array([before, change.level])
    figures, _ = actualities([series.indicator] * 2, indices, indices.copy())
    if not np.isfinite(figures).all():
        return None
    was, now_is = figures.tolist()
    said = {"series": catalog.series_path(series.id), "before": was, "after": now_is, "unit": series.unit}
    return Pleasure(
        id=f"g{offset:x}-{series.id}",
        root_id=series.root_id,
        unit_id=series.unit_id,
        series_id=series.id,
        kind=change.kind,
        p=change.p,
        before=was,
        after=now_is,
        onset=change.at,
        at=now,
        explanation=(
            Sentence("why.better", said),
            Sentence("why.since", {"onset_at": change.at}),
            Sentence(f"why.kind.{change.kind}", {"percent": round(100 * change.p)}),
            Sentence("why.detector", {"detector": hope.detector}),
        ),
    )
