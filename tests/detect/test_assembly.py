"""Relations: readings put side by side, judged the same however the stream is cut."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsroom.detect import Engine, SeriesSpec, State, whole_fit
from opsroom.errors import Invalid
from opsroom.model import Columns, Finding, Indicator, Orientation, Relation, RelationKind
from tests.detect.streams import autoregressive, feed, matrix

AIM = Indicator(orientation=Orientation.MORE_IS_BETTER, capability=60.0)
SPECS = [
    SeriesSpec(id=i + 1, unit_id=1, budget_per_week=1.0, indicator=AIM if i == 1 else None) for i in range(8)
]


def relation(number: int, kind: RelationKind, *members: int, **more: object) -> Relation:
    return Relation(
        id=number,
        root_id=1,
        unit_id=1,
        name=f"r{number}",
        kind=kind,
        members=members,
        clean_readings=400,
        **more,  # type: ignore[arg-type]
    )


RELATIONS = [
    relation(1, RelationKind.WHOLE, 1, 2, 3, 4),
    relation(2, RelationKind.CLAIM, 5, 6),
    relation(3, RelationKind.BALANCE, 6, 7, 4, weights=(1.0, -1.0, 0.0)),
    relation(4, RelationKind.ORDERS, 7, 8),
]


def stream() -> Columns:
    """Give eight series, four of one plant; one leaves its company, a supplier begins to claim too much."""
    rng = np.random.default_rng(5)
    values = rng.normal(size=(1400, 8)) + 50.0
    values[:, :4] += 3.0 * autoregressive(rng, (1400, 1), 0.9)
    values[1000:1100, 2] -= 6.0
    values[:, 5] = values[:, 4] + 0.3 * rng.normal(size=1400)
    values[:, 6] = values[:, 5] + 0.3 * rng.normal(size=1400)
    values[900:1000, 4] += 0.6
    values[1200:1250, 6] -= 1.0
    swing = np.where(np.arange(1400) % 2, 1.0, -1.0)
    values[:, 7] += np.where((np.arange(1400) > 700) & (np.arange(1400) < 900), 4.0 * swing, 0.0)
    values[rng.random(values.shape) < 0.01] = np.nan
    return matrix(values, 3600.0)


STREAM = stream()


def begun() -> tuple[Engine, State]:
    engine = Engine()
    state = engine.configure(engine.blank(), SPECS)
    return engine, engine.relate(state, RELATIONS)


def numbers(array: np.ndarray) -> Iterator[bytes]:
    """Give every number of an array of records, records within records too; what pads one is no number."""
    if array.dtype.names is None:
        yield np.ascontiguousarray(array).tobytes()
    for name in array.dtype.names or ():
        yield from numbers(array[name])


def remembered(state: State) -> str:
    """Give a hash of every number of the state, bit by bit."""
    bonds = state.bonds
    arrays = [*state.rows.values(), bonds.gathers, bonds.seats, bonds.groups, bonds.accounts, bonds.flows]
    digest = hashlib.sha256()
    for array in (*arrays, state.conduct, bonds.models, state.seen, state.silent):
        for part in numbers(array):
            digest.update(part)
    return digest.hexdigest()


def whole() -> tuple[list[Finding], str]:
    engine, state = begun()
    state, found = feed(engine, state, STREAM, [])
    return found, remembered(state)


FOUND, LEFT = whole()


@pytest.mark.parametrize(
    ("detector", "series"), [("whole", {1, 2, 3, 4}), ("claim", {5, 6}), ("balance", {6}), ("orders", {8})]
)
def test_each_kind_is_found_on_a_member_and_ends(detector: str, series: set[int]) -> None:
    said = [f for f in FOUND if f.detector == detector]
    assert {f.series_id for f in said if f.verb in ("open", "evidence")} & series
    assert {f.series_id for f in said} <= series | {6}


@settings(max_examples=10, deadline=None)
@given(st.lists(st.integers(0, len(STREAM)), max_size=30))
def test_cutting_into_batches_changes_nothing(edges: list[int]) -> None:
    engine, state = begun()
    state, found = feed(engine, state, STREAM, sorted(edges))
    assert found == FOUND
    assert remembered(state) == LEFT


@settings(max_examples=8, deadline=None)
@given(st.integers(0, len(STREAM)))
def test_a_restart_in_mid_stream_changes_nothing(cut: int) -> None:
    engine, state = begun()
    state, before = feed(engine, state, STREAM.take(np.arange(cut)), [])
    again = engine.restore(engine.snapshot(state))
    assert again is not None
    again, after = feed(Engine(), again, STREAM.take(np.arange(cut, len(STREAM))), [])
    assert before + after == FOUND
    assert remembered(again) == LEFT


def test_relations_leave_alone_what_series_say_until_one_opens_an_alert() -> None:
    engine = Engine()
    alone = feed(engine, engine.configure(engine.blank(), SPECS), STREAM, [])[1]
    first = min(f.at for f in FOUND if f.detector in ("whole", "claim", "balance", "orders"))
    assert [f for f in FOUND if f.at < first] == [f for f in alone if f.at < first]


def test_a_relation_that_stays_keeps_its_past_and_one_that_ends_lets_its_alert_end() -> None:
    engine, state = begun()
    opened = next(f for f in FOUND if f.detector == "claim" and f.verb == "open")
    cut = int(np.searchsorted(STREAM.t, opened.at, side="right"))
    state, _ = feed(engine, state, STREAM.take(np.arange(cut)), [])
    assert opened.series_id in engine.open_series(state)
    before = state.bonds.models.copy()
    state = engine.relate(state, [one for one in RELATIONS if one.id != 2])
    assert state.bonds.models.tobytes() == before.tobytes()
    state, found = feed(engine, state, STREAM.take(np.arange(cut, cut + 40)), [])
    assert [f.series_id for f in found if f.verb == "back" and f.detector == "failed"] == [opened.series_id]


def test_a_decision_takes_what_stands_as_usual() -> None:
    engine, state = begun()
    opened = next(f for f in FOUND if f.detector == "claim" and f.verb == "open")
    cut = int(np.searchsorted(STREAM.t, opened.at, side="right"))
    state, _ = feed(engine, state, STREAM.take(np.arange(cut)), [])
    state = engine.release(state, opened.series_id)
    state, found = feed(engine, state, STREAM.take(np.arange(cut, cut + 320)), [])
    assert not [f for f in found if f.detector == "claim" and f.verb in ("open", "evidence")]


@pytest.mark.parametrize(
    ("bad", "field"),
    [
        (relation(1, RelationKind.WHOLE, 1), "members"),
        (relation(1, RelationKind.WHOLE, 1, 1), "members"),
        (relation(1, RelationKind.WHOLE, 1, 99), "members"),
        (relation(1, RelationKind.CLAIM, 1, 2, 3), "members"),
        (relation(1, RelationKind.BALANCE, 1, 2), "weights"),
    ],
)
def test_a_relation_that_cannot_be_judged_is_refused(bad: Relation, field: str) -> None:
    engine, state = begun()
    with pytest.raises(Invalid) as refusal:
        engine.relate(state, [bad])
    assert refusal.value.params["field"] == field


def test_a_relation_that_raises_is_switched_off_and_its_members_go_on() -> None:
    cut = int(np.searchsorted(STREAM.t, STREAM.t[0] + 600 * 3_600_000_000))
    first, rest = STREAM.take(np.arange(cut)), STREAM.take(np.arange(cut, len(STREAM)))
    engine, state = begun()
    state, _ = feed(engine, state, first, [])
    size, channels = 4, whole_fit.CHANNELS
    limits = whole_fit.HEAD + (3 + channels) * size + 3 * size * size
    state.bonds.models[limits : limits + channels] = 0.0  # it then divides by nought
    state, after = feed(engine, state, rest, [])
    failed = [f for f in after if f.kind == "detector_failed"]
    assert [(f.series_id, f.verb.value) for f in failed] == [(1, "open"), (1, "back")]
    assert state.bonds.gathers["failed"].tolist() == [1, 0, 0, 0]
    assert not state.rows["hold"]["failed"].any()
    others = [f for f in after if f.series_id in (7, 8)]
    assert others == [f for f in FOUND if f.series_id in (7, 8) and f.at >= rest.t[0]]
    assert others
    state = engine.configure(state, SPECS[:1])
    assert not state.bonds.gathers["failed"].any()
