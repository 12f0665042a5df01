"""What a unit states it could do, held against what it does: capability understated, latency eroding.

Pure, one step over columns like a detector's, and beside the detectors: what is doubted here is an agreed
figure and not the readings, so a series goes on being scored, and goes on teaching, while such a doubt
stands. The doubt is of the series' one alert, by which it may be opened, held or merely added to.
"""

from __future__ import annotations

from opsroom.stated.book import StatedBook, beside
from opsroom.stated.memory import State, confirmed, dump, load

__all__ = ["State", "StatedBook", "beside", "confirmed", "dump", "load"]
