"""Plain MQTT topics: filters, names, payloads."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.connectors._rows import Instant
from ingest.connectors._topics import Rule, Topic, Unread
from opsroom.errors import Invalid
from opsroom.model import QUALITY_BAD, QUALITY_GOOD

NOW = 1_700_000_000_000_000


def read(told: str, **topic: Any) -> list[Instant | Unread]:
    rule = Rule(Topic(filter="a/#", **topic), 0)
    return list(rule.read("a", told.encode(), NOW))


@pytest.mark.parametrize(
    ("filter_", "series", "topic", "name"),
    [
        ("plant/+/usage", "{1}/used", "plant/mill/usage", "mill/used"),
        ("plant/+/usage", "{1}/used", "plant/mill/usage/more", None),
        ("plant/#", "{1}", "plant/mill/kiln", "mill/kiln"),
        ("plant/#", "{topic}", "plant", "plant"),
        ("+/+", "{2}/{1}", "a/b", "b/a"),
        ("a/b", "{topic}", "a/c", None),
        ("#", "{topic}", "$SYS/load", None),
        ("$share/room/a/+", "{1}", "a/b", "b"),
        ("a//b", "{topic}", "a//b", "a/b"),
    ],
)
def test_filters_match_as_brokers_do(filter_: str, series: str, topic: str, name: str | None) -> None:
    assert Rule(Topic(filter=filter_, series=series), 0).match(topic) == name


@pytest.mark.parametrize(
    ("topic", "field"),
    [
        (Topic(filter="a/#/b"), "topic[3].filter"),
        (Topic(filter="a/b+"), "topic[3].filter"),
        (Topic(filter=""), "topic[3].filter"),
        (Topic(filter="a/+", series="{2}"), "topic[3].series"),
        (Topic(filter="a", series="{"), "topic[3].series"),
        (Topic(filter="a", tz="Mars/Base"), "topic[3].tz"),
    ],
)
def test_a_table_that_cannot_be_used_names_its_field(topic: Topic, field: str) -> None:
    with pytest.raises(Invalid) as caught:
        Rule(topic, 3)
    assert caught.value.params["field"] == field


@pytest.mark.parametrize(
    ("payload", "value"), [("3.5", 3.5), (" 7\r\n", 7.0), ("-1e3", -1000.0), ("true", 1.0), ("OFF", 0.0)]
)
def test_bare_values(payload: str, value: float) -> None:
    assert read(payload, unit="t/h", period_s=60.0) == [
        Instant(NOW, ["a"], [value], ["t/h"], [60.0], [QUALITY_GOOD])
    ]


def test_json_with_a_time_of_its_own() -> None:
    told = '{"v": {"out": "3.5"}, "when": "2023-11-14T22:13:20Z"}'
    assert read(told, value="v.out", time="when") == [
        Instant(NOW, ["a"], [3.5], [""], [None], [QUALITY_GOOD])
    ]


def test_several_values_of_one_message() -> None:
    told = '{"temp": {"in": 21.5}, "humidity": null, "note": "x", "t": 1700000000}'
    (one,) = read(told, values={"temp.in": "Cel", "humidity": "%", "gone": "m"}, time="t")
    assert one == Instant(
        NOW,
        ["a/temp/in", "a/humidity"],
        [21.5, None],
        ["Cel", "%"],
        [None, None],
        [QUALITY_GOOD, QUALITY_BAD],
    )


def test_a_list_is_several_instants() -> None:
    told = '[{"value": 1, "t": 1700000000000}, {"value": 2, "t": 1700000001000}]'
    assert [(one.t - NOW, one.values) for one in read(told, time="t") if isinstance(one, Instant)] == [
        (0, [1.0]),
        (1_000_000, [2.0]),
    ]


@pytest.mark.parametrize(
    ("payload", "topic", "code"),
    [
        ("abc", {}, "payload_not_readable"),
        ("nan", {}, "payload_not_readable"),
        ("{}", {"payload": "number"}, "payload_not_number"),
        ('{"other": 1}', {}, "payload_without_value"),
        ('{"value": "x"}', {}, "payload_without_value"),
        ('{"value": 1}', {"time": "t"}, "time_invalid"),
        ('{"value": 1, "t": "soon"}', {"time": "t"}, "time_invalid"),
        ("", {}, "payload_not_readable"),
        ("[" * 5_000, {}, "payload_not_readable"),
        ('{"value": ' * 5_000 + "1" + "}" * 5_000, {"time": "t"}, "payload_not_readable"),
    ],
)
def test_what_is_no_reading_says_why(payload: str, topic: dict[str, Any], code: str) -> None:
    (one,) = read(payload, **topic)
    assert isinstance(one, Unread)
    assert one.code == code


@given(st.binary(max_size=60))
def test_any_payload_is_a_reading_or_a_reason(payload: bytes) -> None:
    assert list(Rule(Topic(filter="a", time="t"), 0).read("a", payload, NOW))


def test_a_payload_nested_as_deeply_as_can_be_read_has_no_time_in_it() -> None:
    """What is read at one depth of calls may be too deep to be written at another."""
    for deep in range(900, 1_010):
        (one,) = read('{"value": 1, "t": ' + "[" * deep + "]" * deep + "}", time="t")
        assert isinstance(one, Unread)
