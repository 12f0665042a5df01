"""`opsroom detect`: what the detectors would say; `backtest` plays stored history under other settings."""

from __future__ import annotations

import datetime as dt
from contextlib import contextmanager
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from opsroom.cli.files import stored
from opsroom.cli.terminal import (
    DEFAULT_SETTINGS,
    AsJson,
    SettingsFile,
    err,
    examples,
    out,
    say_json,
    say_table,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from opsroom.backtest import Difference, Played, Raise, Terms
    from opsroom.catalog import Catalog
    from opsroom.settings import RoomSection

app = typer.Typer(no_args_is_help=True, help="What the detectors would say.")

BAR: Final = 24
SHOWN: Final = 40
US_A_MS: Final = 1_000

_help = "which series, by path; * and ? stand for anything"
Series = Annotated[str, typer.Option("--series", metavar="GLOB", help=_help)]
_help = "expected false alarms for each series and week; short for --set budget_per_week=X"
BudgetPerWeek = Annotated[float | None, typer.Option("--budget", metavar="X", help=_help)]
Profile = Annotated[str | None, typer.Option(metavar="NAME", help="the filter's profile to try")]
_help = "a key of the table room to try, e.g. recovery_readings=3; may be given again"
Setting = Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help=_help)]


@app.callback()
def detect() -> None:
    """What the detectors would say."""


@app.command("compile", epilog=examples("opsroom detect compile"))
def compile_() -> None:
    """Compile the detectors now, so that the first start of a room does not wait for it."""
    import time

    from opsroom.kernels import compile_all

    begun = time.perf_counter()
    compile_all()
    out().print(f"Detectors ready after {time.perf_counter() - begun:.1f} s.")


@app.command(
    epilog=examples(
        "opsroom detect backtest --days 30",
        "opsroom detect backtest --days 30 --budget 0.05",
        "opsroom detect backtest --series 'energy/*' --set recovery_readings=3 --json",
    )
)
def backtest(
    days: Annotated[float, typer.Option(min=0.01, help="how far back, from the newest reading")] = 30.0,
    warm_days: Annotated[float, typer.Option(min=0.0, help="days before that, which only teach")] = 14.0,
    series: Series = "*",
    budget: BudgetPerWeek = None,
    profile: Profile = None,
    changed: Setting = None,
    settings_file: SettingsFile = DEFAULT_SETTINGS,
    as_json: AsJson = False,
) -> None:
    """Play stored readings under present and other settings and print what each would have raised.

    Reads only; the room may run meanwhile. Readings not yet in a chunk (at most `store.flush_age_s` old) are
    not seen.
    """
    from opsroom.backtest import company, play, window_of
    from opsroom.errors import NotFound

    with stored(settings_file) as (settings, store, catalog):
        terms = _terms(settings.room, budget, profile, changed or [])
        chosen = sorted(one for one in catalog.series if fnmatchcase(catalog.series_path(one), series))
        window = window_of(store, chosen, days=days, warm_days=warm_days)
        if window is None:
            raise NotFound(
                f"No readings are stored of any series {series!r}.",
                remedy="List them: opsroom series list. A room stores them within ten minutes.",
                code="backtest_empty",
                series=series,
            )
        with _progress(f"{len(chosen)} series, {days:g} days") as told:
            played = play(store, catalog, terms, window, company(catalog, chosen), told)
    body = _body(played, terms, catalog, chosen)
    if as_json:
        say_json(body)
    else:
        _show(body)


def _terms(room: RoomSection, budget: float | None, profile: str | None, changed: list[str]) -> list[Terms]:
    """Give the present settings, and those to try where any were given.

    Raises:
        BadParameter: no such key or profile, or a value that it does not take.
    """
    from pydantic import ValidationError

    from opsroom.backtest import Terms, profiles

    known = type(room).model_fields
    values: dict[str, Any] = {} if budget is None else {"budget_per_week": budget}
    for text in changed:
        name, equals, value = text.partition("=")
        key = name.strip().removeprefix("room.")
        if not equals or key not in known:
            raise typer.BadParameter(f"{text!r}: give KEY=VALUE with a key of [room]: {', '.join(known)}.")
        values[key] = value.strip()
    if profile is not None and profile not in profiles():
        raise typer.BadParameter(f"No profile {profile!r}; there are: {', '.join(profiles())}.")
    present = Terms(settings=room)
    if not values and profile is None:
        return [present]
    try:
        tried = type(room).model_validate({**room.model_dump(), **values})
    except ValidationError as error:
        first = error.errors()[0]
        raise typer.BadParameter(f"{first['loc'][0]}: {first['msg']}.") from error
    return [present, Terms(settings=tried, profile=profile)]


