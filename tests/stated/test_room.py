"""Doubts of what a unit states, in the room: one alert a series, the unit asked first, ended by agreement."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest

from opsroom.core import Core
from opsroom.log.columns import encode_columns
from opsroom.model import Alert, ChangeKind, Columns, Indicator, Orientation, Outcome, Series
from opsroom.records import Rebase, RecordKind, SeriesSet, encode
from opsroom.settings import RoomSection
from opsroom.stated import dump
from opsroom.words import word
from tests.rules.feed import Feed, S, unit

HOUR = 3600
PRESS = 3
MORE, LESS = Orientation.MORE_IS_BETTER, Orientation.LESS_IS_BETTER


def declared(
    capability: float = 100.0, potentiality: float | None = 125.0, better: Orientation = MORE, **more: Any
) -> SeriesSet:
    indicator = Indicator(orientation=better, capability=capability, potentiality=potentiality)
    return SeriesSet(
        Series(id=1, root_id=1, unit_id=PRESS, name="made", unit="t/h", indicator=indicator, **more)
    )


class Works:
    """A press that reports what it made every hour."""

    def __init__(self, *declarations: SeriesSet) -> None:
        units = [unit(1, None, ""), unit(2, 1, "mill"), unit(3, 2, "mill/press")]
        self.feed = Feed([], detection=True, config=[*units, *(declarations or (declared(),))])
        self.hour = 0
        self.rng = np.random.default_rng(5)

    def make(self, mean: float, n: int, sd: float = 1.0) -> None:
        for _ in range(n):
            self.hour += 1
            self.feed.read([(1, self.hour * HOUR, mean + sd * self.rng.standard_normal())])

    @property
    def verbs(self) -> list[str]:
        return [verb for verb, _, _ in self.feed.edges if verb not in {"climbed", "evidence", "named"}]

    @property
    def alert(self) -> Alert:
        alert = self.feed.core.book.active(1)
        assert alert is not None
        return alert

    def confirm(self, capability: float) -> None:
        act = Rebase(series_id=1, capability=capability, unit_id=2, person="Ada", key=f"k{self.hour}")
        self.feed.record(RecordKind.ACT, encode(act))


def said(alert: Alert, lang: str = "en") -> list[str]:
    return [word(lang, one.code, one.params) for one in alert.explanation]


def test_the_unit_is_asked_first_and_told_why_and_the_alert_ends_when_it_is_back() -> None:
    works = Works()
    works.make(96.0, 40)
    works.make(104.0, 13)
    assert works.verbs == ["raised"]
    alert = works.alert
    assert alert.kind is ChangeKind.CAPABILITY_UNDERSTATED
    assert (alert.unit_id, alert.annunciations[0].unit_id) == (PRESS, PRESS)
    assert "productivity of mill/press/made stays at 1.04" in said(alert)[0]
    assert "estimate its capability" in " ".join(said(alert))
    assert "Fähigkeit" in " ".join(said(alert, "de"))
    works.make(96.0, 3)
    assert works.verbs == ["raised", "recovered"]


def test_a_capability_confirmed_by_the_parent_ends_it_and_is_the_series_from_then_on() -> None:
    works = Works()
    works.make(96.0, 40)
    works.make(104.0, 13)
    alert = works.alert
    works.confirm(110.0)
    ended = works.feed.core.book.find(alert.id)
    assert ended is None or ended.outcome is Outcome.REBASED
    indicator = works.feed.core.catalog.series[1].indicator
    assert indicator is not None
    assert indicator.capability == 110.0
    works.make(104.0, 60)
    assert works.verbs == ["raised", "rebased"]


def test_a_capability_confirmed_without_an_alert_holds_too_and_goes_to_the_store() -> None:
    works = Works()
    works.make(96.0, 5)
    works.confirm(90.0)
    works.feed.offset += 1
    step = works.feed.record(RecordKind.TICK)
    assert step.config == []
    indicator = works.feed.core.catalog.series[1].indicator
    assert indicator is not None
    assert indicator.capability == 90.0


def test_eroding_latency_names_both_ratios_then_and_now() -> None:
    works = Works(declared(80.0, 100.0))
    works.make(60.0, 60)
    works.feed.config([declared(65.0, 100.0)])
    works.make(60.0, 60)
    alert = works.alert
    assert alert.kind is ChangeKind.LATENCY_EROSION
    texts = " ".join(said(alert))
    for figure in ("0.747", "0.921", "0.8", "0.65"):
        assert figure in texts
    assert "Latenz" in " ".join(said(alert, "de"))
    works.feed.config([declared(80.0, 100.0)])
    works.make(60.0, 4)
    assert works.verbs == ["raised", "recovered"]


def test_there_is_one_alert_a_series_and_it_ends_when_nobody_holds_it() -> None:
    """A limit and a capability: the second is evidence, and who ends first says nothing."""
    works = Works(declared(band=(0.0, 110.0)))
    works.make(96.0, 40)
    works.make(115.0, 14)
    assert works.verbs == ["raised"]
    assert {one.detector for one in works.alert.findings} >= {"limit", "capability"}
    works.make(105.0, 5)
    assert works.verbs == ["raised"]
    works.make(95.0, 3)
    assert works.verbs == ["raised", "recovered"]


def test_a_doubt_keeps_nothing_from_being_scored() -> None:
    """A fall under a standing doubt is found as it would be without one."""
    works = Works()
    works.make(110.0, 400)
    assert works.verbs == ["raised"]
    assert works.alert.kind is ChangeKind.CAPABILITY_UNDERSTATED
    works.make(60.0, 6)
    assert [f.detector for f in works.alert.findings if f.detector != "capability"] != []


@pytest.mark.parametrize("place", [20, 45, 52, 58])
def test_a_restart_changes_nothing(place: int) -> None:
    whole, torn = Works(), Works()
    for works in (whole, torn):
        for hour in range(60):
            works.make(96.0 if hour < 40 else 104.0, 1)
            if works is torn and hour == place:
                old = works.feed.core
                core = Core(old.catalog, RoomSection(), clock="stream")
                assert core.restore(old.snapshot())
                works.feed.core = core
    assert torn.feed.edges == whole.feed.edges
    assert torn.feed.core.book.dump() == whole.feed.core.book.dump()
    assert dump(torn.feed.core.stated) == dump(whole.feed.core.stated)


def test_a_snapshot_from_before_there_were_doubts_is_read() -> None:
    works = Works()
    works.make(96.0, 40)
    body = msgspec.msgpack.decode(works.feed.core.snapshot())
    del body["stated"]
    core = Core(works.feed.core.catalog, RoomSection(), clock="stream")
    assert core.restore(msgspec.msgpack.encode(body))
    core.configure(list(core.catalog.series.values()))
    works.feed.core = core
    works.make(104.0, 13)
    assert works.verbs == ["raised"]


def test_history_taught_before_the_first_live_reading_is_doubted_by_nobody() -> None:
    works = Works()
    n = 40
    columns = Columns(
        np.ones(n, np.int32), (1 + np.arange(n)) * HOUR * S, np.full(n, 120.0), np.full(n, 192, np.uint8)
    )
    works.feed.record(RecordKind.READINGS, encode_columns(columns, historical=True))
    assert works.feed.edges == []
    assert not works.feed.core.stated.stands(1)
