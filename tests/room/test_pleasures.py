"""Good news: a lasting improvement of an indicator is told to its own unit, and climbs nowhere."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsroom.core import Core
from opsroom.model import ChangeKind, Indicator, Orientation
from opsroom.pleasure import Pleasure
from opsroom.pleasure_book import DAY_US, PleasureBook
from opsroom.records import Offer, RecordKind, encode
from opsroom.settings import RoomSection
from opsroom.step import Step
from tests.room.test_core import Feed, S, catalog

USUAL, LEARNT = 6.0, 1_500
BETTER = {Orientation.MORE_IS_BETTER: 1.0, Orientation.LESS_IS_BETTER: -1.0}
CAPABILITY = {Orientation.MORE_IS_BETTER: 12.0, Orientation.LESS_IS_BETTER: 3.0}
ways = pytest.mark.parametrize("orientation", list(Orientation))


class Mill(Feed):
    """One unit with one indicator that reports every minute."""

    def __init__(self, orientation: Orientation | None) -> None:
        super().__init__()
        indicator = (
            None
            if orientation is None
            else Indicator(orientation=orientation, capability=CAPABILITY[orientation])
        )
        self.core = Core(catalog(indicator), RoomSection(), clock="stream")
        self.core.configure(list(self.core.catalog.series.values()))
        self.told: list[Pleasure] = []

    def record(self, kind: RecordKind, payload: bytes, received: int = 0) -> Step:
        step = super().record(kind, payload, received)
        self.told += step.pleasures
        return step

    def run(self, values: list[float], cut: int = 7, begin: int = 0) -> None:
        readings = [(60 * n, value) for n, value in enumerate(values)]
        for start in range(begin, len(readings), cut):
            self.read(*readings[start : start + cut])


def course(
    way: float, size: float, *, seed: int = 1, days_after: float = 0.1, slope: bool = False
) -> list[float]:
    """Give usual readings, then `size` more or less of them, at once or within an hour."""
    noise = np.random.default_rng(seed)
    after = round(days_after * 1_440)
    usual = USUAL + 0.1 * noise.standard_normal(LEARNT + after)
    rise = np.minimum(np.arange(after) / 60, 1.0) if slope else np.ones(after)
    usual[LEARNT:] += way * size * rise
    return [float(value) for value in usual]


@ways
def test_a_lasting_improvement_is_good_news_and_no_alert(orientation: Orientation) -> None:
    mill = Mill(orientation)
    way = BETTER[orientation]
    mill.run(course(way, 1.5))
    (news,) = mill.told
    assert mill.edges == []
    assert (news.unit_id, news.series_id, news.kind) == (3, 1, ChangeKind.STEP)
    assert news.p >= 0.5
    assert way * (news.after - news.before) == pytest.approx(1.5, abs=0.5)
    assert abs(news.onset - LEARNT * 60 * S) <= 3 * 60 * S
    assert news.explanation[0].code == "why.better"


@ways
def test_a_slope_upwards_is_good_news_too(orientation: Orientation) -> None:
    mill = Mill(orientation)
    mill.run(course(BETTER[orientation], 2.5, slope=True))
    assert mill.edges == []
    assert [one.unit_id for one in mill.told] == [3]
    assert mill.told[0].kind in {ChangeKind.STEP, ChangeKind.SLOPE}


@ways
def test_what_gets_worse_raises_an_alert_and_is_no_good_news(orientation: Orientation) -> None:
    mill = Mill(orientation)
    mill.run(course(-BETTER[orientation], 1.5))
    assert next(verb for verb, _, level in mill.edges if level == 0) == "raised"
    assert mill.told == []


def test_a_series_that_is_no_indicator_has_no_good_news() -> None:
    mill = Mill(None)
    mill.run(course(1.0, 1.5))
    assert mill.told == []
    assert mill.edges


@ways
def test_one_better_reading_alone_is_no_good_news(orientation: Orientation) -> None:
    mill, values = Mill(orientation), course(1.0, 0.0)
    values[LEARNT] += 2.0 * BETTER[orientation]
    mill.run(values)
    assert mill.told == []


@settings(max_examples=6, deadline=None)
@given(st.integers(0, 210), st.integers(1, 3), st.sampled_from(list(Orientation)))
def test_a_replay_from_any_snapshot_tells_the_same(cut: int, seed: int, orientation: Orientation) -> None:
    values = course(BETTER[orientation], 1.5, seed=seed, days_after=0.05)
    whole, first, second = Mill(orientation), Mill(orientation), Mill(orientation)
    whole.run(values)
    first.run(values[: 7 * cut])
    assert second.core.restore(first.core.snapshot())
    second.offset = first.offset
    second.run(values, begin=7 * cut)
    assert [*first.told, *second.told] == whole.told
    assert second.core.pleasures.rows == whole.core.pleasures.rows


def test_it_is_told_once_a_day_and_may_be_offered_once() -> None:
    mill = Mill(Orientation.MORE_IS_BETTER)
    mill.run(course(1.0, 1.5))
    (news,) = mill.told

    def offer(key: str, unit_id: int = 3, pleasure_id: str = news.id) -> Step:
        act = Offer(pleasure_id=pleasure_id, person="ana", seat_id=5, unit_id=unit_id, key=key)
        return mill.record(RecordKind.ACT, encode(act))

    refusals = [offer("a", unit_id=2), offer("b", pleasure_id="g0-1")]
    assert [step.refused.code for step in refusals if step.refused] == [
        "pleasure_refused",
        "pleasure_unknown",
    ]
    (offered,) = offer("c").pleasures
    assert (offered.offered_by, offered.offered_to, offered.id) == ("ana", 2, news.id)
    again = offer("d")
    assert again.refused is not None
    assert again.refused.code == "pleasure_offered"
    assert mill.edges == []
    loaded = PleasureBook.load(mill.core.pleasures.dump())
    assert loaded.rows == {news.id: offered}
    assert PleasureBook.load(None).rows == {}
    assert all(abs(a.at - b.at) >= DAY_US for a, b in zip(mill.told, mill.told[2:], strict=False))
