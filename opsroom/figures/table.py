"""The table: every figure with its target, the most that is manageable, and where the numbers come from."""

from __future__ import annotations

from typing import Final

import msgspec

from opsroom.figures.account import Figures
from opsroom.settings import FiguresSection

WITHIN, MANAGEABLE, BEYOND = "within", "manageable", "beyond"
KEYS: Final = (
    "per_10min",
    "per_hour",
    "per_day",
    "hours_over",
    "bins_over",
    "bin_max",
    "in_flood",
    "top_share",
    "chattering",
    "fleeting",
    "stale",
    "priority_low",
    "priority_medium",
    "priority_high",
    "unauthorised",
    "acknowledge_p50",
    "acknowledge_p95",
    "recover_p50",
    "recover_p95",
    "climbs",
    "notes_missing",
    "useful",
    "not_useful",
    "not_annunciated",
)
EDITIONS: Final = ("iec_62682", "iec_62682_2014", "public_text", "ours")


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One row. `form` says how `value` is read: rate, count, share (a fraction) or seconds.

    `judgement` is within (the target), manageable, beyond, or None where there is no target or no value. With
    `at_least` more is better.
    """

    key: str
    form: str
    value: float | None
    target: float | None
    most: float | None
    edition: str
    judgement: str | None
    at_least: bool = False


def table(figures: Figures, limits: FiguresSection) -> list[Row]:
    """Give every row, in the order of the page on figures."""
    high, medium, low = figures.mix
    share = [None if not figures.annunciated else one / figures.annunciated for one in (low, medium, high)]
    waits, ends = figures.acknowledge, figures.recover
    return [
        _row("per_10min", "rate", figures.per_10min, "iec_62682", *limits.per_10min),
        _row("per_hour", "rate", figures.per_hour, "iec_62682", *limits.per_hour),
        _row("per_day", "rate", figures.per_day, "iec_62682_2014", *limits.per_day),
        _row("hours_over", "share", figures.hours_over, "iec_62682", limits.hours_over),
        _row("bins_over", "share", figures.bins_over, "public_text", limits.bins_over),
        _row("bin_max", "count", figures.bin_max, "public_text", limits.bin_max),
        _row("in_flood", "share", figures.in_flood, "public_text", limits.in_flood),
        _row("top_share", "share", figures.top_share, "public_text", *limits.top_share),
        _row("chattering", "count", len(figures.chattering), "public_text", limits.chattering),
        _row("fleeting", "count", figures.fleeting, "public_text", limits.fleeting),
        _row("stale", "count", figures.stale_most, "public_text", limits.stale),
        _row("priority_low", "share", share[0], "public_text", limits.mix[0], at_least=True),
        _row("priority_medium", "share", share[1], "public_text", limits.mix[1]),
        _row("priority_high", "share", share[2], "public_text", limits.mix[2]),
        _row("unauthorised", "count", figures.unauthorised, "public_text", limits.unauthorised),
        _row("acknowledge_p50", "seconds", waits.p50_s, "ours"),
        _row("acknowledge_p95", "seconds", waits.p95_s, "ours"),
        _row("recover_p50", "seconds", ends.p50_s, "ours"),
        _row("recover_p95", "seconds", ends.p95_s, "ours"),
        _row("climbs", "count", sum(figures.climbs.values()), "ours"),
        _row("notes_missing", "count", figures.notes_missing, "ours"),
        _row("useful", "count", figures.useful, "ours"),
        _row("not_useful", "count", figures.not_useful, "ours"),
        _row("not_annunciated", "count", figures.not_annunciated, "ours"),
    ]


def _row(
    key: str,
    form: str,
    value: float | None,
    edition: str,
    target: float | None = None,
    most: float | None = None,
    *,
    at_least: bool = False,
) -> Row:
    judgement = None
    if value is not None and target is not None:
        sign = -1 if at_least else 1
        judgement = WITHIN if sign * value <= sign * target else BEYOND
        if judgement == BEYOND and most is not None and value <= most:
            judgement = MANAGEABLE
    return Row(
        key=key,
        form=form,
        value=value,
        target=target,
        most=most,
        edition=edition,
        judgement=judgement,
        at_least=at_least,
    )
