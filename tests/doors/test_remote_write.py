"""Remote write over HTTP, and the decoder on anything."""

from __future__ import annotations

import contextlib
import math
import struct

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.codes import DoorError
from ingest.doors.known import Known
from ingest.doors.readings import Key
from ingest.doors.remote_write import SAMPLES_A_SERIES_MAX, parse
from opsroom.model import QUALITY_BAD, QUALITY_GOOD
from opsroom.settings import Limits
from tests.doors import wire
from tests.doors.desk import NOW_S, Doors

HEADERS = {
    "Authorization": "Bearer mill-token",
    "Content-Encoding": "snappy",
    "Content-Type": "application/x-protobuf",
    "X-Prometheus-Remote-Write-Version": "0.1.0",
}
MS = NOW_S * 1000
UP = {"__name__": "up", "instance": "10.0.0.5:9100", "job": "node"}


def post(doors: Doors, body: bytes, **more: str) -> httpx.Response:
    return doors.ask("POST", "/api/v1/write", content=body, headers={**HEADERS, **more})


def test_samples_become_readings_of_the_series_their_labels_name() -> None:
    doors = Doors()
    heat = {"__name__": "temp_celsius", "instance": "a", "job": "node", "chip": "0"}
    body = wire.request((UP, [(1.0, MS), (0.0, MS + 1)]), (heat, [(41.5, MS)]))
    assert post(doors, wire.snappy(body)).status_code == 204
    assert doors.named == [
        ("mill-1/node/10.0.0.5:9100/up", MS * 1000, 1.0),
        ("mill-1/node/10.0.0.5:9100/up", MS * 1000 + 1000, 0.0),
        ("mill-1/node/a/0/temp_celsius", MS * 1000, 41.5),
    ]
    [heat_series] = [one for one in doors.room.catalog.series.values() if one.name == "temp_celsius"]
    assert (heat_series.unit, heat_series.unit_verified) == ("Cel", True)
    assert doors.sources() == ["casual:2:prometheus:10.0.0.5:9100", "casual:2:prometheus:a"]


def test_a_series_of_more_samples_than_any_sender_writes_is_refused() -> None:
    """It would be one step of work: of two bytes each, four million fit into a request."""
    doors = Doors()
    body = wire.request((UP, [(1.0, MS + n) for n in range(SAMPLES_A_SERIES_MAX)]))
    assert post(doors, wire.snappy(body)).status_code == 204
    assert len(doors.named) == SAMPLES_A_SERIES_MAX
    answer = post(
        doors, wire.snappy(wire.request((UP, [(1.0, MS + n) for n in range(SAMPLES_A_SERIES_MAX + 1)])))
    )
    assert (answer.status_code, answer.text.split(":")[0]) == (413, "series_too_long")


def test_a_stale_marker_is_a_reading_without_a_value() -> None:
    doors = Doors()
    body = wire.request((UP, [(1.0, MS), (wire.STALE, MS + 1)]), ({"__name__": "q"}, [(math.nan, MS)]))
    assert post(doors, wire.snappy(body)).status_code == 204
    stored = doors.room.stored()
    assert stored.q.tolist() == [QUALITY_GOOD, QUALITY_BAD, QUALITY_BAD]
    assert math.isnan(stored.v[1])


def test_what_is_no_number_is_refused_and_the_rest_stored() -> None:
    doors = Doors()
    nameless = {"instance": "a"}
    body = wire.request((UP, [(math.inf, MS)]), (nameless, [(1.0, MS)]), (UP, [(2.0, MS)]))
    answer = post(doors, wire.snappy(body))
    assert answer.status_code == 400
    assert "series 1:" in answer.text
    assert answer.text.startswith("value_not_finite")
    assert "1 stored, 2 refused" in answer.text
    assert [value for _, _, value in doors.named] == [2.0]


