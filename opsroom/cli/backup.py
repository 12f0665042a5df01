"""`opsroom backup` and `restore`: a consistent copy of log and store beside the running room, and back."""

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
    app.command(
        epilog=examples("opsroom restore /backup/monday", "opsroom restore copy --settings new.toml --json")
    )(restore)


def backup(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="where to; made, and must be empty")],
    settings_file: SettingsFile = DEFAULT_SETTINGS,
    as_json: AsJson = False,
) -> None:
    """Copy store, log and files to a folder, the room running or not."""
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
    """Copy the store and the log so that together they are a room at one moment.

    Raises:
        StoreError: not SQLite files, not there, or the room was too busy each time.
    """
    from opsroom.errors import StoreError
    from opsroom.store.backup import backup_room

    for file in _files(settings):
        if not file.exists():
            raise StoreError(
                f"{file} is not there.", remedy="Name the settings: --settings FILE.", code="store_missing"
            )
    backup_room(settings.store.url, settings.log.url, folder, TRIES)


def _files(settings: Settings) -> tuple[Path, Path]:
    """Give the files of store and log.

    Raises:
        StoreError: another engine, which has tools of its own.
    """
    from opsroom.errors import StoreError
    from opsroom.settings import file_of

    store, log = file_of(settings.store.url), file_of(settings.log.url)
    if store is None or log is None:
        raise StoreError(
            "Only SQLite files are copied.", remedy="Use the database's own tool.", code="backup_engine"
        )
    return store, log


def restore(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="a folder that `opsroom backup` made")],
    settings_file: SettingsFile = DEFAULT_SETTINGS,
    as_json: AsJson = False,
) -> None:
    """Put a backup where the settings name store and log, checked; nothing is overwritten."""
    from opsroom.errors import SettingsError
    from opsroom.settings import load_settings

    sums = _checked(folder)
    if not settings_file.exists() and settings_file.name in sums:
        shutil.copy2(folder / settings_file.name, settings_file)
    settings = load_settings(settings_file)
    store, log = _files(settings)
    _refuse_damaged(folder)
    taken = [file for file in (store, log) if file.exists()]
    if taken:
        raise SettingsError(
            f"{taken[0]} is there already.",
            remedy="Stop the room and move store and log away, or name other settings.",
            code="restore_not_empty",
        )
    economy = Path(settings.room.economy)
    targets = {"store.db": store, "log.db": log}
    if economy.name in sums and not economy.exists():
        targets[economy.name] = economy
    for name, target in targets.items():
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(folder / name, target)
    put = {str(target): _sha256(target) for target in targets.values()}
    for name, target in targets.items():
        if put[str(target)] != sums[name]:
            raise _damaged(target)
    if as_json:
        say_json({"folder": str(folder), "sha256": put})
    else:
        out().print(f"restored and checked: {', '.join(put)}", markup=False)


def _checked(folder: Path) -> dict[str, str]:
    """Give the digests of a backup's files, each found as it was written.

    Raises:
        StoreError: no backup, or a file was changed since.
    """
    from opsroom.errors import StoreError

    listed = folder / "SHA256SUMS"
    if not listed.exists():
        raise StoreError(
            f"{folder} is no backup: it has no SHA256SUMS.",
            remedy="Name a folder that `opsroom backup` made.",
            code="backup_missing",
        )
    lines = (line.split("  ", 1) for line in listed.read_text(encoding="ascii").splitlines())
    sums = {name: digest for digest, name in lines}
    for name, digest in sums.items():
        file = folder / name
        if not file.exists() or _sha256(file) != digest:
            raise _damaged(file)
    return sums


def _damaged(file: Path) -> Exception:
    from opsroom.errors import StoreError

    return StoreError(
        f"{file} is not what SHA256SUMS says.", remedy="Take another backup.", code="backup_damaged"
    )


def _refuse_damaged(folder: Path) -> None:
    """Refuse a backup that a later release wrote, or whose contents are damaged.

    Raises:
        StoreError: the first of what is wrong.
    """
    from opsroom.log.inspection import inspect as inspect_log
    from opsroom.store.inspection import inspect as inspect_store

    for _, damage in (inspect_store(folder / "store.db"), inspect_log(folder / "log.db")):
        if damage:
            raise damage[0]


def _sha256(file: Path) -> str:
    """Give the digest of a file, in hexadecimal."""
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while block := stream.read(READ_BYTES):
            digest.update(block)
    return digest.hexdigest()
