"""`opsroom check`: are the files in order, before a room is started on them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from opsroom.cli.terminal import DEFAULT_SETTINGS, AsJson, SettingsFile, examples, out, say_json
from opsroom.errors import SettingsError


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command(
        epilog=examples("opsroom check", "opsroom check --settings plant.toml --economy tree.toml --json")
    )(check)


def check(
    settings_file: SettingsFile = DEFAULT_SETTINGS,
    economy: Annotated[
        Path | None, typer.Option(metavar="FILE", help="economy file; default: the one the settings name")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Validate settings, mapping and economy files; exit 1 with file and line at the first fault."""
    from ingest.doors.mapping import load_naming
    from opsroom.catalog import Catalog
    from opsroom.economy import load_economy
    from opsroom.settings import load_settings

    try:
        if settings_file != DEFAULT_SETTINGS and not settings_file.exists():
            raise SettingsError(
                f"{settings_file} is not there.", remedy="Name a settings file.", file=str(settings_file)
            )
        settings = load_settings(settings_file)
        load_naming(settings.doors.mapping)
        file = economy or Path(settings.room.economy)
        if not file.exists():
            raise SettingsError(
                f"{file} is not there.", remedy="Write it, or set room.economy.", file=str(file)
            )
        catalog = Catalog()
        for change in load_economy(file, catalog):
            catalog.apply(change)
    except SettingsError as error:
        if as_json:
            say_json({"good": False, "code": error.code, "message": error.message, **error.params})
        raise
    found = {"good": True, "economy": str(file), "units": len(catalog.units), "series": len(catalog.series)}
    if as_json:
        say_json(found)
    else:
        out().print(f"good: {file}: {len(catalog.units)} units, {len(catalog.series)} series")
