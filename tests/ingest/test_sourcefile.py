"""Settings files of connectors: every fault names file and key."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest import sourcefile
from opsroom.errors import SettingsError
from opsroom.registry import Missing, Survey

GOOD = '[mqtt]\n[[mqtt.topic]]\nfilter = "a/+"\n'


def read(folder: Path, text: str) -> sourcefile.SourceFile:
    file = folder / "mill.toml"
    file.write_text(text, encoding="utf-8")
    return sourcefile.read_source_file(file)


def test_a_file_gives_room_connector_and_series(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MILL_TOKEN", "secret")
    text = '[room]\noutbox = "mill.outbox"\ntoken_env = "MILL_TOKEN"\n[series."a/b"]\nname = "c"\n' + GOOD
    found = read(tmp_path, text)
    assert (found.connector, found.source_name, found.token) == ("mqtt", "mill", "secret")
    assert found.outbox == tmp_path / "mill.outbox"
    assert found.series["a/b"].name == "c"
    assert [one.what for source in found.sources for one in source.asked()] == ["a/+"]


@pytest.mark.parametrize(
    ("text", "key", "line"),
    [
        ("", "", 0),
        ("[mqtt\n", "", 1),
        ('a = "b\n' + GOOD, "", 1),
        ("[room]\nurll = 1\n" + GOOD, "room.urll", 0),
        ("[room]\nlateness_s = 'x'\n" + GOOD, "room.lateness_s", 0),
        ("[series.a]\nunits = 'kW'\n" + GOOD, "series[...].units", 0),
        ("[mqttt]\n", "mqttt", 0),
        ("mqtt = 3\n", "mqtt", 0),
        ("[mqtt]\n", "mqtt.topic", 0),
        ("[mqtt]\nport = 'x'\n", "mqtt.port", 0),
        ("[mqtt]\n[[mqtt.topic]]\nqos = 1\n", "mqtt.topic[0].filter", 0),
        (GOOD + "qos = 7\n", "mqtt.topic[0].qos", 0),
        (GOOD + "series = '{3}'\n", "mqtt.topic[0].series", 0),
        ("[mqtt]\npassword_env = 'NOT_SET_ANYWHERE'\n[mqtt.sparkplug]\n", "mqtt.password_env", 0),
        ("[mqtt.sparkplug]\nseries = '{metrik}'\n", "mqtt.sparkplug.series", 0),
    ],
)
def test_a_fault_names_file_and_key(tmp_path: Path, text: str, key: str, line: int) -> None:
    with pytest.raises(SettingsError) as caught:
        read(tmp_path, text)
    assert caught.value.params["file"] == str(tmp_path / "mill.toml")
    assert (caught.value.params["key"], caught.value.params["line"]) == (key, line)
    assert caught.value.message.startswith(str(tmp_path / "mill.toml"))
    assert caught.value.remedy


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"none\.toml"):
        sourcefile.read_source_file(tmp_path / "none.toml")


def test_an_absent_library_is_named_with_its_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    missing = Missing("mqtt", "aiomqtt", "pip install 'cybersyn-opsroom[mqtt]'")
    monkeypatch.setattr(sourcefile, "survey", lambda *_, **__: Survey({}, (missing,)))
    with pytest.raises(SettingsError, match="aiomqtt") as caught:
        read(tmp_path, GOOD)
    assert caught.value.code == "connector_library_missing"
    assert "cybersyn-opsroom[mqtt]" in caught.value.remedy
