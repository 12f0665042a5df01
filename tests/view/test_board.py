"""Last values and trails against the plainest possible model."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsroom.model import Columns, Indicator, Orientation, Series
from opsroom.view.board import TRAIL, Board

MS = 1_000


def series(id_: int, **more: object) -> Series:
    return Series(id=id_, root_id=1, unit_id=1, name=f"s{id_}", **more)  # type: ignore[arg-type]


def columns(rows: list[tuple[int, int, float]]) -> Columns:
    return Columns(
        np.array([r[0] for r in rows], np.int32),
        np.array([r[1] for r in rows], np.int64),
        np.array([r[2] for r in rows], np.float64),
        np.full(len(rows), 192, np.uint8),
    )


rows = st.lists(st.tuples(st.integers(1, 5), st.integers(0, 200), st.floats(-9, 9)), max_size=150)


@given(st.lists(rows, max_size=6))
def test_board_equals_a_dictionary(batches: list[list[tuple[int, int, float]]]) -> None:
    board, plain = Board(180.0), {n: dict[int, float]() for n in (3, 1, 2, 5)}
    board.sync([series(n) for n in plain], 1)
    for revision, batch in enumerate(batches, 2):
        board.put(columns([(s, t * MS, v) for s, t, v in batch]), revision)
        newest = {s: max(points, default=-1) for s, points in plain.items()}
        for (
            s,
            t,
            v,
        ) in batch:  # series 4 is unknown; what is older than the last value before the batch is history
            if s in plain and t >= newest[s]:
                plain[s][t] = v
    trails = dict(zip(plain, board.trails(np.array([board.slot_of[s] for s in plain])), strict=True))
    for s, points in plain.items():
        expected = sorted(points.items())[-TRAIL:]
        assert trails[s] == expected
        shown = board.values(np.array([board.slot_of[s]]))[str(s)]
        assert (shown[0], shown[4]) == (expected[-1][0] if expected else None, 192)
        if expected:
            assert shown[1] == expected[-1][1]


def test_points_since_a_revision_are_those_that_came_later() -> None:
    board = Board(180.0)
    board.sync([series(1)], 1)
    board.put(columns([(1, t * MS, t) for t in range(100)]), 2)
    board.put(columns([(1, 100 * MS, 1.0), (1, 101 * MS, 2.0)]), 3)
    assert board.trails(np.array([0]), 2) == [[(100, 1.0), (101, 2.0)]]
    assert board.trails(np.array([0]), 3) == [[]]
    assert len(board.trails(np.array([0]))[0]) == TRAIL


def test_the_table_grows_and_keeps_what_it_has() -> None:
    board = Board(180.0)
    board.sync([series(1)], 1)
    board.put(columns([(1, MS, 7.0)]), 2)
    board.sync([series(n) for n in range(1, 500)], 3)
    board.put(columns([(499, MS, 8.0)]), 4)
    both = np.array([board.slot_of[1], board.slot_of[499]])
    assert board.trails(both) == [[(1, 7.0)], [(1, 8.0)]]


@pytest.mark.parametrize(
    ("orientation", "cap", "pot", "act", "expected"),
    [
        ("more", 60.0, 100.0, 40.0, (0.6667, 0.6, 0.4)),
        ("less", 60.0, 40.0, 80.0, (0.75, 0.6667, 0.5)),
        ("more", 80.0, None, 100.0, (1.25, 0.8, 1.0)),
        ("less", 80.0, None, 100.0, (0.8, 0.8, 0.64)),
        ("more", 60.0, 100.0, 0.0, (0.0, 0.6, 0.0)),
        ("less", 60.0, 40.0, 0.0, (None, 0.6667, None)),
        ("more", None, 100.0, 40.0, (None, None, None)),
    ],
)
def test_indices(
    orientation: str,
    cap: float | None,
    pot: float | None,
    act: float,
    expected: tuple[float | None, ...],
) -> None:
    board = Board(180.0)
    indicator = Indicator(orientation=Orientation(orientation), capability=cap, potentiality=pot)
    board.sync([series(1, indicator=indicator)], 1)
    board.put(columns([(1, MS, act)]), 2)
    found = [float(x[0]) for x in board.indices(np.array([0]))]
    assert [None if np.isnan(x) else round(x, 4) for x in found] == list(expected)


@pytest.mark.parametrize(
    ("quality", "counts"), [(0, False), (24, False), (63, False), (64, True), (192, True)]
)
def test_a_bad_value_has_no_indices(quality: int, counts: bool) -> None:
    board = Board(180.0)
    indicator = Indicator(orientation=Orientation.MORE_IS_BETTER, capability=60.0, potentiality=100.0)
    board.sync([series(1, indicator=indicator)], 1)
    one = columns([(1, MS, 0.0)])
    board.put(Columns(one.series, one.t, one.v, np.full(1, quality, np.uint8)), 2)
    productivity, _, performance = board.indices(np.array([0]))
    assert (np.isfinite(productivity[0]), np.isfinite(performance[0])) == (counts, counts)


def test_old_after_three_periods_or_the_setting() -> None:
    board = Board(180.0)
    board.sync([series(1, period_s=10.0), series(2), series(3)], 1)
    board.put(columns([(1, 0, 1.0), (2, 0, 1.0)]), 2)
    assert board.old(30_000_000).tolist() == [False, False, True]
    assert board.old(30_000_001).tolist() == [True, False, True]
    assert board.old(180_000_001).tolist() == [True, True, True]


def test_bands_are_news_only_when_they_move() -> None:
    board = Board(180.0)
    board.sync([series(1), series(2)], 1)
    ids, nan = np.array([1, 2, 99]), float("nan")
    assert board.put_bands(ids, np.array([1.0, nan, 0.0]), np.array([2.0, nan, 0.0]), 2)
    assert not board.put_bands(ids, np.array([1.0, nan, 0.0]), np.array([2.0, nan, 0.0]), 3)
    assert board.rev[:2].tolist() == [2, 0]


def test_a_series_told_in_another_unit_shows_what_it_showed_and_what_comes_in_it() -> None:
    power, told = series(1, unit="kW"), series(1, unit="MW", kept="kW")
    board, later = Board(180.0), Board(180.0)
    board.sync([power], 1)
    board.put(columns([(1, MS, 3_000.0), (1, 2 * MS, 3_200.0)]), 2)
    board.put_bands(np.array([1]), np.array([2_900.0]), np.array([np.nan]), 3)
    assert board.sync([told], 4)
    later.sync([told], 1)  # a room that takes up its log knows the unit of now before it reads
    later.put(columns([(1, MS, 3_000.0), (1, 2 * MS, 3_200.0)]), 2)
    for one in (board, later):
        one.put(columns([(1, 3 * MS, 3_400.0)]), 5)
        assert one.trails(np.array([0])) == [[(1, 3.0), (2, 3.2), (3, 3.4)]]
        assert one.values(np.array([0]))["1"][1] == 3.4
    assert board.low[0] == 2.9
