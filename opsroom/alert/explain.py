"""Why an alert stands: sentences as codes and parameters, worded at the rim (`opsroom.words` lists them all).

Built anew from the findings whenever one is added, so that the sentences and the findings never disagree.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from opsroom.catalog import Catalog
from opsroom.model import ChangeKind, Finding, FindingVerb, Sentence, Series
from opsroom.rule import Rule, rule_of

CONTRIBUTORS_SHOWN: Final = 3
BOTH_TWICE: Final = 4
"""Ratios of a finding that names productivity and latency now and then."""
WEEKS_PER_YEAR: Final = 365.25 / 7
_NAMED: Final = (ChangeKind.STEP, ChangeKind.SLOPE, ChangeKind.TRANSIENT)
_PRESSED: Final = "why.pressed"
_HONEST: Final = (
    ChangeKind.CLAIM,
    ChangeKind.BALANCE,
    ChangeKind.OSCILLATION,
    ChangeKind.SMOOTHED,
    ChangeKind.HEAPED,
)
"""Kinds that say in one sentence what stands against what, the partner's series among it."""
_SAID_PLAINLY: Final = {
    ChangeKind.BALANCE: "why.balance",
}
"""Kinds told by a value against the usual one."""
_STATED: Final = (ChangeKind.CAPABILITY_UNDERSTATED, ChangeKind.LATENCY_EROSION)
"""Kinds that doubt what a unit says it could do."""
_PLAIN: Final = {
    ChangeKind.TOGETHER: "why.together",
    ChangeKind.DETECTOR_FAILED: "why.failed",
    ChangeKind.REPORTED: "why.reported",
}


def explain(
    catalog: Catalog,
    series: Series,
    findings: Sequence[Finding],
    before: Sequence[Sentence] = (),
    budget: Sentence | None = None,
) -> tuple[Sentence, ...]:
    """Say what was seen and expected, since when, of which kind, who said so, and how rare it is.

    `findings` are all that the alert keeps, oldest first, at least one. Of the sentences `before`, those of a
    press are kept. `budget` says that people moved the series' budget; it is told where a rate is.
    """
    opener = next((f for f in reversed(findings) if f.verb is FindingVerb.OPEN), findings[0])
    return (
        *(sentence for sentence in before if sentence.code.startswith(_PRESSED)),
        _seen(catalog, series, opener),
        *_ruled(catalog, series, findings),
        *_beside(catalog, series, opener, findings),
        *_asked(findings),
        *_since(opener),
        *_kind(findings),
        *_contributors(catalog, opener.series_id, findings),
        _detectors(findings),
        *_rarity(findings, budget),
    )


def explain_press(person: str, note: str, before: Sequence[Sentence] = ()) -> tuple[Sentence, ...]:
    """Say who pressed, and what was said with it; what detectors said `before` stays below."""
    rest = tuple(sentence for sentence in before if not sentence.code.startswith(_PRESSED))
    noted = (Sentence(f"{_PRESSED}.note", {"note": note}),) if note else ()
    return (Sentence(_PRESSED, {"person": person}), *noted, *rest)


def _ruled(catalog: Catalog, series: Series, findings: Sequence[Finding]) -> Iterator[Sentence]:
    """Say which rules are met, what was agreed to be done about each, and what helps."""
    ids = dict.fromkeys(rule_of(one.detector) for one in findings)
    met = [catalog.rules[one] for one in ids if one is not None and one in catalog.rules]
    for rule in met:
        yield Sentence("why.rule", {"title": rule.title or rule.id})
        if rule.response:
            params = {"response": rule.response, "response_s": rule.response_s}
            yield Sentence("why.rule.response", params)
    said = [sentence for rule in met for sentence in _guided(rule)]
    yield from said or _inherited(catalog, series)


