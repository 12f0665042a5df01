"""The Sparkplug host: births, aliases, order, deaths, rebirths; on payloads of foreign encoders too."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.connectors._sparkplug import Host
from ingest.connectors._sparkplug_nodes import Action, Give, Note, Publish, Sparkplug, Stale
from ingest.connectors._sparkplug_payload import decode, number, rebirth
from opsroom.model import QUALITY_BAD, QUALITY_GOOD
from tests.ingest.sparkplug_wire import metric, payload

T0_MS = 1_700_000_000_000
VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "sparkplug.json").read_text(encoding="utf-8"))


def values_of(case: str) -> dict[str, Any]:
    (found,) = [one for one in VECTORS if one["case"] == case]
    told = decode(bytes.fromhex(found["hex"]), frozenset({"engunit"}))
    return {m.name: None if m.null else number(m.raw, m.datatype) for m in told.metrics}


def test_payloads_of_pysparkplug_are_read() -> None:
    assert values_of("nbirth") == {
        "bdSeq": 7.0,
        "Node Control/Rebirth": 0.0,
        "Temp": 21.5,
        "Count": -3.0,
        "Big": -5e9,
        "U": 4e9,
        "On": 1.0,
        "Name": None,
        "F": 0.5,
        "Null": None,
        "Old": -100.0,
    }
    assert values_of("ndeath") == {"bdSeq": 7.0}


def test_payloads_of_the_tahu_encoder_are_read() -> None:
    (found,) = [one for one in VECTORS if one["case"] == "dbirth"]
    told = decode(bytes.fromhex(found["hex"]), frozenset({"engunit"}))
    by_name = {m.name: m for m in told.metrics}
    assert values_of("dbirth")["I64"] == -5e9
    assert values_of("dbirth")["I8"] == -100.0
    assert (by_name["Temp"].unit, by_name["Temp"].quality, by_name["Temp"].alias) == ("°C", 192, 5)
    assert (by_name["Level"].unit, by_name["Level"].quality) == ("m", 500)
    assert [(part.name, part.raw) for part in by_name["UDT"].parts] == [("RPM", 1500)]
    assert by_name["N"].null


@pytest.mark.parametrize(
    "blob", [b"\xff", b"\x12\x7f\x0a", b"\x0f", b"\x80" * 12, b"\x12\x04\x0a\x02\xff\xfe"]
)
def test_what_is_no_payload_is_told(blob: bytes) -> None:
    with pytest.raises(ValueError):
        decode(blob, frozenset())
    assert [type(one) for one in Node().tell("NBIRTH", blob)] == [Note]


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(blob: bytes) -> None:
    try:
        decode(blob, frozenset())
    except ValueError:
        return


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_session_number_that_is_none_is_passed_over(value: float) -> None:
    node = Node()
    node.tell("NBIRTH", payload(metric("bdSeq", value), metric("A", 1.0), t_ms=T0_MS, seq=0))
    assert [name for name, *_ in node.readings] == ["plant/edge/A"]


def test_a_rebirth_request_is_a_true_boolean() -> None:
    (asked,) = decode(rebirth(T0_MS), frozenset()).metrics
    assert (asked.name, asked.datatype, asked.raw) == ("Node Control/Rebirth", 11, 1)


class Node:
    """A node that speaks to a host, with the room's end of what the host does."""

    def __init__(self, **settings: Any) -> None:
        self.host = Host(Sparkplug(**settings))
        self.mono_s = 100.0
        self.readings: list[tuple[str, int, float | None, int]] = []
        self.units: dict[str, str] = {}
        self.stale: list[str] = []
        self.asked = 0
        self.notes: list[str] = []

    def now(self) -> int:
        return T0_MS * 1000 + round(self.mono_s * 1e6)

    def tell(self, kind: str, body: bytes, device: str = "") -> list[Action]:
        topic = f"spBv1.0/plant/{kind}/edge" + (f"/{device}" if device else "")
        return self.note(self.host.receive(topic, body, self.now(), self.mono_s))

    def wait(self, seconds: float) -> list[Action]:
        self.mono_s += seconds
        return self.note(self.host.due(self.now(), self.mono_s))

    def note(self, actions: list[Action]) -> list[Action]:
        for one in actions:
            match one:
                case Give(i):
                    q = i.quality or [QUALITY_GOOD] * len(i.names)
                    self.readings += [
                        (n, i.t // 1000, v, q[k])
                        for k, (n, v) in enumerate(zip(i.names, i.values, strict=True))
                    ]
                    self.units.update(zip(i.names, i.units, strict=True))
                case Stale(names):
                    self.stale += names
                case Publish():
                    self.asked += 1
                case Note(code, _):
                    self.notes.append(code)
        return actions

    def born(self, bd_seq: int = 1, seq: int = 0, t_ms: int = T0_MS, devices: bool = True) -> None:
        self.tell(
            "NBIRTH",
            payload(metric("bdSeq", bd_seq), metric("Up", True, alias=1, t_ms=t_ms), t_ms=t_ms, seq=seq),
        )
        if devices:
            body = payload(metric("Temp", 20.0, alias=2, t_ms=t_ms, unit="Cel"), t_ms=t_ms, seq=seq + 1)
            self.tell("DBIRTH", body, "kiln")

    def data(self, seq: int, value: float, t_ms: int) -> None:
        self.tell("DDATA", payload(metric(value=value, alias=2, t_ms=t_ms), t_ms=t_ms, seq=seq), "kiln")

    def temps(self) -> list[tuple[int, float | None]]:
        return [(t, v) for name, t, v, _ in self.readings if name == "plant/edge/kiln/Temp"]


def test_births_name_series_and_data_comes_by_alias() -> None:
    node = Node()
    node.born()
    node.data(2, 21.0, T0_MS + 1000)
    assert node.readings == [
        ("plant/edge/Up", T0_MS, 1.0, QUALITY_GOOD),
        ("plant/edge/kiln/Temp", T0_MS, 20.0, QUALITY_GOOD),
        ("plant/edge/kiln/Temp", T0_MS + 1000, 21.0, QUALITY_GOOD),
    ]
    assert node.units["plant/edge/kiln/Temp"] == "Cel"
    assert not node.asked


def test_a_death_makes_every_series_of_the_node_stale() -> None:
    node = Node()
    node.born(bd_seq=4)
    node.tell("NDEATH", payload(metric("bdSeq", 4)))
    assert sorted(node.stale) == ["plant/edge/Up", "plant/edge/kiln/Temp"]
    node.data(2, 1.0, T0_MS + 1)
    assert len(node.temps()) == 1, "what a dead node says is not believed"
    assert node.asked == 1


def test_a_death_of_another_session_is_passed_over() -> None:
    node = Node()
    node.born(bd_seq=5)
    node.tell("NDEATH", payload(metric("bdSeq", 4)))
    assert node.stale == []
    assert "death_of_another_session" in node.notes


def test_a_device_dies_alone_and_comes_back_with_its_value() -> None:
    node = Node()
    node.born()
    node.tell("DDEATH", payload(t_ms=T0_MS + 5, seq=2), "kiln")
    assert node.stale == ["plant/edge/kiln/Temp"]
    # The value has not changed since before the death: it holds at the time of the birth.
    node.tell("DBIRTH", payload(metric("Temp", 20.0, t_ms=T0_MS), t_ms=T0_MS + 900, seq=3), "kiln")
    assert node.temps()[1:] == [(T0_MS, 20.0), (T0_MS + 900, 20.0)]


def test_messages_out_of_order_are_put_in_order() -> None:
    node = Node()
    node.born()
    node.data(4, 3.0, T0_MS + 3)
    node.data(3, 2.0, T0_MS + 2)
    assert len(node.temps()) == 1
    node.wait(1.9)
    node.data(2, 1.0, T0_MS + 1)
    assert [v for _, v in node.temps()] == [20.0, 1.0, 2.0, 3.0]
    node.wait(5.0)
    assert node.asked == 0


def test_a_gap_is_waited_for_and_then_a_rebirth_is_asked() -> None:
    node = Node()
    node.born()
    node.data(3, 2.0, T0_MS + 2)
    node.wait(1.0)
    assert node.asked == 0
    node.wait(1.0)
    assert (node.asked, [v for _, v in node.temps()]) == (1, [20.0, 2.0])
    node.data(4, 3.0, T0_MS + 3)
    node.data(2, 1.0, T0_MS + 1)  # late after all: its reading has its own time
    assert [v for _, v in node.temps()] == [20.0, 2.0, 3.0, 1.0]
    node.born(seq=0)
    node.data(2, 4.0, T0_MS + 4)
    assert node.temps()[-1] == (T0_MS + 4, 4.0)


def test_a_node_that_does_not_answer_is_asked_ever_more_seldom() -> None:
    node = Node()
    for _ in range(600):
        node.data(0, 1.0, T0_MS)
        node.wait(1.0)
    assert node.asked == 6  # at 0, 10, 30, 70, 150, 310 s


def test_seq_goes_round_at_256() -> None:
    node = Node()
    node.born(seq=254)
    node.data(0, 1.0, T0_MS + 1)
    node.data(1, 2.0, T0_MS + 2)
    assert [v for _, v in node.temps()] == [20.0, 1.0, 2.0]


def test_history_and_nulls_and_quality() -> None:
    node = Node()
    node.born()
    body = payload(
        metric(value=18.0, alias=2, t_ms=T0_MS - 60_000, historical=True),
        metric(value=None, alias=2, t_ms=T0_MS + 1),
        metric(value=5.0, alias=2, t_ms=T0_MS + 2, quality=500),
        seq=2,
    )
    gives = [one.instant for one in node.tell("DDATA", body, "kiln") if isinstance(one, Give)]
    assert [(i.t // 1000, i.values, i.quality, i.historical) for i in gives] == [
        (T0_MS - 60_000, [18.0], [QUALITY_GOOD], True),
        (T0_MS + 1, [None], [QUALITY_BAD], False),
        (T0_MS + 2, [5.0], [QUALITY_BAD], False),
    ]


def test_a_device_that_is_not_born_again_dies_with_a_grace() -> None:
    node = Node()
    node.born()
    node.born(seq=0, devices=False)
    node.wait(4.9)
    assert node.stale == []
    node.wait(0.2)
    assert node.stale == ["plant/edge/kiln/Temp"]


def test_text_is_no_series_and_no_reason_to_ask() -> None:
    node = Node()
    node.tell("NBIRTH", payload(metric("bdSeq", 1), metric("Name", "kiln", alias=9), seq=0))
    node.tell("NDATA", payload(metric(value="oven", alias=9), seq=1))
    assert (node.readings, node.asked) == ([], 0)
    node.tell("NDATA", payload(metric("New", 1.0), seq=2))
    assert node.asked == 1, "a metric that no birth named"


def test_a_lost_broker_forgets_sessions_and_asks_when_it_is_back() -> None:
    node = Node()
    node.born()
    node.host.lost()
    node.note(node.host.found(node.now(), node.mono_s))
    assert node.asked == 1
    node.born()
    assert node.temps()[-1] == (T0_MS, 20.0)


def test_only_some_metrics_and_names_by_a_template() -> None:
    node = Node(only=["plant/edge/kiln/*"], series="{device}/{metric}")
    node.born()
    assert {name for name, *_ in node.readings} == {"kiln/Temp"}


@given(st.permutations(range(12)), st.integers(0, 255))
def test_any_order_within_the_window_gives_the_same_readings(order: list[int], first: int) -> None:
    node = Node()
    node.born(seq=first)
    for n in order:
        node.data(first + 2 + n, float(n), T0_MS + 1 + n)
    assert node.temps()[1:] == [(T0_MS + 1 + n, float(n)) for n in range(12)]
    assert node.asked == 0


@given(st.lists(st.integers(0, 11), unique=True, max_size=11), st.permutations(range(12)))
def test_what_arrives_is_given_however_much_is_missing(lost: list[int], order: list[int]) -> None:
    node = Node()
    node.born()
    for n in order:
        if n not in lost:
            node.data(2 + n, float(n), T0_MS + 1 + n)
    node.wait(2.0)
    assert {v for _, v in node.temps()[1:]} == {float(n) for n in range(12) if n not in lost}
    assert node.asked == (0 if sorted(lost) == list(range(12 - len(lost), 12)) else 1)
