"""The store: readings in compressed chunks, alerts and their journal, the tree, snapshots, seats.

An engine is a module here, found by the scheme of its URL: `memory://`, `sqlite:///path/store.db`,
`postgresql+psycopg://...`. Every part is a small protocol, so that a reader of one needs nothing of the
others; `tests/conformance/test_store.py` holds every engine to them. Calls block: the room makes them
through `Offload`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from opsroom.errors import SettingsError
from opsroom.parts import Part
from opsroom.registry import survey
from opsroom.section import StoreSection

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opsroom.audit import Audit
    from opsroom.figures import Edge
    from opsroom.minutes import Minute
    from opsroom.model import Alert, Columns, Micros, Transition
    from opsroom.pleasure import Pleasure
    from opsroom.records import AnyAct, AnyConfig
    from opsroom.rule import Ruling
    from opsroom.seats import Kiosk, PlantToken, Seat, Session
    from opsroom.store.annals import Annals
    from opsroom.store.annotations import Annotations
    from opsroom.store.letters import Outbox
    from opsroom.store.rulings import CatalogRows, Rulings


class Buckets(msgspec.Struct, frozen=True):
    """Aggregates as parallel arrays, sorted by (series, t): `t` is the start of the bucket, int64 us.

    Only readings with a value count (NaN, sent as null, does not); a bucket without any is absent.
    """

    series: NDArray[np.int32]
    t: NDArray[np.int64]
    count: NDArray[np.int64]
    sum: NDArray[np.float64]
    min: NDArray[np.float64]
    max: NDArray[np.float64]
    first: NDArray[np.float64]
    last: NDArray[np.float64]

    def __len__(self) -> int:
        """Give the number of buckets."""
        return len(self.t)


class Level(msgspec.Struct, frozen=True):
    """What is stored of readings (`width_us` 0) or of one rollup: rows, and the oldest of them (us).

    What stands before `kept_from` (us, a whole hour; None: kept for ever) was let go.
    """

    width_us: int
    rows: int
    oldest: Micros | None
    kept_from: Micros | None


class ReadingsWriter(Protocol):
    """Where the room puts readings, in the order of the log."""

    @property
    def flushed_offset(self) -> int:
        """Offset up to which readings are in durable chunks; after a restart the log is replayed from it."""
        ...

    @property
    def held(self) -> int:
        """How many readings are in memory that no flush has stored yet."""
        ...

    def take(self, columns: Columns, offset: int, historical: bool = False) -> None:  # noqa: FBT001, FBT002
        """Hold the readings of the log's record `offset` in memory, searchable, until they are flushed.

        One call an offset, offsets ascending; one at or below `flushed_offset` is ignored. Empty columns
        move the offset.
        """
        ...

    def flush(self, now_us: Micros, force: bool = False) -> int:  # noqa: FBT001, FBT002
        """Cut what is held into a chunk with its rollups where due (age, number) or `force`.

        Gives `flushed_offset`. Of what is older than the settings keep, about so much as is stored meanwhile
        is let go each time.

        May run in another thread than `take` and the reads, which go on meanwhile.

        Raises:
            StoreFull: no space; all stays held, the offset does not move.
            StoreError: the store refused; as above.
        """
        ...


class ReadingsReader(Protocol):
    """What is asked of readings. Times are int64 us, ranges half-open: t_from <= t < t_to."""

    def read(self, series_id: int, t_from: Micros, t_to: Micros, limit: int | None = None) -> Columns:
        """Give the readings of a series by t, one an instant (last by offset); `limit` keeps the newest.

        Raises:
            Corrupt: a block does not match its checksum; `params` name segment and block.
        """
        ...

    def buckets(self, series_ids: Sequence[int], t_from: Micros, t_to: Micros, width_us: int) -> Buckets:
        """Aggregate readings in the range by buckets of `width_us` that start at multiples of it.

        Where readings were let go, what is left of minutes answers, and behind those what is left of hours,
        for every width and for ranges with ragged ends: a minute or hour then counts as a whole, in the
        range and bucket in which it begins.
        """
        ...

    def count(self, series_ids: Sequence[int] | None = None) -> int:
        """Give the number of distinct (series, t) that are kept, of all series or of these."""
        ...

    def levels(self) -> tuple[Level, ...]:
        """Give what is stored of readings, minutes and hours, without what was not flushed."""
        ...


class Readings(ReadingsWriter, ReadingsReader, Protocol):
    """Both sides."""


class Journal(Protocol):
    """Alerts, what happened to them, acts: one order, one transaction a commit."""

    def commit(
        self,
        offset: int,
        transitions: Sequence[Transition],
        config: Sequence[AnyConfig],
        acts: Sequence[tuple[int, Micros, AnyAct]],
        audits: Sequence[Audit] = (),
        rulings: Sequence[Ruling] = (),
        pleasures: Sequence[Pleasure] = (),
        minutes: Sequence[Minute] = (),
    ) -> None:
        """Store all of it with the consumed `offset`, or nothing.

        An audit, or good news, replaces that of its id.

        At or below the committed offset nothing changes, so a replay must not straddle it: cut its batches
        there. `acts` are (offset of the act, room time, act).

        Raises:
            StoreFull, StoreError: nothing was stored.
        """
        ...

    def offset(self) -> int:
        """Give the committed offset, 0 at first."""
        ...

    def alerts(
        self,
        *,
        open_only: bool = False,
        unit_ids: Sequence[int] | None = None,
        since: Micros | None = None,
        limit: int = 1000,
    ) -> list[Alert]:
        """Give alerts, newest first: open ones, of these units (where they arose), raised from `since`."""
        ...

    def alert(self, alert_id: str) -> Alert | None:
        """Give one alert, or None."""
        ...

    def edges(self, alert_id: str) -> list[Transition]:
        """Give what happened to an alert, in order."""
        ...

    def edges_within(
        self, t_from: Micros, t_to: Micros, after: tuple[int, int] = (0, 0), limit: int = 5_000
    ) -> list[tuple[tuple[int, int], Edge]]:
        """Give edges with t_from <= at < t_to behind the place `after`, each with its place, in order."""
        ...

    def edges_standing(self, at: Micros) -> list[Edge]:
        """Give the edges before `at` of alerts that may have stood then, in order.

        Those that are open, awaited by a decision, or have an edge at or after it.
        """
        ...

    def acts(self, since_offset: int = 0, limit: int = 1000) -> list[tuple[int, Micros, AnyAct]]:
        """Give acts after an offset, in order, as (offset, room time, act)."""
        ...

    def acts_of(self, kind: str, limit: int = 1000) -> list[tuple[int, Micros, AnyAct]]:
        """Give acts of one kind, as its class is called in small letters, newest first."""
        ...

    def audits(self, unit_id: int, limit: int = 1000) -> list[Audit]:
        """Give the audits that a unit declared or was looked at under, newest first."""
        ...

    def audit(self, audit_id: str) -> Audit | None:
        """Give one audit, or None."""
        ...

    def pleasures(self, unit_id: int, limit: int = 1000) -> list[Pleasure]:
        """Give the good news of a unit and what was offered to it, newest first."""
        ...

    def pleasure(self, pleasure_id: str) -> Pleasure | None:
        """Give one piece of good news, or None."""
        ...


class Snapshots(Protocol):
    """Named states of the room, each with the version that wrote it and the log offset it holds."""

    def save(self, name: str, version: int, offset: int, *parts: Part) -> None:
        """Replace the snapshot `name` by what these parts are together."""
        ...

    def load(self, name: str) -> tuple[int, int, bytes] | None:
        """Give (version, offset, blob), or None where there is none.

        Raises:
            Corrupt: the blob does not match its checksum; it can be rebuilt from readings.
        """
        ...


class SeatRows(Protocol):
    """Seats and their credentials (hashes, never the words themselves)."""

    def seats(self) -> list[Seat]:
        """Give all seats by id."""
        ...

    def put_seat(self, seat: Seat) -> Seat:
        """Store a seat, replacing that of its id; id 0 is given the next one."""
        ...

    def delete_seat(self, seat_id: int) -> None:
        """Remove a seat with its credentials and sessions; nothing where there is none."""
        ...

    def put_credential(self, seat_id: int, kind: str, secret: str, at: Micros) -> None:
        """Add a credential of `kind`."""
        ...

    def credentials(self, seat_id: int, kind: str) -> list[str]:
        """Give the secrets of `kind`, newest first."""
        ...


class SessionRows(Protocol):
    """Signed-in sessions and plants' tokens, by the hash of what the bearer holds."""

    def put_session(self, session: Session) -> None:
        """Store or replace a session."""
        ...

    def session(self, token_hash: str) -> Session | None:
        """Give a session, ended or not: who asks compares `expires`."""
        ...

    def sessions(self) -> list[str]:
        """Give the hashes of all sessions, ended ones too."""
        ...

    def end_session(self, token_hash: str) -> None:
        """Remove a session; one that is not there is no error."""
        ...

    def end_sessions(self, seat_id: int) -> None:
        """Remove all sessions of a seat."""
        ...

    def end_expired(self, now: Micros) -> None:
        """Remove the sessions that expired at `now` or before."""
        ...

    def put_token(self, token: PlantToken) -> None:
        """Store or replace a plant's token."""
        ...

    def tokens(self) -> list[PlantToken]:
        """Give all tokens, oldest first."""
        ...

    def kiosks(self) -> list[Kiosk]:
        """Give all wall screens by id, ended ones too."""
        ...

    def put_kiosk(self, kiosk: Kiosk) -> Kiosk:
        """Store a wall screen, replacing that of its id; id 0 is given the next one."""
        ...

    def delete_token(self, token_hash: str) -> None:
        """Remove a token; one that is not there is no error."""
        ...


