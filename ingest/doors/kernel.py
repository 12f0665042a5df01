"""The hot path of the doors, compiled: bodies of known keys to columns at the speed of their bytes.

A kernel takes what is plain and known and names the rest, line by line or series by series; that is read by
`line_protocol.py` and `remote_write.py`, which read everything. So a kernel is only ever a shorter way to
what they give, and a test holds one against the other.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np

from opsroom.detect.jit import forget_stale, inner, kernel

forget_stale(Path(__file__).parent)

MISSING: Final = -9
"""No row of a table; LEFT_OUT is -1."""
ARRIVAL: Final = -(1 << 63)
HASH_START = np.uint64(0xCBF29CE484222325)
HASH_TIMES = np.uint64(0x100000001B3)
EXACT_MAX = np.uint64(1 << 53)
TENS = 10.0 ** np.arange(23)
DIGITS_MAX = 19
TIME_DIGITS_MAX = 18
NEWLINE, BLANK, COMMA, EQUALS, QUOTE, BACKSLASH, HASH_SIGN = 10, 32, 44, 61, 34, 92, 35
POWER_MAX, TENS_MAX = 10_000, 22
VARINT_MAX, VALUE, STAMP, LABEL, SAMPLE = 10, 9, 16, 10, 18
ZERO, NINE, DOT, MINUS, PLUS, SMALL_E, LARGE_E, SMALL_I, SMALL_U, RETURN = (
    48,
    57,
    46,
    45,
    43,
    101,
    69,
    105,
    117,
    13,
)
EASY, HARD, NOT_READ = 0, 1, 2


@inner
def _hashed(body: Any, begin: int, end: int, seed: Any) -> Any:
    """FNV-1a, 64 bit."""
    value = seed
    for at in range(begin, end):
        value = (value ^ np.uint64(body[at])) * HASH_TIMES
    return value


@inner
def _found(table: Any, body: Any, hashed: Any, a: int, m: int, f: int, e: int) -> Any:
    """Give the row of the key `body[a:m] + body[f:e]`, or MISSING; every byte is compared."""
    slots, entries, rows, arena = table
    mask = len(slots) - 1
    slot = np.int64(hashed & np.uint64(mask))
    first, size = m - a, m - a + e - f
    while slots[slot] >= 0:
        entry = slots[slot]
        start = entries[entry, 0]
        if entries[entry, 1] == size:
            same = True
            for at in range(first):
                if arena[start + at] != body[a + at]:
                    same = False
                    break
            if same:
                for at in range(e - f):
                    if arena[start + first + at] != body[f + at]:
                        same = False
                        break
            if same:
                return rows[entry]
        slot = (slot + 1) & mask
    return MISSING


@kernel
def insert(table: Any, entry: int) -> None:
    """Put an entry, whose bytes stand in the arena, into the slots."""
    slots, entries, _, arena = table
    start, size = entries[entry, 0], entries[entry, 1]
    mask = len(slots) - 1
    slot = np.int64(_hashed(arena, start, start + size, HASH_START) & np.uint64(mask))
    while slots[slot] >= 0:
        slot = (slot + 1) & mask
    slots[slot] = entry


@inner
def _number(body: Any, begin: int, end: int) -> tuple[int, float]:  # noqa: C901, PLR0912 - one pass
    """Read a decimal number: EASY with its value where that is exact.

    A whole number up to 2^53 times or over a power of ten up to 10^22 is rounded once (Clinger 1990). HARD is
    one of good shape that is left to the library.
    """
    at, negative = begin, False
    if at < end and (body[at] == MINUS or body[at] == PLUS):
        negative = body[at] == MINUS
        at += 1
    whole, digits, behind, dot = np.uint64(0), 0, 0, False
    while at < end:
        byte = body[at]
        if ZERO <= byte <= NINE:
            digits += 1
            behind += dot
            if digits <= DIGITS_MAX:
                whole = whole * np.uint64(10) + np.uint64(byte - ZERO)
        elif byte == DOT and not dot:
            dot = True
        else:
            break
        at += 1
    if digits == 0:
        return NOT_READ, 0.0
    power = 0
    if at < end and (body[at] == SMALL_E or body[at] == LARGE_E):
        at += 1
        down = False
        if at < end and (body[at] == MINUS or body[at] == PLUS):
            down = body[at] == MINUS
            at += 1
        if at == end:
            return NOT_READ, 0.0
        while at < end and ZERO <= body[at] <= NINE and power < POWER_MAX:
            power = power * 10 + body[at] - ZERO
            at += 1
        power = -power if down else power
    elif at + 1 == end and not dot and (body[at] == SMALL_I or body[at] == SMALL_U):
        if digits > DIGITS_MAX or whole >= EXACT_MAX:
            return NOT_READ, 0.0
        at += 1
    if at != end:
        return NOT_READ, 0.0
    power -= behind
    if digits > DIGITS_MAX or whole > EXACT_MAX or power > TENS_MAX or power < -TENS_MAX:
        return HARD, 0.0
    value = float(whole)
    value = value / TENS[-power] if power < 0 else value * TENS[power]
    return EASY, -value if negative else value


@inner
def _time(body: Any, begin: int, end: int) -> tuple[bool, int]:
    """Read a time of at most 18 digits."""
    at, negative = begin, False
    if at < end and body[at] == MINUS:
        negative = True
        at += 1
    if at == end or end - at > TIME_DIGITS_MAX + 1:
        return False, 0
    value = 0
    for place in range(at, end):
        if not ZERO <= body[place] <= NINE:
            return False, 0
        value = value * 10 + (body[place] - ZERO)
    if value < 0:
        return False, 0
    return True, -value if negative else value


@inner
def _is_special(byte: int) -> bool:
    """Tell whether a backslash escapes it; an equals sign ends a field before this is asked."""
    return byte == COMMA or byte == EQUALS or byte == BLANK  # noqa: PLR1714 - the compiler knows no sets


@inner
def _line(  # noqa: C901, PLR0912 - one pass over its bytes
    body: Any, begin: int, end: int, number: int, table: Any, out: Any, hard: Any, n: int, h: int
) -> tuple[bool, int, int]:
    """Read one line: whether it was plain and known, readings and hard values so far."""
    rows, t, v, lines = out
    at, hashed = begin, HASH_START
    while at < end and body[at] != BLANK:
        if body[at] == BACKSLASH and at + 1 < end and _is_special(body[at + 1]):
            hashed = (hashed ^ np.uint64(BACKSLASH)) * HASH_TIMES
            at += 1
        hashed = (hashed ^ np.uint64(body[at])) * HASH_TIMES
        at += 1
    if at == begin or at >= end or body[begin] == HASH_SIGN:
        return False, n, h
    at += 1
    middle, first = at, n
    seed = (hashed ^ np.uint64(BLANK)) * HASH_TIMES
    while True:
        field, hashed = at, seed
        while at < end and body[at] != EQUALS:
            byte = body[at]
            if _is_special(byte) or byte == QUOTE or byte == BACKSLASH:  # noqa: SIM109, PLR1714 - as above
                return False, n, h
            hashed = (hashed ^ np.uint64(byte)) * HASH_TIMES
            at += 1
        equals = at
        at += 1
        value = at
        while at < end and body[at] != COMMA and body[at] != BLANK:
            at += 1
        if value >= at or n >= len(rows):
            return False, n, h
        row = _found(table, body, hashed, begin, middle, field, equals)
        if row == MISSING:
            return False, n, h
        kind, told = _number(body, value, at)
        if kind == NOT_READ:
            return False, n, h
        if kind == HARD:
            hard[h, 0], hard[h, 1], hard[h, 2] = n, value, at
            h += 1
        rows[n], v[n], lines[n] = row, told, number
        n += 1
        if at >= end or body[at] == BLANK:
            break
        at += 1
    stamp = ARRIVAL
    if at < end:
        good, stamp = _time(body, at + 1, end)
        if not good:
            return False, n, h
    for place in range(first, n):
        t[place] = stamp
    return True, n, h


@kernel
def scan_lines(
    body: Any, begin: int, end: int, number: int, table: Any, out: Any, hard: Any, left: Any
) -> tuple[int, int, int, int]:
    """Read the lines of `body[begin:end]`, the first of which has that number.

    `out` takes (row, time, value, line) of each reading; `hard` (reading, from, to) of values that the
    library must read; `left` (line, from, to) of lines that are not plain or not known. Gives how many of
    each there are, and the number of the line after the last.
    """
    n, h, rest, at = 0, 0, 0, begin
    while at < end:
        stop = at
        while stop < end and body[stop] != NEWLINE:
            stop += 1
        last = stop - 1 if stop > at and body[stop - 1] == RETURN else stop
        if last > at:
            good, many, hardest = _line(body, at, last, number, table, out, hard, n, h)
            if good:
                n, h = many, hardest
            else:
                left[rest, 0], left[rest, 1], left[rest, 2] = number, at, last
                rest += 1
        number += 1
        at = stop + 1
    return n, h, rest, number


@inner
def _varint(body: Any, at: int, end: int) -> tuple[Any, int]:
    """Read a varint; where it does not end within 64 bits and the body, the second is -1."""
    value, shift = np.uint64(0), np.uint64(0)
    for place in range(at, min(at + VARINT_MAX, end)):
        byte = np.uint64(body[place])
        value |= (byte & np.uint64(127)) << shift
        if byte < np.uint64(128):
            return value, place + 1
        shift += np.uint64(7)
    return value, -1


@inner
def _span(body: Any, at: int, end: int) -> tuple[Any, Any]:
    """Read the length after a tag: content from and to; (-1, -1) where it does not fit."""
    size, start = _varint(body, at, end)
    if start < 0 or size > np.uint64(end - start):
        return -1, -1
    return start, start + np.int64(size)


@inner
def _sample(body: Any, at: int, end: int) -> tuple[bool, Any, Any]:
    """Read a sample written as senders do: value, then time, each once, what is nought absent."""
    bits, t = np.uint64(0), np.int64(0)
    if at < end and body[at] == VALUE:
        if at + 9 > end:
            return False, bits, t
        for place in range(8):
            bits |= np.uint64(body[at + 1 + place]) << np.uint64(8 * place)
        at += 9
    if at < end and body[at] == STAMP:
        told, at = _varint(body, at + 1, end)
        if at < 0:
            return False, bits, t
        t = np.int64(told)
    return at == end, bits, t


@inner
def _labelled(body: Any, begin: int, end: int, number: int, table: Any, out: Any, n: int) -> tuple[bool, int]:
    """Read one TimeSeries: whether it was plain and known, and readings so far."""
    rows, t, bits, lines = out
    at = begin
    while at < end and body[at] == LABEL:
        _, at = _span(body, at + 1, end)
        if at < 0:
            return False, n
    row = _found(table, body, _hashed(body, begin, at, HASH_START), begin, at, at, at)
    if row == MISSING:
        return False, n
    while at < end:
        if body[at] != SAMPLE or n >= len(rows):
            return False, n
        start, stop = _span(body, at + 1, end)
        if start < 0:
            return False, n
        good, told, stamp = _sample(body, start, stop)
        if not good:
            return False, n
        rows[n], t[n], bits[n], lines[n] = row, stamp, told, number
        n += 1
        at = stop
    return True, n


@kernel
def scan_series(
    body: Any, begin: int, number: int, table: Any, out: Any, left: Any
) -> tuple[int, int, int, int]:
    """Read TimeSeries from `begin` on until `left`, or the body, is at its end; the first has that number.

    `out` takes (row, time in ms, bits of the value, number) of each sample; `left` (number, from, to) of
    series that are not plain or not known. Gives how many of each, where it stopped (-1: it is no
    WriteRequest), and the number after the last.
    """
    n, rest, at, end = 0, 0, begin, len(body)
    most = len(left)
    while at < end and rest < most and n < most:
        tag, after = _varint(body, at, end)
        kind = tag & np.uint64(7)
        if after < 0 or tag >> np.uint64(3) == np.uint64(0):
            return n, rest, -1, number
        start = after
        if kind == np.uint64(2):
            start, stop = _span(body, after, end)
        elif kind == np.uint64(0):
            _, stop = _varint(body, after, end)
        elif kind == np.uint64(1):
            stop = after + 8
        elif kind == np.uint64(5):
            stop = after + 4
        else:
            stop = -1
        if stop < 0 or stop > end:
            return n, rest, -1, number
        if tag == np.uint64(10):
            good, many = _labelled(body, start, stop, number, table, out, n)
            if good:
                n = many
            else:
                left[rest, 0], left[rest, 1], left[rest, 2] = number, start, stop
                rest += 1
            number += 1
        at = stop
    return n, rest, at, number
