"""What holds for the engine whatever it is fed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsroom.detect import Engine, SeriesSpec
from opsroom.model import Columns, Finding, Indicator, Orientation
from tests.detect.streams import START_US, autoregressive, clean, columns, feed, matrix, opens, run

SPECS = [SeriesSpec(id=i + 1, unit_id=1, siblings="park" if i < 4 else None) for i in range(6)]


def faulty() -> Columns:
    """Give six series, four of one kind that share a common course, with a gap, a spike, an outage and a
    step."""
    rng = np.random.default_rng(11)
    values = autoregressive(rng, (900, 6), 0.8)
    values[:, :4] += 3.0 * autoregressive(rng, (900, 1), 0.98) + 30.0
    values[600:760, 1] = 0.0
    values[500, 2] = 90.0
    values[300:340, 3] = np.nan
    values[700:, 5] += 40.0
    return matrix(values, 600.0)


STREAM = faulty()


def whole() -> list[Finding]:
    engine = Engine()
    return feed(engine, engine.configure(engine.blank(), SPECS), STREAM, [])[1]


WHOLE = whole()


def test_the_faults_of_the_stream_are_found() -> None:
    assert {f.series_id for f in opens(WHOLE)} >= {2, 6}
    assert {f.verb.value for f in WHOLE} >= {"open", "name", "back"}


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(0, len(STREAM)), max_size=40))
def test_cutting_into_batches_changes_nothing(edges: list[int]) -> None:
    engine = Engine()
    _, found = feed(engine, engine.configure(engine.blank(), SPECS), STREAM, sorted(edges))
    assert found == WHOLE


@settings(max_examples=8, deadline=None)
@given(st.permutations(range(6)))
def test_order_of_series_within_an_instant_changes_nothing(order: list[int]) -> None:
    rank = np.array(order)[STREAM.series - 1]
    shuffled = STREAM.take(np.lexsort((rank, STREAM.t)))
    engine = Engine()
    _, found = feed(engine, engine.configure(engine.blank(), SPECS[::-1]), shuffled, [])
    key = lambda f: (f.at, f.series_id, f.verb, f.detector)  # noqa: E731 - a sort key
    assert sorted(found, key=key) == sorted(WHOLE, key=key)


def test_a_series_alone_says_the_same_as_in_company() -> None:
    engine = Engine()
    alone = STREAM.take(STREAM.series == 6)
    _, found = feed(engine, engine.configure(engine.blank(), SPECS[5:]), alone, [])
    assert found == [f for f in WHOLE if f.series_id == 6]


@pytest.mark.parametrize("cut", [1, 701, 3000, 4100])
def test_snapshot_and_restore_equal_an_uninterrupted_run(cut: int) -> None:
    engine = Engine()
    state, before = feed(engine, engine.configure(engine.blank(), SPECS), STREAM.take(np.arange(cut)), [])
    again = engine.restore(engine.snapshot(state))
    assert again is not None
    _, after = feed(engine, again, STREAM.take(np.arange(cut, len(STREAM))), [])
    assert before + after == WHOLE


def test_a_snapshot_of_another_version_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine()
    blob = engine.snapshot(engine.configure(engine.blank(), SPECS))
    monkeypatch.setattr("opsroom.detect.state.STATE_VERSION", -1)
    assert engine.restore(blob) is None


def test_a_snapshot_that_is_held_stays_as_it_was_when_the_next_is_made() -> None:
    """The next one takes the memory of the last only where nobody holds that any more."""
    engine = Engine()
    cut = len(STREAM) // 2
    state, _ = feed(engine, engine.configure(engine.blank(), SPECS), STREAM.take(np.arange(cut)), [])
    first = engine.freeze(state)
    then = b"".join(first())
    feed(engine, state, STREAM.take(np.arange(cut, len(STREAM))), [])
    second = engine.freeze(state)
    assert b"".join(first()) == then
    assert b"".join(second()) != then
    room = {name: spare.ctypes.data for name, spare in state.spare.items()}
    del first, second
    engine.snapshot(state)
    engine.snapshot(state)
    assert {name: spare.ctypes.data for name, spare in state.spare.items()} == room


def test_a_snapshot_stays_within_what_is_promised() -> None:
    engine = Engine(discord_series=3)
    specs = [SeriesSpec(id=i, unit_id=1) for i in range(1, 201)]
    size = len(engine.snapshot(engine.configure(engine.blank(), specs)))
    assert size <= 200 * (3_072 + 256) + 3 * 25_000  # the specification itself has its part


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_is_passed_over(value: float) -> None:
    odd = STREAM.v.copy()
    where = np.flatnonzero(STREAM.series == 5)[5::7]
    odd[where] = value
    engine = Engine()
    state, found = feed(engine, engine.configure(engine.blank(), SPECS), dataclasses_replace(STREAM, odd), [])
    for f in found:
        assert all(x is None or np.isfinite(x) for x in (f.value, f.expected, f.low, f.high, f.p))
    expected, low, high = engine.bands(state, [1, 2, 3, 4, 5, 6])
    assert np.isfinite([expected, low, high]).all()


def dataclasses_replace(stream: Columns, v: np.ndarray) -> Columns:
    return Columns(stream.series, stream.t, v, stream.q)


def test_bad_quality_is_not_scored() -> None:
    bad = STREAM.q.copy()
    bad[STREAM.series == 6] = 0
    engine = Engine()
    stream = Columns(STREAM.series, STREAM.t, STREAM.v, bad)
    _, found = feed(engine, engine.configure(engine.blank(), SPECS), stream, [])
    assert not [f for f in found if f.series_id == 6]


def test_readings_of_unknown_series_are_passed_over() -> None:
    engine = Engine()
    _, found = feed(engine, engine.blank(), STREAM, [])
    assert found == []


def one(t: int) -> Columns:
    return columns(np.array([1]), np.array([t]), np.array([1.0]))


def test_asking_for_scores_changes_nothing_and_gives_them_in_the_order_of_the_readings() -> None:
    engine = Engine()
    order = np.lexsort((STREAM.t, STREAM.series))
    state, found, by_series = engine.scores(
        engine.configure(engine.blank(), SPECS), int(STREAM.t[-1]), STREAM.take(order)
    )
    _, again, by_time = engine.scores(engine.configure(engine.blank(), SPECS), int(STREAM.t[-1]), STREAM)
    assert found == again == WHOLE
    assert by_series.tobytes() == by_time[order].tobytes()
    assert np.isfinite(by_time).all()
    assert (by_time[STREAM.t == STREAM.t[0]] == 0.0).all()
    assert state.count == len(SPECS)


# -- silence -----------------------------------------------------------------------------------------


def test_silence_is_found_at_its_exact_instant_and_ends_with_two_readings() -> None:
    engine, period = Engine(), 60_000_000
    state = engine.configure(
        engine.blank(), [SeriesSpec(id=1, unit_id=1, period_us=period), SeriesSpec(id=2, unit_id=1)]
    )
    assert engine.next_due(state) is None  # never before the first reading
    state, _ = engine.step(state, START_US, one(START_US - 30_000_000))
    due = START_US + 2 * period + 5_000_000
    assert engine.next_due(state) == engine.next_due(state, due) == due
    assert engine.next_due(state, due - 1) is None
    assert engine.step(state, due - 1, Columns.empty())[1] == []
    state, found = engine.step(state, due, Columns.empty())
    assert [(f.verb, f.kind, f.at, f.onset) for f in found] == [
        ("open", "missing_report", due, START_US + period)
    ]
    assert engine.next_due(state) is None
    assert engine.step(state, due + 10 * period, Columns.empty())[1] == []
    state, found = engine.step(state, due + 11 * period, one(due + 11 * period))
    assert found == []
    state, found = engine.step(state, due + 12 * period, one(due + 12 * period))
    assert [(f.verb, f.kind) for f in found] == [("back", "missing_report")]


def test_silence_counts_from_the_start_of_the_room() -> None:
    engine, period = Engine(), 60_000_000
    state = engine.configure(engine.blank(), [SeriesSpec(id=1, unit_id=1, period_us=period)])
    state, _ = engine.step(state, START_US, columns(np.array([1]), np.array([START_US]), np.array([1.0])))
    state = engine.touch(state, START_US + 100 * period)
    assert engine.next_due(state) == START_US + 102 * period + 5_000_000


# -- limit and indicator -----------------------------------------------------------------------------


def test_two_readings_outside_the_declared_band_open_and_two_inside_end() -> None:
    values = np.array([5.0, 11.0, 5.0, 11.0, 12.0, 11.0, 9.0, 11.0, 9.0, 9.0, 9.0])[:, None]
    found = run(values, 60.0, band=(0.0, 10.0))
    at = [(f.verb.value, (f.at - START_US) // 60_000_000) for f in found]
    assert at == [("open", 4), ("back", 9)]
    assert (found[0].kind, found[0].low, found[0].high, found[0].direction) == ("limit", 0.0, 10.0, 1)


def test_an_open_end_is_never_passed() -> None:
    values = np.array([5.0, 1e9, 1e9, -1.0, -1.0])[:, None]
    assert [f.at for f in opens(run(values, 60.0, band=(0.0, None)))] == [START_US + 240_000_000]


def test_an_indicator_is_scored_on_its_index() -> None:
    rng = np.random.default_rng(5)
    values = 50.0 + rng.normal(size=(600, 1))
    values[500:] = 20.0 + rng.normal(size=(100, 1))
    values[100::50] = 0.0  # a productivity of CAP / 0 is undefined, and no alert
    less = Indicator(orientation=Orientation.LESS_IS_BETTER, capability=40.0)
    found = opens(run(values, 600.0, indicator=less))
    assert len(found) == 1
    assert found[0].direction == 1  # less used: productivity rose
    assert found[0].value == pytest.approx(2.0, abs=0.3)


def test_reports_that_become_too_smooth_are_found_and_may_be_taken_as_usual() -> None:
    values = 50.0 + np.random.default_rng(8).normal(size=(3000, 1))
    values[2000:] = 50.0 + (values[2000:] - 50.0) * 0.3
    aim = Indicator(orientation=Orientation.MORE_IS_BETTER, capability=60.0)
    engine, stream = Engine(), matrix(values, 600.0)
    state = engine.configure(engine.blank(), [SeriesSpec(id=1, unit_id=1, indicator=aim)])
    state, found = feed(engine, state, stream.take(np.arange(2400)), [])
    smooth = [f for f in found if f.detector == "smooth"]
    assert [(f.verb, f.kind) for f in smooth] == [("open", "smoothed")]
    assert smooth[0].onset is not None
    assert smooth[0].onset >= START_US + 1850 * 600_000_000
    assert smooth[0].value == pytest.approx(0.3, abs=0.15)
    state = engine.release(state, 1)
    state, found = feed(engine, state, stream.take(np.arange(2400, 3000)), [])
    assert not [f for f in found if f.detector == "smooth"]


# -- while an alert is open --------------------------------------------------------------------------


def test_an_outage_never_becomes_normal_by_lasting() -> None:
    values = 100.0 + clean("ar9", (144 * 40, 1), 600.0, 3)
    values[144 * 10 : 144 * 35] = 0.0
    found = run(values, 600.0)
    day = [(f.verb.value, (f.at - START_US) / 86_400e6) for f in found if f.verb in ("open", "back")]
    assert [verb for verb, _ in day] == ["open", "back"]
    assert 10.0 <= day[0][1] < 10.1
    assert 35.0 <= day[1][1] < 35.1


def test_a_released_series_takes_its_present_value_as_normal() -> None:
    values = 100.0 + clean("white", (2000, 1), 600.0, 3)
    values[1500:] = 50.0 + clean("white", (500, 1), 600.0, 4)
    engine, stream = Engine(), matrix(values, 600.0)
    state, found = feed(
        engine,
        engine.configure(engine.blank(), [SeriesSpec(id=1, unit_id=1)]),
        stream.take(np.arange(1600)),
        [],
    )
    assert len(opens(found)) == 1
    assert engine.open_series(state) == [1]
    state = engine.release(state, 1)
    state, found = feed(engine, state, stream.take(np.arange(1600, 2000)), [])
    assert found == []
    assert engine.bands(state, [1])[0] == pytest.approx(50.0, abs=1.5)


def test_adding_a_series_keeps_what_the_others_know() -> None:
    engine = Engine()
    state, first = feed(engine, engine.configure(engine.blank(), SPECS), STREAM.take(np.arange(3000)), [])
    state = engine.configure(state, [SeriesSpec(id=99, unit_id=9)])
    _, rest = feed(engine, state, STREAM.take(np.arange(3000, len(STREAM))), [])
    assert first + rest == WHOLE


def test_a_finding_explains_itself() -> None:
    for f in opens(WHOLE):
        assert f.value is not None
        assert f.low is not None
        assert f.high is not None
        assert not f.low <= f.value <= f.high
        assert f.rate_per_week is not None
        assert f.rate_per_week <= 0.1
        assert f.onset is not None
        assert f.onset <= f.at
        assert f.direction == (1 if f.value > f.high else -1)
    apart = [f for f in opens(WHOLE) if f.detector == "siblings"]
    assert all(f.contributors[0][0] == f.series_id for f in apart)
