"""The pure core: time, teaching, repeated acts and snapshots, record by record."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsroom.catalog import Catalog
from opsroom.core import Core
from opsroom.log.columns import encode_columns
from opsroom.model import Columns, Indicator, Orientation, Series, Unit
from opsroom.records import (
    Acknowledge,
    Entry,
    Record,
    RecordKind,
    SeriesSet,
    SourceEvent,
    UnitSet,
    encode,
)
from opsroom.settings import RoomSection
from opsroom.step import Step

S = 1_000_000
PERIOD_S = 60
BAND = (0.0, 10.0)


def catalog(indicator: Indicator | None = None) -> Catalog:
    tree = Catalog()
    for number, (parent, path) in enumerate([(None, ""), (1, "branch"), (2, "branch/mill")], 1):
        tree.apply(
            UnitSet(
                Unit(
                    id=number,
                    root_id=1,
                    parent_id=parent,
                    path=path,
                    name=path or "all",
                    level_name="",
                    depth=number - 1,
                )
            )
        )
    series = Series(
        id=1, root_id=1, unit_id=3, name="output", period_s=PERIOD_S, band=BAND, indicator=indicator
    )
    tree.apply(SeriesSet(series))
    return tree


class Feed:
    """Gives a core records as a log would."""

    def __init__(self, clock: str = "stream") -> None:
        self.core = Core(catalog(), RoomSection(), clock="stream" if clock == "stream" else "wall")
        self.core.configure(list(self.core.catalog.series.values()))
        self.offset = 0
        self.edges: list[tuple[str, int, int]] = []

    def record(self, kind: RecordKind, payload: bytes, received: int = 0) -> Step:
        self.offset += 1
        entry = Entry(kind=kind, received=received, payload=payload, source="mill")
        step = self.core.apply(
            Record(
                offset=self.offset,
                kind=entry.kind,
                received=entry.received,
                payload=entry.payload,
                source=entry.source,
            )
        )
        self.edges += [(edge.verb, edge.at // S, edge.alert.level) for edge in step.transitions]
        return step

    def read(self, *readings: tuple[int, float], historical: bool = False, received: int = 0) -> Step:
        t, v = zip(*readings, strict=True)
        n = len(t)
        columns = Columns(
            np.ones(n, np.int32), np.array(t, np.int64) * S, np.array(v, float), np.full(n, 192, np.uint8)
        )
        return self.record(RecordKind.READINGS, encode_columns(columns, historical), received)


def outage(feed: Feed, cuts: set[int]) -> None:
    """An hour within the band, then half an hour outside, cut into batches at `cuts`."""
    readings = [(60 * n, 5.0 if n < 60 else 50.0) for n in range(90)]
    start = 0
    for end in [*sorted(cut for cut in cuts if 0 < cut < len(readings)), len(readings)]:
        feed.read(*readings[start:end])
        start = end


def test_an_alert_climbs_at_its_own_deadlines_inside_one_batch() -> None:
    feed = Feed()
    outage(feed, set())
    # The limit speaks at the second reading outside; three periods a level, three levels.
    raised = 61 * 60
    climbs = [(verb, at, level) for verb, at, level in feed.edges if verb in {"raised", "climbed"}]
    assert climbs == [("raised", raised, 0), ("climbed", raised + 180, 1), ("climbed", raised + 360, 2)]


@settings(max_examples=25, deadline=None)
@given(st.sets(st.integers(1, 89), max_size=12))
def test_how_the_stream_is_cut_into_batches_changes_nothing(cuts: set[int]) -> None:
    whole, pieces = Feed(), Feed()
    outage(whole, set())
    outage(pieces, cuts)
    assert pieces.edges == whole.edges
    assert pieces.core.now == whole.core.now


@settings(max_examples=10, deadline=None)
@given(st.integers(1, 89))
def test_a_snapshot_goes_on_where_the_core_was(place: int) -> None:
    whole, first = Feed(), Feed()
    outage(whole, {place})
    readings = [(60 * n, 5.0 if n < 60 else 50.0) for n in range(90)]
    first.read(*readings[:place])
    second = Feed()
    assert second.core.restore(first.core.snapshot())
    second.offset = first.offset
    second.read(*readings[place:])
    assert first.edges + second.edges == whole.edges


def test_the_past_teaches_and_raises_nothing() -> None:
    feed = Feed()
    feed.read(*[(60 * n, 50.0 if n % 7 == 0 else 5.0) for n in range(600)], historical=True)
    assert feed.edges == []
    assert feed.core.engine.open_series(feed.core.detectors) == []
    assert feed.core.engine.next_due(feed.core.detectors) is None, "nobody is silent for the past"


def test_once_a_series_speaks_live_the_past_teaches_it_no_more() -> None:
    feed, other = Feed(), Feed()
    for one in (feed, other):
        one.read((60_000, 5.0))
    feed.read((60, 1e6), historical=True)
    taught = [one.core.detectors.rows["tail"]["n"].tolist() for one in (feed, other)]
    assert taught[0] == taught[1]


def test_an_act_with_a_key_seen_before_changes_nothing() -> None:
    feed = Feed("wall")
    feed.read((0, 5.0), received=S)
    feed.read((60, 50.0), (120, 50.0), received=2 * S)
    alert = next(iter(feed.core.book.open.values()))
    act = encode(Acknowledge(alert_id=alert.id, person="operator-1", seat_id=1, unit_id=3, key="k"))
    first = feed.record(RecordKind.ACT, act, received=3 * S)
    again = feed.record(RecordKind.ACT, act, received=4 * S)
    assert [edge.verb for edge in first.transitions] == ["acknowledged"]
    assert again.transitions == []
    assert again.refused is None


def test_a_second_acknowledgement_is_refused_and_names_the_first() -> None:
    feed = Feed("wall")
    feed.read((0, 5.0), received=S)
    feed.read((60, 50.0), (120, 50.0), received=2 * S)
    alert = next(iter(feed.core.book.open.values()))
    acts = [
        Acknowledge(alert_id=alert.id, person=person, seat_id=1, unit_id=3, key=person)
        for person in ("operator-1", "operator-2")
    ]
    first, step = (feed.record(RecordKind.ACT, encode(act), received=3 * S) for act in acts)
    assert first.refused is None
    assert step.refused is not None
    assert step.refused.code == "conflict" or "acknowledged" in step.refused.code
    assert "operator-1" in str(step.refused.params.values())


def test_a_silent_series_is_missed_exactly_two_periods_and_five_seconds_later() -> None:
    feed = Feed("wall")
    feed.read((0, 5.0), received=S)
    feed.record(RecordKind.TICK, b"", received=400 * S)
    assert feed.edges[0] == ("raised", 1 + 2 * PERIOD_S + 5, 0)


def test_bye_lets_the_stream_go_to_its_end() -> None:
    feed = Feed()
    feed.record(RecordKind.SOURCE, encode(SourceEvent(event="opened", lateness_s=3600)))
    feed.read((0, 5.0), (60, 5.0))
    assert feed.core.now == 0
    feed.record(RecordKind.SOURCE, encode(SourceEvent(event="bye")))
    assert feed.core.now == 60 * S


@pytest.mark.parametrize("orientation", [Orientation.MORE_IS_BETTER, Orientation.LESS_IS_BETTER])
def test_an_indicators_band_is_shown_in_the_units_of_its_readings(orientation: Orientation) -> None:
    core = Core(catalog(Indicator(orientation=orientation, capability=10.0)), RoomSection(), clock="stream")
    core.configure(list(core.catalog.series.values()))
    noise = np.random.default_rng(1).normal(8.0, 0.2, 3000)
    n = len(noise)
    core.learn(Columns(np.ones(n, np.int32), np.arange(n) * 60 * S, noise, np.full(n, 192, np.uint8)))
    low, high = core.bands([1])
    assert low[0] < 8.0 < high[0]
    assert low[0] > 7.0
    assert high[0] < 9.0
