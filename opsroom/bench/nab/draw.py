"""A picture of one series: value with its expected band, label windows, score with the declared threshold.

Plain SVG, one point a column of pixels and both its extremes, so that a file of any length stays small.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape

import numpy as np
from numpy.typing import NDArray

from opsroom.bench.nab.corpus import File, Floats, Ints
from opsroom.bench.nab.run import Outcome
from opsroom.bench.nab.score import probation
from opsroom.model import MICROS_PER_S

WIDTH, LEFT, RIGHT = 1000, 72, 16
TOP, VALUES, BETWEEN, SCORES, BELOW = 44, 230, 14, 84, 30
HEIGHT: Final = TOP + VALUES + BETWEEN + SCORES + BELOW
COLUMNS: Final = WIDTH - LEFT - RIGHT
# the room's day palette
GROUND, WELL, INK, FAINT = "#d9dcda", "#e4e6e5", "#1d2326", "#454d52"
LINE, BAND, TRACE, LABEL, RAISED = "#a9b0af", "#b4c0c4", "#34444e", "#c9591c", "#b3001b"
HEAD: Final = 1.6
"""Thresholds the score strip shows; a larger score ends at its top."""


def draw(file: File, outcome: Outcome, threshold: float) -> str:
    """Give the picture of a file as SVG text; `threshold` is the declared one."""
    column = np.arange(len(file.t)) * COLUMNS // max(1, len(file.t))
    low, high = _range(file.v)
    strip = TOP + VALUES + BETWEEN
    reach = HEAD * threshold

    def up(values: Floats) -> Floats:
        return TOP + VALUES * (1.0 - (np.clip(values, low, high) - low) / (high - low))

    def raised(scores: Floats) -> Floats:
        return strip + SCORES * (1.0 - np.clip(scores, 0.0, reach) / reach)

    over = np.nonzero(outcome.score >= threshold)[0]
    over = over[over >= probation(len(file.t))]
    parts = [
        _rect(LEFT, TOP, COLUMNS, VALUES, WELL),
        _rect(LEFT, strip, COLUMNS, SCORES, WELL),
        *_probation(file, column, strip),
        *_band(outcome, column, up),
        *_windows(file, column, strip),
        *_grid(low, high, up),
        _path(_extremes(column, up(file.v)), TRACE),
        _bars(column, raised(outcome.score), strip + SCORES),
        _threshold(threshold, float(raised(np.array([threshold]))[0])),
        *_marks(np.unique(column[over]), strip),
        *_alerts(np.unique(column[list(outcome.raised)]) if outcome.raised else column[:0]),
        *_days(file.t, column),
    ]
    return _page(_heading(file.name, len(over), len(outcome.raised)), parts)


def save(folder: Path, name: str, picture: str) -> Path:
    """Write `folder/<group>/<file>.svg`."""
    path = (folder / name).with_suffix(".svg")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(picture, encoding="utf-8")
    return path


def _range(values: Floats) -> tuple[float, float]:
    """Give the ends of the value axis: all finite values and a little air."""
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 1.0)
    air = 0.05 * (high - low) or max(1.0, abs(high)) * 0.05
    return low - air, high + air


def _extremes(column: Ints, y: Floats) -> list[tuple[float, float]]:
    """Give for each column of pixels its first, lowest and highest point, in this order."""
    points = []
    edges = np.nonzero(np.append(True, column[1:] != column[:-1]))[0]
    for first, last in zip(edges, np.append(edges[1:], len(column)), strict=True):
        part = y[first:last]
        part = part[np.isfinite(part)]
        x = LEFT + float(column[first])
        points += [(x, one) for one in dict.fromkeys((part[0], part.min(), part.max()) if len(part) else ())]
    return points


def _band(outcome: Outcome, column: Ints, up: object) -> list[str]:
    """Shade the expected band wherever it is known."""
    known = (outcome.band_row >= 0) & np.isfinite(outcome.band).all(axis=1)
    parts = []
    for run in np.split(np.arange(len(known)), np.nonzero(np.diff(known))[0] + 1):
        if not len(run) or not known[run[0]]:
            continue
        x = LEFT + column[outcome.band_row[run]]
        low, high = (up(outcome.band[run, k]) for k in (1, 2))  # type: ignore[operator]
        there = [f"{a:.0f},{b:.1f}" for a, b in zip(x, high, strict=True)]
        back = [f"{a:.0f},{b:.1f}" for a, b in zip(x[::-1], low[::-1], strict=True)]
        parts.append(f'<polygon fill="{BAND}" points="{" ".join(there + back)}"/>')
    return parts


def _windows(file: File, column: Ints, strip: int) -> list[str]:
    """Lay each label window over both plots."""
    return [
        _rect(
            LEFT + column[first], TOP, max(2, column[last] - column[first]), strip + SCORES - TOP, LABEL, 0.22
        )
        for first, last in file.windows
    ]


def _probation(file: File, column: Ints, strip: int) -> list[str]:
    """Mark the rows that are not scored."""
    end = column[min(probation(len(file.t)), len(column) - 1)]
    return [
        _rect(LEFT, strip, end, SCORES, LINE, 0.5),
        _text(LEFT + 4, strip + 12, "not scored", "start", FAINT),
    ]


def _grid(low: float, high: float, up: object) -> list[str]:
    """Draw round values across the plot."""
    parts = []
    for value in _round_values(low, high):
        y = float(up(np.array([value]))[0])  # type: ignore[operator]
        parts.append(f'<path d="M{LEFT} {y:.1f}h{COLUMNS}" stroke="{LINE}" stroke-width=".6"/>')
        parts.append(_text(LEFT - 6, y + 4, f"{value:,.6g}", "end", FAINT))
    return parts


def _round_values(low: float, high: float) -> list[float]:
    """Give about five round values between two."""
    raw = (high - low) / 5.0
    size = 10.0 ** math.floor(math.log10(raw))
    step = next(size * k for k in (1.0, 2.0, 5.0, 10.0) if size * k >= raw)
    return [k * step for k in range(math.ceil(low / step), math.floor(high / step) + 1)]


def _days(t: Ints, column: Ints) -> list[str]:
    """Write about eight dates below, at the rows where their day begins."""
    day = t // (86_400 * MICROS_PER_S)
    starts = np.nonzero(np.append(False, day[1:] > day[:-1]))[0]
    parts, edge = [], -math.inf
    for row in starts[:: max(1, len(starts) // 8)]:
        x = LEFT + float(column[row])
        if x < edge or x > WIDTH - RIGHT - 24:
            continue
        edge = x + 60
        text = datetime.fromtimestamp(int(t[row]) / MICROS_PER_S, UTC).strftime("%-d %b")
        parts.append(f'<path d="M{x:.0f} {HEIGHT - BELOW}v5" stroke="{FAINT}"/>')
        parts.append(_text(x, HEIGHT - BELOW + 18, text, "middle", FAINT))
    return parts


def _bars(column: Ints, y: Floats, floor: int) -> str:
    """Draw the largest score of each column as a bar."""
    top = np.full(COLUMNS + 1, float(floor))
    np.minimum.at(top, column, y)
    path = "".join(f"M{LEFT + x + 0.5} {floor}V{top[x]:.1f}" for x in np.nonzero(top < floor - 0.05)[0])
    return f'<path d="{path}" stroke="{TRACE}" fill="none"/>'


def _threshold(threshold: float, y: float) -> str:
    line = f'<path d="M{LEFT} {y:.1f}h{COLUMNS}" stroke="{RAISED}" stroke-dasharray="6 4"/>'
    return line + _text(LEFT - 6, y + 4, f"{threshold:g}", "end", RAISED)


def _marks(columns: NDArray[np.int64], strip: int) -> list[str]:
    """Point at what was reported, between the plots: one mark a column."""
    path = "".join(f"M{LEFT + x - 4} {strip - 2}l4 -9 4 9z" for x in columns.tolist())
    return [f'<path d="{path}" fill="{RAISED}"/>'] if path else []


def _alerts(columns: NDArray[np.int64]) -> list[str]:
    """Mark what the room opens at its default budget, at the top of the values: one mark a column."""
    path = "".join(f"M{LEFT + x - 4} {TOP}h8l-4 9z" for x in columns.tolist())
    return [f'<path d="{path}" fill="{INK}"/>'] if path else []


def _heading(name: str, reported: int, opened: int) -> list[str]:
    """Write the name and what the marks mean."""
    return [
        _text(LEFT, 20, name.removesuffix(".csv"), "start", INK, 15),
        _rect(LEFT, 28, 12, 9, BAND),
        _text(LEFT + 17, 37, "expected", "start", FAINT),
        _rect(LEFT + 86, 28, 12, 9, LABEL, 0.4),
        _text(LEFT + 103, 37, "labelled", "start", FAINT),
        f'<path d="M{LEFT + 170} 37l4 -9 4 9z" fill="{RAISED}"/>',
        _text(LEFT + 183, 37, f"score at or above the threshold: {reported} rows", "start", FAINT),
        f'<path d="M{LEFT + 455} 28h8l-4 9z" fill="{INK}"/>',
        _text(LEFT + 468, 37, f"alert at the room's default budget: {opened}", "start", FAINT),
        _text(14, TOP + VALUES + BETWEEN + SCORES - 4, "score", "start", FAINT),
    ]


def _page(heading: list[str], parts: list[str]) -> str:
    """Put the parts on a page of the right size."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" '
        f'height="{HEIGHT}" font-family="IBM Plex Sans Condensed,Arial Narrow,sans-serif" font-size="12">\n'
        + "\n".join([_rect(0, 0, WIDTH, HEIGHT, GROUND), *heading, *parts])
        + "\n</svg>\n"
    )


def _rect(x: float, y: float, width: float, height: float, fill: str, opacity: float = 1.0) -> str:
    faint = "" if opacity == 1.0 else f' fill-opacity="{opacity}"'
    return f'<rect x="{x}" y="{y}" width="{width}" height="{height}" fill="{fill}"{faint}/>'


def _path(points: list[tuple[float, float]], stroke: str) -> str:
    joined = " ".join(f"{x:.0f},{y:.1f}" for x, y in points)
    return f'<polyline points="{joined}" fill="none" stroke="{stroke}" stroke-linejoin="round"/>'


def _text(x: float, y: float, text: str, anchor: str, fill: str, size: int = 0) -> str:
    larger = f' font-size="{size}"' if size else ""
    return f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}" fill="{fill}"{larger}>{escape(text)}</text>'
