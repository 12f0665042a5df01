"""What was measured beside other systems, as sections of a page of markdown and as a picture."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from xml.sax.saxutils import escape

from opsroom.bench.peers import goals
from opsroom.clock import wall_now
from opsroom.model import MICROS_PER_S

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

FORMS: Final = {
    "columns-1000": "1,000 readings a frame or request, one connection",
    "list-100": "Lists of 100, one connection",
    "single": "One reading a frame over 200 WebSockets, one a request over 16 connections elsewhere",
}
INGEST: Final = ("system", "acked readings/s", "CPU s a million", "bytes a reading", "kept after SIGKILL")
QUESTIONS: Final = ("question", "system", "inside the store, ms", "over the wire, ms")
WIDTH, LEFT, RIGHT, BAR, GAP, HEAD = 760, 190, 110, 18, 8, 34
# the room's day palette
GROUND, INK, FAINT, OURS, THEIRS = "#d9dcda", "#1d2326", "#454d52", "#34444e", "#a9b0af"


def measured_on() -> str:
    """Word day and machine."""
    day = datetime.fromtimestamp(wall_now() / MICROS_PER_S, UTC).date().isoformat()
    return f"{day}, {os.cpu_count()} cores ({platform.machine()}), Python {platform.python_version()}"


def ingest_section(result: dict[str, Any]) -> str:
    """Give the section of a result of `bench ingest --peers`."""
    parts = [f"## Ingest beside other systems\n\nMeasured {measured_on()}: `make bench-peers`.\n"]
    for form, words in FORMS.items():
        rows = [row for row in result["rows"] if row["form"] == form and not row["detection"]]
        if rows:
            lines = [_ingest_line(row) for row in rows]
            columns = (
                "system",
                "acked readings/s",
                "CPU s a million",
                "bytes a reading",
                "kept after SIGKILL",
            )
            parts.append(f"### {words}\n\n{_table(columns, lines)}\n")
    parts.append(f"### What must be reached\n\n{_table(goals.COLUMNS, goals.table(result['goals']))}\n")
    return "\n".join(parts)


def query_section(result: dict[str, Any], lines: Sequence[Sequence[str]]) -> str:
    """Give the section of a result of `bench query --peers`; `lines` are its table."""
    named = {row["peer"]: f"{row['peer']} {row['version']}" for row in result["rows"] if row["peer"]}
    shown = [[question, named.get(system, system), *rest] for question, system, *rest in lines]
    head = f"## Questions beside other systems\n\nMeasured {measured_on()}: `make bench-peers`.\n"
    return f"{head}\n{_table(QUESTIONS, shown)}\n"


def picture(result: dict[str, Any]) -> str:
    """Give acknowledged readings a second of every system as bars (SVG), for each form that peers took."""
    parts: list[str] = []
    y = 8
    for form, words in FORMS.items():
        rows = [row for row in result["rows"] if row["form"] == form and not row["detection"]]
        if len(rows) < 2:  # noqa: PLR2004 - nothing to compare
            continue
        parts.append(_text(8, y + 18, words, INK))
        y += HEAD
        most = max(row["readings_per_s"] for row in rows)
        for row in rows:
            long = (WIDTH - LEFT - RIGHT) * row["readings_per_s"] / most
            colour = THEIRS if row["peer"] else OURS
            parts += [
                _text(LEFT - 8, y + BAR - 4, _name(row), FAINT, "end"),
                f'<rect x="{LEFT}" y="{y}" width="{long:.1f}" height="{BAR}" fill="{colour}"/>',
                _text(LEFT + long + 6, y + BAR - 4, f"{row['readings_per_s']:,.0f}/s", INK),
            ]
            y += BAR + GAP
        y += GAP
    ground = f'<rect width="{WIDTH}" height="{y}" fill="{GROUND}"/>'
    size = f'viewBox="0 0 {WIDTH} {y}" width="{WIDTH}" height="{y}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif">'
    return "\n".join([head, ground, *parts, "</svg>\n"])


def write(result: dict[str, Any], page: Path, section: str) -> None:
    """Put a section into a page, and the picture of an ingest beside it."""
    from opsroom.bench.figures import renew

    before = page.read_text(encoding="utf-8") if page.exists() else ""
    page.write_text(renew(before, section), encoding="utf-8")
    if result["bench"] == "ingest":
        drawn = page.parent / "pictures" / f"performance-{WIDTH}.svg"
        drawn.parent.mkdir(parents=True, exist_ok=True)
        drawn.write_text(picture(result), encoding="utf-8")


def _ingest_line(row: dict[str, Any]) -> list[str]:
    kept = row.get("kept_after_sigkill")
    return [
        _name(row),
        f"{row['readings_per_s']:,.0f}",
        f"{row['cpu_s_per_million']:.2f}",
        f"{row['bytes_per_reading']:.2f}",
        "all" if row["peer"] is None else "" if kept is None else f"{100 * kept:.0f} %",
    ]


def _name(row: dict[str, Any]) -> str:
    return "this room" if row["peer"] is None else f"{row['peer']} {row['version']}"


def _table(columns: Iterable[str], lines: Iterable[Sequence[object]]) -> str:
    head = list(columns)
    rows = [head, ["---"] * len(head), *([str(cell) for cell in line] for line in lines)]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def _text(x: float, y: float, words: str, colour: str, anchor: str = "start") -> str:
    place = f'x="{x:.1f}" y="{y}" font-size="13" fill="{colour}" text-anchor="{anchor}"'
    return f"<text {place}>{escape(words)}</text>"
