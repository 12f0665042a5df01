"""What is remembered of what units state, made from the tree, kept when it changes, as bytes and back."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

import msgspec
import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from opsroom.index import ratio
from opsroom.model import Indicator, Micros, Orientation, Series
from opsroom.records import SeriesSet
from opsroom.stated import kernel, layout
from opsroom.stated.layout import Rows


@dataclass(slots=True)
class State:
    """One row for each indicator that ever had a capability; `places` gives it by series id, -1 for none."""

    rows: Rows = field(default_factory=lambda: layout.blank(0))
    places: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))

    def row(self, series_id: int) -> int:
        """Give the row of a series, -1 where it is not followed."""
        return int(self.places[series_id]) if 0 <= series_id < len(self.places) else -1

    def stands(self, series_id: int) -> bool:
        """Say whether what the series' unit states is doubted."""
        row = self.row(series_id)
        return row >= 0 and bool(self.rows["standing"][row].any())


def declared_latency(indicator: Indicator) -> float:
    """Give capability / potentiality, turned where less is better; NaN unless both are declared.

    A guessed potentiality moves with the capability, so that it says nothing.
    """
    capability, potentiality = indicator.capability, indicator.potentiality
    if indicator.orientation is Orientation.LESS_IS_BETTER:
        capability, potentiality = potentiality, capability
    latency = ratio(capability, potentiality)
    return math.nan if latency is None else latency


def confirmed(series: Series, capability: float) -> SeriesSet:
    """Give the change by which a capability that the parent confirmed becomes the indicator's."""
    assert series.indicator is not None
    return SeriesSet(replace(series, indicator=replace(series.indicator, capability=capability)))


def take(state: State, series: Iterable[Series], now: Micros) -> None:
    """Take what is declared of these series from `now` on.

    The figures of before are remembered, to be compared with; where the orientation is another one, or no
    indicator is left, nothing of before counts.
    """
    for one in series:
        indicator, row = one.indicator, state.row(one.id)
        capability = None if indicator is None else indicator.capability
        if row < 0:
            if indicator is None or capability is None:
                continue
            row = _added(state, one.id)
        r = state.rows[row]
        sign = 0 if indicator is None or capability is None else 1
        if indicator is not None and indicator.orientation is Orientation.LESS_IS_BETTER:
            sign = -sign
        figures = (capability or 0.0, math.nan if indicator is None else declared_latency(indicator))
        if sign == r["orientation"] and _same(figures, (float(r["capability"]), float(r["latency"]))):
            continue
        if sign != r["orientation"] or math.isnan(figures[1]) or math.isnan(r["latency"]):
            r["past"]["n"] = 0
        elif r["n"] >= kernel.ENOUGH:  # a pair that hardly held says nothing, and pushes nothing out
            kernel.redeclared(r, now)
        r["orientation"], (r["capability"], r["latency"]) = sign, figures
        r["run"] = r["n"] = r["pairs"] = 0
        r["mean"] = r["moved"] = 0.0
        r["before"] = np.nan


def _same(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return all(a == b or (math.isnan(a) and math.isnan(b)) for a, b in zip(one, other, strict=True))


def _added(state: State, series_id: int) -> int:
    row = len(state.rows)
    state.rows = np.concatenate([state.rows, layout.blank(1)])
    state.rows["series"][row] = series_id
    if series_id >= len(state.places):
        grown = np.full(max(series_id + 1, 2 * len(state.places)), -1, np.int64)
        grown[: len(state.places)] = state.places
        state.places = grown
    state.places[series_id] = row
    return row


class _Body(msgspec.Struct, kw_only=True):
    layout: str
    rows: bytes


def _version() -> str:
    return f"{layout.LAYOUT}:{layout.ROW.itemsize}"


def dump(state: State) -> bytes:
    """Give the whole state as bytes, about 0.7 KB an indicator."""
    return msgspec.msgpack.encode(_Body(layout=_version(), rows=state.rows.tobytes()))


def load(blob: bytes | None) -> State:
    """Read what `dump` gave; a blank state where it is another version's, or was never written."""
    body = None if blob is None else msgspec.msgpack.decode(blob, type=_Body)
    if body is None or body.layout != _version():
        return State()
    state = State(rows=np.frombuffer(body.rows, layout.ROW).copy())
    top = int(state.rows["series"].max(initial=-1))
    state.places = np.full(top + 1, -1, np.int64)
    state.places[state.rows["series"]] = np.arange(len(state.rows))
    return state
