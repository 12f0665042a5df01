"""The economy file: units, series, indicators and flows as people declare them (docs/economy.md).

`load_economy` gives the changes that bring a catalog to what `economy.toml` says. Ids are kept by path, what
the file does not name is left as it is, nothing is deleted. A file that cannot be used is refused whole, with
file, line and key.
"""

from opsroom.economy.file import Economy, FlowTable, parse_economy, read_economy
from opsroom.economy.hierarchy import from_hierarchy, ladder
from opsroom.economy.plan import differences, load_economy

__all__ = [
    "Economy",
    "FlowTable",
    "differences",
    "from_hierarchy",
    "ladder",
    "load_economy",
    "parse_economy",
    "read_economy",
]
