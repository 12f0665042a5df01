"""Two-fold cross-validation of what was tuned: chosen on one half of the files, reported on the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from opsroom.bench.nab.corpus import Corpus, Floats
from opsroom.bench.nab.score import curve, marks
from opsroom.errors import Invalid

PROFILE: Final = "standard"
THRESHOLD: Final = "shipped.NAB_THRESHOLD"
"""The declared threshold is a tuned constant too; trying another needs no new scores."""
Constants = Mapping[str, float]
ScoreFiles = Callable[[Constants], Mapping[str, Floats]]
Candidates = Mapping[str, Sequence[float]]


def folds(names: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Split file names by a fixed rule: alternating in sorted order."""
    ordered = sorted(names)
    return {"A": tuple(ordered[0::2]), "B": tuple(ordered[1::2])}


def cross_validate(
    corpus: Corpus, shipped: Constants, candidates: Candidates, score_files: ScoreFiles, workers: int = 1
) -> dict[str, Any]:
    """Choose each tuned constant on one fold and report the other.

    Each constant is varied alone around what is `shipped`; then all choices of a fold are taken together.
    `score_files` gives the scores of all files under constants that differ from the shipped ones; it is
    called once for each set of them, by `workers` threads at a time. Figures are standard scores at the
    declared threshold.

    Raises:
        Invalid: a tuned constant that has no shipped value, or a fold without label windows.
    """
    strange = sorted(set(candidates) - set(shipped))
    if strange:
        raise Invalid(f"tuned, but not shipped: {', '.join(strange)}")
    bench = _Bench(corpus, shipped, score_files)
    bench.prepare([{name: value} for name, values in candidates.items() for value in values], workers)
    rows, chosen = {}, {fold: dict[str, float]() for fold in bench.folds}
    for name, values in candidates.items():
        tried = list(dict.fromkeys([shipped[name], *values]))
        row: dict[str, Any] = {"shipped": shipped[name], "candidates": tried}
        for fold, other in (("A", "B"), ("B", "A")):
            figures = [bench.figure({name: value}, fold) for value in tried]
            # of equals the shipped one, which comes first
            best = tried[max(range(len(tried)), key=lambda k: figures[k])]
            chosen[fold][name] = best
            row[f"tuned_on_{fold}"] = {
                "value": best,
                f"on_{fold}": round(max(figures), 2),
                f"on_{other}": round(bench.figure({name: best}, other), 2),
            }
        held_out = {other: row[f"tuned_on_{fold}"][f"on_{other}"] for fold, other in (("A", "B"), ("B", "A"))}
        row["held_out"] = bench.whole(held_out)
        rows[name] = row
    bench.prepare(list(chosen.values()), workers)
    together = {other: bench.figure(chosen[fold], other) for fold, other in (("A", "B"), ("B", "A"))}
    return {
        "profile": PROFILE,
        "folds": {fold: list(names) for fold, names in bench.folds.items()},
        "shipped": {fold: round(bench.figure({}, fold), 2) for fold in bench.folds},
        "constants": rows,
        "held_out": {fold: round(figure, 2) for fold, figure in together.items()},
        "held_out_standard": bench.whole(together),
    }


class _Bench:
    """Scores of each set of constants, made once, and their figure on each fold."""

    def __init__(self, corpus: Corpus, shipped: Constants, score_files: ScoreFiles) -> None:
        self._corpus, self._shipped, self._score_files = corpus, shipped, score_files
        self.folds = folds([file.name for file in corpus.files])
        self._windows = {
            fold: sum(len(file.windows) for file in corpus.files if file.name in names)
            for fold, names in self.folds.items()
        }
        self._made: dict[tuple[tuple[str, float], ...], Mapping[str, Floats]] = {}

    def prepare(self, sets: Sequence[Constants], workers: int) -> None:
        """Make the scores of these sets of constants, where they are not made yet."""
        wanted = list(dict.fromkeys(key for key in map(self._key, sets) if key not in self._made))
        with ThreadPoolExecutor(max(1, workers)) as pool:
            self._made |= zip(wanted, pool.map(self._score_files, map(dict, wanted)), strict=True)

    def _key(self, changed: Constants) -> tuple[tuple[str, float], ...]:
        """Name a set of constants by what differs from the shipped ones and needs new scores."""
        return tuple(
            sorted(
                (name, value)
                for name, value in changed.items()
                if name != THRESHOLD and value != self._shipped[name]
            )
        )

    def figure(self, changed: Constants, fold: str) -> float:
        """Give the standard score of a fold at the threshold that goes with the constants."""
        threshold = changed.get(THRESHOLD, self._shipped[THRESHOLD])
        key = self._key(changed)
        self.prepare([changed], 1)
        along = curve(marks(self._corpus, self._made[key], self.folds[fold]))
        costs = self._corpus.profiles[PROFILE]
        at = along.taken(threshold)
        return float(along.normal(costs)[at]) if at >= 0 else along.silent(costs)

    def whole(self, figures: Mapping[str, float]) -> float:
        """Join the folds' figures: a score is a sum over windows, so each counts by how many it has."""
        total = sum(self._windows.values())
        return round(sum(figures[fold] * count for fold, count in self._windows.items()) / total, 2)
