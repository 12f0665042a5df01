"""What Prometheus' Alertmanager posts (webhook payload, version 4), as findings. Pure.

An alert of Alertmanager becomes a finding on the series `alertmanager/<alertname>` of the unit that its
labels name. Several alerts of one name and unit are one series: it opens with the first that fires and goes
back when the last is resolved, told apart by fingerprint.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

import msgspec

from opsroom.errors import Invalid
from opsroom.model import MICROS_PER_S, ChangeKind, Finding, FindingVerb, Micros, Unit

if TYPE_CHECKING:
    from opsroom.settings import AlertmanagerSection

VERSION: Final = "4"
PREFIX: Final = "alertmanager/"
DETECTOR: Final = "alertmanager"
NAME_CHARS_MAX: Final = 100
ALERTS_MAX: Final = 1_000
FIRING: Final = "firing"
RESOLVED: Final = "resolved"

Standing = Mapping[str, frozenset[str]]
"""Fingerprints that fire, by `unit id:series name`."""


class AmAlert(msgspec.Struct, kw_only=True, rename="camel"):
    """One alert of the payload."""

    status: str
    labels: dict[str, str]
    starts_at: datetime
    ends_at: datetime | None = None
    fingerprint: str = ""


class AmPayload(msgspec.Struct, kw_only=True, rename="camel"):
    """The payload, as far as it is read."""

    version: str
    alerts: list[AmAlert]
    status: str = ""
    group_key: str = ""
    truncated_alerts: int = 0


class Report(NamedTuple):
    """One alert, placed in the tree."""

    unit_id: int
    name: str
    fingerprint: str
    firing: bool
    at: Micros

    @property
    def place(self) -> str:
        """Name the series it belongs to."""
        return f"{self.unit_id}:{self.name}"


class Tree(Protocol):
    """What is asked of the tree."""

    def unit_at(self, path: str) -> Unit | None:
        """Give the unit at a path."""
        ...


_payload = msgspec.json.Decoder(AmPayload)


def parse(body: bytes) -> AmPayload:
    """Read a payload.

    Raises:
        Invalid: no JSON of that shape, another version, too many alerts; `params` name the field.
    """
    try:
        payload = _payload.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Invalid(
            f"This is no payload of Alertmanager: {error}.",
            remedy="Point a webhook_config of Alertmanager here.",
            code="alertmanager_invalid",
            field=str(error).partition("`$")[2].strip("`. ") or "body",
        ) from error
    if payload.version != VERSION:
        raise Invalid(
            f"The payload is of version {payload.version[:20]!r}.",
            remedy=f"Version {VERSION} is read.",
            code="alertmanager_version",
            field="version",
        )
    if len(payload.alerts) > ALERTS_MAX:
        raise Invalid(
            f"The payload holds {len(payload.alerts)} alerts.",
            remedy=f"Set max_alerts of the webhook_config to {ALERTS_MAX}.",
            code="alertmanager_invalid",
            field="alerts",
        )
    return payload


def placed(payload: AmPayload, node: Unit, tree: Tree, settings: AlertmanagerSection) -> list[Report]:
    """Place every alert in the tree, at or below `node`.

    The unit is that of the label `unit_label`, else that of the first entry of `units` which fits, else
    `node` itself.

    Raises:
        Invalid: an alert without name, of another status or of a unit that is not there; `field` says which.
    """
    return [_report(alert, number, node, tree, settings) for number, alert in enumerate(payload.alerts)]


def _report(alert: AmAlert, number: int, node: Unit, tree: Tree, settings: AlertmanagerSection) -> Report:
    name = alert.labels.get("alertname", "")
    if not 0 < len(name) <= NAME_CHARS_MAX or not name.isprintable():
        raise _malformed(number, "labels.alertname", "has no usable alertname")
    if alert.status not in {FIRING, RESOLVED}:
        raise _malformed(number, "status", "is neither firing nor resolved")
    firing = alert.status == FIRING
    when = alert.starts_at if firing or alert.ends_at is None else alert.ends_at
    if when.tzinfo is None:
        raise _malformed(number, "startsAt", "has a time without offset")
    return Report(
        unit_id=_unit(alert, number, node, tree, settings).id,
        name=PREFIX + name,
        fingerprint=alert.fingerprint or repr(sorted(alert.labels.items())),
        firing=firing,
        at=round(when.timestamp() * MICROS_PER_S),
    )


def _unit(alert: AmAlert, number: int, node: Unit, tree: Tree, settings: AlertmanagerSection) -> Unit:
    path = alert.labels.get(settings.unit_label, "")
    if not path:
        pairs = {f"{label}={value}" for label, value in alert.labels.items()}
        path = next((unit for pair, unit in settings.units.items() if pair in pairs), "")
    path = path.strip("/")
    if not path:
        return node
    unit = tree.unit_at(f"{node.path}/{path}" if node.path else path)
    if unit is None:
        raise Invalid(
            f"Alert {number} names the unit {path[:200]!r}, which is not below {node.path or '/'}.",
            remedy=f"Mend the label {settings.unit_label}, or notify.alertmanager.units.",
            code="alertmanager_unit_unknown",
            field=f"alerts[{number}].labels.{settings.unit_label}",
        )
    return unit


def _malformed(number: int, field: str, what: str) -> Invalid:
    return Invalid(
        f"Alert {number} {what}.",
        remedy="Point a webhook_config of Alertmanager here.",
        code="alertmanager_invalid",
        field=f"alerts[{number}].{field}",
    )


def found(
    reports: list[Report], series_ids: Mapping[str, int], standing: Standing
) -> tuple[list[Finding], Standing]:
    """Give what the reports say of their series, and who fires after them.

    `series_ids` hold the series of every report's place. A repeat says what was said before; the alert book
    adds nothing for it.
    """
    after = dict(standing)
    last: dict[str, Report] = {}
    for report in reports:
        firing = after.get(report.place, frozenset())
        mark = frozenset({report.fingerprint})
        after[report.place] = firing | mark if report.firing else firing - mark
        held = last.get(report.place)
        if held is None or report.firing >= held.firing:
            last[report.place] = report
    findings = [
        _finding(series_ids[place], report, firing=bool(after[place])) for place, report in last.items()
    ]
    return findings, {place: firing for place, firing in after.items() if firing}


def _finding(series_id: int, report: Report, *, firing: bool) -> Finding:
    return Finding(
        series_id=series_id,
        verb=FindingVerb.OPEN if firing else FindingVerb.BACK,
        detector=DETECTOR,
        kind=ChangeKind.REPORTED,
        at=report.at,
        onset=report.at if firing else None,
    )
