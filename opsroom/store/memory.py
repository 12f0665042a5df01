"""A store in memory for tests, simulation and drills: same ports and rules as the durable ones."""

from __future__ import annotations

from collections.abc import Sequence
from threading import RLock

import msgspec

from opsroom.audit import Audit
from opsroom.figures import Edge
from opsroom.flow import Flow
from opsroom.minutes import Minute
from opsroom.model import Alert, Micros, Outcome, Relation, Series, Transition, Unit
from opsroom.notices import News
from opsroom.parts import Part
from opsroom.pleasure import Pleasure
from opsroom.records import AnyAct, AnyConfig, FlowSet, MetaKind, RelationSet, RuleSet, SeriesSet, UnitSet
from opsroom.rule import Rule, Ruling
from opsroom.seats import Kiosk, PlantToken, Seat, Session
from opsroom.section import StoreSection
from opsroom.store._memory_annals import MemoryAnnals
from opsroom.store._memory_annotations import MemoryAnnotations
from opsroom.store._memory_outbox import MemoryOutbox
from opsroom.store._memory_readings import MemoryReadings
from opsroom.store._memory_rulings import MemoryRulings

_edge = msgspec.msgpack.Decoder(Edge)


def _lean(edge: Transition) -> Edge:
    return _edge.decode(msgspec.msgpack.encode(edge))


