"""Line protocol over HTTP: what InfluxDB's clients send, and what they are told."""

from __future__ import annotations

import base64
import gzip
import random

import pytest

from ingest.doors import bodies
from opsroom.settings import Limits
from tests.doors.desk import NOW_S, Doors

US = 1_000_000


def test_lines_become_readings_with_value_and_event_time() -> None:
    doors = Doors()
    told = doors.lines(
        f"cpu,host=web1.example.com,cpu=0 idle=98.5,user=3i,up=t {NOW_S}\nmem free=-1.5e3 {NOW_S - 1}"
    )
    assert told.status_code == 204
    assert told.headers["x-opsroom-stored"] == "4"
    assert sorted(doors.named) == [
        ("mill-1/cpu/0/web1.example.com/idle", NOW_S * US, 98.5),
        ("mill-1/cpu/0/web1.example.com/up", NOW_S * US, 1.0),
        ("mill-1/cpu/0/web1.example.com/user", NOW_S * US, 3.0),
        ("mill-1/mem/free", (NOW_S - 1) * US, -1500.0),
    ]


def test_a_series_that_is_there_takes_the_readings() -> None:
    doors = Doors('[[series]]\nname = "press"\npath = "{field}"\nunit = "t/h"\n')
    assert doors.lines(f"press,host=a output=5 {NOW_S}").status_code == 204
    assert doors.named == [("mill-1/output", NOW_S * US, 5.0)]
    assert not doors.room.config()


@pytest.mark.parametrize(
    ("precision", "times"), [("ns", 10**9), ("us", 10**6), ("ms", 1000), ("s", 1), ("n", 10**9), ("u", 10**6)]
)
def test_every_precision_of_both_versions(precision: str, times: int) -> None:
    doors = Doors()
    assert doors.ask(
        "POST", f"/write?db=x&precision={precision}", content=f"m v=1 {NOW_S * times}"
    ).is_success
    assert doors.named == [("mill-1/m/v", NOW_S * US, 1.0)]


def test_minutes_and_hours() -> None:
    doors = Doors()
    assert doors.lines(f"m v=1 {NOW_S // 60}", "m").status_code == 204
    assert doors.lines(f"m v=2 {NOW_S // 3600}", "h").status_code == 204
    assert [t for _, t, _ in doors.named] == [NOW_S // 60 * 60 * US, NOW_S // 3600 * 3600 * US]


@pytest.mark.parametrize("told", ["ns", "us", "ms", "s"])
@pytest.mark.parametrize("meant", ["ns", "us", "ms", "s"])
def test_a_time_in_another_precision_is_refused_with_a_guess(told: str, meant: str) -> None:
    scale = {"ns": 10**9, "us": 10**6, "ms": 1000, "s": 1}
    doors = Doors()
    answer = doors.lines(f"m v=1 {NOW_S * scale[meant]}", told)
    if told == meant:
        assert answer.status_code == 204
        return
    assert answer.status_code == 400
    assert answer.json()["reason"] == "time_precision"
    assert f"precision={meant}" in answer.json()["message"]
    assert doors.named == []


def test_readings_without_a_time_happened_when_they_arrived() -> None:
    doors = Doors()
    before = doors.room.clock.now()
    assert doors.lines("m v=1,w=2\nm v=2").status_code == 204
    times = {name_value[::2]: name_value[1] for name_value in doors.named}
    assert before <= times["mill-1/m/v", 1.0] == times["mill-1/m/w", 2.0] < times["mill-1/m/v", 2.0]
    assert times["mill-1/m/v", 2.0] <= doors.room.clock.now()


def test_good_lines_stay_where_another_is_refused() -> None:
    doors = Doors()
    answer = doors.lines(f"# made by hand\n\nm v=1 {NOW_S}\nm v=wat {NOW_S}\nm w=2 {NOW_S}\nm,x v=3")
    told = answer.json()
    assert answer.status_code == 400
    assert (told["code"], told["reason"], told["line"]) == ("invalid", "line_invalid", 4)
    assert (told["stored"], told["refused"]) == (2, 2)
    assert "line 4" in told["message"] == told["error"]
    assert [one["line"] for one in told["refusals"]] == [4, 6]
    assert [value for _, _, value in doors.named] == [1.0, 2.0]


def test_text_is_kept_out_and_counted() -> None:
    doors = Doors()
    answer = doors.lines(f'm v=1,s="a b,c=\\"d\\"" {NOW_S}\nlog s="one\ntwo",n=2i {NOW_S}')
    assert answer.status_code == 204
    assert (answer.headers["x-opsroom-stored"], answer.headers["x-opsroom-left-out"]) == ("2", "2")


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Token mill-token"},
        {"Authorization": "Bearer mill-token"},
        {"Authorization": "Token anybody:mill-token"},
        {"Authorization": "Basic " + base64.b64encode(b"u:mill-token").decode()},
    ],
)
def test_every_way_to_show_a_token(headers: dict[str, str]) -> None:
    assert Doors().lines("m v=1", headers=headers).status_code == 204


