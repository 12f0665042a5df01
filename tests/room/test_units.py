"""Another unit, an adoption, a rename: what stands, what begins anew, and that a replay gives the same."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from opsroom.agreement import Signature
from opsroom.measuring import remeasured
from opsroom.model import Indicator, Orientation, Transition
from opsroom.records import RecordKind, SeriesSet, decode_config, encode
from tests.room.test_core import Feed, S

ADA = Signature(person="ada", seat_id=7, unit_id=3, at=5)
PARTS = 7


class Told:
    """A room whose series comes in kW, raises an alert, and is told in MW while it stands."""

    def __init__(self) -> None:
        self.feed = Feed()
        self.journal: list[Transition] = []
        self.agree(unit="kW", unit_verified=True, band=None)

    def agree(self, **fields: Any) -> None:
        series = replace(self.feed.core.catalog.series[1], **fields)
        self.config(SeriesSet(series, via="seat", signed=ADA))

    def config(self, change: SeriesSet) -> None:
        self.feed.record(RecordKind.CONFIG, encode([change]))

    def restart(self) -> None:
        before, self.feed = self.feed, Feed()
        for change in before.core.catalog.series.values():
            self.feed.core.catalog.apply(SeriesSet(change))
        assert self.feed.core.restore(before.core.snapshot())
        self.feed.offset = before.offset

    def read(self, start: int, *values: float) -> None:
        readings = [(60 * (start + n), value) for n, value in enumerate(values)]
        self.journal += self.feed.read(*readings).transitions

    def tell(self, part: int) -> None:
        series = self.feed.core.catalog.series[1]
        if part == 0:
            self.read(0, *(3_000.0 + 20 * (n % 5) for n in range(400)))
        elif part == 1:
            self.read(400, *[4_500.0] * 6)
        elif part == 2:
            self.config(SeriesSet(remeasured(series, "MW"), via="seat", signed=ADA))
        elif part == 3:
            self.read(406, 4_500.0, 4_500.0)
        elif part == 4:
            aim = Indicator(orientation=Orientation.MORE_IS_BETTER, capability=3.5)
            self.config(SeriesSet(replace(series, indicator=aim), via="seat", signed=ADA))
        elif part == 5:
            self.read(408, 4_500.0, 4_500.0)
        else:
            self.read(410, *(3_000.0 + 20 * (n % 5) for n in range(10)))


def story(restart_at: int = -1, parts: int = PARTS) -> Told:
    told = Told()
    for part in range(parts):
        if part == restart_at:
            told.restart()
        told.tell(part)
    return told


def verbs(told: Told) -> list[str]:
    return [edge.verb for edge in told.journal if edge.verb in {"raised", "recovered", "reopened"}]


def test_an_alert_stands_through_another_unit_and_ends_by_the_readings_it_would_have_ended_by() -> None:
    assert verbs(story(parts=6)) == ["raised"], "told in MW, as an indicator, it is abnormal all the same"
    assert verbs(story()) == ["raised", "recovered"]


def test_what_is_read_is_stored_as_it_came_and_measured_in_the_unit_of_now() -> None:
    told = story(parts=3)
    step = told.feed.read((60 * 500, 3_200.0))
    assert step.stored is not None
    assert step.stored.v.tolist() == [3_200.0]
    assert told.feed.core.book.latest.measured(told.feed.core.catalog.series[1]).value == 3.2


def test_the_last_value_is_turned_along() -> None:
    told = story(parts=3)
    assert told.feed.core.book.latest.measured(told.feed.core.catalog.series[1]).value == 4.5


@pytest.mark.parametrize("place", range(1, PARTS))
def test_a_restart_at_any_place_changes_nothing(place: int) -> None:
    straight, broken = story(), story(place)
    assert [msgspec.to_builtins(one) for one in broken.journal] == [
        msgspec.to_builtins(one) for one in straight.journal
    ]
    assert broken.feed.core.book.dump() == straight.feed.core.book.dump()


def test_changes_are_signed_and_what_nobody_signed_has_its_instant() -> None:
    told = story(parts=1)
    series = told.feed.core.catalog.series[1]
    step = told.feed.record(
        RecordKind.CONFIG, encode([SeriesSet(replace(series, description="x"), via="file")])
    )
    (change,) = step.config
    assert isinstance(change, SeriesSet)
    assert (change.via, change.signed) == ("file", Signature(person="", seat_id=0, unit_id=0, at=step.now))
    assert step.now == 60 * 399 * S


def test_a_log_of_before_there_were_signatures_and_other_units_is_read() -> None:
    told = story(parts=1)
    body = msgspec.to_builtins(SeriesSet(told.feed.core.catalog.series[1]))
    for name in ("via", "signed"):
        del body[name]
    for name in ("kept", "description", "formerly"):
        del body["series"][name]
    (change,) = decode_config(msgspec.msgpack.encode([body]))
    assert change == SeriesSet(told.feed.core.catalog.series[1])
