"""`opsroom doctor`: is what is on the disk whole; if not, what is lost and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from opsroom.cli.terminal import DEFAULT_SETTINGS, REFUSED, AsJson, SettingsFile, examples, out, say_json

if TYPE_CHECKING:
    from pathlib import Path

    from opsroom.section import StoreSection


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
    stored = [] if files["store"] is None else _levels(files["store"], settings.store)
    rows = [_row(error) for error in found]
    if as_json:
        say_json({"good": not found, **whole, "levels": stored, "damage": rows})
    else:
        for row in rows:
            out().print(f"{row['message']}\n  remedy: {row['remedy']}", markup=False)
        for level in stored:
            out().print(_line(level), markup=False)
        counts = ", ".join(f"{count} {name}" for name, count in whole.items())
        out().print(f"{'good' if not found else 'damaged'}: {counts} are whole", markup=False)
    if found:
        raise typer.Exit(REFUSED)


def _levels(file: Path, settings: StoreSection) -> list[dict[str, Any]]:
    """Give what is stored of each level; times in microseconds, `keep_d` days, 0 for ever."""
    from opsroom.store.inspection import held

    keep_d = (settings.keep_readings_d, settings.keep_minutes_d, settings.keep_hours_d)
    return [
        {
            "economy": root,
            "level": name,
            "rows": level.rows,
            "oldest": level.oldest,
            "kept_from": level.kept_from,
            "keep_d": days,
        }
        for root, stored in held(file).items()
        for name, level, days in zip(("readings", "minutes", "hours"), stored, keep_d, strict=True)
    ]


def _line(level: dict[str, Any]) -> str:
    """Say what is stored of one level."""
    import numpy as np

    def at(t: int) -> str:
        return f"{np.datetime64(t // 1_000_000, 's')}Z"  # which takes every year

    since = "" if level["oldest"] is None else f" since {at(level['oldest'])}"
    kept = f"{level['keep_d']:g} days" if level["keep_d"] else "for ever"
    gone = "" if level["kept_from"] is None else f", nothing before {at(level['kept_from'])}"
    return f"{level['level']}: {level['rows']} rows{since}, kept {kept}{gone}"


def _row(error: Any) -> dict[str, Any]:
    return {"code": error.code, "message": error.message, "remedy": error.remedy, **error.params}
