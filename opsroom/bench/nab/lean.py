"""The benchmark's scores without the rest of the engine: what cross-validation makes thirty times.

Compiling the whole engine for each value tried takes longer than all files; the tail and its discord alone
are compiled in a few seconds and give the same scores, bit by bit (a test holds them to it).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from opsroom.bench.nab.corpus import File, Floats
from opsroom.bench.nab.run import ALERTS_OFF, fed
from opsroom.detect import discord, tail
from opsroom.detect import state as layout
from opsroom.detect.step import bounded


def lean_scores(file: File) -> Floats:
    """Give one score a row, shape [n], as `run.through` does."""
    score = np.zeros(len(file.t))
    rows = fed(file)
    row = layout.blank_rows(1)["tail"]
    row["zone_from"], row["zone_until"] = np.iinfo(np.int64).min, np.iinfo(np.int64).max
    past = discord.blank(1)
    given = np.zeros(len(rows))
    _feed(row, past, file.t[rows], file.v[rows], given)
    score[rows] = given
    return score


def _loop(rows: Any, past: Any, t: Any, values: Any, given: Any) -> None:
    """Feed one series reading by reading, as `step.consume` does at a budget of 0."""
    r = rows[0]
    d, known, sums = past[0][0], past[1][0], past[2][0]
    leaf = tail.calendar()
    for i in range(len(t)):
        y = bounded(values[i])
        if r.n == 0:
            tail.first_reading(r, t[i], y)
            continue
        passed = tail.keep_time(r, t[i])
        far = discord.distance(d, known, sums, r, y)
        tail.score(r, leaf, t[i], y, passed, 0.0, ALERTS_OFF, far)
        discord.learn(d)
        given[i] = r.score


_feed = njit(nogil=True)(_loop)