def test_bombs_and_rubbish_are_refused() -> None:
    doors = Doors(limits=Limits(body_bytes_max=100_000))
    bomb = wire.snappy(wire.request((UP, [(1.0, MS)] * 1_000_000)))
    assert len(bomb) < 1_300_000
    small = wire.varint(1 << 40) + b"\x00" * 10
    assert post(doors, small).status_code == 413
    assert post(doors, wire.snappy(b"x" * 100_001)).status_code == 413
    for body, code in (
        (b"", "snappy_invalid"),
        (b"\xff" * 40, "snappy_invalid"),
        (b"\x05abc", "snappy_invalid"),
    ):
        answer = post(doors, body)
        assert (answer.status_code, answer.text.split(":")[0]) == (400, code)
    assert post(doors, wire.snappy(b"\x0a\x05\x0a")).text.startswith("protobuf_invalid")
    assert doors.named == []


def test_other_versions_and_encodings_are_told_apart() -> None:
    doors = Doors()
    body = wire.snappy(wire.request((UP, [(1.0, MS)])))
    second = "application/x-protobuf;proto=io.prometheus.write.v2.Request"
    assert post(doors, body, **{"Content-Type": second}).status_code == 415
    assert post(doors, body, **{"Content-Encoding": "gzip"}).status_code == 415
    assert post(doors, body, Authorization="Bearer no").status_code == 401


def test_a_broken_request_that_made_series_leaves_log_and_tree_agreed() -> None:
    doors = Doors()
    broken = wire.snappy(wire.request((UP, [(1.0, MS)])) + b"\x0a\x7f")
    assert post(doors, broken).status_code == 400
    assert post(doors, wire.snappy(wire.request((UP, [(1.0, MS)])))).status_code == 204
    assert [record.kind.name for record in doors.room.log.read(0, 10)] == ["CONFIG", "READINGS"]


names = st.text(st.characters(codec="utf-8"), max_size=8)
values = st.floats(allow_nan=False, allow_infinity=False)
stamps = st.integers(-(1 << 63), (1 << 63) - 1)
told = st.lists(
    st.tuples(st.dictionaries(names, names, max_size=4), st.lists(st.tuples(values, stamps), max_size=3)),
    max_size=5,
)


@given(told)
def test_what_is_encoded_is_decoded(requests: list[wire.Series]) -> None:
    keys: list[Key] = []

    def place(key: Key) -> int:
        keys.append(key)
        return len(keys) - 1

    known = Known()
    for turn in range(3):  # the second time the labels are known, the third the kernel reads them
        if turn == 2:
            known.quicken()
        expected = []
        for labels, samples in requests:
            kept = {name: value for name, value in labels.items() if value}
            name = kept.pop("__name__", "")
            if name:
                key = Key(name, tuple(sorted(kept.items())))
                expected += [(key, t, struct.pack("<d", value)) for value, t in samples]
        found = list(parse(wire.request(*requests), known, place))
        got = [
            (keys[row], t, struct.pack("<d", v))
            for part in found
            for row, t, v in zip(part.rows.tolist(), part.t.tolist(), part.v.tolist(), strict=True)
        ]
        assert got == expected


@given(
    st.binary(max_size=200)
    | st.builds(bytes, st.lists(st.sampled_from([0x0A, 0x12, 0x09, 0x10, 1, 2, 9, 0x80])))
)
def test_rubbish_raises_nothing_but_the_named_error(body: bytes) -> None:
    for quick in (False, True):
        known = Known()
        if quick:
            known.quicken()
        with contextlib.suppress(DoorError):
            list(parse(body, known, lambda _: 0))


@pytest.mark.parametrize("cut", range(1, 60))
def test_a_request_cut_anywhere_is_refused_or_shorter(cut: int) -> None:
    known = Known()
    whole = wire.request((UP, [(1.0, MS)]))
    for _ in range(3):
        with pytest.raises(DoorError):
            list(parse(whole[:-1][:cut], known, lambda _: 0))
        list(parse(whole, known, lambda _: 0))
        known.quicken()
