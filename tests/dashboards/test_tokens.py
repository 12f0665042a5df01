"""Colours: contrast computed from the tokens by WCAG's formula, in both palettes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TOKENS = (Path(__file__).parents[2] / "dashboards" / "assets" / "tokens.css").read_text(encoding="utf-8")
TEXT, GRAPHIC = 4.5, 3.0
GROUNDS = ("room", "panel", "well", "raised")


def palette(name: str) -> dict[str, str]:
    block = TOKENS.split(f'[data-palette="{name}"]', 1)[1].split("}", 1)[0]
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block))


def luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a: str, b: str) -> float:
    high, low = sorted((luminance(a), luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_contrast_of_black_and_white() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


@pytest.mark.parametrize("name", ["day", "night"])
@pytest.mark.parametrize("ground", GROUNDS)
def test_text_can_be_read(name: str, ground: str) -> None:
    colours = palette(name)
    faint = {ink: contrast(colours[ink], colours[ground]) for ink in ("ink", "ink-2")}
    assert {ink: round(c, 2) for ink, c in faint.items() if c < TEXT} == {}


@pytest.mark.parametrize("name", ["day", "night"])
@pytest.mark.parametrize("priority", [1, 2, 3])
def test_alarm_mark_shows_in_both_phases(name: str, priority: int) -> None:
    """On: digit on the shape, edge on the ground. Off: digit and outline, in that colour, on the ground."""
    colours = palette(name)
    fill, edge, digit = (colours[f"p{priority}{part}"] for part in ("", "-edge", "-on"))
    assert contrast(digit, fill) >= GRAPHIC
    for ground in ("panel", "well"):
        assert contrast(edge, colours[ground]) >= GRAPHIC


@pytest.mark.parametrize("name", ["day", "night"])
def test_drawings_show(name: str) -> None:
    colours = palette(name)
    pairs = [
        ("trace", "well"),
        ("trace", "band"),
        ("trace", "panel"),
        ("fill", "well"),
        ("low-fill", "well"),
        ("very-low-fill", "well"),
        ("potential", "well"),
        ("orange-text", "panel"),
        ("button-edge", "panel"),
    ]
    weak = {
        pair: round(c, 2) for pair in pairs if (c := contrast(colours[pair[0]], colours[pair[1]])) < GRAPHIC
    }
    assert weak == {}


def test_no_orange_means_a_state() -> None:
    assert not re.search(r"--(p[123]|low|very-low)[\w-]*: (#c9591c|#a8430f|#e8813f)", TOKENS)
