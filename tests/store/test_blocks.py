"""Blocks give every bit back, find damage, and stay small on readings as plants send them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsroom.errors import Corrupt
from opsroom.store._blocks import decode_block, encode_block
from opsroom.store._streams import StreamReader, StreamWriter

value = st.one_of(
    st.floats(), st.integers(-(2**60), 2**60).map(float), st.integers(-99999, 99999).map(lambda n: n / 1000)
)
run = st.tuples(
    st.integers(0, 2**31 - 1),
    st.lists(st.tuples(st.integers(-(2**62), 2**62), value), min_size=1, max_size=30),
)


@settings(deadline=None)
@given(st.lists(run, min_size=1, max_size=6, unique_by=lambda made: made[0]))
def test_every_bit_comes_back(runs: list[tuple[int, list[tuple[int, float]]]]) -> None:
    rows = [(series, t, v) for series, mine in sorted(runs) for t, v in sorted(mine, key=lambda row: row[0])]
    series = np.array([row[0] for row in rows], np.int32)
    t = np.array([row[1] for row in rows], np.int64)
    v = np.array([row[2] for row in rows], np.float64)
    marks = (t % 251).astype(np.uint8)
    found = decode_block(encode_block(series, t, [v, v.copy(), -v], [marks]))
    assert found.series.tolist() == series.tolist()
    assert found.t.tolist() == t.tolist()
    assert [column.tobytes() for column in found.floats] == [v.tobytes(), v.tobytes(), (-v).tobytes()]
    assert found.marks[0].tolist() == marks.tolist()


@settings(deadline=None)
@given(st.lists(st.integers(-(2**63), 2**63 - 1), max_size=60))
def test_integers_of_any_size_come_back(values: list[int]) -> None:
    out = StreamWriter()
    out.ints(np.array(values, np.int64))
    assert StreamReader(out.done()).ints(len(values)).tolist() == values


@given(st.data())
def test_a_flipped_bit_is_found(data: st.DataObject) -> None:
    n = 50
    blob = bytearray(
        encode_block(np.ones(n, np.int32), np.arange(n), [np.arange(n) / 10], [np.zeros(n, np.uint8)])
    )
    blob[data.draw(st.integers(0, len(blob) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(Corrupt):
        decode_block(bytes(blob))


@pytest.mark.parametrize(
    ("kind", "bytes_max"),
    [("decimals", 1.5), ("counter", 0.8), ("state", 0.3), ("double", 6.7), ("regular", 0.1)],
)
def test_readings_take_few_bytes(kind: str, bytes_max: float) -> None:
    rng, n = np.random.default_rng(1), 4000
    noise = rng.normal(size=n)
    v = {
        "decimals": np.round(50 + np.convolve(noise, 0.9 ** np.arange(30))[:n], 2),
        "counter": rng.poisson(5, n).cumsum().astype(float),
        "state": np.repeat(rng.integers(0, 4, n // 50), 50).astype(float),
        "double": 100 + noise.cumsum() / 10,
        "regular": np.full(n, 1 / 3),
    }[kind]
    t = 1_700_000_000_000_000 + np.arange(n) * 60_000_000
    blob = encode_block(np.ones(n, np.int32), t, [v], [np.full(n, 192, np.uint8), np.zeros(n, np.uint8)])
    assert len(blob) / n <= bytes_max
