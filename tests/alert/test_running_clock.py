"""Nothing that people do moves a running clock, and a climb says who silenced what and why (rule 2)."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from opsroom.errors import OpsroomError
from opsroom.records import (
    Acknowledge,
    AnyAct,
    Delivered,
    Judge,
    OutOfService,
    Recovering,
    ReturnToService,
    SeriesSet,
    Shelve,
    Unacknowledge,
    Unshelve,
)
from tests.alert.room import MIN, OUTPUT, PLANT, T0, Room

DUE = T0 + 10 * MIN
BY = {"unit_id": PLANT, "seat_id": 7, "person": "Rosa"}
ACTS: dict[str, Callable[[str, int], AnyAct]] = {
    "acknowledge": lambda one, _: Acknowledge(alert_id=one, **BY),  # type: ignore[arg-type]
    "unacknowledge": lambda one, _: Unacknowledge(alert_id=one, **BY),  # type: ignore[arg-type]
    "note": lambda one, at: Recovering(alert_id=one, note="soon", until=at + 60 * MIN, **BY),  # type: ignore[arg-type]
    "shelve": lambda one, at: Shelve(alert_id=one, reason="known", until=at + 60 * MIN, **BY),  # type: ignore[arg-type]
    "unshelve": lambda one, _: Unshelve(alert_id=one, **BY),  # type: ignore[arg-type]
    "remove": lambda one, _: OutOfService(alert_id=one, reference="WO-7", reason="gear", **BY),  # type: ignore[arg-type]
    "return": lambda one, _: ReturnToService(alert_id=one, **BY),  # type: ignore[arg-type]
    "judge": lambda one, _: Judge(alert_id=one, useful=False, **BY),  # type: ignore[arg-type]
    "late delivery": lambda one, _: Delivered(alert_ids=(one,)),
}


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(6, 599), st.sampled_from([*ACTS, "agree"])), max_size=12))
def test_whatever_is_done_it_climbs_at_its_deadline(done: list[tuple[int, str]]) -> None:
    room = Room()
    alert = room.raised()
    for second, what in sorted(done):
        at = T0 + second * MIN // 60
        if what == "agree":
            agreed = replace(room.catalog.series[OUTPUT], recovery_s=(7_200.0,))
            room.catalog.apply(SeriesSet(agreed))
        else:
            with contextlib.suppress(OpsroomError):  # some follow one another and are refused
                room.act(at, ACTS[what](alert.id, at))
        assert room.now_of(alert).deadline == DUE
    held = room.now_of(alert).silenced
    assert not [edge for edge in room.wait(DUE - 1) if edge.verb == "climbed"]
    (climb,) = [edge for edge in room.wait(DUE) if edge.verb == "climbed"]
    assert (climb.at, climb.alert.level, climb.alert.unacked) == (DUE, 1, True)
    if held is None:
        assert "silenced" not in climb.params
    else:
        assert (climb.params["silenced"], climb.params["by"]) == (str(held.kind), "Rosa")
        assert climb.params["reason"] in {"known", "gear"}
