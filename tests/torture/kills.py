"""A thousand SIGKILLs under live senders, in rounds of a hundred on fresh rooms."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.faults.kills import BUSY_ROOM, BUSY_STORE, live_killed
from tests.faults.server import Nursery, Server

ROUND = 100
COUNTED = ("kills", "acked", "stored", "acked_lost", "altered", "foreign", "doubled", "sent_again")


def run(kills: int, *, seed: int) -> dict[str, Any]:
    """Kill `kills` times; give the sums: acknowledged, unacknowledged, sent again, lost, doubled."""
    nursery = Nursery()
    total = dict.fromkeys(COUNTED, 0)
    held = True
    slowest_s = 0.0
    try:
        while total["kills"] < kills:
            many = min(ROUND, kills - total["kills"])
            with tempfile.TemporaryDirectory(prefix="opsroom-kills-") as folder:
                server = Server(Path(folder), nursery=nursery, room=dict(BUSY_ROOM), store=dict(BUSY_STORE))
                try:
                    figure = asyncio.run(
                        live_killed(server, kills=many, seed=seed + total["kills"], between_s=(0.0, 0.3))
                    ).figure
                finally:
                    server.close()
            for key in COUNTED:
                total[key] += figure[key]
            held = held and figure["held"]
            slowest_s = max(slowest_s, figure["slowest_restart_s"])
            print(f"{total['kills']} of {kills} kills, {total['acked_lost']} lost", file=sys.stderr)
    finally:
        nursery.close()
    unacked = total["stored"] - total["acked"]
    return {"seed": seed, **total, "stored_unacked": unacked, "slowest_restart_s": slowest_s, "held": held}
