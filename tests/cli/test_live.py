"""Verbs against a running room: credentials, feeding, alerts, backup."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from opsroom.cli.rest import signed_in
from opsroom.store import open_store
from tests.cli.conftest import Live, Ran

PASSWORD = "a long enough word"


def ingest(live: Live) -> str:
    return live.url.replace("http", "ws", 1)


def token(live: Live, unit: str = "energy/dam") -> str:
    made = live.verb("token", "new", unit, "--json")
    assert made.code == 0, made.err
    time.sleep(1.0)  # A running room takes a token up within a second.
    secret: str = made.json["token"]
    return secret


def seat(live: Live, name: str, unit: str, role: str) -> None:
    made = live.verb("seat", "new", name, "--unit", unit, "--role", role, OPSROOM_PASSWORD=PASSWORD)
    assert made.code == 0, made.err
    time.sleep(1.0)  # A running room takes a seat up within a second.


def until(live: Live, person: str) -> list[dict[str, object]]:
    """Wait for alerts that `person` sees."""
    for _ in range(40):
        ran = live.verb(
            "alerts", "list", "--url", live.url, "--person", person, "--json", OPSROOM_PASSWORD=PASSWORD
        )
        assert ran.code == 0, ran.err
        if ran.json:
            found: list[dict[str, object]] = ran.json
            return found
        time.sleep(0.25)
    raise AssertionError("no alert came")


def feed(live: Live, *lines: str, secret: str) -> Ran:
    return live.verb(
        "feed", "jsonl", "-", "--to", ingest(live), "--json", text="\n".join(lines), OPSROOM_TOKEN=secret
    )


def test_units_and_series_as_stored(live: Live) -> None:
    units = live.verb("units", "list", "--json")
    paths = [row["path"] for row in units.json]  # other tests bring more
    assert paths[:3] == ["", "energy", "energy/dam"]
    series = live.verb("series", "list", "--unit", "energy", "--json")
    assert "energy/dam/output" in {row["path"] for row in series.json}
    assert "energy/dam" in live.verb("units", "list").out


def test_an_unknown_unit_is_answered_with_near_names(live: Live) -> None:
    ran = live.verb("token", "new", "energy/dan")
    assert ran.code == 1
    assert "energy/dam" in ran.err


def test_a_seat_is_made_once(live: Live) -> None:
    first = live.verb("seat", "new", "twice", "--unit", "/", "--random", "--json")
    assert first.code == 0, first.err
    assert len(first.json["password"]) >= 12
    again = live.verb("seat", "new", "twice", "--unit", "/", "--random")
    assert again.code == 1
    assert "seat_taken" in again.err


def test_from_a_line_of_json_to_an_acknowledged_alert(live: Live) -> None:
    seat(live, "shift", "energy/dam", "operator")
    secret = token(live)
    rows = [json.dumps({"series": "output", "value": value}) for value in (50.0, 5.0)]
    for row in (*rows, rows[1]):
        ran = feed(live, row, secret=secret)
        assert ran.code == 0, ran.err
        assert (ran.json["readings"], ran.json["refused"]) == (1, 0)
    (alert,) = until(live, "shift")
    assert alert["series"] == "energy/dam/output"
    words = ("--url", live.url, "--person", "shift", "--json")
    seen = live.verb("alerts", "ack", str(alert["id"]), "--note", "seen", *words, OPSROOM_PASSWORD=PASSWORD)
    assert seen.code == 0, seen.err
    again = live.verb("alerts", "ack", str(alert["id"]), *words, OPSROOM_PASSWORD=PASSWORD)
    assert again.code == 1
    shown = live.verb("alerts", "list", "--url", live.url, "--person", "shift", OPSROOM_PASSWORD=PASSWORD)
    assert str(alert["id"]) in shown.out

    def act(verb: str, *more: str) -> Ran:
        return live.verb("alerts", verb, str(alert["id"]), *more, *words, OPSROOM_PASSWORD=PASSWORD)

    assert act("unack", "--note", "the wrong one").json["alert"]["state"] == "unacked"
    for_long = act("shelve", "--for", "1h 30min", "--reason", "valve")
    held = for_long.json["alert"]["silenced"]
    assert abs(held["until"] - held["at"] - 5_400_000) < 5_000, "the end is counted from when it was asked"
    assert act("unshelve").json["alert"]["state"] == "acked"
    assert act("shelve", "--once", "--reason", "start-up").json["alert"]["silenced"]["one_shot"]
    assert act("shelve", "--reason", "no end").code == 2
    assert act("shelve", "--for", "soon", "--reason", "valve").code == 2
    for verb, why in {"return": "not_silenced", "reset": "not_latched"}.items():
        refused = act(verb)
        assert (refused.code, why in refused.err) == (1, True), refused.err
    refused = act("out-of-service", "--reference", "W-1")
    assert (refused.code, "silence_refused" in refused.err) == (1, True), "a council's act"


def test_a_burst_of_a_pipe_with_many_series_a_line_is_stored_whole(live: Live, tmp_path: Path) -> None:
    """Together it is more than a frame may hold; an outbox with it in would have waited for ever."""
    began, lines, series = 1_760_000_000_000, 1_500, 40
    burst = [
        json.dumps(
            [{"series": f"burst/{n}", "value": float(i), "ts": began + 1_000 * i} for n in range(series)]
        )
        for i in range(lines)
    ]
    ran = live.verb(
        "feed", "jsonl", "-", "--to", ingest(live), "--outbox", str(tmp_path / "box"), "--json",
        text="\n".join(burst), OPSROOM_TOKEN=token(live),
    )  # fmt: skip
    assert ran.code == 0, ran.err
    assert (ran.json["readings"], ran.json["acked"], ran.json["connections"]) == (lines * series,) * 2 + (1,)


def test_a_wrong_password_is_refused(live: Live) -> None:
    ran = live.verb("alerts", "list", "--url", live.url, "--person", "nobody", OPSROOM_PASSWORD="wrong")
    assert ran.code == 1
    assert "login_wrong" in ran.err or "seats_none" in ran.err, "a room without seats says how to make one"


def test_csv_is_stored_whole(live: Live, tmp_path: Path) -> None:
    begin = datetime(2024, 3, 1, tzinfo=UTC)
    rows = [f"{(begin + timedelta(minutes=n)).isoformat()},{50 + n % 7},{n}" for n in range(500)]
    file = tmp_path / "day.csv"
    file.write_text("\n".join(["ts,P avg,stock", *rows]), encoding="utf-8")
    (tmp_path / "map.toml").write_text(
        '[rename]\n"P avg" = "power"\n[units]\n"P avg" = "kW"\n', encoding="utf-8"
    )
    words = (
        "--map",
        str(tmp_path / "map.toml"),
        "--historical",
        "--outbox",
        str(tmp_path / "o.outbox"),
        "--json",
    )
    ran = live.verb("feed", "csv", str(file), "--to", ingest(live), *words, OPSROOM_TOKEN=token(live))
    assert ran.code == 0, ran.err
    assert (ran.json["readings"], ran.json["refused"]) == (1000, 0)
    listed = live.verb("series", "list", "--unadopted", "--json").json
    named = {row["path"]: row["unit"] for row in listed}
    assert named["energy/dam/power"] == "kW"
    stock = next(row["id"] for row in listed if row["path"] == "energy/dam/stock")
    cut = live.verb(
        "feed",
        "csv",
        str(file),
        "--to",
        ingest(live),
        "--from",
        "2024-03-01T01:00:00Z",
        "--until",
        "2024-03-01T01:10:00Z",
        "--historical",
        "--json",
        OPSROOM_TOKEN=token(live),
    )
    assert cut.json["readings"] == 20
    seat(live, "reader", "energy/dam", "operator")
    assert stored_stock(live, stock) == list(range(500))


def stored_stock(live: Live, series_id: int) -> list[float]:
    """Read the values of a series back through the interface that screens use."""
    import os

    os.environ["OPSROOM_PASSWORD"] = PASSWORD
    try:
        with signed_in(live.url, "reader") as room:
            span = {"from": 1709251200000, "to": 1709251200000 + 500 * 60_000, "points": 1000}
            values: list[float] = room.get(f"series/{series_id}/readings", **span)["v"]
            return values
    finally:
        del os.environ["OPSROOM_PASSWORD"]


def test_a_backup_beside_the_running_room_opens(live: Live, tmp_path: Path) -> None:
    ran = live.verb("backup", str(tmp_path / "copy"), "--json")
    assert ran.code == 0, ran.err
    assert {"store.db", "log.db", "economy.toml"} <= set(ran.json["bytes"])
    store = open_store(f"sqlite:///{tmp_path}/copy/store.db")
    try:
        assert "energy/dam" in {unit.path for unit in store.catalog.units()}
    finally:
        store.close()
    again = live.verb("backup", str(tmp_path / "copy"))
    assert again.code == 1
    assert "backup_not_empty" in again.err
