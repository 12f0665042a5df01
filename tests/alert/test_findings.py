"""What detectors do to alerts.

One for each series, recovery, reopening, naming, improvements (DOMAIN 1.6 rules 4 to 7).
"""

from __future__ import annotations

import doctest
from typing import Any

import pytest
from msgspec.structs import replace

import opsroom.alert.priority
from opsroom.alert import priority_of
from opsroom.errors import AccessDenied, Conflict, Invalid, NotFound
from opsroom.model import ChangeKind, Outcome, Priority
from opsroom.records import Acknowledge, Decide, Press, Rebase, SeriesSet
from opsroom.words import languages, word
from tests.alert.room import (
    ENTERPRISE,
    HOUR,
    MIN,
    OTHER_OUTPUT,
    OUTPUT,
    PLANT,
    ROOT,
    SCRAP,
    T0,
    TEMPERATURE,
    Room,
    S,
    economy,
    finding,
)

DAY = 24 * HOUR


def codes(room: Room, alert_id: str) -> list[str]:
    return [sentence.code for sentence in room.book.open[alert_id].explanation]


def test_one_open_alert_for_a_series_whatever_the_detector(room: Room) -> None:
    alert = room.raised()
    for _ in range(3):
        room.find(T0 + S, finding(detector="tail"), finding("evidence", detector="discord"))
    assert room.verbs() == ["raised", "evidence"]
    assert len(room.book.open) == 1
    assert [f.detector for f in room.now_of(alert).findings] == ["tail", "discord"]
    assert "why.detectors" in codes(room, alert.id)


def test_the_findings_kept_are_bounded_first_and_latest(room: Room) -> None:
    alert = room.raised(detector="d0")
    room.find(T0 + S, *(finding("evidence", detector=f"d{n}") for n in range(1, 20)))
    kept = [f.detector for f in room.now_of(alert).findings]
    assert kept == ["d0", *(f"d{n}" for n in range(13, 20))]


def test_a_name_is_journalled_and_explained(room: Room) -> None:
    alert = room.raised()
    edges, _ = room.find(T0 + MIN, finding("name", detector="filter", kind=ChangeKind.STEP, p=0.974))
    assert (edges[0].verb, edges[0].params["from"], edges[0].params["kind"]) == ("named", "abnormal", "step")
    assert edges[0].alert.kind is ChangeKind.STEP
    sentence = next(s for s in edges[0].alert.explanation if s.code == "why.kind.step")
    assert sentence.params == {"percent": 97}
    assert edges[0].alert.deadline == alert.deadline


def test_a_recovered_alert_stays_until_it_is_seen_and_never_climbs(room: Room) -> None:
    alert = room.raised()
    edges, _ = room.find(T0 + MIN, finding("back", value=8.0))
    back = edges[0].alert
    assert (back.active, back.unacked, back.outcome) == (False, True, Outcome.RECOVERED)
    assert back.recovered == T0 + MIN
    assert room.wait(T0 + DAY) == []
    assert alert.id in room.book.open
    (edge,) = room.act(T0 + DAY, Acknowledge(alert_id=alert.id, unit_id=PLANT, person="Rosa"))
    assert not edge.alert.unacked
    assert room.book.open == {}


def test_an_acknowledged_alert_leaves_the_wall_when_it_recovers(room: Room) -> None:
    alert = room.raised()
    room.act(T0, Acknowledge(alert_id=alert.id, unit_id=PLANT, person="Rosa"))
    room.find(T0 + MIN, finding("back"))
    assert room.book.open == {}
    with pytest.raises(Conflict):
        room.act(T0 + MIN, Acknowledge(alert_id=alert.id, unit_id=PLANT, person="Ana"))


@pytest.mark.parametrize("seen", [False, True])
def test_a_reopening_continues_the_old_clock(room: Room, seen: bool) -> None:
    alert = room.raised()
    if seen:
        room.act(T0, Acknowledge(alert_id=alert.id, unit_id=PLANT, person="Rosa"))
    room.find(T0 + MIN, finding("back"))
    room.restart()
    edges, releases = room.find(T0 + 5 * MIN, finding(kind=ChangeKind.STUCK))
    assert releases == []
    again = edges[0].alert
    assert (edges[0].verb, again.id, again.raised) == ("reopened", alert.id, T0)
    assert (again.active, again.unacked, again.deadline) == (True, True, alert.deadline)
    assert (again.outcome, again.recovered, again.kind) == (Outcome.OPEN, None, ChangeKind.STUCK)
    assert room.wait(T0 + 10 * MIN)[0].verb == "climbed"


