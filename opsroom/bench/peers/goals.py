"""What the room must reach beside other systems, as ratios of figures from one run."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

COLUMNS: Final = ("goal", "must", "measured", "holds")
BYTES_MOST: Final = 2.0


class Goal(NamedTuple):
    """A ratio of our `figure` in `form` to a peer's: it must be reached, with `most` not be passed."""

    words: str
    form: str
    peer: str
    figure: str
    must: float
    most: bool = False


GOALS: Final = (
    Goal("durable columns of 1,000", "columns-1000", "victoria-metrics", "readings_per_s", 0.8),
    Goal("durable columns of 1,000", "columns-1000", "prometheus", "readings_per_s", 2.0),
    Goal("durable columns of 1,000", "columns-1000", "influxdb", "readings_per_s", 4.5),
    Goal("durable columns of 1,000", "columns-1000", "postgresql", "readings_per_s", 5.5),
    Goal("CPU a reading", "columns-1000", "victoria-metrics", "cpu_s_per_million", 0.5, most=True),
    Goal("one reading a frame", "single", "victoria-metrics", "readings_per_s", 2.0),
    Goal("one reading a frame", "single", "prometheus", "readings_per_s", 4.0),
    Goal("one reading a frame", "single", "influxdb", "readings_per_s", 7.0),
)


def judged(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Give every goal with its ratio from these rows of `bench ingest`, detection off; None: not measured."""
    ours = {row["form"]: row for row in rows if row["peer"] is None and not row["detection"]}
    theirs = {(row["peer"], row["form"]): row for row in rows if row["peer"] is not None}
    found = []
    for goal in GOALS:
        mine, other = ours.get(goal.form), theirs.get((goal.peer, goal.form))
        ratio = None if mine is None or other is None else round(mine[goal.figure] / other[goal.figure], 3)
        holds = None if ratio is None else (ratio <= goal.must if goal.most else ratio >= goal.must)
        words = f"{goal.words}, against {goal.peer}"
        found.append({"goal": words, "must": goal.must, "at_most": goal.most, "ratio": ratio, "holds": holds})
    if (columns := ours.get("columns-1000")) is not None:
        size = columns["bytes_per_reading"]
        found.append(
            {
                "goal": "bytes a reading, lossless",
                "must": BYTES_MOST,
                "at_most": True,
                "ratio": size,
                "holds": size <= BYTES_MOST,
            }
        )
    return found


def table(goals: list[dict[str, Any]]) -> list[list[str]]:
    """Give the goals as a table of COLUMNS."""
    words = {True: "yes", False: "no", None: "not measured"}
    return [
        [
            goal["goal"],
            f"{'<=' if goal['at_most'] else '>='} {goal['must']:g}",
            "" if goal["ratio"] is None else f"{goal['ratio']:g}",
            words[goal["holds"]],
        ]
        for goal in goals
    ]
