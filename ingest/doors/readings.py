"""What the doors' readers give: keys as senders name series, columns of readings, what could not be read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Literal, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

Door = Literal["influx", "prometheus", "collectd"]
DOORS: Final[tuple[Door, ...]] = ("influx", "prometheus", "collectd")

ARRIVAL: Final = int(np.iinfo(np.int64).min)
"""Stands for a reading without a time: it happened when it arrived."""
LEFT_OUT: Final = -1
"""Stands for a key that the mapping file keeps out; what is smaller stands for one that is refused."""


class Key(NamedTuple):
    """A series as its sender names it: measurement, metric or plugin; labels sorted by name; and a field.

    Prometheus has no fields: `field` is empty there.
    """

    name: str
    labels: tuple[tuple[str, str], ...] = ()
    field: str = ""

    def __str__(self) -> str:
        """Give it as people know it.

        >>> print(Key("cpu", (("host", "web1"),), "idle"))
        cpu{host="web1"} idle
        """
        inner = ",".join(f'{name}="{value}"' for name, value in self.labels)
        return (f"{self.name}{{{inner}}}" if inner else self.name) + (f" {self.field}" if self.field else "")


Place = Callable[[Key], int]
"""Gives the row of a gate that a key stands in, LEFT_OUT, or a smaller number where it is refused."""


class Fault(NamedTuple):
    """What could not be read, at a line (from 1) or another place of the body, with code and params."""

    line: int
    code: str
    params: Mapping[str, Any]


class Found(msgspec.Struct, frozen=True):
    """The readings of a part of a body, each array of shape (n,), in the order in which they were sent.

    `rows` holds what `Place` gave, `t` int64 in the sender's own precision or ARRIVAL, `q` OPC's qualities
    or None = all good, `lines` where each stood. `left_out` counts what is kept out because it is no number.
    """

    rows: NDArray[np.int32]
    t: NDArray[np.int64]
    v: NDArray[np.float64]
    lines: NDArray[np.int32]
    q: NDArray[np.uint8] | None = None
    faults: Sequence[Fault] = ()
    left_out: int = 0

    def __len__(self) -> int:
        """Give the number of readings."""
        return len(self.v)

    def without(self, mask: NDArray[np.bool_]) -> Found:
        """Give it without the readings of `mask`, shape (n,)."""
        keep = ~mask
        q = None if self.q is None else self.q[keep]
        kept = (self.rows[keep], self.t[keep], self.v[keep], self.lines[keep], q)
        return Found(*kept, self.faults, self.left_out)

    def blamed(self, faults: Sequence[Fault]) -> Found:
        """Give it with more faults."""
        if not faults:
            return self
        every = [*self.faults, *faults]
        return Found(self.rows, self.t, self.v, self.lines, self.q, every, self.left_out)


def merged(one: Found, other: Found) -> Found:
    """Join two parts of the same lines, in the order of lines; `q` is told by both or by neither."""
    if not len(other):
        return Found(one.rows, one.t, one.v, one.lines, one.q, other.faults, other.left_out)
    lines = np.concatenate((one.lines, other.lines))
    order = np.argsort(lines, kind="stable")
    return Found(
        np.concatenate((one.rows, other.rows))[order],
        np.concatenate((one.t, other.t))[order],
        np.concatenate((one.v, other.v))[order],
        lines[order],
        None if one.q is None or other.q is None else np.concatenate((one.q, other.q))[order],
        other.faults,
        other.left_out,
    )
