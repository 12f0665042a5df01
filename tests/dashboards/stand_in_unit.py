"""What the stand-in room says of a unit where its page asks: rota, agreements, decisions, notes, feeds."""

from __future__ import annotations

from typing import Any

LONG = "<script>document.title='caught'</script> مصنع النسيج " + "Spinnerei und Weberei " * 7
"""A name that is long, runs both ways and would like to be markup."""


def answers(at: int, unit: str = "") -> dict[str, Any]:
    """Give what the room says of the unit, as its questions are answered."""
    level = {"unit": unit, "name": "Economy", "level_name": "nation", "recovery_s": 600.0}
    agreement = {"series_id": 2, "path": "steam", "name": "steam", "unit": unit, "levels": [level]}
    decision = {
        "id": "m1",
        "person": "council-2",
        "unit": unit,
        "at": at,
        "text": LONG,
        "addressee": "copper",
        "addressee_name": "Copper",
        "followup": at,
        "verdict": None,
        "pending": True,
        "due": True,
    }
    audit = {
        "id": "u1",
        "side": "by",
        "person": "council-1",
        "by": unit,
        "by_name": "Economy",
        "unit": "copper",
        "unit_name": "Copper",
        "series_name": None,
        "reason": "stock does not add up",
        "declared": at,
        "until": at + 600_000,
        "ended": None,
        "in_force": True,
    }
    note = {
        "id": "n1",
        "person": "council-1",
        "unit": unit,
        "unit_name": "Economy",
        "series_id": None,
        "series_name": None,
        "text": f"Boiler cleaned {LONG}",
        "from": at,
        "to": at,
        "at": at,
        "may_remove": False,
    }
    feed = {"source": "s1", "name": "works", "state": "silent", "series": 4, "silent": 2}
    return {
        "rota": {"now": [[2]], "seats": [{"id": 2, "person": "council-2", "role": "council"}]},
        "agreements": {"rows": [{**agreement, "version": 1, "essential": True, "proposal": None}]},
        "decisions": {"decisions": [decision], "may_decide": True},
        "audits": {"audits": [audit]},
        "feeds": {"rows": [feed], "found": 1},
        "annotations": {"annotations": [note]},
        "marks": {"marks": [], "left_out": 0},
    }
