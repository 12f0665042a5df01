"""Blocks kept after they were read: the last used ones, within their bytes."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from opsroom.store._blocks import Block, decode_block, encode_block
from opsroom.store._kept import Kept


def block(rows: int) -> Block:
    """Give a block of that many readings of one series."""
    series, t = np.ones(rows, np.int32), np.arange(rows, dtype=np.int64)
    marks = [np.zeros(rows, np.uint8)] * 2
    return decode_block(encode_block(series, t, [t.astype(np.float64)], marks))


EACH = {rows: block(rows) for rows in (1, 10, 100)}
KEYS = st.tuples(st.integers(1, 3), st.integers(0, 3))


@given(st.lists(st.tuples(KEYS, st.sampled_from(sorted(EACH))), max_size=40), st.integers(0, 4_000))
def test_the_blocks_used_last_are_kept_within_their_bytes(
    puts: list[tuple[tuple[int, int], int]], most: int
) -> None:
    kept, order = Kept(most), dict[tuple[int, int], Block]()
    for key, rows in puts:
        if key in order:
            continue
        kept.put(key, EACH[rows])
        order[key] = EACH[rows]
        while sum(one.nbytes for one in order.values()) > most:
            del order[next(iter(order))]
    every = [(segment, number) for segment in (1, 2, 3) for number in range(4)]
    for segment, number in every:
        assert (number in kept.found([(segment, number)])) == ((segment, number) in order)


def test_what_was_asked_for_outlives_what_was_not_and_the_gone_are_forgotten() -> None:
    kept = Kept(2 * EACH[100].nbytes)
    kept.put((1, 0), EACH[100])
    kept.put((2, 0), EACH[100])
    assert kept.found([(1, 0)]) == {0: EACH[100]}
    kept.put((3, 0), EACH[100])
    assert not kept.found([(2, 0)])
    kept.forget([1])
    assert not kept.found([(1, 0)])
    assert kept.found([(3, 0)])
