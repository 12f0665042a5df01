"""What belongs together is one notification; nothing is hidden for good."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsroom.catalog import Catalog
from opsroom.model import Transition
from opsroom.notices import Notice, NoticeKind
from opsroom.notify.grouping import FURTHER_LISTED, Grouping, merged
from tests.notify import world
from tests.notify.world import FIRST_LINE, ROOT, SITE, START, S

TREE = world.catalog(lines=300)
ALL = {"name": "all", "channel": "webhook", "to": "http://127.0.0.1/", "below": True}
SITE_ONLY = {"name": "site", "channel": "webhook", "to": "http://127.0.0.1/", "unit": "site"}


def told(group: Grouping, edges: list[Transition], at: int, tree: Catalog = TREE) -> list[Notice]:
    return group.step(edges, at, tree, [])


def test_a_power_cut_with_300_alerts_under_it_is_one_notification() -> None:
    group = world.grouping(world.settings(ALL))
    cut = world.raised(TREE, SITE, START, alert_id="cut")
    under = [world.raised(TREE, FIRST_LINE + n, START + n, cause="cut") for n in range(300)]
    assert told(group, [cut, *under[:150]], START) == []
    first = told(group, under[150:], START + 4 * S)
    notices = first + [one for s in range(5, 2_000) for one in told(group, [], START + s * S)]
    assert [(one.kind, one.count, len(one.members)) for one in notices] == [(NoticeKind.RAISED, 301, 301)]


def test_what_turns_out_to_be_a_consequence_moves_under_its_cause() -> None:
    group = world.grouping(world.settings(ALL))
    early = world.raised(TREE, FIRST_LINE, START)
    told(group, [early], START)
    cut = world.raised(TREE, SITE, START + S, alert_id="cut")
    told(group, [cut, world.under(early, "cut")], START + S)
    notices = [one for s in range(2, 2_000) for one in told(group, [], START + s * S)]
    assert [[m.alert_id for m in one.members] for one in notices] == [["cut", early.alert.id]]


def test_an_urgent_one_that_moves_under_its_cause_leaves_nothing_that_is_due() -> None:
    group = world.grouping(world.settings(SITE_ONLY, {**ALL, "priority_max": 3}))
    told(group, [world.raised(TREE, FIRST_LINE, START, priority=3, alert_id="first")], START)
    assert [one.count for one in told(group, [], START + 5 * S)] == [1]
    urgent = world.raised(TREE, FIRST_LINE, START + 9 * S, priority=1, alert_id="urgent")
    cut = world.raised(TREE, SITE, START + 9 * S, priority=1, alert_id="cut")
    told(group, [urgent, cut, world.under(urgent, "cut")], START + 9 * S)
    told(group, [], START + 14 * S)
    assert group.next_at is not None
    assert group.next_at > START + 14 * S  # or the journal is read, and a row written, without a pause


def test_the_climb_of_300_consequences_is_one_notification_to_the_level_above() -> None:
    group = world.grouping(world.settings(SITE_ONLY))
    cut = world.raised(TREE, FIRST_LINE, START, alert_id="cut")
    under = [world.raised(TREE, FIRST_LINE + n, START, cause="cut") for n in range(1, 300)]
    later = START + 900 * S
    edges = [world.climbed(TREE, edge, later) for edge in (*under, cut)]
    notices = told(group, edges, later) + told(group, [], later + 5 * S)
    assert [(one.kind, one.count) for one in notices] == [(NoticeKind.CLIMBED, 300)]


def test_alerts_of_one_unit_within_its_recovery_time_are_one_and_the_rest_follows_at_its_end() -> None:
    group = world.grouping(world.settings(ALL))
    edges = [world.raised(TREE, FIRST_LINE, START + n * S, priority=2) for n in range(4)]
    assert told(group, edges[:2], START + S) == []
    assert [one.count for one in told(group, [], START + 6 * S)] == [2]
    assert told(group, edges[2:], START + 7 * S) == []
    assert told(group, [], START + 899 * S) == []
    (rest,) = told(group, [], START + 901 * S)
    assert (rest.count, rest.further) == (2, True)
    assert group.next_at is None


def test_something_more_urgent_does_not_wait_for_the_end() -> None:
    group = world.grouping(world.settings(ALL))
    told(group, [world.raised(TREE, FIRST_LINE, START, priority=2)], START)
    told(group, [], START + 5 * S)
    (more,) = told(group, [world.raised(TREE, FIRST_LINE, START + 9 * S, priority=1)], START + 9 * S)
    assert (more.priority, more.further, more.count) == (1, True, 1)


@pytest.mark.parametrize(("priority", "expected"), [(1, 1), (2, 1), (3, 0)])
def test_priority_holds_back_raises_but_never_climbs(priority: int, expected: int) -> None:
    group = world.grouping(world.settings(ALL))
    edge = world.raised(TREE, FIRST_LINE, START, priority=priority)
    told(group, [edge], START)
    assert len(told(group, [], START + 5 * S)) == expected
    told(group, [world.climbed(TREE, edge, START + 900 * S)], START + 900 * S)
    assert [one.kind for one in told(group, [], START + 905 * S)] == [NoticeKind.CLIMBED]


@pytest.mark.parametrize("void", [False, True])
def test_what_becomes_urgent_is_told_as_a_raise_that_was_held_back_before(void: bool) -> None:
    group = world.grouping(world.settings(ALL))
    edge = world.raised(TREE, FIRST_LINE, START, priority=3)
    before = world.acknowledged(edge, START + S) if void else edge
    assert told(group, [edge, before] if void else [edge], START + 6 * S) == []
    assert told(group, [world.risen(before, START + 60 * S, void=void)], START + 60 * S) == []
    (notice,) = told(group, [], START + 65 * S)
    assert (notice.kind, notice.priority, notice.count) == (NoticeKind.RAISED, 1, 1)
    assert [member.verb for member in notice.members] == ["risen"]


def test_what_becomes_urgent_does_not_wait_and_is_one_alert_while_it_waits() -> None:
    group = world.grouping(world.settings({**ALL, "priority_max": 3}))
    early, late = (world.raised(TREE, FIRST_LINE, START, priority=3, alert_id=one) for one in ("a", "b"))
    told(group, [early, late, world.risen(late, START)], START)
    (first,) = told(group, [], START + 5 * S)
    assert [(member.alert_id, member.priority) for member in first.members] == [("a", 3), ("b", 1)]
    other = world.grouping(world.settings({**ALL, "priority_max": 3}))
    told(other, [early], START)
    told(other, [], START + 5 * S)
    (more,) = told(other, [world.risen(early, START + 9 * S)], START + 9 * S)
    assert (more.priority, more.further, more.count) == (1, True, 1)


def test_what_becomes_urgent_while_it_is_seen_or_under_its_cause_is_not_told() -> None:
    group = world.grouping(world.settings(ALL, wait_s=0))
    edge = world.raised(TREE, FIRST_LINE, START, priority=3)
    seen = world.acknowledged(edge, START)
    hidden = world.raised(TREE, FIRST_LINE + 1, START, priority=3, cause="cut")
    edges = [edge, seen, hidden, world.risen(seen, START), world.risen(hidden, START)]
    assert told(group, edges, START) == []


def test_no_press_waits_for_the_end_of_what_another_began() -> None:
    group = world.grouping(world.settings(ALL))
    first, second = (world.pressed(TREE, FIRST_LINE, START + n * S) for n in (0, 9))
    assert [one.count for one in told(group, [first], START)] == [1]
    (more,) = told(group, [second], START + 9 * S)
    assert (more.kind, more.count, more.further) == (NoticeKind.PRESSED, 1, True)


def test_each_level_hears_of_what_stands_with_it() -> None:
    line = {**SITE_ONLY, "name": "line", "unit": f"site/line{FIRST_LINE}"}
    group = world.grouping(world.settings(SITE_ONLY, line, wait_s=0))
    edge = world.raised(TREE, FIRST_LINE, START)
    up = world.climbed(TREE, edge, START + 900 * S)
    heard = [(one.receiver, str(one.kind)) for one in told(group, [edge], START)]
    heard += [(one.receiver, str(one.kind)) for one in told(group, [up], START + 900 * S)]
    ended = world.recovered(up, START + 950 * S)
    heard += [(one.receiver, str(one.kind)) for one in told(group, [ended], START + 950 * S)]
    assert heard[:2] == [("line", "raised"), ("site", "climbed")]
    assert sorted(heard[2:]) == [("line", "recovered"), ("site", "recovered")]


def test_a_decision_is_told_to_whom_it_is_addressed() -> None:
    route = {**SITE_ONLY, "name": "line", "unit": f"site/line{FIRST_LINE + 1}"}
    group = world.grouping(world.settings(route, wait_s=0))
    edge = world.raised(TREE, ROOT, START)
    (notice,) = told(group, [world.decided(edge, START, FIRST_LINE + 1)], START)
    assert (notice.kind, notice.members[0].text) == (NoticeKind.DECIDED, "Run at half load.")


def test_what_needs_no_telling_is_not_told() -> None:
    group = world.grouping(world.settings(ALL, wait_s=0))
    edge = world.raised(TREE, FIRST_LINE, START)
    assert told(group, [world.acknowledged(edge, START)], START) == []


def test_a_whole_route_may_gather_in_one() -> None:
    group = world.grouping(world.settings({**ALL, "group_by": "route"}))
    edges = [world.raised(TREE, FIRST_LINE + n, START) for n in range(300)]
    told(group, edges, START)
    assert [one.count for one in told(group, [], START + 5 * S)] == [300]


def test_a_full_queue_grows_its_newest_notice_under_its_own_id() -> None:
    group = world.grouping(world.settings(ALL, wait_s=0))
    one, other = (
        told(group, [world.raised(TREE, FIRST_LINE + n, START, priority=2 - n)], START)[0] for n in (0, 1)
    )
    both = merged(one, other)
    assert (both.id, both.count, both.priority, len(both.members)) == (one.id, 2, 1, 2)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 5), st.integers(1, 3), st.integers(0, 400), st.booleans()),
        max_size=40,
    ),
    st.integers(1, 40),
)
def test_every_alert_is_told_once_each_kind_and_a_restart_changes_nothing(
    steps: list[tuple[int, int, int, bool]], cut: int
) -> None:
    made = world.settings({**ALL, "priority_max": 3})
    plain, restarted = world.grouping(made), world.grouping(made)
    now, first, second, meant = START, [], [], []
    for number, (line, priority, pause, up) in enumerate(steps):
        now += pause * S
        edge = world.raised(TREE, FIRST_LINE + line, now, priority=priority, alert_id=f"a{number}")
        edges = [edge, world.climbed(TREE, edge, now + 900 * S)] if up else [edge]
        meant += [(e.verb, e.alert.id) for e in edges]
        first += told(plain, edges, now)
        if number == cut:
            blob = restarted.dump()
            restarted = world.grouping(made)
            restarted.load(blob)
            assert restarted.dump() == blob
        second += told(restarted, edges, now)
    for late in range(1, 4):
        first += told(plain, [], now + late * 1_000 * S)
        second += told(restarted, [], now + late * 1_000 * S)
    assert first == second
    assert len({one.id for one in first}) == len(first)
    listed = [(m.verb, m.alert_id) for one in first for m in one.members]
    assert sum(one.count for one in first) == len(meant)
    assert len(set(listed)) == len(listed)
    assert set(listed) <= set(meant)
    if all(one.count <= FURTHER_LISTED for one in first):
        assert sorted(listed) == sorted(meant)


def test_a_flood_counts_all_and_lists_some() -> None:
    group = world.grouping(world.settings(ALL, wait_s=0))
    for n in range(200):
        told(group, [world.raised(TREE, FIRST_LINE, START + n * S, priority=2)], START + n * S)
    (rest,) = told(group, [], START + 901 * S)
    assert (rest.count, len(rest.members)) == (199, FURTHER_LISTED)
