"""The frame of the room as Dash components: empty places with ids, filled by the scripts in `assets/`.

Texts are never written here: `data-word` names the catalogue key, and the script words it in the reader's
language.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from dash import html

if TYPE_CHECKING:
    from collections.abc import Sequence

_STYLES = (
    "fonts.css",
    "tokens.css",
    "vendor/uplot/uPlot.min.css",
    "room.css",
    "wall.css",
    "panels.css",
    "timerange.css",
    "walls.css",
    "figures.css",
    "agreements.css",
    "series.css",
    "audits.css",
    "good.css",
    "rules.css",
    "recursion.css",
    "flow.css",
    "enterprise.css",
    "feeds.css",
    "settings.css",
    "council.css",
    "panes.css",
    "journal.css",
    "analysis.css",
    "kiosk.css",
    "print.css",
)


DOCS: Final = {
    "wall": "alarms.md",
    "focus": "walls.md",
    "datafeed": "walls.md",
    "recursion-now": "walls.md",
    "tiles": "walls.md",
    "recursion": "walls.md",
    "flow": "walls.md",
    "enterprise": "walls.md",
    "figures": "figures.md",
    "agreements": "agreements.md",
    "duty": "alarms.md",
    "unadopted": "units.md",
    "catalogue": "units.md",
    "audits": "agreements.md",
    "feeds": "walls.md",
    "council": "walls.md",
    "pane-1": "walls.md",
    "pane-2": "walls.md",
    "pane-3": "walls.md",
    "armrest": "walls.md",
    "journal": "walls.md",
    "analysis": "analysis.md",
    "rules": "rules.md",
    "events": "rules.md",
    "first": "feed-your-plant.md",
    "set-units": "units.md",
    "set-people": "api.md",
    "set-tokens": "feed-your-plant.md",
    "set-journal": "api.md",
}
"""The page of `docs/` about each panel, which its help leads to (served by `dashboards/docs_pages.py`)."""


def index_string(assets: str, modules: Sequence[str]) -> str:
    """Write the HTML around the Dash application; `assets` is the URL of the assets folder.

    `boot.js` runs before the first paint (palette and language), the rest as one module graph later, of
    which `modules` are fetched at once: found by the browser itself they come layer after layer.
    Nothing is inline but the start of Dash's renderer, which the policy allows by hash.
    """
    styles = "\n    ".join(f'<link rel="stylesheet" href="{assets}/{name}">' for name in _STYLES)
    ahead = "\n    ".join(f'<link rel="modulepreload" href="{assets}/{name}">' for name in modules)
    return f"""<!DOCTYPE html>
<html lang="en">
  <head>
    {{%metas%}}
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>{{%title%}}</title>
    <link rel="icon" type="image/svg+xml" href="{assets}/mark.svg">
    {styles}
    {{%css%}}
    <script src="{assets}/boot.js"></script>
    <script src="{assets}/vendor/uplot/uPlot.iife.min.js" defer></script>
    <script type="module" src="{assets}/main.js"></script>
    {ahead}
  </head>
  <body>
    {{%app_entry%}}
    <div id="dialogs"></div>
    {{%config%}}
    {{%scripts%}}
    {{%renderer%}}
  </body>
