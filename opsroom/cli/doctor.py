"""`opsroom doctor`: is what is on the disk whole; if not, what is lost and what to do."""

from __future__ import annotations

from typing import Any

import typer

from opsroom.cli.terminal import DEFAULT_SETTINGS, REFUSED, AsJson, SettingsFile, examples, out, say_json


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command(epilog=examples("opsroom doctor", "opsroom doctor --settings plant.toml --json"))(doctor)


def doctor(settings_file: SettingsFile = DEFAULT_SETTINGS, as_json: AsJson = False) -> None:
    """Read every record of the log and every block of the store; exit 1 and name what is damaged."""
    from opsroom.errors import OpsroomError, StoreError
    from opsroom.log.inspection import inspect as inspect_log
    from opsroom.settings import file_of, load_settings
    from opsroom.store.inspection import inspect as inspect_store

    settings = load_settings(settings_file)
    files = {"log": file_of(settings.log.url), "store": file_of(settings.store.url)}
    whole: dict[str, int] = {}
    found: list[OpsroomError] = []
    for part, file in files.items():
        if file is None:
            continue  # another engine has tools of its own
        if not file.exists():
            raise StoreError(
                f"{file} is not there.", remedy="Name the settings: --settings FILE.", code="store_missing"
            )
        name, inspect = ("records", inspect_log) if part == "log" else ("blocks", inspect_store)
        whole[name], damage = inspect(file)
        found += damage
    rows = [_row(error) for error in found]
    if as_json:
        say_json({"good": not found, **whole, "damage": rows})
    else:
        for row in rows:
            out().print(f"{row['message']}\n  remedy: {row['remedy']}", markup=False)
        counts = ", ".join(f"{count} {name}" for name, count in whole.items())
        out().print(f"{'good' if not found else 'damaged'}: {counts} are whole", markup=False)
    if found:
        raise typer.Exit(REFUSED)


def _row(error: Any) -> dict[str, Any]:
    return {"code": error.code, "message": error.message, "remedy": error.remedy, **error.params}
