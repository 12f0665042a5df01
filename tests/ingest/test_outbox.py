"""A sender's outbox on disk: what a power cut takes of it never costs a batch that came later."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.outbox import open_outbox


@pytest.mark.parametrize("stored_seq", [1, 2, 3, 9])
def test_batches_put_after_a_power_cut_take_no_number_that_the_room_holds(
    tmp_path: Path, stored_seq: int
) -> None:
    """Of nine batches the cut left two; the room may have stored more than these."""
    path, cap = tmp_path / "outbox", 1 << 20
    before = open_outbox(path, cap)
    assert [before.put(b"%d" % n) for n in (1, 2)] == [1, 2]
    before.close()
    after = open_outbox(path, cap)
    for body in (b"new", b"newer"):
        after.put(body)
    after.begin(7, stored_seq)
    kept = after.after(stored_seq, 10)
    assert [body for _, body in kept if body.startswith(b"new")] == [b"new", b"newer"]
    assert [seq for seq, _ in kept] == sorted({seq for seq, _ in kept})
    assert all(seq > stored_seq for seq, _ in kept)
    assert after.put(b"last") > kept[-1][0]
    after.let_go(kept[-1][0] + 1)
    after.begin(7, kept[-1][0] + 1)  # connected again: nothing is numbered anew
    assert len(after) == 0
    after.close()
