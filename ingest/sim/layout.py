"""The tree of the simulated economy and what flows between its plants.

Four levels: nation, branch, enterprise, plant. A row of `PLANTS` is branch, enterprise, plant, kind; a row of
`FLOWS` says that one plant's output is another's raw material, and which depot carries it ("" goes by rail).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ingest.sim import plants
from ingest.sim.kinds import Gauge, PlantKind
from ingest.sim.offices import Office, offices
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

FLOWS: tuple[tuple[str, str, str], ...] = (
    ("coal-basin/pit-4", "thermal-north/boiler-house", ""),
    ("coal-basin/pit-4", "steel-coast/works", ""),
    ("ore-range/open-pit", "steel-coast/works", ""),
    ("steel-coast/works", "machine-building/foundry", "road-freight/depot-south"),
    ("cement-valley/kiln-1", "prefab-houses/casting-yard", "road-freight/depot-south"),
    ("spinning-central/spinnery", "weaving-south/loom-hall", "road-freight/depot-north"),
    ("grain-plain/flour-mill", "bread-capital/bakery", "road-freight/depot-north"),
    ("sugar-river/refinery", "bread-capital/bakery", "road-freight/depot-north"),
)


class Site(NamedTuple):
    """One plant in its place; `enterprise` and `plant` are full paths from below the nation."""

    enterprise: str
    plant: str
    kind: str


class Layout(NamedTuple):
    """The economy as parallel arrays: P plants, S scopes, G gauges, E flows.

    A place is a plant (0 to P - 1) or the scope of an office (P to P + S - 1); `member` (S, P) weighs the
    plants of each scope, rows sum to 1. `gauge_place` and `gauge_quantity` (int, G) say where each gauge
    looks, `owners` to which unit it belongs, `feeders` who sends it: an enterprise for its plants, else the
    unit's own office. `names` are relative to the feeder. `source`, `target` and `carrier` (int, E) are
    plants, `carrier` -1 by rail.
    """

    sites: tuple[Site, ...]
    kinds: tuple[PlantKind, ...]
    gauges: tuple[Gauge, ...]
    owners: tuple[str, ...]
    feeders: tuple[str, ...]
    names: tuple[str, ...]
    gauge_place: np.ndarray
    gauge_quantity: np.ndarray
    member: np.ndarray
    nominal: np.ndarray
    noise: np.ndarray
    memory_s: np.ndarray
    power: np.ndarray
    rhythm: np.ndarray
    source: np.ndarray
    target: np.ndarray
    carrier: np.ndarray

    def enterprises(self) -> dict[str, np.ndarray]:
        """Give, for each enterprise, the positions of the gauges it sends, in the order of the tree."""
        own = dict.fromkeys(site.enterprise for site in self.sites)
        fed = self.fed()
        return {path: fed[path] for path in own}

    def fed(self) -> dict[str, np.ndarray]:
        """Give, for each unit that feeds, the positions of its gauges (int arrays); the nation is ""."""
        owner = np.array(self.feeders)
        return {path: np.flatnonzero(owner == path) for path in dict.fromkeys(self.feeders)}

    def plants_of(self, *kinds: str) -> list[int]:
        """Give the positions of the plants of `kinds`."""
        return [p for p, site in enumerate(self.sites) if site.kind in kinds]

    def gauge_path(self, gauge: int) -> str:
        """Give the full path of a gauge, for example `energy/hydro-south/dam-1/output`."""
        return f"{self.owners[gauge]}/{self.gauges[gauge].name}".lstrip("/")


def lay_out() -> Layout:
    """Build the layout from the tables above and the kinds that the registry finds.

    Raises:
        PluginError: a file in `ingest/sim/plants/` cannot be used.
    """
    found = discover(plants.__name__, having="KIND")
    sites = tuple(Site(f"{b}/{e}", f"{b}/{e}/{p}", kind) for b, e, p, kind in PLANTS)
    kinds: tuple[PlantKind, ...] = tuple(found[site.kind].KIND for site in sites)
    pairs = [(position, gauge) for position, kind in enumerate(kinds) for gauge in kind.gauges]
    above = offices(
        list(dict.fromkeys(branch for branch, *_ in PLANTS)), list(dict.fromkeys(s.enterprise for s in sites))
    )
    scopes = list(dict.fromkeys(office.scope for office in above))
    gauges = (*(gauge for _, gauge in pairs), *(office.gauge for office in above))
    index = {f"{e}/{p}": position for position, (_, e, p, _) in enumerate(PLANTS)}
    return Layout(
        sites=sites,
        kinds=kinds,
        gauges=gauges,
        owners=(*(sites[p].plant for p, _ in pairs), *(office.unit for office in above)),
        feeders=(*(sites[p].enterprise for p, _ in pairs), *(office.unit for office in above)),
        names=(*(f"{PLANTS[p][2]}/{gauge.name}" for p, gauge in pairs), *(o.gauge.name for o in above)),
        gauge_place=np.array([p for p, _ in pairs] + _places(above, scopes, len(sites)), np.intp),
        gauge_quantity=np.array([gauge.quantity for gauge in gauges], np.intp),
        member=np.array([_weights(scope, sites) for scope in scopes]),
        nominal=np.array([gauge.nominal for gauge in gauges]),
        noise=np.array([gauge.noise for gauge in gauges]),
        memory_s=np.array([gauge.memory_s for gauge in gauges]),
        power=np.array([kind.power for kind in kinds]),
        rhythm=np.array([kind.rhythm for kind in kinds]),
        source=np.array([index[a] for a, _, _ in FLOWS], np.intp),
        target=np.array([index[b] for _, b, _ in FLOWS], np.intp),
        carrier=np.array([index.get(depot, -1) for _, _, depot in FLOWS], np.intp),
    )


def _places(above: list[Office], scopes: list[tuple[str, ...]], plants_n: int) -> list[int]:
    """Give the place of each office's scope."""
    return [plants_n + scopes.index(office.scope) for office in above]


def _weights(scope: tuple[str, ...], sites: tuple[Site, ...]) -> np.ndarray:
    """Give each plant's weight in a scope: plants inside weigh the same."""
    inside = np.array(
        [any(f"{site.plant}/".startswith(f"{path}/" if path else "") for path in scope) for site in sites]
    )
    weights: np.ndarray = inside / inside.sum()
    return weights