</html>"""


def layout() -> html.Div:
    """Give the whole frame: sign-in page; header, walls (the overview in front), foot."""
    return html.Div(
        id="frame",
        children=[
            html.Div(id="signin", className="signin", hidden=True),
            html.Div(id="room", className="room", hidden=True, children=[_header(), _main(), _foot()]),
            html.Div(id="notice", className="notice", role="status", hidden=True),
            html.Div(id="say", className="unseen", role="status", **{"aria-live": "polite"}),
            html.Div(id="say-feed", className="unseen", role="status"),
            html.Div(id="say-now", className="unseen", role="alert", **{"aria-live": "assertive"}),
        ],
    )


def _header() -> html.Header:
    return html.Header(
        id="head",
        className="head",
        children=[
            html.Div(id="plan", className="plan"),
            html.Div(
                className="where",
                children=[html.H1(id="where-name"), html.Nav(id="crumbs", **_named("room.nav.recursion"))],
            ),
            html.Nav(id="menu", className="menu", **_named("room.menu")),
            html.Ul(id="lamps", className="lamps", **_named("room.lamps")),
            html.Div(id="feed", className="feed"),
            html.Div(id="clock", className="clock"),
            html.Div(id="choices", className="choices"),
            html.Div(id="banners", className="banners", children=_banners()),
        ],
    )


def _banners() -> list[html.Div]:
    """Give what stands in the head of every wall while it holds; beside one another where there is room."""
    return [
        html.Div(id="first-now", className="first-now", role="status", hidden=True),
        html.Div(id="drill-now", className="drill-now", role="status", hidden=True),
        html.Div(id="condition", className="condition", role="alert", hidden=True),
        html.Div(id="flood", className="flood", hidden=True),
        html.Div(id="held", className="held", role="status", hidden=True),
        html.Div(id="replay", className="replay", hidden=True, role="group", **_named("room.replay.mark")),
        html.Div(id="audits-now", className="audits-now", role="status", hidden=True),
    ]


def _main() -> html.Main:
    return html.Main(
        id="walls",
        className="walls",
        children=[
            _panel(
                "wall",
                "room.wall.title",
                count=True,
                extra=html.Div(id="wall-tools"),
                foot=html.Div(id="wall-picks", className="picks", hidden=True),
            ),
            _panel("focus", "room.focus.title", extra=html.Div(id="focus-legend", className="legend")),
            _panel("datafeed", "room.datafeed.title", extra=html.Div(id="ranges", className="ranges")),
            _panel("recursion-now", "room.recursion.title"),
            _panel("tiles", "room.tiles.title", count=True),
            _panel("recursion", "room.recursion.title", of="recursion"),
            _panel("flow", "room.flow.title", of="flow"),
            _panel("enterprise", "room.enterprise.title", of="enterprise"),
            _panel("figures", "room.figures.title", extra=html.Div(id="figures-tools"), of="figures"),
            _panel("agreements", "room.agreements.title", of="agreements"),
            _panel("duty", "room.duty.title", of="agreements"),
            _panel("unadopted", "room.series.waiting", count=True, of="series"),
            _panel("catalogue", "room.series.own", of="series"),
            _panel("audits", "room.audit.title", of="audits"),
            _panel("feeds", "room.feeds.title", count=True, extra=html.Div(id="feeds-tools"), of="feeds"),
            *(
                _panel(f"pane-{n}", title, extra=html.Div(id=f"pane-{n}-hand"), of="datafeed")
                for n, title in enumerate(("room.pane.1", "room.pane.2", "room.pane.3"), 1)
            ),
            _panel("armrest", "room.pane.armrest", of="datafeed"),
            _panel(
                "journal",
                "room.journal.title",
                count=True,
                extra=html.Div(id="journal-tools", className="tools"),
                of="journal",
            ),
            _panel(
                "analysis",
                "room.analysis.title",
                extra=html.Div(id="analysis-tools", className="tools"),
                of="analysis",
            ),
            _panel(
                "council",
                "room.council.title",
                count=True,
                extra=html.Div(id="council-tools", className="tools"),
                of="council",
            ),
            _panel("first", "room.first.title", of="first"),
            _panel("set-units", "room.settings.units", of="settings"),
            *(
                _panel(f"set-{name}", title, extra=html.Div(id=f"set-{name}-tools"), of="settings")
                for name, title in (("tokens", "room.settings.tokens"), ("people", "room.settings.seats"))
            ),
            _panel("set-journal", "room.settings.journal", of="settings"),
            _panel("rules", "room.rules.title", extra=html.Div(id="rules-tools"), of="rules"),
            _panel("events", "room.events.title", count=True, of="rules"),
        ],
    )


def _panel(
    name: str,
    title: str,
    *,
    count: bool = False,
    extra: html.Div | None = None,
    foot: html.Div | None = None,
    of: str = "",
) -> html.Section:
    """Give one chamfered panel: heading with its hexagon, and a body that the keyboard can scroll.

    `of` names the wall that it belongs to (`walls.js`); panels without one make the overview. `foot` stands
    below the body and does not scroll with it.
    """
    heading = f"{name}-title"
    head: list[Any] = [html.H2(id=heading, **_word(title))]
    if count:
        head.append(html.Span(id=f"{name}-count", className="count"))
    if extra is not None:
        head.append(extra)
    return html.Section(
        id=f"{name}-panel",
        className=f"panel panel-{name}",
        hidden=bool(of),
        **{
            "aria-labelledby": heading,
            **({"data-wall": of} if of else {}),
            **({"data-docs": DOCS[name]} if name in DOCS else {}),
        },
        children=[
            html.Div(className="panel-head", children=head),
            html.Div(
                id=name,
                className=f"panel-body {name}",
                tabIndex=0,
                role="group",
                **{"aria-labelledby": heading},
            ),
            *([] if foot is None else [foot]),
        ],
    )


def _foot() -> html.Footer:
    return html.Footer(
        className="foot",
        children=[
            html.Ul(id="seats", className="seats", **_named("room.seats")),
            html.Div(id="floor", className="floor", role="group", **_named("room.chair.floor")),
            html.Div(id="good", className="good-now", hidden=True),
            html.Div(id="keys", className="keys"),
        ],
    )


def _word(key: str) -> dict[str, str]:
    return {"data-word": key}


def _named(key: str) -> dict[str, str]:
    return {"data-word-label": key}
