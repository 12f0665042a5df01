"""Audits in the log's order: a replay and a snapshot give the same, and time ends them."""

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from opsroom.audit import LOOKS_KEPT, Audit
from opsroom.audit_book import AuditBook
from opsroom.records import AnyAct, Declare, EndAudit, Looked, LookedAt, RecordKind, encode
from tests.room.test_core import Feed, S, catalog

ROOT, BRANCH, MILL, OUTPUT = 1, 2, 3, 1


def declare(until_s: int, *, by: int = ROOT, of: int = MILL, series: int = 0, key: str = "") -> Declare:
    return Declare(
        audited_id=of,
        series_id=series,
        reason="sample",
        until=until_s * S,
        person="ada",
        seat_id=1,
        unit_id=by,
        key=key,
    )


acts = st.one_of(
    st.builds(
        declare,
        st.integers(1, 400),
        by=st.sampled_from([ROOT, BRANCH, MILL]),
        of=st.sampled_from([ROOT, BRANCH, MILL, 9]),
        series=st.sampled_from([0, OUTPUT, 9]),
    ),
    st.builds(
        EndAudit,
        audit_id=st.integers(1, 30).map(lambda n: f"a{n:x}"),
        unit_id=st.sampled_from([ROOT, BRANCH]),
        person=st.just("ada"),
    ),
    st.builds(
        Looked,
        looks=st.tuples(
            st.builds(
                LookedAt,
                st.integers(1, 30).map(lambda n: f"a{n:x}"),
                st.just(OUTPUT),
                st.sampled_from(["ada", "bo"]),
                st.integers(1, 3),
            )
        ),
    ),
)


def play(feed: Feed, script: list[tuple[AnyAct, int]], kept: dict[str, Audit]) -> None:
    for act, at in script:
        step = feed.record(RecordKind.ACT, encode(act), received=at * S)
        kept.update({one.id: one for one in step.audits})


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(acts, st.integers(1, 500)), max_size=30), st.integers(0, 30))
def test_a_replay_from_any_snapshot_keeps_the_same_audits(script: list[tuple[AnyAct, int]], cut: int) -> None:
    script = sorted(script, key=lambda row: row[1])
    whole, first, second = Feed("wall"), Feed("wall"), Feed("wall")
    once: dict[str, Audit] = {}
    twice: dict[str, Audit] = {}
    play(whole, script, once)
    play(first, script[:cut], twice)
    assert second.core.restore(first.core.snapshot())
    second.offset = first.offset
    play(second, script[cut:], twice)
    assert twice == once
    assert second.core.audits.rows == whole.core.audits.rows
    tree = whole.core.catalog
    for audit in once.values():
        assert audit.unit_id != audit.by_unit
        assert tree.contains(audit.by_unit, audit.unit_id), "nobody looks beside or above"
        assert audit.declared < audit.until


def test_a_snapshot_older_than_audits_can_be_read() -> None:
    feed = Feed("wall")
    body = msgspec.msgpack.decode(feed.core.snapshot())
    del body["audits"]
    assert feed.core.restore(msgspec.msgpack.encode(body))
    assert feed.core.audits.rows == {}


def test_looks_are_one_row_a_series_and_person_and_bounded() -> None:
    feed = Feed("wall")
    kept: dict[str, Audit] = {}
    play(feed, [(declare(400), 1)], kept)
    (audit_id,) = kept
    rows = [(LookedAt(audit_id, OUTPUT, f"p{n % (LOOKS_KEPT + 5)}", 2), 2) for n in range(2 * LOOKS_KEPT)]
    play(feed, [(Looked(looks=(look,)), at) for look, at in rows], kept)
    audit = kept[audit_id]
    assert len(audit.looks) == LOOKS_KEPT
    assert sum(look.n for look in audit.looks) + audit.others == 2 * len(rows)


def test_what_was_looked_at_just_before_the_end_is_still_written() -> None:
    tree, book = catalog(), AuditBook()
    (made,) = book.take(tree, 0, 1, declare(10))
    looked = Looked(looks=(LookedAt(made.id, OUTPUT, "ada", 1),))
    (after,) = book.take(tree, 12 * S, 2, looked)
    assert [look.n for look in after.looks] == [1]
    assert book.take(tree, 80 * S, 3, looked) == [], "long over: nothing can come any more"


def test_a_look_alone_leaves_no_row_among_the_acts() -> None:
    feed = Feed("wall")
    kept: dict[str, Audit] = {}
    play(feed, [(declare(400), 1)], kept)
    step = feed.record(
        RecordKind.ACT, encode(Looked(looks=(LookedAt(next(iter(kept)), OUTPUT, "ada", 1),))), received=S
    )
    assert step.act is None
    assert len(step.audits) == 1
