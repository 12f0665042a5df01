"""The reader of lines on anything: what is written comes back, what is broken is named."""

from __future__ import annotations

import re

import msgspec
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ingest.codes import ALL
from ingest.doors.known import Known
from ingest.doors.line_protocol import lines_of, parse, read_lines
from ingest.doors.readings import ARRIVAL, Found, Key

_letters = st.characters(codec="utf-8", exclude_characters='\n\r\\"\x00')
_texts = st.text(_letters, min_size=1, max_size=6)
_labels = st.dictionaries(_texts, _texts, max_size=3)
_numbers = (
    st.floats(allow_nan=False, allow_infinity=False)
    | st.integers(-(1 << 53) + 1, (1 << 53) - 1)
    | st.booleans()
)
_strings = st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=6)
_fields = st.dictionaries(_texts, _numbers | _strings, min_size=1, max_size=3)
_times = st.none() | st.integers(-(1 << 62), 1 << 62)
_points = st.lists(st.tuples(_texts, _labels, _fields, _times), max_size=6)
Point = tuple[str, dict[str, str], dict[str, float | str], int | None]


def escaped(text: str) -> str:
    return re.sub(r"([,= ])", r"\\\1", text)


def value_of(value: float | str) -> str:
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return f"{value}i" if isinstance(value, int) and not isinstance(value, bool) else repr(value)


def line_of(point: Point) -> str:
    name, labels, fields, t = point
    head = ",".join([escaped(name), *(f"{escaped(k)}={escaped(v)}" for k, v in labels.items())])
    told = ",".join(f"{escaped(k)}={value_of(v)}" for k, v in fields.items())
    return f"{head} {told}" + ("" if t is None else f" {t}")


class Placed:
    def __init__(self) -> None:
        self.keys: list[Key] = []
        self.known = Known()

    def place(self, key: Key) -> int:
        self.keys.append(key)
        return len(self.keys) - 1

    def read(self, body: bytes) -> Found:
        return parse(lines_of(body), self.known, self.place)

    def read_quickly(self, body: bytes) -> Found:
        """By the kernel what is plain and known, which is all that was read before."""
        self.known.quicken()
        parts = list(read_lines(body, self.known, self.place))
        return parts[0] if parts else parse([], self.known, self.place)


@given(_points)
def test_what_is_written_comes_back(points: list[Point]) -> None:
    points = [point for point in points if not point[0].startswith("#") and point[0].strip(" ") == point[0]]
    body = "\n".join(line_of(point) for point in points).encode()
    expected = [
        (Key(name, tuple(sorted(labels.items())), field), ARRIVAL if t is None else t, float(value))
        for name, labels, fields, t in points
        for field, value in fields.items()
        if not isinstance(value, str)
    ]
    placed = Placed()
    for read in (placed.read, placed.read, placed.read_quickly):
        found = read(body)
        assert not found.faults
        assert [
            (placed.keys[row], t, v)
            for row, t, v in zip(found.rows.tolist(), found.t.tolist(), found.v.tolist(), strict=True)
        ] == expected
        assert found.left_out == sum(
            isinstance(v, str) for _, _, fields, _ in points for v in fields.values()
        )


_pieces = st.sampled_from(
    [
        "m",
        "a",
        "b",
        "1",
        "2",
        "-",
        ".",
        "e",
        "i",
        "t",
        ",",
        "=",
        " ",
        '"',
        "\\",
        "\n",
        "#",
        "é",
        "\r\n",
        "nan",
    ]
)


@given(st.lists(_pieces, max_size=40).map("".join).map(str.encode) | st.binary(max_size=80))
@example(b"m\n" * 5_000)
@example(b"m\r\nm\r\nm")
def test_nothing_is_raised_and_every_fault_is_named(body: bytes) -> None:
    placed = Placed()
    found = placed.read(body)
    for again in (placed.read(body), placed.read_quickly(body)):
        assert found.rows.tolist() == again.rows.tolist()
        assert found.t.tolist() == again.t.tolist()
        assert found.v.tolist() == again.v.tolist()
        assert found.lines.tolist() == again.lines.tolist()
        assert found.left_out == again.left_out
        assert sorted(found.faults, key=str) == sorted(again.faults, key=str)
    lines = body.count(b"\n") + 1
    for fault in found.faults:
        assert fault.code in ALL
        assert msgspec.json.encode(dict(fault.params))
        assert 1 <= fault.line <= lines
    assert not {fault.line for fault in found.faults} & set(found.lines.tolist())


