"""Rows about feedback: a verdict moves a budget and is kept, and history answers what settings would do."""

from __future__ import annotations

import contextlib
import json
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from opsroom.cli.rest import Room, signed_in
from tests.acceptance.rows import ROWS, Outcome
from tests.cli.conftest import ECONOMY, clean_environment, run

T0_S = 1_700_000_000
STEP_S = 600
READINGS = 7 * 144
NAMES = ("heat", "flow")
PASSWORD = "a long enough word"
WAIT_S = 30.0
HISTORY_DAYS = 30
HISTORY_SERIES = 156
MINUTES_MOST = 10.0


class Told(NamedTuple):
    """What a room says of an alert: its card, its journal, and the budget of its series."""

    card: dict[str, Any]
    verbs: list[str]
    budget: dict[str, Any]


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Serve the folder's room for the body, which gets its address; it is ended as a person would."""
    process = subprocess.Popen(
        [sys.executable, "-m", "opsroom", "serve", "--json"],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=clean_environment(),
    )
    assert process.stdout is not None
    try:
        yield json.loads(process.stdout.readline())["url"]
        process.send_signal(signal.SIGTERM)
        process.wait(60)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def prepare(folder: Path) -> str:
    """Write tree, settings and a week whose end nobody expects; start once; give a plant's token."""
    rng = random.Random(8)
    rows = [
        json.dumps(
            {
                "series": name,
                "value": 50.0 + rng.gauss(0.0, 1.0) + (40.0 if n >= READINGS - 6 else 0.0),
                "ts": (T0_S + STEP_S * n) * 1000,
            }
        )
        for n in range(READINGS)
        for name in NAMES
    ]
    (folder / "readings.jsonl").write_text("\n".join(rows), encoding="utf-8")
    (folder / "economy.toml").write_text(ECONOMY, encoding="utf-8")
    (folder / "opsroom.toml").write_text('[server]\nclock = "stream"\nport = 0\n', encoding="utf-8")
    with serving(folder):
        pass
    words = ("seat", "new", "chair", "--unit", "energy/dam", "--role", "council")
    assert run(folder, *words, OPSROOM_PASSWORD=PASSWORD).code == 0
    token: str = run(folder, "token", "new", "energy/dam", "--json").json["token"]
    return token


@contextlib.contextmanager
def chair(url: str) -> Iterator[Room]:
    """Sit on the council's chair."""
    import os

    before = os.environ.get("OPSROOM_PASSWORD")
    os.environ["OPSROOM_PASSWORD"] = PASSWORD
    try:
        with signed_in(url, "chair") as room:
            yield room
    finally:
        if before is None:
            del os.environ["OPSROOM_PASSWORD"]
        else:
            os.environ["OPSROOM_PASSWORD"] = before


def standing(room: Room) -> dict[str, Any]:
    """Wait for an alert on `heat`."""
    end = time.monotonic() + WAIT_S
    while time.monotonic() < end:
        for alert in room.get("alerts")["alerts"]:
            if alert["series_name"] == "heat":
                card: dict[str, Any] = alert
                return card
        time.sleep(0.25)
    raise TimeoutError("no alert came")


def told(room: Room, card: dict[str, Any]) -> Told:
    """Ask for all that is said of an alert."""
    found = room.get(f"alerts/{card['id']}")
    budget = room.get(f"series/{card['series_id']}/budget")
    return Told(found["alert"], [edge["verb"] for edge in found["edges"]], budget)