class MemoryJournal:
    """Alerts, edges, acts and the tree in dictionaries."""

    def __init__(self) -> None:
        self._lock = RLock()
        self._offset = 0
        self._alerts: dict[str, Alert] = {}
        self._edges: dict[str, list[Transition]] = {}
        self._acts: list[tuple[int, Micros, AnyAct]] = []
        self._units: dict[int, Unit] = {}
        self._series: dict[int, Series] = {}
        self._versions: dict[tuple[MetaKind, int], list[UnitSet | SeriesSet]] = {}
        self._relations: dict[int, Relation] = {}
        self._flows: dict[int, Flow] = {}
        self._rules: dict[str, Rule] = {}
        self._audits: dict[str, Audit] = {}
        self._pleasures: dict[str, Pleasure] = {}
        self.news: list[News] = []
        self.ruled = MemoryRulings()
        self.annals = MemoryAnnals(self._alerts, self.news, self._series, self._units)
        self.annotations = MemoryAnnotations()

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
        """Keep all of it, or nothing of what is known."""
        with self._lock:
            if offset <= self._offset:
                return
            for number, edge in enumerate(transitions):
                self.news.append(News((offset, number), edge))
                self._alerts[edge.alert.id] = edge.alert
                self._edges.setdefault(edge.alert.id, []).append(edge)
            for change in config:
                if isinstance(change, UnitSet):
                    self._units[change.unit.id] = change.unit
                    self._versions.setdefault(("unit", change.unit.id), []).append(change)
                elif isinstance(change, SeriesSet):
                    self._series[change.series.id] = change.series
                    self._versions.setdefault(("series", change.series.id), []).append(change)
                elif isinstance(change, RelationSet):
                    self._relations[change.relation.id] = change.relation
                elif isinstance(change, FlowSet):
                    self._flows[change.flow.id] = change.flow
                elif isinstance(change, RuleSet):
                    self._rules[change.rule.id] = change.rule
                    self.ruled.versioned[change.rule.id, change.rule.version] = change.rule
            self._audits.update({audit.id: audit for audit in audits})
            self._pleasures.update({one.id: one for one in pleasures})
            self.annals.taken.update({one.id: one for one in minutes})
            self.ruled.found.extend(rulings)
            fresh = [act for act in acts if act[0] > self._offset]
            self._acts.extend(fresh)
            self.annotations.take(fresh)
            self._offset = offset

    def offset(self) -> int:
        """Give the committed offset."""
        return self._offset

    def alerts(
        self,
        *,
        open_only: bool = False,
        unit_ids: Sequence[int] | None = None,
        since: Micros | None = None,
        limit: int = 1000,
    ) -> list[Alert]:
        """Give alerts, newest raise first."""
        with self._lock:
            found = [
                alert
                for alert in self._alerts.values()
                if (not open_only or alert.outcome is Outcome.OPEN)
                and (unit_ids is None or alert.unit_id in unit_ids)
                and (since is None or alert.raised >= since)
            ]
        return sorted(found, key=lambda alert: (alert.raised, alert.id), reverse=True)[:limit]

    def alert(self, alert_id: str) -> Alert | None:
        """Give one alert."""
        return self._alerts.get(alert_id)

    def edges(self, alert_id: str) -> list[Transition]:
        """Give what happened to an alert."""
        with self._lock:
            return list(self._edges.get(alert_id, ()))

    def edges_within(
        self, t_from: Micros, t_to: Micros, after: tuple[int, int] = (0, 0), limit: int = 5_000
    ) -> list[tuple[tuple[int, int], Edge]]:
        """Give edges of a span, in order."""
        with self._lock:
            found = [one for one in self.news if one.cursor > after and t_from <= one.edge.at < t_to]
        return [(one.cursor, _lean(one.edge)) for one in found[:limit]]

    def edges_standing(self, at: Micros) -> list[Edge]:
        """Give earlier edges of what may have stood at an instant."""
        with self._lock:
            later = {one.edge.alert.id for one in self.news if one.edge.at >= at}
            alive = later | {
                alert.id
                for alert in self._alerts.values()
                if alert.outcome in {Outcome.OPEN, Outcome.DECIDED}
            }
            found = [one.edge for one in self.news if one.edge.at < at and one.edge.alert.id in alive]
        return [_lean(edge) for edge in found]

    def acts(self, since_offset: int = 0, limit: int = 1000) -> list[tuple[int, Micros, AnyAct]]:
        """Give acts after an offset."""
        with self._lock:
            return [act for act in self._acts if act[0] > since_offset][:limit]

    def acts_of(self, kind: str, limit: int = 1000) -> list[tuple[int, Micros, AnyAct]]:
        """Give acts of one kind, newest first."""
        with self._lock:
            found = [act for act in self._acts if type(act[2]).__name__.lower() == kind]
        return found[::-1][:limit]

    def audits(self, unit_id: int, limit: int = 1000) -> list[Audit]:
        """Give the audits of a unit, of either side."""
        with self._lock:
            found = [one for one in self._audits.values() if unit_id in {one.by_unit, one.unit_id}]
        return sorted(found, key=lambda one: (one.declared, one.id), reverse=True)[:limit]

    def audit(self, audit_id: str) -> Audit | None:
        """Give one audit."""
        return self._audits.get(audit_id)

    def pleasures(self, unit_id: int, limit: int = 1000) -> list[Pleasure]:
        """Give the good news of a unit and what was offered to it, newest first."""
        with self._lock:
            found = [one for one in self._pleasures.values() if unit_id in {one.unit_id, one.offered_to}]
        return sorted(found, key=lambda one: (one.at, one.id), reverse=True)[:limit]

    def pleasure(self, pleasure_id: str) -> Pleasure | None:
        """Give one piece of good news."""
        return self._pleasures.get(pleasure_id)

    def units(self) -> list[Unit]:
        """Give all units by id."""
        with self._lock:
            return [self._units[key] for key in sorted(self._units)]

    def series(self) -> list[Series]:
        """Give all series by id."""
        with self._lock:
            return [self._series[key] for key in sorted(self._series)]

    def versions(self, kind: MetaKind, of_id: int, limit: int = 1000) -> list[UnitSet | SeriesSet]:
        """Give what was agreed on a unit or series, newest first."""
        with self._lock:
            found = [one for one in self._versions.get((kind, of_id), ()) if one.via != "moved"]
        return found[::-1][:limit]

    def relations(self) -> list[Relation]:
        """Give all relations by id."""
        with self._lock:
            return [self._relations[key] for key in sorted(self._relations)]

    def flows(self) -> list[Flow]:
        """Give all flows by id, retired ones too."""
        with self._lock:
            return [self._flows[key] for key in sorted(self._flows)]

    def rules(self) -> list[Rule]:
        """Give all alarm rules by id, retired ones too."""
        with self._lock:
            return [self._rules[key] for key in sorted(self._rules)]


