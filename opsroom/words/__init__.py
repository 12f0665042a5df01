"""Words at the rim: codes and parameters become sentences in the reader's language.

Every file `PART.LANG.json` or `LANG.json` of this folder maps codes to texts with `{param}`; all parts of a
language are one catalogue. Parameters are shown by type and name: a number with three significant figures and
the language's decimal mark, `..._at` (int microseconds UTC) as date and time, `..._s` (seconds) as a span,
anything else as it is. An empty parameter leaves no gap.

Codes of alert explanations (parameters):
    why.value.above, why.value.below, why.limit.above, why.limit.below (series, value, unit, limit)
    why.value.within, why.limit.within (series, value, unit, low, high)
    why.value.alone, why.limit.alone, why.stuck (series, value, unit)
    why.index.above, why.index.below (series, value, limit)
    why.index.within (series, value, low, high)    why.index.alone (series, value)
    why.unusual, why.silent (series)               why.silent.period (series, period_s)
    why.pressed (person)                           why.pressed.note (note)
    why.rule (title)                               why.rule.response (response, response_s)
    why.rule.guidance (guidance)                   why.class.guidance (guidance, alarm_class)
    why.unit.guidance (guidance, place)            why.rule.procedure (procedure)
    why.class.procedure (procedure, alarm_class)   why.unit.procedure (procedure, place)
    why.since (onset_at)                           why.kind.step, why.kind.slope, why.kind.transient (percent)
    why.apart (z)
    why.claim (series, value, unit, partner, expected, z)
    why.balance (series, value, expected)          why.oscillation (series, partner, ratio)
    why.smoothed (series, percent)                 why.heaped (series, percent, usual_percent)
    why.together, why.failed (series)
    why.latency (series, productivity, latency, productivity_then, latency_then)
    why.understated (series, value, capability, unit)
    why.understated.latency (series, value, capability, potentiality, unit)
    why.none, why.restate ()                       why.better (series, before, after, unit)
    why.reported (series)
    why.sibling, why.contributor (series, z)       why.detector, why.detectors (detector)
    why.rare (per_year)                            why.budget (budget, usual, useful, useless)
`detector` holds names, worded by detector.NAME (detector.rule: id); what has no words is shown as it is.
Without parameters: kind.KIND, verb.VERB, state.STATE, outcome.OUTCOME, priority.1 to .3,
orientation.more and .less, consequence.CONSEQUENCE.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import Any, Final
from zoneinfo import ZoneInfo

from opsroom.model import MICROS_PER_S

FALLBACK: Final = "en"
SPANS: Final = ((86_400.0, "d"), (3_600.0, "h"), (60.0, "min"), (1.0, "s"))
SMALL: Final = 1e-3
LARGE: Final = 1e7
WHOLE_FROM: Final = 1_000.0
_DATES: Final = {"de": "%d.%m.%Y %H:%M", "es": "%d-%m-%Y %H:%M"}  # as in Germany and in Chile
_COMMA: Final = str.maketrans(",.", ".,")
_MARKS: Final = {"de": _COMMA, "es": _COMMA}
_PARAM: Final = re.compile(r"\{(\w+)(?:[:!][^}]*)?\}")
_GAP: Final = re.compile(r" +(?=[ ,.;:]|$)")


@cache
def parts(lang: str) -> dict[str, dict[str, str]]:
    """Give the texts of `lang` by file name, in the order of the names."""
    folder = files(__name__)
    named = sorted(entry.name for entry in folder.iterdir() if entry.name.split(".")[-2:] == [lang, "json"])
    return {name: json.loads((folder / name).read_text(encoding="utf-8")) for name in named}


@cache
def catalogue(lang: str) -> dict[str, str]:
    """Give all texts of `lang` by code; empty for a language without files."""
    return {code: text for texts in parts(lang).values() for code, text in texts.items()}


@cache
def languages() -> tuple[str, ...]:
    """Name the languages that have words, in alphabetical order."""
    names = [entry.name.split(".") for entry in files(__name__).iterdir()]
    return tuple(sorted({name[-2] for name in names if len(name) > 1 and name[-1] == "json"}))


def word(lang: str, code: str, params: Mapping[str, Any] | None = None, time_zone: str = "UTC") -> str:
    """Word `code` in `lang`, times in `time_zone` (IANA name).

    A language without the code falls back to English, an unknown code is shown as it is: a missing word never
    hides an alert.

    >>> word("de", "why.limit.below", {"series": "mill/output", "value": 3.25, "unit": "t/h", "limit": 7.5})
    'mill/output steht bei 3,25 t/h, unter der vereinbarten Grenze von 7,50 t/h.'
    """
    text = catalogue(lang).get(code) or catalogue(FALLBACK).get(code, code)
    given = params or {}

    def fill(match: re.Match[str]) -> str:
        name = match.group(1)
        return shown(lang, name, given[name], time_zone) if name in given else match.group()

    return _GAP.sub("", _PARAM.sub(fill, text))


def shown(lang: str, name: str, value: Any, time_zone: str = "UTC") -> str:
    """Show one parameter by its type and the ending of its name."""
    if value is None:
        return "–"
    if name == "detector":
        return ", ".join(detector(lang, one) for one in str(value).split(", "))
    if not isinstance(value, int | float) or isinstance(value, bool):
        return str(value)
    if name.endswith("_at"):
        return instant(lang, int(value), time_zone)
    return span(lang, value) if name.endswith("_s") else number(lang, value)


def detector(lang: str, name: str) -> str:
    """Word the name of a detector, or of the rule that a finding came of.

    >>> detector("de", "stuck"), detector("en", "rule:hot"), detector("en", "of-another-distribution")
    ('stillstehender Wert', 'rule hot', 'of-another-distribution')
    """
    kind, _, rule = name.partition(":")
    code = f"detector.{kind}"
    return word(lang, code, {"id": rule}) if code in catalogue(lang) else name


def number(lang: str, value: float) -> str:
    """Show three significant figures, whole numbers in full, scientific below 0.001 and from ten millions on.

    >>> number("en", 1234.5), number("de", 0.5218), number("de", 12), number("en", 0.000123)
    ('1,234', '0,522', '12', '1.23E-4')
    """
    if not math.isfinite(value):
        return "–"
    size = abs(value)
    if size and (size < SMALL or size >= LARGE):
        mantissa, exponent = f"{value:.2E}".split("E")
        text = f"{mantissa.rstrip('0').rstrip('.')}E{int(exponent)}"
    elif size >= WHOLE_FROM or float(value).is_integer():
        text = f"{value:,.0f}"
    else:
        text = f"{value:.{min(3, max(0, 2 - math.floor(math.log10(size))))}f}"
    return text.translate(_MARKS.get(lang, {}))


def span(lang: str, seconds: float) -> str:
    """Show a span of time in the largest unit of d, h, min, s that it fills.

    >>> span("en", 90), span("de", 5400), span("en", 259200)
    ('1.50 min', '1,50 h', '3 d')
    """
    size, sign = next(((size, sign) for size, sign in SPANS if seconds >= size), SPANS[-1])
    return f"{number(lang, seconds / size)} {sign}"


def instant(lang: str, at: int, time_zone: str = "UTC") -> str:
    """Show an instant (int microseconds UTC) to the minute in `time_zone`.

    >>> instant("en", 1_700_000_000_000_000), instant("de", 1_700_000_000_000_000, "Europe/Berlin")
    ('2023-11-14 22:13', '14.11.2023 23:13')
    >>> instant("es", 1_700_000_000_000_000, "America/Santiago")
    '14-11-2023 19:13'
    """
    there = datetime.fromtimestamp(at // MICROS_PER_S, UTC).astimezone(ZoneInfo(time_zone))
    return there.strftime(_DATES.get(lang, "%Y-%m-%d %H:%M"))
