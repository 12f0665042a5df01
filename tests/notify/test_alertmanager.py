"""Alertmanager's webhook payload: placed in the tree, told apart by fingerprint, refused by name."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsroom.errors import Invalid
from opsroom.model import FindingVerb
from opsroom.notify import alertmanager
from opsroom.notify.alertmanager import Report, Standing, found, parse, placed
from opsroom.settings import AlertmanagerSection
from tests.notify.world import ROOT, SITE, catalog

TREE = catalog()
FIRED = "2023-11-14T22:13:20.5Z"


def alert(status: str = "firing", mark: str = "aa", **labels: str) -> dict[str, Any]:
    return {
        "status": status,
        "labels": {"alertname": "DiskFull", **labels},
        "annotations": {"summary": "almost full"},
        "startsAt": FIRED,
        "endsAt": "0001-01-01T00:00:00Z" if status == "firing" else "2023-11-14T23:13:20+01:00",
        "generatorURL": "http://prometheus/graph",
        "fingerprint": mark,
    }


def payload(*alerts: dict[str, Any], **more: Any) -> bytes:
    whole = {
        "version": "4",
        "groupKey": '{}:{alertname="DiskFull"}',
        "truncatedAlerts": 0,
        "status": "firing",
        "receiver": "opsroom",
        "groupLabels": {"alertname": "DiskFull"},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "http://alertmanager",
        "alerts": list(alerts),
    }
    return json.dumps({**whole, **more}).encode()


def reports(body: bytes, node: int = ROOT, **how: Any) -> list[Report]:
    return placed(parse(body), TREE.units[node], TREE, AlertmanagerSection(**how))


def test_a_firing_alert_opens_and_the_resolved_one_goes_back() -> None:
    (one,) = reports(payload(alert()))
    assert (one.unit_id, one.name, one.at) == (ROOT, "alertmanager/DiskFull", 1_700_000_000_500_000)
    opened, standing = found([one], {one.place: 9}, {})
    assert [(f.series_id, f.verb, f.onset) for f in opened] == [(9, FindingVerb.OPEN, one.at)]
    (other,) = reports(payload(alert("resolved")))
    back, standing = found([other], {one.place: 9}, standing)
    assert [(f.verb, f.at) for f in back] == [(FindingVerb.BACK, 1_700_000_000_000_000)]
    assert standing == {}


def test_the_unit_comes_from_the_label_the_mapping_or_the_token() -> None:
    units = {"rack=r1": "line3", "rack=r2": "line4"}
    body = payload(alert(opsroom_unit="line5", rack="r1"), alert(rack="r2"), alert(rack="r9"))
    assert [one.unit_id for one in reports(body, SITE, units=units)] == [5, 4, SITE]


def test_one_series_goes_back_only_when_its_last_alert_is_resolved() -> None:
    ids, verbs = {f"{ROOT}:alertmanager/DiskFull": 1}, []
    kept: Standing = {}
    for status, mark in (("firing", "a"), ("firing", "b"), ("resolved", "a"), ("resolved", "b")):
        findings, kept = found(reports(payload(alert(status, mark))), ids, kept)
        verbs += [str(f.verb) for f in findings]
    assert verbs == ["open", "open", "open", "back"]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xy"), st.booleans()), max_size=30))
def test_however_a_payload_is_cut_the_same_fire_at_its_end(steps: list[tuple[str, str, bool]]) -> None:
    said = [Report(1, name, mark, firing, n) for n, (mark, name, firing) in enumerate(steps)]
    ids = {"1:x": 1, "1:y": 2}
    _, at_once = found(said, ids, {})
    kept: Standing = {}
    for one in said:
        findings, kept = found([one], ids, kept)
        assert [f.verb is FindingVerb.OPEN for f in findings] == [bool(kept.get(one.place))]
    assert kept == at_once


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        (b"not json", "alertmanager_invalid", "body"),
        (b"[]", "alertmanager_invalid", "body"),
        (b'{"version":"4"}', "alertmanager_invalid", "body"),
        (payload(alert(), version="3"), "alertmanager_version", "version"),
        (payload({**alert(), "startsAt": "yesterday"}), "alertmanager_invalid", "alerts[0].startsAt"),
        (
            payload({**alert(), "startsAt": "2023-11-14T22:13:20"}),
            "alertmanager_invalid",
            "alerts[0].startsAt",
        ),
        (payload({**alert(), "labels": {}}), "alertmanager_invalid", "alerts[0].labels.alertname"),
        (
            payload({**alert(), "labels": {"alertname": "a\nb"}}),
            "alertmanager_invalid",
            "alerts[0].labels.alertname",
        ),
        (payload({**alert(), "labels": {"alertname": 7}}), "alertmanager_invalid", "alerts[0].labels[...]"),
        (payload(alert("burning")), "alertmanager_invalid", "alerts[0].status"),
        (
            payload(alert(), alert(opsroom_unit="nowhere")),
            "alertmanager_unit_unknown",
            "alerts[1].labels.opsroom_unit",
        ),
        (payload(*[alert()] * (alertmanager.ALERTS_MAX + 1)), "alertmanager_invalid", "alerts"),
    ],
)
def test_what_is_malformed_is_refused_with_its_field(body: bytes, code: str, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        reports(body)
    assert (refused.value.code, refused.value.params["field"]) == (code, field)


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_no_bytes_break_it(body: bytes) -> None:
    with pytest.raises(Invalid):
        reports(body)