@pytest.mark.parametrize(
    ("line", "code", "part"),
    [
        ("m", "line_invalid", "fields"),
        ("m f=1 2 3", "line_invalid", "time"),
        ("m f=1 12345678901234567890", "line_invalid", "time"),
        ("m f=1 1_0", "line_invalid", "time"),
        ("m f=1_0", "line_invalid", "value"),
        ("m f=nan", "line_invalid", "value"),
        ("m f=1.5i", "line_invalid", "value"),
        ("m f=", "line_invalid", "value"),
        ("m f", "line_invalid", "value"),
        ("m g", "line_invalid", "value"),
        ("m =1", "line_invalid", "field"),
        ("m f=1,", "line_invalid", "field"),
        ("m,a f=1", "line_invalid", "tags"),
        ("m,a= f=1", "line_invalid", "tags"),
        ("m,a=1,a=2 f=1", "line_invalid", "tags"),
        ("m, f=1", "line_invalid", "tags"),
        (",a=b f=1", "line_invalid", "measurement"),
        ('m f="open', "line_invalid", "field"),
        ("m f=9007199254740993i", "value_too_large", "value"),
        ("m f=1e400", "value_not_finite", "value"),
    ],
)
def test_the_part_at_fault_is_named(line: str, code: str, part: str) -> None:
    placed = Placed()
    for read in (placed.read, placed.read, placed.read_quickly):
        found = read(f"m f=1\n{line}\nm f=2".encode())
        assert [(fault.line, fault.code, fault.params["part"]) for fault in found.faults] == [(2, code, part)]
        assert found.v.tolist() == [1.0, 2.0]


def test_a_line_that_is_not_utf8_is_refused_alone() -> None:
    found = Placed().read(b"m f=1\nm\xff f=2\nm f\xff=2\nm,t=\xff f=3\nm f=4")
    assert [(fault.line, fault.code) for fault in found.faults] == [
        (2, "utf8_invalid"),
        (3, "utf8_invalid"),
        (4, "utf8_invalid"),
    ]
    assert found.v.tolist() == [1.0, 4.0]


@given(
    st.lists(
        st.sampled_from(["0", "1", "9", "17", "00", ".", "e", "E", "-", "+", "i", "u", "5e22", "t"]),
        max_size=9,
    )
    .map("".join)
    .map(lambda text: f"m f={text} 1")
    | st.floats(allow_nan=False).map(lambda number: f"m f={number!r} 1")
    | st.integers().map(lambda number: f"m f={number} {number}")
)
def test_the_kernel_reads_a_number_as_the_library_does(line: str) -> None:
    placed = Placed()
    placed.read(b"m f=1 1")
    slow, quick = placed.read(line.encode()), placed.read_quickly(line.encode())
    assert [v.hex() for v in slow.v.tolist()] == [v.hex() for v in quick.v.tolist()]
    assert slow.t.tolist() == quick.t.tolist()
    assert list(slow.faults) == list(quick.faults)


def test_parts_of_a_long_body_keep_their_lines() -> None:
    placed = Placed()
    body = "\n".join(f"m,n={n % 50} f={n}.25 {n}" for n in range(20_000)).encode()
    placed.read(body[:1_000])
    placed.known.quicken()
    parts = list(read_lines(body, placed.known, placed.place))
    assert len(parts) > 2
    assert np.concatenate([part.lines for part in parts]).tolist() == list(range(1, 20_001))
    assert np.concatenate([part.v for part in parts]).tolist() == [n + 0.25 for n in range(20_000)]


def test_a_quote_never_closed_swallows_no_other_lines() -> None:
    lines = ['m s="open', *(f"m f={n}" for n in range(30))]
    found = Placed().read("\n".join(lines).encode())
    assert [fault.line for fault in found.faults] == [1]
    assert found.v.tolist() == [float(n) for n in range(30)]


def test_quotes_outside_of_values_are_letters() -> None:
    placed = Placed()
    found = placed.read(b'm,size=5" f=1\nm,size="6" f=2')
    assert found.v.tolist() == [1.0, 2.0]
    assert [key.labels for key in placed.keys] == [(("size", '5"'),), (("size", '"6"'),)]
