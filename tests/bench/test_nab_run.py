"""The Numenta benchmark's run: causal, a row for each row, the same in however many processes."""

from __future__ import annotations

import gzip
import importlib
import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from opsroom.bench.nab.bench import bench
from opsroom.bench.nab.corpus import Corpus, Costs, File, Floats, read_corpus
from opsroom.bench.nab.draw import draw
from opsroom.bench.nab.lean import lean_scores
from opsroom.bench.nab.run import Outcome, fed, through, write_scores
from opsroom.bench.nab.tuned import FOLLOWS, TUNED, shipped
from opsroom.bench.nab.validate import THRESHOLD, cross_validate, folds
from opsroom.bench.nab.worker import run_files
from opsroom.bench.streams import columns
from opsroom.detect import Engine, SeriesSpec, evidence
from opsroom.detect.shipped import NAB_THRESHOLD
from opsroom.errors import Invalid

STEP_US = 300_000_000
START_US = 1_396_310_400_000_000
ROWS = 3_000
COSTS = {"standard": Costs(1.0, 1.0, 0.11)}


def series(name: str = "g/a.csv", seed: int = 1, rows: int = ROWS) -> File:
    """Give a day's wave in noise, two thirds in a step of many deviations."""
    rng = np.random.default_rng(seed)
    v = 10.0 + np.sin(np.arange(rows) * 2 * np.pi / 288) + rng.normal(0, 0.2, rows)
    at = 2 * rows // 3
    v[at : at + 100] += 8.0
    return File(name, START_US + STEP_US * np.arange(rows, dtype=np.int64), v, ((at, at + 99),))


def cut(file: File, rows: int) -> File:
    return File(file.name, file.t[:rows], file.v[:rows], ())


def test_a_rows_score_is_made_from_it_and_those_before_it() -> None:
    file = series()
    whole = through(file)
    assert whole.raised
    assert whole.score[2_000] >= NAB_THRESHOLD  # the step
    for rows in (1, 500, 2_001, 2_050):
        part = through(cut(file, rows), bands=7)
        np.testing.assert_array_equal(part.score, whole.score[:rows])
        assert part.raised == tuple(row for row in whole.raised if row < rows)
        assert rows < evidence.WARM or part.score.any()


def test_what_comes_later_moves_no_score() -> None:
    file = series()
    v = file.v.copy()
    v[1_500:] = 1e6 * np.random.default_rng(5).normal(size=ROWS - 1_500)
    other, whole = through(File(file.name, file.t, v, ()), bands=0), through(file, bands=0)
    np.testing.assert_array_equal(other.score[:1_500], whole.score[:1_500])
    assert (other.score[1_500:] != whole.score[1_500:]).any()


def test_the_lean_scores_are_the_engines_bit_by_bit() -> None:
    file = series()
    v = file.v.copy()
    v[300:310], v[700] = np.nan, 1e300
    for one in (file, File(file.name, file.t, v, ())):
        np.testing.assert_array_equal(lean_scores(one), through(one, bands=0).score)


def test_an_open_alert_silences_no_score() -> None:
    file = series()
    v = file.v.copy()
    v[2_400:2_410] -= 40.0  # while the step lasts, which for the room is one alert
    v[2_000:] += 8.0
    outcome = through(File(file.name, file.t, v, ()))
    assert outcome.score[2_400] >= NAB_THRESHOLD
    assert not any(2_400 <= row < 2_410 for row in outcome.raised)


def test_the_first_distance_is_that_of_windows_and_not_of_nothing() -> None:
    """A blank past once taught fifty distances of nought."""
    engine = Engine()
    state = engine.configure(engine.blank(), [SeriesSpec(id=1, unit_id=1)])
    rng = np.random.default_rng(6)
    t = START_US + STEP_US * np.arange(600, dtype=np.int64)
    state, _ = engine.step(state, int(t[-1]), columns(np.ones(600, np.int32), t, rng.normal(size=600)))
    rows = state.discords[0]
    assert rows["distance"][0] > 0.5 * rows["channel"]["scale"][0]
    assert rows["distance"][0] < 2.0 * rows["channel"]["scale"][0]


def test_a_row_that_is_not_later_or_not_finite_is_not_fed_and_scores_0() -> None:
    file = series(rows=600)
    t, v = file.t.copy(), file.v.copy()
    t[300] = t[299]
    t[400:403] = t[390:393]
    v[500:502] = np.nan, np.inf
    harmed = File(file.name, t, v, ())
    left_out = [300, 400, 401, 402, 500, 501]
    assert sorted(set(range(600)) - set(fed(harmed).tolist())) == left_out
    outcome = through(harmed)
    assert len(outcome.score) == 600
    assert np.isfinite(outcome.score).all()
    assert not outcome.score[left_out].any()


