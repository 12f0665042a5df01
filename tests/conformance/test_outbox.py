"""The outbox of every engine: one transaction, due in order, dead and retried, several economies apart."""

from __future__ import annotations

from msgspec.structs import replace

from opsroom.notices import Delivery, Notice, NoticeKind
from tests.conformance.shelf import Shelf, each_durable, each_engine
from tests.notify import world
from tests.notify.world import FIRST_LINE, START


def delivery(number: int, receiver: str = "a") -> Delivery:
    notice = Notice(
        id=f"n{number}", receiver=receiver, kind=NoticeKind.RAISED, made=number, subject="unit:1", priority=1
    )
    return Delivery(notice=notice, due=100 + number)


@each_engine
def test_news_come_in_order_from_where_the_reader_stands(shelf: Shelf) -> None:
    store, tree = shelf.new(), world.catalog()
    assert (store.outbox.reader(), store.outbox.newest()) == (None, (0, 0))
    for offset in (3, 7):
        edges = [world.raised(tree, FIRST_LINE + n, START, alert_id=f"{offset}-{n}") for n in range(3)]
        store.journal.commit(offset, edges, [], [])
    assert store.outbox.newest() == (7, 2)
    read = [(one.cursor, one.edge.alert.id) for one in store.outbox.news((3, 0), 3)]
    assert read == [((3, 1), "3-1"), ((3, 2), "3-2"), ((7, 0), "7-0")]
    assert store.outbox.news((7, 2), 3) == []


@each_engine
def test_deliveries_are_due_in_order_and_leave_when_sent(shelf: Shelf) -> None:
    outbox = shelf.new().outbox
    outbox.keep((5, 1), b"state", [delivery(n) for n in (3, 1, 2)] + [delivery(1, "b")])
    assert outbox.reader() == ((5, 1), b"state")
    assert [one.notice.id for one in outbox.due("a", 102, 10)] == ["n1", "n2"]
    outbox.put(replace(delivery(1), state="dead", reason="receiver_refused: no"))
    outbox.sent("a", "n2")
    outbox.sent("a", "n2")
    assert [one.notice.id for one in outbox.waiting("a")] == ["n3"]
    assert [one.reason for one in outbox.letters("dead")] == ["receiver_refused: no"]
    assert outbox.count() == {("a", "waiting"): 1, ("a", "dead"): 1, ("b", "waiting"): 1}
    outbox.beat(START)
    assert outbox.reader() == ((5, 1), b"state")


@each_durable
def test_what_is_kept_is_there_after_opening_again(shelf: Shelf) -> None:
    place = shelf.fresh()
    first = shelf.open(place)
    first.outbox.keep((9, 0), b"x", [delivery(1)])
    first.close()
    again = shelf.open(place)
    assert (again.outbox.reader(), again.outbox.waiting("a")) == (((9, 0), b"x"), [delivery(1)])
