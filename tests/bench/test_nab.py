"""The Numenta benchmark: scored as its published scorer does, causal, the same however it is run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from opsroom.bench.nab.corpus import Corpus, Costs, File, micros, read_corpus
from opsroom.bench.nab.run import write_scores
from opsroom.bench.nab.score import Marks, curve, marks, probation, result, worth
from opsroom.errors import Invalid

DATA = Path(os.environ.get("OPSROOM_TEST_DATA", Path(__file__).parents[2] / "../shared/data"))
NAB = DATA / "nab"
SCORER = DATA.parent / "tools" / "nab_score.py"
STANDARD = Costs(found=1.0, missed=1.0, false=0.11)
needs_data = pytest.mark.skipif(not NAB.is_dir(), reason="no benchmark files (OPSROOM_TEST_DATA)")


def small(rows: int = 200, windows: tuple[tuple[int, int], ...] = ((100, 119),)) -> File:
    return File("g/a.csv", np.arange(rows) * 300_000_000, np.zeros(rows), windows)


def scored(file: File, reported: list[int]) -> float:
    """Give the standard score of reporting exactly `reported`."""
    score = np.zeros(len(file.t))
    score[reported] = 1.0
    corpus = Corpus((file,), {"standard": STANDARD})
    return result(marks(corpus, {file.name: score}), corpus.profiles, 0.5)["standard"]["declared"]


def test_nothing_is_0_and_the_first_row_of_a_window_is_100() -> None:
    assert scored(small(), []) == 0.0
    assert scored(small(), [100]) == 100.0


def test_the_earlier_in_a_window_the_better_and_only_the_best_counts() -> None:
    figures = [scored(small(), [row]) for row in range(100, 120)]
    assert figures == sorted(figures, reverse=True)
    assert scored(small(), [104, 110, 119]) == scored(small(), [104])


def test_a_false_report_costs_less_just_after_a_window() -> None:
    near, far, before = scored(small(), [122]), scored(small(), [195]), scored(small(), [60])
    assert 0.0 > near > far == before == pytest.approx(-100 * 0.11 / 2, abs=0.01)


def test_the_probation_is_not_scored() -> None:
    assert probation(200) == 30
    assert probation(100_000) == 750
    assert scored(small(), [29]) == 0.0
    assert scored(small(), [30]) < 0.0


def test_a_window_of_one_row_is_measured_without_dividing_by_nothing() -> None:
    file = small(windows=((100, 100),))
    window, value = worth(file)
    assert value[100] == 1.0
    assert (value[101:] == -1.0).all()
    assert (window == 0).sum() == 1


def test_equal_scores_are_reported_together() -> None:
    tied = Marks(np.array([2.0, 2.0, 1.0]), np.array([0, -1, -1]), np.array([1.0, -1.0, -1.0]), 1)
    along = curve(tied)
    assert along.threshold.tolist() == [2.0, 1.0]
    assert along.false.tolist() == [1, 2]
    assert along.taken(3.0) == -1


@pytest.mark.parametrize("bad", [np.zeros(199), np.full(200, np.nan)], ids=["too few", "not finite"])
def test_a_score_for_each_row_is_needed(bad: Any) -> None:
    corpus = Corpus((small(),), {"standard": STANDARD})
    with pytest.raises(Invalid):
        marks(corpus, {"g/a.csv": bad})


def test_times_without_offset_are_utc() -> None:
    assert micros("2014-04-01 00:00:00") == micros("2014-04-01T02:00:00+02:00") == 1_396_310_400_000_000
    assert micros("1970-01-01 00:00:00.600000") == 600_000


@pytest.mark.slow
@needs_data
@pytest.mark.data
@pytest.mark.skipif(not SCORER.exists(), reason="the published scorer is not here")
@pytest.mark.parametrize("seed", [1, 2])
def test_scores_are_those_of_the_published_scorer(tmp_path: Path, seed: int) -> None:
    corpus = read_corpus(NAB)
    rng = np.random.default_rng(seed)
    # coarse values make ties, as a real detector does
    scores = {file.name: np.round(rng.gamma(1.0, 1.0, len(file.t)), 3 * seed - 2) for file in corpus.files}
    write_scores(tmp_path, scores)
    marked = marks(corpus, scores)
    for threshold in (0.0, 2.0, 4.2, 6.5, 100.0):
        told = published(tmp_path, threshold)
        ours = result(marked, corpus.profiles, threshold)
        assert told["windows"] == marked.windows
        for profile, figures in told["profiles"].items():
            for key, figure in figures.items():
                assert ours[profile][key] == pytest.approx(figure, abs=0.0101), (profile, key, threshold)


def published(folder: Path, threshold: float) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, str(SCORER), str(folder), "--threshold", str(threshold), "--nab", str(NAB)],
        capture_output=True,
        text=True,
        check=True,
    )
    read: dict[str, Any] = json.loads(done.stdout)
    return read
