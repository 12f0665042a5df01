"""The algedonic clock: instants of delivery, climbs, decisions and follow-ups (DOMAIN 1.6 rules 1 to 3)."""

from __future__ import annotations

import msgspec
import pytest

from opsroom.alert.book import BOOK_VERSION, AlertBook
from opsroom.errors import AccessDenied, Conflict, Invalid, NotFound
from opsroom.model import Outcome
from opsroom.records import Acknowledge, Decide, Delivered, Recovering, decode_act
from tests.alert.room import (
    BRANCH,
    CASH,
    ENTERPRISE,
    HOUR,
    MIN,
    PLANT,
    ROOT,
    SCRAP,
    T0,
    TEMPERATURE,
    Room,
    S,
    finding,
)

DAY = 24 * HOUR


def decide(alert_id: str, followup: int, *, unit_id: int = ROOT, text: str = "Send a crew.") -> Decide:
    return Decide(
        alert_id=alert_id,
        text=text,
        addressee_id=PLANT,
        followup=followup,
        unit_id=unit_id,
        seat_id=1,
        person="Ada",
    )


def at_the_top(room: Room) -> str:
    alert = room.raised()
    room.wait(T0 + 2 * DAY)
    assert room.now_of(alert).standing.unit_id == ROOT
    return alert.id


def test_an_alert_starts_with_its_own_unit_and_the_raise_starts_the_clock(room: Room) -> None:
    alert = room.raised(onset=T0 - DAY)
    assert (alert.level, alert.standing.unit_id, alert.deadline) == (0, PLANT, T0 + 10 * MIN)
    assert (alert.active, alert.unacked, alert.outcome) == (True, True, Outcome.OPEN)
    assert alert.onset == T0 - DAY
    assert alert.id == "1-1"


def test_three_days_of_silence_climb_at_exact_instants_in_one_call(room: Room) -> None:
    alert = room.raised()
    edges = room.wait(T0 + 3 * DAY)
    assert [edge.verb for edge in edges] == ["climbed"] * 3
    stood = [(a.level, a.unit_id, a.at, a.deadline) for a in room.now_of(alert).annunciations]
    assert stood == [
        (0, PLANT, T0, T0 + 10 * MIN),
        (1, ENTERPRISE, T0 + 10 * MIN, T0 + 30 * MIN),
        (2, BRANCH, T0 + 30 * MIN, T0 + 90 * MIN),
        (3, ROOT, T0 + 90 * MIN, None),
    ]
    assert [edge.at for edge in edges] == [T0 + 10 * MIN, T0 + 30 * MIN, T0 + 90 * MIN]
    assert room.book.next_deadline() is None


def test_it_climbs_at_the_deadline_and_not_a_microsecond_before(room: Room) -> None:
    alert = room.raised()
    assert room.wait(T0 + 10 * MIN - 1) == []
    assert room.book.next_deadline() == T0 + 10 * MIN
    room.wait(T0 + 10 * MIN)
    assert room.now_of(alert).level == 1


def test_many_deadlines_in_one_call_come_in_time_order(room: Room) -> None:
    room.raised(T0)
    room.raised(T0 + MIN, SCRAP)
    room.raised(T0 + 2 * MIN, TEMPERATURE)
    edges = room.wait(T0 + DAY)
    assert [edge.at for edge in edges] == sorted(edge.at for edge in edges)
    assert len(edges) == 9


@pytest.mark.parametrize(("series_id", "first_s"), [(SCRAP, 180), (TEMPERATURE, 900)])
def test_without_agreement_three_periods_or_the_default(room: Room, series_id: int, first_s: int) -> None:
    assert room.raised(series_id=series_id).deadline == T0 + first_s * S


def test_at_the_root_there_is_nobody_above(room: Room) -> None:
    alert = room.raised(series_id=CASH)
    assert alert.deadline is None
    assert room.wait(T0 + DAY) == []


