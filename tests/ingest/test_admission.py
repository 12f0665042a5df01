"""Admission alone: what passes, what is refused and why, and that text and binary agree."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest import wire
from ingest.admission import Admission
from ingest.codes import REFUSALS, WireError
from ingest.times import micros
from opsroom.catalog import Catalog
from opsroom.model import Series, Unit
from opsroom.records import SeriesSet, UnitSet
from opsroom.settings import Limits

NOW = 1_700_000_000_000_000
NOW_MS = NOW // 1000
UNITS = {"a": "kW", "b": "kW", "c": "[degF]"}


def _tree() -> Catalog:
    tree = Catalog()
    tree.apply(UnitSet(Unit(id=1, root_id=1, parent_id=None, path="", name="E", level_name="", depth=0)))
    tree.apply(UnitSet(Unit(id=2, root_id=1, parent_id=1, path="mill", name="mill", level_name="", depth=1)))
    return tree


def _gate(tree: Catalog | None = None, node: int = 2, limit: int = 1_000) -> Admission:
    return Admission(tree or _tree(), node, Limits(series_per_source=limit))


def _batch(**fields: Any) -> wire.Batch:
    (batch,) = wire.decode(
        msgspec.json.encode({"type": "batch", "seq": 1, "t": NOW_MS, "s": ["a"], "v": [1], **fields}).decode()
    )
    assert isinstance(batch, wire.Batch), batch
    return batch


def _codes(gate: Admission, **fields: Any) -> list[tuple[int, str, str]]:
    return [(one.index, one.code, one.field) for one in gate.admit(_batch(**fields), NOW).refusals]


def test_the_order_of_the_declaration_gives_the_ids_whatever_comes_first() -> None:
    ids = []
    for first, second in (("a", "b"), ("b", "a")):
        tree = _tree()
        gate = _gate(tree)
        gate.declare([wire.SeriesDeclared("a"), wire.SeriesDeclared("b")])
        gate.admit(_batch(s=[first, second], v=[1, 2]), NOW)
        ids.append([series.name for _, series in sorted(tree.series.items())])
    assert ids[0] == ids[1]


def test_new_series_come_with_their_configuration_once() -> None:
    tree = _tree()
    gate = _gate(tree)
    declared = gate.declare([wire.SeriesDeclared("kiln/heat", 4, "degC", 60.0)])
    first = gate.admit(_batch(s=[4, "b"], v=[1, 2]), NOW)
    made = [change.series for change in [*declared, *first.changes] if isinstance(change, SeriesSet)]
    assert [(one.name, one.unit, one.period_s, one.unit_verified) for one in made] == [
        ("heat", "Cel", 60.0, True),
        ("b", "", None, False),
    ]
    assert tree.series_path(made[0].id) == "mill/kiln/heat"
    again = gate.admit(_batch(s=[4, "b"], v=[3, 4]), NOW)
    assert again.changes == []
    assert again.columns.series.tolist() == [made[0].id, made[1].id]
    assert again.columns.t.tolist() == [NOW, NOW]


def test_two_gates_of_one_tree_agree_on_a_new_series() -> None:
    tree = _tree()
    one, root = _gate(tree), _gate(tree, node=1)
    first = one.admit(_batch(), NOW)
    second = root.admit(_batch(s=["mill/a"]), NOW)
    assert second.changes == []
    assert first.columns.series.tolist() == second.columns.series.tolist()


def test_a_change_of_the_tree_is_seen_by_cached_names() -> None:
    tree = _tree()
    gate = _gate(tree)
    gate.declare([wire.SeriesDeclared("a", unit="kW")])
    gate.admit(_batch(), NOW)
    series = tree.resolve(2, "a")
    assert series is not None
    tree.apply(SeriesSet(msgspec.structs.replace(series, unit="t/h")))
    assert _codes(gate) == [(0, "unit_mismatch", "v")]


def _metered() -> Catalog:
    tree = _tree()
    for number, (name, unit) in enumerate([("a", "MW"), ("b", "kW"), ("c", "Cel")], 1):
        tree.apply(SeriesSet(Series(id=number, root_id=1, unit_id=2, name=name, unit=unit)))
    return tree


def test_values_become_those_of_the_series_unit_in_either_form() -> None:
    gate = _gate(_metered())
    assert gate.declare([wire.SeriesDeclared(name, unit=unit) for name, unit in UNITS.items()]) == []
    full = gate.admit(_batch(s=["a", "b", "c", "b"], v=[3_200, 7, 212, 8]), NOW)
    assert full.columns.v.tolist() == [3.2, 7.0, 100.0, 8.0]
    assert gate.admit(_batch(s="a", t=[NOW_MS, NOW_MS + 1], v=[1, 2]), NOW).columns.v.tolist() == [
        0.001,
        0.002,
    ]
    assert gate.admit(_batch(s=["b"], v=[5]), NOW).columns.v.tolist() == [5.0]
    nothing = gate.admit(_batch(s=["a", "c"], v=[None, 32], q=[0, 192]), NOW)
    assert np.isnan(nothing.columns.v[0])
    assert nothing.columns.v[1] == 0.0
    casual = [wire.Casual("a", 3_200.0, unit="kW"), wire.Casual("c", 32.0), wire.Casual("a", 4.0, unit="MW")]
    assert gate.admit_casual(casual, NOW, NOW).columns.v.tolist() == [3.2, 0.0, 4.0]


@pytest.mark.parametrize("label", ["a", ["a"], 4, [4]])
def test_a_unit_declared_again_counts_for_names_that_were_resolved_before(label: Any) -> None:
    gate = _gate()
    seen = []
    for unit in ("kW", "MW", "W", "kW"):
        gate.declare([wire.SeriesDeclared("a", 4, unit)])
        seen += gate.admit(_batch(s=label, v=[1]), NOW).columns.v.tolist()
    assert seen == [1.0, 1_000.0, 0.001, 1.0]


def test_where_units_are_equal_the_column_is_passed_on_untouched() -> None:
    gate = _gate(_metered())
    gate.declare([wire.SeriesDeclared("a", unit="MW"), wire.SeriesDeclared("b", unit="kJ/s")])
    batch = _batch(s=["a", "b"], v=[1, 2])
    assert gate.admit(batch, NOW).columns.v is batch.v


def test_another_dimension_is_refused_and_a_value_beyond_a_float_too() -> None:
    gate = _gate(_metered())
    gate.declare([wire.SeriesDeclared("a", unit="kWh"), wire.SeriesDeclared("b", unit="MW")])
    (refusal,) = gate.admit(_batch(s=["a", "b"], v=[1, 2]), NOW).refusals
    assert (refusal.code, refusal.params) == (
        "unit_mismatch",
        {"expected": "MW", "expected_dimension": "power", "got": "kWh", "got_dimension": "energy"},
    )
    assert _codes(gate, s=["b", "b"], v=[1e308, 1]) == [(0, "value_not_finite", "v")]
    beyond = gate.admit_casual([wire.Casual("b", 1e308), wire.Casual("b", 1.0)], NOW, NOW)
    assert [(one.index, one.code) for one in beyond.refusals] == [(0, "value_not_finite")]
    assert beyond.columns.v.tolist() == [1_000.0]


def test_the_limit_of_unknown_series_is_one_for_all_connections_and_adopting_makes_room() -> None:
    tree = _tree()
    first, second = _gate(tree, limit=2), _gate(tree, node=1, limit=2)
    assert [_codes(gate, s=[name]) for gate, name in ((second, "x"), (first, "a"), (second, "y"))] == [
        [],
        [],
        [(0, "series_limit", "s")],
    ]
    assert _codes(first, s=["b"]) == []
    assert _codes(first, s=["c"]) == [(0, "series_limit", "s")]
    adopted = tree.resolve(2, "a")
    assert adopted is not None
    tree.apply(SeriesSet(msgspec.structs.replace(adopted, adopted=True)))
    assert _codes(first, s=["c"]) == []
    assert [tree.unadopted(unit_id) for unit_id in (1, 2)] == [3, 2]


def test_text_that_is_no_unit_is_compared_exactly() -> None:
    gate = _gate()
    gate.declare([wire.SeriesDeclared("a", unit="kWh/15min"), wire.SeriesDeclared("b", unit="odd unit")])
    assert _codes(gate, s=["a", "b"], v=[1, 1]) == []
    other = [
        wire.Casual("a", 1.0, unit="kW.h/(15.min)"),
        wire.Casual("b", 1.0, unit="odd unit"),
        wire.Casual("b", 1.0, unit="Odd unit"),
    ]
    admitted = gate.admit_casual(other, NOW, NOW)
    assert [(one.index, one.code) for one in admitted.refusals] == [(2, "unit_mismatch")]


@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ({"t": NOW_MS + 301_000}, "too_far_ahead", "t"),
        ({"t": [NOW_MS + 301_000]}, "too_far_ahead", "t"),
        ({"t": [-(10**15)]}, "time_invalid", "t"),
        ({"t": [2**62]}, "time_invalid", "t"),
        ({"q": [300]}, "quality_invalid", "q"),
        ({"q": -1}, "quality_invalid", "q"),
        ({"q": [130]}, "quality_invalid", "q"),
        ({"v": [None]}, "null_needs_bad_quality", "q"),
        ({"v": [None], "q": [64]}, "null_needs_bad_quality", "q"),
        ({"v": [True]}, "value_not_number", "v"),
        ({"v": [2**60]}, "value_too_large", "v"),
        ({"s": [7]}, "series_undeclared", "s"),
        ({"s": ["/other/a"]}, "series_forbidden", "s"),
        ({"s": ["a//b"]}, "series_name_invalid", "s"),
        ({"s": ["a\u0007"]}, "series_name_invalid", "s"),
        ({"s": ["n" * 500]}, "series_name_invalid", "s"),
        ({"s": ["/".join("n" * 30)]}, "series_name_invalid", "s"),
    ],
)
def test_each_refusal_has_code_field_and_remedy(fields: dict[str, Any], code: str, field: str) -> None:
    assert _codes(_gate(), **fields) == [(0, code, field)]
    assert REFUSALS[code].remedy


def test_behind_and_at_the_edge_of_ahead_is_accepted() -> None:
    admitted = _gate().admit(_batch(t=[-62_135_596_800_000, 0, NOW_MS + 300_000], s="a", v=[1, 2, 3]), NOW)
    assert admitted.refusals == ()
    assert admitted.columns.t.tolist() == [-62_135_596_800_000_000, 0, NOW + 300_000_000]


def test_the_limit_of_unknown_series_holds_for_the_node_over_connections() -> None:
    tree = _tree()
    assert _codes(_gate(tree, limit=2), s=["a", "b", "c"], v=[1, 2, 3]) == [(2, "series_limit", "s")]
    assert _codes(_gate(tree, limit=2), s=["d", "a"], v=[1, 2]) == [(0, "series_limit", "s")]


@pytest.mark.parametrize("s", [["a", "b"], [], 3.5])
def test_names_that_do_not_fit_are_an_error_of_the_frame(s: Any) -> None:
    gate = _gate()
    frame = msgspec.json.encode({"type": "batch", "seq": 1, "t": 1, "s": s, "v": [1]}).decode()
    (batch,) = wire.decode(frame)
    if isinstance(batch, WireError):
        assert batch.field.startswith("s")
        return
    assert isinstance(batch, wire.Batch)
    with pytest.raises(WireError) as caught:
        gate.admit(batch, NOW)
    assert caught.value.field.startswith("s")


VALUES = st.one_of(
    st.none(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(-(2**53), 2**53),
    st.integers(2**53 + 1, 2**80),
    st.sampled_from(["x", True, [1]]),
)
READINGS = st.lists(
    st.tuples(VALUES, st.sampled_from([192, 64, 0, 150]), st.sampled_from([0, 400_000])),
    min_size=1,
    max_size=20,
)


@given(READINGS, st.booleans())
@settings(max_examples=300, deadline=None)
def test_text_and_binary_forms_refuse_the_same_and_keep_the_rest(
    readings: list[tuple[Any, int, int]], whole: bool
) -> None:
    values = [value for value, _, _ in readings]
    body = {
        "type": "batch",
        "seq": 1,
        "t": [NOW_MS + ahead for _, _, ahead in readings],
        "s": "a" if whole else ["a"] * len(values),
        "v": values,
        "q": [q for _, q, _ in readings],
    }
    text = msgspec.json.encode(body).decode()
    frames: list[str | bytes] = [text]
    if all(not isinstance(v, int) or abs(v) < 2**63 for v in values):
        frames.append(msgspec.msgpack.encode(body))
    outcomes = []
    for frame in frames:
        (batch,) = wire.decode(frame)
        assert isinstance(batch, wire.Batch)
        admitted = _gate().admit(batch, NOW)
        refused = {one.index for one in admitted.refusals}
        good = [float("nan") if v is None else float(v) for i, v in enumerate(values) if i not in refused]
        assert np.array_equal(admitted.columns.v, np.array(good, np.float64), equal_nan=True)
        assert len(admitted.columns) + len(refused) == len(values)
        assert np.isfinite(admitted.columns.v[admitted.columns.q != 0]).all()
        outcomes.append([(one.index, one.code, one.field) for one in admitted.refusals])
    assert outcomes.count(outcomes[0]) == len(outcomes)


@given(st.integers(-62_135_596_800_000, 253_402_300_799_000))
def test_times_of_the_wire_are_exact_to_the_millisecond(ms: int) -> None:
    assert micros(ms) == ms * 1000


def test_a_thousand_readings_are_admitted_without_a_loop_over_them() -> None:
    tree, names = _tree(), [f"s{n}" for n in range(1_000)]
    gate = _gate(tree)
    batch = _batch(s=names, v=[float(n) for n in range(1_000)])
    gate.admit(batch, NOW)
    tree.resolve = None  # type: ignore[assignment,method-assign]
    admitted = gate.admit(batch, NOW)
    assert len(admitted.columns) == 1_000
