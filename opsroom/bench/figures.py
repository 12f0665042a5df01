"""The measured figures of detection as a page: false alarms, and which faults are found how soon."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Lines = list[list[object]]

FAULT_COLUMNS: Final = (
    "fault", "size", "within", "series", "recall", "by chance", "delay", "named of alerts", "filter of all",
)  # fmt: skip
BY_KIND: Final = (
    ("step", "3 sd"),
    ("step", "6 sd"),
    ("spike", "6 sd"),
    ("slope", "0.25 sd a reading"),
    ("drift", "0.05 sd a reading"),
    ("freeze", "72 readings"),
    ("season", "day missing"),
)
FALSE_ALARM_COLUMNS: Final = (
    "kind", "series", "alarms", "a week", "of budget", "scored", "warm-up", "never scored",
)  # fmt: skip


def percent(share: float | None) -> str | None:
    """Word a share."""
    return None if share is None else f"{100 * share:.0f} %"


def faults(rows: Sequence[dict[str, Any]], field: str) -> Lines:
    """Give one line a case under FAULT_COLUMNS, for `field` ("simulated" or "recorded")."""
    lines: Lines = []
    for row in rows:
        got = row.get(field)
        if not got or not got["series"]:
            continue
        delay = None
        if got["delay_median"] is not None:
            delay = f"{got['delay_median']:.0f} ({got['delay_p90']:.0f})"
        lines.append([
            row["fault"], row["size"], row["horizon"], got["series"], percent(got["recall"]),
            percent(got["control"]), delay, percent(got.get("named_of_alerts")),
            percent(got.get("filter_of_all")),
        ])  # fmt: skip
    return lines


def by_kind(rows: Sequence[dict[str, Any]], field: str) -> tuple[list[str], Lines]:
    """Give columns and lines: the recall (and median delay) of some cases for each kind of series."""
    chosen = [row for row in rows if (row["fault"], row["size"]) in BY_KIND and field in row]
    columns = ["kind", *(f"{row['fault']} {row['size']}" for row in chosen)]
    kinds = dict.fromkeys(kind for row in chosen for kind in row[field]["kinds"])
    return columns, [[kind, *(_recall(row[field]["kinds"].get(kind)) for row in chosen)] for kind in kinds]


def _recall(got: dict[str, Any] | None) -> str | None:
    if not got or not got["series"]:
        return None
    delay = "" if got["delay_median"] is None else f" ({got['delay_median']:.0f})"
    return f"{percent(got['recall'])}{delay}"


def false_alarms(row: dict[str, Any]) -> Lines:
    """Give one budget's row of the calibration under FALSE_ALARM_COLUMNS, the total last."""
    return [
        [
            name,
            one["series"],
            one["false_alarms"],
            f"{one['per_series_week']:.3f}",
            f"{one['times_budget']:.2f}",
            f"{one['scored_share']:.1%}",
            None if one["warm_up_median"] is None else f"{one['warm_up_median']}-{one['warm_up_most']}",
            one["never_scored"],
        ]
        for name, one in [*row["kinds"].items(), ("all", row["total"])]
    ]


def markdown(columns: Sequence[str], lines: Iterable[Sequence[object]]) -> str:
    """Give a table of markdown; None is a dash."""
    rows = [columns, ["---"] * len(columns), *lines]
    return "\n".join(
        "| " + " | ".join("–" if cell is None else str(cell) for cell in row) + " |" for row in rows
    )


ALARMS_WORDS: Final = """\
{days:g} faultless days of {series:,} mixed series at ten minutes, seeds {seeds}, on which no constant was
chosen (`opsroom bench calibration`). An alarm is an alert opened by a calibrated detector; rates are
alarms a series and week over the whole time, warm-up the readings before the first scored one, median to
most."""
BUDGET_WORDS: Final = """\
Budget {budget:g}: measured {rate:.3f}, which is {times:.2f} of it; {scored:.1%} of the readings were
scored."""
FAULTS_WORDS: Final = """\
Faults put into series that had none, at {budget:g} false alarms a series and week
(`opsroom bench injection`). A standard deviation is the series' own about its time-of-day course, before
the fault. Recall is the share of series in which an alert opens within the stated readings, less the
share in which one opens without the fault (by chance). Delay is in readings after the first faulty one,
median (and ninth decile). "Named of alerts": the kind stated within two readings of the alert is right.
"Filter of all": the filter's own word two readings after the fault began is right, alert or not."""

SETTINGS: Final = "Settings `{:.16}`."


def false_alarm_page(result: dict[str, Any]) -> str:
    """Give the section about false alarms from what `opsroom bench calibration` measured."""
    seeds = ", ".join(map(str, result["seeds"]))
    words = ALARMS_WORDS.format(days=result["days"], series=result["series"], seeds=seeds)
    parts = ["## False alarms", words, SETTINGS.format(result["settings_hash"])]
    for row in result["rows"]:
        total = row["total"]
        rate, times, scored = total["per_series_week"], total["times_budget"], total["scored_share"]
        parts.append(BUDGET_WORDS.format(budget=row["budget"], rate=rate, times=times, scored=scored))
        parts.append(markdown(FALSE_ALARM_COLUMNS, false_alarms(row)))
    return "\n\n".join(parts)


TITLES: Final = {
    "simulated": "### Simulated series of fourteen kinds, 14 days of past",
    "recorded": "### Recorded series, outside their label windows",
}


def fault_page(result: dict[str, Any]) -> str:
    """Give the section about faults from what `opsroom bench injection` measured."""
    words = FAULTS_WORDS.format(budget=result["budget"])
    parts = ["## Faults found", words, SETTINGS.format(result["settings_hash"])]
    for field, title in TITLES.items():
        if field in result["series"]:
            columns, lines = by_kind(result["rows"], field)
            parts += [
                f"{title}: {result['series'][field]} series",
                markdown(FAULT_COLUMNS, faults(result["rows"], field)),
                "Recall (and median delay) by kind of series:",
                markdown(columns, lines),
            ]
    return "\n\n".join(parts)


TITLE: Final = "# Detection: measured figures\n\nWritten by `opsroom bench calibration` and `injection`.\n"


def renew(page: str, section: str) -> str:
    """Put `section` (from its heading of second order on) into `page`, in place of that of the same heading.

    An empty page is begun.
    """
    parts = (page or TITLE).rstrip("\n").split("\n## ")
    heading, new = section.partition("\n")[0].removeprefix("## "), section.strip("\n").removeprefix("## ")
    places = [k for k, part in enumerate(parts) if k and part.partition("\n")[0] == heading]
    if places:
        parts[places[0]] = new + "\n"
    else:
        parts[-1] += "\n"
        parts.append(new)
    return "\n## ".join(part.rstrip("\n") + "\n" for part in parts)
