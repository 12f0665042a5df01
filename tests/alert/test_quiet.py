"""Silencing, calls and acknowledgements by a manual clock: what stops, what goes on, what comes back when."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from opsroom.alarm import AlarmClass, AlarmState, Override
from opsroom.alert.book import AlertBook
from opsroom.errors import AccessDenied, Conflict, Invalid, NotFound
from opsroom.model import Alert, Transition
from opsroom.records import (
    Acknowledge,
    CauseSet,
    ClassSet,
    Decide,
    OutOfService,
    ReturnToService,
    Shelve,
    Unacknowledge,
    Unshelve,
)
from tests.alert.room import (
    CASH,
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
    calls,
    caused,
    finding,
    rota,
)

SEATS: dict[str, Any] = {"person": "Rosa", "unit_id": PLANT, "seat_id": 7}
RECOVERY = 600 * S


def shelve(room: Room, alert: Alert, at: int, until: int, **more: Any) -> Transition:
    return room.act(at, Shelve(alert_id=alert.id, until=until, reason="known", **(SEATS | more)))[0]


@pytest.mark.parametrize("restarts", [False, True])
def test_seat_1_at_once_seat_2_after_5_minutes_the_next_level_at_the_recovery_time(restarts: bool) -> None:
    room = Room()
    rota(room)
    rota(room, ENTERPRISE, steps=((21,), (22,)))
    room.raised()
    for second in range(0, 1_300, 100):
        room.wait(T0 + second * S)
        if restarts:
            room.restart()
    assert calls(room) == [(0, [7], False), (300, [8], False), (600, [21], False), (900, [22], False)]
    assert room.verbs().count("climbed") == 1


@pytest.mark.parametrize("restarts", [False, True])
def test_acknowledging_at_4_59_9_stops_the_calls_and_not_the_climb(restarts: bool) -> None:
    room = Room()
    rota(room)
    alert = room.raised()
    if restarts:
        room.restart()
    room.act(T0 + 299_900_000, Acknowledge(alert_id=alert.id, **SEATS))
    if restarts:
        room.restart()
    room.wait(T0 + RECOVERY)
    assert calls(room) == [(0, [7], False)]
    climbed = room.journal[-1]
    assert (climbed.verb, climbed.at) == ("climbed", T0 + RECOVERY)
    assert climbed.alert.state is AlarmState.UNACKED


def test_who_is_replaced_is_not_called_and_a_hole_calls_every_operator() -> None:
    room = Room()
    away = (
        Override(seat_id=7, instead=9, start=T0, end=T0 + MIN),
        Override(seat_id=8, instead=0, start=T0, end=T0 + HOUR),
    )
    rota(room, overrides=away)
    alert = room.raised()
    room.wait(T0 + 5 * MIN)
    assert calls(room) == [(0, [9], False), (300, [], True)]
    assert [call.seat_id for call in room.now_of(alert).calls] == [9, 0]


def test_a_rota_withdrawn_while_it_calls_forgets_nobody() -> None:
    room = Room()
    rota(room)
    room.raised()
    rota(room, steps=())
    room.wait(T0 + 5 * MIN)
    assert calls(room) == [(0, [7], False), (300, [], True)]


def test_what_is_silenced_calls_nobody_and_climbs_and_says_who_and_why() -> None:
    room = Room()
    rota(room)
    alert = room.raised()
    shelve(room, alert, T0 + S, T0 + HOUR)
    room.wait(T0 + RECOVERY)
    assert calls(room) == [(0, [7], False)]
    climbed = room.journal[-1]
    assert (climbed.verb, climbed.at) == ("climbed", T0 + RECOVERY)
    assert climbed.params | {"silenced": "shelved", "by": "Rosa", "reason": "known"} == climbed.params
    assert climbed.alert.silenced is not None
    assert climbed.alert.state is AlarmState.UNACKED
    # Its end below alters nothing above.
    room.wait(T0 + HOUR)
    assert [e.verb for e in room.journal if e.at == T0 + HOUR] == ["unshelved"]
    assert room.now_of(alert).state is AlarmState.UNACKED


def test_evaluation_and_journal_go_on_while_silenced() -> None:
    room = Room()
    alert = room.raised()
    shelve(room, alert, T0 + S, T0 + HOUR)
    room.find(T0 + 2 * S, finding("back"))
    room.find(T0 + 3 * S, finding())
    assert room.verbs() == ["raised", "shelved", "recovered", "reopened"]
    now = room.now_of(alert)
    assert (now.state, now.rounds) == (AlarmState.SHELVED, 2)


def test_thirty_that_expire_at_one_instant_come_back_one_after_the_other_in_order() -> None:
    room = Room()
    spread = room.settings.return_stagger_s
    plain = room.catalog.series[TEMPERATURE]
    ids = range(100, 130)
    for series_id in ids:
        room.catalog.series[series_id] = replace(plain, id=series_id, name=f"t{series_id}", recovery_s=(9e6,))
    alerts = [room.raised(T0, series_id) for series_id in ids]
    end = T0 + HOUR
    for alert in alerts:
        shelve(room, alert, T0 + S, end)
    room.restart()
    room.wait(end + HOUR)
    back = [(e.at, e.alert.series_id) for e in room.journal if e.verb == "unshelved"]
    assert back == [(end + round(n * spread * S), series_id) for n, series_id in enumerate(ids)]
    assert all(room.now_of(alert).state is AlarmState.UNACKED for alert in alerts)
    assert {e.params["why"] for e in room.journal if e.verb == "unshelved"} == {"timeout"}


def test_a_restart_keeps_the_remaining_time() -> None:
    room = Room()
    alert = room.raised()
    shelve(room, alert, T0, T0 + 5 * MIN)
    room.restart()
    room.wait(T0 + 5 * MIN - 1)
    assert room.now_of(alert).state is AlarmState.SHELVED
    room.wait(T0 + 5 * MIN)
    assert room.now_of(alert).state is AlarmState.UNACKED


def test_unshelving_by_hand_is_seeing_and_by_time_is_not() -> None:
    room = Room()
    alert = room.raised()
    shelve(room, alert, T0, T0 + 5 * MIN)
    room.act(T0 + S, Unshelve(alert_id=alert.id, note="checked", **SEATS))
    now = room.now_of(alert)
    assert now.state is AlarmState.ACKED
    assert (now.acknowledgements[-1].person, now.acknowledgements[-1].note) == ("Rosa", "checked")


def test_an_alert_of_a_series_out_of_service_is_born_silenced() -> None:
    room = Room()
    room.act(T0, OutOfService(series_id=OUTPUT, reference="W-12", **SEATS))
    rota(room)
    alert = room.raised(T0 + S)
    assert alert.state is AlarmState.OUT_OF_SERVICE
    assert room.journal[-1].params["reference"] == "W-12"
    assert calls(room) == []
    room.act(T0 + 2 * S, ReturnToService(alert_id=alert.id, **SEATS))
    assert room.now_of(alert).state is AlarmState.UNACKED
    assert calls(room) == [(2, [7], False)]


def test_an_acknowledgement_expires_and_calls_again() -> None:
    room = Room()
    rota(room)
    room.book.agreed.take(ClassSet(AlarmClass(name="anomaly", ack_timeout_s=120.0)))
    alert = room.raised()
    room.act(T0 + MIN, Acknowledge(alert_id=alert.id, **SEATS))
    assert room.now_of(alert).acked_until == T0 + 3 * MIN
    room.restart()
    room.wait(T0 + 3 * MIN)
    assert room.now_of(alert).state is AlarmState.UNACKED
    assert room.journal[-2].params["why"] == "timeout"
    assert calls(room) == [(0, [7], False), (180, [7], False)]
    assert room.now_of(alert).deadline == alert.deadline


def test_without_a_class_the_setting_says_how_long_an_acknowledgement_holds() -> None:
    room = Room()
    room.settings = room.settings.model_copy(update={"ack_timeout_s": 60.0})
    alert = room.raised()
    room.act(T0, Acknowledge(alert_id=alert.id, **SEATS))
    room.wait(T0 + MIN)
    assert room.now_of(alert).unacked


def test_a_rise_in_priority_voids_the_acknowledgement() -> None:
    room = Room()
    room.book.agreed.rules["hot"] = AlarmClass(name="hot", priority=1)
    alert = room.raised()
    room.act(T0, Acknowledge(alert_id=alert.id, **SEATS))
    edges, _ = room.find(T0 + S, finding("evidence", detector="rule:hot"))
    assert [edge.verb for edge in edges] == ["evidence", "risen"]
    assert edges[-1].params == {"from": 3, "to": 1}
    assert edges[-1].alert.state is AlarmState.UNACKED


def test_the_root_of_a_chain_stands_for_all_of_it_and_is_never_hidden() -> None:
    room = Room()
    for design in (caused(SCRAP, OUTPUT), caused(TEMPERATURE, SCRAP)):
        room.book.agreed.take(CauseSet(design))
    alerts = {one: room.raised(T0, one) for one in (TEMPERATURE, SCRAP)}
    root = room.raised(T0 + S, OUTPUT)
    states = {one: room.now_of(alert) for one, alert in alerts.items()}
    assert {one: (a.state, a.cause) for one, a in states.items()} == {
        SCRAP: (AlarmState.SUPPRESSED, root.id),
        TEMPERATURE: (AlarmState.SUPPRESSED, alerts[SCRAP].id),
    }
    assert room.now_of(root).state is AlarmState.UNACKED
    room.find(T0 + 2 * S, finding("back", SCRAP), finding("back", OUTPUT))
    assert room.now_of(alerts[TEMPERATURE]).state is AlarmState.UNACKED


def test_a_cause_that_would_stand_for_itself_is_refused() -> None:
    room = Room()
    room.book.agreed.take(CauseSet(caused(OUTPUT, SCRAP)))
    with pytest.raises(Invalid, match="hidden"):
        room.book.agreed.check(CauseSet(caused(SCRAP, OUTPUT)))
    room.book.agreed.take(CauseSet(caused(SCRAP, OUTPUT)))
    assert SCRAP not in room.book.agreed.causes


def test_what_is_suppressed_climbs_when_its_cause_outlasts_the_recovery_time() -> None:
    room = Room()
    room.book.agreed.take(CauseSet(caused(OUTPUT, OTHER_OUTPUT)))
    cause = room.raised(T0, OTHER_OUTPUT)
    alert = room.raised(T0)
    room.wait(T0 + RECOVERY)
    climbed = next(e for e in room.journal if e.verb == "climbed" and e.alert.id == alert.id)
    assert climbed.params["cause"] == cause.id
    assert climbed.alert.state is AlarmState.UNACKED


def test_refusals_are_named_and_change_nothing() -> None:
    room = Room()
    room.book.agreed.take(ClassSet(AlarmClass(name="anomaly", note_required=True)))
    alert = room.raised()
    before = room.book.dump()
    known = {"alert_id": alert.id, **SEATS}
    refused: list[tuple[Any, type[Exception], str]] = [
        (Acknowledge(**known), Invalid, "note_required"),
        (Acknowledge(alert_id="x", note="a", **SEATS), NotFound, "not_found"),
        (Acknowledge(**(known | {"unit_id": ENTERPRISE, "note": "a"})), AccessDenied, "access_denied"),
        (Shelve(**known, reason=" ", until=T0 + HOUR), Invalid, "note_required"),
        (Shelve(**known, reason="a", until=T0), Invalid, "shelve_time"),
        (Shelve(**known, reason="a"), Invalid, "shelve_time"),
        (
            Shelve(series_id=SCRAP, reason="a", until=T0 + HOUR, unit_id=ENTERPRISE),
            AccessDenied,
            "access_denied",
        ),
        (OutOfService(**known, reference=""), Invalid, "note_required"),
        (Unshelve(**known), Conflict, "not_silenced"),
        (Unacknowledge(**known), Conflict, "not_acknowledged"),
    ]
    for act, error, code in refused:
        with pytest.raises(error) as told:
            room.act(T0, act)
        assert told.value.code == code  # type: ignore[attr-defined]
    assert room.book.dump() == before
    shelve(room, alert, T0, T0 + HOUR)
    for act, code in (
        (Acknowledge(note="a", **known), "alert_silenced"),
        (Shelve(**known, reason="a", until=T0 + HOUR), "silenced_already"),
    ):
        with pytest.raises(Conflict) as told_too:
            room.act(T0, act)
        assert told_too.value.code == code
    room.find(T0 + S, finding("back"))
    room.act(T0 + S, Unshelve(**known))
    with pytest.raises(Conflict) as normal:
        room.act(T0 + 2 * S, Acknowledge(note="a", **known))
    assert normal.value.code == "alert_normal"


def test_a_snapshot_of_before_is_read_with_defaults() -> None:
    room = Room()
    alert = room.raised()
    body = msgspec.msgpack.decode(room.book.dump())
    body["version"] = 1
    del body["agreed"]
    new = ("alarm_class", "rule", "rule_version", "rounds", "silenced", "latched", "acked_until", "cause")
    for one in body["open"]:
        for field in (*new, "calls", "call_at", "call_step", "call_first"):
            del one[field]
    book = AlertBook.load(msgspec.msgpack.encode(body))
    assert book.open == {alert.id: alert}
    assert book.next_deadline() == alert.deadline


def test_an_acknowledgement_of_a_snapshot_ends_with_the_decision_on_it() -> None:
    """Of before decisions ended it: it still says how long it held, and calls nobody before the follow-up."""
    room = Room()
    alert = room.raised(series_id=CASH)
    top = SEATS | {"unit_id": ROOT}
    room.act(T0, Acknowledge(alert_id=alert.id, **top))
    decide = Decide(alert_id=alert.id, text="wait", addressee_id=ROOT, followup=T0 + HOUR, **top)
    room.act(T0 + MIN, decide)
    body = msgspec.msgpack.decode(room.book.dump())
    body["open"][0]["acked_until"] = T0 + 2 * MIN
    room.book = AlertBook.load(msgspec.msgpack.encode(body))
    assert room.wait(T0 + HOUR - 1) == []
    assert room.now_of(alert).state is AlarmState.ACKED
    (edge, *_) = room.wait(T0 + HOUR)
    assert (edge.verb, edge.alert.acked_until) == ("annunciated", None)
