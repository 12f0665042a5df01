"""History over REST: whole or thinned, of one series or of many, as JSON or as columns of bytes."""

from collections.abc import Awaitable, Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsroom.api.columns import COLUMNS_TYPE, packed, unpacked
from opsroom.model import Columns
from opsroom.section import StoreSection
from opsroom.store import Buckets, open_store
from opsroom.thinning import HOUR_US, MINUTE_US, extremes, shape, span_us, width_us
from tests.api.doors import Door, code, told
from tests.api.small_room import BRANCH_STOCK, HEAT, OUTPUT, START, S, SmallRoom

Doors = Callable[[str], Awaitable[Door]]
T0 = START // 1000
DAY_US = 24 * HOUR_US
BINARY = {"Accept": COLUMNS_TYPE}


def test_history_is_whole_where_it_fits_and_keeps_extremes_where_it_does_not() -> None:
    async def story(room: SmallRoom, door: Doors) -> None:
        for n in range(1000):
            room.reading(HEAT, START + n * S, 1e6 if n == 500 else -1e6 if n == 501 else float(n % 7))
        ada, path = await door("mill-operator"), f"/api/v1/series/{HEAT}/readings"
        whole = (await ada.get(path, **{"from": T0, "to": T0 + 10_000})).json()
        assert whole == {
            "t": [T0 + n * 1000 for n in range(10)],
            "v": [n % 7 for n in range(10)],
            "thinned_s": None,
        }
        thin = (await ada.get(path, **{"from": T0, "to": T0 + 1_000_000}, points=100)).json()
        assert len(thin["t"]) == len(thin["v"]) <= 100
        assert thin["t"] == sorted(thin["t"])
        assert (max(thin["v"]), min(thin["v"])) == (1e6, -1e6)
        assert thin["thinned_s"] > 1

    told(story)


@pytest.mark.parametrize(
    "params", [{"from": T0, "to": T0}, {"points": 1}, {"from": -1}, {"points": 10**6}, {"to": "x"}]
)
def test_a_range_that_does_not_fit_is_refused(params: dict[str, int]) -> None:
    async def story(room: SmallRoom, door: Doors) -> None:
        answer = await (await door("mill-operator")).get(f"/api/v1/series/{HEAT}/readings", **params)
        assert answer.status_code == 422
        code(answer)

    told(story)


