"""Fuzzed frames: a named error each, never an exception, never an allocation that a length only claims."""

from __future__ import annotations

import time

from tests.faults.fuzz import ALLOWED_BYTES, Fuzzer, conversations, fuzz


def test_no_fuzzed_frame_raises_or_allocates_what_it_only_claims() -> None:
    seed = time.time_ns() % 1_000_000
    figure = fuzz(30_000, seed=seed)
    print(figure)
    assert figure["items_good"] > 1_000, (
        "the mutations break everything: nothing behind the first check is met"
    )
    assert figure["items_refused"] > 10_000
    assert figure["largest_allocation_bytes"] <= ALLOWED_BYTES
    assert figure["resident_growth_bytes"] <= ALLOWED_BYTES


def test_fuzzed_conversations_end_with_a_close_code() -> None:
    seed = time.time_ns() % 1_000_000
    print(seed)
    assert conversations(300, seed=seed) > 100


def test_equal_seeds_give_equal_frames() -> None:
    one, other = Fuzzer(7), Fuzzer(7)
    assert [one.frame() for _ in range(100)] == [other.frame() for _ in range(100)]