def test_version_1_shows_its_token_as_password_in_the_query() -> None:
    doors = Doors()
    assert doors.ask("POST", "/write?db=x&u=me&p=mill-token", content="m v=1", headers={}).status_code == 204
    assert doors.ask("POST", "/write?db=x&u=me&p=wrong", content="m v=1", headers={}).status_code == 401
    answer = doors.ask("POST", "/write?db=x", content="m v=1", headers={})
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
    gone = {"Authorization": "Token gone-token"}
    assert doors.lines("m v=1", headers=gone).json()["reason"] == "token_unit_gone"


@pytest.mark.parametrize("kind", ["", "application/x-www-form-urlencoded", "text/plain; charset=utf-8"])
def test_any_content_type_is_read(kind: str) -> None:
    headers = {"Authorization": "Token mill-token", "Content-Type": kind}
    assert Doors().lines("m,a=b%20c v=1", headers=headers).status_code == 204


def packed(body: bytes, **more: str) -> dict[str, str]:
    del body
    return {"Authorization": "Token mill-token", "Content-Encoding": "gzip", **more}


def test_gzip_is_unpacked_within_its_bound() -> None:
    doors = Doors(limits=Limits(body_bytes_max=100_000))
    body = gzip.compress(b"m v=1") + gzip.compress(b"\nm w=2")
    assert doors.lines(body, headers=packed(body)).status_code == 204
    assert len(doors.named) == 2
    bomb = gzip.compress(b"m v=1\n" * 1_000_000)
    assert len(bomb) < 100_000
    answer = doors.lines(bomb, headers=packed(bomb))
    assert (answer.status_code, answer.json()["reason"]) == (413, "body_too_large")
    assert doors.lines(body[:-3], headers=packed(body)).json()["reason"] == "gzip_invalid"
    assert doors.lines(b"m v=1", headers=packed(body)).json()["reason"] == "gzip_invalid"
    other = {"Authorization": "Token mill-token", "Content-Encoding": "br"}
    assert doors.lines(b"m v=1", headers=other).status_code == 415
    assert doors.lines(b"x" * 100_001).status_code == 413
    assert len(doors.named) == 2


def test_gzip_of_ever_so_many_members_is_refused_before_they_are_read() -> None:
    """Each costs, however little it holds; a sender that appends to a file writes some."""
    doors = Doors()
    some = b"".join(gzip.compress(b"m v=%d %d\n" % (n, n + 1)) for n in range(bodies.GZIP_MEMBERS_MAX))
    assert doors.lines(some, headers=packed(some)).status_code == 204
    assert len(doors.named) == bodies.GZIP_MEMBERS_MAX
    more = some + gzip.compress(b"")
    assert doors.lines(more, headers=packed(more)).json()["reason"] == "gzip_invalid"
    long = b"".join(b"m v=%d %d\n" % (n, n + 1) for n in range(30_000))
    cut = gzip.compress(random.Random(1).randbytes(3 * bodies.GZIP_BITE), 0)[: bodies.GZIP_BITE * 2]
    assert doors.lines(cut, headers=packed(cut)).json()["reason"] == "gzip_invalid"
    assert doors.lines(gzip.compress(long, 0), headers=packed(long)).status_code == 204
    assert len(doors.named) == bodies.GZIP_MEMBERS_MAX + 30_000


def test_a_dot_is_a_dot_though_units_of_its_parts_are_there() -> None:
    doors = Doors()
    assert doors.lines("kiln,a=heat t=1").status_code == 204
    assert doors.lines("kiln.heat t=2").status_code == 204
    assert {(name, v) for name, _, v in doors.named} == {
        ("mill-1/kiln/heat/t", 1.0),
        ("mill-1/kiln.heat/t", 2.0),
    }


