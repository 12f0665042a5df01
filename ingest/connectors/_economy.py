"""A folder with a recorded economy: `economy.csv.gz`, and the `hierarchy.json` of where plants stand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from ingest.connectors._rows import Instant, Report
from ingest.connectors.csv import Options, Reading, joined, readings
from opsroom.errors import Invalid

ECONOMY_FILE: Final = "economy.csv.gz"
HIERARCHY_FILE: Final = "hierarchy.json"


def economy(folder: Path, report: Report | None = None) -> Iterator[Instant]:
    """Give the readings of a folder with `economy.csv.gz` and `hierarchy.json`.

    All plants merged by event time.

    Names are paths from the root: levels of the hierarchy, enterprise, plant, series. Ties keep the file's
    order.

    Raises:
        Invalid: a file or column is missing.
    """
    places = read_hierarchy(folder / HIERARCHY_FILE)
    options = Options(
        file=folder / ECONOMY_FILE, time="ts", is_long=True, path=("enterprise", "plant", "series")
    )
    found = report or Report()

    def placed() -> Iterator[Reading]:
        for one in readings(options, found):
            plant, _, series = one.name.rpartition("/")
            if plant not in places:
                found.note(one.line, "plant_unknown", plant)
                continue
            yield msgspec.structs.replace(one, name=f"{places[plant]}/{series}")

    yield from joined(sorted(placed(), key=lambda one: one.t), found)


def read_hierarchy(file: Path) -> dict[str, str]:
    """Give the path below the root of each plant by `enterprise/plant`.

    `{"economy": {"energy": {"la-haute-borne": ["R80711"]}}}` gives `{"la-haute-borne/R80711": "energy/la-
    haute-borne/R80711"}`.

    Raises:
        Invalid: the file cannot be read, or is no nest of objects with lists of names inside.
    """
    try:
        tree = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Invalid(
            f"{file}: {error}", remedy="Name a folder with a hierarchy.", field="hierarchy"
        ) from error
    places: dict[str, str] = {}

    def walk(node: Any, path: tuple[str, ...]) -> None:
        if isinstance(node, dict):
            for name, below in node.items():
                walk(below, (*path, name))
        elif isinstance(node, list) and path and all(isinstance(name, str) for name in node):
            places.update({f"{path[-1]}/{name}": "/".join((*path[1:], name)) for name in node})
        else:
            raise Invalid(
                f"{file}: {'/'.join(path)} is no list of names.",
                remedy="Nest objects, lists inside.",
                field="hierarchy",
            )

    walk(tree, ())
    return places
