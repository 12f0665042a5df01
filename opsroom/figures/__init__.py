"""Alarm figures: what the journal says of the alarms a position had to live with.

Pure: edges of the journal go in (`gather`), arrays are measured (`measure`), and an account of a span comes
out (`account`) with a table whose rows name target, most and the edition the numbers come from (`table`).
Reads no store and no clock. The texts of the standards are not public: every number is a setting.
"""

from opsroom.figures.account import Figures, account
from opsroom.figures.floods import Flood, FloodWatch
from opsroom.figures.gather import Edge, Gathered, Marks, annunciates, gather
from opsroom.figures.table import Row, table

__all__ = [
    "Edge",
    "Figures",
    "Flood",
    "FloodWatch",
    "Gathered",
    "Marks",
    "Row",
    "account",
    "annunciates",
    "gather",
    "table",
]
