"""What unit and parent agree: both sign, versions stand, no running deadline moves, a restart is equal."""

from __future__ import annotations

import contextlib
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given

from opsroom.agreement import ENDED_KEPT, VERSIONS_KEPT
from opsroom.errors import AccessDenied, Conflict, Invalid, OpsroomError
from opsroom.records import ConfirmTerms, DeclineTerms, Press, ProposeTerms
from tests.alert.room import (
    BRANCH,
    CASH,
    ENTERPRISE,
    MIN,
    OUTPUT,
    PLANT,
    ROOT,
    SCRAP,
    T0,
    TEMPERATURE,
    Room,
    finding,
)

NAMES = {PLANT: "Ana", ENTERPRISE: "Ben", BRANCH: "Cai", ROOT: "Dora"}


def proposal(unit_id: int = PLANT, series_id: int = OUTPUT, **more: Any) -> ProposeTerms:
    usual: dict[str, Any] = {"recovery_s": (300.0, 900.0), "essential": True, "version": 1, "note": "slower"}
    return ProposeTerms(
        series_id=series_id, unit_id=unit_id, person=NAMES[unit_id], seat_id=unit_id, **(usual | more)
    )


def confirmation(unit_id: int = ENTERPRISE, series_id: int = OUTPUT, number: int = 1) -> ConfirmTerms:
    return ConfirmTerms(
        series_id=series_id, proposal=number, unit_id=unit_id, person=NAMES[unit_id], seat_id=unit_id
    )


def refusal(
    unit_id: int = ENTERPRISE, series_id: int = OUTPUT, number: int = 1, reason: str = ""
) -> DeclineTerms:
    return DeclineTerms(
        series_id=series_id, proposal=number, reason=reason, unit_id=unit_id, person=NAMES[unit_id]
    )


def test_a_proposal_alone_changes_nothing_and_both_names_stand_once_it_is_confirmed(room: Room) -> None:
    room.act(T0, proposal())
    assert room.book.agreed.as_agreed(room.catalog.series[OUTPUT]) == room.catalog.series[OUTPUT]
    assert room.book.agreed.waiting(room.catalog) == {ENTERPRISE: 1}
    room.act(T0 + MIN, confirmation())
    accord = room.book.agreed.accords[OUTPUT]
    made = accord.versions[0]
    assert (made.version, made.proposed.person, made.confirmed.person) == (2, "Ana", "Ben")
    assert (made.proposed.at, made.confirmed.at, made.note) == (T0, T0 + MIN, "slower")
    assert (accord.proposal, room.book.agreed.waiting(room.catalog)) == (None, {})
    assert room.raised(T0 + MIN).deadline == T0 + 6 * MIN


def test_the_parent_proposes_as_well(room: Room) -> None:
    room.act(T0, proposal(ENTERPRISE))
    assert room.book.agreed.waiting(room.catalog) == {PLANT: 1}
    room.act(T0, confirmation(PLANT))
    assert room.book.agreed.accords[OUTPUT].version == 2


def test_no_running_deadline_moves_and_the_next_level_counts_by_the_new_terms(room: Room) -> None:
    alert = room.raised(T0)
    room.act(T0 + MIN, proposal())
    room.act(T0 + 2 * MIN, confirmation())
    assert room.now_of(alert).deadline == alert.deadline == T0 + 10 * MIN
    room.wait(T0 + 10 * MIN)
    climbed = room.now_of(alert)
    assert (climbed.level, climbed.deadline) == (1, T0 + 25 * MIN)
    room.find(T0 + 20 * MIN, finding("back"))
    later = T0 + 90 * MIN  # beyond any reopening
    assert room.raised(later).deadline == later + 5 * MIN


def test_a_reopening_goes_by_the_terms_of_its_own_time(room: Room) -> None:
    """Shorter terms agreed meanwhile would else give the same trouble a new clock."""
    alert = room.raised(T0)
    room.find(T0 + MIN, finding("back"))
    room.act(T0 + 2 * MIN, proposal(recovery_s=(60.0,)))
    room.act(T0 + 2 * MIN, confirmation())
    room.find(T0 + 8 * MIN, finding())
    assert room.now_of(alert).deadline == T0 + 10 * MIN
    assert room.verbs().count("raised") == 1


def test_essential_is_agreed_and_only_then_pressed(room: Room) -> None:
    press = Press(series_id=SCRAP, unit_id=PLANT, person="Ana", seat_id=PLANT)
    with pytest.raises(Invalid):
        room.act(T0, press)
    room.act(T0, proposal(series_id=SCRAP))
    with pytest.raises(Invalid):
        room.act(T0, press)
    room.act(T0, confirmation(series_id=SCRAP))
    assert room.act(T0, press)[-1].verb == "pressed"


