"""From the economy file to the alert: a supplier that claims too much, found at its own unit."""

from __future__ import annotations

import numpy as np

from opsroom.catalog import Catalog
from opsroom.core import Core
from opsroom.economy import differences, parse_economy
from opsroom.log.columns import encode_columns
from opsroom.model import Alert, ChangeKind, Columns
from opsroom.records import Record, RecordKind, encode
from opsroom.settings import RoomSection

DAY_US = 86_400_000_000
CLEAN, SEEDS = 100, 25
ECONOMY = """
[[unit]]
path = "energy/coke-plant"
[[unit]]
path = "industry/works"
[[series]]
path = "energy/coke-plant/sent"
[[series]]
path = "industry/works/received"
[[claim]]
name = "coke"
supplier = "energy/coke-plant/sent"
consumer = "industry/works/received"
"""


class Feed:
    """A core fed as the log feeds it: configuration first, then readings day by day."""

    def __init__(self) -> None:
        self.core = Core(Catalog(), RoomSection(), clock="stream")
        self.offset = 0
        self.alerts: list[Alert] = []
        self.put(RecordKind.CONFIG, encode(differences(parse_economy(ECONOMY), self.core.catalog)))

    def put(self, kind: RecordKind, payload: bytes) -> None:
        self.offset += 1
        record = Record(offset=self.offset, kind=kind, received=0, payload=payload, source="both")
        self.alerts += [edge.alert for edge in self.core.apply(record).transitions]

    def day(self, number: int, *values: float) -> None:
        n = len(values)
        t = np.full(n, (19_000 + number) * DAY_US)
        columns = Columns(np.arange(1, n + 1, dtype=np.int32), t, np.array(values), np.full(n, 192, np.uint8))
        self.put(RecordKind.READINGS, encode_columns(columns, historical=False))


def reports_until(seed: int, shift: float, length: int) -> tuple[int, Alert | None]:
    """Give the dressed-up reports until somebody is asked, and that alert."""
    rng = np.random.default_rng(seed)
    feed = Feed()
    for day in range(CLEAN + length):
        received = 500.0 + rng.standard_normal()
        feed.day(day, received + rng.standard_normal() + shift * (day >= CLEAN), received)
        asked = [a for a in feed.alerts if any(f.kind is ChangeKind.CLAIM for f in a.findings)]
        if asked:
            return day - CLEAN + 1, asked[0]
    return length, None


def test_a_supplier_that_claims_a_deviation_too_much_is_asked_at_its_own_unit() -> None:
    runs = [reports_until(seed, 1.0, 60) for seed in range(SEEDS)]
    assert np.median([run for run, _ in runs]) <= 12
    assert sum(alert is not None for _, alert in runs) >= SEEDS - 1
    for _, alert in runs:
        if alert is not None:
            assert (alert.series_id, alert.unit_id, alert.annunciations[0].level) == (1, 4, 0)
            told = [sentence for sentence in alert.explanation if sentence.code == "why.claim"]
            assert told[0].params["partner"] == "industry/works/received"


def test_honest_reports_ask_nobody() -> None:
    assert sum(reports_until(seed, 0.0, 40)[1] is not None for seed in range(100, 110)) <= 3
