"""`opsroom rules`: alarm rules as files, checked, tested, tried on stored history, compared, written out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from opsroom.cli.files import stored
from opsroom.cli.terminal import (
    DEFAULT_SETTINGS,
    REFUSED,
    AsJson,
    SettingsFile,
    err,
    examples,
    out,
    say_error,
    say_json,
    say_table,
)
from opsroom.settings import file_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from opsroom.catalog import Catalog
    from opsroom.model import Finding
    from opsroom.rehearsal import Result, Told
    from opsroom.rule import Rule
    from opsroom.rules.plan import Plan

app = typer.Typer(no_args_is_help=True, help="Alarm rules as files.")

_help = "folder with the rules; default: the one the settings name"
Folder = Annotated[Path | None, typer.Option("--rules", metavar="DIR", help=_help)]
SHOWN = 40
US_A_MS = 1_000


@app.callback()
def rules() -> None:
    """Alarm rules as files."""


def _folder(folder: Path | None, settings_file: Path) -> Path:
    """Give the folder that is meant.

    Raises:
        SettingsError: it is not there.
    """
    from opsroom.errors import SettingsError
    from opsroom.settings import load_settings

    found = folder or Path(load_settings(settings_file).room.rules)
    if not found.is_dir():
        raise SettingsError(
            f"{found} is not a folder.", remedy="Make it, or set room.rules.", file=str(found)
        )
    return found


@app.command(epilog=examples("opsroom rules check", "opsroom rules check --rules plant/rules --json"))
def check(
    folder: Folder = None, settings_file: SettingsFile = DEFAULT_SETTINGS, as_json: AsJson = False
) -> None:
    """Read all rules and tell every fault with file, line and remedy; exit 1 if there is one.

    Where the room has a store, or there is an economy file, also names rules that watch no series of it.
    """
    from opsroom.rules.file import sources_of, survey_rules

    place = _folder(folder, settings_file)
    found, faults = survey_rules(sources_of(place))
    catalog = _tree(settings_file)
    idle = [] if catalog is None else _idle(found, catalog)
    if as_json:
        told = [{"message": one.message, "remedy": one.remedy, **one.params} for one in faults]
        say_json({"good": not faults, "rules": len(found), "faults": told, "watching_nothing": idle})
    else:
        for fault in faults:
            say_error(fault)
        for rule_id in idle:
            err().print(f"{rule_id}: watches no series that the room knows yet", markup=False)
        if not faults:
            out().print(f"good: {place}: {len(found)} rules", markup=False)
    if faults:
        raise typer.Exit(REFUSED)


def _tree(settings_file: Path) -> Catalog | None:
    """Give the tree of the room's store, or else of its economy file; None where there is neither."""
    from opsroom.catalog import Catalog
    from opsroom.economy import load_economy
    from opsroom.settings import load_settings

    settings = load_settings(settings_file)
    file = file_of(settings.store.url)
    if file is None or file.exists():
        with stored(settings_file) as (_, _, catalog):
            return catalog
    catalog = Catalog()
    changes = load_economy(settings.room.economy, catalog)
    for change in changes:
        catalog.apply(change)
    return catalog if changes else None


def _idle(found: Iterable[Rule], catalog: Catalog) -> list[str]:
    from opsroom.rules.binding import series_of

    return [rule.id for rule in found if not series_of(catalog, rule)]


@app.command("test", epilog=examples("opsroom rules test", "opsroom rules test rules/pumps.test.toml"))
def run_tests(
    files: Annotated[
        list[Path] | None, typer.Argument(metavar="FILE...", help="default: all *.test.toml of the folder")
    ] = None,
    folder: Folder = None,
    settings_file: SettingsFile = DEFAULT_SETTINGS,
    as_json: AsJson = False,
) -> None:
    """Run the tests beside the rules and print what differs; exit 1 if anything does."""
    from opsroom.errors import NotFound
    from opsroom.rehearsal import read_tests, rehearse
    from opsroom.rules.file import TESTS_END, read_rules

    place = _folder(folder, settings_file)
    tests = read_tests(files or sorted(place.glob(f"*{TESTS_END}")))
    if not tests:
        raise NotFound(
            f"{place} has no tests.",
            remedy=f"Write one: NAME{TESTS_END}; see docs/rules.md.",
            code="rule_tests_missing",
            folder=str(place),
        )
    found = read_rules(place)
    results = [rehearse(file, one, found) for file, one in tests]
    bad = [one for one in results if not one.good]
    if as_json:
        say_json({"good": not bad, "tests": len(results), "failed": [_result(one) for one in bad]})
    else:
        for one in bad:
            _show(one)
        out().print(f"{len(results) - len(bad)} of {len(results)} tests hold")
    if bad:
        raise typer.Exit(REFUSED)


