"""State of the stand-in room: units, series, alerts, who is connected; made up, but plausible."""

from __future__ import annotations

import asyncio
import copy
import json
import math
import random
import secrets
import time
from pathlib import Path
from typing import Any

from tests.dashboards.stand_in_flows import flows

WORDS = Path(__file__).parents[2] / "opsroom" / "words"
MINUTE_MS = 60_000
UNITS = (
    ("copper", "Copper", "branch", 0.74, 0.88),
    ("textile", "Textile", "branch", 0.93, 0.90),
    ("energy", "Energy", "branch", 0.96, 0.86),
    ("light-industry", "Light industry", "branch", 0.85, 0.91),
    ("transport", "Transport", "branch", None, None),
    ("food", "Food", "branch", 0.91, 0.84),
)
SERIES = (
    ("energy draw", "MW", 42.0),
    ("steam", "t/h", 83.0),
    ("water", "m3/h", 37.0),
    ("stock cotton", "d", 71.0),
    ("stock dye", "d", 27.5),
    ("absence", "%", 5.7),
    ("truck wait", "min", 22.0),
    ("order book", "d", 84.0),
    ("scrap", "%", 2.4),
    ("rail slots", "/d", 82.0),
    ("port dwell", "h", 84.0),
    ("copper cathode", "t/d", 401.0),
    ("cash cover", "d", 68.0),
    ("effluent COD", "mg/L", 31.0),
    ("overtime", "%", 4.5),
    ("accidents", "/Mh", 3.1),
    ("spare parts", "d", 63.0),
    ("backlog", "d", 52.0),
    ("demand coats", "/d", 6500.0),
    ("furnace", "Cel", 1184.0),
)
CARRIED = ("truck wait", "copper cathode", "effluent COD", "backlog", "furnace")


def words(lang: str) -> dict[str, str]:
    """Merge the catalogues of one language, as the room serves them."""
    merged: dict[str, str] = {}
    for file in sorted(WORDS.glob(f"*.{lang}.json")):
        merged.update(json.loads(file.read_text(encoding="utf-8")))
    return merged