def _body(played: Played, terms: Sequence[Terms], catalog: Catalog, chosen: Sequence[int]) -> dict[str, Any]:
    """Give all that is told, as JSON; `new` is None where nothing else was tried."""
    from opsroom.backtest import compare

    window, wanted = played.window, set(chosen)
    runs = [[one for one in raises if one.series_id in wanted] for raises in played.raises]
    spoke = [one for one in chosen if played.readings[one]]
    sums = [
        {
            "raises": len(raises),
            "per_series_week": len(raises) / (len(spoke) * window.weeks) if spoke else 0.0,
            "settings": _told(one),
        }
        for one, raises in zip(terms, runs, strict=True)
    ]
    counts = [dict.fromkeys(spoke, 0) for _ in runs]
    for count, raises in zip(counts, runs, strict=True):
        for one in raises:
            count[one.series_id] += 1
    difference = compare(runs[0], runs[-1], window.end)
    return {
        "from": window.start // US_A_MS,
        "to": window.end // US_A_MS,
        "series": len(spoke),
        "readings": sum(played.readings[one] for one in chosen),
        "old": sums[0],
        "new": sums[1] if len(sums) > 1 else None,
        "by_series": [
            {
                "series": catalog.series_path(one),
                "readings": played.readings[one],
                "old": counts[0][one],
                "new": counts[1][one] if len(counts) > 1 else None,
            }
            for one in spoke
        ],
        "alerts": _alerts(difference, catalog),
    }


def _told(terms: Terms) -> dict[str, Any]:
    """Give the settings that decide what is raised."""
    names = ("budget_per_week", "recovery_readings", "recovery_default_s")
    values = {name: getattr(terms.settings, name) for name in names}
    return values if terms.profile is None else {**values, "profile": terms.profile}


def _alerts(difference: Difference, catalog: Catalog) -> list[dict[str, Any]]:
    """Give every raise with what became of it, in order of time; `moved_s` later under the new settings."""

    def row(change: str, one: Raise) -> dict[str, Any]:
        return {
            "change": change,
            "series": catalog.series_path(one.series_id),
            "at": one.at // US_A_MS,
            "ended": None if one.ended is None else one.ended // US_A_MS,
            "detector": one.detector,
            "kind": one.kind,
            "value": one.value,
            "expected": one.expected,
            "low": one.low,
            "high": one.high,
        }

    rows = [{**row("both", old), "moved_s": (new.at - old.at) / 1e6} for old, new in difference.both]
    rows += [row("gone", one) for one in difference.gone] + [row("new", one) for one in difference.new]
    return sorted(rows, key=lambda one: (one["at"], one["series"]))


def _show(body: dict[str, Any]) -> None:
    """Print the totals, a bar for each series that raised, and the alerts that differ."""
    new = body["new"]
    console = out()
    console.print(f"{_clock(body['from'])} to {_clock(body['to'])} UTC, {body['series']} series, ", end="")
    console.print(f"{body['readings']} readings")
    for name, one in (("old", body["old"]), ("new", new)):
        if one is not None:
            kept = ", ".join(f"{key} {value}" for key, value in one["settings"].items())
            rate = f"{one['per_series_week']:.3f} a series and week"
            console.print(f"{name}: {one['raises']} raises, {rate} ({kept})", markup=False)
    loud = [row for row in body["by_series"] if row["old"] or row["new"]]
    most = max((max(row["old"], row["new"] or 0) for row in loud), default=1)
    heads = ["series", "readings", "old", ""] + (["new", ""] if new else [])
    rows: list[list[object]] = []
    for row in loud:
        cells: list[object] = [row["series"], row["readings"], row["old"], _bar(row["old"], most)]
        rows.append(cells + ([row["new"], _bar(row["new"], most)] if new else []))
    if rows:
        say_table("raises by series", heads, rows)
    differing = [one for one in body["alerts"] if not new or one["change"] != "both"]
    heads = ["raised (UTC)", "series", "detector", "value", "expected"]
    if differing:
        title = "alerts that only one of the two raises" if new else "alerts"
        lines = [[*([one["change"]] if new else []), *_line(one)] for one in differing[:SHOWN]]
        say_table(title, [*(["change"] if new else []), *heads], lines)
        if len(differing) > SHOWN:
            console.print(f"... and {len(differing) - SHOWN} more; --json gives all")
    elif new:
        console.print("Both raise the same alerts.")


def _line(one: dict[str, Any]) -> list[object]:
    expected = one["expected"]
    if expected is None and (one["low"] is not None or one["high"] is not None):
        expected = f"{_number(one['low'])} to {_number(one['high'])}"
    else:
        expected = _number(expected)
    return [_clock(one["at"]), one["series"], one["detector"], _number(one["value"]), expected]


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.6g}"


def _bar(count: int, most: int) -> str:
    """Give a bar whose length is the count's share of the largest."""
    return "█" * max(1 if count else 0, round(BAR * count / most))


def _clock(at_ms: int) -> str:
    return dt.datetime.fromtimestamp(at_ms / 1000, dt.UTC).strftime("%Y-%m-%d %H:%M:%S")


@contextmanager
def _progress(title: str) -> Iterator[Callable[[float], object]]:
    """Show a bar on standard error; the body tells it the share done, 0 to 1."""
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err(), transient=True) as bar:
        task = bar.add_task(title, total=1.0)
        yield lambda share: bar.update(task, completed=share)
