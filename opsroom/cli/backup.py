"""`opsroom backup`: a consistent copy of log and store, beside the running room."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from opsroom.cli.terminal import DEFAULT_SETTINGS, AsJson, SettingsFile, examples, out, say_json

if TYPE_CHECKING:
    from opsroom.settings import Settings

TRIES: Final = 3
READ_BYTES: Final = 1 << 20


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command(
        epilog=examples("opsroom backup /backup/monday", "opsroom backup copy --settings plant.toml --json")
    )(backup)


def backup(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="where to; made, and must be empty")],
    settings_file: SettingsFile = DEFAULT_SETTINGS,
    as_json: AsJson = False,
) -> None:
    """Copy store, log and files to a folder, the room running or not; to restore, put them back."""
    from opsroom.errors import SettingsError
    from opsroom.settings import load_settings

    settings = load_settings(settings_file)
    if folder.exists() and any(folder.iterdir()):
        raise SettingsError(f"{folder} is not empty.", remedy="Name a new folder.", code="backup_not_empty")
    folder.mkdir(parents=True, exist_ok=True)
    _copy_databases(settings, folder)
    for file in (settings_file, Path(settings.room.economy)):
        if file.exists():
            shutil.copy2(file, folder / file.name)
    sizes = {file.name: file.stat().st_size for file in sorted(folder.iterdir())}
    sums = {name: _sha256(folder / name) for name in sizes}
    (folder / "SHA256SUMS").write_text(
        "".join(f"{h}  {name}\n" for name, h in sums.items()), encoding="ascii"
    )
    if as_json:
        say_json({"folder": str(folder), "bytes": sizes, "sha256": sums})
    else:
        out().print(
            f"{folder}: {', '.join(f'{name} {size} bytes' for name, size in sizes.items())}", markup=False
        )


def _copy_databases(settings: Settings, folder: Path) -> None:
    """Copy the store, then the log.

    The log must reach back to what the copied store has in chunks. It is trimmed to that point at most, so
    a store that cut another chunk meanwhile is copied again.

    Raises:
        StoreError: not SQLite files, not there, or the room was too busy three times.
    """
    from opsroom.cli.files import file_of
    from opsroom.errors import StoreError
    from opsroom.store._backup import copy_sqlite

    store, log = file_of(settings.store.url), file_of(settings.log.url)
    if store is None or log is None:
        raise StoreError(
            "Only SQLite files are copied.", remedy="Use the database's own tool.", code="backup_engine"
        )
    for file in (store, log):
        if not file.exists():
            raise StoreError(
                f"{file} is not there.", remedy="Name the settings: --settings FILE.", code="store_missing"
            )
    for _ in range(TRIES):
        for name in ("store.db", "log.db"):
            (folder / name).unlink(missing_ok=True)
        copy_sqlite(store, folder / "store.db")
        copy_sqlite(log, folder / "log.db")
        if _flushed(settings.store.url) == _flushed(f"sqlite:///{(folder / 'store.db').absolute()}"):
            return
    raise StoreError("The store cut chunks during every copy.", remedy="Try again.", code="backup_busy")


def _flushed(url: str) -> int:
    """Give the log offset up to which the store at `url` has readings in chunks."""
    from opsroom.store import open_store

    store = open_store(url)
    try:
        return store.readings.flushed_offset
    finally:
        store.close()


def _sha256(file: Path) -> str:
    """Give the digest of a file, in hexadecimal."""
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while block := stream.read(READ_BYTES):
            digest.update(block)
    return digest.hexdigest()
