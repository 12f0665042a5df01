"""The mapping file: which rule decides, what paths come of it, and its faults by line."""

from __future__ import annotations

import pytest

from ingest.doors.mapping import DROPPED, Naming, parse_mapping, part
from ingest.doors.readings import Key
from opsroom.errors import SettingsError

CPU = Key("cpu", (("cpu", "cpu0"), ("host", "web1")), "usage_idle")

TABLES = """
[[series]]
door = "influx"
name = "disk*"
drop = true

[[series]]
name = "cpu"
field = "usage_*"
labels = { host = "web*" }
path = "servers/{host}/{name}/{labels}/{field}"
unit = "%"
period_s = 10

[[series]]
name = "cpu"
path = "{rack}/{field}"
"""


def test_the_first_rule_that_fits_decides() -> None:
    naming = Naming(parse_mapping(TABLES))
    found = naming.target("influx", "b", CPU)
    assert (found.path, found.unit, found.sure) == ("servers/web1/cpu/cpu0/usage_idle", "%", True)
    assert (found.period_s, found.source) == (10, "web1")
    assert naming.target("influx", "b", Key("diskio", (), "reads")) is DROPPED
    assert naming.target("prometheus", "", Key("diskio")).path == "diskio"


def test_a_rule_whose_path_lacks_a_label_does_not_fit() -> None:
    naming = Naming(parse_mapping(TABLES))
    assert naming.target("influx", "b", Key("cpu", (("rack", "r1"),), "idle")).path == "r1/idle"
    assert naming.target("influx", "b", Key("cpu", (), "idle")).path == "cpu/idle"


def test_buckets_and_sources_and_history() -> None:
    text = '[[series]]\nbucket = "old*"\npath = "{name}/{field}"\nsource = "rack"\nhistorical = true\n'
    naming = Naming(parse_mapping(text))
    found = naming.target("influx", "old-2019", Key("m", (("rack", "7"),), "v"))
    assert (found.source, found.historical, found.by_default) == ("7", True, False)
    assert naming.target("influx", "new", Key("m", (), "v")).by_default


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("node_cpu_seconds_total", "s"),
        ("node_hwmon_temp_celsius", "Cel"),
        ("http_request_duration_seconds_sum", "s"),
        ("http_request_duration_seconds_count", ""),
        ("http_request_duration_seconds_bucket", ""),
        ("up", ""),
    ],
)
def test_units_are_read_off_names_as_prometheus_makes_them(name: str, unit: str) -> None:
    found = Naming().target("prometheus", "", Key(name))
    assert (found.unit, found.sure) == (unit, False)


def test_different_texts_give_different_parts() -> None:
    texts = ["a/b", "a%2Fb", "a_b", ".", "..", "%2E", " ", "a ", "\x00", "ü", "a.b"]
    assert len({part(text) for text in texts}) == len(texts)
    assert all("/" not in part(text) and part(text).strip() and part(text).isprintable() for text in texts)


@pytest.mark.parametrize(
    ("text", "line", "key"),
    [
        ('[[series]]\nname = "a"\n', 1, "series.path"),
        ('[[series]]\nname = "a"\npath = "{host"\n', 3, "series.path"),
        ('[[series]]\nname = "a"\n\npath = "/abs"\n', 4, "series.path"),
        ('[[series]]\npath = "a//b"\n', 2, "series.path"),
        ('[[series]]\npath = "a/../b"\n', 2, "series.path"),
        ('[[series]]\npath = "a"\n[[series]]\npath = "b"\nperiod_s = -1\n', 5, "series.period_s"),
        ('[[series]]\npath = "a"\ndoor = "mqtt"\n', 3, "series.door"),
        ('[[series]]\npath = "a"\nmeasurement = "x"\n', 3, "series.measurement"),
        ('[[series]]\ndrop = true\npath = "a"\n', 3, "series.path"),
        ('[[series]]\npath = "a"\nname = \n', 3, ""),
    ],
)
def test_a_fault_names_its_line_and_key(text: str, line: int, key: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse_mapping(text)
    assert (caught.value.params["line"], caught.value.params["key"]) == (line, key)
