"""Verdicts in the pure core: the detectors' budget moves, live, replayed and after a snapshot alike."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from opsroom.catalog import Catalog
from opsroom.core import Core
from opsroom.detect import Engine, SeriesSpec
from opsroom.log.columns import encode_columns
from opsroom.model import Columns, Series, Unit
from opsroom.records import Judge, Record, RecordKind, SeriesSet, UnitSet, encode
from opsroom.settings import RoomSection
from opsroom.step import Step

S = 1_000_000
MINUTE = 60 * S
USUAL = RoomSection().budget_per_week


def core() -> Core:
    tree = Catalog()
    mill = Unit(id=1, root_id=1, parent_id=None, path="", name="mill", level_name="", depth=0)
    tree.apply(UnitSet(mill))
    for number, name in enumerate(("heat", "flow"), 1):
        tree.apply(SeriesSet(Series(id=number, root_id=1, unit_id=1, name=name)))
    made = Core(tree, RoomSection(), clock="stream")
    made.configure(list(tree.series.values()))
    return made


def readings(first: int, values: np.ndarray) -> bytes:
    """Both series, a reading a minute."""
    n = len(values)
    t = np.repeat((first + np.arange(n)) * MINUTE, 2)
    columns = Columns(
        np.tile(np.array([1, 2], np.int32), n), t, np.repeat(values, 2), np.full(2 * n, 192, np.uint8)
    )
    return encode_columns(columns)


def feed(room: Core, offset: int, kind: RecordKind, payload: bytes) -> Step:
    return room.apply(Record(offset=offset, kind=kind, received=0, payload=payload, source="mill"))


def records() -> list[tuple[RecordKind, bytes]]:
    """Noise, then a level that nobody expects: a calibrated detector opens an alert on both series."""
    noise = np.random.default_rng(5).normal(20.0, 1.0, 2_000)
    return [
        (RecordKind.READINGS, readings(0, noise[:1500])),
        (RecordKind.READINGS, readings(1500, noise[1500:] + 40.0)),
    ]


def remembered(room: Core, *but: tuple[str, str]) -> dict[tuple[str, str], bytes]:
    """Give every field of the detectors' state by (part, field); the bytes between fields mean nothing."""
    return {
        (part, name): raw
        for part, rows in room.detectors.rows.items()
        for name, raw in fields(rows)
        if (part, name) not in but
    }


def fields(rows: Any, above: str = "") -> Iterator[tuple[str, bytes]]:
    """Give each field that holds numbers, `outer.inner` where one lies in another."""
    for field in rows.dtype.names or ():
        if rows[field].dtype.names:
            yield from fields(rows[field], f"{above}{field}.")
        else:
            yield f"{above}{field}", rows[field].tobytes()


def budgets(room: Core) -> list[float]:
    return [float(budget) for budget in room.detectors.rows["spec"]["budget"]]


def story(room: Core) -> list[Step]:
    """Play the records, then judge the alert on the first series not useful, then more readings."""
    steps = [feed(room, n, *record) for n, record in enumerate(records(), 1)]
    alert = next(
        e.alert for step in steps for e in step.transitions if e.verb == "raised" and e.alert.series_id == 1
    )
    act = Judge(alert_id=alert.id, useful=False, person="ada", seat_id=1, unit_id=1, key="k")
    steps.append(feed(room, 3, RecordKind.ACT, encode(act)))
    return [*steps, more(room)]


def more(room: Core) -> Step:
    calm = np.random.default_rng(6).normal(20.0, 1.0, 3_000)
    calm[2_500:] += 30.0
    return feed(room, 4, RecordKind.READINGS, readings(2_000, calm))


def test_a_verdict_moves_the_budget_of_its_series_and_of_no_other() -> None:
    room = core()
    steps = story(room)
    assert [edge.verb for edge in steps[2].transitions] == ["judged"]
    assert budgets(room) == [pytest.approx(USUAL / 2), pytest.approx(USUAL)]
    assert [edge.verb for edge in steps[3].transitions if edge.alert.series_id == 1][:1] == ["recovered"]


def test_only_the_budget_of_a_detector_changes_its_past_stays() -> None:
    judged, left = core(), core()
    for room in (judged, left):
        for n, record in enumerate(records(), 1):
            feed(room, n, *record)
    alert = judged.book.active(1)
    assert alert is not None
    act = Judge(alert_id=alert.id, useful=True, person="ada", seat_id=1, unit_id=1, key="k")
    feed(judged, 3, RecordKind.ACT, encode(act))
    # The offset of the time zone is looked up anew; thresholds may follow the budget at once.
    moved = [("spec", "budget"), ("tail", "zone_from"), ("tail", "zone_until")]
    moved += [("tail", "drift_threshold")]
    assert remembered(judged, *moved) == remembered(left, *moved)


def test_less_trust_means_a_higher_threshold() -> None:
    judged, left = core(), core()
    story(judged)
    for n, record in enumerate(records(), 1):
        feed(left, n, *record)
    more(left)
    budget = [room.detectors.rows["spec"]["budget"].tolist() for room in (judged, left)]
    assert budget[0][0] < budget[1][0]
    assert budget[0][1] == budget[1][1], "the other series hears nothing of it"


@pytest.mark.parametrize("member", [0, 1, 2])
def test_any_member_moves_the_threshold_of_its_siblings(member: int) -> None:
    thresholds = []
    for budget in (0.1, 0.05):
        engine = Engine()
        specs = [
            SeriesSpec(id=n, unit_id=n, siblings="wind", budget_per_week=budget if n == member + 1 else 0.1)
            for n in (1, 2, 3)
        ]
        state = engine.configure(engine.blank(), specs)
        n = 1_000
        columns = Columns(
            np.tile(np.array([1, 2, 3], np.int32), n),
            np.repeat(np.arange(n) * MINUTE, 3),
            np.random.default_rng(2).normal(8.0, 1.0, 3 * n),
            np.full(3 * n, 192, np.uint8),
        )
        state, _ = engine.step(state, n * MINUTE, columns)
        thresholds.append(float(state.bonds.groups["threshold"][0]))
    assert np.isfinite(thresholds).all()
    assert thresholds[1] > thresholds[0]


def test_a_replay_gives_the_same_verdicts_alerts_and_state() -> None:
    one, two = core(), core()
    assert [step.transitions for step in story(one)] == [step.transitions for step in story(two)]
    assert remembered(one) == remembered(two)
    assert one.book.dump() == two.book.dump()


def test_a_restart_between_verdict_and_next_alert_changes_nothing() -> None:
    whole, first = core(), core()
    steps = story(whole)
    for n, record in enumerate(records(), 1):
        feed(first, n, *record)
    act = Judge(alert_id=first.book.by_series[1], useful=False, person="ada", seat_id=1, unit_id=1, key="k")
    feed(first, 3, RecordKind.ACT, encode(act))
    second = core()
    assert second.restore(first.snapshot())
    second.configure(list(second.catalog.series.values()))
    assert budgets(second) == budgets(whole)
    assert more(second).transitions == steps[3].transitions
    assert remembered(second) == remembered(whole)
    assert second.book.dump() == whole.book.dump()


def test_a_verdict_repeated_with_its_key_counts_once() -> None:
    room = core()
    story(room)
    again = Judge(alert_id="1-2", useful=True, person="ada", seat_id=1, unit_id=1, key="k")
    assert feed(room, 5, RecordKind.ACT, encode(again)).transitions == []
    assert budgets(room)[0] == pytest.approx(USUAL / 2)