def folder(path: Path, files: list[File]) -> Path:
    """Write files as the benchmark lays them out, one of them compressed."""
    windows = {}
    for k, file in enumerate(files):
        stamps = [str(at).replace("T", " ") for at in file.t.astype("datetime64[us]").astype("datetime64[s]")]
        text = "timestamp,value\n" + "".join(
            f"{at},{v!r}\n" for at, v in zip(stamps, file.v.tolist(), strict=True)
        )
        place = path / "data" / file.name
        place.parent.mkdir(parents=True, exist_ok=True)
        if k % 2:
            place.write_text(text, encoding="utf-8")
        else:
            place.with_name(f"{place.name}.gz").write_bytes(gzip.compress(text.encode()))
        windows[file.name] = [(stamps[a], stamps[b]) for a, b in file.windows]
    (path / "windows.json").write_text(json.dumps(windows), encoding="utf-8")
    costs = {"CostMatrix": {"tpWeight": 1.0, "fnWeight": 1.0, "fpWeight": 0.11, "tnWeight": 1.0}}
    profiles = dict.fromkeys(("standard", "reward_low_FP_rate", "reward_low_FN_rate"), costs)
    (path / "profiles.json").write_text(json.dumps(profiles), encoding="utf-8")
    return path


def test_any_folder_of_that_layout_is_read_as_written(tmp_path: Path) -> None:
    files = [series("g/a.csv"), series("h/b.csv", 2)]
    corpus = read_corpus(folder(tmp_path, files))
    for file, read in zip(files, corpus.files, strict=True):
        assert (read.name, read.windows) == (file.name, file.windows)
        np.testing.assert_array_equal(read.t, file.t)
        np.testing.assert_array_equal(read.v, file.v)


def test_a_folder_of_another_layout_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Invalid):
        read_corpus(tmp_path)
    (folder(tmp_path, [series()]) / "windows.json").write_text('{"g/a.csv": [["2001-01-01", "2001-01-02"]]}')
    with pytest.raises(Invalid, match="label window"):
        read_corpus(tmp_path)


def test_a_run_leaves_scores_and_pictures_and_says_what_it_was_set_to(tmp_path: Path) -> None:
    files = [series("g/a.csv"), series("h/b.csv", 2), series("h/c.csv", 3)]
    nab = folder(tmp_path / "nab", files)
    body = bench(nab, tmp_path / "out", processes=2)
    assert {"settings_hash", "threshold", "profiles", "cross_validation"} <= set(body)
    assert set(body["profiles"]) == {"standard", "reward_low_FP_rate", "reward_low_FN_rate"}
    for file in files:
        lines = (tmp_path / "out" / file.name).read_text().splitlines()
        assert lines[0] == "score"
        np.testing.assert_array_equal([float(line) for line in lines[1:]], through(file).score)
        picture = (tmp_path / "out" / "pictures" / file.name).with_suffix(".svg")
        assert ET.fromstring(picture.read_text()).tag.endswith("svg")  # noqa: S314 - our own


def test_a_process_that_fails_is_heard(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="not laid out"):
        run_files(tmp_path, [series()], processes=1, bands=1)


def test_scores_read_back_as_they_were(tmp_path: Path) -> None:
    score = np.random.default_rng(4).gamma(1.0, 3.0, 50)
    write_scores(tmp_path, {"g/a.csv": score})
    read = [float(line) for line in (tmp_path / "g" / "a.csv").read_text().splitlines()[1:]]
    np.testing.assert_array_equal(read, score)


def test_the_picture_marks_what_is_over_the_threshold_and_scored() -> None:
    file = series()
    score = np.zeros(ROWS)
    band = np.column_stack([file.v, file.v - 1, file.v + 1])
    outcome = Outcome(file.name, score, np.arange(ROWS), band, ())
    quiet = draw(file, outcome, 4.0)
    score[[10, 2_010]] = 5.0  # the first lies in the probation
    marked = draw(file, outcome, 4.0)
    assert "threshold: 0 rows" in quiet
    assert "threshold: 1 rows" in marked
    assert len(marked) < 150_000
    for picture in (quiet, marked):
        assert "nan" not in picture
        ET.fromstring(picture)  # noqa: S314 - our own


