"""`opsroom rules`: check, test, diff, export and backtest from the command line and through a start."""

import shutil
from pathlib import Path

import pytest

from opsroom.errors import SettingsError
from opsroom.rehearsal import read_tests, rehearse
from opsroom.rules.file import read_rules
from tests.cli.conftest import run

RULES = """
[[rule]]
id = "hot"
series = "mill/press/heat"
when.limit = { above = 10.0, deadband = 1.0 }
on_delay_s = 120
consequence = "major"
response_s = 600
response = "Open the valve."

[[rule]]
id = "gone"
series = "mill/*"
when.missing = { periods = 3 }
event = true
"""
TESTS = """
[[test]]
name = "a warm hour"
[test.series]
"mill/press/heat" = "5x10 11x5 9.5 8 !99 _x6"
[[test.expect]]
rule = "hot"
series = "mill/press/heat"
raised_s = [720]
cleared_s = [960]
[[test.expect]]
rule = "gone"
series = "mill/press/heat"
raised_s = [1200]
"""
ECONOMY = '[[unit]]\npath = "mill/press"\n[[series]]\npath = "mill/press/heat"\nperiod_s = 60\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "press.toml").write_text(RULES, encoding="utf-8")
    (tmp_path / "rules" / "press.test.toml").write_text(TESTS, encoding="utf-8")
    (tmp_path / "economy.toml").write_text(ECONOMY, encoding="utf-8")
    return tmp_path


def edit(folder: Path, name: str, before: str, after: str) -> None:
    file = folder / "rules" / name
    text = file.read_text(encoding="utf-8")
    assert before in text
    file.write_text(text.replace(before, after), encoding="utf-8")


def test_check_tells_what_is_good_and_every_fault(folder: Path) -> None:
    assert run(folder, "rules", "check", "--json").json == {
        "good": True,
        "rules": 2,
        "faults": [],
        "watching_nothing": [],
    }
    edit(folder, "press.toml", "response_s = 600\n", "")
    edit(folder, "press.toml", "periods = 3", "period = 3")
    bad = run(folder, "rules", "check", "--json")
    assert bad.code == 1
    assert [(one["line"], one["key"]) for one in bad.json["faults"]] == [
        (13, "rule.when.missing.period"),
        (2, "rule.response_s"),
    ]


def test_check_names_rules_that_watch_nothing(folder: Path) -> None:
    edit(folder, "press.toml", "mill/press/heat", "mill/press/heet")
    assert run(folder, "rules", "check", "--json").json["watching_nothing"] == ["hot"]


def test_tests_hold_or_tell_what_differs(folder: Path) -> None:
    assert run(folder, "rules", "test", "--json").json == {"good": True, "tests": 1, "failed": []}
    edit(folder, "press.toml", "on_delay_s = 120", "on_delay_s = 60")
    bad = run(folder, "rules", "test")
    assert bad.code == 1
    assert "-        720 s  hot raised on mill/press/heat" in bad.out
    assert "+        660 s  hot raised on mill/press/heat" in bad.out


def test_a_test_file_that_cannot_be_read_names_its_line(folder: Path) -> None:
    edit(folder, "press.test.toml", "5x10 11x5", "5y10")
    with pytest.raises(SettingsError, match="5y10") as caught:
        read_tests([folder / "rules" / "press.test.toml"])
    assert caught.value.params["line"] == 4


def test_a_test_of_a_rule_that_is_not_there_is_refused(folder: Path) -> None:
    edit(folder, "press.test.toml", 'rule = "gone"', 'rule = "went"')
    ((file, one),) = read_tests([folder / "rules" / "press.test.toml"])
    with pytest.raises(SettingsError, match="went"):
        rehearse(file, one, read_rules(folder / "rules"))


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_a_start_takes_the_files_and_diff_and_export_know_it(folder: Path) -> None:
    from tests.acceptance.feedback_rows import serving

    (folder / "opsroom.toml").write_text('[server]\nclock = "stream"\nport = 0\n', encoding="utf-8")
    with serving(folder):
        pass
    assert run(folder, "rules", "diff", "--json").json == []
    written = run(folder, "rules", "export").out
    edit(folder, "press.toml", "above = 10.0", "above = 12.0")
    (change,) = run(folder, "rules", "diff", "--json").json
    assert (change["rule"], change["change"], change["version"]) == ("hot", "altered", 2)
    assert change["keys"] == {"high": [10.0, 12.0]}
    shutil.rmtree(folder / "rules")
    (folder / "rules").mkdir()
    (folder / "rules" / "press.toml").write_text(written, encoding="utf-8")
    assert run(folder, "rules", "diff", "--json").json == []
    empty = run(folder, "rules", "backtest", "--json")
    assert (empty.code, "backtest_empty" in empty.err) == (1, True)
