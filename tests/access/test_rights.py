"""Rule 9 as a table: role x unit x action, for an alert at the mill, the branch and the top."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsroom import rights
from opsroom.audit import Audit
from opsroom.model import Alert, Annunciation, ChangeKind, Outcome, Priority, Role
from opsroom.seats import Seat
from tests.api.small_room import BRANCH, BRANCH_STOCK, HEAT, MILL, OUTPUT, PRESS, ROOT, tree

TREE = tree()
LINE = (MILL, BRANCH, ROOT)


def alert(climbs: int) -> Alert:
    levels = tuple(
        Annunciation(level=n, unit_id=unit_id, at=n, deadline=n + 1)
        for n, unit_id in enumerate(LINE[: climbs + 1])
    )
    return Alert(
        id="1-1",
        root_id=1,
        series_id=OUTPUT,
        unit_id=MILL,
        kind=ChangeKind.STEP,
        priority=Priority.WATCH,
        raised=0,
        onset=None,
        active=True,
        unacked=True,
        level=climbs,
        deadline=climbs + 1,
        outcome=Outcome.OPEN,
        annunciations=levels,
    )


# climbs -> units whose seats see it, the unit whose operators acknowledge, whether the root's council decides
STANDS = {0: ({MILL}, MILL, False), 1: ({MILL, BRANCH}, BRANCH, False), 2: ({MILL, BRANCH, ROOT}, ROOT, True)}


@pytest.mark.parametrize("climbs", STANDS)
@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("unit_id", [ROOT, BRANCH, MILL, PRESS])
def test_table(climbs: int, role: Role, unit_id: int) -> None:
    sees, stands, decides = STANDS[climbs]
    seat, one = Seat(1, "ada", role, unit_id), alert(climbs)
    acts, council = role is not Role.OBSERVER, role in {Role.COUNCIL, Role.ADMIN}
    output, heat = TREE.series[OUTPUT], TREE.series[HEAT]
    assert rights.may_see(one, unit_id) == (unit_id in sees)
    assert rights.may_see_series(output, unit_id, [one]) == (unit_id in sees)
    assert rights.may_see_series(heat, unit_id, [one]) == (unit_id == MILL)
    assert rights.may_acknowledge(one, seat) == (acts and unit_id == stands)
    assert rights.may_note(one, seat) == (acts and unit_id == MILL)
    assert rights.may_decide(one, seat, TREE) == (council and decides and unit_id == ROOT)
    assert rights.may_press(output, seat) == (acts and unit_id == MILL)
    assert not rights.may_press(heat, seat)
    assert rights.may_rebase(output, seat, TREE) == (council and unit_id == BRANCH)
    at_or_above = unit_id in {MILL, BRANCH, ROOT}
    assert rights.may_adopt(output, seat, TREE) == (
        (council and unit_id == MILL) or (role is Role.ADMIN and at_or_above)
    )


@pytest.mark.parametrize(
    ("unit_id", "open_to"), [(ROOT, {ROOT}), (BRANCH, {ROOT, BRANCH}), (MILL, {ROOT, BRANCH, MILL})]
)
def test_aggregates_are_open_to_the_unit_and_all_above(unit_id: int, open_to: set[int]) -> None:
    assert {seat for seat in TREE.units if rights.may_see_unit(unit_id, seat, TREE)} == open_to


def test_the_root_confirms_its_own_capability() -> None:
    series = TREE.series[BRANCH_STOCK]
    at_root = Seat(1, "ada", Role.COUNCIL, ROOT)
    assert rights.may_rebase(series, at_root, TREE)


@given(st.sampled_from(list(Role)), st.sampled_from([ROOT, BRANCH, MILL, PRESS]), st.integers(0, 2))
def test_who_may_act_on_an_alert_sees_it(role: Role, unit_id: int, climbs: int) -> None:
    seat, one = Seat(1, "ada", role, unit_id), alert(climbs)
    if rights.may_acknowledge(one, seat) or rights.may_note(one, seat) or rights.may_decide(one, seat, TREE):
        assert rights.may_see(one, unit_id)


units = st.sampled_from([ROOT, BRANCH, MILL, PRESS])


@given(
    units,
    units,
    st.sampled_from([0, OUTPUT, HEAT, BRANCH_STOCK]),
    st.integers(0, 2),
    st.sampled_from(list(Role)),
)
def test_an_audit_opens_what_it_covers_and_lets_nobody_act(
    by: int, of: int, series_id: int, climbs: int, role: Role
) -> None:
    audit = Audit(
        id="a1",
        root_id=1,
        by_unit=by,
        unit_id=of,
        series_id=series_id,
        person="ada",
        seat_id=1,
        reason="sample",
        declared=0,
        until=9,
    )
    one, seat = alert(climbs), Seat(1, "ada", role, by)
    covered = of == MILL and series_id in {0, OUTPUT}
    assert rights.may_see(one, by, [audit]) == (rights.may_see(one, by) or covered)
    for series in TREE.series.values():
        alone = rights.may_see_series(series, by, [one])
        opened = series.unit_id == of and series_id in {0, series.id}
        assert rights.may_see_series(series, by, [one], [audit]) == (alone or opened)
    if not rights.concerns(one, by):
        acts = (
            rights.may_acknowledge,
            rights.may_note,
            rights.may_judge,
            rights.may_silence,
            rights.may_release,
        )
        assert not any(act(one, seat) for act in acts)
    assert rights.may_audit(of, seat, TREE) == (
        role in {Role.COUNCIL, Role.ADMIN} and of != by and TREE.contains(by, of)
    )
    assert [unit_id for unit_id in TREE.units if rights.knows_audit(audit, unit_id)] == sorted({by, of})
