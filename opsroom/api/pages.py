"""The description of the API as a plain page, made here.

Nothing is loaded from elsewhere, and no script runs.
"""

from __future__ import annotations

from html import escape
from typing import Any

from fastapi import APIRouter, Request, Response

from opsroom.api.answers import answer

page_router = APIRouter()

STYLE = (
    "body{font:16px/1.5 sans-serif;"
    "max-width:56rem;margin:2rem auto;padding:0 1rem;color:#1d2326;background:#d9dcda}"
    "h2{margin-top:2rem}code{font-family:monospace}dt{margin-top:1rem}dd{margin-left:1.5rem}table{border-collapse:collapse}"
    "td,th{text-align:left;padding:.1rem .8rem .1rem 0;vertical-align:top}"
)
LIVE = (
    "<h2>Live feed</h2><p>WebSocket <code>/api/v1/feed</code> with the session cookie and the page's "
    "own Origin: send "
    '<code>{"type":"subscribe","unit":PATH,"series":[IDS]}</code>, receive a snapshot, then changes. '
    "Close codes: 4401 not signed in, 4403 not allowed, 4408 subscribe expected, 1013 slow viewer.</p>"
)


@page_router.get("/api/openapi.json", include_in_schema=False)
async def openapi(request: Request) -> Response:
    """Give the description for programs."""
    return answer(request.app.openapi())


@page_router.get("/api/docs", include_in_schema=False)
async def docs(request: Request) -> Response:
    """Give the description for people."""
    return Response(page(request.app.openapi()), media_type="text/html")


def page(described: dict[str, Any]) -> str:
    """Write an OpenAPI description as HTML."""
    title = escape(described["info"]["title"])
    parts: dict[str, list[str]] = {}
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            tag = operation.get("tags", ["other"])[0]
            parts.setdefault(tag, []).append(_operation(path, method, operation, described))
    body = "".join(f"<h2>{escape(tag)}</h2><dl>{''.join(rows)}</dl>" for tag, rows in parts.items())
    return (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f"<style>{STYLE}</style></head>"
        f"<body><h1>{title}</h1><p>{escape(described['info'].get('description', ''))} "
        f'For programs: <a href="/api/openapi.json">openapi.json</a>.</p>{body}{LIVE}</body></html>'
    )


def _operation(path: str, method: str, operation: dict[str, Any], described: dict[str, Any]) -> str:
    text = escape(operation.get("description", ""))
    rows = [
        (one["name"] + ("" if one.get("required") else " (optional)"), one["in"], one.get("schema", {}))
        for one in operation.get("parameters", [])
    ]
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    name = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
    schema = described.get("components", {}).get("schemas", {}).get(name, {})
    required = schema.get("required", [])
    for field, spec in schema.get("properties", {}).items():
        rows.append((field + ("" if field in required else " (optional)"), "body", spec))
    cells = "".join(
        f"<tr><td><code>{escape(field)}</code></td><td>{escape(place)}</td><td>{escape(_type(spec))}</td></tr>"
        for field, place, spec in rows
    )
    table = f"<table>{cells}</table>" if cells else ""
    summary = escape(operation.get("summary", ""))
    return f"<dt><code>{method.upper()} {escape(path)}</code> {summary}</dt><dd>{text}{table}</dd>"


def _type(spec: dict[str, Any]) -> str:
    if "anyOf" in spec:
        return " or ".join(_type(one) for one in spec["anyOf"])
    return str(spec.get("type") or spec.get("$ref", "").rpartition("/")[2] or "any")