def test_a_reopening_after_the_old_deadline_climbs_at_once(room: Room) -> None:
    room.raised()
    room.find(T0 + 9 * MIN, finding("back"))
    edges, _ = room.find(T0 + 12 * MIN, finding())
    assert [(edge.verb, edge.at) for edge in edges] == [
        (verb, T0 + 12 * MIN) for verb in ("reopened", "climbed")
    ]
    assert (edges[1].alert.level, edges[1].alert.deadline) == (1, T0 + 32 * MIN)


def test_the_window_of_reopening_is_one_recovery_time(room: Room) -> None:
    first = room.raised()
    room.find(T0 + MIN, finding("back"))
    edges, _ = room.find(T0 + 11 * MIN, finding())
    assert edges[0].verb == "reopened"
    room.find(T0 + 12 * MIN, finding("back"))
    later = T0 + 12 * MIN + 20 * MIN + 1  # it stood one level up, where the recovery time is 20 min
    edges, _ = room.find(later, finding())
    assert [edge.verb for edge in edges] == ["superseded", "raised"]
    assert (edges[0].alert.id, edges[0].params["by"]) == (first.id, edges[1].alert.id)
    assert list(room.book.open) == [edges[1].alert.id]
    assert edges[1].alert.deadline == later + 10 * MIN


def test_a_reopening_under_a_pending_decision_waits_for_its_follow_up(room: Room) -> None:
    alert, now = room.raised(), T0 + DAY
    room.wait(now)
    room.act(now, Decide(alert_id=alert.id, text="a", addressee_id=PLANT, followup=now + HOUR, unit_id=ROOT))
    room.find(now + MIN, finding("back"))
    edges, _ = room.find(now + 2 * MIN, finding())
    assert (edges[0].alert.outcome, edges[0].alert.deadline) == (Outcome.DECIDED, now + HOUR)
    assert room.wait(now + HOUR)[0].verb == "annunciated"


@pytest.mark.parametrize(
    ("series_id", "direction", "opens"),
    [
        (OUTPUT, 1, False),
        (OUTPUT, -1, True),
        (OUTPUT, 0, True),
        (SCRAP, 1, False),
        (SCRAP, -1, True),
        (TEMPERATURE, 1, True),
        (TEMPERATURE, -1, True),
    ],
)
def test_an_improvement_of_an_indicator_opens_nothing_and_is_released(
    room: Room, series_id: int, direction: int, opens: bool
) -> None:
    edges, releases = room.find(T0, finding(series_id=series_id, direction=direction))
    assert [edge.verb for edge in edges] == (["raised"] if opens else [])
    assert releases == ([] if opens else [series_id])


def test_a_declared_limit_counts_both_ways(room: Room) -> None:
    edges, _ = room.find(T0, finding(direction=1, kind=ChangeKind.LIMIT, value=11.0))
    assert edges[0].alert.explanation[0].code == "why.limit.above"


@pytest.mark.parametrize("verb", ["evidence", "name"])
def test_what_belongs_to_no_alert_is_released(room: Room, verb: str) -> None:
    assert room.find(T0, finding(verb)) == ([], [OUTPUT])


def test_a_series_is_not_released_when_its_alert_opens_in_the_same_step(room: Room) -> None:
    edges, releases = room.find(T0, finding("evidence"), finding())
    assert ([edge.verb for edge in edges], releases) == (["raised"], [])


def test_back_without_alert_and_unknown_series_are_passed_over(room: Room) -> None:
    assert room.find(T0, finding("back"), finding(series_id=99)) == ([], [])


def test_two_raises_out_of_one_record_have_two_names(room: Room) -> None:
    book, tree, settings = room.book, room.catalog, room.settings
    (first,), _ = book.on_findings(tree, T0, 16, [finding()], settings)
    book.on_findings(tree, T0 + S, 16, [finding("back")], settings)
    edges, _ = book.on_findings(tree, T0 + DAY, 16, [finding()], settings)
    assert (first.alert.id, edges[-1].alert.id) == ("1-10", "1-10.2")


