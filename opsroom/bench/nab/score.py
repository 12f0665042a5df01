"""The benchmark's score, written from its published rules.

Lavin & Ahmad 2015, section II, and the weights of its profiles: the first 15 % of a file (750 rows at most)
are not scored; in a label window only the best-placed report counts, the earlier the better; a false report
costs less the closer it follows a window. A detector that reports nothing gets 0, a perfect one 100.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from opsroom.bench.nab.corpus import Corpus, Costs, File, Floats
from opsroom.errors import Invalid

PROBATION_SHARE: Final = 0.15
PROBATION_ROWS_MAX: Final = 750
STEEPNESS: Final = 5.0
FAR: Final = 3.0
"""Window widths after a window from which a false report costs in full."""
OUTSIDE: Final = -1


@dataclass(frozen=True)
class Marks:
    """What a report at each scored row would be worth, before a profile's costs.

    `score` and `worth` are shape [n]; `window` is the number of the label window or -1; `windows` counts
    all, also those that lie in a probation and can never be found.
    """

    score: Floats
    window: NDArray[np.int64]
    worth: Floats
    windows: int


def probation(rows: int) -> int:
    """Give how many first rows of a file are not scored."""
    return min(int(PROBATION_SHARE * rows), PROBATION_ROWS_MAX)


def squash(x: Floats | float) -> Floats:
    """Give the scaled sigmoid of the benchmark: 1 far before, 0 at 0, -1 far after."""
    return np.asarray(2.0 / (1.0 + np.exp(STEEPNESS * np.asarray(x, np.float64))) - 1.0)


def worth(file: File) -> tuple[NDArray[np.int64], Floats]:
    """Give (window of each row or -1, worth of a report there), both shape [n]."""
    n = len(file.t)
    row = np.arange(n)
    window, value = np.full(n, OUTSIDE, np.int64), np.full(n, -1.0)
    for number, (first, last) in enumerate(file.windows):
        width = last - first + 1
        inside = slice(first, last + 1)
        window[inside] = number
        value[inside] = squash(-(last - row[inside] + 1) / width) / squash(-1.0)
        following = file.windows[number + 1][0] if number + 1 < len(file.windows) else n
        after = slice(last + 1, following)
        # a window of one row has no width to measure by: all after it is far
        distance = (row[after] - last) / (width - 1) if width > 1 else np.full(len(row[after]), np.inf)
        value[after] = np.where(distance > FAR, -1.0, squash(np.minimum(distance, FAR)))
    return window, value


def marks(corpus: Corpus, scores: Mapping[str, Floats], names: Sequence[str] | None = None) -> Marks:
    """Join the scored rows of the files (all, or those of `names`).

    Raises:
        Invalid: a file without scores, another number of rows, or a score that is not finite.
    """
    parts: list[tuple[Floats, NDArray[np.int64], Floats]] = []
    total = 0
    for file in corpus.files:
        if names is not None and file.name not in names:
            continue
        score = scores.get(file.name)
        if score is None or len(score) != len(file.t) or not np.isfinite(score).all():
            raise Invalid(f"{file.name}: needs one finite score for each of its {len(file.t)} rows")
        window, value = worth(file)
        counted = slice(probation(len(file.t)), None)
        parts.append(
            (score[counted], np.where(window >= 0, window + total, OUTSIDE)[counted], value[counted])
        )
        total += len(file.windows)
    if not total:
        raise Invalid("no label window to score by")
    score, window, value = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Marks(score, window, value, total)


@dataclass(frozen=True)
class Curve:
    """Result at every threshold, which falls, shape [m]; the others after reporting all from it on."""

    threshold: Floats
    gain: Floats
    found: NDArray[np.int64]
    false: NDArray[np.int64]
    false_cost: Floats
    findable: int
    windows: int

    def normal(self, costs: Costs) -> Floats:
        """Give the score of a profile at each threshold, 0 to 100 and below."""
        raw = (
            costs.found * self.gain
            - costs.missed * (self.findable - self.found)
            + costs.false * self.false_cost
        )
        floor = -costs.missed * self.windows
        return np.asarray(100.0 * (raw - floor) / (costs.found * self.windows - floor))

    def silent(self, costs: Costs) -> float:
        """Give the score of reporting nothing: 0, or more where a window lies in a probation."""
        floor = -costs.missed * self.windows
        return float(100.0 * (-costs.missed * self.findable - floor) / (costs.found * self.windows - floor))

    def taken(self, threshold: float) -> int:
        """Give the place of the lowest score not below `threshold`, -1 where nothing is reported."""
        return int((self.threshold >= threshold).sum()) - 1


def curve(marked: Marks) -> Curve:
    """Let the threshold fall over all scores and add up what each further report changes."""
    order = np.argsort(-marked.score, kind="stable")
    score, window, value = marked.score[order], marked.window[order], marked.worth[order]
    gain, found = np.zeros(len(score)), np.zeros(len(score), np.int64)
    best = np.full(marked.windows, -np.inf)
    for i in np.nonzero(window >= 0)[0]:
        number = window[i]
        if best[number] == -np.inf:
            gain[i], found[i], best[number] = value[i], 1, value[i]
        elif value[i] > best[number]:
            gain[i], best[number] = value[i] - best[number], value[i]
    outside = window < 0
    last = np.nonzero(np.append(score[1:] != score[:-1], True))[0]  # equal scores are reported together
    return Curve(
        threshold=score[last],
        gain=np.cumsum(gain)[last],
        found=np.cumsum(found)[last],
        false=np.cumsum(outside, dtype=np.int64)[last],
        false_cost=np.cumsum(np.where(outside, value, 0.0))[last],
        findable=len(np.unique(window[window >= 0])),
        windows=marked.windows,
    )


def result(marked: Marks, profiles: Mapping[str, Costs], threshold: float) -> dict[str, dict[str, float]]:
    """Give each profile's figure at the declared `threshold`, and the best in hindsight, named so."""
    along = curve(marked)
    at = along.taken(threshold)
    rows: dict[str, dict[str, float]] = {}
    for name, costs in profiles.items():
        normal, silent = along.normal(costs), along.silent(costs)
        top = int(np.argmax(normal))
        rows[name] = {
            "declared": round(float(normal[at]) if at >= 0 else silent, 2),
            "windows_found": int(along.found[at]) if at >= 0 else 0,
            "false_positives": int(along.false[at]) if at >= 0 else 0,
            "hindsight": round(max(float(normal[top]), silent), 2),
            "hindsight_threshold": float(along.threshold[top]),
        }
    return rows
