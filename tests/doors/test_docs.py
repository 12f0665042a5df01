"""Every door, and every key of the mapping file, stands on its page."""

from __future__ import annotations

import re
import tomllib

import msgspec

from ingest.doors.desk import Desk
from ingest.doors.mapping import Naming, SeriesTable, parse_mapping
from ingest.doors.web import door_router
from ingest.hub import Hub
from tests.docs.pages import ROOT, read
from tests.ingest.conftest import SmallRoom

PAGE = read(ROOT / "docs" / "doors.md")


def test_every_door_is_on_its_page() -> None:
    router = door_router(Desk(Hub(SmallRoom()), Naming()))
    paths = {str(getattr(route, "path", "")) for route in router.routes}
    assert len(paths) == 7
    assert [path for path in sorted(paths) if not re.search(rf"`(?:\w+ )?{re.escape(path)}`", PAGE)] == []


def test_every_key_of_the_mapping_file_is_on_its_page() -> None:
    keys = [field.name for field in msgspec.structs.fields(SeriesTable)]
    assert [key for key in keys if not re.search(rf"^\| .*`{key}`.* \|", PAGE, re.MULTILINE)] == []


def test_the_mapping_file_of_the_page_is_taken() -> None:
    [text] = [block for block in re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL) if "[[series]]" in block]
    assert len(parse_mapping(text)) == len(tomllib.loads(text)["series"]) >= 5
