"""Mount the room's page on the API: Dash on its FastAPI backend, every asset local, a policy that says so."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from dash import Dash
from starlette.datastructures import MutableHeaders
from starlette.responses import RedirectResponse, Response

from dashboards.docs_pages import mount_docs
from dashboards.frame import index_string, layout
from dashboards.module_graph import brought_along
from dashboards.squeeze import Squeeze

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

ASSETS: Final = Path(__file__).parent / "assets"
PREFIX: Final = "/room/"
_SHOWN_SUFFIXES: Final = frozenset({".css", ".js", ".woff2", ".svg"})
_UNUSED_LIBRARIES: Final = ("/dash/dcc/", "/dash/dash_table/")
# The renderer of Dash 4.4 puts one style element in the page: empty first, then its loading and error boxes.
_RENDERER_STYLES: Final = (
    "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='",
    "'sha256-Do5Z9ZqsPvCQTUBQS9BnDm/2+on7omuzuLYk5sbA+2s='",
)
_IMMUTABLE: Final = "public, max-age=31536000, immutable"


def assets_digest(folder: Path = ASSETS) -> str:
    """Hash names and bytes of every asset below `folder`: 12 hex digits that change with any of them."""
    digest = hashlib.sha256()
    for file in sorted(folder.rglob("*")):
        if file.suffix in _SHOWN_SUFFIXES:
            digest.update(file.relative_to(folder).as_posix().encode())
            digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def content_security_policy(dash: Dash) -> str:
    """Word the page's policy: our own scripts and styles, Dash's one inline script by its hash.

    Call it after the last callback is declared: each clientside callback is an inline script of its own.
    """
    scripts = " ".join(["'self'", *dash.csp_hashes()])
    styles = " ".join(["'self'", *_RENDERER_STYLES])
    return (
        f"default-src 'none'; script-src {scripts}; style-src {styles}; img-src 'self' data:; "
        "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


class PageHeaders:
    """ASGI layer: the policy on the room's pages; assets may be kept, since their path has a version."""

    def __init__(self, app: ASGIApp, *, policy: str, assets_prefix: str) -> None:
        """Keep the wording; `assets_prefix` is the versioned path of the assets."""
        self.app = app
        self.policy = policy
        self.assets_prefix = assets_prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything through, adding headers to what lies below `/room/`."""
        if scope["type"] != "http" or not scope["path"].startswith(PREFIX.rstrip("/")):
            await self.app(scope, receive, send)
            return
        kept = scope["path"].startswith(self.assets_prefix)

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["X-Content-Type-Options"] = "nosniff"
                headers["Content-Security-Policy"] = self.policy
                if kept and message["status"] == 200:  # noqa: PLR2004 - the status that carries a body worth keeping
                    headers["Cache-Control"] = _IMMUTABLE
            await send(message)

        await self.app(scope, receive, with_headers)


class _Frame(Dash):
    """Dash without the component libraries that the frame does not use.

    Dash always lists `dcc` and `dash_table`: half a megabyte for nothing, which injects inline styles.
    """

    def interpolate_index(self, **parts: Any) -> str:
        """Leave unused libraries out of the page's scripts."""
        kept = [
            line
            for line in parts["scripts"].splitlines()
            if not any(name in line for name in _UNUSED_LIBRARIES)
        ]
        return str(super().interpolate_index(**{**parts, "scripts": "\n".join(kept)}))


async def _to_the_room() -> Response:
    """Send whoever asks for the bare address to the room."""
    return RedirectResponse(PREFIX, status_code=307)


def mount(api: FastAPI, *, title: str = "Opsroom") -> Dash:
    """Put the room's page under `/room/` of `api` and give the Dash application.

    Declare every route of `api` that must win over Dash's catch-all GET before the server starts, when Dash
    adds it: `/api/{path}` -> 404 among them. There are no callbacks: acts go by REST, live values over
    `/api/v1/feed`.
    """
    assets_path = f"assets/{assets_digest()}"
    dash = _Frame(
        __name__,
        server=api,
        url_base_pathname=PREFIX,
        assets_folder=str(ASSETS),
        assets_url_path=assets_path,
        include_assets_files=False,  # the index names them, in order; modules import one another
        serve_locally=True,
        title=title,
        update_title="",
        index_string=index_string(PREFIX + assets_path, brought_along(ASSETS, "main.js")),
        add_log_handler=False,
        enable_mcp=False,
    )
    dash.layout = layout()
    api.state.script_hashes = tuple(dash.csp_hashes())  # for other rims that word a policy of their own
    mount_docs(api, PREFIX + assets_path)
    api.add_api_route("/", _to_the_room, methods=["GET"], include_in_schema=False)
    public = (f"{PREFIX}{assets_path}/", f"{PREFIX}_dash-")  # assets; Dash's scripts and its layout
    api.add_middleware(Squeeze, prefixes=public)
    api.add_middleware(PageHeaders, policy=content_security_policy(dash), assets_prefix=PREFIX + assets_path)
    return dash
