"""InfluxDB's line protocol to columns. Pure.

`measurement[,tag=value]* field=value[,field=value]* [time]`, one point a line; see InfluxDB's line protocol
reference. The hot path splits at blanks and looks heads (measurement and tags as written) up in a dictionary:
a sender repeats them. What holds a quote or a backslash is read by grammar instead. A line is taken whole or
refused with the part at fault named; the others are taken all the same.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ingest.doors.known import Head, Known
from ingest.doors.readings import ARRIVAL, Fault, Found, Key, Place, merged

LINES_OF_A_STRING_MAX: Final = 16
"""A string may hold line breaks; a quote that is never closed must not swallow the whole body."""
LINES_A_PART: Final = 1_000
BYTES_A_PART: Final = 128 << 10
BYTES_A_READING: Final = 4
"""The least that a reading takes: `a=1,`."""
BYTES_A_LINE: Final = 2
"""The least that a line takes which is not empty, with its break: the kernel writes unchecked."""
TEXT_SHOWN: Final = 60
INT_EXACT: Final = 1 << 53
INT64_MAX: Final = (1 << 63) - 1
DIGITS_MAX: Final = 20
_BOOLEANS: Final = {
    **dict.fromkeys(("t", "T", "true", "True", "TRUE"), 1.0),
    **dict.fromkeys(("f", "F", "false", "False", "FALSE"), 0.0),
}
# A backslash escapes a comma, an equals sign and a blank; before anything else it is itself.
_HEAD: Final = re.compile(r"((?:\\[,= ]|[^ ])++) +", re.DOTALL)
_HEAD_PART: Final = re.compile(r"((?:\\[,= ]|[^,])*+)(,|\Z)", re.DOTALL)
_TAG: Final = re.compile(r"((?:\\[,= ]|[^=])++)=((?:\\[,= ]|[^=])++)", re.DOTALL)
_FIELD: Final = re.compile(r'((?:\\[,= ]|[^=, ])++)=("(?:\\.|[^"\\])*+"|[^, "]++)(,| +|\Z)', re.DOTALL)
_OPEN: Final = re.compile(r'(?:\\[,= ]|[^=, ])++="(?:\\.|[^"\\])*+\\?\Z', re.DOTALL)
_ESCAPED: Final = re.compile(r"\\([,= ])")
_NUMBER: Final = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_INTEGER: Final = re.compile(r"[+-]?\d+", re.ASCII)
_UNUSUAL: Final = re.compile(r"[^0-9eE.,+-]")
_UNUSUAL_TIME: Final = re.compile(r"[^0-9,-]")
_SURROGATE: Final = re.compile(r"[\udc80-\udcff]")


class _Bad(Exception):  # noqa: N818 - never leaves this module
    """A line that cannot be read: code and the part at fault."""

    def __init__(self, part: str, text: str, code: str = "line_invalid") -> None:
        super().__init__(part)
        shown = text[:TEXT_SHOWN].encode("utf-8", "replace").decode()
        self.fault = (code, {"part": part, "text": shown})


def read_lines(body: bytes, known: Known, place: Place) -> Iterator[Found]:
    """Read a body in parts, so that other work has its turn; by the kernel what is plain and known."""
    if known.table is None or _spans_lines(body):
        lines = lines_of(body)
        for begin in range(0, len(lines), LINES_A_PART):
            yield parse(lines[begin : begin + LINES_A_PART], known, place)
        return
    begin, number = 0, 1
    while begin < len(body):
        end = body.find(b"\n", begin + BYTES_A_PART) + 1 or len(body)
        found, number = _scanned(body, begin, end, number, known, place)
        begin = end
        yield found


def _scanned(body: bytes, begin: int, end: int, number: int, known: Known, place: Place) -> tuple[Found, int]:
    """Read the lines of a part; gives the number of the line after it too."""
    from ingest.doors.kernel import scan_lines

    assert known.table is not None, "the kernels are compiled"
    most = (end - begin) // BYTES_A_READING + 1
    rows, lines = np.empty(most, np.int32), np.empty(most, np.int32)
    t, v = np.empty(most, np.int64), np.empty(most, np.float64)
    hard = np.empty((most, 3), np.int64)
    left = np.empty(((end - begin) // BYTES_A_LINE + 1, 3), np.int64)
    raw = np.frombuffer(body, np.uint8)
    n, hards, lefts, after = scan_lines(
        raw, begin, end, number, known.table.arrays, (rows, t, v, lines), hard, left
    )
    bad: dict[int, Fault] = {}
    for at, first, last in hard[:hards].tolist():
        v[at] = float(body[first:last])
        if not math.isfinite(v[at]):
            line = int(lines[at])
            bad[line] = Fault(line, *_Bad("value", body[first:last].decode(), "value_not_finite").fault)
    found = Found(rows[:n], t[:n], v[:n], lines[:n])
    if bad:
        found = found.without(np.isin(found.lines, list(bad)))
    rest = [
        (line, body[first:last].decode("utf-8", "surrogateescape"))
        for line, first, last in left[:lefts].tolist()
    ]
    if rest or bad:
        found = merged(found, parse(rest, known, place)).blamed(list(bad.values()))
    return found, after


def _spans_lines(body: bytes) -> bool:
    """Tell whether a string of the body holds a line break."""
    if b'"' not in body:
        return False
    lines = (line for line in body.split(b"\n") if b'"' in line)
    return any(_is_open(line.decode("utf-8", "surrogateescape").rstrip("\r")) for line in lines)


def lines_of(body: bytes) -> list[tuple[int, str]]:
    """Give (number from 1, text) of every line; a line break inside a string ends no line.

    What is not UTF-8 is kept as surrogates, for `parse` to refuse that line alone.
    """
    text = body.decode("utf-8", "surrogateescape")
    if "\r" in text:
        text = text.removesuffix("\r").replace("\r\n", "\n")
    lines = text.split("\n")
    return list(_joined(lines)) if '"' in text else list(enumerate(lines, 1))


def _joined(lines: list[str]) -> Iterator[tuple[int, str]]:
    """Put lines together that a string spans."""
    at = 0
    while at < len(lines):
        line, upto = lines[at], at + 1
        if '"' in line and _is_open(line):
            whole = line
            for end in range(at + 1, min(at + LINES_OF_A_STRING_MAX, len(lines))):
                whole = f"{whole}\n{lines[end]}"
                if not _is_open(whole):
                    line, upto = whole, end + 1
                    break
        yield at + 1, line
        at = upto


def _is_open(line: str) -> bool:
    """Tell whether a line ends inside a string."""
    head = _HEAD.match(line.lstrip(" "))
    if head is None or line.startswith("#"):
        return False
    rest, at = line.lstrip(" "), head.end()
    while field := _FIELD.match(rest, at):
        at = field.end()
        if field.group(3) != ",":
            return False
    return _OPEN.match(rest, at) is not None


def parse(lines: Sequence[tuple[int, str]], known: Known, place: Place) -> Found:  # noqa: C901 - the hot loop
    """Read lines; `known` learns what `place` has placed.

    Never raises for what the lines hold: what cannot be read is a fault of its line.
    """
    rows: list[int] = []
    values: list[str] = []
    stamps: list[str] = []
    numbers: list[int] = []
    faults: list[Fault] = []
    texts, heads = 0, known.heads
    for number, line in lines:
        mark = len(rows)
        try:
            if '"' in line or "\\" in line:
                head_text, pairs, stamp = _by_grammar(line)
            else:
                parts = line.split(" ")
                if len(parts) != 3 or "" in parts:  # noqa: PLR2004 - head, fields, time
                    parts = _spaced(parts)
                head_text, fields, stamp = parts
                pairs = [pair.partition("=") for pair in fields.split(",")]
            head = heads.get(head_text)
            if head is None:
                if not head_text or head_text[0] == "#":
                    continue
                head = _head(head_text)
            fields_known = head.fields
            for field, _, value in pairs:
                if value[:1] == '"':
                    texts += 1
                    continue
                one = fields_known.get(field)
                if one is None:
                    if not field:
                        raise _Bad("field", value)
                    one = _placed(head_text, head, field, value, known, place)
                rows.append(one)
                values.append(value)
                stamps.append(stamp)
                numbers.append(number)
        except _Bad as bad:
            del rows[mark:], values[mark:], stamps[mark:], numbers[mark:]
            faults.append(Fault(number, *bad.fault))
    return _columns(rows, values, stamps, numbers, faults, texts)


_Pairs = list[tuple[str, str, str]]


def _spaced(parts: list[str]) -> list[str]:
    """Give head, fields and time of a line without a time, or with more blanks than it needs."""
    kept = [part for part in parts if part]
    if not kept or kept[0][0] == "#":
        return ["", "", ""]
    if len(kept) == 1:
        raise _Bad("fields", kept[0])
    if len(kept) > 3:  # noqa: PLR2004 - head, fields, time
        raise _Bad("time", " ".join(kept[2:]))
    return kept if len(kept) == 3 else [*kept, ""]  # noqa: PLR2004 - as above


def _by_grammar(line: str) -> tuple[str, _Pairs, str]:
    """Read a line that holds quotes or backslashes."""
    line = line.strip(" ")
    if line.startswith("#"):
        return "", [], ""
    head = _HEAD.match(line)
    if head is None:
        raise _Bad("fields", line)
    pairs: _Pairs = []
    at = head.end()
    while True:
        field = _FIELD.match(line, at)
        if field is None:
            raise _Bad("field", line[at:])
        pairs.append((_plain(field.group(1)), "=", field.group(2)))
        at = field.end()
        if field.group(3) != ",":
            return head.group(1), pairs, line[at:]


def _head(text: str) -> Head:
    """Read measurement and tags as written."""
    if _SURROGATE.search(text):
        raise _Bad("measurement", text, "utf8_invalid")
    labels: dict[str, str] = {}
    name, *tags = _split(text)
    for tag in tags:
        found = _TAG.fullmatch(tag)
        label = _plain(found.group(1)) if found else ""
        if found is None or label in labels:
            raise _Bad("tags", tag)
        labels[label] = _plain(found.group(2))
    if not name:
        raise _Bad("measurement", text)
    return Head(_plain(name), tuple(sorted(labels.items())))


def _split(head: str) -> Iterator[str]:
    """Give measurement and tags as written."""
    for part in _HEAD_PART.finditer(head):
        yield part.group(1)
        if not part.group(2):
            return


def _plain(text: str) -> str:
    return _ESCAPED.sub(r"\1", text) if "\\" in text else text


def _placed(text: str, head: Head, field: str, value: str, known: Known, place: Place) -> int:
    """Ask for the row of a new field."""
    if _SURROGATE.search(field):
        raise _Bad("field", field, "utf8_invalid")
    _number(value)  # nothing is made for a value that cannot be read
    row = place(Key(head.name, head.labels, field))
    known.learn_field(text, head, field, row)
    return row


def _number(text: str) -> float:
    """Read a value: float, integer with `i` or `u`, or boolean."""
    last = text[-1:]
    if last.isdigit() and _NUMBER.fullmatch(text):
        return float(text)
    if last in {"i", "u"} and _INTEGER.fullmatch(text, 0, len(text) - 1):
        whole = int(text[:-1])
        if abs(whole) >= INT_EXACT:
            raise _Bad("value", text, "value_too_large")
        return float(whole)
    known = _BOOLEANS.get(text)
    if known is not None:
        return known
    if _NUMBER.fullmatch(text):
        return float(text)
    raise _Bad("value", text)


def _columns(
    rows: list[int],
    values: list[str],
    stamps: list[str],
    numbers: list[int],
    faults: list[Fault],
    texts: int,
) -> Found:
    """Turn what was cut out into columns; a line whose value or time cannot be read is refused whole."""
    bad: dict[int, Fault] = {}
    v = _converted(values, numbers, bad)
    t = _times(stamps, numbers, bad)
    lines = np.array(numbers, np.int32)
    found = Found(np.array(rows, np.int32), t, v, lines, None, [*faults, *bad.values()], texts)
    return found.without(np.isin(lines, list(bad))) if bad else found


def _converted(values: list[str], numbers: list[int], bad: dict[int, Fault]) -> NDArray[np.float64]:
    """Give the values, 0 where one is bad."""
    if not _UNUSUAL.search(",".join(values)):
        try:
            v = np.array(list(map(float, values)), np.float64)
            if np.isfinite(v).all():
                return v
        except ValueError:
            pass  # the one at fault is found below
    out = np.zeros(len(values))
    for at, text in enumerate(values):
        try:
            out[at] = _number(text)
            if not math.isfinite(out[at]):
                raise _Bad("value", text, "value_not_finite")
        except _Bad as error:
            bad.setdefault(numbers[at], Fault(numbers[at], *error.fault))
    return out


def _times(stamps: list[str], numbers: list[int], bad: dict[int, Fault]) -> NDArray[np.int64]:
    """Give the times, ARRIVAL where there is none or it is bad."""
    if stamps and stamps.count(stamps[0]) == len(stamps):
        stamps, same = stamps[:1], len(stamps)
    else:
        same = 1
    try:
        if not _UNUSUAL_TIME.search(",".join(stamps)):
            return np.repeat(np.array(list(map(int, stamps)), np.int64), same)
    except (ValueError, OverflowError):
        pass  # there are some without, or the one at fault is found below
    out = np.full(len(stamps), ARRIVAL)
    for at, text in enumerate(stamps):
        whole = int(text) if _INTEGER.fullmatch(text) and len(text) <= DIGITS_MAX else None
        if whole is not None and -INT64_MAX <= whole <= INT64_MAX:
            out[at] = whole
        elif text:
            for number in numbers if same > 1 else (numbers[at],):
                bad.setdefault(number, Fault(number, *_Bad("time", text).fault))
    return np.repeat(out, same)
