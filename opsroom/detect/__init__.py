"""Detection: what a stream of readings says about each series, and how sure that is.

Each detector is one file: `tail` (abnormal against its own past), `siblings` (against its kind), `limit`
and `arbiter` (declared band, one open alert a series), `silence`, `filter` (names the change). `state` lays
out what is remembered, `step` is the kernel over all of them, `engine` the outside.
"""

from opsroom.detect.engine import Engine
from opsroom.detect.memory import SeriesSpec, State

__all__ = ["Engine", "SeriesSpec", "State"]