def test_delivery_in_time_starts_the_clock_once(room: Room) -> None:
    alert = room.raised()
    room.act(T0 + 4 * S, Delivered(alert_ids=(alert.id,)))
    moved = room.now_of(alert)
    assert (moved.delivered, moved.deadline) == (T0 + 4 * S, T0 + 4 * S + 10 * MIN)
    assert moved.standing.deadline == moved.deadline
    assert room.act(T0 + 5 * S, Delivered(alert_ids=(alert.id,))) == []
    room.wait(T0 + 10 * MIN + 4 * S)
    assert room.now_of(alert).standing.at == T0 + 10 * MIN + 4 * S


@pytest.mark.parametrize("late", [5 * S + 1, 11 * MIN])
def test_late_delivery_is_noted_and_moves_nothing(room: Room, late: int) -> None:
    alert = room.raised()
    room.wait(T0 + late)
    before = room.now_of(alert).deadline
    room.act(T0 + late, Delivered(alert_ids=(alert.id,)))
    after = room.now_of(alert)
    assert (after.delivered, after.deadline) == (T0 + late, before)


def test_one_record_delivers_many_and_reads_those_of_earlier_releases(room: Room) -> None:
    one, other, ended = room.raised(), room.raised(series_id=SCRAP), "1-ff"
    edges = room.act(T0 + S, Delivered(alert_ids=(one.id, ended, one.id)))
    assert [(edge.alert.id, edge.alert.delivered) for edge in edges] == [(one.id, T0 + S)]
    early = decode_act(msgspec.msgpack.encode({"act": "delivered", "alert_id": other.id, "key": "k"}))
    assert [edge.alert.id for edge in room.act(T0 + 2 * S, early)] == [other.id]


def test_delivery_of_an_ended_alert_is_no_error(room: Room) -> None:
    assert room.act(T0, Delivered(alert_ids=("1-ff",))) == []


def test_acknowledging_stops_no_clock_and_a_climb_must_be_seen_anew(room: Room) -> None:
    alert = room.raised()
    seen = Acknowledge(alert_id=alert.id, unit_id=PLANT, seat_id=7, person="Rosa", note="on it", key="k1")
    room.act(T0 + MIN, seen)
    now = room.now_of(alert)
    assert (now.unacked, now.deadline) == (False, alert.deadline)
    room.wait(T0 + 10 * MIN)
    risen = room.now_of(alert)
    assert (risen.unacked, risen.level) == (True, 1)
    assert [a.person for a in risen.acknowledgements] == ["Rosa"]


def test_the_second_to_acknowledge_hears_who_was_first(room: Room) -> None:
    alert = room.raised()
    first = Acknowledge(alert_id=alert.id, unit_id=PLANT, seat_id=7, person="Rosa", key="k1")
    assert len(room.act(T0 + MIN, first)) == 1
    assert room.act(T0 + 2 * MIN, first) == []
    with pytest.raises(Conflict) as conflict:
        room.act(
            T0 + 2 * MIN, Acknowledge(alert_id=alert.id, unit_id=PLANT, seat_id=8, person="Ana", key="k2")
        )
    assert (conflict.value.params["person"], conflict.value.params["at"]) == ("Rosa", T0 + MIN)


@pytest.mark.parametrize("unit_id", [ENTERPRISE, ROOT])
def test_only_the_level_where_it_stands_acknowledges(room: Room, unit_id: int) -> None:
    alert = room.raised()
    with pytest.raises(AccessDenied):
        room.act(T0, Acknowledge(alert_id=alert.id, unit_id=unit_id, person="Ada"))
    room.wait(T0 + 10 * MIN)
    with pytest.raises(AccessDenied):
        room.act(T0 + 10 * MIN, Acknowledge(alert_id=alert.id, unit_id=PLANT, person="Rosa"))


def test_an_unknown_alert_cannot_be_acknowledged(room: Room) -> None:
    with pytest.raises(NotFound):
        room.act(T0, Acknowledge(alert_id="ff-1", unit_id=PLANT))


def test_a_note_moves_no_deadline(room: Room) -> None:
    alert = room.raised()
    note = Recovering(alert_id=alert.id, unit_id=PLANT, person="Rosa", note="new bearing", until=T0 + DAY)
    room.act(T0 + MIN, note)
    after = room.now_of(alert)
    assert after.deadline == alert.deadline
    assert [(n.author, n.text, n.until) for n in after.notes] == [("Rosa", "new bearing", T0 + DAY)]
    assert room.act(T0 + MIN, note) == []


