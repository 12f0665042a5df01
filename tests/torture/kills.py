"""A thousand SIGKILLs in rounds of a hundred on fresh rooms: under live senders, then under recorded plants.

Live senders go on for ever, and each knows what was acknowledged to it. Recorded plants raise alerts, and
what an undisturbed room makes of them is known: readings and alerts must be equal to that.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.acceptance.economy import ECONOMY
from tests.faults.kills import BUSY_ROOM, BUSY_STORE, live_killed
from tests.faults.recorded import disturbed
from tests.faults.server import Nursery, Server

ROUND = 100
COUNTED = ("acked", "stored", "acked_lost", "altered", "foreign", "doubled", "sent_again")


def run(kills: int, *, seed: int) -> dict[str, Any]:
    """Kill `kills` times, half of them under live senders; give the sums of both halves.

    Of live senders: acknowledged, stored, sent again, lost, altered, doubled. Of recorded plants: alerts, and
    how many alerts and readings are lost, doubled or altered against the undisturbed run.
    """
    recorded = kills // 2 if ECONOMY.is_dir() else 0
    nursery = Nursery()
    try:
        live = _live(kills - recorded, seed, nursery)
        plants = _recorded(recorded, seed, nursery)
    finally:
        nursery.close()
    figure = {"seed": seed, "kills": kills, **live, "recorded": plants}
    return {**figure, "held": live["held"] and plants["held"]}


def _rounds(kills: int) -> list[int]:
    return [min(ROUND, kills - done) for done in range(0, kills, ROUND)]


def _told(what: str, done: int, kills: int, lost: int) -> None:
    print(f"{done} of {kills} kills under {what}, {lost} lost", file=sys.stderr)


def _live(kills: int, seed: int, nursery: Nursery) -> dict[str, Any]:
    total, held, slowest_s, done = dict.fromkeys(COUNTED, 0), True, 0.0, 0
    for many in _rounds(kills):
        with tempfile.TemporaryDirectory(prefix="opsroom-kills-") as folder:
            server = Server(Path(folder), nursery=nursery, room=dict(BUSY_ROOM), store=dict(BUSY_STORE))
            try:
                ran = live_killed(server, kills=many, seed=seed + done, between_s=(0.0, 0.3))
                figure = asyncio.run(ran).figure
            finally:
                server.close()
        for key in COUNTED:
            total[key] += figure[key]
        held = held and figure["held"]
        slowest_s = max(slowest_s, figure["slowest_restart_s"])
        done += many
        _told("live senders", done, kills, total["acked_lost"])
    unacked = total["stored"] - total["acked"]
    return {**total, "stored_unacked": unacked, "slowest_restart_s": slowest_s, "held": held}


def _recorded(kills: int, seed: int, nursery: Nursery) -> dict[str, Any]:
    total = {"kills": kills, "alerts": 0, "lost": 0, "doubled": 0, "altered": 0}
    held, done = True, 0
    for many in _rounds(kills):
        figure, unlike = disturbed(seed + done, kills=many, nursery=nursery)
        total["alerts"] += figure["alerts"]
        total["lost"] += figure["acked_lost"] + sum(line.startswith("missing") for line in unlike)
        total["doubled"] += sum(line.startswith("more") or line.endswith("doubled") for line in unlike)
        total["altered"] += sum(not line.startswith(("missing", "more")) for line in unlike)
        held = held and not unlike and figure["acked_lost"] == 0
        done += many
        _told("recorded plants", done, kills, total["lost"])
    return {**total, "held": held}
