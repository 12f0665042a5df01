"""`opsroom export`: stored readings as a file that others read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from opsroom.cli.terminal import DEFAULT_SETTINGS, AsJson, SettingsFile, examples, out, say_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opsroom.catalog import Catalog
    from opsroom.store import Store

app = typer.Typer(no_args_is_help=True, help="Stored readings as a file that others read.")

NEEDED: Final = "pip install 'cybersyn-opsroom[parquet]'"
ROWS_AT_ONCE: Final = 1_000_000
US: Final = "us"


@app.command(
    epilog=examples(
        "opsroom export parquet readings.parquet",
        "opsroom export parquet mill.parquet --under energy/mill --from 2026-03-01 --to 2026-04-01",
    )
)
def parquet(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="where to; must not be there yet")],
    under: Annotated[str, typer.Option(metavar="PATH", help="only this series, or a unit's and below")] = "",
    since: Annotated[str, typer.Option("--from", metavar="TIME", help="ISO 8601 (UTC without offset)")] = "",
    until: Annotated[str, typer.Option("--to", metavar="TIME", help="ISO 8601; not included")] = "",
    settings_file: SettingsFile = DEFAULT_SETTINGS,
    as_json: AsJson = False,
) -> None:
    """Write what the store holds to one Parquet file, the room running or not."""
    from opsroom.cli.figures import instant_ms
    from opsroom.cli.files import stored
    from opsroom.errors import SettingsError

    try:
        import pyarrow.parquet as pq
    except ModuleNotFoundError as error:
        raise SettingsError("pyarrow is not installed.", remedy=NEEDED, code="library_missing") from error
    if file.exists():
        raise SettingsError(f"{file} is there already.", remedy="Name a new file.", code="export_exists")
    t_from = instant_ms(since) * 1000 if since else 0
    t_to = instant_ms(until) * 1000 if until else (1 << 62)
    readings = series = 0
    half = file.with_name(file.name + ".part")  # a file of that name is whole, or it is not there
    try:
        with stored(settings_file) as (_, store, catalog), pq.ParquetWriter(half, _schema()) as writer:
            for count, table in _tables(store, catalog, under.strip("/"), t_from, t_to):
                writer.write_table(table)
                readings += table.num_rows
                series += count
        half.rename(file)
    finally:
        half.unlink(missing_ok=True)
    figures = {"file": str(file), "readings": readings, "series": series, "bytes": file.stat().st_size}
    if as_json:
        say_json(figures)
    else:
        out().print(f"{file}: {readings} readings of {series} series, {figures['bytes']} bytes", markup=False)


def _schema() -> Any:
    """Give the columns: path and unit of the series, event time, value, quality."""
    import pyarrow as pa

    word = pa.dictionary(pa.int32(), pa.string())
    return pa.schema(
        [
            ("series", word),
            ("unit", word),
            ("t", pa.timestamp(US, tz="UTC")),
            ("v", pa.float64()),
            ("q", pa.uint8()),
        ]
    )


def _tables(store: Store, catalog: Catalog, under: str, t_from: int, t_to: int) -> Iterator[tuple[int, Any]]:
    """Give for each series with readings in [t_from, t_to) one (us) a 1 and its table, in pieces."""
    import numpy as np
    import pyarrow as pa

    schema = _schema()
    for path, number in sorted((catalog.series_path(number), number) for number in catalog.series):
        if under and path != under and not path.startswith(under + "/"):
            continue
        found, unit = store.readings.read(number, t_from, t_to), catalog.series[number].unit
        for start in range(0, len(found), ROWS_AT_ONCE):
            part = slice(start, start + ROWS_AT_ONCE)
            t = found.t[part]
            first = pa.array(np.zeros(len(t), np.int32))
            columns = [
                pa.DictionaryArray.from_arrays(first, pa.array([path])),
                pa.DictionaryArray.from_arrays(first, pa.array([unit])),
                pa.array(t, pa.timestamp(US, tz="UTC")),
                pa.array(found.v[part], from_pandas=True),
                pa.array(found.q[part]),
            ]
            yield int(start == 0), pa.Table.from_arrays(columns, schema=schema)
