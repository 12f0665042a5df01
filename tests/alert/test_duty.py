"""Holes of a rota are found where nobody is called, and nowhere else; what misleads is named."""

from __future__ import annotations

import itertools

import hypothesis.strategies as st
from hypothesis import given

from opsroom.alarm import Override, Rota
from opsroom.duty import cautions, holes
from opsroom.model import Role
from opsroom.seats import Seat

UNIT = 4
ANA, BEN, EVE = (
    Seat(1, "Ana", Role.OPERATOR, UNIT),
    Seat(2, "Ben", Role.COUNCIL, UNIT),
    Seat(3, "Eve", Role.OBSERVER, UNIT),
)
AWAY = Seat(9, "Zoe", Role.OPERATOR, UNIT + 1)
SEATS = (ANA, BEN, EVE, AWAY)
HOUR = 3_600_000_000


def away(seat_id: int, start: int, end: int, instead: int = 0) -> Override:
    return Override(seat_id=seat_id, instead=instead, start=start * HOUR, end=end * HOUR)


def rota(*overrides: Override, steps: tuple[tuple[int, ...], ...] = ((1,), (2,))) -> Rota:
    return Rota(unit_id=UNIT, steps=steps, overrides=overrides)


def test_the_night_in_which_nobody_is_called_is_one_hole() -> None:
    found = holes(rota(away(1, 1, 6), away(2, 2, 6)), SEATS, 0, 24 * HOUR)
    assert [(h.start // HOUR, h.end // HOUR, h.steps, h.whole) for h in found] == [
        (1, 2, (0,), False),
        (2, 6, (0, 1), True),
    ]


def test_a_seat_that_is_gone_or_only_watches_leaves_a_hole_for_good() -> None:
    plan = rota(steps=((7,), (3,)))
    assert [h.whole for h in holes(plan, SEATS, 0, HOUR)] == [True]
    assert [one.says for one in cautions(plan, SEATS, 0)] == ["seat_watches", "seat_gone"]


def test_stand_ins_that_overlap_or_are_away_themselves_are_named() -> None:
    plan = rota(away(1, 1, 5, instead=2), away(1, 4, 6), away(2, 3, 4, instead=1))
    found = [(one.says, one.params.get("person")) for one in cautions(plan, SEATS, 0)]
    assert found == [
        ("away", "Ben"),
        ("overlap", "Ana"),
        ("away", "Ana"),
    ]
    assert cautions(plan, SEATS, 7 * HOUR) == []


overrides = st.builds(
    away,
    st.sampled_from((1, 2)),
    start=st.integers(0, 20),
    end=st.integers(0, 24),
    instead=st.sampled_from((0, 1, 2, 3)),
).filter(lambda one: one.start < one.end)


@given(st.lists(overrides, max_size=8), st.integers(1, 6))
def test_a_hole_is_where_the_rota_calls_nobody_able_whoever_has_the_turn(
    made: list[Override], turn_h: int
) -> None:
    plan = Rota(unit_id=UNIT, steps=((1,), (2, 1)), turn_s=3600.0 * turn_h, overrides=tuple(made))
    found = holes(plan, SEATS, 0, 24 * HOUR)
    for hour in range(24):
        at = hour * HOUR + HOUR // 2
        called = {seat for step in range(2) for seat in plan.seats(step, at)} - {EVE.id}
        assert any(h.whole and h.start <= at < h.end for h in found) == (not called)
    assert all(one.end <= other.start for one, other in itertools.pairwise(found))