class MemorySnapshots:
    """Snapshots by name."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[int, int, bytes]] = {}

    def save(self, name: str, version: int, offset: int, *parts: Part) -> None:
        """Replace the snapshot `name`."""
        self._kept[name] = (version, offset, b"".join(parts))

    def load(self, name: str) -> tuple[int, int, bytes] | None:
        """Give a snapshot."""
        return self._kept.get(name)


class MemoryAccess:
    """Seats, credentials, sessions and tokens in dictionaries."""

    def __init__(self) -> None:
        self._seats: dict[int, Seat] = {}
        self._highest = 0
        self._credentials: list[tuple[int, str, str, Micros]] = []
        self._sessions: dict[str, Session] = {}
        self._tokens: dict[str, PlantToken] = {}
        self._kiosks: dict[int, Kiosk] = {}

    def seats(self) -> list[Seat]:
        """Give all seats by id."""
        return [self._seats[key] for key in sorted(self._seats)]

    def put_seat(self, seat: Seat) -> Seat:
        """Store a seat."""
        kept = seat if seat.id else Seat(self._highest + 1, seat.person, seat.role, seat.unit_id)
        self._highest = max(self._highest, kept.id)
        self._seats[kept.id] = kept
        return kept

    def delete_seat(self, seat_id: int) -> None:
        """Remove a seat with its credentials and sessions."""
        self._seats.pop(seat_id, None)
        self._credentials = [one for one in self._credentials if one[0] != seat_id]
        self._sessions = {key: one for key, one in self._sessions.items() if one.seat_id != seat_id}

    def put_credential(self, seat_id: int, kind: str, secret: str, at: Micros) -> None:
        """Add a credential."""
        self._credentials.append((seat_id, kind, secret, at))

    def credentials(self, seat_id: int, kind: str) -> list[str]:
        """Give the secrets of `kind`, newest first."""
        return [
            secret for seat, of, secret, _ in reversed(self._credentials) if (seat, of) == (seat_id, kind)
        ]

    def put_session(self, session: Session) -> None:
        """Store or replace a session."""
        self._sessions[session.token_hash] = session

    def session(self, token_hash: str) -> Session | None:
        """Give a session."""
        return self._sessions.get(token_hash)

    def sessions(self) -> list[str]:
        """Give the hashes of all sessions."""
        return list(self._sessions)

    def end_session(self, token_hash: str) -> None:
        """Remove a session."""
        self._sessions.pop(token_hash, None)

    def end_sessions(self, seat_id: int) -> None:
        """Remove all sessions of a seat."""
        self._sessions = {key: one for key, one in self._sessions.items() if one.seat_id != seat_id}

    def end_expired(self, now: Micros) -> None:
        """Remove the sessions that expired."""
        self._sessions = {key: one for key, one in self._sessions.items() if one.expires > now}

    def put_token(self, token: PlantToken) -> None:
        """Store or replace a token."""
        self._tokens[token.token_hash] = token

    def tokens(self) -> list[PlantToken]:
        """Give all tokens, oldest first."""
        return sorted(self._tokens.values(), key=lambda token: (token.at, token.token_hash))

    def kiosks(self) -> list[Kiosk]:
        """Give all wall screens by id."""
        return [self._kiosks[key] for key in sorted(self._kiosks)]

    def put_kiosk(self, kiosk: Kiosk) -> Kiosk:
        """Store a wall screen."""
        kept = kiosk if kiosk.id else msgspec.structs.replace(kiosk, id=len(self._kiosks) + 1)
        self._kiosks[kept.id] = kept
        return kept

    def delete_token(self, token_hash: str) -> None:
        """Remove a token."""
        self._tokens.pop(token_hash, None)


class MemoryStore:
    """All parts in memory."""

    def __init__(self, settings: StoreSection | None = None) -> None:
        self.readings = MemoryReadings(settings)
        self.journal = self.catalog = MemoryJournal()
        self.rulings, self.annals = self.journal.ruled, self.journal.annals
        self.annotations = self.journal.annotations
        self.snapshots = MemorySnapshots()
        self.access = MemoryAccess()
        self.outbox = MemoryOutbox(self.journal.news)

    def crashed(self) -> MemoryStore:
        """Give what another process finds after this one ended: readings that were not flushed are gone."""
        found = MemoryStore()
        found.readings = self.readings.crashed()
        found.journal = found.catalog = self.journal
        found.rulings, found.annals, found.annotations = self.rulings, self.annals, self.annotations
        found.snapshots, found.access, found.outbox = self.snapshots, self.access, self.outbox
        return found

    def close(self) -> None:
        """Nothing to let go."""


def open_store(url: str, settings: StoreSection, root_id: int) -> MemoryStore:  # noqa: ARG001
    """Start an empty store."""
    return MemoryStore(settings)
