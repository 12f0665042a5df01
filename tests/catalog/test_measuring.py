"""A series told in another unit: its figures, its readings, and what a version says otherwise."""

from __future__ import annotations

import numpy as np
import pytest
from msgspec.structs import replace

from opsroom.errors import Invalid
from opsroom.history import altered
from opsroom.measuring import Shown, remeasured, shown_as, turned
from opsroom.model import Columns, Indicator, Orientation, Series, Unit

AIM = Indicator(orientation=Orientation.MORE_IS_BETTER, capability=3_500.0, potentiality=4_000.0)
POWER = Series(
    id=1,
    root_id=1,
    unit_id=1,
    name="power",
    unit="kW",
    unit_verified=True,
    band=(0.0, 3_600.0),
    indicator=AIM,
)


def test_figures_are_converted_and_values_stay_in_the_unit_they_came_in() -> None:
    told = remeasured(POWER, "MW")
    assert (told.unit, told.kept, told.band) == ("MW", "kW", (0.0, 3.6))
    assert told.indicator is not None
    assert (told.indicator.capability, told.indicator.potentiality) == (3.5, 4.0)
    larger = remeasured(told, "GW")
    assert (larger.unit, larger.kept) == ("GW", "kW")
    assert remeasured(larger, "kW") == POWER
    assert remeasured(POWER, "kJ/s").band == POWER.band


def test_a_unit_that_was_not_told_or_not_verified_is_corrected() -> None:
    nameless = remeasured(replace(POWER, unit="", unit_verified=False), "MW")
    assert (nameless.unit, nameless.kept, nameless.band) == ("MW", "", POWER.band)
    odd = remeasured(replace(POWER, unit="kilowatts", unit_verified=False), "kW")
    assert (odd.unit, odd.kept, odd.band, shown_as(odd)) == ("kW", "kilowatts", POWER.band, None)


def test_another_dimension_is_refused() -> None:
    with pytest.raises(Invalid, match=r"energy.*") as refused:
        remeasured(POWER, "kWh")
    assert refused.value.code == "unit_mismatch"


def readings(*rows: tuple[int, float]) -> Columns:
    ids, values = zip(*rows, strict=True)
    n = len(rows)
    return Columns(np.array(ids, np.int32), np.arange(n), np.array(values, float), np.full(n, 192, np.uint8))


def test_readings_are_turned_on_the_way_in_and_untouched_where_nothing_is_kept_otherwise() -> None:
    shown, columns = Shown(), readings((1, 3_200.0), (2, 5.0), (1, 100.0), (3, 212.0))
    assert shown.take([POWER]) == []
    assert shown.of(columns) is columns
    told, hot = (
        remeasured(POWER, "MW"),
        Series(id=3, root_id=1, unit_id=1, name="t", unit="Cel", kept="[degF]"),
    )
    assert [one[0] for one in shown.take([told, hot])] == [1, 3]
    assert shown.take([told]) == []
    assert shown.of(columns).v.tolist() == [3.2, 5.0, 0.1, 100.0]
    sums = shown.turn(np.array([1, 3, 2]), np.array([300.0, 424.0, 7.0]), np.array([3, 2, 1]))
    assert sums.tolist() == [0.3, 200.0, 7.0], "of a sum every value has its own zero"
    others = readings((2, 1.0), (4, 2.0))
    assert shown.of(others) is others
    ((series_id, before, way),) = shown.take([POWER])
    assert (series_id, way) == (1, None)
    assert turned(3.2, before, way) == 3_200.0
    assert shown.of(columns).v.tolist() == [3_200.0, 5.0, 100.0, 100.0]


def test_a_version_names_what_it_says_otherwise() -> None:
    told = remeasured(POWER, "MW")
    assert [(one.field, one.before, one.after) for one in altered(POWER, told)] == [
        ("unit", "kW", "MW"),
        ("band", (0.0, 3_600.0), (0.0, 3.6)),
        ("capability", 3_500.0, 3.5),
        ("potentiality", 4_000.0, 4.0),
    ]
    first = {one.field: one.after for one in altered(None, POWER)}
    assert first["name"] == "power"
    assert "description" not in first
    unit = Unit(id=1, root_id=1, parent_id=None, path="", name="E", level_name="", depth=0)
    assert [one.field for one in altered(unit, replace(unit, name="Economy"))] == ["name"]
