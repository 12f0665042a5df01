"""The room's own files, opened by a verb beside or without the running server."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from opsroom.errors import NotFound, SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opsroom.catalog import Catalog
    from opsroom.model import Series, Unit
    from opsroom.settings import Settings
    from opsroom.store import Store


@contextmanager
def stored(settings_file: Path) -> Iterator[tuple[Settings, Store, Catalog]]:
    """Open the store that the settings name, with the tree as last committed.

    Raises:
        SettingsError: the settings cannot be used, or no room was ever started on that store.
    """
    from opsroom.catalog import Catalog
    from opsroom.settings import file_of, load_settings
    from opsroom.store import open_store

    settings = load_settings(settings_file)
    file = file_of(settings.store.url)
    if file is not None and not file.exists():
        raise SettingsError(
            f"There is no store at {file}.",
            remedy="Start the room once: opsroom serve. Or name its settings: --settings FILE.",
            code="store_missing",
            file=str(file),
        )
    store = open_store(settings.store.url, settings.store)
    try:
        rows = store.catalog
        tree = Catalog(rows.units(), rows.series(), rows.relations(), rows.rules(), rows.flows())
        yield settings, store, tree
    finally:
        store.close()


def unit_named(catalog: Catalog, path: str) -> Unit:
    """Find a unit by path; `/` and the empty text are the root.

    Raises:
        NotFound: no such unit in the room; the nearest names are told.
    """
    import difflib

    unit = catalog.unit_at(path.strip("/"))
    if unit is not None:
        return unit
    near = difflib.get_close_matches(path, [one.path for one in catalog.units.values()], n=3)
    raise NotFound(
        f"No unit {path!r} in the room.",
        remedy=f"Did you mean: {', '.join(near)}?" if near else "List them: opsroom units list.",
        code="unit_unknown",
        unit=path,
    )


def series_named(catalog: Catalog, name: str) -> Series:
    """Find a series by number or path, which may be one of before.

    Raises:
        NotFound: no such series in the room.
    """
    unit_path, _, own = name.strip("/").rpartition("/")
    unit = catalog.unit_at(unit_path)
    by_path = None if unit is None else catalog.own_series(unit.id, own)
    found = catalog.series.get(int(name)) if name.isdigit() else by_path
    if found is None:
        raise NotFound(
            f"No series {name!r} in the room.",
            remedy="List them: opsroom series list.",
            code="series_unknown",
            series=name,
        )
    return found
