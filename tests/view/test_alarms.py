"""The screens hear of a flood while it is on, at the position where it is, and of nobody else's."""

from __future__ import annotations

from msgspec.structs import replace

from opsroom.figures.gather import EdgeAlert
from opsroom.model import Alert, Annunciation, ChangeKind, Outcome, Priority
from opsroom.settings import FiguresSection
from opsroom.view.alarms import Floods
from tests.figures.golden import BRANCH, DAY, HOUR, MINUTE, PLANT, T0, S, month

NOON = T0 + 3 * DAY + 12 * HOUR


def at(floods: Floods, unit_id: int, now: int) -> tuple[bool, int]:
    floods.settle(now)
    told = floods.at(unit_id)
    return told["on"], told["raises_10min"]


def test_the_flood_of_the_golden_month_is_told_while_it_is_on() -> None:
    floods = Floods(FiguresSection())
    before: dict[str, EdgeAlert] = {}
    told = {}
    clock = [NOON + 30 * n * S + 1 for n in range(31)]
    for edge in month():
        while clock and clock[0] < edge.at:
            now = clock.pop(0)
            told[now - NOON - 1] = at(floods, PLANT, now)
        floods.take(edge, before.get(edge.alert.id))  # type: ignore[arg-type]
        before[edge.alert.id] = edge.alert
    assert told[240 * S] == (False, 9)
    assert told[270 * S] == (True, 10)
    assert told[420 * S] == (True, 15)
    assert told[870 * S] == (True, 5)
    assert told[900 * S] == (False, 4)
    assert [on for on, _ in told.values()].count(True) == 21  # 12:04:30 up to 12:14:30
    assert at(floods, BRANCH, NOON + 30 * DAY) == (False, 0)


def test_a_climb_counts_at_the_level_it_reaches() -> None:
    floods = Floods(FiguresSection())
    before: dict[str, EdgeAlert] = {}
    for edge in month():
        if edge.alert.id == "climber" and edge.at <= T0 + 8 * DAY + HOUR:
            floods.take(edge, before.get(edge.alert.id))  # type: ignore[arg-type]
            before[edge.alert.id] = edge.alert
    now = T0 + 8 * DAY + HOUR + MINUTE
    assert (at(floods, BRANCH, now), at(floods, PLANT, now)) == ((False, 1), (False, 0))
    assert not floods.settle(now)
    assert floods.settle(now + 10 * MINUTE)


def test_a_restarted_room_still_knows_the_flood() -> None:
    one = Alert(
        id="a",
        root_id=1,
        series_id=1,
        unit_id=PLANT,
        kind=ChangeKind.STEP,
        priority=Priority.WATCH,
        raised=NOON,
        onset=None,
        active=True,
        unacked=True,
        level=0,
        deadline=None,
        outcome=Outcome.OPEN,
        annunciations=(Annunciation(level=0, unit_id=PLANT, at=NOON, deadline=None),),
    )
    standing = [
        replace(
            one,
            id=f"a-{n}",
            annunciations=(Annunciation(level=0, unit_id=PLANT, at=NOON - n * MINUTE, deadline=None),),
        )
        for n in range(20)
    ]
    floods = Floods(FiguresSection())
    floods.recall(standing, NOON)
    assert at(floods, PLANT, NOON) == (True, 10)
