"""`opsroom units` and `opsroom series`: the tree as the room has it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from msgspec.structs import asdict

from opsroom.cli.files import series_named, stored, unit_named
from opsroom.cli.rest import DEFAULT_URL, Certificate, Person, Room, Url, signed_in
from opsroom.cli.terminal import (
    DEFAULT_SETTINGS,
    AsJson,
    SettingsFile,
    examples,
    out,
    say_json,
    say_table,
    utc,
)
from opsroom.errors import NotFound

if TYPE_CHECKING:
    from opsroom.catalog import Catalog
    from opsroom.model import Series
    from opsroom.records import SeriesSet, UnitSet

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
    "show", epilog=examples("opsroom series show energy/mill/output", "opsroom series show 17 --json")
)
def show(
    name: Annotated[str, typer.Argument(metavar="NAME", help="path or number; a path of before does")],
    settings_file: SettingsFile = DEFAULT_SETTINGS,
    as_json: AsJson = False,
) -> None:
    """Show what is agreed on a series as last stored, and every version of it."""
    with stored(settings_file) as (_, store, catalog):
        one = series_named(catalog, name)
        row, versions = _described(catalog, one), _versions(store.catalog.versions("series", one.id))
    if as_json:
        say_json({**row, "versions": versions})
        return
    say_table("", ["", str(row["path"])], [[key, value] for key, value in row.items() if key != "path"])
    columns = ["version", "at", "via", "person", "changes"]
    say_table("", columns, [[_told(version[column]) for column in columns] for version in versions])


@series.command(
    "adopt",
    epilog=examples(
        "opsroom series adopt --all --person ada",
        "opsroom series adopt energy/dam/power --person ada --orientation more --capability 3.5 --in MW",
    ),
)
def adopt(
    person: Person,
    names: Annotated[list[str] | None, typer.Argument(metavar="[NAME]...", help="paths or numbers")] = None,
    every: Annotated[bool, typer.Option("--all", help="all that wait for this seat, as they are")] = False,
    unit: Annotated[str | None, typer.Option("--in", help="unit that it is told in from now on")] = None,
    orientation: Annotated[
        Literal["more", "less"] | None, typer.Option(help="makes it an indicator: which way is better")
    ] = None,
    capability: Annotated[
        float | None, typer.Option(help="what could be done now, in the unit of the series")
    ] = None,
    potentiality: Annotated[
        float | None, typer.Option(help="what ought to be possible, in the same unit")
    ] = None,
    recovery_s: Annotated[
        list[float] | None,
        typer.Option("--recovery-s", min=1, help="own level first, again for the next"),
    ] = None,
    period_s: Annotated[
        float | None, typer.Option("--period-s", min=0.001, help="seconds between two readings")
    ] = None,
    description: Annotated[str | None, typer.Option(help="what is measured, in a sentence")] = None,
    url: Url = DEFAULT_URL,
    cacert: Certificate = None,
    as_json: AsJson = False,
) -> None:
    """Adopt series that sources brought along; with --orientation they become indicators."""
    aims = {"orientation": orientation, "capability": capability, "potentiality": potentiality}
    given = {
        "unit": unit,
        "indicator": {key: value for key, value in aims.items() if value is not None} or None,
        "recovery_s": recovery_s or None,
        "period_s": period_s,
        "description": description,
    }
    body = {key: value for key, value in given.items() if value is not None}
    if every == bool(names) or (every and body):
        raise typer.BadParameter("give names, or --all and nothing else")
    if "indicator" in body and orientation is None:
        raise typer.BadParameter("an indicator needs --orientation")
    with signed_in(url, person, cacert) as room:
        if every:
            adopted = _adopt_all(room)
        else:
            ids = [_id(room, name) for name in names or ()]
            for series_id in ids:
                room.post(f"series/{series_id}/adopt", body)
            adopted = len(ids)
    if as_json:
        say_json({"adopted": adopted})
    else:
        out().print(f"{adopted} series adopted", markup=False)


@series.command("rename", epilog=examples("opsroom series rename energy/dam/power output --person ada"))
def rename(
    name: Annotated[str, typer.Argument(metavar="NAME", help="path or number")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="its name within the unit from now on")],
    person: Person,
    url: Url = DEFAULT_URL,
    cacert: Certificate = None,
    as_json: AsJson = False,
) -> None:
    """Rename a series; id and history stay, and the old name leads to it until it is given up."""
    with signed_in(url, person, cacert) as room:
        series_id = _id(room, name)
        answer = room.post(f"series/{series_id}/rename", {"name": new})
    if as_json:
        say_json(answer)
    else:
        out().print(f"series {series_id}: {answer['series']['name']}", markup=False)


@series.command("give-up", epilog=examples("opsroom series give-up energy/dam/output power --person ada"))
def give_up(
    name: Annotated[str, typer.Argument(metavar="NAME", help="path or number")],
    former: Annotated[str, typer.Argument(metavar="FORMER", help="the name that is free from now on")],
    person: Person,
    url: Url = DEFAULT_URL,
    cacert: Certificate = None,
) -> None:
    """Let a former name lead to a series no more: who sends it on brings a series of its own."""
    with signed_in(url, person, cacert) as room:
        room.post(f"series/{_id(room, name)}/give-up", {"name": former})
    out().print(f"{former}: free", markup=False)


@units.command("rename", epilog=examples("opsroom units rename energy/dam --part north-dam --person ada"))
def rename_unit(
    path: Annotated[str, typer.Argument(metavar="PATH", help="the unit; / is the root")],
    person: Person,
    name: Annotated[str | None, typer.Option(help="what screens call it")] = None,
    part: Annotated[str | None, typer.Option(help="last part of its path")] = None,
    url: Url = DEFAULT_URL,
    cacert: Certificate = None,
    as_json: AsJson = False,
) -> None:
    """Rename a unit; what stands below moves along, and the old path leads to it until it is given up."""
    if name is None and part is None:
        raise typer.BadParameter("give --name, --part or both")
    with signed_in(url, person, cacert) as room:
        found = [one for one in room.get("units")["units"] if one["path"] == path.strip("/")]
        if not found:
            raise NotFound("No such unit.", remedy="List them: opsroom units list.", code="unit_unknown")
        body = {key: value for key, value in (("name", name), ("part", part)) if value is not None}
        answer = room.post(f"units/{found[0]['id']}/rename", body)
    if as_json:
        say_json(answer)
    else:
        out().print(f"{answer['unit']['path'] or '/'}: {answer['unit']['name']}", markup=False)


def _versions(found: list[UnitSet | SeriesSet]) -> list[dict[str, Any]]:
    """Give versions, newest first as they come, with what each says otherwise than the one before."""
    from opsroom.history import altered
    from opsroom.records import SeriesSet

    bodies = [change.series for change in found if isinstance(change, SeriesSet)]
    return [
        {
            "version": len(found) - place,
            "at": None if change.signed is None else utc(change.signed.at),
            "via": change.via,
            "person": change.signed.person if change.signed else "",
            "changes": [asdict(one) for one in altered(before, body)],
        }
        for place, (change, body, before) in enumerate(zip(found, bodies, [*bodies[1:], None], strict=True))
    ]


def _id(room: Room, name: str) -> int:
    """Give the number of a series by number or path."""
    return int(name) if name.isdigit() else int(room.get("series/at", path=name)["series"]["id"])


def _adopt_all(room: Room) -> int:
    adopted = 0
    while rows := room.get("series/unadopted")["rows"]:
        adopted += int(room.post("series/adopt", {"ids": [row["id"] for row in rows]})["adopted"])
    return adopted


def _told(value: Any) -> str:
    if not isinstance(value, list):
        return "" if value is None else str(value)
    return ", ".join(f"{one['field']}: {one['before']} -> {one['after']}" for one in value)


def _described(catalog: Catalog, one: Series) -> dict[str, Any]:
    """Give a series as a row."""
    return {
        "id": one.id,
        "path": catalog.series_path(one.id),
        "unit": one.unit,
        "unit_verified": one.unit_verified,
        "kept": one.kept or one.unit,
        "description": one.description,
        "formerly": list(one.formerly),
        "period_s": one.period_s,
        "orientation": one.indicator.orientation.value if one.indicator else None,
        "capability": one.indicator.capability if one.indicator else None,
        "potentiality": one.indicator.potentiality if one.indicator else None,
        "essential": bool(one.indicator and one.indicator.essential),
        "band": list(one.band) if one.band else None,
        "recovery_s": list(one.recovery_s),
        "adopted": one.adopted,
    }
