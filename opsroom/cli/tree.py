"""`opsroom units` and `opsroom series`: the tree as the room has it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from opsroom.cli.files import stored, unit_named
from opsroom.cli.rest import DEFAULT_URL, Certificate, Person, Url, signed_in
from opsroom.cli.terminal import DEFAULT_SETTINGS, AsJson, SettingsFile, examples, out, say_json, say_table

if TYPE_CHECKING:
    from opsroom.catalog import Catalog
    from opsroom.model import Series

units = typer.Typer(no_args_is_help=True, help="Units of the tree.")
series = typer.Typer(no_args_is_help=True, help="Series of the units.")

Below = Annotated[str, typer.Option("--unit", help="this unit and all below it; / is the root")]


@units.command("list", epilog=examples("opsroom units list", "opsroom units list --unit energy --json"))
def list_units(
    below: Below = "/", settings_file: SettingsFile = DEFAULT_SETTINGS, as_json: AsJson = False
) -> None:
    """List the units as last stored."""
    with stored(settings_file) as (_, _, catalog):
        node = unit_named(catalog, below)
        found = sorted(
            (unit for unit in catalog.units.values() if catalog.contains(node.id, unit.id)),
            key=lambda unit: unit.path.split("/"),
        )
        rows = [
            {
                "path": unit.path,
                "name": unit.name,
                "level": unit.level_name,
                "time_zone": unit.time_zone,
                "series": len(catalog.series_of(unit.id)),
            }
            for unit in found
        ]
    if as_json:
        say_json(rows)
    else:
        say_table(
            "",
            ["path", "name", "level", "time zone", "series"],
            [[r["path"] or "/", *list(r.values())[1:]] for r in rows],
        )


@series.command(
    "list", epilog=examples("opsroom series list --unit energy", "opsroom series list --unadopted --json")
)
def list_series(
    below: Below = "/",
    unadopted: Annotated[bool, typer.Option("--unadopted", help="only those that wait for adoption")] = False,
    settings_file: SettingsFile = DEFAULT_SETTINGS,
    as_json: AsJson = False,
) -> None:
    """List the series as last stored, indicators and plain ones."""
    with stored(settings_file) as (_, _, catalog):
        node = unit_named(catalog, below)
        found = [
            one
            for one in catalog.series.values()
            if catalog.contains(node.id, one.unit_id) and not (unadopted and one.adopted)
        ]
        rows = sorted((_described(catalog, one) for one in found), key=lambda row: str(row["path"]))
    if as_json:
        say_json(rows)
        return
    columns = ["id", "path", "unit", "period_s", "orientation", "adopted"]
    say_table("", columns, [[row[column] for column in columns] for row in rows])


@series.command(
    "adopt",
    epilog=examples("opsroom series adopt 17 --person operator-1 --orientation more --capability 120"),
)
def adopt(
    series_id: Annotated[int, typer.Argument(metavar="ID", help="the series, as `series list` numbers it")],
    person: Person,
    orientation: Annotated[
        Literal["more", "less"] | None, typer.Option(help="makes it an indicator: which way is better")
    ] = None,
    capability: Annotated[
        float | None, typer.Option(help="what could be done now, in the unit of the series")
    ] = None,
    potentiality: Annotated[
        float | None, typer.Option(help="what ought to be possible, in the same unit")
    ] = None,
    period_s: Annotated[
        float | None, typer.Option("--period-s", min=0.001, help="seconds between two readings")
    ] = None,
    url: Url = DEFAULT_URL,
    cacert: Certificate = None,
    as_json: AsJson = False,
) -> None:
    """Adopt a series that a source brought along: it is agreed to be watched."""
    given = {
        "orientation": orientation,
        "capability": capability,
        "potentiality": potentiality,
        "period_s": period_s,
    }
    body = {key: value for key, value in given.items() if value is not None}
    with signed_in(url, person, cacert) as room:
        answer = room.post(f"series/{series_id}/adopt", body)
    if as_json:
        say_json(answer)
    else:
        out().print(f"series {series_id}: adopted", markup=False)


def _described(catalog: Catalog, one: Series) -> dict[str, Any]:
    """Give a series as a row."""
    return {
        "id": one.id,
        "path": catalog.series_path(one.id),
        "unit": one.unit,
        "unit_verified": one.unit_verified,
        "period_s": one.period_s,
        "orientation": one.indicator.orientation.value if one.indicator else None,
        "capability": one.indicator.capability if one.indicator else None,
        "potentiality": one.indicator.potentiality if one.indicator else None,
        "essential": bool(one.indicator and one.indicator.essential),
        "band": list(one.band) if one.band else None,
        "recovery_s": list(one.recovery_s),
        "adopted": one.adopted,
    }