@ROWS.row(
    "was this alert useful",
    command="POST /api/v1/alerts/ID/judge, then GET /api/v1/series/ID/budget, before and after a restart",
    limit="not useful halves the budget, useful raises it by a quarter; journalled; the same after a restart",
)
def judged() -> Outcome:
    with tempfile.TemporaryDirectory(prefix="opsroom-feedback-") as name:
        folder = Path(name)
        token = prepare(folder)
        with serving(folder) as url:
            words = ("feed", "jsonl", "readings.jsonl", "--to", url.replace("http", "ws", 1))
            assert run(folder, *words, OPSROOM_TOKEN=token).code == 0
            with chair(url) as room:
                card = standing(room)
                usual = told(room, card).budget["per_week"]
                room.post(f"alerts/{card['id']}/judge", {"useful": False})
                useless = told(room, card)
                room.post(f"alerts/{card['id']}/judge", {"useful": True})
                useful = told(room, card)
        with serving(folder) as url, chair(url) as room:
            after = told(room, card)
    figure = {
        "usual": usual,
        "not_useful": useless.budget["per_week"],
        "changed_mind": useful.budget["per_week"],
        "after_restart": after.budget["per_week"],
        "judged_edges": after.verbs.count("judged"),
    }
    held = (
        useless.budget["per_week"] == usual / 2
        and useful.budget["per_week"] == usual * 1.25
        and after.verbs.count("judged") == 2
        and after.budget == useful.budget
        and after.card["judgements"] == useful.card["judgements"]
    )
    return Outcome(figure, held)


@ROWS.row(
    "backtest, old and new",
    command="opsroom detect backtest --budget 20, on what a room stored",
    limit="unchanged settings raise what the room raised; others stand beside it; nothing is altered",
)
def old_and_new() -> Outcome:
    with tempfile.TemporaryDirectory(prefix="opsroom-feedback-") as name:
        folder = Path(name)
        token = prepare(folder)
        with serving(folder) as url:
            words = ("feed", "jsonl", "readings.jsonl", "--to", url.replace("http", "ws", 1))
            assert run(folder, *words, OPSROOM_TOKEN=token).code == 0
            with chair(url) as room:
                standing(room)
        raised = _journal(folder)
        same = run(folder, "detect", "backtest", "--budget", "0.1", "--json").json
        other = run(folder, "detect", "backtest", "--budget", "20", "--json").json
        shown = run(folder, "detect", "backtest", "--budget", "20").out
        held = (
            [(one["at"], one["series"]) for one in same["alerts"]] == raised
            and {one["change"] for one in same["alerts"]} == {"both"}
            and other["old"]["raises"] == len(raised)
            and other["new"]["raises"] > len(raised)
            and "old:" in shown
            and "new:" in shown
            and _journal(folder) == raised
        )
    figure = {"live": len(raised), "old": other["old"]["raises"], "new": other["new"]["raises"]}
    return Outcome(figure, held)


def _journal(folder: Path) -> list[tuple[int, str]]:
    """Give what the room raised: (ms, path of the series), in order of time."""
    from opsroom.catalog import Catalog
    from opsroom.store import open_store

    with contextlib.closing(open_store(f"sqlite:///{folder}/opsroom-data/store.db")) as store:
        tree = Catalog(store.catalog.units(), store.catalog.series())
        return sorted((one.raised // 1000, tree.series_path(one.series_id)) for one in store.journal.alerts())


@ROWS.row(
    "backtest, a month",
    command="python -m tests.acceptance.history FOLDER, then opsroom detect backtest --days 30",
    limit=f"{HISTORY_SERIES} series at 1/min, {HISTORY_DAYS} days and 14 before: {MINUTES_MOST:.0f} minutes",
)
def a_month() -> Outcome:
    from tests.acceptance.history import month

    with tempfile.TemporaryDirectory(prefix="opsroom-history-") as name:
        folder = Path(name)
        stored = month(folder, HISTORY_SERIES, HISTORY_DAYS + 14)
        begin = time.monotonic()
        ran = run(folder, "detect", "backtest", "--days", str(HISTORY_DAYS), "--json")
        seconds = time.monotonic() - begin
    figure = {
        "readings_played": stored,
        "told_of": ran.json["readings"],
        "raises": ran.json["old"]["raises"],
        "seconds": round(seconds, 1),
        "us_a_reading": round(seconds / stored * 1e6, 2),
    }
    return Outcome(figure, ran.code == 0 and seconds <= 60 * MINUTES_MOST)
