"""The messages of a plant as types, in the order in which docs/protocol.md tells of them."""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray

from ingest.codes import WireError


class Hello(msgspec.Struct, tag_field="type", tag="hello", omit_defaults=True):
    """Who speaks. With `protocol` the full form begins; without it the sender is only identified.

    `via` names the connector that speaks, for those who look at the wall of feeds.
    """

    protocol: int | None = None
    source: str = ""
    epoch: int | None = None
    token: str = ""
    lateness_s: float = 0.0
    via: str = ""


class SeriesDeclared(msgspec.Struct, omit_defaults=True):
    """One series of `declare`: a number for this connection, the name.

    Unit text and reporting period in seconds.
    """

    name: str
    id: int | None = None
    unit: str = ""
    period_s: float | None = None


class Declare(msgspec.Struct, tag_field="type", tag="declare"):
    """Numbers, units and periods of series, for this connection."""

    series: list[SeriesDeclared]


class Gap(msgspec.Struct, tag_field="type", tag="gap"):
    """Batches that the sender no longer has, from and to inclusive."""

    from_seq: int
    to_seq: int
    reason: str = ""


class RecoveringTold(msgspec.Struct, tag_field="type", tag="recovering"):
    """A plant's note on its own alert; `until` RFC 3339 or epoch ms."""

    alert: str
    note: str = ""
    until: str | int | None = None


class PressTold(msgspec.Struct, tag_field="type", tag="press"):
    """An essential indicator pressed by hand."""

    indicator: str
    note: str = ""


class Bye(msgspec.Struct, tag_field="type", tag="bye"):
    """The sender leaves; it holds back no clock."""


class Casual(msgspec.Struct):
    """One reading of the casual form. `ts` RFC 3339 or epoch ms; absent = receipt time."""

    series: str
    value: float | None
    ts: str | int | float | None = None
    unit: str | None = None
    q: int | None = None


class CasualFault(Casual):
    """A casual reading that is refused already: `code` says why, `field` where."""

    code: str = ""
    field: str = "value"


class Batch(msgspec.Struct):
    """A batch of the full form, decoded: n readings as columns.

    `t_ms` is one instant (int) or shape (n,) int64; `s` the encoded name, number, or array of them (`names`
    reads it; the bytes serve as a cache key); `v` float64 (n,), NaN where refused or null; `q` int64 (n,)
    or None = all good. `nulls` and `faults` list the readings with null and those refused already as
    (index, field, code).
    """

    seq: int
    t_ms: int | NDArray[np.int64]
    s: bytes
    binary: bool
    v: NDArray[np.float64]
    q: NDArray[np.int64] | None = None
    historical: bool = False
    nulls: tuple[int, ...] = ()
    faults: tuple[tuple[int, str, str], ...] = ()

    def __len__(self) -> int:
        """Give the number of readings."""
        return len(self.v)


Message = Hello | Declare | Batch | Gap | RecoveringTold | PressTold | Bye
Item = Message | list[Casual] | WireError