@pytest.mark.parametrize("value", [0.0, 45.0, -1e300, 1e300])
def test_a_flat_series_can_be_drawn(value: float) -> None:
    file = File("g/flat.csv", series().t, np.full(ROWS, value), ())
    outcome = Outcome(file.name, np.zeros(ROWS), np.array([-1]), np.full((1, 3), np.nan), ())
    picture = draw(file, outcome, 4.0)
    ET.fromstring(picture)  # noqa: S314 - our own
    assert "nan" not in picture
    assert "inf" not in picture


def test_folds_alternate_in_sorted_order() -> None:
    assert folds(["c", "a", "d", "b"]) == {"A": ("a", "c"), "B": ("b", "d")}


def corpus_of(*reports: int) -> tuple[Corpus, dict[str, Floats]]:
    """Give files whose report of the window scores as said, and a false one of 2."""
    files = tuple(series(f"g/{k}.csv", k, 300) for k in range(len(reports)))
    scores = {}
    for file, report in zip(files, reports, strict=True):
        score = np.zeros(300)
        score[200], score[100] = report, 2.0
        scores[file.name] = score
    return Corpus(files, COSTS), scores


def test_a_threshold_is_chosen_on_one_fold_and_reported_on_the_other() -> None:
    corpus, scores = corpus_of(5, 3, 5, 3)  # fold A has the reports of 5, B those of 3
    found = cross_validate(corpus, {THRESHOLD: 1.0}, {THRESHOLD: (2.5, 4.0)}, lambda _: scores)
    row = found["constants"][THRESHOLD]
    # with one false report less 2.5 is best on both; 4 is as good on A, and the first of equals is taken
    assert row["tuned_on_A"] == {"value": 2.5, "on_A": 100.0, "on_B": 100.0}
    found = cross_validate(corpus, {THRESHOLD: 1.0}, {THRESHOLD: (4.0,)}, lambda _: scores)
    row = found["constants"][THRESHOLD]
    assert row["tuned_on_A"] == {"value": 4.0, "on_A": 100.0, "on_B": 0.0}
    assert row["tuned_on_B"]["value"] == 1.0
    assert row["held_out"] == pytest.approx(np.mean([0.0, row["tuned_on_B"]["on_A"]]), abs=0.01)


def test_a_constant_that_needs_new_scores_is_tried_with_each_value_once() -> None:
    corpus, scores = corpus_of(5, 5, 1, 5)
    asked: list[Mapping[str, float]] = []

    def score_files(constants: Mapping[str, float]) -> Mapping[str, Floats]:
        asked.append(constants)
        better = constants.get("tail.WIDTH") == 7.0
        return {
            name: np.where(score == 1.0, 6.0, score) if better else score for name, score in scores.items()
        }

    now = {THRESHOLD: 4.0, "tail.WIDTH": 3.0}
    found = cross_validate(corpus, now, {THRESHOLD: (3.0,), "tail.WIDTH": (5.0, 7.0)}, score_files)
    assert sorted(asked, key=str) == [{"tail.WIDTH": 5.0}, {"tail.WIDTH": 7.0}, {}]
    assert found["constants"]["tail.WIDTH"]["tuned_on_A"]["value"] == 7.0
    assert found["constants"]["tail.WIDTH"]["tuned_on_B"]["value"] == 3.0  # nothing to gain there
    assert found["held_out"] == {"A": 50.0, "B": 100.0}


def test_what_is_tuned_is_shipped() -> None:
    assert set(shipped()) == set(TUNED)
    for name, value in shipped().items():
        assert min(TUNED[name]) <= value <= max(TUNED[name]), name
    with pytest.raises(Invalid):
        cross_validate(corpus_of(5)[0], {}, {"tail.NO_SUCH": (1.0,)}, lambda _: {})


def test_what_follows_from_a_constant_is_as_detection_computes_it() -> None:
    for name, computed in FOLLOWS.items():
        module, _, constant = name.partition(".")
        np.testing.assert_array_equal(
            computed(), getattr(importlib.import_module(f"opsroom.detect.{module}"), constant)
        )


def test_an_overridden_constant_reaches_every_module_that_holds_it() -> None:
    code = (
        "from opsroom.bench.nab.tuned import override\n"
        "from opsroom.detect import filter as naming, state, tail\n"
        "override('state.NEVER', 5); override('filter.HISTORICAL[0]', 0.5)\n"
        "override('discord.WINDOW', 64)\n"
        "from opsroom.detect import discord\n"
        "print(tail.NEVER, state.NEVER, naming.HISTORICAL[0].tolist(), discord.REACH - discord.HISTORY)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "5 5 [0.5, 0.5, 0.5, 0.5] 64"
