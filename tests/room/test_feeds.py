"""The book of sources: rates, lateness, clocks, refusals and what is wrong with whom, worst first."""

from __future__ import annotations

import doctest

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import opsroom.feeds
from opsroom.feeds import FAULTS, Feed, FeedBook, Held
from opsroom.model import Columns

S = 1_000_000
T0 = 1_700_000_000 * S
MILL, NODE = "7:mill", 7


def readings(t: list[int], series: int = 3) -> Columns:
    n = len(t)
    return Columns(np.full(n, series, np.int32), np.array(t), np.ones(n), np.full(n, 192, np.uint8))


def connected(book: FeedBook | None = None, **more: float) -> tuple[FeedBook, Feed]:
    book = book or FeedBook()
    book.opened(MILL, NODE, "websocket", T0, name="mill", lateness_s=more.get("lateness_s", 0.0))
    return book, book.feeds[MILL]


def feed_each_second(book: FeedBook, n: int, per_s: int = 1, off_s: float = 0.0) -> int:
    now = T0
    for second in range(n):
        now = T0 + second * S
        book.took(MILL, NODE, "websocket", readings([now + round(off_s * S)] * per_s), now)
    return now


def test_the_examples_in_the_docstrings_hold() -> None:
    assert doctest.testmod(opsroom.feeds).failed == 0


@pytest.mark.parametrize(("seconds", "per_s"), [(3, 1), (60, 1), (60, 50)])
def test_a_steady_rate_is_told_from_the_first_seconds_on(seconds: int, per_s: int) -> None:
    book, feed = connected()
    now = feed_each_second(book, seconds, per_s)
    assert feed.rate(now) == pytest.approx(per_s, rel=0.6 if seconds < 10 else 0.1)
    assert feed.rate(now + 60 * S) < 0.01 * per_s
    assert feed.stored == seconds * per_s


def test_a_connection_that_breaks_is_lost_and_one_that_says_bye_is_not() -> None:
    book, feed = connected()
    now = feed_each_second(book, 5)
    assert feed.faults(now, 0) == []
    book.closed(MILL, left=False)
    assert feed.faults(now, 0) == ["lost"]
    book.opened(MILL, NODE, "websocket", now, name="mill")
    assert feed.faults(now, 0) == []
    book.closed(MILL, left=True)
    assert (feed.left, feed.faults(now + 60 * S, 0)) == (True, [])


def test_a_source_that_says_nothing_for_three_of_its_gaps_is_silent() -> None:
    book, feed = connected()
    now = feed_each_second(book, 20)
    assert feed.faults(now + 3 * S, 0) == []
    assert feed.faults(now + 4 * S, 0) == ["silent"]
    assert feed.faults(now, 2) == ["silent"]


def test_a_door_without_a_connection_is_never_lost() -> None:
    book = FeedBook()
    for second in range(5):
        book.took("casual:7:influx:", NODE, "influx", readings([T0 + second * S]), T0 + second * S)
    feed = book.feeds["casual:7:influx:"]
    assert feed.faults(T0 + 5 * S, 0) == []
    assert feed.faults(T0 + 9 * S, 0) == ["silent"]


@pytest.mark.parametrize(("lateness_s", "late"), [(0.0, 2), (5.0, 1)])
def test_what_comes_behind_the_declared_lateness_is_late(lateness_s: float, late: int) -> None:
    book, feed = connected(lateness_s=lateness_s)
    book.took(MILL, NODE, "websocket", readings([T0]), T0)
    book.took(MILL, NODE, "websocket", readings([T0 - 3 * S, T0 - 9 * S]), T0)
    assert feed.late == late
    assert "late" in feed.faults(T0, 0)
    book.took(MILL, NODE, "websocket", readings([T0 - 99 * S] * 9), T0, historical=True)
    assert feed.late == late


@pytest.mark.parametrize("off_s", [0.0, 42.0, -42.0])
def test_a_clock_that_is_off_is_told_whichever_way(off_s: float) -> None:
    book, feed = connected()
    now = feed_each_second(book, 10, off_s=off_s)
    assert feed.clock_s() == pytest.approx(off_s)
    assert feed.faults(now, 0) == (["clock"] if off_s else [])


def test_one_reading_that_was_held_up_is_no_wrong_clock() -> None:
    book, feed = connected()
    now = feed_each_second(book, 10)
    book.took(MILL, NODE, "websocket", readings([now - 300 * S]), now)
    assert feed.clock_s() == 0.0


def test_refusals_are_counted_by_code_and_forgotten_as_a_fault_after_five_minutes() -> None:
    book, feed = connected()
    book.refused(MILL, NODE, "websocket", "unit_mismatch", T0, series="output", params={"got": "kg"})
    book.refused(MILL, NODE, "websocket", "unit_mismatch", T0 + S, series="stock", params={"got": "t"})
    told = feed.refused["unit_mismatch"]
    assert (told.n, told.series, told.params, told.at) == (2, "stock", {"got": "t"}, T0 + S)
    assert feed.faults(T0 + S, 0) == ["refused"]
    assert feed.faults(T0 + 302 * S, 0) == []


def test_a_sender_without_credit_is_held() -> None:
    class Slow:
        def held(self) -> Held:
            return Held(4_096, True)

    book, slow = FeedBook(), Slow()
    book.opened(MILL, NODE, "websocket", T0, outlet=slow)
    feed = book.feeds[MILL]
    assert (feed.held(), feed.faults(T0, 0)) == (Held(4_096, True), ["held"])
    book.closed(MILL, left=False, outlet=slow)
    assert (feed.held(), feed.faults(T0, 0)) == (Held(0, False), ["lost"])


def test_the_last_that_fed_a_series_is_its_source() -> None:
    book, feed = connected()
    book.took(MILL, NODE, "websocket", readings([T0], series=5_000), T0)
    book.took("8:press", 8, "websocket", readings([T0], series=2), T0)
    assert book.feeders(np.array([5_000, 2, 9, 70_000])).tolist() == [
        feed.number,
        book.feeds["8:press"].number,
        -1,
        -1,
    ]


def test_sources_of_before_a_restart_are_known_and_lost_until_they_come_back() -> None:
    book = FeedBook()
    book.recall([(MILL, T0 - S), ("casual:7:influx:", T0), ("casual:7:ab12-1", T0), ("room", T0)], T0)
    assert set(book.feeds) == {MILL, "casual:7:influx:"}
    assert (book.feeds[MILL].faults(T0, 0), book.feeds[MILL].newest) == (["lost"], T0 - S)
    connected(book)
    assert book.feeds[MILL].faults(T0, 0) == []


@given(st.lists(st.sampled_from(["open", "lose", "bye", "took", "refused"]), max_size=30))
def test_faults_are_known_ones_in_order_whatever_happens(doings: list[str]) -> None:
    book, feed = connected()
    now = T0
    for doing in doings:
        now += S
        if doing == "open":
            book.opened(MILL, NODE, "websocket", now)
        elif doing in {"lose", "bye"}:
            book.closed(MILL, left=doing == "bye")
        elif doing == "took":
            book.took(MILL, NODE, "websocket", readings([now]), now)
        else:
            book.refused(MILL, NODE, "websocket", "time_invalid", now)
    faults = feed.faults(now, 0)
    assert faults == [code for code in FAULTS if code in faults]
    assert feed.connections >= 0
    assert feed.rate(now) >= 0.0
