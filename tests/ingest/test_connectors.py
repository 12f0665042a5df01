"""CSV and JSON lines with every defect that real files have shown."""

from __future__ import annotations

import gzip
import os
from itertools import pairwise
from pathlib import Path

import pytest

from ingest.connectors import _economy, csv, jsonl
from ingest.connectors._rows import Report, Times, time_zone
from opsroom.errors import Invalid

DATA = Path(os.environ.get("OPSROOM_TEST_DATA", Path(__file__).parents[2] / "../shared/data"))
DAY = 1_703_980_800_000_000  # 2023-12-31T00:00Z
HOUR = 3_600_000_000


def _file(folder: Path, text: str, name: str = "f.csv") -> Path:
    path = folder / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return path


def test_a_german_export_is_read(tmp_path: Path) -> None:
    text = "\ufeffZeit; Leistung ;\tWind\r\n31.12.2023 01:00;1.234,5;3,2\r\n;;\r\n31.12.2023 02:00;-;4\r\n"
    options = csv.Options(file=_file(tmp_path, text), units={"Leistung": "kW"}, rename={"Wind": "wind/speed"})
    first, second = csv.samples(options)
    assert first[:5] == (DAY + HOUR, ["Leistung", "wind/speed"], [1234.5, 3.2], ["kW", ""], [None, None])
    assert second[:3] == (DAY + 2 * HOUR, ["wind/speed"], [4.0])


def test_a_dry_run_names_the_lines(tmp_path: Path) -> None:
    day = "2023-12-31"
    text = f"ts,a,b\n{day} 00:00,1,2\n{day} 00:00,1,2\n,,\nsoon,1,2\n{day} 01:00,x,inf\n{day} 02:00,5\n"
    report = Report()
    for instant in csv.samples(csv.Options(file=_file(tmp_path, text, "f.csv.gz")), report):
        report.take(instant)
    found = [(defect.line, defect.code) for defect in report.defects]
    assert found == [
        (3, "repeated"),
        (3, "repeated"),
        (4, "row_empty"),
        (5, "time_invalid"),
        (6, "value_not_number"),
        (6, "value_not_finite"),
        (7, "row_short"),
        (7, "value_missing"),
    ]
    assert (report.rows, report.readings, report.series) == (5, 3, {"a": 2, "b": 1})
    assert (report.first, report.last) == (DAY, DAY + 2 * HOUR)


def test_a_long_file_brings_units_and_periods(tmp_path: Path) -> None:
    head, rows = (
        "when,plant,series,unit,period_s,value\n",
        ("0,p1,x,kW,60,1", "0,p2,x,kW,60,2", "6,p1,x,kW,60,1"),
    )
    text = head + "".join(f"17039808{row[0]}0{row[1:]}\n" for row in rows)
    options = csv.Options(file=_file(tmp_path, text), is_long=True, path=("plant", "series"))
    assert [instant[:5] for instant in csv.samples(options)] == [
        (DAY, ["p1/x", "p2/x"], [1.0, 2.0], ["kW", "kW"], [60.0, 60.0]),
        (DAY + 60_000_000, ["p1/x"], [1.0], ["kW"], [60.0]),
    ]


def test_a_clock_set_back_shows_an_hour_twice() -> None:
    times = Times(time_zone("Europe/Berlin"))
    texts = [
        "2023-10-29 01:30",
        "2023-10-29 02:00",
        "2023-10-29 02:30",
        "2023-10-29 02:00",
        "2023-10-29 02:30",
        "2023-10-29 03:00",
    ]
    read = [times.read(text) for text in texts]
    assert [b - a for a, b in pairwise(read)] == [HOUR // 2] * 5


def test_offsets_inside_a_file_count() -> None:
    times = Times(time_zone("UTC"))
    assert times.read("2023-12-31T02:00:00+02:00") == times.read("2023-12-30T23:00:00-01:00") == DAY


@pytest.mark.parametrize(
    ("text", "day_first", "t"),
    [
        ("12/31/2023", False, DAY),
        ("31/12/2023", True, DAY),
        ("31.12.2023", False, DAY),
        ("1703980800000", False, DAY),
        ("1703980800.5", False, DAY + 500_000),
    ],
)
def test_times_as_people_write_them(text: str, day_first: bool, t: int) -> None:
    assert Times(time_zone("UTC"), day_first=day_first).read(text) == t


def test_a_missing_column_or_file_or_zone_is_named(tmp_path: Path) -> None:
    file = _file(tmp_path, "a,b\n")
    with pytest.raises(Invalid, match="no column 'x'"):
        list(csv.samples(csv.Options(file=file, time="x")))
    with pytest.raises(Invalid, match="No such file"):
        list(csv.samples(csv.Options(file=tmp_path / "none.csv")))
    with pytest.raises(Invalid, match="No time zone"):
        list(csv.samples(csv.Options(file=file, tz="Mars/Base")))


def test_a_wide_head_is_read_and_a_cell_beyond_all_measure_passed_over(tmp_path: Path) -> None:
    names = [f"column-{n}" for n in range(2_000)]
    row = ",".join("1" for _ in names)
    text = f"ts,{','.join(names)}\n0,{row}\n1,{'x' * 200_000}\n2,{row}\n"
    report = Report()
    found = list(csv.samples(csv.Options(file=_file(tmp_path, text)), report))
    assert [(instant.t, instant.names) for instant in found] == [(0, names), (2_000_000, names)]
    assert [(defect.line, defect.code) for defect in report.defects] == [(3, "row_unreadable")]
    with pytest.raises(Invalid, match="first line"):
        list(csv.samples(csv.Options(file=_file(tmp_path, "x" * (1 << 20)))))


def test_json_lines_give_instants_and_defects() -> None:
    lines = [
        '\ufeff{"series":"a","value":1,"ts":"2023-12-31T00:00:00Z","unit":"kW"}\n',
        "\n",
        (
            '[{"series":"a","value":2,"ts":1703980800000},{"series":"b","value":3,"ts":1703980800000},'
            '{"series":"b","value":NaN}]\n'
        ),
        '{"series":"a","value":\n',
        '{"series":"c","value":null,"q":0}\n',
    ]
    report = Report()
    assert [instant.lines for instant in jsonl.samples(lines, lambda: 7, report=report)] == [[1], [3, 3], [5]]
    assert [(defect.line, defect.code) for defect in report.defects] == [
        (2, "row_empty"),
        (3, "value_not_finite"),
        (4, "json_invalid"),
    ]
    assert [instant[:5] for instant in jsonl.samples(lines, lambda: 7)] == [
        (DAY, ["a"], [1.0], ["kW"], [None]),
        (DAY, ["a", "b"], [2.0, 3.0], ["", ""], [None, None]),
        (7, ["c"], [None], [""], [None]),
    ]


@pytest.mark.data
def test_the_recorded_economy_is_merged_by_event_time() -> None:
    if not (DATA / "economy").is_dir():
        pytest.skip(f"no recorded plants at {DATA}")
    instants = list(_economy.economy(DATA / "economy"))
    times = [instant.t for instant in instants]
    assert times == sorted(set(times))
    names = {name for instant in instants for name in instant.names}
    assert len(names) == 36
    assert "energy/la-haute-borne/R80711/P_avg" in names
    assert sum(len(instant.names) for instant in instants) > 60_000
