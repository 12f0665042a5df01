"""The tree of the simulated economy and what flows between its plants.

Four levels: nation, branch, enterprise, plant. A row of `PLANTS` is branch, enterprise, plant, kind; a row of
`FLOWS` says that one plant's output is another's raw material, and whether it goes by road.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ingest.sim import plants
from ingest.sim.kinds import Gauge, PlantKind
from opsroom.registry import discover

NATION = "Republic"
LEVELS = ("nation", "branch", "enterprise", "plant")

PLANTS: tuple[tuple[str, str, str, str], ...] = (
    ("energy", "hydro-south", "dam-1", "turbine"),
    ("energy", "hydro-south", "dam-2", "turbine"),
    ("energy", "thermal-north", "boiler-house", "boiler"),
    ("energy", "coal-basin", "pit-4", "pit"),
    ("heavy-industry", "ore-range", "open-pit", "pit"),
    ("heavy-industry", "steel-coast", "works", "steelworks"),
    ("heavy-industry", "machine-building", "foundry", "foundry"),
    ("building-materials", "cement-valley", "kiln-1", "kiln"),
    ("building-materials", "cement-valley", "kiln-2", "kiln"),
    ("building-materials", "prefab-houses", "casting-yard", "foundry"),
    ("light-industry", "spinning-central", "spinnery", "mill"),
    ("light-industry", "weaving-south", "loom-hall", "mill"),
    ("food", "grain-plain", "flour-mill", "food"),
    ("food", "bread-capital", "bakery", "food"),
    ("food", "sugar-river", "refinery", "food"),
    ("forestry", "pulp-south", "paper-mill", "pulp"),
    ("transport", "road-freight", "depot-north", "fleet"),
    ("transport", "road-freight", "depot-south", "fleet"),
)

FLOWS: tuple[tuple[str, str, bool], ...] = (
    ("coal-basin/pit-4", "thermal-north/boiler-house", False),
    ("coal-basin/pit-4", "steel-coast/works", False),
    ("ore-range/open-pit", "steel-coast/works", False),
    ("steel-coast/works", "machine-building/foundry", True),
    ("cement-valley/kiln-1", "prefab-houses/casting-yard", True),
    ("spinning-central/spinnery", "weaving-south/loom-hall", True),
    ("grain-plain/flour-mill", "bread-capital/bakery", True),
    ("sugar-river/refinery", "bread-capital/bakery", True),
)


class Site(NamedTuple):
    """One plant in its place; `enterprise` and `plant` are full paths from below the nation."""

    enterprise: str
    plant: str
    kind: str


class Layout(NamedTuple):
    """The economy as parallel arrays: P plants, G gauges, E flows.

    `gauge_plant` and `gauge_quantity` (int, G) say where each gauge looks. `names` are relative to the
    enterprise, as a feeder speaks them. `source` and `target` (int, E) are plants, `by_road` (bool, E).
    """

    sites: tuple[Site, ...]
    kinds: tuple[PlantKind, ...]
    gauges: tuple[Gauge, ...]
    names: tuple[str, ...]
    gauge_plant: np.ndarray
    gauge_quantity: np.ndarray
    nominal: np.ndarray
    noise: np.ndarray
    memory_s: np.ndarray
    power: np.ndarray
    rhythm: np.ndarray
    carries: np.ndarray
    source: np.ndarray
    target: np.ndarray
    by_road: np.ndarray

    def enterprises(self) -> dict[str, np.ndarray]:
        """Give, for each enterprise, the positions of its gauges (int arrays), in the order of the tree."""
        owner = np.array([self.sites[p].enterprise for p in self.gauge_plant])
        return {name: np.flatnonzero(owner == name) for name in dict.fromkeys(owner.tolist())}

    def plants_of(self, kind: str) -> list[int]:
        """Give the positions of the plants of `kind`."""
        return [p for p, site in enumerate(self.sites) if site.kind == kind]

    def gauge_path(self, gauge: int) -> str:
        """Give the full path of a gauge, for example `energy/hydro-south/dam-1/output`."""
        return f"{self.sites[self.gauge_plant[gauge]].plant}/{self.gauges[gauge].name}"


def lay_out() -> Layout:
    """Build the layout from the tables above and the kinds that the registry finds.

    Raises:
        PluginError: a file in `ingest/sim/plants/` cannot be used.
    """
    found = discover(plants.__name__, having="KIND")
    sites = tuple(Site(f"{b}/{e}", f"{b}/{e}/{p}", kind) for b, e, p, kind in PLANTS)
    kinds: tuple[PlantKind, ...] = tuple(found[site.kind].KIND for site in sites)
    pairs = [(position, gauge) for position, kind in enumerate(kinds) for gauge in kind.gauges]
    gauges = tuple(gauge for _, gauge in pairs)
    index = {f"{e}/{p}": position for position, (_, e, p, _) in enumerate(PLANTS)}
    return Layout(
        sites=sites,
        kinds=kinds,
        gauges=gauges,
        names=tuple(f"{PLANTS[position][2]}/{gauge.name}" for position, gauge in pairs),
        gauge_plant=np.array([position for position, _ in pairs], np.intp),
        gauge_quantity=np.array([gauge.quantity for gauge in gauges], np.intp),
        nominal=np.array([gauge.nominal for gauge in gauges]),
        noise=np.array([gauge.noise for gauge in gauges]),
        memory_s=np.array([gauge.memory_s for gauge in gauges]),
        power=np.array([kind.power for kind in kinds]),
        rhythm=np.array([kind.rhythm for kind in kinds]),
        carries=np.array([kind.carries for kind in kinds]),
        source=np.array([index[a] for a, _, _ in FLOWS], np.intp),
        target=np.array([index[b] for _, b, _ in FLOWS], np.intp),
        by_road=np.array([road for _, _, road in FLOWS]),
    )