class AccessRows(SeatRows, SessionRows, Protocol):
    """Who may come in."""


class Store(Protocol):
    """All parts of one store, for one economy (`root_id`)."""

    @property
    def readings(self) -> Readings:
        """Readings and rollups."""
        ...

    @property
    def journal(self) -> Journal:
        """Alerts and acts."""
        ...

    @property
    def catalog(self) -> CatalogRows:
        """The tree."""
        ...

    @property
    def rulings(self) -> Rulings:
        """What rules found, and their versions."""
        ...

    @property
    def annals(self) -> Annals:
        """The journal page by page, and the council's minutes."""
        ...

    @property
    def annotations(self) -> Annotations:
        """What people wrote at a time of a unit or a series."""
        ...

    @property
    def snapshots(self) -> Snapshots:
        """States of the room."""
        ...

    @property
    def access(self) -> AccessRows:
        """Seats, sessions, tokens."""
        ...

    @property
    def outbox(self) -> Outbox:
        """Notifications on their way."""
        ...

    def close(self) -> None:
        """Let connections go; what is held and not flushed is in the log. A second call does nothing."""
        ...


def open_store(url: str, settings: StoreSection | None = None, root_id: int = 1) -> Store:
    """Open the store at `url` with the engine that its scheme names, bringing its schema up to date.

    `settings` gives pool and flush limits (its own url is not read). Several economies may share a store
    under their own `root_id`.

    Raises:
        SettingsError: no engine of that name, or its library is not installed.
        StoreError: the store cannot be reached, or is of a later release.
    """
    scheme = url.partition(":")[0].partition("+")[0]
    found = survey(__name__, having="open_store", wanted=scheme)
    if scheme not in found.modules:
        command = next((missing.command for missing in found.missing if missing.name == scheme), "")
        known = ", ".join(found.modules)
        raise SettingsError(
            f"No store engine {scheme!r}."
            if not command
            else f"The store engine {scheme!r} is not installed.",
            remedy=f"Run: {command}" if command else f"Use one of: {known}.",
            key="store.url",
            engine=scheme,
        )
    store: Store = found.modules[scheme].open_store(url, settings or StoreSection(), root_id)
    return store
