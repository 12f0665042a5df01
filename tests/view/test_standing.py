"""The wall kept as alerts change is the wall made anew, however small the part of it that is shown."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from opsroom.model import Alert, Annunciation, ChangeKind, Outcome, Priority
from opsroom.view.standing import Standing, worst_first
from opsroom.view.window import GONE_KEPT, Window

SHOWN = 3
S = 1_000_000


def alert(number: int, priority: int, *, unit: int = 1, raised: int = 0, pressed: bool = False) -> Alert:
    return Alert(
        id=f"{number:x}-1",
        root_id=1,
        series_id=number,
        unit_id=unit,
        kind=ChangeKind.PRESS if pressed else ChangeKind.LIMIT,
        priority=Priority(priority),
        raised=raised,
        onset=None,
        active=True,
        unacked=True,
        level=0,
        deadline=None,
        outcome=Outcome.OPEN,
        annunciations=(Annunciation(level=0, unit_id=unit, at=raised, deadline=None),),
    )


def standing(alerts: list[Alert]) -> Standing:
    return Standing(
        alerts,
        shown_max=SHOWN,
        shows=lambda one: one.unit_id < 3,
        concerns=lambda one: one.unit_id == 1,
    )


moves = st.lists(
    st.tuples(
        st.integers(1, 12),
        st.sampled_from([1, 2, 3]),
        st.sampled_from([1, 2, 3]),
        st.integers(0, 30),
        st.booleans(),
        st.sampled_from(["put", "put", "seen", "off", "look"]),
    ),
    max_size=60,
)


@settings(max_examples=150, deadline=None)
@given(moves)
def test_kept_is_made_anew(story: list[tuple[int, int, int, int, bool, str]]) -> None:
    kept = standing([])
    held: dict[int, Alert] = {}
    shown: set[str] = set()
    seen = 0
    for revision, (number, priority, unit, at, pressed, verb) in enumerate(story, 1):
        before = held.get(number)
        if verb == "put":
            home = unit if before is None else before.unit_id
            held[number] = alert(number, priority, unit=home, raised=at * S, pressed=pressed)
            kept.take(held[number], on_wall=True)
        elif verb == "seen" and before is not None:
            held[number] = replace(before, unacked=False)
            kept.take(held[number], on_wall=True)
        elif verb == "off" and before is not None:
            kept.take(held.pop(number), on_wall=False)
        elif verb == "look":
            kept.lay_out(revision)
            shown -= set(kept.shown.gone_since(seen))
            shown |= {one for one, since in kept.shown.since.items() if since > seen}
            seen = revision
            fresh = standing(list(held.values()))
            fresh.lay_out(1)
            assert kept.all() == fresh.all()
            assert kept.shown_alerts() == fresh.shown_alerts()
            assert fresh.shown_alerts()[: SHOWN // 2] == fresh.all()[: SHOWN // 2]
            waits = [one for one in fresh.all() if one.unacked]
            assert all(one in fresh.shown_alerts() for one in waits[: SHOWN - SHOWN // 2])
            assert len(fresh.shown_alerts()) == min(SHOWN, len(fresh))
            assert (kept.lamps(), kept.worst) == (fresh.lamps(), fresh.worst)
            assert shown == set(kept.shown.since)


def test_the_newest_press_nobody_saw_comes_first_and_a_seen_one_stays_before_the_rest() -> None:
    old, new = alert(1, 1, pressed=True), alert(2, 1, raised=9 * S, pressed=True)
    known, urgent = replace(alert(3, 1, raised=S, pressed=True), unacked=False), alert(4, 1)
    back = replace(alert(5, 1, pressed=True), active=False)
    assert sorted([back, urgent, known, old, new], key=worst_first) == [new, old, known, urgent, back]


def test_who_missed_more_than_is_remembered_is_told_so() -> None:
    window: Window[int] = Window()
    for n in range(GONE_KEPT + 2):
        window.move([n], n + 1)
    assert window.forgotten == 2
    assert window.gone_since(2) == list(range(GONE_KEPT, 0, -1))
