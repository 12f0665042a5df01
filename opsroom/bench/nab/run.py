"""The benchmark through the shipped engine, strictly causal: one set of constants, rows in their order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from opsroom.bench.nab.corpus import File, Floats

if TYPE_CHECKING:
    from opsroom.detect import Engine

BANDS: Final = 900
"""Instants of a file at which the expected band is asked for: as many as a picture has columns."""
QUALITY_GOOD: Final = 192


@dataclass(frozen=True)
class Outcome:
    """What the engine said of a file.

    `score` shape [n], one a row; `band` shape [k, 3] of (expected, low, high) after the rows `band_row`, NaN
    where not known yet; `raised` rows at which an alert was opened.
    """

    name: str
    score: Floats
    band_row: np.ndarray
    band: Floats
    raised: tuple[int, ...]


def through(file: File, engine: Engine | None = None, bands: int = BANDS) -> Outcome:
    """Feed a file to an engine that knows nothing yet.

    Each row's score is made from that row and those before it. A row that is not later than all before it, or
    holds no finite value, is not fed: its score is 0.
    """
    from opsroom.detect import Engine, SeriesSpec
    from opsroom.model import Columns

    engine = engine or Engine()
    state = engine.configure(engine.blank(), [SeriesSpec(id=1, unit_id=1)])
    rows = fed(file)
    score = np.zeros(len(file.t))
    band = np.full((min(bands, max(1, len(rows))), 3), np.nan)
    cuts = np.array_split(rows, len(band))
    raised: list[int] = []
    for k, part in enumerate(cuts):
        n = len(part)
        if not n:
            continue
        columns = Columns(
            series=np.ones(n, np.int32),
            t=file.t[part],
            v=file.v[part],
            q=np.full(n, QUALITY_GOOD, np.uint8),
        )
        state, findings, given = engine.scores(state, int(file.t[part[-1]]), columns)
        score[part] = np.where(np.isfinite(given), given, 0.0)
        at = {int(file.t[row]): int(row) for row in part}
        raised += [at[one.at] for one in findings if one.verb.value == "open" and one.at in at]
        band[k] = [float(column[0]) for column in engine.bands(state, [1])]
    last = np.array([part[-1] if len(part) else -1 for part in cuts], np.int64)
    return Outcome(file.name, score, last, band, tuple(raised))


def fed(file: File) -> np.ndarray:
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
