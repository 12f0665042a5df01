"""Faults put into series, what is counted as found, and the page of figures."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsroom.bench import calibration, figures, lines, recorded
from opsroom.bench.faults import AFTER, CASES, Case, Track, applies, horizon, inject, simulated, track
from opsroom.bench.injection import Field, Heard, judge, measure
from opsroom.bench.streams import DAY_S, JUDGED_SEEDS, MIXED, START_US, TUNING_SEEDS, gappy, matrix, mixed
from opsroom.model import MICROS_PER_S, ChangeKind

PERIOD_US = 600 * MICROS_PER_S
AT = 14 * 144


def plain(level: float = 50.0, number: int = 0) -> Track:
    t = START_US + PERIOD_US * np.arange(AT + AFTER, dtype=np.int64)
    v = level + np.random.default_rng(1).normal(size=len(t))
    got = track("plain", t, v, AT, number)
    assert got is not None
    return got


def daily() -> Track:
    t = START_US + PERIOD_US * np.arange(AT + AFTER, dtype=np.int64)
    v = 5.0 * np.sin(2 * np.pi * np.arange(len(t)) / 144) + 0.1 * np.random.default_rng(2).normal(size=len(t))
    got = track("daily", t, v, AT, 0)
    assert got is not None
    return got


def test_no_seed_is_both_tuned_on_and_judged_on() -> None:
    assert not set(TUNING_SEEDS) & set(JUDGED_SEEDS)


def test_the_mixed_set_follows_its_seed() -> None:
    kinds, values = mixed(1, 140, 3)
    assert kinds[: len(MIXED)] == list(MIXED)
    assert values.shape == (432, 140)
    assert np.array_equal(values, mixed(1, 140, 3)[1], equal_nan=True)
    there = np.isfinite(values) & np.isfinite(mixed(2, 140, 3)[1])
    assert not np.array_equal(values[there], mixed(2, 140, 3)[1][there])


def test_the_mixed_set_loses_what_it_says() -> None:
    lost = np.isnan(mixed(3, 280, 30)[1]).mean(axis=0)
    how = gappy(280)
    assert [int((how == k).sum()) for k in (1, 2)] == [28, 28]
    assert lost[how == 0].max() == 0.0
    assert 0.02 <= lost[how == 1].mean() <= 0.1
    assert lost[how == 2].mean() == pytest.approx(0.5, abs=0.01)


def test_a_matrix_leaves_out_what_is_missing() -> None:
    got = matrix(np.array([[1.0, np.nan], [2.0, 3.0]]), 600.0)
    assert got.series.tolist() == [1, 1, 2]
    assert (got.t - START_US).tolist() == [0, PERIOD_US, PERIOD_US]


def test_faults_have_the_size_they_state() -> None:
    one = plain()
    before = one.v[AT:]
    step = inject(Case("step", "", 6.0, 144), one) - before
    assert step == pytest.approx(6.0 * one.deviation)
    spike = inject(Case("spike", "", 6.0, 3), one) - before
    assert spike[0] == pytest.approx(6.0 * one.deviation)
    assert not spike[1:].any()
    slope = inject(Case("slope", "", 0.5, 144), one) - before
    assert np.diff(slope) == pytest.approx(0.5 * one.deviation)
    frozen = inject(Case("freeze", "", 36, 36), one)
    assert set(frozen[:36].tolist()) == {one.v[AT - 1]}
    assert np.array_equal(frozen[36:], before[36:])


def test_a_season_is_broken_for_a_day_and_only_where_there_is_one() -> None:
    one = daily()
    late, missing = (case for case in CASES if case.fault == "season")
    assert applies(late, one)
    assert not applies(late, plain())
    assert horizon(late, one) == 144
    shifted = inject(late, one)
    assert np.array_equal(shifted[:144], one.v[AT - 36 : AT + 108])
    assert np.array_equal(shifted[144:], one.v[AT + 144 :])
    assert np.abs(inject(missing, one)[:144] + 5.0).max() < 1.0


def test_faults_go_up_where_down_would_be_below_nothing() -> None:
    assert not plain(50.0, number=1).up
    assert plain(5.0, number=1).up
    assert track("constant", plain().t, np.full(AT + AFTER, 2.0), AT, 0) is None


@given(st.lists(st.tuples(st.integers(0, 200), st.integers(0, 60)), max_size=4))
def test_stretches_are_what_is_outside_the_windows(windows: list[tuple[int, int]]) -> None:
    t = START_US + 3600 * MICROS_PER_S * np.arange(200, dtype=np.int64)
    ends = [
        (int(t[0]) + a * 3600 * MICROS_PER_S, int(t[0]) + (a + n) * 3600 * MICROS_PER_S) for a, n in windows
    ]
    inside = [k for a, b in recorded.stretches(t, ends) for k in range(a, b)]
    clear = [
        k
        for k, at in enumerate(t.tolist())
        if all(at < a - recorded.MARGIN_US or at > b + recorded.MARGIN_US for a, b in ends)
    ]
    assert inside == clear


def test_tracks_keep_their_past_outside_the_windows() -> None:
    t = START_US + PERIOD_US * np.arange(4000, dtype=np.int64)
    v = np.random.default_rng(5).normal(size=4000)
    got = recorded.tracks("x", t, v, [(int(t[2000]), int(t[2100]))])
    assert len(got) == 2 * recorded.POINTS
    for one in got:
        assert one.at >= recorded.PAST_LEAST
        assert len(one.t) - one.at >= recorded.LEFT_LEAST
        assert not ((one.t >= t[2000]) & (one.t <= t[2100])).any()


STEP = Case("step", "6 sd", 6.0, 10, ChangeKind.STEP)
QUIET = Heard([], [], [], None)


@pytest.mark.parametrize(
    ("heard", "control", "expected"),
    [
        (QUIET, QUIET, (False, False, None, False, False)),
        (Heard([3], ["tail"], [(4, ChangeKind.STEP)], None), QUIET, (True, False, 3, False, True)),
        (Heard([0], ["tail"], [(2, ChangeKind.STEP)], ChangeKind.STEP), QUIET, (True, False, 0, True, True)),
        (Heard([0], ["tail"], [(3, ChangeKind.STEP)], None), QUIET, (True, False, 0, False, False)),
        (
            Heard([0], ["tail"], [(1, ChangeKind.TRANSIENT), (2, ChangeKind.STEP)], None),
            QUIET,
            (True, False, 0, True, True),
        ),
        (Heard([10], ["tail"], [], None), QUIET, (False, False, None, False, False)),
        (Heard([3], ["tail"], [], None), Heard([3], ["tail"], [], None), (True, True, None, False, False)),
    ],
)
def test_what_counts_as_found_and_as_named(
    heard: Heard, control: Heard, expected: tuple[object, ...]
) -> None:
    score = judge(STEP, plain(), heard, control)
    got = (score.found, score.control, score.delay, score.named_soon, score.named_of_alert)
    assert got == expected


@pytest.fixture(scope="module")
def field() -> Field:
    return Field(simulated(TUNING_SEEDS[0], 2))


def test_without_a_fault_nothing_but_chance_is_found(field: Field) -> None:
    again = field.play([one.v[one.at :] for one in field.tracks], range(len(field.tracks)))
    assert again == field.control
    nothing = measure(field, Case("step", "0 sd", 0.0, 144, ChangeKind.STEP))
    assert nothing["recall"] == 0.0
    assert nothing["found"] == nothing["control"]


def test_a_great_step_is_found_nearly_everywhere(field: Field) -> None:
    got = measure(field, Case("step", "20 sd", 20.0, 144, ChangeKind.STEP))
    assert got["series"] == int(field.begun.sum())
    assert got["recall"] >= 0.9
    assert sum(kind["series"] for kind in got["kinds"].values()) == got["series"]


def test_the_figures_of_a_calibration_are_those_of_its_run() -> None:
    got = calibration.Run(
        openings=np.array([2, 0]),
        uncalibrated=np.array([0, 1]),
        readings=np.array([4000, 4000]),
        waiting=np.array([100, 4000]),
        still=np.array([False, False]),
        scored=np.array([3900, 0]),
        by_detector=Counter(),
        open_share=0.0,
    )
    row = calibration.figures(np.array([True, True]), got, 4.0, 0.1)
    assert row["per_series_week"] == 0.25
    assert row["times_budget"] == 2.5
    assert row["scored_share"] == pytest.approx(0.4875)
    assert (row["warm_up_median"], row["never_scored"], row["uncalibrated_alerts"]) == (100, 1, 1)
    assert (row["stood_still"], row["stood_still_most"]) == (0, None)


def test_a_run_counts_every_reading_once() -> None:
    _, values = mixed(TUNING_SEEDS[1], 28, 6)
    quiet = calibration.run(values, 0.0)
    assert not quiet.openings.any()
    assert (quiet.scored + quiet.waiting).tolist() == quiet.readings.tolist()
    got = calibration.run(values, 1.0)
    under_alerts = got.readings - got.scored - got.waiting
    assert (under_alerts[got.openings == 0] == 0).all()
    assert under_alerts.sum() >= got.openings.sum() > 0  # each needs readings inside to end
    assert got.readings.sum() == np.isfinite(values).sum()
    assert got.openings.sum() + got.uncalibrated.sum() == sum(got.by_detector.values())
    assert len(values) == 6 * DAY_S / 600


def test_a_line_is_fitted_to_how_often_evidence_comes() -> None:
    share = 10.0 ** (-0.7 - 0.5 * lines.EVIDENCE)
    counts = np.round(10_000_000 * share).astype(np.int64)
    assert lines.line(counts, 10_000_000) == pytest.approx((-0.7, 0.5), abs=0.02)


def test_evidence_comes_less_often_the_greater_it_is() -> None:
    _, values = mixed(TUNING_SEEDS[1], 14, 5)
    counts, scored = lines.moments(values, discord=False)
    assert scored <= np.isfinite(values).sum() - 14 * 150
    assert counts.max() > 0
    assert (counts[lines.EVIDENCE >= 8.0] <= counts[lines.EVIDENCE == 4.0]).all()


def test_a_section_of_the_page_is_replaced_and_the_rest_stays() -> None:
    page = figures.renew("", "## A\n\none")
    page = figures.renew(page, "## B\n\ntwo")
    page = figures.renew(page, "## A\n\nthree\n\n### deeper")
    assert page.startswith("# ")
    assert page.count("\n## A\n") == page.count("\n## B\n") == 1
    assert "one" not in page.split("## A")[1]
    assert page.index("three") < page.index("deeper") < page.index("two")
    assert figures.renew(page, "## B\n\ntwo") == page