def test_a_plant_may_note_through_the_socket_of_the_enterprise_and_a_seat_above_may_not(room: Room) -> None:
    alert = room.raised()
    edges = room.act(T0, Recovering(alert_id=alert.id, unit_id=ENTERPRISE, note="stopped"))
    assert edges[0].alert.notes[-1].author == "energy/park"
    with pytest.raises(AccessDenied):
        room.act(T0, Recovering(alert_id=alert.id, unit_id=ENTERPRISE, seat_id=4, person="Luis", note="hm"))
    room.wait(T0 + 10 * MIN)
    room.act(
        T0 + 10 * MIN, Recovering(alert_id=alert.id, unit_id=ENTERPRISE, seat_id=4, person="Luis", note="hm")
    )


def test_the_alert_keeps_a_bounded_row_of_notes_and_the_journal_all(room: Room) -> None:
    alert = room.raised()
    for number in range(70):
        room.act(T0 + number, Recovering(alert_id=alert.id, unit_id=PLANT, note=f"n{number}"))
    notes = room.now_of(alert).notes
    assert (len(notes), notes[0].text, notes[-1].text) == (50, "n0", "n69")
    assert room.verbs().count("noted") == 70


def test_a_decision_waits_for_its_follow_up_and_calls_again(room: Room) -> None:
    alert_id, now = at_the_top(room), T0 + 2 * DAY
    room.act(now, decide(alert_id, now + DAY))
    waiting = room.book.open[alert_id]
    assert (waiting.outcome, waiting.unacked, waiting.deadline) == (Outcome.DECIDED, False, now + DAY)
    assert room.wait(now + DAY - 1) == []
    (called,) = room.wait(now + 2 * DAY)
    assert (called.verb, called.at, called.alert.unacked) == ("annunciated", now + DAY, True)
    assert (called.alert.outcome, called.alert.deadline) == (Outcome.OPEN, None)
    again = room.act(now + 2 * DAY, decide(alert_id, now + 3 * DAY, text="Replace the gear."))
    assert again[0].verb == "decided"


def test_decisions_are_made_once_at_the_top_and_sensibly(room: Room) -> None:
    alert = room.raised()
    with pytest.raises(AccessDenied):
        room.act(T0, decide(alert.id, T0 + DAY))
    with pytest.raises(Invalid):
        room.act(T0, decide(alert.id, T0 + DAY, unit_id=PLANT))
    now = T0 + DAY
    with pytest.raises(Invalid) as late:
        room.act(now, decide(alert.id, now))
    assert late.value.params["field"] == "followup"
    with pytest.raises(Invalid):
        room.act(now, decide(alert.id, now + 1, text="  "))
    with pytest.raises(NotFound):
        room.act(now, Decide(alert_id=alert.id, text="a", addressee_id=77, followup=now + 1, unit_id=ROOT))
    room.act(now, decide(alert.id, now + DAY))
    with pytest.raises(Conflict) as conflict:
        room.act(now + 1, decide(alert.id, now + DAY))
    assert (conflict.value.params["person"], conflict.value.params["at"]) == ("Ada", now)
    with pytest.raises(Conflict):
        room.act(now + 1, Acknowledge(alert_id=alert.id, unit_id=ROOT, person="Eva"))


def test_a_recovered_alert_is_nothing_to_decide(room: Room) -> None:
    alert_id = at_the_top(room)
    room.find(T0 + 2 * DAY, finding("back"))
    with pytest.raises(Conflict):
        room.act(T0 + 2 * DAY, decide(alert_id, T0 + 3 * DAY))


def test_a_restart_in_the_middle_changes_no_instant() -> None:
    straight, restarted = Room(), Room()
    for room in (straight, restarted):
        room.raised()
        room.wait(T0 + 15 * MIN)
        if room is restarted:
            room.restart()
        room.wait(T0 + DAY)
    assert straight.journal == restarted.journal
    assert straight.book.dump() == restarted.book.dump()


def test_a_snapshot_of_another_version_is_refused(room: Room) -> None:
    blob = room.book.dump().replace(b"version" + bytes([BOOK_VERSION]), b"version\x09")
    with pytest.raises(ValueError, match="version 9"):
        AlertBook.load(blob)
