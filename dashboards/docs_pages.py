"""The documentation as the room serves it: each page of `docs/` as HTML, nothing from elsewhere."""

from __future__ import annotations

from functools import cache
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Final

from markdown_it import MarkdownIt
from starlette.responses import PlainTextResponse, Response

if TYPE_CHECKING:
    from fastapi import FastAPI

PREFIX: Final = "/docs-pages/"
_PLACES: Final = (Path(__file__).parent / "docs", Path(__file__).parents[1] / "docs")
"""Inside an installed package, else beside the source."""
_NOT_FOUND: Final = 404


def folder() -> Path | None:
    """Give the folder of the pages; None where they were left out of the installation."""
    return next((place for place in _PLACES if (place / "ARCHITECTURE.md").is_file()), None)


@cache
def rendered(file: Path, assets: str) -> str:
    """Write one page as HTML; raw HTML in it is shown as text, never run."""
    source = file.read_text(encoding="utf-8")
    body = MarkdownIt("commonmark", {"html": False}).enable("table").render(source)
    title = escape(source.partition("\n")[0].lstrip("# "))
    styles = "".join(
        f'<link rel="stylesheet" href="{assets}/{name}">' for name in ("fonts.css", "tokens.css", "docs.css")
    )
    return (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">{styles}'
        f'<script src="{assets}/boot.js"></script></head><body><main class="docs">{body}</main></body></html>'
    )


def mount_docs(api: FastAPI, assets: str) -> None:
    """Serve the pages under `/docs-pages/`; `assets` is the URL of the room's assets."""
    pages = folder()
    known = {} if pages is None else {file.name: file for file in pages.glob("*.md")}

    async def page(name: str) -> Response:
        file = known.get(name)
        if file is None:
            return PlainTextResponse("There is no such page.", _NOT_FOUND)
        return Response(rendered(file, assets), media_type="text/html")

    api.add_api_route(PREFIX + "{name}", page, methods=["GET"], include_in_schema=False)
