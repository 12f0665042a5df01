"""The acceptance page and the rows that run are the same list."""

from tests.acceptance import __main__ as accept
from tests.acceptance.rows import PROJECT, ROWS


def test_the_page_explains_every_row() -> None:
    page = (PROJECT / "docs" / "acceptance.md").read_text(encoding="utf-8")
    explained = [line.split("|")[1].strip() for line in page.splitlines() if line.startswith("| ")][1:]
    assert accept.MODULES
    assert sorted(explained) == sorted(row.name for row in ROWS.all)
