"""A mill with thirty days behind it, a rule too eager, one filed as event, and guidance from above."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from opsroom.clock import wall_now
from tests.acceptance.feedback_rows import serving
from tests.cli.conftest import run

PASSWORD = "a long enough word"
STEP_S = 600
READINGS = 30 * 86_400 // STEP_S
ECONOMY = """\
root = "Nation"
[[unit]]
path = "works"
name = "Works"
guidance = "Ask the shift lead of the works."
procedure = "https://works.invalid/procedures/heat"
[[unit]]
path = "works/mill"
name = "Mill"
[[series]]
path = "works/mill/heat"
unit = "Cel"
period_s = 600
[[series]]
path = "works/mill/flow"
unit = "m3/h"
period_s = 600
"""
RULES = """\
[[rule]]
id = "hot"
title = "Mill runs hot"
series = "works/mill/heat"
when.limit = { above = 80.0 }
consequence = "major"
response_s = 900
response = "Open the cooling valve and halve the feed."

[[rule]]
id = "warm"
title = "Mill is warm"
series = "works/mill/heat"
when.limit = { above = 82.0, deadband = 1.5 }
event = true
"""
SETTINGS = '[server]\nclock = "stream"\nport = 0\n[room]\ndetection = false\nrules_every_s = 0.2\n'


@dataclass(frozen=True)
class Mill:
    """Its room's address and its folder."""

    home: str
    folder: Path

    @property
    def page(self) -> str:
        """The page of its room."""
        return f"{self.home}/room/"

    @property
    def rules(self) -> Path:
        """Its file of rules."""
        return self.folder / "rules" / "mill.toml"


def readings() -> list[str]:
    """Give a month of noise at the limit, with three hours that are truly hot; the last just ended."""
    rng = random.Random(4)
    start = wall_now() // 1_000_000 - READINGS * STEP_S
    lines = []
    for n in range(READINGS):
        hot = any(at <= n < at + 18 for at in (READINGS // 3, READINGS // 2, READINGS - 30))
        rows = {
            "works/mill/heat": 77.5 + rng.gauss(0, 1.5) + 9.0 * hot,
            "works/mill/flow": 40 + rng.gauss(0, 1),
        }
        lines += [
            json.dumps({"series": name, "value": round(value, 2), "ts": (start + n * STEP_S) * 1000})
            for name, value in rows.items()
        ]
    return lines


@contextmanager
def mill(folder: Path) -> Iterator[Mill]:
    """Serve the mill's room, with its month fed through the socket; seats `ada` (council) and `olga`."""
    (folder / "rules").mkdir()
    (folder / "economy.toml").write_text(ECONOMY, encoding="utf-8")
    (folder / "rules" / "mill.toml").write_text(RULES, encoding="utf-8")
    (folder / "opsroom.toml").write_text(SETTINGS, encoding="utf-8")
    (folder / "month.jsonl").write_text("\n".join(readings()), encoding="utf-8")
    with serving(folder):
        pass
    for person, role in (("ada", "council"), ("olga", "operator")):
        words = ("seat", "new", person, "--unit", "works/mill", "--role", role)
        assert run(folder, *words, OPSROOM_PASSWORD=PASSWORD).code == 0
    token = run(folder, "token", "new", "", "--json").json["token"]
    with serving(folder) as url:
        feed = ("feed", "jsonl", "month.jsonl", "--to", url.replace("http", "ws", 1))
        assert run(folder, *feed, OPSROOM_TOKEN=token).code == 0
        yield Mill(url, folder)
