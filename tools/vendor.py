"""Fetch the browser files that the room serves itself, and write down what they are.

The room loads nothing from other hosts, so fonts and the chart library lie in the tree. Run
`python tools/vendor.py` after changing a version here; it needs npm. `manifest.json` then holds
name, version, licence and SHA-256 of every file, which `tests/house/test_vendor.py` checks.
"""

import hashlib
import json
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import NamedTuple

VENDOR = Path(__file__).resolve().parent.parent / "dashboards" / "assets" / "vendor"


LICENCES = ("LICENSE", "LICENSE.txt")


class Source(NamedTuple):
    """One package: npm name, version, licence (SPDX), folder here and the files taken from it."""

    npm: str
    version: str
    licence: str
    folder: str
    files: tuple[str, ...]


SOURCES = (
    Source("uplot", "1.6.32", "MIT", "uplot", ("dist/uPlot.iife.min.js", "dist/uPlot.min.css")),
    Source(
        "ag-grid-community",
        "35.3.1",
        "MIT",
        "ag-grid",
        # Without the styles that it would write into the page: the policy allows sheets alone.
        (
            "dist/ag-grid-community.min.noStyle.js",
            "styles/ag-grid.min.css",
            "styles/ag-theme-quartz-no-font.min.css",
        ),
    ),
    # Lines and bars alone: no WebGL, so no script that is made while running, which the policy forbids.
    Source("plotly.js-basic-dist-min", "4.1.1", "MIT", "plotly", ("plotly-basic.min.js",)),
    Source(
        "@fontsource/b612",
        "5.3.0",
        "OFL-1.1",
        "b612",
        tuple(f"files/b612-latin-{weight}-normal.woff2" for weight in (400, 700)),
    ),
    Source(
        "@fontsource/ibm-plex-sans-condensed",
        "5.3.0",
        "OFL-1.1",
        "ibm-plex-sans-condensed",
        # The `latin` subset reaches U+00FF: German and Spanish letters are all in it.
        tuple(
            f"files/ibm-plex-sans-condensed-latin-{weight}-normal.woff2" for weight in (400, 500, 600, 700)
        ),
    ),
)


def unpack(source: Source, scratch: Path) -> list[Path]:
    """Pack `source` with npm into `scratch` and copy its files and LICENSE; return the paths written."""
    subprocess.run(
        ["npm", "pack", "--silent", f"{source.npm}@{source.version}"],
        cwd=scratch,
        check=True,
        capture_output=True,
    )
    (archive,) = scratch.glob("*.tgz")
    target = VENDOR / source.folder
    target.mkdir(parents=True, exist_ok=True)
    written = []
    with tarfile.open(archive) as packed:
        licence = next(name for name in LICENCES if f"package/{name}" in packed.getnames())
        for name in (*source.files, licence):
            member = packed.extractfile(f"package/{name}")
            if member is None:
                message = f"{source.npm} {source.version} holds no {name}"
                raise FileNotFoundError(message)
            path = target / ("LICENSE" if name == licence else Path(name).name)
            path.write_bytes(member.read())
            written.append(path)
    return written


def main() -> None:
    """Renew every vendored file and `manifest.json`."""
    rows = []
    for source in SOURCES:
        with tempfile.TemporaryDirectory() as scratch:
            rows += [
                {
                    "name": source.npm,
                    "version": source.version,
                    "licence": source.licence,
                    "licence_file": f"{source.folder}/LICENSE",
                    "file": path.relative_to(VENDOR).as_posix(),
                    "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
                }
                for path in unpack(source, Path(scratch))
            ]
    (VENDOR / "manifest.json").write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
