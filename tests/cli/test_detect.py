"""`opsroom detect backtest` on what a room stored, beside the room and after it."""

from __future__ import annotations

import contextlib
import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import pytest

from opsroom.store import open_store
from tests.cli.conftest import ECONOMY, Ran, Verb, clean_environment, run

T0_S = 1_700_000_000
STEP_S = 600
READINGS = 7 * 144
NAMES = ("output", "heat", "flow")


class Past(NamedTuple):
    """A room's folder after it has run, and what the verb said while it ran."""

    folder: Path
    beside: Ran

    def verb(self, *words: str) -> Ran:
        """Run the verb on what the room left."""
        return run(self.folder, "detect", "backtest", *words)


def lines() -> str:
    """A week of three series: noise, an outage of each, one beyond its declared band."""
    rng = random.Random(3)
    rows = []
    for n in range(READINGS):
        for k, name in enumerate(NAMES):
            fault = -60.0 if 800 + 40 * k <= n < 820 + 40 * k else 0.0
            value = 50.0 + rng.gauss(0.0, 1.0) + fault
            rows.append(
                json.dumps({"series": name, "value": round(value, 4), "ts": (T0_S + STEP_S * n) * 1000})
            )
    return "\n".join(rows)


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> Past:
    """Feed a week to a room on the stream's clock, ask beside it, and let it end."""
    folder = tmp_path_factory.mktemp("past")
    (folder / "economy.toml").write_text(ECONOMY, encoding="utf-8")
    (folder / "readings.jsonl").write_text(lines(), encoding="utf-8")
    (folder / "opsroom.toml").write_text('[server]\nclock = "stream"\nport = 0\n', encoding="utf-8")
    with (folder / "server.log").open("w", encoding="utf-8") as words:
        process = subprocess.Popen(
            [sys.executable, "-m", "opsroom", "serve", "--json"],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=words,
            text=True,
            env=clean_environment(),
        )
    assert process.stdout is not None
    try:
        url = json.loads(process.stdout.readline())["url"]
        secret = run(folder, "token", "new", "energy/dam", "--json").json["token"]
        time.sleep(1.0)  # A running room takes a token up within a second.
        fed = run(
            folder, "feed", "jsonl", "readings.jsonl", "--to", url.replace("http", "ws", 1), "--json",
            OPSROOM_TOKEN=secret,
        )  # fmt: skip
        assert (fed.code, fed.json["readings"]) == (0, READINGS * len(NAMES)), fed.err
        beside = run(folder, "detect", "backtest")
        assert process.poll() is None, "the room goes on"
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) in {0, -signal.SIGTERM}
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    return Past(folder, beside)


def test_beside_a_running_room_it_says_what_is_not_stored_yet(past: Past) -> None:
    assert past.beside.code == 1
    assert "backtest_empty" in past.beside.err


def test_the_present_settings_give_what_the_room_raised(past: Past) -> None:
    ran = past.verb("--json")
    assert ran.code == 0, ran.err
    with contextlib.closing(open_store(f"sqlite:///{past.folder}/opsroom-data/store.db")) as store:
        paths = {one.id: one.name for one in store.catalog.series()}
        raised = sorted(
            (a.raised // 1000, f"energy/dam/{paths[a.series_id]}") for a in store.journal.alerts()
        )
    assert len(raised) >= 3
    body = ran.json
    assert [(one["at"], one["series"]) for one in body["alerts"]] == raised
    assert (body["new"], body["old"]["raises"], body["readings"]) == (
        None,
        len(raised),
        READINGS * len(NAMES),
    )
    assert body == past.verb("--json").json, "twice the same"


def test_settings_that_change_nothing_show_no_difference(past: Past) -> None:
    body = past.verb("--budget", "0.1", "--json").json
    assert body["old"] == body["new"]
    assert {one["change"] for one in body["alerts"]} == {"both"}
    assert {one["moved_s"] for one in body["alerts"]} == {0.0}
    shown = past.verb("--budget", "0.1")
    assert "Both raise the same alerts." in shown.out


def test_old_and_new_stand_side_by_side(past: Past) -> None:
    words = ("--budget", "20", "--set", "room.recovery_readings=1", "--profile", "historical")
    body = past.verb(*words, "--json").json
    assert body["new"]["settings"] == {
        "budget_per_week": 20.0, "recovery_readings": 1, "recovery_default_s": 900.0, "profile": "historical",
    }  # fmt: skip
    assert body["new"]["raises"] > body["old"]["raises"]
    added = [one for one in body["alerts"] if one["change"] == "new"]
    assert added
    assert all(one["value"] is not None and one["detector"] for one in added)
    shown = past.verb(*words)
    assert shown.code == 0
    assert "old:" in shown.out
    assert "new:" in shown.out
    assert "█" in shown.out
    assert "alerts that only one of the two raises" in shown.out


def test_a_glob_chooses_series(past: Past) -> None:
    body = past.verb("--series", "energy/*/heat", "--json").json
    assert [row["series"] for row in body["by_series"]] == ["energy/dam/heat"]
    assert {one["series"] for one in body["alerts"]} <= {"energy/dam/heat"}
    none = past.verb("--series", "copper/*")
    assert none.code == 1
    assert "backtest_empty" in none.err


@pytest.mark.parametrize(
    "words",
    [
        ("--set", "colour=red"),
        ("--set", "budget_per_week"),
        ("--set", "recovery_readings=none"),
        ("--profile", "1066"),
        ("--days", "0"),
        ("--budget", "-1"),
    ],
)
def test_what_is_no_setting_is_a_usage_error(past: Past, words: tuple[str, ...]) -> None:
    assert past.verb(*words).code == 2


def test_without_a_store_it_says_so(opsroom: Verb) -> None:
    ran = opsroom("detect", "backtest")
    assert ran.code == 1
    assert "store_missing" in ran.err