def test_at_the_top_there_is_no_other_side(room: Room) -> None:
    room.act(T0, proposal(ROOT, CASH, essential=False))
    made = room.book.agreed.accords[CASH].versions[0]
    assert made.proposed == made.confirmed


def test_a_counterproposal_takes_the_place_and_waits_for_the_first(room: Room) -> None:
    room.act(T0, proposal())
    with pytest.raises(Conflict) as unseen:
        room.act(T0, proposal(ENTERPRISE, recovery_s=(450.0,)))
    assert unseen.value.code == "agreement_stale"
    room.act(T0, proposal(ENTERPRISE, recovery_s=(450.0,), answers=1))
    accord = room.book.agreed.accords[OUTPUT]
    assert accord.proposal is not None
    assert (accord.proposal.number, accord.proposal.side) == (2, "parent")
    assert [(one.proposal.number, one.how) for one in accord.ended] == [(1, "replaced")]
    with pytest.raises(Conflict):
        room.act(T0, confirmation(PLANT, number=1))
    room.act(T0, confirmation(PLANT, number=2))
    assert room.book.agreed.accords[OUTPUT].versions[0].terms.recovery_s == (450.0,)


def test_declining_needs_a_reason_and_withdrawing_none(room: Room) -> None:
    room.act(T0, proposal())
    with pytest.raises(Invalid) as bare:
        room.act(T0, refusal())
    assert bare.value.code == "note_required"
    room.act(T0, refusal(reason="too long for the boiler"))
    room.act(T0, proposal())
    room.act(T0, refusal(PLANT, number=2))
    ended = room.book.agreed.accords[OUTPUT].ended
    assert [(one.how, one.by.person, one.reason) for one in ended] == [
        ("declined", "Ben", "too long for the boiler"),
        ("withdrawn", "Ana", ""),
    ]
    assert room.book.agreed.accords[OUTPUT].version == 1


@pytest.mark.parametrize(
    ("act", "kind", "code"),
    [
        (proposal(BRANCH), AccessDenied, "agreement_not_yours"),
        (confirmation(ROOT), AccessDenied, "agreement_not_yours"),
        (confirmation(PLANT), AccessDenied, "agreement_own"),
        (confirmation(number=2), Conflict, "agreement_stale"),
        (confirmation(series_id=SCRAP), Conflict, "nothing_proposed"),
        (refusal(series_id=SCRAP, reason="no"), Conflict, "nothing_proposed"),
        (proposal(version=2, answers=1), Conflict, "agreement_stale"),
        (proposal(series_id=TEMPERATURE), Invalid, "essential_plain"),
        (
            proposal(series_id=TEMPERATURE, recovery_s=(), essential=False),
            Invalid,
            "agreement_unchanged",
        ),
    ],
)
def test_what_does_not_fit_is_refused_by_name(
    room: Room, act: Any, kind: type[OpsroomError], code: str
) -> None:
    room.act(T0, proposal())
    before = dict(room.book.agreed.accords)
    with pytest.raises(kind) as refused:
        room.act(T0, act)
    assert refused.value.code == code
    assert room.book.agreed.accords == before


units = st.sampled_from((PLANT, PLANT, ENTERPRISE, ENTERPRISE, BRANCH))
numbers = st.integers(1, 6)
acts = st.one_of(
    st.builds(
        proposal,
        units,
        version=numbers,
        answers=st.integers(0, 6),
        recovery_s=st.sampled_from(((60.0,), (300.0,), (300.0, 900.0))),
        essential=st.booleans(),
    ),
    st.builds(confirmation, units, number=numbers),
    st.builds(refusal, units, number=numbers, reason=st.sampled_from(("", "no"))),
)


@given(st.lists(acts, max_size=60))
def test_whatever_is_said_versions_only_grow_by_both_and_open_clocks_keep(said: list[Any]) -> None:
    room = Room()
    deadline = room.raised(T0).deadline
    version = 1
    for act in said:
        before = room.book.agreed.accords.get(OUTPUT)
        with contextlib.suppress(OpsroomError):
            room.act(T0, act)
        accord = room.book.agreed.accords.get(OUTPUT)
        assert [alert.deadline for alert in room.book.open.values()] == [deadline]
        if accord is None:
            continue
        if accord.version != version:
            made, version = accord.versions[-1], accord.version
            assert before is not None
            assert made.version == before.version + 1
            assert {made.proposed.unit_id, made.confirmed.unit_id} == {PLANT, ENTERPRISE}
        assert len(accord.versions) <= VERSIONS_KEPT
        assert len(accord.ended) <= ENDED_KEPT
    kept = dict(room.book.agreed.accords)
    room.restart()
    assert room.book.agreed.accords == kept