def test_raises_of_thirty_days_are_counted(room: Room) -> None:
    counted = []
    for day in (0, 1, 20, 40):
        room.raised(T0 + day * DAY)
        room.find(T0 + day * DAY + MIN, finding("back"))
        room.restart()
        counted.append(room.book.raises_30d(OUTPUT, T0 + day * DAY))
    assert counted == [1, 2, 3, 2]
    assert room.book.raises_30d(OUTPUT, T0 + 71 * DAY) == 0
    assert room.book.raises_30d(SCRAP, T0) == 0


def test_pressing_goes_straight_to_the_top(room: Room) -> None:
    (edge,) = room.act(T0, Press(series_id=OUTPUT, unit_id=PLANT, person="Rosa", note="fire"))
    alert = edge.alert
    assert (edge.verb, edge.actor) == ("pressed", "Rosa")
    assert (alert.kind, alert.priority) == (ChangeKind.PRESS, Priority.ACT_NOW)
    assert (alert.level, alert.standing.unit_id, alert.deadline) == (3, ROOT, None)
    assert codes(room, alert.id) == ["why.pressed", "why.pressed.note"]
    assert room.book.raises_30d(OUTPUT, T0) == 0


def test_pressing_lifts_the_open_alert_of_the_series(room: Room) -> None:
    alert = room.raised()
    (edge,) = room.act(T0 + MIN, Press(series_id=OUTPUT, unit_id=ENTERPRISE, note="fire"))
    lifted = edge.alert
    assert (edge.verb, lifted.id, lifted.level, lifted.deadline) == ("pressed", alert.id, 3, None)
    assert [a.unit_id for a in lifted.annunciations] == [PLANT, ROOT]
    assert lifted.explanation[0].params == {"person": "energy/park"}
    assert "why.index.below" in codes(room, alert.id)
    assert room.wait(T0 + DAY) == []
    room.find(T0 + DAY, finding("name", detector="filter", kind=ChangeKind.STEP, p=0.9))
    assert room.book.open[alert.id].kind is ChangeKind.PRESS
    assert codes(room, alert.id)[0] == "why.pressed"
    assert len(room.act(T0 + DAY, Press(series_id=OUTPUT, unit_id=PLANT, person="Rosa", note="still"))) == 1
    assert room.act(T0 + DAY, Press(series_id=OUTPUT, unit_id=PLANT, person="Rosa")) == []
    assert room.find(T0 + DAY + S, finding("back"))[0][0].alert.outcome is Outcome.RECOVERED


def test_a_press_that_no_detector_confirmed_ends_when_its_follow_up_is_seen(room: Room) -> None:
    (edge,) = room.act(T0, Press(series_id=OUTPUT, unit_id=PLANT, person="Rosa"))
    seen = Acknowledge(alert_id=edge.alert.id, unit_id=ROOT, person="Ada")
    room.act(T0 + S, seen)
    assert room.book.open[edge.alert.id].active
    decision = Decide(alert_id=edge.alert.id, text="a", addressee_id=PLANT, followup=T0 + DAY, unit_id=ROOT)
    room.act(T0 + MIN, decision)
    room.wait(T0 + DAY)
    (end,) = room.act(T0 + DAY + S, seen)
    assert (end.alert.active, end.alert.outcome) == (False, Outcome.DECIDED)
    assert room.book.open == {}


@pytest.mark.parametrize(
    ("act", "error"),
    [
        (Press(series_id=SCRAP, unit_id=PLANT), Invalid),
        (Press(series_id=TEMPERATURE, unit_id=PLANT), Invalid),
        (Press(series_id=99, unit_id=PLANT), NotFound),
        (Press(series_id=OUTPUT, unit_id=ROOT, seat_id=1), AccessDenied),
        (Press(series_id=OTHER_OUTPUT, unit_id=PLANT), AccessDenied),
        (Rebase(series_id=TEMPERATURE, capability=1.0, unit_id=ENTERPRISE), Invalid),
        (Rebase(series_id=OUTPUT, capability=0.0, unit_id=ENTERPRISE), Invalid),
        (Rebase(series_id=OUTPUT, capability=1.0, unit_id=PLANT), AccessDenied),
    ],
)
def test_what_may_not_be_done_says_so_and_changes_nothing(
    room: Room, act: Press | Rebase, error: type[Exception]
) -> None:
    room.raised(series_id=TEMPERATURE)
    before = room.book.dump()
    with pytest.raises(error):
        room.act(T0, act)
    assert room.book.dump() == before