@given(st.integers(1, 10**15), st.integers(2, 5000))
def test_spans_cover_the_range_in_the_points_allowed(range_us: int, points: int) -> None:
    width = span_us(range_us, points)
    # A range that starts inside a bucket touches one more; two points each.
    assert 2 * (range_us // width + 1) <= max(points, 4)
    assert width % HOUR_US == 0 or width < HOUR_US + MINUTE_US
    assert width % MINUTE_US == 0 or width < MINUTE_US


def test_extremes_keep_the_direction_in_which_values_went() -> None:
    up, down = [1.0, 9.0], [9.0, 1.0]
    buckets = Buckets(
        series=np.zeros(2, np.int32),
        t=np.array([0, 10]),
        count=np.array([2, 2]),
        sum=np.array([10.0, 10.0]),
        min=np.array([1.0, 1.0]),
        max=np.array([9.0, 9.0]),
        first=np.array([1.0, 9.0]),
        last=np.array([9.0, 1.0]),
    )
    t, v = extremes(buckets, 10)
    assert t.tolist() == [0, 5, 10, 15]
    assert v.tolist() == up + down


@given(st.integers(1, 10**15), st.integers(1, 5000))
def test_widths_cover_the_range(range_us: int, spans: int) -> None:
    assert width_us(range_us, spans) * spans >= range_us


@given(
    st.lists(st.tuples(st.integers(1, 10**9), st.floats(-1e9, 1e9)), min_size=1, max_size=300),
    st.integers(2, 80),
)
def test_a_shape_is_some_of_the_points_in_order_and_both_ends(rows: list[tuple[int, float]], n: int) -> None:
    t = np.cumsum([step for step, _ in rows])
    kept = shape(t, np.array([value for _, value in rows]), n)
    assert len(kept) == min(n, len(rows))
    assert np.all(np.diff(kept) > 0)
    assert (kept[0], kept[-1]) == (0, len(rows) - 1)


def test_a_shape_keeps_a_lone_spike() -> None:
    v = np.zeros(10_000)
    v[4321] = 1.0
    assert 4321 in shape(np.arange(10_000), v, 50)


@given(
    st.lists(st.floats(allow_infinity=False, width=64), max_size=40),
    st.lists(st.integers(-(2**31), 2**31 - 1), max_size=40),
    st.binary(max_size=40),
)
def test_columns_come_back_from_bytes(floats: list[float], ints: list[int], small: bytes) -> None:
    sent: dict[str, np.ndarray] = {
        "v": np.array(floats, np.float64),
        "series": np.array(ints, np.int32),
        "q": np.frombuffer(small, np.uint8),
    }
    columns, more = unpacked(packed(sent, {"width_s": 60.0}))
    assert more == {"width_s": 60.0}
    assert {name: (c.dtype.str[1:], c.tobytes()) for name, c in columns.items()} == {
        name: (c.dtype.str[1:], c.tobytes()) for name, c in sent.items()
    }


def test_history_as_bytes_says_what_history_as_json_says() -> None:
    async def story(room: SmallRoom, door: Doors) -> None:
        for n in range(100):
            room.reading(HEAT, START + n * S, float(n % 7))
        ada, path = await door("mill-operator"), f"/api/v1/series/{HEAT}/readings"
        asked: dict[str, int | str] = {"points": 20, "thin": "shape"}
        told_in_json = (await ada.get(path, **asked)).json()
        answer = await ada.client.get(path, params=asked, headers={"Cookie": ada.cookie, **BINARY})
        columns, more = unpacked(answer.content)
        assert answer.headers["content-type"] == COLUMNS_TYPE
        assert {name: column.tolist() for name, column in columns.items()} | more == told_in_json
        assert len(told_in_json["t"]) == 20

    told(story)


def test_buckets_and_last_values_of_many_series() -> None:
    async def story(room: SmallRoom, door: Doors) -> None:
        for n in range(20):
            room.reading(HEAT, START + n * S, float(n))
            room.reading(OUTPUT, START + n * S, 90.0)
        ada = await door("mill-operator")
        asked = {"series": f"{OUTPUT},{HEAT},{OUTPUT}", "from": T0, "to": T0 + 20_000, "points": 2}
        found = (await ada.get("/api/v1/buckets", **asked)).json()
        assert found["width_s"] == 10
        rows = sorted(zip(found["series"], found["t"], found["count"], found["max"], strict=True))
        assert [row for row in rows if row[0] == HEAT] == [(HEAT, T0, 10, 9.0), (HEAT, T0 + 10_000, 10, 19.0)]
        assert len(rows) == 4
        last = (await ada.get("/api/v1/values", series=f"{HEAT},{OUTPUT}")).json()
        assert (last["series"], last["v"], last["t"]) == ([HEAT, OUTPUT], [19.0, 90.0], [T0 + 19_000] * 2)

    told(story)


def test_of_many_series_every_one_must_be_open_to_the_seat() -> None:
    async def story(room: SmallRoom, door: Doors) -> None:
        room.reading(OUTPUT, START, 90.0)
        for path in ("/api/v1/buckets", "/api/v1/values"):
            ben, ada = await door("branch-operator"), await door("mill-operator")
            assert code(await ben.get(path, series=f"{BRANCH_STOCK},{OUTPUT}")) == "series_autonomous"
            assert code(await ada.get(path, series=f"{OUTPUT},{BRANCH_STOCK}")) == "series_unknown"
            assert code(await ada.get(path, series="1,x")) == "invalid"
            many = ",".join(map(str, range(1, 2_100)))
            assert code(await ada.get(path, series=many)) == "answer_too_large"

    told(story)


def test_history_of_a_time_whose_readings_are_gone_is_that_of_its_minutes() -> None:
    """Charts ask for readings: behind the horizon they are given lowest and highest, and no gap."""
    kept = StoreSection(keep_readings_d=3)
    end = (START // DAY_US + 1) * DAY_US

    async def story(room: SmallRoom, door: Doors) -> None:
        room.store = open_store("memory://", kept)
        t = np.arange(end - 10 * DAY_US, end, 10 * MINUTE_US)
        q = np.full(len(t), 192, np.uint8)
        v = (t // HOUR_US % 24).astype(np.float64)
        room.store.readings.take(Columns(np.full(len(t), HEAT, np.int32), t, v, q), 1)
        room.store.readings.flush(end, force=True)
        horizon = room.store.readings.levels()[0].kept_from
        assert horizon is not None
        ada, path = await door("mill-operator"), f"/api/v1/series/{HEAT}/readings"
        for start, until, some in ((10, 5, 600), (10, 0, 600), (4, 2, 900), (3.1, 2.9, 600)):
            asked = {"from": int(end - start * DAY_US) // 1000, "to": int(end - until * DAY_US) // 1000}
            found = (await ada.get(path, **asked, points=some)).json()
            assert 0 < len(found["t"]) <= some
            assert found["t"] == sorted(found["t"])
            assert max(np.diff(found["t"])) * 1000 <= (start - until) * DAY_US / 10
            assert set(found["v"]) <= {float(hour) for hour in range(24)}
            assert found["thinned_s"]
        young = {"from": (end - DAY_US) // 1000, "to": end // 1000}
        assert (await ada.get(path, **young)).json()["thinned_s"] is None
        before = {"from": (end - 30 * DAY_US) // 1000, "to": (end - 20 * DAY_US) // 1000}
        assert (await ada.get(path, **before)).json() == {"t": [], "v": [], "thinned_s": None}
        asked = {"from": (end - 10 * DAY_US) // 1000, "to": (end - 5 * DAY_US) // 1000}
        by_hour = (await ada.get("/api/v1/buckets", series=str(HEAT), **asked, points=120)).json()
        assert by_hour["count"] == [6] * 120
        figures = dict(line.rpartition(" ")[::2] for line in (await ada.get("/metrics")).text.splitlines())
        assert float(figures['opsroom_store_oldest_seconds{level="readings"}']) == horizon / 1e6
        assert float(figures['opsroom_store_rows{level="minutes"}']) == len(t)

    told(story)
