"""What collectd's write_http sends as JSON, to columns. Pure.

A list of values lists, each with host, plugin and type, one value for each data source; a value that collectd
does not know yet (the first of a rate) is null, and kept out.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

import msgspec
import numpy as np

from ingest.codes import DoorError
from ingest.doors.known import Known
from ingest.doors.readings import Fault, Found, Key, Place

TEXT_SHOWN: Final = 120
LISTS_A_PART: Final = 2_000
TIME_MOST: Final = 9.2e12
"""Beyond what fits into microseconds as int64."""


class ValueList(msgspec.Struct, frozen=True):
    """One values list; what else it tells is not used."""

    values: list[float | None]
    time: float
    host: str
    plugin: str
    type: str
    dsnames: list[str] = []
    plugin_instance: str = ""
    type_instance: str = ""


_decoder = msgspec.json.Decoder(list[ValueList] | ValueList)


def parse(body: bytes, known: Known, place: Place) -> Iterator[Found]:
    """Read a body in parts; times are in microseconds, a list's number (from 1) stands for its line.

    Raises:
        DoorError: `collectd_invalid`.
    """
    try:
        told = _decoder.decode(body.strip())
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise DoorError("collectd_invalid", text=str(error)[:TEXT_SHOWN]) from error
    lists = told if isinstance(told, list) else [told]
    for begin in range(0, len(lists), LISTS_A_PART):
        yield _part(lists[begin : begin + LISTS_A_PART], begin + 1, known, place)


def _part(lists: list[ValueList], first: int, known: Known, place: Place) -> Found:
    rows: list[int] = []
    t: list[int] = []
    v: list[float] = []
    lines: list[int] = []
    faults: list[Fault] = []
    unknown = 0
    for number, one in enumerate(lists, first):
        if not abs(one.time) < TIME_MOST:
            faults.append(Fault(number, "time_invalid", {}))
            continue
        for at, value in enumerate(one.values):
            if value is None:
                unknown += 1
            elif not math.isfinite(value):
                faults.append(Fault(number, "value_not_finite", {}))
            else:
                rows.append(_row(one, at, known, place))
                t.append(round(one.time * 1e6))
                v.append(value)
                lines.append(number)
    return Found(
        np.array(rows, np.int32),
        np.array(t, np.int64),
        np.array(v, np.float64),
        np.array(lines, np.int32),
        None,
        faults,
        unknown,
    )


def _row(one: ValueList, at: int, known: Known, place: Place) -> int:
    """Give the row of one data source of a list."""
    field = one.dsnames[at] if at < len(one.dsnames) else "value" if at == 0 else f"value{at}"
    parts = (one.host, one.plugin, one.plugin_instance, one.type, one.type_instance, field)
    text = "\x00".join(parts).encode("utf-8", "surrogatepass")
    row = known.labels.get(text)
    if row is None:
        labels = {
            "host": one.host,
            "plugin_instance": one.plugin_instance,
            "type": one.type,
            "type_instance": one.type_instance,
        }
        row = place(Key(one.plugin, tuple((label, told) for label, told in labels.items() if told), field))
        known.learn_labels(text, row)
    return row
