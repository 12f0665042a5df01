"""What the doctor says of a store beside what is damaged in it."""

import asyncio
import json
from pathlib import Path

from typer.testing import CliRunner

from opsroom.cli import app
from opsroom.log import open_log
from opsroom.records import Entry, RecordKind
from opsroom.store import open_store
from tests.store.cutter import A_DAY, DAY, HOUR, KEPT, SERIES, day


def test_the_doctor_says_how_much_is_stored_of_each_level_and_since_when(tmp_path: Path) -> None:
    store, log = open_store(f"sqlite:///{tmp_path}/store.db", KEPT), open_log(f"sqlite:///{tmp_path}/log.db")
    asyncio.run(log.append([Entry(kind=RecordKind.TICK, received=0)]))
    for number in range(10):
        store.readings.take(day(number), number + 1)
        store.readings.flush((number + 1) * DAY, force=True)
    for _ in range(9):
        store.readings.flush(10 * DAY)
    store.close()
    log.close()
    settings = tmp_path / "opsroom.toml"
    settings.write_text(
        f'[store]\nurl = "sqlite:///{tmp_path}/store.db"\nkeep_readings_d = 3\nkeep_minutes_d = 5\n'
        f'[log]\nurl = "sqlite:///{tmp_path}/log.db"\n',
        encoding="utf-8",
    )
    told = CliRunner().invoke(app, ["doctor", "--settings", str(settings), "--json"])
    assert told.exit_code == 0, told.output
    readings, minutes, hours = json.loads(told.stdout)["levels"]
    assert (readings["level"], readings["keep_d"]) == ("readings", 3.0)
    assert readings["oldest"] == readings["kept_from"] == 7 * DAY - HOUR
    assert 3 * A_DAY < readings["rows"] < 5 * A_DAY
    assert (minutes["oldest"], minutes["keep_d"]) == (5 * DAY - HOUR, 5.0)
    assert (hours["oldest"], hours["kept_from"], hours["rows"]) == (0, None, 10 * 24 * SERIES)
    shown = CliRunner().invoke(app, ["doctor", "--settings", str(settings)]).output
    assert "rows since 1970-01-07T23:00:00Z, kept 3 days, nothing before 1970-01-07T23:00:00Z" in shown
    assert "hours: 4800 rows since 1970-01-01T00:00:00Z, kept for ever\n" in shown