def _guided(rule: Rule) -> Iterator[Sentence]:
    """Give the guidance of a rule, or else of its class."""
    if rule.guidance or rule.procedure:
        yield from _guidance("why.rule", rule.guidance, rule.procedure, {})
    else:
        named = {"alarm_class": rule.alarm_class}
        yield from _guidance("why.class", rule.class_guidance, rule.class_procedure, named)


def _inherited(catalog: Catalog, series: Series) -> Iterator[Sentence]:
    """Give the guidance of the nearest unit up the tree that has any, and say whose it is."""
    for unit in catalog.ancestors(series.unit_id):
        if unit.guidance or unit.procedure:
            yield from _guidance("why.unit", unit.guidance, unit.procedure, {"place": unit.name})
            return


def _guidance(code: str, text: str, procedure: str, whose: dict[str, str]) -> Iterator[Sentence]:
    if text:
        yield Sentence(f"{code}.guidance", {"guidance": text, **whose})
    if procedure:
        yield Sentence(f"{code}.procedure", {"procedure": procedure, **whose})


def _seen(catalog: Catalog, series: Series, finding: Finding) -> Sentence:
    params: dict[str, Any] = {"series": catalog.series_path(series.id)}
    special = _special(catalog, series, finding)
    if special is not None:
        return special
    if finding.kind is ChangeKind.MISSING_REPORT:
        if series.period_s is None:
            return Sentence("why.silent", params)
        return Sentence("why.silent.period", {**params, "period_s": series.period_s})
    if finding.value is None or finding.kind in _HONEST:
        return Sentence("why.unusual", params)
    params |= {"value": finding.value, "unit": series.unit}
    if finding.kind is ChangeKind.STUCK:
        return Sentence("why.stuck", params)
    if finding.kind is ChangeKind.LIMIT:
        return _against_band("why.limit", finding.value, finding, params)
    if series.indicator is not None:
        del params["unit"]
        return _against_band("why.index", finding.value, finding, params)
    return _against_band("why.value", finding.value, finding, params)


def _beside(
    catalog: Catalog, series: Series, opener: Finding, findings: Sequence[Finding]
) -> Iterator[Sentence]:
    """Say what else speaks against an account, where another detector opened the alert."""
    for kind in (*_HONEST, *_STATED):
        said = next((f for f in reversed(findings) if f.kind is kind), None)
        if said is not None and kind is not opener.kind:
            sentence = _special(catalog, series, said)
            if sentence is not None:
                yield sentence


def _special(catalog: Catalog, series: Series, finding: Finding) -> Sentence | None:
    """Word a finding that is no matter of one reading against its band; None where it is one."""
    if finding.kind in _STATED:
        return _stated(catalog, series, finding)
    return _account(catalog, series, finding)


def _account(catalog: Catalog, series: Series, finding: Finding) -> Sentence | None:
    """Word what stands against what; None where that is no matter of accounts or a part of it is lacking."""
    params: dict[str, Any] = {"series": catalog.series_path(series.id)}
    value, expected = finding.value, finding.expected
    if finding.kind in _PLAIN:
        return Sentence(_PLAIN[finding.kind], params)
    if finding.kind not in {*_HONEST, *_SAID_PLAINLY} or value is None or expected is None:
        return None
    if finding.kind is ChangeKind.SMOOTHED:
        return Sentence("why.smoothed", {**params, "percent": round(100 * value)})
    if finding.kind is ChangeKind.HEAPED:
        shares = {"percent": round(100 * value), "usual_percent": round(100 * expected)}
        return Sentence("why.heaped", {**params, **shares})
    if finding.kind in _SAID_PLAINLY:
        return Sentence(_SAID_PLAINLY[finding.kind], {**params, "value": value, "expected": expected})
    others = [(s, z) for s, z in finding.contributors if s in catalog.series and s != series.id]
    partner, z = others[0] if others else (None, 0.0)
    if partner is None:
        return None
    params["partner"] = catalog.series_path(partner)
    if finding.kind is ChangeKind.OSCILLATION:
        return Sentence("why.oscillation", {**params, "ratio": round(value, 1)})
    # The difference is supplier less consumer; said of the consumer it is told the other way round.
    way = -1.0 if finding.direction < 0 else 1.0
    stated = {"value": way * value, "expected": way * expected, "unit": series.unit, "z": round(abs(z), 2)}
    return Sentence("why.claim", {**params, **stated})


