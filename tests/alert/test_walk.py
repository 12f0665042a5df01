"""A long seeded walk of whatever can happen, dense in edges: every state is one of the table's."""

from __future__ import annotations

import contextlib
import os
import random
from collections import Counter
from collections.abc import Callable
from typing import Any

from opsroom.alarm import AlarmClass, AlarmState, Rota
from opsroom.alert.states import ALLOWED
from opsroom.errors import OpsroomError
from opsroom.model import Alert
from opsroom.records import (
    Acknowledge,
    CauseSet,
    ClassSet,
    Decide,
    OutOfService,
    Press,
    Rebase,
    Reset,
    ReturnToService,
    RotaSet,
    Shelve,
    Unacknowledge,
    Unshelve,
)
from tests.alert.room import (
    ENTERPRISE,
    OTHER_OUTPUT,
    OUTPUT,
    PLANT,
    ROOT,
    SCRAP,
    T0,
    TEMPERATURE,
    Room,
    S,
    caused,
    finding,
)

EVENTS = int(os.environ.get("OPSROOM_ALARM_EVENTS", "2000"))
SERIES = (OUTPUT, SCRAP, TEMPERATURE, OTHER_OUTPUT)


def seat(alert: Alert | None) -> dict[str, Any]:
    return {"unit_id": alert.standing.unit_id if alert else PLANT, "person": "Rosa", "seat_id": 7}


def happenings(room: Room, rng: random.Random, now: int) -> list[Callable[[], object]]:
    """Give all that could happen now, each once."""
    series_id = rng.choice(SERIES)
    open_ids = sorted(room.book.open)
    alert = room.book.open[rng.choice(open_ids)] if open_ids else None
    alert_id, by = alert.id if alert else "none", seat(alert)
    held = {**by, "unit_id": alert.silenced.unit_id} if alert and alert.silenced else by
    until = now + rng.choice((1, 60, 3600)) * S
    latching, easy = rng.random() < 0.5, rng.random() < 0.3
    shaped = AlarmClass(
        name="anomaly", latching=latching, needs_ack=not easy, ack_timeout_s=rng.choice((None, 90.0))
    )
    acts = [
        Acknowledge(alert_id=alert_id, **by),
        Acknowledge(alert_id=alert_id, **by),
        Unacknowledge(alert_id=alert_id, **by),
        Shelve(alert_id=alert_id, until=until, one_shot=rng.random() < 0.3, reason="a", **by),
        Shelve(series_id=series_id, until=until, reason="a", unit_id=PLANT),
        Unshelve(alert_id=alert_id, **held),
        OutOfService(alert_id=alert_id, reference="W-1", **by),
        ReturnToService(alert_id=alert_id, **held),
        Reset(alert_id=alert_id, **by),
        Reset(alert_id=alert_id, **by),
        Press(series_id=OUTPUT, unit_id=PLANT),
        Decide(alert_id=alert_id, text="a", addressee_id=PLANT, followup=until, unit_id=ROOT),
        Rebase(series_id=series_id, capability=1.0, unit_id=ENTERPRISE),
    ]
    told = [
        CauseSet(caused(SCRAP, OUTPUT, OTHER_OUTPUT)),
        CauseSet(caused(TEMPERATURE, SCRAP)),
        ClassSet(shaped),
        RotaSet(Rota(unit_id=PLANT, steps=((7,), (8,)), step_s=60.0)),
    ]
    return [
        *(lambda act=act: room.act(now, act) for act in acts),
        *(lambda change=change: room.book.agreed.take(change) for change in told),
        *(lambda: room.find(now, finding(series_id=series_id)),) * 5,
        *(lambda: room.find(now, finding("back", series_id)),) * 4,
        lambda: room.find(now, finding("evidence", series_id, detector="rule:hot")),
        room.restart,
    ]


def test_no_walk_leaves_the_table() -> None:
    room, rng, now = Room(), random.Random(1971), T0
    gone: Counter[tuple[AlarmState, AlarmState]] = Counter()
    last: dict[str, AlarmState] = {}
    room.book.agreed.rules["hot"] = AlarmClass(name="hot", priority=1)
    for _ in range(EVENTS):
        now += rng.choice((0, 1, 30, 300)) * S
        seen = len(room.journal)
        with contextlib.suppress(OpsroomError):
            rng.choice(happenings(room, rng, now))()
        for edge in room.journal[seen:]:
            pair = last.get(edge.alert.id, AlarmState.NORMAL), edge.alert.state
            assert edge.verb in ALLOWED[pair]
            gone[pair] += 1
            last[edge.alert.id] = edge.alert.state
    kept, rebuilt = room.book, room.rebuilt()
    assert (rebuilt.open, rebuilt.resting, rebuilt.by_series) == (kept.open, kept.resting, kept.by_series)
    assert rebuilt.next_deadline() == kept.next_deadline()
    assert len(gone) > 30
    assert {state for pair in gone for state in pair} == set(AlarmState)
