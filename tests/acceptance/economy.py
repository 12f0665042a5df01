"""How a run over the recorded economy is judged: what must be raised, and how little else."""

from __future__ import annotations

import csv
import gzip
import os
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.acceptance.rows import PROJECT

DATA = Path(os.environ.get("OPSROOM_TEST_DATA", PROJECT.parent / "shared" / "data"))
ECONOMY = DATA / "economy"
READINGS = 67_872

# Plant, from, to: labelled (labels.csv), or explained by what is known of that fortnight.
EPISODES = (
    ("R80711", "2015-07-26T06:40", "2015-07-28T07:40"),
    ("R80711", "2015-07-23T00:30", "2015-07-23T10:30"),
    ("R80711", "2015-07-23T12:30", "2015-07-24T08:40"),
    ("press-1", "2015-07-20T14:20", "2015-07-22T13:30"),
    ("press-1", "2015-07-31T14:55", "2015-08-02T00:00"),
    ("taxi-fleet", "2015-07-25T20:30", "2015-07-30T03:30"),
    ("works", "2015-07-26T00:00", "2015-07-27T00:00"),
    ("state-load", "2015-07-28T00:00", "2015-08-01T00:00"),
)


def at(text: str) -> datetime:
    """Read a time of the run, UTC."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def plant(alert: dict[str, Any]) -> str:
    """Give the plant's own name."""
    return str(alert["unit"]).rsplit("/", 1)[-1]


def explained(alert: dict[str, Any]) -> bool:
    """Tell whether an alert was raised inside a known episode of its plant."""
    raised = at(alert["raised"])
    return any(name == plant(alert) and at(start) <= raised <= at(end) for name, start, end in EPISODES)


def outage(alerts: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Find the alert on R80711's power or blades that was raised on 2015-07-26 and is open at 17:10 UTC."""
    moment = at("2015-07-26T17:10")
    for alert in alerts:
        raised = at(alert["raised"])
        ended = at(alert["recovered"]) if alert["recovered"] else None
        if (
            plant(alert) == "R80711"
            and raised.date() == moment.date()
            and raised <= moment
            and (ended is None or ended > moment)
        ):
            return alert
    return None


def climbs_exactly(alert: dict[str, Any], period_s: float, levels: int) -> bool:
    """Tell whether an alert climbed to the top, 3 periods a level after its raise."""
    times = [at(level["at"]) for level in alert["levels"]]
    step = timedelta(seconds=3 * period_s)
    return len(times) == levels and all(
        time == at(alert["raised"]) + step * n for n, time in enumerate(times)
    )


def press(alerts: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Find the alert on press-1 raised from 2015-07-31 14:55 on."""
    return next(
        (a for a in alerts if plant(a) == "press-1" and at(a["raised"]) >= at("2015-07-31T14:55")), None
    )


EARLY = ("2015-07-20T14:20", "2015-07-22T13:30")
"""The first labelled window of press-1."""


def early(alert: dict[str, Any]) -> bool:
    """Tell whether an alert was raised in the first labelled window of its plant."""
    return at(EARLY[0]) <= at(alert["raised"]) <= at(EARLY[1])


def hours_before_early() -> float:
    """Give how much of press-1 is recorded before that window, hours."""
    with gzip.open(ECONOMY / "economy.csv.gz", "rt", encoding="utf-8") as lines:
        first = min(row["ts"] for row in csv.DictReader(lines) if row["plant"] == "press-1")
    return (at(EARLY[0]) - at(first)) / timedelta(hours=1)


def storm(alerts: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Find the alert on the taxi fleet raised inside its labelled window."""
    return next((a for a in alerts if plant(a) == "taxi-fleet" and explained(a)), None)


def unexplained(alerts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """List the alerts outside every episode."""
    return [alert for alert in alerts if not explained(alert)]


def busiest(alerts: list[dict[str, Any]]) -> int:
    """Give the largest number of unexplained alerts of one plant in the fortnight."""
    return max(Counter(plant(alert) for alert in unexplained(alerts)).values(), default=0)


def neighbours(alerts: list[dict[str, Any]]) -> int:
    """Count the alerts on `P_avg` of the three turbines that ran."""
    return sum(plant(a) in {"R80721", "R80736", "R80790"} and a["series"].endswith("P_avg") for a in alerts)


def brief(alert: dict[str, Any]) -> str:
    """Give one line about an alert."""
    name = alert["series"].rsplit("/", 1)[-1]
    return f"{plant(alert)} {name} {alert['kind']} {alert['raised']}"


def told(alert: dict[str, Any]) -> str:
    """Give one line about an alert with its own explanation."""
    return f"{brief(alert)}: {alert['explanation']}"
