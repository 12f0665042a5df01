"""Rows about recorded plants: a fortnight of eight real ones, end to end."""

from __future__ import annotations

import functools
import json
import tempfile
from pathlib import Path
from typing import Any

from tests.acceptance import economy
from tests.acceptance.rows import ROWS, Outcome, call

COMMAND = "make economy DATA=../shared/data/economy OUT=economy.json"
TURBINE_PERIOD_S = 600
LEVELS = 4
EARLY_HOURS = 48


@functools.cache
def result(run: int) -> dict[str, Any]:
    """Run the economy once for each `run` and read what it left."""
    if not economy.ECONOMY.is_dir():
        raise FileNotFoundError(f"no recorded plants at {economy.ECONOMY}; set OPSROOM_TEST_DATA")
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / f"economy-{run}.json"
        code, output, _ = call("make", "economy", f"DATA={economy.ECONOMY}", f"OUT={out}")
        assert code == 0, output[-2000:]
        read: dict[str, Any] = json.loads(out.read_text())
        return read


@ROWS.row(
    "economy stored", command=COMMAND, limit=f"{economy.READINGS:,} readings in the store and read back equal"
)
def stored() -> Outcome:
    body = result(1)
    same = body["fed"] == body["stored"] == economy.READINGS and body["read_back_equal"]
    return Outcome(
        {"fed": body["fed"], "stored": body["stored"], "read_back_equal": body["read_back_equal"]}, same
    )


@ROWS.row(
    "turbine R80711",
    command=COMMAND,
    limit="open at 17:10 UTC on 2015-07-26, raised that day, climbs to the top exactly at 3 periods a level",
)
def turbine() -> Outcome:
    alert = economy.outage(result(1)["alerts"])
    if alert is None:
        return Outcome(None, held=False, note="no such alert")
    return Outcome(
        f"{economy.brief(alert)}; levels at {', '.join(level['at'] for level in alert['levels'])}",
        economy.climbs_exactly(alert, TURBINE_PERIOD_S, LEVELS),
    )


@ROWS.row("press-1", command=COMMAND, limit="an alert raised from 2015-07-31 14:55 on")
def press() -> Outcome:
    alert = economy.press(result(1)["alerts"])
    return Outcome(alert and economy.brief(alert), alert is not None)


@ROWS.row("taxi storm", command=COMMAND, limit="an alert raised from 2015-07-25 20:30 to 07-30 03:30")
def storm() -> Outcome:
    alert = economy.storm(result(1)["alerts"])
    return Outcome(alert and economy.brief(alert), alert is not None)


@ROWS.row(
    "early press window",
    command=COMMAND,
    limit="an alert raised in the window of 2015-07-20 14:20 to 07-22 13:30, unless less than "
    f"{EARLY_HOURS} hours of the press are recorded before it",
)
def early() -> Outcome:
    """Hold it against detection once two days were seen; before, a first fall cannot be told from a habit."""
    alerts = [a for a in result(1)["alerts"] if economy.plant(a) == "press-1" and economy.early(a)]
    if alerts:
        return Outcome(economy.brief(alerts[0]), held=True)
    hours = economy.hours_before_early()
    reason = f"not raised: {hours:.0f} hours of past do not tell a first fall from a habit"
    return Outcome(f"{reason} at 0.1 false alarms a week", hours < EARLY_HOURS)


@ROWS.row(
    "few others",
    command=COMMAND,
    limit="at most one alert a plant and fortnight outside labelled and explainable episodes",
)
def few() -> Outcome:
    alerts = result(1)["alerts"]
    others = [economy.told(alert) for alert in economy.unexplained(alerts)]
    return Outcome(
        {"most_a_plant_and_fortnight": economy.busiest(alerts), "listed": others},
        economy.busiest(alerts) <= 1,
    )


@ROWS.row("other turbines", command=COMMAND, limit="at most 4 alerts on P_avg of the other three together")
def others() -> Outcome:
    count = economy.neighbours(result(1)["alerts"])
    return Outcome(count, count <= 4)


@ROWS.row("twice the same", command=f"{COMMAND} (twice)", limit="identical")
def twice() -> Outcome:
    return Outcome("equal" if result(1) == result(2) else "different", result(1) == result(2))
