"""The benchmark through the shipped engine, strictly causal: one set of constants, rows in their order.

Scores are taken with alerts off (a budget of 0): an open alert silences its series' scores until it is over,
and the benchmark scores a detector, not a room. What the room would have raised at its default budget is a
run of its own, for the pictures only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from opsroom.bench.nab.corpus import File, Floats, Ints
from opsroom.model import Columns, FindingVerb

if TYPE_CHECKING:
    from opsroom.detect import Engine

ALERTS_OFF: Final = 0.0
"""Budget, expected false alarms a week, at which nothing opens: the pure stream of scores."""
BANDS: Final = 900
"""Instants of a file at which the expected band is asked for: as many as a picture has columns."""
QUALITY_GOOD: Final = 192


@dataclass(frozen=True)
class Outcome:
    """What the engine said of a file.

    `score` shape [n], one a row, with alerts off. At the room's default budget: `band` shape [k, 3] of
    (expected, low, high) after the rows `band_row`, NaN where not known yet; `raised` rows at which an alert
    was opened. Both are empty where no bands were asked for.
    """

    name: str
    score: Floats
    band_row: np.ndarray
    band: Floats
    raised: tuple[int, ...]


def through(file: File, engine: Engine | None = None, bands: int = BANDS) -> Outcome:
    """Feed a file to an engine that knows nothing yet, and once more for `bands` (0: not).

    Each row's score is made from that row and those before it. A row that is not later than all before it, or
    holds no finite value, is not fed: its score is 0.
    """
    from opsroom.detect import Engine, SeriesSpec

    engine = engine or Engine()
    rows = fed(file)
    score = np.zeros(len(file.t))
    if len(rows):
        quiet = SeriesSpec(id=1, unit_id=1, budget_per_week=ALERTS_OFF)
        state = engine.configure(engine.blank(), [quiet])
        _, _, given = engine.scores(state, int(file.t[rows[-1]]), _columns(file, rows))
        score[rows] = np.where(np.isfinite(given), given, 0.0)
    return Outcome(file.name, score, *_as_a_room(file, engine, rows, bands))


def _as_a_room(file: File, engine: Engine, rows: Ints, bands: int) -> tuple[Ints, Floats, tuple[int, ...]]:
    """Give (rows after which the band was asked for, the bands, rows that opened alerts)."""
    from opsroom.detect import SeriesSpec

    state = engine.configure(engine.blank(), [SeriesSpec(id=1, unit_id=1)])
    cuts = [part for part in np.array_split(rows, min(bands, len(rows))) if len(part)] if bands else []
    band = np.full((len(cuts), 3), np.nan)
    raised: list[int] = []
    for k, part in enumerate(cuts):
        state, findings = engine.step(state, int(file.t[part[-1]]), _columns(file, part))
        at = {int(file.t[row]): int(row) for row in part}
        raised += [at[one.at] for one in findings if one.verb is FindingVerb.OPEN and one.at in at]
        band[k] = [float(column[0]) for column in engine.bands(state, [1])]
    return np.array([part[-1] for part in cuts], np.int64), band, tuple(raised)


def _columns(file: File, rows: Ints) -> Columns:
    n = len(rows)
    return Columns(
        series=np.ones(n, np.int32), t=file.t[rows], v=file.v[rows], q=np.full(n, QUALITY_GOOD, np.uint8)
    )


def fed(file: File) -> Ints:
    """Give the rows that are fed: later than every row before, and finite."""
    usable = np.isfinite(file.v)
    before = np.maximum.accumulate(np.where(usable, file.t, np.iinfo(np.int64).min))
    later = np.append(True, file.t[1:] > before[:-1])
    return np.nonzero(usable & later)[0]


def write_scores(folder: Path, scores: Mapping[str, Floats]) -> None:
    """Write `folder/<group>/<file>.csv`: a header and one score a row, as text that reads back the same."""
    for name, score in scores.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("score\n" + "\n".join(map(repr, score.tolist())) + "\n", encoding="ascii")
