"""Stored rows as they were known at a position of the log: what came later is not there."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from opsroom.annotation import stood
from opsroom.log import readable
from opsroom.log.columns import decode_columns
from opsroom.model import Columns
from opsroom.records import RecordKind
from opsroom.store import Buckets, Level

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from opsroom.annotation import Annotation
    from opsroom.figures import Edge
    from opsroom.log import LogReader
    from opsroom.minutes import Minute
    from opsroom.model import Alert, Micros, Transition
    from opsroom.store import Journal, Readings, Store
    from opsroom.store.annals import AlertOrder, Annals, Wanted
    from opsroom.store.annotations import Annotations
    from opsroom.store.rulings import CatalogRows, Rulings


class PastReadings:
    """Readings known at `offset` of the log, room time `now`; what was overwritten later is left out.

    Blocking, so asked in a reader's thread, as the store is.
    """

    def __init__(self, live: Readings, log: LogReader, offset: int, now: Micros) -> None:
        """Take the store's readings; the log is read when first asked."""
        self._live, self._log, self._offset, self._now = live, log, offset, now
        self._later: dict[int, NDArray[np.int64]] | None = None
        self._lock = threading.Lock()

    def read(self, series_id: int, t_from: Micros, t_to: Micros, limit: int | None = None) -> Columns:
        """Give the readings of a series by t; `limit` keeps the newest."""
        later = self._later_of(series_id)
        found = self._live.read(series_id, t_from, t_to, None if limit is None else limit + len(later))
        kept = found.take(~np.isin(found.t, later))
        return kept if limit is None or len(kept) <= limit else kept.take(np.arange(-limit, 0) + len(kept))

    def buckets(self, series_ids: Sequence[int], t_from: Micros, t_to: Micros, width_us: int) -> Buckets:
        """Aggregate readings by buckets; those of series that later readings reached, one by one.

        Up to the bucket in which the store's own readings begin, aggregates are given as they are known
        today: nothing is left that tells what came when.
        """
        kept_from = self._live.levels()[0].kept_from
        since = t_from if kept_from is None else min(t_to, max(t_from, -(-kept_from // width_us) * width_us))
        reached = [one for one in series_ids if self._reached(one, since, t_to)]
        plain = self._live.buckets([one for one in series_ids if one not in reached], t_from, t_to, width_us)
        older = self._live.buckets(reached, t_from, since, width_us)
        parts = [plain, older, *(bucketed(one, self.read(one, since, t_to), width_us) for one in reached)]
        joined = {
            name: np.concatenate([getattr(part, name) for part in parts])
            for name in Buckets.__struct_fields__
        }
        order = np.lexsort((joined["t"], joined["series"]))
        return Buckets(**{name: column[order] for name, column in joined.items()})

    def levels(self) -> tuple[Level, ...]:
        """Give what is stored, as it is today."""
        return self._live.levels()

    def _reached(self, series_id: int, t_from: Micros, t_to: Micros) -> bool:
        later = self._later_of(series_id)
        return bool(((later >= t_from) & (later < t_to)).any())

    def _later_of(self, series_id: int) -> NDArray[np.int64]:
        with self._lock:
            if self._later is None:
                self._later = self._look()
        return self._later.get(series_id, np.empty(0, np.int64))

    def _look(self) -> dict[int, NDArray[np.int64]]:
        """Find every reading that stands in the log behind the position."""
        records = readable(self._log, self._offset)
        came = [decode_columns(one.payload)[0] for one in records if one.kind is RecordKind.READINGS]
        if not came:
            return {}
        columns = Columns.concat(came)
        order = np.argsort(columns.series, kind="stable")
        series, first = np.unique(columns.series[order], return_index=True)
        parts = np.split(columns.t[order], first[1:])
        return dict(zip(series.tolist(), parts, strict=True))


def bucketed(series_id: int, columns: Columns, width_us: int) -> Buckets:
    """Aggregate readings of one series, sorted by t, as the store does; NaN is no value."""
    columns = columns.take(~np.isnan(columns.v))
    t = columns.t - columns.t % width_us
    starts = np.flatnonzero(np.append([True], t[1:] != t[:-1])) if len(t) else np.empty(0, np.int64)
    v = columns.v
    ends = np.append(starts[1:], len(t)) - 1 if len(starts) else starts
    low, high, total = (
        ufunc.reduceat(v, starts) if len(starts) else v[:0] for ufunc in (np.minimum, np.maximum, np.add)
    )
    return Buckets(
        series=np.full(len(starts), series_id, np.int32),
        t=t[starts],
        count=ends - starts + 1,
        sum=total,
        min=low,
        max=high,
        first=v[starts],
        last=v[ends],
    )


class PastJournal:
    """Alerts and their edges up to `now`; what the journal keeps of other things is as it is today."""

    def __init__(self, live: Journal, now: Micros) -> None:
        """Take the store's journal."""
        self._live, self._now = live, now

    def __getattr__(self, name: str) -> Any:
        """Give what is not of then."""
        return getattr(self._live, name)

    def alerts(self, **which: Any) -> list[Alert]:
        """Give alerts raised by then, as they stood."""
        raised = [one for one in self._live.alerts(**which) if one.raised <= self._now]
        return [alert for one in raised if (alert := self.alert(one.id)) is not None]

    def alert(self, alert_id: str) -> Alert | None:
        """Give one alert as it stood, None where it was not there yet."""
        edges = self.edges(alert_id)
        return edges[-1].alert if edges else None

    def edges(self, alert_id: str) -> list[Transition]:
        """Give what had happened to an alert, in order."""
        return [one for one in self._live.edges(alert_id) if one.at <= self._now]

    def edges_within(
        self, t_from: Micros, t_to: Micros, after: tuple[int, int] = (0, 0), limit: int = 5_000
    ) -> list[tuple[tuple[int, int], Edge]]:
        """Give edges of a span, none of them later than then."""
        return self._live.edges_within(t_from, min(t_to, self._now + 1), after, limit)


class PastAnnals:
    """Pages of the journal and minutes as far as they reached then; an alert's later edges are not there."""

    def __init__(self, live: Annals, journal: PastJournal, now: Micros) -> None:
        """Take the store's annals and the journal as of then."""
        self._live, self._journal, self._now = live, journal, now

    def count(self, wanted: Wanted) -> int:
        """Count alerts raised by then."""
        return self._live.count(self._until(wanted))

    def page(
        self, wanted: Wanted, order: AlertOrder, offset: int, limit: int, *, falling: bool = True
    ) -> list[Alert]:
        """Give alerts raised by then, as they stood."""
        found = self._live.page(self._until(wanted), order, offset, limit, falling=falling)
        return [self._journal.alert(one.id) or one for one in found]

    def count_edges(self, wanted: Wanted) -> int:
        """Count edges."""
        return self._live.count_edges(self._until(wanted))

    def edges(self, wanted: Wanted, offset: int, limit: int, *, falling: bool = True) -> list[Transition]:
        """Give edges in the order of the journal."""
        return self._live.edges(self._until(wanted), offset, limit, falling=falling)

    def minutes(self, unit_id: int, limit: int = 1000) -> list[Minute]:
        """Give decisions taken by then, without what came of them later."""
        found = (self._then(one) for one in self._live.minutes(unit_id, limit))
        return [one for one in found if one is not None]

    def minute(self, minute_id: str) -> Minute | None:
        """Give one decision, None where it was not taken yet."""
        found = self._live.minute(minute_id)
        return None if found is None else self._then(found)

    def _until(self, wanted: Wanted) -> Wanted:
        return msgspec.structs.replace(wanted, t_to=min(wanted.t_to, self._now + 1))

    def _then(self, one: Minute) -> Minute | None:
        if one.at > self._now:
            return None
        found = None if one.found is None or one.found.at > self._now else one.found
        verdict = None if one.verdict is None or one.verdict.at > self._now else one.verdict
        return msgspec.structs.replace(one, found=found, verdict=verdict)


class PastAnnotations:
    """Annotations as they stood then."""

    def __init__(self, live: Annotations, now: Micros) -> None:
        """Take the store's annotations."""
        self._live, self._now = live, now

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
        then = self._now if at is None else min(at, self._now)
        return self._live.of(unit_id, t_from, t_to, series_id=series_id, at=then, limit=limit)

    def annotation(self, annotation_id: str) -> Annotation | None:
        """Give one, None where it was not written yet."""
        found = self._live.annotation(annotation_id)
        return found if found is not None and stood(found, self._now) else None

    def written(self, seat_id: int, key: str) -> Annotation | None:
        """Give the one of an act; in the past nothing is written."""
        return self._live.written(seat_id, key)


class PastRows:
    """The parts of the store that the API asks."""

    def __init__(self, live: Store, log: LogReader, offset: int, now: Micros) -> None:
        """Take the live store and the position."""
        self.readings = PastReadings(live.readings, log, offset, now)
        self.journal = PastJournal(live.journal, now)
        self.annals = PastAnnals(live.annals, self.journal, now)
        self.annotations = PastAnnotations(live.annotations, now)
        self.catalog: CatalogRows = live.catalog
        self.rulings: Rulings = live.rulings
