"""The read model.

What each seat is shown, and that changes since any revision give the same picture as a snapshot.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsroom.alarm import AlarmClass, Cause
from opsroom.errors import NotFound
from opsroom.model import Role
from opsroom.records import CauseSet, ClassSet, SeriesSet, UnitSet
from opsroom.seats import Seat
from opsroom.view import Subscription
from tests.api.small_room import (
    BRANCH,
    BRANCH_STOCK,
    HEAT,
    MILL,
    OTHER_OUTPUT,
    OUTPUT,
    PRESS,
    ROOT,
    START,
    S,
    SmallRoom,
    unit,
)

TOP, AT_BRANCH = Seat(1, "ada", Role.COUNCIL, ROOT), Seat(2, "ben", Role.OPERATOR, BRANCH)
AT_MILL, WATCHER = Seat(3, "cem", Role.OPERATOR, MILL), Seat(4, "dan", Role.OBSERVER, MILL)


def told(story: Callable[[SmallRoom], Awaitable[None]]) -> None:
    async def inner() -> None:
        await story(SmallRoom())

    asyncio.run(inner())


def shot(room: SmallRoom, seat: Seat, unit_id: int | None = None) -> dict[str, Any]:
    subscription = room.view.subscribe(seat, unit_id)
    try:
        frame: dict[str, Any] = json.loads(subscription.snapshot())
        return frame
    finally:
        subscription.close()


async def next_frame(subscription: Subscription) -> dict[str, Any]:
    frame: dict[str, Any] = json.loads(await subscription.changes())
    return frame


def test_a_snapshot_names_everything_the_screen_shows() -> None:
    async def story(room: SmallRoom) -> None:
        room.reading(OUTPUT, START, 90.0)
        room.reading(HEAT, START, 20.0)
        frame = shot(room, AT_MILL)
        seat = {"person": "cem", "role": "operator", "seat_id": 3}
        assert frame["me"] == {**seat, "unit": "energy/mill", "unit_id": MILL}
        assert (frame["boot"], frame["now"]) == ("boot-1", START // 1000)
        assert [a["path"] for a in frame["ancestors"]] == ["", "energy"]
        by_name = {s["name"]: s for s in frame["series"]}
        assert by_name["output"]["productivity"] == 0.9
        assert by_name["output"]["latency"] == 0.8
        assert by_name["output"]["performance"] == 0.72
        assert by_name["heat"]["productivity"] is None
        assert by_name["heat"]["trail"] == [[START // 1000, 20.0]]
        assert by_name["heat"]["grey_s"] == 180.0
        assert frame["unit"]["productivity"] == 0.9

    told(story)


def test_a_level_above_sees_aggregates_and_no_series() -> None:
    async def story(room: SmallRoom) -> None:
        room.reading(OUTPUT, START, 90.0)
        room.reading(OTHER_OUTPUT, START, 50.0)
        frame = shot(room, AT_BRANCH)
        assert [s["name"] for s in frame["series"]] == ["stock"]
        assert {c["name"]: c["productivity"] for c in frame["children"]} == {"mill": 0.9, "press": 0.5}
        assert frame["unit"]["productivity"] == 0.7
        top = shot(room, TOP, MILL)
        assert top["unit"]["path"] == "energy/mill"
        assert top["series"] == []

    told(story)


def test_old_and_bad_values_leave_the_aggregate() -> None:
    async def story(room: SmallRoom) -> None:
        room.reading(OUTPUT, START, 90.0)
        room.reading(OTHER_OUTPUT, START, 50.0, quality=0)
        assert shot(room, AT_BRANCH)["unit"]["productivity"] == 0.9
        room.view.now(START + 181 * S)
        room.view.apply(room.view.at, [])
        room.view._totals_at = float("-inf")
        unit_view = shot(room, AT_BRANCH)["unit"]
        assert unit_view["productivity"] is None
        assert unit_view["silent"] == 3

    told(story)


def test_an_alert_is_seen_where_it_has_stood_and_brings_its_series() -> None:
    async def story(room: SmallRoom) -> None:
        alert_id = room.raise_alert(OUTPUT)
        for seat, sees in ((TOP, False), (AT_BRANCH, False), (AT_MILL, True)):
            frame = shot(room, seat)
            assert [a["id"] for a in frame["alerts"]] == [alert_id] * sees
            assert sum(frame["lamps"]) == sees
        branch = shot(room, AT_BRANCH)
        mill_seen_from_above = next(c for c in branch["children"] if c["name"] == "mill")
        assert (mill_seen_from_above["open"], mill_seen_from_above["worst"]) == (1, None)
        room.climb()
        frame = shot(room, AT_BRANCH)
        assert [s["path"] for s in frame["series"]] == ["energy/mill/output", "energy/stock"]
        alert = frame["alerts"][0]
        assert (alert["own"], alert["may_acknowledge"], alert["may_note"]) == (False, True, False)
        assert (alert["standing"], alert["next"], alert["level"]) == ("energy", "", 1)
        assert [level["unit"] for level in alert["levels"]] == ["energy/mill", "energy"]
        below = shot(room, AT_MILL)["alerts"][0]
        assert (below["own"], below["may_acknowledge"], below["may_note"]) == (True, False, True)
        assert not shot(room, WATCHER)["alerts"][0]["may_note"]
        assert shot(room, TOP)["alerts"] == []

    told(story)


def test_an_alert_says_how_long_it_gathers_others_and_what_stands_for_it() -> None:
    async def story(room: SmallRoom) -> None:
        room.agreed.take(CauseSet(Cause(series_id=HEAT, causes=(OUTPUT,), reason="no steam, no heat")))
        first, second = room.raise_alert(OUTPUT), room.raise_alert(HEAT)
        shown = {a["id"]: a for a in shot(room, AT_MILL)["alerts"]}
        periods_ms = 3 * 60_000
        assert [a["gathers_until"] - a["raised"] for a in shown.values()] == [periods_ms, periods_ms]
        assert (shown[first]["cause"], shown[second]["cause"]) == (None, first)

    told(story)


def test_an_alert_of_a_class_says_whether_acknowledging_asks_for_a_note() -> None:
    async def story(room: SmallRoom) -> None:
        room.raise_alert(OUTPUT)
        assert not shot(room, AT_MILL)["alerts"][0]["note_required"]
        room.agreed.take(ClassSet(AlarmClass(name="anomaly", note_required=True)))
        assert shot(room, AT_MILL)["alerts"][0]["note_required"]

    told(story)

    told(story)


@pytest.mark.parametrize("unit_id", [PRESS, ROOT, BRANCH, 99])
def test_nobody_looks_beside_or_above(unit_id: int) -> None:
    async def story(room: SmallRoom) -> None:
        with pytest.raises(NotFound):
            room.view.subscribe(AT_MILL, unit_id)

    told(story)


def test_wanted_series_are_given_only_where_they_may_be_read() -> None:
    async def story(room: SmallRoom) -> None:
        subscription = room.view.subscribe(AT_BRANCH, None, [OUTPUT, BRANCH_STOCK, 99])
        assert [int(one) for one in room.view.board.id[subscription.slots]] == [BRANCH_STOCK]
        assert set(room.view.watched().tolist()) == {BRANCH_STOCK}
        subscription.close()
        assert room.view.watched().tolist() == []

    told(story)


def test_changes_bring_the_latest_value_and_every_point_wanted() -> None:
    async def story(room: SmallRoom) -> None:
        subscription = room.view.subscribe(AT_MILL, None, [HEAT])
        first = json.loads(subscription.snapshot())
        for n in range(5):
            room.reading(HEAT, START + n * S, 20.0 + n)
            room.reading(OUTPUT, START + n * S, 90.0)
        frame = await next_frame(subscription)
        at = START // 1000
        assert (frame["type"], frame["from"], frame["to"]) == (
            "changes",
            first["revision"],
            room.view.revision,
        )
        assert frame["values"][str(HEAT)][:5] == [at + 4000, 24.0, None, None, 192]
        assert frame["trails"] == {str(HEAT): [[at + 1000 * n, 20.0 + n] for n in range(5)]}
        subscription.close()

    told(story)


def test_values_come_at_most_four_times_a_second_and_alerts_at_once(slack: float) -> None:
    async def story(room: SmallRoom) -> None:
        subscription = room.view.subscribe(AT_MILL)
        subscription.snapshot()
        clock = asyncio.get_running_loop().time
        begun, n = clock(), 0

        async def feed() -> None:
            for step in range(60):
                room.reading(HEAT, START + step * S, step)
                await asyncio.sleep(0.01)

        async with asyncio.TaskGroup() as group:
            feeding = group.create_task(feed())
            while not feeding.done():
                await next_frame(subscription)
                n += 1
        assert n <= 4 * (clock() - begun) + 1
        await asyncio.sleep(0.06)
        begun = clock()
        waiting = asyncio.timeout(1)
        async with waiting, asyncio.TaskGroup() as group:
            frame = group.create_task(next_frame(subscription))
            await asyncio.sleep(0)
            room.raise_alert(HEAT)
        assert len(frame.result()["alerts"]) == 1
        assert clock() - begun < 0.15 * slack
        subscription.close()

    told(story)


def test_viewers_of_one_scope_share_one_encoding() -> None:
    async def story(room: SmallRoom) -> None:
        viewers = [room.view.subscribe(AT_MILL) for _ in range(5)]
        for viewer in viewers:
            viewer.snapshot()
        room.reading(HEAT, START, 20.0)
        frames = await asyncio.gather(*(viewer.changes() for viewer in viewers))
        assert len(set(frames)) == 1
        assert len(viewers[0].scope._frames) == 1
        for viewer in viewers:
            viewer.close()

    told(story)


def test_presence_is_told() -> None:
    async def story(room: SmallRoom) -> None:
        room.view.take_seats([TOP, AT_MILL, WATCHER])
        first = room.view.subscribe(AT_MILL)
        chairs = json.loads(first.snapshot())["seats"]
        assert [(c["person"], c["present"]) for c in chairs] == [("cem", True), ("dan", False)]
        second = room.view.subscribe(WATCHER)
        assert [c["present"] for c in (await next_frame(first))["seats"]] == [True, True]
        second.close()
        second.close()
        assert [c["present"] for c in (await next_frame(first))["seats"]] == [True, False]
        first.close()

    told(story)


def test_an_altered_tree_is_a_new_snapshot_and_a_new_series_is_not() -> None:
    async def story(room: SmallRoom) -> None:
        subscription = room.view.subscribe(AT_MILL)
        subscription.snapshot()
        series = [
            c for c in room.catalog.propose_series(MILL, "speed", "1/min", 1.0) if isinstance(c, SeriesSet)
        ]
        await room.change(list(series))
        frame = await next_frame(subscription)
        assert frame["type"] == "changes"
        assert [s["name"] for s in frame["series"]] == ["speed"]
        await room.change([UnitSet(unit(9, MILL, "energy/mill/line", "line", 3))])
        frame = await next_frame(subscription)
        assert frame["type"] == "snapshot"
        assert [c["name"] for c in frame["children"]] == ["line"]
        subscription.close()

    told(story)


def test_resuming_needs_the_same_run_and_a_tree_that_stayed() -> None:
    async def story(room: SmallRoom) -> None:
        subscription = room.view.subscribe(AT_MILL)
        revision = json.loads(subscription.snapshot())["revision"]
        subscription.close()
        room.reading(HEAT, START, 20.0)
        again = room.view.subscribe(AT_MILL)
        assert not again.resume(revision, "another run")
        assert not again.resume(room.view.revision + 1, "boot-1")
        assert again.resume(revision, "boot-1")
        frame = await next_frame(again)
        assert frame["from"] == revision
        assert frame["values"][str(HEAT)][1] == 20.0
        await room.change([UnitSet(unit(9, MILL, "energy/mill/line", "line", 3))])
        assert not again.resume(revision, "boot-1")
        again.close()

    told(story)


def test_a_unit_that_a_plant_proposed_is_on_screens_that_follow_too() -> None:
    """It stands in the tree before it is in the log, for as long as that takes nothing."""

    async def story(room: SmallRoom) -> None:
        subscription = room.view.subscribe(AT_MILL)
        subscription.snapshot()
        room.catalog.apply(UnitSet(unit(9, MILL, "energy/mill/line", "line", 3)))
        room.raise_alert(HEAT)
        frame = await next_frame(subscription)
        assert frame["type"] == "snapshot"
        assert [child["path"] for child in frame["children"]] == ["energy/mill/line"]
        subscription.close()

    told(story)


steps = st.lists(
    st.one_of(
        st.tuples(st.just("read"), st.sampled_from([OUTPUT, HEAT, BRANCH_STOCK]), st.floats(-9, 9)),
        st.tuples(
            st.sampled_from(["raise", "back", "climb", "look"]), st.sampled_from([OUTPUT, HEAT]), st.none()
        ),
    ),
    max_size=40,
)


@settings(max_examples=60, deadline=None)
@given(steps, st.sampled_from([TOP, AT_BRANCH, AT_MILL]), st.sampled_from([1, 500]))
def test_changes_add_up_to_the_snapshot(
    story: list[tuple[str, int, float | None]], seat: Seat, shown_max: int
) -> None:
    """Whatever happens and whenever a screen looks, folding its frames gives what a fresh snapshot shows."""

    async def inner() -> None:
        room = SmallRoom()
        room.view.alerts_shown_max = shown_max
        subscription = room.view.subscribe(seat)
        screen = Screen(json.loads(subscription.snapshot()))
        for n, (verb, series, value) in enumerate(story):
            if verb == "read":
                room.reading(series, room.view.at + n + 1, value or 0.0)
            elif verb == "raise" and room.book.active(series) is None:
                room.raise_alert(series)
            elif verb == "back" and room.book.active(series) is not None:
                room.back(series)
            elif verb == "climb" and room.book.next_deadline() is not None:
                room.climb()
            elif verb == "look":
                screen.take(await hurried(subscription))
        screen.take(await hurried(subscription))
        fresh = Screen(json.loads(subscription.snapshot()))
        assert screen.alerts == fresh.alerts
        assert screen.lamps == fresh.lamps
        assert len(screen.alerts) == min(screen.standing, shown_max)
        assert screen.values == fresh.values
        subscription.close()

    asyncio.run(inner())


async def hurried(subscription: Subscription) -> dict[str, Any]:
    subscription.hurry()
    return await next_frame(subscription)


class Screen:
    """What a page keeps of its frames."""

    def __init__(self, frame: dict[str, Any]) -> None:
        self.alerts = {alert["id"]: alert for alert in frame["alerts"]}
        self.values = {str(s["id"]): s["value"] for s in frame["series"]}
        self.lamps, self.standing = frame["lamps"], frame["standing"]

    def take(self, frame: dict[str, Any]) -> None:
        if frame["type"] == "snapshot":
            self.__init__(frame)  # type: ignore[misc]
            return
        self.alerts |= {alert["id"]: alert for alert in frame["alerts"]}
        for gone in frame["ended"]:
            self.alerts.pop(gone, None)
        self.values |= {str(s["id"]): s["value"] for s in frame.get("series", [])}
        self.values |= {key: row[1] for key, row in frame["values"].items()}
        for gone in frame.get("gone", []):
            self.values.pop(str(gone), None)
        self.lamps, self.standing = frame["lamps"], frame["standing"]
