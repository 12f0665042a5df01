"""Event time: order, lateness, repeats and the stream's clock."""

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from opsroom.hearing import Hearing
from opsroom.model import Columns
from opsroom.sources import NEVER, Sources

S = 1_000_000


class Core:
    """As much of a core as silence asks for."""

    def __init__(self, sources: Sources, *, stream: bool) -> None:
        self.sources, self.stream = sources, stream


def columns(*readings: tuple[int, int, float]) -> Columns:
    series, t, v = zip(*readings, strict=True) if readings else ((), (), ())
    return Columns(
        np.array(series, np.int32), np.array(t, np.int64), np.array(v, float), np.full(len(t), 192, np.uint8)
    )


def rows(got: Columns) -> list[tuple[int, int, float]]:
    return list(zip(got.series.tolist(), got.t.tolist(), got.v.tolist(), strict=True))


readings = st.lists(
    st.tuples(st.integers(1, 4), st.integers(0, 40), st.floats(-5, 5)), min_size=1, max_size=60
)


def cut(items: list[tuple[int, int, float]], places: list[int]) -> list[list[tuple[int, int, float]]]:
    edges = sorted({0, len(items), *(place % (len(items) + 1) for place in places)})
    return [items[a:b] for a, b in pairwise(edges)]


@given(readings, st.lists(st.integers(0, 100), max_size=8))
def test_within_lateness_any_order_and_any_cut_gives_the_sorted_series_once(
    items: list[tuple[int, int, float]], places: list[int]
) -> None:
    sources = Sources()
    sources.opened("mill", lateness_s=40 / S)
    released: list[tuple[int, int, float]] = []
    for part in cut(items, places):
        late = sources.take("mill", columns(*part))
        assert not late.any()
        released += rows(sources.release("mill"))
    sources.left("mill")
    released += rows(sources.release("mill"))
    first: dict[tuple[int, int], float] = {}
    for series, t, v in items:
        first.setdefault((t, series), v)
    assert released == [(series, t, v) for (t, series), v in sorted(first.items())]


@given(readings, st.lists(st.integers(0, 100), max_size=8))
def test_what_is_released_never_goes_back_in_time_and_late_readings_are_never_released(
    items: list[tuple[int, int, float]], places: list[int]
) -> None:
    sources = Sources()
    sources.opened("mill", lateness_s=3 / S)
    newest = NEVER
    for part in cut(items, places):
        before = sources.clocks["mill"].released
        late = sources.take("mill", columns(*part))
        assert late.tolist() == [t < before for _, t, _ in part]
        out = sources.release("mill")
        if len(out):
            assert int(out.t[0]) >= newest
            assert (np.diff(out.t) >= 0).all()
            newest = int(out.t[-1])


def test_the_stream_stands_at_the_slowest_open_source() -> None:
    sources = Sources()
    sources.opened("a", 0)
    sources.opened("b", 0)
    sources.take("a", columns((1, 100, 1.0)))
    assert sources.stream_now() == NEVER, "b has said nothing and may yet bring older readings"
    sources.take("b", columns((2, 50, 1.0)))
    assert sources.stream_now() == 50
    sources.idle("b")
    assert sources.stream_now() == 100
    sources.take("b", columns((2, 60, 1.0)))
    assert sources.stream_now() == 60, "a source that speaks again holds the clock again"
    sources.left("b")
    assert sources.stream_now() == 100


def test_what_waits_of_a_silent_source_is_scored_once_its_lateness_is_over() -> None:
    sources = Sources()
    sources.opened("mill", lateness_s=30.0)
    sources.opened("dam", lateness_s=0.0)
    sources.take("mill", columns((1, 10 * S, 1.0), (2, 20 * S, 2.0)))
    assert len(sources.release("mill")) == 0
    hearing, wall, stream = Hearing(), Core(sources, stream=False), Core(sources, stream=True)
    hearing.begin(sources, 100.0)
    assert hearing.silent(wall, 109.0, 10.0) == []
    assert hearing.silent(wall, 111.0, 10.0) == ["dam"]
    assert hearing.silent(stream, 111.0, 10.0) == ["mill", "dam"]
    assert hearing.silent(wall, 131.0, 10.0) == ["mill", "dam"]
    hearing.deaf(131.0)
    assert hearing.silent(stream, 141.0, 10.0) == []
    sources.idle("mill")
    assert rows(sources.release("mill")) == [(1, 10 * S, 1.0), (2, 20 * S, 2.0)]
    assert sources.take("mill", columns((1, 15 * S, 3.0), (1, 25 * S, 3.0))).tolist() == [True, False]


def test_a_repeat_under_another_batch_is_scored_once() -> None:
    sources = Sources()
    sources.take("mill", columns((1, 10, 1.0), (2, 10, 2.0)))
    assert len(sources.release("mill")) == 2
    late = sources.take("mill", columns((1, 10, 1.0), (2, 10, 2.0)))
    assert not late.any()
    assert len(sources.release("mill")) == 0


def test_a_snapshot_holds_what_waits() -> None:
    sources = Sources()
    sources.opened("mill", lateness_s=100 / S)
    sources.take("mill", columns((1, 10, 1.5), (3, 200, 2.5)))
    sources.release("mill")
    again = Sources.load(sources.dump())
    again.left("mill")
    sources.left("mill")
    assert rows(again.release("mill")) == rows(sources.release("mill")) == [(3, 200, 2.5)]
    assert again.stream_now() == sources.stream_now()
