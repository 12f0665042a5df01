"""People's verdicts: one a person, within bounds, only on what a calibrated detector opened."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from opsroom.alert import budget
from opsroom.errors import AccessDenied, NotFound
from opsroom.model import Alert, Judgement, Series
from opsroom.records import Acknowledge, Judge, Press
from tests.alert.room import BRANCH, HOUR, OUTPUT, PLANT, ROOT, T0, TEMPERATURE, Room, finding

USUAL = 0.1


def judge(
    room: Room, alert: Alert, useful: bool, seat: int = 1, unit_id: int = PLANT, at: int = T0
) -> list[str]:
    act = Judge(alert_id=alert.id, useful=useful, person=f"seat-{seat}", seat_id=seat, unit_id=unit_id)
    return [edge.verb for edge in room.act(at, act)]


def per_week(room: Room, series_id: int = TEMPERATURE) -> float:
    return room.book.budget(room.catalog.series[series_id], room.settings.budget_per_week).per_week


def raised_and_over(room: Room, at: int, useful: bool | None = None) -> Alert:
    """Raise an alert, judge it where asked, let it recover and be seen."""
    alert = room.raised(at, TEMPERATURE)
    if useful is not None:
        judge(room, alert, useful, at=at)
    room.find(at + 1, finding("back", TEMPERATURE))
    room.act(at + 2, Acknowledge(alert_id=alert.id, unit_id=PLANT, person="seat-1", seat_id=1, key=str(at)))
    return alert


def test_a_useless_alert_halves_the_budget_and_a_useful_one_raises_it_by_a_quarter(room: Room) -> None:
    raised_and_over(room, T0, useful=False)
    assert per_week(room) == pytest.approx(USUAL / 2)
    raised_and_over(room, T0 + HOUR, useful=True)
    assert per_week(room) == pytest.approx(USUAL / 2 * 1.25)


def test_the_edge_says_who_when_what_and_how_the_budget_moved(room: Room) -> None:
    alert = room.raised(T0, TEMPERATURE)
    judge(room, alert, useful=False, at=T0 + 5)
    edge = room.journal[-1]
    assert (edge.verb, edge.actor, edge.at) == ("judged", "seat-1", T0 + 5)
    assert edge.params == {"useful": False, "before": USUAL, "budget": USUAL / 2}
    assert replace(edge.alert, judgements=()) == alert, "nothing else of the alert moves"


def test_a_person_may_change_their_mind_and_the_last_word_counts(room: Room) -> None:
    alert = room.raised(T0, TEMPERATURE)
    assert judge(room, alert, useful=False) == ["judged"]
    assert judge(room, alert, useful=False) == [], "said again changes nothing"
    assert judge(room, alert, useful=True) == ["judged"]
    assert [said.useful for said in room.now_of(alert).judgements] == [True]
    assert per_week(room) == pytest.approx(USUAL * 1.25)


def test_of_several_the_greater_number_counts_and_a_tie_counts_nothing(room: Room) -> None:
    alert = room.raised(T0, TEMPERATURE)
    judge(room, alert, useful=False, seat=1)
    judge(room, alert, useful=True, seat=2)
    assert per_week(room) == pytest.approx(USUAL)
    judge(room, alert, useful=False, seat=3)
    assert per_week(room) == pytest.approx(USUAL / 2), (
        "one alert moves the budget one step, however many say so"
    )


def test_an_alert_that_recovered_may_be_judged_until_the_next_one_is_raised(room: Room) -> None:
    first = raised_and_over(room, T0)
    assert judge(room, first, useful=False, at=T0 + 10) == ["judged"]
    assert per_week(room) == pytest.approx(USUAL / 2)
    room.raised(T0 + 2 * HOUR, TEMPERATURE)
    with pytest.raises(NotFound):
        judge(room, first, useful=True, at=T0 + 2 * HOUR)


def test_who_the_alert_does_not_concern_does_not_judge_it(room: Room) -> None:
    alert = room.raised(T0, TEMPERATURE)
    with pytest.raises(AccessDenied):
        judge(room, alert, useful=False, unit_id=BRANCH)


def test_limits_silence_and_presses_are_not_weakened(room: Room) -> None:
    limit = room.raised(T0, TEMPERATURE, detector="limit", rate_per_week=None)
    assert judge(room, limit, useful=False) == ["judged"]
    press = Press(series_id=OUTPUT, person="seat-1", seat_id=1, unit_id=PLANT)
    pressed = room.act(T0, press)[-1].alert
    assert judge(room, pressed, useful=False, unit_id=ROOT) == ["judged"]
    assert (per_week(room), per_week(room, OUTPUT)) == (USUAL, USUAL)


def test_the_budget_of_an_essential_indicator_never_falls_below_the_setting(room: Room) -> None:
    alert = room.raised(T0, OUTPUT)
    judge(room, alert, useful=False)
    assert per_week(room, OUTPUT) == USUAL
    judge(room, alert, useful=True)
    assert per_week(room, OUTPUT) == pytest.approx(USUAL * 1.25)


def test_the_next_alert_says_that_people_moved_the_budget(room: Room) -> None:
    first = raised_and_over(room, T0, useful=False)
    assert "why.budget" not in [sentence.code for sentence in first.explanation]
    second = room.raised(T0 + HOUR, TEMPERATURE)
    said = next(sentence for sentence in second.explanation if sentence.code == "why.budget")
    assert said.params == {"budget": USUAL / 2, "usual": USUAL, "useful": 0, "useless": 1}
    room.find(T0 + HOUR + 1, finding("back", TEMPERATURE))
    limit = room.raised(T0 + 3 * HOUR, TEMPERATURE, detector="limit", rate_per_week=None)
    assert "why.budget" not in [sentence.code for sentence in limit.explanation]


def test_a_restart_keeps_the_verdicts(room: Room) -> None:
    raised_and_over(room, T0, useful=False)
    before = room.book.budget(room.catalog.series[TEMPERATURE], USUAL)
    room.restart()
    assert room.book.budget(room.catalog.series[TEMPERATURE], USUAL) == before
    assert [said.person for verdict in before.verdicts for said in verdict.judgements] == ["seat-1"]


def plain(number: int, useful: bool, template: Alert) -> Alert:
    said = Judgement(at=T0, person="p", seat_id=1, unit_id=PLANT, useful=useful)
    return replace(template, id=f"a-{number}", judgements=(said,))


@given(words=st.lists(st.booleans(), max_size=120))
def test_any_verdicts_keep_the_budget_within_bounds_and_the_memory_too(words: list[bool]) -> None:
    room = Room()
    alert, series = room.raised(T0, TEMPERATURE), room.catalog.series[TEMPERATURE]
    trust, expected = budget.Trust(), 1.0
    for number, useful in enumerate(words):
        trust = budget.judged(trust, plain(number, useful, alert))
        expected = min(
            budget.MOST, max(budget.LEAST, expected * (budget.USEFUL if useful else budget.USELESS))
        )
        assert trust.factor(series) == pytest.approx(expected)
    assert budget.LEAST <= trust.factor(series) <= budget.MOST
    assert len(trust.verdicts) <= budget.VERDICTS_KEPT
    assert trust.counts() == (words.count(True), words.count(False))


@given(words=st.lists(st.booleans(), min_size=1, max_size=20), changed=st.data())
def test_a_changed_mind_gives_what_the_last_words_alone_give(
    words: list[bool], changed: st.DataObject
) -> None:
    room = Room()
    alert = room.raised(T0, TEMPERATURE)
    series: Series = room.catalog.series[TEMPERATURE]
    where = changed.draw(st.integers(0, len(words) - 1))
    said, direct = budget.Trust(), budget.Trust()
    for number, useful in enumerate(words):
        said = budget.judged(said, plain(number, (not useful) if number == where else useful, alert))
        direct = budget.judged(direct, plain(number, useful, alert))
    said = budget.judged(said, plain(where, words[where], alert))
    assert said == direct
    assert said.factor(series) == direct.factor(series)