def _result(one: Result) -> dict[str, Any]:
    import msgspec

    return {
        "file": one.file,
        "name": one.name,
        **msgspec.to_builtins({"missing": one.missing, "beside": one.beside}),
    }


def _show(one: Result) -> None:
    """Print a difference: - what was expected and did not come, + what came beside."""
    console = out()
    console.print(f"{one.file}: {one.name}", markup=False, style="bold red")
    marked: list[tuple[Told, str]] = [(told, "-") for told in one.missing]
    marked += [(told, "+") for told in one.beside]
    for told, sign in sorted(marked):
        console.print(
            f"  {sign} {told.at_s:10g} s  {told.rule} {told.what} on {told.series}",
            markup=False,
            style="red" if sign == "-" else "green",
        )


@app.command(epilog=examples("opsroom rules backtest --days 30", "opsroom rules backtest --rule hot --json"))
def backtest(
    days: Annotated[float, typer.Option(min=0.01, help="how far back, from the newest reading")] = 30.0,
    warm_days: Annotated[float, typer.Option(min=0.0, help="days before that, which only teach")] = 1.0,
    rule: Annotated[str | None, typer.Option("--rule", metavar="ID", help="only this rule")] = None,
    folder: Folder = None,
    settings_file: SettingsFile = DEFAULT_SETTINGS,
    as_json: AsJson = False,
) -> None:
    """Play stored readings through the room's rules and those of the files; print what each would raise.

    Reads only; the room may run meanwhile. A forecast is learned from the days before, so a rule on
    deviation wants more of them.
    """
    from opsroom.backtest import Terms, play, window_of
    from opsroom.errors import NotFound
    from opsroom.rule import RuleKind
    from opsroom.rules.binding import watches
    from opsroom.rules.file import read_rules

    place = _folder(folder, settings_file)
    with stored(settings_file) as (settings, store, catalog):
        sets = [list(catalog.rules.values()), read_rules(place)]
        sets = [[one for one in each if rule in {None, one.id} and not one.retired] for each in sets]
        every = [watch for each in sets for watch in watches(catalog, each)]
        ids = sorted({one for watch in every for one in (watch.series, *watch.members)})
        window = window_of(store, ids, days=days, warm_days=warm_days)
        if window is None:
            raise NotFound(
                "No readings are stored of any series that these rules watch.",
                remedy="List the series: opsroom series list. A room stores readings within ten minutes.",
                code="backtest_empty",
                series=rule or "*",
            )
        foresees = any(one.kind is RuleKind.DEVIATION for each in sets for one in each)
        terms = [Terms(settings=settings.room, rules=tuple(each), detection=foresees) for each in sets]
        played = play(store, catalog, terms, window, ids)
    body: dict[str, Any] = {
        "from": window.start // US_A_MS,
        "to": window.end // US_A_MS,
        "series": len(ids),
        "readings": sum(played.readings.values()),
        "rules": _counts(sets, played.ruled),
        "raises": _raises(played.ruled[1], catalog),
    }
    if as_json:
        say_json(body)
        return
    rows = [[one["rule"], one["room"], one["files"], one["longest_s"]] for one in body["rules"]]
    title = f"raises in {days:g} days, {body['readings']} readings"
    say_table(title, ["rule", "room", "files", "longest (s)"], rows)
    lines = [[one["at"], one["rule"], one["series"], one["value"]] for one in body["raises"][:SHOWN]]
    if lines:
        say_table("raises by the files", ["at (ms)", "rule", "series", "value"], lines)


