"""What collectd's write_http sends."""

from __future__ import annotations

import msgspec

from tests.doors.desk import NOW_S, Doors

HEADERS = {"Authorization": "Basic dTptaWxsLXRva2Vu", "Content-Type": "application/json"}


def values(**more: object) -> dict[str, object]:
    told: dict[str, object] = {
        "values": [41.5],
        "dstypes": ["gauge"],
        "dsnames": ["value"],
        "time": NOW_S + 0.25,
        "interval": 10.0,
        "host": "web1",
        "plugin": "sensors",
        "plugin_instance": "k10temp",
        "type": "temperature",
        "type_instance": "Tctl",
        "meta": {"network:received": True},
    }
    return told | more


def test_values_lists_become_readings_under_collectds_own_names() -> None:
    doors = Doors()
    load = values(
        plugin="load", plugin_instance="", type="load", type_instance="", values=[1, 2.5],
        dsnames=["shortterm", "longterm"],
    )  # fmt: skip
    body = msgspec.json.encode([values(), load]) + b"\r\n"
    answer = doors.ask("POST", "/api/v1/collectd", content=body, headers=HEADERS)
    assert answer.status_code == 204
    at = NOW_S * 1_000_000 + 250_000
    assert doors.named == [
        ("mill-1/web1/sensors-k10temp/temperature-Tctl", at, 41.5),
        ("mill-1/web1/load/load/shortterm", at, 1.0),
        ("mill-1/web1/load/load/longterm", at, 2.5),
    ]
    assert [one.unit for one in doors.room.catalog.series.values() if not one.adopted] == ["Cel", "", ""]


def test_a_rate_that_is_not_known_yet_is_kept_out() -> None:
    doors = Doors()
    octets = values(type="if_octets", values=[None, 5.0], dsnames=["rx", "tx"])
    answer = doors.ask("POST", "/api/v1/collectd", content=msgspec.json.encode([octets]), headers=HEADERS)
    assert (answer.status_code, answer.headers["x-opsroom-left-out"]) == (204, "1")
    assert [value for _, _, value in doors.named] == [5.0]


def test_a_client_without_a_password_is_asked_for_one() -> None:
    answer = Doors().ask("POST", "/api/v1/collectd", content=b"", headers={})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Basic ")


def test_what_is_not_collectds_is_refused() -> None:
    doors = Doors()
    for body in (b"", b"[", b'{"values":"x"}', b"\xff", b"[" * 10_000, b'[{"plugin":"cpu"}]'):
        answer = doors.ask("POST", "/api/v1/collectd", content=body, headers=HEADERS)
        assert (answer.status_code, answer.text.split(":")[0]) == (400, "collectd_invalid")


def test_a_time_beyond_all_is_refused_alone() -> None:
    doors = Doors()
    body = msgspec.json.encode([values(time=1e300), values()])
    answer = doors.ask("POST", "/api/v1/collectd", content=body, headers=HEADERS)
    assert (answer.status_code, answer.text.split(":")[0]) == (400, "time_invalid")
    assert len(doors.named) == 1
