"""The Tennessee Eastman benchmark: how a folder is read, and one fault of the real one."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path

import numpy as np
import pytest

from opsroom.bench import tep
from opsroom.detect import whole
from opsroom.errors import Invalid

DATA = Path(os.environ.get("OPSROOM_TEST_DATA", Path(__file__).parents[2] / "../shared/data")) / "tep"


def lay_out(folder: Path, *, shift: float) -> None:
    """Write a folder of four variables: plain and packed files, d00 turned as in the original."""
    rng = np.random.default_rng(1)
    clean = rng.normal(size=(300, 4))
    np.savetxt(folder / "d00.dat", clean.T)
    np.savetxt(folder / "d00_te.dat", rng.normal(size=(400, 4)))
    faulty = rng.normal(size=(360, 4))
    faulty[tep.FAULT_AT :, 1] += shift
    with gzip.open(folder / "d02_te.dat.gz", "wt", encoding="ascii") as file:
        np.savetxt(file, faulty)
    np.savetxt(folder / "d14_te.dat", rng.normal(size=(360, 4)))
    (folder / "LICENSE").write_text("not a run")


def test_any_folder_is_run_with_the_faults_it_holds(tmp_path: Path) -> None:
    lay_out(tmp_path, shift=8.0)
    result = tep.bench(tmp_path)
    assert list(result["faults"]) == ["02", "14"]
    found, quiet = result["faults"]["02"], result["faults"]["14"]
    assert found["detection_rate"] == 1.0
    assert found["delay_readings"] == 0
    assert found["alert_delay_readings"] == 1
    assert quiet["detection_rate"] < 0.1
    assert result["mean"] == pytest.approx((1.0 + quiet["detection_rate"]) / 2)
    assert result["mean_without_3_9_15"] == pytest.approx(result["mean"])
    tep.write(result, tmp_path / "out" / "tep.json")
    assert json.loads((tmp_path / "out" / "tep.json").read_text()) == result
    assert len(tep.table(result)[0]) == len(tep.COLUMNS)


def test_nothing_of_a_fault_file_teaches(tmp_path: Path) -> None:
    lay_out(tmp_path, shift=0.0)
    plain = tep.learn(tmp_path)
    before = plain.tobytes()
    tep.judge(plain, np.full((200, 4), 1e3), 1e-3)
    assert plain.tobytes() == before
    lay_out(tmp_path, shift=50.0)
    assert tep.learn(tmp_path).tobytes() == before


def test_the_delay_is_to_the_first_of_three_in_a_row() -> None:
    assert tep.delay(np.array([1, 1, 0, 1, 1, 1], bool)) == 3
    assert tep.delay(np.array([1, 1, 1], bool)) == 0
    assert tep.delay(np.array([1, 1, 0, 1, 1], bool)) is None
    assert tep.delay(np.array([1, 1], bool)) is None


def test_a_strange_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="no test run"):
        tep.bench(tmp_path)
    lay_out(tmp_path, shift=0.0)
    (tmp_path / "d05_te.dat").write_text("1 2 3\n4 5 6\n")
    with pytest.raises(Invalid, match="d05_te"):
        tep.bench(tmp_path)
    (tmp_path / "d05_te.dat").write_text("what is this")
    with pytest.raises(Invalid, match="no run"):
        tep.bench(tmp_path)
    (tmp_path / "d05_te.dat").write_text("1 2 3 4\n")
    with pytest.raises(Invalid, match="ends before"):
        tep.bench(tmp_path)
    (tmp_path / "d00.dat").unlink()
    with pytest.raises(Invalid, match=r"d00\.dat"):
        tep.bench(tmp_path)


@pytest.mark.skipif(not DATA.is_dir(), reason="the Tennessee Eastman runs are not here (OPSROOM_TEST_DATA)")
def test_reactor_cooling_is_found_and_named() -> None:
    model = tep.learn(DATA)
    rows = tep.read(DATA / "d11_te.dat", whole.size(model))
    assert tep.read(DATA / "d00.dat").shape == (500, 52)
    found = tep.judge(model, rows, 0.1 / tep.READINGS_A_WEEK)
    assert found["detection_rate"] >= 0.9
    assert found["false_alarm_rate_before"] <= 0.015
    assert found["alerts_before"] == 0
    assert found["alert_delay_readings"] <= 10
    watched = model.copy()
    whole.restart(watched)
    tep.watch(watched, rows[: tep.FAULT_AT + found["alert_delay_readings"] + 1])
    parts = np.empty(whole.size(model))
    whole.explain(watched, parts)
    valve, temperature = 50, 8  # the reactor's cooling water valve and the reactor's temperature
    assert np.argsort(-parts)[:2].tolist() == [valve, temperature]