def _counts(sets: Sequence[Sequence[Rule]], ruled: Sequence[Sequence[Finding]]) -> list[dict[str, Any]]:
    """Count raises by rule, of the room's rules and of the files'; None where there is no such rule."""
    from opsroom.backtest import longest_s

    names = sorted({one.id for each in sets for one in each})
    counts: list[dict[str, int]] = []
    for each, found in zip(sets, ruled, strict=True):
        count = {one.id: 0 for one in each}
        for finding in found:
            if finding.verb == "open":
                count[finding.detector.partition(":")[2]] += 1
        counts.append(count)
    return [
        {
            "rule": name,
            "room": counts[0].get(name),
            "files": counts[1].get(name),
            "longest_s": longest_s([one for one in ruled[1] if one.detector.partition(":")[2] == name]),
        }
        for name in names
    ]


def _raises(found: Sequence[Finding], catalog: Catalog) -> list[dict[str, Any]]:
    return [
        {
            "at": one.at // US_A_MS,
            "rule": one.detector.partition(":")[2],
            "series": catalog.series_path(one.series_id),
            "value": one.value,
        }
        for one in found
        if one.verb == "open"
    ]


@app.command(epilog=examples("opsroom rules diff", "opsroom rules diff --json"))
def diff(
    folder: Folder = None, settings_file: SettingsFile = DEFAULT_SETTINGS, as_json: AsJson = False
) -> None:
    """Say what files and room say differently; exit 1 where a file and the screen are in conflict.

    What is new, altered or retired is taken by the room. A rule that was edited in the screen is not
    overwritten: it is ahead of its file, or in conflict with what the file says by now.
    """
    import msgspec

    from opsroom.rules.file import read_rules
    from opsroom.rules.plan import compare

    place = _folder(folder, settings_file)
    with stored(settings_file) as (_, _, catalog):
        root = catalog.root()
        plan = compare(read_rules(place, root.id if root else 1), catalog.rules)
        rows = list(_differences(plan, catalog.rules))
    if as_json:
        say_json(msgspec.to_builtins(rows))
    else:
        for row in rows:
            out().print(f"{row['change']}: {row['rule']} (version {row['version']})", markup=False)
            for key, (one, other) in row["keys"].items():
                out().print(f"  {key}: {one!r} -> {other!r}", markup=False)
        if not rows:
            out().print("The room and the files say the same.")
    if plan.conflicts:
        raise typer.Exit(REFUSED)


def _differences(plan: Plan, known: Mapping[str, Rule]) -> Iterator[dict[str, Any]]:
    """Give a row a rule: what happens to it, and by key what the room says and what the file says."""
    from opsroom.rules.text import altered

    for rule in plan.changes:
        before = known.get(rule.id)
        fresh = before is None or (before.retired and not before.edited)
        change = "retired" if rule.retired else "new" if fresh else "altered"
        keys = altered(before, rule) if before is not None and change == "altered" else {}
        if change != "altered" or keys:
            yield {"rule": rule.id, "change": change, "version": rule.version, "keys": keys}
    for one in plan.conflicts:
        keys = {} if one.file is None else altered(one.room, one.file)
        yield {"rule": one.room.id, "change": "conflict", "version": one.room.version, "keys": keys}
    for rule in plan.ahead:
        yield {"rule": rule.id, "change": "edited in the screen", "version": rule.version, "keys": {}}


@app.command(epilog=examples("opsroom rules export", "opsroom rules export --out room.toml"))
def export(
    out_file: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="file to write; default: standard output")
    ] = None,
    settings_file: SettingsFile = DEFAULT_SETTINGS,
) -> None:
    """Write the rules that the room has, as one file that `check` takes."""
    from opsroom.rules.text import as_toml

    with stored(settings_file) as (_, _, catalog):
        found = [rule for _, rule in sorted(catalog.rules.items()) if not rule.retired]
    text = as_toml(found)
    if out_file is None:
        typer.echo(text, nl=False)
    else:
        out_file.write_text(text, encoding="utf-8")
        err().print(f"{out_file}: {len(found)} rules", markup=False)
