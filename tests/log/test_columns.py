"""Readings come back from a payload to the bit; damage is found."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsroom.errors import Corrupt
from opsroom.log.columns import decode_columns, encode_columns
from opsroom.model import Columns

rows = st.lists(
    st.tuples(
        st.integers(-(2**31), 2**31 - 1), st.integers(-(2**63), 2**63 - 1), st.floats(), st.integers(0, 255)
    ),
    max_size=20,
)


def columns(made: list[tuple[int, int, float, int]]) -> Columns:
    parts = zip(*made, strict=True) if made else ((), (), (), ())
    types = (np.int32, np.int64, np.float64, np.uint8)
    return Columns(*(np.array(part, kind) for part, kind in zip(parts, types, strict=True)))


@given(rows, st.booleans(), st.booleans())
def test_every_bit_comes_back(
    made: list[tuple[int, int, float, int]], one_instant: bool, historical: bool
) -> None:
    if one_instant:
        made = [(series, 5, value, 192) for series, _, value, _ in made]
    sent = columns(made)
    payload = encode_columns(sent, historical)
    found, flag = decode_columns(payload)
    assert flag is historical
    assert found.series.tolist() == sent.series.tolist()
    assert found.t.tolist() == sent.t.tolist()
    assert found.v.tobytes() == sent.v.tobytes()
    assert found.q.tolist() == sent.q.tolist()
    assert not any(array.flags.writeable for array in (found.series, found.t, found.v, found.q))


def test_one_instant_takes_twelve_bytes_a_reading() -> None:
    n = 1000
    sent = Columns(
        np.arange(n, dtype=np.int32),
        np.full(n, 7),
        np.random.default_rng(1).normal(size=n),
        np.full(n, 192, np.uint8),
    )
    assert len(encode_columns(sent)) < 12.1 * n


@given(st.data())
def test_any_flipped_or_missing_byte_is_found(data: st.DataObject) -> None:
    payload = bytearray(encode_columns(columns([(1, 2, 3.0, 192), (2, 3, -0.0, 0)]), True))
    place = data.draw(st.integers(0, len(payload) - 1))
    cut = bytes(payload[:place])
    with pytest.raises(Corrupt):
        decode_columns(cut)
    if place in {2, 3, 12, 13, 14, 15}:
        return  # spare bytes that mean nothing yet
    payload[place] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(Corrupt):
        decode_columns(bytes(payload))