def _stated(catalog: Catalog, series: Series, finding: Finding) -> Sentence | None:
    """Word what speaks against the figures that a unit declared of itself."""
    params: dict[str, Any] = {"series": catalog.series_path(series.id)}
    indicator, ratios = series.indicator, finding.ratios
    if finding.kind is ChangeKind.LATENCY_EROSION:
        if len(ratios) < BOTH_TWICE:
            return None
        names = ("productivity", "latency", "productivity_then", "latency_then")
        return Sentence("why.latency", {**params, **dict(zip(names, ratios, strict=True))})
    if finding.value is None or indicator is None:
        return None
    params |= {"value": finding.value, "capability": indicator.capability, "unit": series.unit}
    if len(ratios) > 1 and finding.value == ratios[1]:
        return Sentence("why.understated.latency", {**params, "potentiality": indicator.potentiality})
    return Sentence("why.understated", params)


def _asked(findings: Sequence[Finding]) -> Iterator[Sentence]:
    """Ask the unit for new figures, where its own are doubted."""
    if any(finding.kind in _STATED for finding in findings):
        yield Sentence("why.restate")


def _against_band(prefix: str, value: float, finding: Finding, params: dict[str, Any]) -> Sentence:
    low, high = finding.low, finding.high
    if high is not None and value > high:
        return Sentence(f"{prefix}.above", {**params, "limit": high})
    if low is not None and value < low:
        return Sentence(f"{prefix}.below", {**params, "limit": low})
    if low is not None and high is not None:
        return Sentence(f"{prefix}.within", {**params, "low": low, "high": high})
    return Sentence(f"{prefix}.alone", params)


def _since(finding: Finding) -> Iterator[Sentence]:
    if finding.onset is not None:
        yield Sentence("why.since", {"onset_at": finding.onset})


def _kind(findings: Sequence[Finding]) -> Iterator[Sentence]:
    said = next((f for f in reversed(findings) if f.kind in _NAMED and f.p is not None), None)
    if said is not None and said.p is not None:
        yield Sentence(f"why.kind.{said.kind}", {"percent": round(100 * said.p)})


def _contributors(catalog: Catalog, own_id: int, findings: Sequence[Finding]) -> Iterator[Sentence]:
    said = next((f for f in reversed(findings) if f.contributors and f.kind not in _HONEST), None)
    if said is None:
        return
    code = "why.sibling" if said.kind is ChangeKind.SIBLINGS else "why.contributor"
    yield from (Sentence("why.apart", {"z": round(z, 2)}) for one, z in said.contributors if one == own_id)
    known = [(one, z) for one, z in said.contributors if one in catalog.series and one != own_id]
    for series_id, z in sorted(known, key=lambda pair: (-abs(pair[1]), pair[0]))[:CONTRIBUTORS_SHOWN]:
        yield Sentence(code, {"series": catalog.series_path(series_id), "z": round(z, 2)})


def _detectors(findings: Sequence[Finding]) -> Sentence:
    names = list(dict.fromkeys(finding.detector for finding in findings))
    return Sentence("why.detector" if len(names) == 1 else "why.detectors", {"detector": ", ".join(names)})


def _rarity(findings: Sequence[Finding], budget: Sentence | None) -> Iterator[Sentence]:
    rates = [f.rate_per_week for f in findings if f.rate_per_week is not None]
    if rates:
        yield Sentence("why.rare", {"per_year": min(rates) * WEEKS_PER_YEAR})
        if budget is not None:
            yield budget