class StandIn:
    """State of the stand-in: units, series, alerts, and who is connected."""

    def __init__(self, *, alerts: bool = True, seed: int = 7) -> None:
        """Make `SERIES` with an hour of readings each; with `alerts`, five of them speak."""
        self.boot = secrets.token_hex(4)
        self.revision = 1
        self.flood = {"on": False, "raises_10min": 2}
        self.random = random.Random(seed)
        self.frozen = False  # a feed that says nothing, while the connection stays
        self.sessions: dict[str, str] = {}
        self.viewers: set[asyncio.Queue[dict[str, Any]]] = set()
        self.present: list[str] = []
        self.now = round(time.time() * 1000)
        self.series = {i: self._series(i, *row) for i, row in enumerate(SERIES, 1)}
        self.alerts = {a["id"]: a for a in self._alerts()} if alerts else {}
        for alert in self.alerts.values():
            self.series[alert["series_id"]]["alert"] = alert["id"]

    def _series(self, number: int, name: str, unit: str, level: float) -> dict[str, Any]:
        trail = [[self.now - (60 - i) * MINUTE_MS, self._value(number, name, level, i)] for i in range(60)]
        branch = UNITS[number % len(UNITS)] if name in CARRIED else None
        indicator = None
        if name in ("copper cathode", "order book", "steam", "truck wait"):
            less = name == "truck wait"
            indicator = {
                "orientation": "less" if less else "more",
                "capability": round(level * (0.8 if less else 1.06), 1),
                "potentiality": round(level * (0.6 if less else 1.3), 1),
                "essential": name == "steam",
            }
        productivity = 0.72 if name == "copper cathode" else 0.95 if indicator else None
        latency = 0.88 if indicator else None
        return {
            "id": number,
            "path": f"{branch[0]}/{name}" if branch else name,
            "name": name,
            "unit_path": branch[0] if branch else "",
            "unit_name": branch[1] if branch else "Economy",
            "unit": unit,
            "period_s": 60,
            "indicator": indicator,
            "band": None,
            "value": trail[-1][1],
            "t": trail[-1][0],
            "q": 192,
            "low": level * 0.94,
            "high": level * 1.06,
            "trail": trail,
            "alert": None,
            "productivity": productivity,
            "latency": latency,
            "performance": productivity and latency and round(productivity * latency, 4),
            "adopted": True,
            "grey_s": 180,
            "level": level,
        }

    def _value(self, number: int, name: str, level: float, minute: int) -> float:
        wave = math.sin(minute / 9 + number) * 0.018 + self.random.gauss(0, 0.011)
        drift = (
            0.012 * max(0, minute - 42) * (-1 if name == "copper cathode" else 1) if name in CARRIED else 0
        )
        return round(level * (1 + wave + drift), 3)

    def _alerts(self) -> list[dict[str, Any]]:
        own, risen = [], []
        risen.append(self._alert(12, 1, 17, level=1, kind="slope", p=0.97))
        risen.append(self._alert(7, 1, 7, level=0, kind="step", p=0.91, climbs_to="Economy"))
        risen.append(self._alert(20, 2, 38, level=1, kind="limit"))
        own.append(self._alert(18, 2, 21, level=0, kind="step", own=True))
        own.append(self._alert(14, 3, 68, level=0, kind="abnormal", own=True, unacked=False))
        risen[2].update({name: risen[0][name] for name in ("unit", "unit_name")})  # two of one unit: one line
        noted = {
            "author": "copper control",
            "text": "Furnace 2 is down, reserve started",
            "at": self.now - 4 * MINUTE_MS,
        }
        risen[0]["notes"] = [{**noted, "until": self.now + 40 * MINUTE_MS}]
        own[1]["acknowledgements"] = [
            {
                "person": "council-2",
                "unit": "",
                "level": 0,
                "at": self.now - 20 * MINUTE_MS,
                "note": "Sampling again at noon",
            }
        ]
        return [*own, *risen]

    def _alert(
        self, series_id: int, priority: int, minutes: int, *, level: int, kind: str, **more: Any
    ) -> dict[str, Any]:
        series = self.series[series_id]
        own = bool(more.get("own"))
        name = "Economy" if own else series["unit_name"]
        raised = self.now - 12 * MINUTE_MS
        levels = [{"level": 0, "unit": series["unit_path"], "name": name, "at": raised}]
        if level:
            levels.append({"level": 1, "unit": "", "name": "Economy", "at": raised + 9 * MINUTE_MS})
        top = own or level > 0
        return {
            "id": f"{series_id:x}-{priority}",
            "series_id": series_id,
            "series": series["path"],
            "series_name": series["name"],
            "unit": "" if own else series["unit_path"],
            "unit_name": name,
            "kind": kind,
            "pressed": kind == "press",
            "priority": priority,
            "raised": raised,
            "onset": raised - 5 * MINUTE_MS,
            "deadline": self.now + minutes * MINUTE_MS,
            "level": level,
            "standing": "" if top else series["unit_path"],
            "standing_name": "Economy" if top else name,
            "next": None if top else "",
            "next_name": None if top else "Economy",
            "active": True,
            "unacked": more.get("unacked", True),
            "outcome": "open",
            "own": own,
            "may_acknowledge": top and more.get("unacked", True),
            "may_note": own,
            "may_decide": top,
            "may_judge": top,
            "judgements": [],
            "levels": levels,
            "acknowledgements": [],
            "notes": [],
            "decision": None,
            "explanation": [
                {
                    "code": "why.value.above" if kind != "slope" else "why.value.below",
                    "params": {
                        "series": series["path"],
                        "value": series["value"],
                        "unit": series["unit"],
                        "limit": series["high"] if kind != "slope" else series["low"],
                    },
                },
                {"code": "why.since", "params": {"onset_at": (raised - 5 * MINUTE_MS) * 1000}},
            ],
            "direction": 1,
            "p": more.get("p"),
            "rate_per_week": 0.1,
            "raises_30d": 3,
            "gathers_until": raised + 15 * MINUTE_MS,
            "cause": None,
            "note_required": False,
        }

    def unit(self, path: str) -> dict[str, Any]:
        """Give one UnitView."""
        for number, (at, name, level, productivity, latency) in enumerate(UNITS, 2):
            if at == path:
                mine = [a for a in self.alerts.values() if a["unit"] == path]
                return {
                    "id": number,
                    "path": path,
                    "name": name,
                    "level_name": level,
                    "time_zone": "America/Santiago",
                    "productivity": productivity,
                    "latency": latency,
                    "performance": None
                    if productivity is None or latency is None
                    else round(productivity * latency, 4),
                    "worst": min((a["priority"] for a in mine), default=None),
                    "open": len(mine),
                    "silent": 3 if productivity is None else 0,
                }
        worst = min((a["priority"] for a in self.alerts.values()), default=None)
        return {
            "id": 1,
            "path": "",
            "name": "Economy",
            "level_name": "nation",
            "time_zone": "America/Santiago",
            "productivity": 0.89,
            "latency": 0.87,
            "performance": 0.7743,
            "worst": worst,
            "open": len(self.alerts),
            "silent": 3,
        }

    def lamps(self) -> list[int]:
        """Count open alerts by priority."""
        return [sum(a["priority"] == p for a in self.alerts.values()) for p in (1, 2, 3)]

    def seats(self) -> list[dict[str, Any]]:
        """Give five seats of the council; who is connected is present."""
        names = [f"council-{i}" for i in range(1, 6)]
        return [
            {
                "seat_id": i,
                "person": n,
                "role": "council",
                "unit": "",
                "present": n in self.present or i in (2, 3),
            }
            for i, n in enumerate(names, 1)
        ]

    def snapshot(self, person: str, path: str) -> dict[str, Any]:
        """Give the first frame for a viewer with `path` in focus."""
        here = self.unit(path)
        above = [] if path == "" else [{"path": "", "name": "Economy", "level_name": "nation"}]
        return {
            "type": "snapshot",
            "revision": self.revision,
            "boot": self.boot,
            "now": self.clock(),
            "me": {"person": person, "role": "council", "seat_id": int(person[-1]), "unit": "", "unit_id": 1},
            "unit": here,
            "ancestors": above,
            "children": [self.unit(u[0]) for u in UNITS] if path == "" else [],
            "alerts": list(self.alerts.values()),
            "series": list(self.series.values()),
            "seats": self.seats(),
            "lamps": self.lamps(),
            "flood": self.flood,
            "flows": flows(self.clock(), starved=bool(self.alerts)) if path == "" else [],
        }

    def clock(self) -> int:
        """Give the time in ms."""
        return round(time.time() * 1000)

    def changes(self, **more: Any) -> dict[str, Any]:
        """Give one frame of changes."""
        self.revision += 1
        return {
            "type": "changes",
            "from": self.revision - 1,
            "to": self.revision,
            "now": self.clock(),
            "alerts": [],
            "ended": [],
            "values": {},
            "lamps": self.lamps(),
            "flood": self.flood,
            **more,
        }

    def tell(self, frame: dict[str, Any]) -> None:
        """Send a frame to every viewer."""
        for queue in self.viewers:
            queue.put_nowait(frame)

    def alter(self, alert_id: str, **fields: Any) -> None:
        """Change an alert and tell everybody."""
        self.alerts[alert_id].update(fields)
        self.tell(self.changes(alerts=[copy.deepcopy(self.alerts[alert_id])]))

    def end(self, alert_id: str) -> None:
        """Take an alert off the wall; it stays known, so that late acts get an answer."""
        self.tell(self.changes(ended=[alert_id]))

    def beat(self) -> None:
        """Move half of the series by a step and tell everybody."""
        values = {}
        for number, series in self.series.items():
            if self.random.random() < 0.5 or series["name"] == "rail slots":  # this one is silent
                continue
            value = round(series["value"] + self.random.gauss(0, 0.004) * series["level"], 3)
            series["value"], series["t"] = value, self.clock()
            series["trail"] = [*series["trail"][-59:], [series["t"], value]]
            row = [
                series["t"],
                value,
                series["low"],
                series["high"],
                192,
                series["productivity"],
                series["performance"],
            ]
            values[str(number)] = row
        self.tell(self.changes(values=values))