def test_tags_that_explode_are_refused_with_the_limit_named() -> None:
    doors = Doors(limits=Limits(series_per_source=50))
    answer = doors.lines("\n".join(f"m,id={n} v=1" for n in range(5_000)))
    assert answer.status_code == 400
    assert answer.json()["reason"] == "series_limit"
    assert (answer.json()["stored"], answer.json()["refused"]) == (50, 4_950)
    assert "50" in answer.json()["message"]
    none = doors.lines("\n".join(f"m,id={n} v=1" for n in range(6_000, 7_000)))
    assert none.status_code == 413
    assert doors.lines("m,id=7 v=2").status_code == 204
    assert sum(len(gate.known.heads) for gate in doors.desk._gates.values()) <= 51


def test_values_are_converted_to_the_unit_of_their_series() -> None:
    doors = Doors(
        '[[series]]\nname = "press"\npath = "output"\nunit = "kg/h"\n'
        '[[series]]\nname = "oven"\npath = "stock"\nunit = "Cel"\n'
    )
    answer = doors.lines(f"press out=5000 {NOW_S}\noven out=5 {NOW_S}\npress out=1.7e308 {NOW_S - 1}")
    assert doors.named[0] == ("mill-1/output", NOW_S * US, 5.0)
    assert [one["code"] for one in answer.json()["refusals"]] == ["unit_mismatch"]


def test_label_sets_that_would_meet_in_one_name_are_refused() -> None:
    doors = Doors()
    answer = doors.lines("m,a=x v=1\nm,b=x v=2")
    assert answer.json()["reason"] == "series_collision"
    assert doors.lines("m,a=x v=3").status_code == 204
    assert [value for _, _, value in doors.named] == [1.0, 3.0]


def test_a_series_renamed_meanwhile_is_found_anew() -> None:
    import msgspec

    from opsroom.records import SeriesSet

    doors = Doors()
    assert doors.lines(f"m v=1 {NOW_S}").status_code == 204
    [series] = [one for one in doors.room.catalog.series.values() if one.name == "v"]
    doors.room.catalog.apply(SeriesSet(msgspec.structs.replace(series, name="old")))
    assert doors.lines(f"m v=2 {NOW_S}").status_code == 204
    assert [(name, value) for name, _, value in doors.named] == [("mill-1/m/old", 1.0), ("mill-1/m/v", 2.0)]


def test_each_host_has_a_clock_of_its_own() -> None:
    doors = Doors()
    assert doors.lines(f"m,host=a v=1 {NOW_S}\nm,host=b v=2 {NOW_S - 50}").status_code == 204
    assert sorted(doors.sources()) == ["casual:2:influx:a", "casual:2:influx:b"]


def test_series_stand_in_the_log_before_their_readings() -> None:
    doors = Doors()
    assert doors.lines("m v=1").status_code == 204
    assert [record.kind.name for record in doors.room.log.read(0, 10)] == ["CONFIG", "READINGS"]


def test_a_full_budget_asks_to_come_again() -> None:
    doors = Doors(limits=Limits(inflight_bytes=10))
    answer = doors.lines("measurement value=1")
    assert (answer.status_code, answer.json()["reason"]) == (503, "door_busy")
    assert int(answer.headers["retry-after"]) > 0
    assert doors.lines("m v=1").status_code == 204


def test_clients_may_ping() -> None:
    doors = Doors()
    for method in ("GET", "HEAD"):
        answer = doors.ask(method, "/ping", headers={})
        assert answer.status_code == 204
        assert answer.headers["x-influxdb-version"].startswith("1.8")
    assert doors.ask("GET", "/ping?verbose=true").json()["version"]
    assert doors.ask("GET", "/health").json()["status"] == "pass"


def test_only_what_writers_need_is_answered_of_queries() -> None:
    doors = Doors()
    assert doors.ask("POST", "/query", data={"q": 'CREATE DATABASE "x y"'}).json() == {
        "results": [{"statement_id": 0}]
    }
    doors.ask("POST", "/write?db=plant", content="m v=1")
    shown = doors.ask("GET", "/query?q=SHOW%20DATABASES").json()["results"][0]["series"][0]
    assert shown["values"] == [["plant"]]
    refused = doors.ask("GET", "/query?q=SELECT%20*%20FROM%20m")
    assert (refused.status_code, refused.json()["reason"]) == (400, "query_unknown")
    assert doors.ask("GET", "/query?q=SHOW%20DATABASES", headers={}).status_code == 401


def test_a_precision_nobody_knows_is_refused() -> None:
    assert Doors().lines("m v=1", "fortnight").json()["reason"] == "precision_unknown"
