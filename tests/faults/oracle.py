"""Judges: what a room must hold after a fault, against the ledger of what it acknowledged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from opsroom.bench.economy import described
from opsroom.catalog import Catalog
from opsroom.log import open_log
from opsroom.records import RecordKind
from opsroom.settings import load_settings
from opsroom.store import Store, open_store
from tests.faults.server import Server

MINUTE_US = 60_000_000
END_OF_TIME_US = 1 << 52

Readings = dict[str, dict[int, float]]


@dataclass(frozen=True)
class Verdict:
    """What a comparison found; the lists hold (series, event time in us)."""

    acked: int
    stored: int
    lost: tuple[tuple[str, int], ...]
    altered: tuple[tuple[str, int], ...]
    foreign: tuple[tuple[str, int], ...]
    doubled: int

    @property
    def held(self) -> bool:
        """Whether nothing acknowledged is lost, nothing altered, foreign or doubled."""
        return not (self.lost or self.altered or self.foreign or self.doubled)

    def figure(self) -> dict[str, int]:
        """Give the counts."""
        return {
            "acked": self.acked,
            "stored": self.stored,
            "acked_lost": len(self.lost),
            "altered": len(self.altered),
            "foreign": len(self.foreign),
            "doubled": self.doubled,
        }


def judge(
    sent: Mapping[str, Mapping[int, float]],
    acked: Mapping[str, Iterable[int]],
    stored: Mapping[str, Mapping[int, float]],
    *,
    doubled: int = 0,
) -> Verdict:
    """Compare what a room holds with what was sent and acknowledged, by series and event time in us."""
    promised = {(name, at) for name, instants in acked.items() for at in instants}
    held = {(name, at): value for name, readings in stored.items() for at, value in readings.items()}
    known = {(name, at): value for name, readings in sent.items() for at, value in readings.items()}
    return Verdict(
        acked=len(promised),
        stored=len(held),
        lost=tuple(sorted(promised - held.keys())),
        altered=tuple(sorted(key for key, value in held.items() if key in known and known[key] != value)),
        foreign=tuple(sorted(held.keys() - known.keys())),
        doubled=doubled,
    )


@dataclass(frozen=True)
class Left:
    """What a stopped room left in its store: readings by series path, and alerts without their ids."""

    readings: Readings
    counted: int
    rolled_up: int
    alerts: list[dict[str, Any]]

    @property
    def doubled(self) -> int:
        """Readings that a count or the rollups hold more often than the store tells them."""
        held = sum(len(readings) for readings in self.readings.values())
        return max(abs(self.counted - held), abs(self.rolled_up - held))


def left_by(server: Server) -> Left:
    """Read the store of a stopped room."""
    settings = load_settings(server.settings_file)
    store = open_store(settings.store.url, settings.store)
    try:
        catalog = Catalog(store.catalog.units(), store.catalog.series())
        readings: Readings = {}
        for series_id in catalog.series:
            columns = store.readings.read(series_id, 0, END_OF_TIME_US)
            if len(columns):
                readings[catalog.series_path(series_id)] = dict(
                    zip(columns.t.tolist(), columns.v.tolist(), strict=True)
                )
        ids = list(catalog.series)
        return Left(
            readings=readings,
            counted=store.readings.count(),
            rolled_up=int(store.readings.buckets(ids, 0, END_OF_TIME_US, MINUTE_US).count.sum()),
            alerts=alerts_of(store, catalog),
        )
    finally:
        store.close()


def alerts_of(store: Store, catalog: Catalog) -> list[dict[str, Any]]:
    """Give every alert as `make economy` writes it, with onset and outcome, by time of raise and series.

    Without ids: those of series and alerts follow the order of arrival, which is what a fault changes.
    """
    found = [
        {
            **described(alert, catalog),
            "series": catalog.series_path(alert.series_id),
            "onset": alert.onset,
            "outcome": alert.outcome.value,
        }
        for alert in store.journal.alerts(limit=1_000_000)
    ]
    return sorted(found, key=lambda alert: (alert["raised"], alert["series"]))


def differences(expected: Left, found: Left) -> list[str]:
    """Say in what two rooms differ, a line for each series or alert; nothing where they agree."""
    said: list[str] = []
    for name in sorted(expected.readings.keys() | found.readings.keys()):
        one, other = expected.readings.get(name, {}), found.readings.get(name, {})
        if one != other:
            missing, more = len(one.keys() - other.keys()), len(other.keys() - one.keys())
            altered = sum(one[at] != other[at] for at in one.keys() & other.keys())
            said.append(f"{name}: {missing} missing, {more} more, {altered} altered")
    said += _unlike(expected.alerts, found.alerts)
    if found.doubled:
        said.append(f"{found.doubled} readings doubled")
    return said


def _unlike(expected: Sequence[dict[str, Any]], found: Sequence[dict[str, Any]]) -> list[str]:
    """Say which alerts are missing, doubled or not expected, and of those in both, which fields differ."""
    said = []
    left = list(found)
    for alert in expected:
        same = [one for one in left if (one["series"], one["raised"]) == (alert["series"], alert["raised"])]
        if not same:
            said.append(f"missing {_named(alert)}")
            continue
        left.remove(same[0])
        unlike = {key: (value, same[0].get(key)) for key, value in alert.items() if same[0].get(key) != value}
        if unlike:
            said.append(f"{_named(alert)}: {unlike}")
    return said + [f"more {_named(alert)}" for alert in left]


def _named(alert: dict[str, Any]) -> str:
    return f"{alert['series']} {alert['raised']}"


def doubled_batches(server: Server) -> int:
    """Count the batches that the log of a killed or stopped room holds more than once."""
    settings = load_settings(server.settings_file)
    log = open_log(settings.log.url, settings.limits)
    try:
        seen: set[tuple[str, int, int]] = set()
        doubled = after = 0
        while records := log.read(after):
            after = records[-1].offset
            for record in records:
                batch = (record.source, record.epoch, record.seq)
                if record.kind is RecordKind.READINGS and record.epoch:
                    doubled += batch in seen
                    seen.add(batch)
        return doubled
    finally:
        log.close()