def test_a_new_capability_confirmed_by_the_parent_ends_the_alert(room: Room) -> None:
    room.raised()
    (edge,) = room.act(T0 + MIN, Rebase(series_id=OUTPUT, capability=4.0, unit_id=ENTERPRISE, person="Luis"))
    assert (edge.verb, edge.alert.outcome, edge.alert.active) == ("rebased", Outcome.REBASED, False)
    assert room.book.open == {}
    assert room.find(T0 + 2 * MIN, finding())[0][0].verb == "raised"
    assert room.act(T0, Rebase(series_id=OTHER_OUTPUT, capability=4.0, unit_id=ENTERPRISE)) == []


def test_a_new_agreement_moves_no_running_deadline(room: Room) -> None:
    alert = room.raised()
    series = replace(room.catalog.series[OUTPUT], recovery_s=(60.0, 60.0))
    room.catalog.apply(SeriesSet(series))
    room.wait(T0 + 10 * MIN)
    now = room.now_of(alert)
    assert (now.standing.at, now.deadline) == (T0 + 10 * MIN, T0 + 11 * MIN)


@pytest.mark.parametrize(
    ("consequence", "response_s", "priority"),
    [
        ("minor", None, 3),
        ("severe", None, 3),
        *[("minor", s, p) for s, p in ((3600, 3), (1800, 3), (600, 3), (180, 3), (179, 2))],
        *[("major", s, p) for s, p in ((1801, 3), (1800, 2), (601, 2), (600, 2), (180, 2), (179, 1))],
        *[("severe", s, p) for s, p in ((1801, 2), (1800, 1), (600, 1), (60, 1))],
    ],
)
def test_priority_comes_from_consequence_and_response(
    consequence: str, response_s: float | None, priority: int
) -> None:
    series = replace(economy().series[OUTPUT], consequence=consequence, response_s=response_s)
    assert priority_of(series) == priority


def test_the_example_of_priority_holds() -> None:
    assert doctest.testmod(opsroom.alert.priority) == (0, 1)


def test_the_explanation_says_what_since_when_who_and_how_rare(room: Room) -> None:
    alert = room.raised(contributors=((TEMPERATURE, 1.5), (SCRAP, -4.0), (99, 50.0)))
    said = [(s.code, s.params) for s in alert.explanation]
    path = "energy/park/t1/"
    assert said[:5] == [
        ("why.index.below", {"series": path + "output", "value": 3.2, "limit": 7.5}),
        ("why.since", {"onset_at": T0 - 2 * MIN}),
        ("why.contributor", {"series": path + "scrap", "z": -4.0}),
        ("why.contributor", {"series": path + "temperature", "z": 1.5}),
        ("why.detector", {"detector": "tail"}),
    ]
    assert said[5][0] == "why.rare"
    assert said[5][1]["per_year"] == pytest.approx(0.5218, abs=1e-4)


@pytest.mark.parametrize(
    ("series_id", "more", "code"),
    [
        (TEMPERATURE, {"value": 12.0}, "why.value.above"),
        (TEMPERATURE, {"value": 8.0}, "why.value.within"),
        (TEMPERATURE, {"low": None, "high": None}, "why.value.alone"),
        (TEMPERATURE, {"value": None}, "why.unusual"),
        (TEMPERATURE, {"kind": ChangeKind.MISSING_REPORT}, "why.silent"),
        (TEMPERATURE, {"kind": ChangeKind.STUCK}, "why.stuck"),
        (OUTPUT, {"value": 8.0}, "why.index.within"),
        (OUTPUT, {"value": 12.0, "direction": 0}, "why.index.above"),
        (OUTPUT, {"low": None, "high": None}, "why.index.alone"),
        (OUTPUT, {"kind": ChangeKind.MISSING_REPORT, "value": None}, "why.silent.period"),
        (OUTPUT, {"kind": ChangeKind.STUCK}, "why.stuck"),
        (OUTPUT, {"kind": ChangeKind.LIMIT}, "why.limit.below"),
        (OUTPUT, {"kind": ChangeKind.LIMIT, "value": 8.0}, "why.limit.within"),
        (OUTPUT, {"kind": ChangeKind.LIMIT, "low": None, "high": None}, "why.limit.alone"),
    ],
)
def test_the_first_sentence_fits_the_finding_and_has_words(
    room: Room, series_id: int, more: dict[str, Any], code: str
) -> None:
    explanation = room.raised(series_id=series_id, **more).explanation
    assert explanation[0].code == code
    for lang in languages():
        said = [word(lang, sentence.code, sentence.params) for sentence in explanation]
        assert not any("{" in text or text.startswith("why.") for text in said)
