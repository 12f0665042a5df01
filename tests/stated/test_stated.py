"""What a unit states it could do, held against what it does: the pure step."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from opsroom.model import ChangeKind, Columns, Finding, Indicator, Orientation, Series
from opsroom.stated import State, StatedBook, dump, kernel, load, memory

S = 1_000_000
HOUR = 3600
DAY = 86_400
MORE, LESS = Orientation.MORE_IS_BETTER, Orientation.LESS_IS_BETTER
BOOK = StatedBook()
LONG = 4 * kernel.LASTS


def series(
    capability: float | None = 100.0, potentiality: float | None = None, better: Orientation = MORE
) -> Series:
    indicator = Indicator(orientation=better, capability=capability, potentiality=potentiality)
    return Series(id=3, root_id=1, unit_id=1, name="output", period_s=float(HOUR), indicator=indicator)


@dataclass
class Unit:
    """A unit with one indicator, which reports every `gap_s`."""

    declared: Series = field(default_factory=series)
    gap_s: int = HOUR
    state: State = field(default_factory=BOOK.blank)
    t: int = 0
    said: list[tuple[str, ChangeKind, int]] = field(default_factory=list)
    found: list[Finding] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.declare(self.declared)

    def declare(self, one: Series) -> None:
        self.state = BOOK.declare(self.state, [one], self.t * S)

    def report(self, values: Sequence[float] | NDArray[np.float64], quality: int = 192) -> list[Finding]:
        n = len(values)
        t = (self.t + self.gap_s * np.arange(1, n + 1)) * S
        self.t += n * self.gap_s
        self.state, found = BOOK.step(
            self.state,
            Columns(
                np.full(n, 3, np.int32),
                t.astype(np.int64),
                np.array(values, float),
                np.full(n, quality, np.uint8),
            ),
        )
        self.found += found
        self.said += [(str(one.verb), one.kind, one.at // S) for one in found]
        return found

    def noisy(self, mean: float, n: int = 200, sd: float = 1.0, seed: int = 1) -> list[Finding]:
        return self.report(mean + sd * np.random.default_rng(seed).standard_normal(n))


def kinds(found: list[Finding]) -> list[tuple[str, ChangeKind]]:
    return [(str(one.verb), one.kind) for one in found]


UP = ("open", ChangeKind.CAPABILITY_UNDERSTATED)
DOWN = ("back", ChangeKind.CAPABILITY_UNDERSTATED)
ERODED = ("open", ChangeKind.LATENCY_EROSION)
RESTORED = ("back", ChangeKind.LATENCY_EROSION)


# Understated.


def test_doing_more_than_was_said_to_be_possible_is_found_after_so_many_readings_and_ends_after_two() -> None:
    unit = Unit()
    assert unit.report([98.0] * 10) == []
    found = unit.report([105.0] * LONG)
    assert kinds(found) == [UP]
    assert found[0].at == (10 + kernel.LASTS) * HOUR * S
    assert found[0].onset == 11 * HOUR * S
    assert found[0].value == pytest.approx(1.05)
    assert found[0].expected == 1.0
    assert found[0].ratios == pytest.approx((1.05,))
    assert unit.report([99.0]) == []
    assert kinds(unit.report([99.0])) == [DOWN]


@given(st.lists(st.floats(0.0, 100.0), min_size=20, max_size=60), st.floats(100.1, 1e6), st.data())
def test_one_noisy_reading_is_nothing(values: list[float], spike: float, data: st.DataObject) -> None:
    values[data.draw(st.integers(0, len(values) - 1))] = spike
    assert Unit().report(values) == []


@settings(max_examples=50)
@given(st.integers(1, kernel.LASTS - 1), st.floats(101.5, 1e4))
def test_fewer_readings_in_a_row_are_nothing_however_high(run: int, high: float) -> None:
    unit = Unit()
    assert unit.report(([high] * run + [100.0]) * 5) == []


def test_quick_readings_must_last_an_hour() -> None:
    unit = Unit(gap_s=1)
    assert unit.report([110.0] * HOUR) == []
    assert kinds(unit.report([110.0])) == [UP]


def test_a_machine_held_at_its_capability_is_left_in_peace() -> None:
    unit = Unit()
    assert unit.report(100.0 + 0.5 * np.abs(np.sin(np.arange(2000.0)))) == []


def test_noise_about_the_capability_is_left_in_peace() -> None:
    """Two hundred years of daily reports at exactly the capability, with a tenth of it as noise."""
    unit = Unit(gap_s=DAY)
    ups = [one for one in unit.noisy(100.0, 73_000, 10.0) if one.verb == "open"]
    assert len(ups) <= 12  # measured: 1 to 5 doubts, where a series of 0.1 a week may err 1,043 times


@settings(max_examples=60)
@given(st.lists(st.floats(0.5, 2.0), min_size=5, max_size=150))
def test_less_is_better_is_the_same_turned_around(indices: list[float]) -> None:
    more, less = Unit(), Unit(series(better=LESS))
    more.report([100.0 * y for y in indices])
    less.report([100.0 / y for y in indices])
    rough = [(one[0], one[1]) for one in more.said]
    assert [(one[0], one[1]) for one in less.said] == rough or _on_edge(indices)


def _on_edge(indices: list[float]) -> bool:
    return any(abs(y - 1.0) < 1e-12 for y in indices)


def test_using_less_than_was_said_to_be_possible_is_understated_and_using_more_is_not() -> None:
    unit = Unit(series(better=LESS))
    assert unit.report([120.0] * LONG) == []
    assert kinds(unit.report([80.0] * LONG)) == [UP]


def test_no_accident_at_all_is_undefined_and_nothing() -> None:
    assert Unit(series(2.0, better=LESS)).report([0.0] * LONG) == []


def test_a_capability_above_its_potentiality_is_understated_whatever_is_done() -> None:
    unit = Unit(series(100.0, 90.0))
    found = unit.report([50.0] * LONG)
    assert kinds(found) == [UP]
    assert found[0].value == pytest.approx(100 / 90)
    unit.declare(series(100.0, 110.0))
    assert kinds(unit.report([50.0] * 2)) == [DOWN]


def test_a_capability_confirmed_ends_it_without_a_word() -> None:
    unit = Unit()
    unit.report([120.0] * LONG)
    assert unit.state.stands(3)
    unit.declare(series(130.0))
    unit.state = BOOK.release(unit.state, 3)
    assert not unit.state.stands(3)
    assert unit.report([120.0] * LONG) == []


def test_bad_and_late_readings_and_series_that_are_no_indicators_say_nothing() -> None:
    unit = Unit()
    assert unit.report([120.0] * LONG, quality=0) == []
    unit.t = 0
    unit.report([100.0])
    unit.t = -LONG * HOUR
    assert unit.report([120.0] * LONG) == []
    plain = Unit(Series(id=3, root_id=1, unit_id=1, name="heat"))
    assert plain.report([120.0] * LONG) == []
    assert not plain.state.stands(3)


# Latency.


def cut(unit: Unit, capability: float, potentiality: float = 100.0) -> None:
    unit.declare(series(capability, potentiality))


def test_more_got_out_of_less_that_could_be_done_is_eroding_latency() -> None:
    unit = Unit(series(80.0, 100.0))
    unit.noisy(60.0)
    cut(unit, 65.0)
    found = unit.noisy(60.0, seed=2)
    assert kinds(found) == [ERODED]
    productivity, latency, productivity_then, latency_then = found[0].ratios
    assert (latency, latency_then) == pytest.approx((0.65, 0.8))
    assert productivity == pytest.approx(60 / 65, abs=0.01)
    assert productivity_then == pytest.approx(60 / 80, abs=0.01)
    assert (found[0].value, found[0].expected) == (latency, latency_then)
    assert found[0].onset == 200 * HOUR * S
    cut(unit, 80.0)
    assert kinds(unit.noisy(60.0, seed=3)) == [RESTORED]


def test_it_ends_too_where_productivity_is_what_it_was() -> None:
    unit = Unit(series(80.0, 100.0))
    unit.noisy(60.0)
    cut(unit, 65.0)
    unit.noisy(60.0, seed=2)
    assert kinds(unit.noisy(48.0, 300, seed=3)) == [RESTORED]


@pytest.mark.parametrize("step", [0.02, 0.03])
def test_small_slices_add_up(step: float) -> None:
    unit = Unit(series(80.0, 100.0))
    capability = 80.0
    for number in range(8):
        unit.noisy(60.0, 60, seed=number)
        capability *= 1.0 - step
        cut(unit, capability)
    unit.noisy(60.0, 60, seed=99)
    assert [one[:2] for one in unit.said] == [ERODED]


def test_a_unit_that_grows_an_honest_correction_and_a_higher_aim_are_left_in_peace() -> None:
    grows = Unit(series(80.0, 100.0))
    grows.noisy(60.0)
    cut(grows, 90.0)  # invested: latency rises, and so does what is done
    grows.noisy(80.0)
    poor = Unit(series(80.0, 100.0))
    poor.noisy(60.0)
    cut(poor, 60.0)  # a machine is gone, and what it made is gone with it
    poor.noisy(45.0)
    aims = Unit(series(80.0, 100.0))
    aims.noisy(60.0)
    cut(aims, 80.0, 150.0)  # more ought to be: latency falls, nothing is got out of it
    aims.noisy(60.0, seed=2)
    assert grows.said == poor.said == aims.said == []


def test_productivity_alone_may_rise_and_a_guessed_potentiality_says_nothing() -> None:
    alone = Unit(series(80.0, 100.0))
    alone.noisy(40.0)
    alone.noisy(75.0)
    guessed = Unit(series(80.0))
    guessed.noisy(60.0)
    guessed.declare(series(65.0))
    guessed.noisy(60.0)
    assert alone.said == guessed.said == []


def test_what_unit_and_parent_confirmed_is_what_later_figures_are_held_against() -> None:
    unit = Unit(series(80.0, 100.0))
    unit.noisy(60.0)
    cut(unit, 65.0)
    unit.state = BOOK.release(unit.state, 3)
    assert unit.noisy(60.0, seed=2) == []
    cut(unit, 50.0)
    assert unit.noisy(49.0, seed=3)[0].ratios[3] == pytest.approx(0.65)


def test_figures_declared_in_a_hurry_do_not_push_out_what_was() -> None:
    unit = Unit(series(80.0, 100.0))
    unit.noisy(60.0)
    for capability in np.linspace(79.0, 65.0, 30):
        cut(unit, capability)
        unit.noisy(60.0, 2)
    assert [one.kind for one in unit.noisy(60.0, seed=2)] == [ChangeKind.LATENCY_EROSION]


def test_what_was_more_than_a_year_ago_is_forgotten() -> None:
    unit = Unit(series(80.0, 100.0), gap_s=DAY)
    unit.noisy(60.0, 100)
    cut(unit, 77.0)
    unit.noisy(60.0, 370)
    cut(unit, 74.0)
    assert unit.noisy(60.0, 60) == []


@pytest.mark.parametrize("better", [MORE, LESS])
@pytest.mark.parametrize("noise", [0.02, 0.1, 0.3])
def test_noise_alone_erodes_nothing(better: Orientation, noise: float) -> None:
    """A hundred units that correct their capability by a tenth while all else stays."""
    doubted = 0
    for seed in range(100):
        rng = np.random.default_rng(seed)
        unit = Unit(series(100.0, 120.0 if better is MORE else 80.0, better))
        index = 0.8 + noise * rng.standard_normal(200)
        unit.report(100.0 * index if better is MORE else 100.0 / np.maximum(index, 0.05))
        unit.declare(series(90.0 if better is MORE else 110.0, 120.0 if better is MORE else 80.0, better))
        index = 0.8 + noise * rng.standard_normal(200)
        act = 90.0 * index if better is MORE else 110.0 / np.maximum(index, 0.05)
        doubted += any(one.kind is ChangeKind.LATENCY_EROSION for one in unit.report(act))
    assert doubted <= 3


# The step.


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(["report", "declare"]), st.floats(60.0, 130.0)), max_size=40),
    st.integers(0, 2**32 - 1),
)
def test_neither_batches_nor_a_restart_change_what_is_found(acts: list[tuple[str, float]], seed: int) -> None:
    rng = np.random.default_rng(seed)
    whole, pieces = Unit(series(100.0, 125.0)), Unit(series(100.0, 125.0))
    for what, value in acts:
        if what == "declare":
            for unit in (whole, pieces):
                unit.declare(series(value, 125.0))
            continue
        values = value + rng.standard_normal(30)
        whole.report(values)
        for part in np.split(values, np.sort(rng.integers(0, 30, 3))):
            pieces.report(part)
            pieces.state = load(dump(pieces.state))
    assert pieces.said == whole.said
    assert dump(pieces.state) == dump(whole.state)


@given(
    st.sampled_from([MORE, LESS]),
    st.floats(1e-3, 1e3),
    st.floats(1e-3, 1e3),
)
def test_latency_is_a_ratio_of_what_was_declared(
    better: Orientation, capability: float, potentiality: float
) -> None:
    indicator = Indicator(orientation=better, capability=capability, potentiality=potentiality)
    latency = memory.declared_latency(indicator)
    assert latency == pytest.approx(
        capability / potentiality if better is MORE else potentiality / capability
    )
    assert math.isnan(memory.declared_latency(Indicator(orientation=better, capability=capability)))


def test_a_state_of_another_layout_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    blob = dump(Unit().state)
    monkeypatch.setattr("opsroom.stated.layout.LAYOUT", 0)
    assert len(load(blob).rows) == len(load(None).rows) == 0


def test_meeting_the_tree_again_alters_nothing_that_was_declared() -> None:
    """At the start the tree is met as it is at the log's end, and what altered it is still to be read."""
    unit = Unit(series(80.0, 100.0))
    unit.noisy(60.0)
    before = dump(unit.state)
    unit.state = BOOK.meet(unit.state, [series(65.0, 100.0)])
    assert dump(unit.state) == before
