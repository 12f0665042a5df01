"""The tree of the simulated economy and who supplies whom, as parallel arrays.

Four levels: nation, branch, sector, enterprise. A district holds every enterprise that the files in
`ingest/sim/plants/` name; a larger economy is more districts side by side, whose suppliers help each other.
Capacities follow from demand: what people buy is made from what other enterprises make, and carried.
"""

from __future__ import annotations

import heapq
from typing import Final, NamedTuple

import numpy as np

from ingest.sim import offices, plants
from ingest.sim.kinds import HOURLY_S, Gauge, Mode, PlantKind, Quantity, Role, Shift
from ingest.sim.seasons import REGIONS, WEEK_SHARE
from opsroom.registry import discover

NATION: Final = "Republic"
LEVELS: Final = ("nation", "branch", "sector", "enterprise")
UTILISATION: Final = 0.92
ROUNDS: Final = 40
TRANSIT_H: Final = {Mode.ROAD: 8.0, Mode.RAIL: 20.0, Mode.PIPE: 1.0}
HYDRO_SHARE, THERMAL_SHARE, WIND_SHARE = 0.85, 0.4, 0.22
"""What stations of each kind could give, in shares of the mean load."""
THERMAL_USED: Final = 0.28
HOUSEHOLDS: Final = 0.3
LORRY_T: Final = 2.5
"""Tonnes an hour that one lorry carries."""
CARRIED_SHARE: Final = 0.8
GOLDEN: Final = 0.618034
SIZES: Final = 0.15
"""Enterprises of one kind differ in size by so much to either side."""
RESERVOIR_H: Final = 20 * 24.0
"""How long a full reservoir gives the mean output of its station without inflow."""


class Enterprises(NamedTuple):
    """Enterprises as arrays of one length E; rates and capacities in t/h or MW, stores in t."""

    paths: tuple[str, ...]
    kinds: tuple[PlantKind, ...]
    kind: np.ndarray
    sector: np.ndarray
    branch: np.ndarray
    region: np.ndarray
    role: np.ndarray
    shift: np.ndarray
    offset_h: np.ndarray
    essential: np.ndarray
    energy: np.ndarray
    demand: np.ndarray
    rate: np.ndarray
    capacity: np.ndarray
    goods_target: np.ndarray
    goods_max: np.ndarray


class Flows(NamedTuple):
    """Flows (F) from suppliers to consumers, and the bins (B) of raw material they fill.

    `carrier` is -1 by pipe; `weight` the share of a bin's orders that goes to this supplier by contract.
    """

    supplier: np.ndarray
    consumer: np.ndarray
    bin: np.ndarray
    carrier: np.ndarray
    is_road: np.ndarray
    weight: np.ndarray
    nominal: np.ndarray
    transit_h: np.ndarray
    bin_consumer: np.ndarray
    bin_amount: np.ndarray
    bin_target: np.ndarray
    bin_use: np.ndarray


class Gauges(NamedTuple):
    """Gauges (G): where each looks, what it shows on an ordinary day, how it errs, how often it reads.

    `flow` is the flow whose arrivals it weighs, -1 for a gauge of its place.
    """

    gauges: tuple[Gauge, ...]
    paths: tuple[str, ...]
    feeders: tuple[str, ...]
    place: np.ndarray
    quantity: np.ndarray
    flow: np.ndarray
    nominal: np.ndarray
    noise: np.ndarray
    memory_h: np.ndarray
    scale: np.ndarray
    every: np.ndarray


class Layout(NamedTuple):
    """The whole. A place is an enterprise (0 to E - 1), then come sectors, branches and last the nation.

    `nominal` (quantities, places) is an ordinary day; `roles` and `trucks` are positions of enterprises,
    `reservoir` (E, MWh) what is stored above a full dam, `load` the mean load of the grid (MW).
    """

    districts: int
    enterprises: Enterprises
    flows: Flows
    gauges: Gauges
    sectors: tuple[str, ...]
    branches: tuple[str, ...]
    sector_branch: np.ndarray
    load: float
    nominal: np.ndarray
    roles: dict[Role, np.ndarray]
    trucks: np.ndarray
    reservoir: np.ndarray

    @property
    def places(self) -> tuple[str, ...]:
        """Give the path of every place."""
        return (*self.enterprises.paths, *self.sectors, *self.branches, "")

    def fed(self) -> dict[str, np.ndarray]:
        """Give, for each feeder (a branch, or "" for the nation), the positions of its gauges."""
        owner = np.array(self.gauges.feeders)
        return {path: np.flatnonzero(owner == path) for path in (*self.branches, "")}

    def of_kind(self, name: str) -> np.ndarray:
        """Give the positions of the enterprises of a kind by the name of its file."""
        return np.flatnonzero(self.enterprises.kind == KIND_NAMES.index(name))


_FOUND: Final = discover(plants.__name__, having="KIND")
KIND_NAMES: Final = tuple(_FOUND)
DISTRICT: Final = sum(count for module in _FOUND.values() for _, _, count in module.KIND.sites)
"""Enterprises in one district."""


def lay_out(districts: int = 1) -> Layout:
    """Build the economy of so many districts.

    Raises:
        PluginError: a file in `ingest/sim/plants/` cannot be used.
    """
    kinds: tuple[PlantKind, ...] = tuple(module.KIND for module in _FOUND.values())
    rows = [
        (number, f"{kind.branch}/{sector}/{stem}-{district * count + n + 1}", sector)
        for number, kind in enumerate(kinds)
        for district in range(districts)
        for sector, stem, count in kind.sites
        for n in range(count)
    ]
    rows.sort(key=lambda row: row[1].split("/")[:2])
    bare = _enterprises(rows, kinds)
    flows = _flows(bare, kinds)
    flows = flows._replace(carrier=_carriers(bare, _sized(bare, flows)[1]))
    sized, flows, load = _sized(bare, flows)
    sectors = tuple(dict.fromkeys(path.rpartition("/")[0] for path in bare.paths))
    branches = tuple(dict.fromkeys(path.partition("/")[0] for path in bare.paths))
    sector_branch = np.array([branches.index(path.partition("/")[0]) for path in sectors])
    nominal = _nominal(sized, flows, sectors, branches, load)
    gauges = _gauges(sized, flows, _hung(sized, kinds, sectors, branches, nominal), nominal)
    roles = {role: np.flatnonzero(sized.role == number) for number, role in enumerate(Role)}
    return Layout(
        districts=districts,
        enterprises=sized,
        flows=flows,
        gauges=gauges,
        sectors=sectors,
        branches=branches,
        sector_branch=sector_branch,
        load=load,
        nominal=nominal,
        roles=roles,
        trucks=np.flatnonzero(sized.kind == KIND_NAMES.index("trucks")),
        reservoir=np.where(sized.role == list(Role).index(Role.HYDRO), RESERVOIR_H * sized.rate, 0.0),
    )


def _enterprises(rows: list[tuple[int, str, str]], kinds: tuple[PlantKind, ...]) -> Enterprises:
    """Place the enterprises; what they could make is still unknown."""
    kind = np.array([number for number, _, _ in rows])
    paths = tuple(path for _, path, _ in rows)
    sectors = list(dict.fromkeys(path.rpartition("/")[0] for path in paths))
    branches = list(dict.fromkeys(path.partition("/")[0] for path in paths))
    place = {path: number for number, path in enumerate(sectors)}
    count = np.zeros(len(kinds), np.intp)
    nth = np.empty(len(rows), np.intp)
    for position, number in enumerate(kind):
        nth[position] = count[number]
        count[number] += 1
    of_sector = [REGIONS.index(s) if s in REGIONS else -1 for _, _, s in rows]
    region = np.where(np.array(of_sector) >= 0, of_sector, (nth + kind) % len(REGIONS))
    spread = (np.arange(len(rows)) * GOLDEN) % 1.0
    zero = np.zeros(len(rows))
    return Enterprises(
        paths=paths,
        kinds=kinds,
        kind=kind,
        sector=np.array([place[path.rpartition("/")[0]] for path in paths]),
        branch=np.array([branches.index(path.partition("/")[0]) for path in paths]),
        region=region,
        role=np.array([list(Role).index(kinds[n].role) for n in kind]),
        shift=np.array([int(kinds[n].shift) for n in kind]),
        offset_h=np.where(np.array([kinds[n].shift in (Shift.TWO, Shift.DAY) for n in kind]), spread, 0.0),
        essential=np.array([kinds[n].essential for n in kind]),
        energy=np.array([kinds[n].energy_mwh for n in kind]),
        demand=np.array([kinds[n].demand for n in kind]) * (1.0 + SIZES * (2.0 * spread - 1.0)),
        rate=zero,
        capacity=zero,
        goods_target=np.array([kinds[n].goods_d for n in kind]),
        goods_max=zero,
    )


def _flows(made: Enterprises, kinds: tuple[PlantKind, ...]) -> Flows:
    """Contract every consumer with its suppliers, and name one more who may step in."""
    members = {name: np.flatnonzero(made.kind == n) for n, name in enumerate(KIND_NAMES)}
    rows: list[tuple[int, int, int, Mode, float]] = []
    bins: list[tuple[int, float, float]] = []
    for name, kind in zip(KIND_NAMES, kinds, strict=True):
        for nth, consumer in enumerate(members[name].tolist()):
            for need in kind.inputs:
                chosen, spare = _suppliers(nth, len(members[name]), members[need.kind].tolist())
                rows += [(one, consumer, len(bins), need.mode, 1.0 / len(chosen)) for one in chosen]
                rows += [(one, consumer, len(bins), need.mode, 0.0) for one in spare]
                bins.append((consumer, need.amount, need.cover_d))
    modes = [mode for _, _, _, mode, _ in rows]
    empty = np.zeros(len(rows))
    return Flows(
        supplier=np.array([row[0] for row in rows], np.intp),
        consumer=np.array([row[1] for row in rows], np.intp),
        bin=np.array([row[2] for row in rows], np.intp),
        carrier=np.full(len(rows), -1, np.intp),
        is_road=np.array([mode is Mode.ROAD for mode in modes]),
        weight=np.array([row[4] for row in rows]),
        nominal=empty,
        transit_h=np.array([TRANSIT_H[mode] for mode in modes]),
        bin_consumer=np.array([one[0] for one in bins], np.intp),
        bin_amount=np.array([one[1] for one in bins]),
        bin_target=np.array([one[2] for one in bins]),
        bin_use=np.zeros(len(bins)),
    )


def _suppliers(nth: int, consumers: int, suppliers: list[int]) -> tuple[list[int], list[int]]:
    """Give whom the nth of so many consumers has contracts with, and who may step in (at most one)."""
    if len(suppliers) < consumers:
        first = nth % len(suppliers)
        return [suppliers[first]], [suppliers[(first + 1) % len(suppliers)]] if len(suppliers) > 1 else []
    low, high = (end * len(suppliers) // consumers for end in (nth, nth + 1))
    return suppliers[low:high], suppliers[high : high + 1] or suppliers[: min(1, low)]


def _carriers(made: Enterprises, flows: Flows) -> np.ndarray:
    """Give every flow a carrier: the least loaded haulier of the supplier's region, or railway line."""
    members = [np.flatnonzero(made.kind == KIND_NAMES.index(name)).tolist() for name in ("trucks", "rail")]
    heaps = {
        region: [(0.0, h) for h in members[0] if made.region[h] == region] for region in range(len(REGIONS))
    }
    lines = [(0.0, line) for line in members[1]]
    carrier = flows.carrier.copy()
    for flow in np.argsort(-flows.nominal, kind="stable").tolist():
        if flows.transit_h[flow] == TRANSIT_H[Mode.PIPE]:
            continue
        heap = heaps[int(made.region[flows.supplier[flow]])] if flows.is_road[flow] else lines
        load, chosen = heapq.heappop(heap)
        carrier[flow] = chosen
        heapq.heappush(heap, (load + float(flows.nominal[flow]), chosen))
    return carrier


def _sized(bare: Enterprises, flows: Flows) -> tuple[Enterprises, Flows, float]:
    """Find rates at which every demand is met, and capacities a little above."""
    count, role = len(bare.paths), bare.role
    is_role = {one: role == list(Role).index(one) for one in Role}
    rate, load = bare.demand.copy(), 0.0
    nominal = flows.nominal
    for _ in range(ROUNDS):
        use = flows.bin_amount * rate[flows.bin_consumer]
        nominal = use[flows.bin] * flows.weight
        sent = np.bincount(flows.supplier, nominal, count)
        on = flows.carrier >= 0
        carried = np.bincount(flows.carrier[on], nominal[on], count)
        rate = np.where(is_role[Role.CARRIER], np.maximum(carried, 1.0), bare.demand + sent)
        load = float((rate * bare.energy).sum()) * (1.0 + HOUSEHOLDS)
        for one, share in (
            (Role.HYDRO, 1.0 - THERMAL_USED - WIND_SHARE / 3.0),
            (Role.THERMAL, THERMAL_USED),
            (Role.WIND, WIND_SHARE / 3.0),
        ):
            rate[is_role[one]] = share * load / is_role[one].sum()
    capacity = rate / WEEK_SHARE[bare.shift] / UTILISATION
    capacity[is_role[Role.CARRIER]] *= UTILISATION / CARRIED_SHARE
    for one, share in ((Role.HYDRO, HYDRO_SHARE), (Role.THERMAL, THERMAL_SHARE), (Role.WIND, WIND_SHARE)):
        capacity[is_role[one]] = share * load / is_role[one].sum()
    makes = is_role[Role.MAKER]
    target = np.where(makes, bare.goods_target * 24.0 * rate, 0.0)
    use = flows.bin_amount * rate[flows.bin_consumer]
    return (
        bare._replace(
            rate=rate, capacity=capacity, goods_target=target, goods_max=2.0 * target + 24.0 * rate
        ),
        flows._replace(nominal=nominal, bin_use=use, bin_target=flows.bin_target * 24.0 * use),
        load,
    )


def _nominal(
    made: Enterprises, flows: Flows, sectors: tuple[str, ...], branches: tuple[str, ...], load: float
) -> np.ndarray:
    """Give every quantity of every place on an ordinary day (quantities, places)."""
    n, first_branch = len(made.paths), len(made.paths) + len(sectors)
    found = np.full((len(Quantity), first_branch + len(branches) + 1), np.nan)
    found[Quantity.OUTPUT, :n] = made.capacity
    cover = np.full(n, np.inf)
    np.minimum.at(cover, flows.bin_consumer, flows.bin_target / (24.0 * np.maximum(flows.bin_use, 1e-9)))
    found[Quantity.COVER, :n] = np.where(np.isfinite(cover), cover, 1.0)
    found[Quantity.GOODS, :n] = np.maximum(made.goods_target, 1.0)
    found[Quantity.ENERGY, :n] = made.capacity * made.energy
    found[Quantity.INTENSITY, :n] = 1000.0 * made.energy
    found[Quantity.ABSENCE] = 5.0
    found[Quantity.LORRIES, :n] = np.ceil(made.capacity / LORRY_T)
    found[Quantity.WIND, :n] = 7.0
    found[Quantity.LEVEL, :n] = 80.0
    found[Quantity.INDEX] = found[Quantity.DELIVERED] = found[Quantity.ON_ROAD] = 100.0
    found[Quantity.SUPPLIED] = 100.0
    found[Quantity.RESERVE] = 25.0
    found[Quantity.AVAILABLE, :n] = made.capacity
    found[Quantity.PLAN, :n] = 100.0
    found[Quantity.FREQUENCY] = 50.0
    eaten = made.essential & (made.demand > 0.0) & (made.branch == branches.index("food"))
    found[Quantity.FOOD] = made.goods_target[eaten].sum() / (24.0 * made.demand[eaten].sum())
    found[Quantity.TEMPERATURE] = 15.0
    found[Quantity.LOAD] = load
    branch_energy = np.bincount(made.branch, made.capacity * made.energy, len(branches))
    found[Quantity.ENERGY, first_branch:-1] = branch_energy
    return found


def _hung(
    made: Enterprises,
    kinds: tuple[PlantKind, ...],
    sectors: tuple[str, ...],
    branches: tuple[str, ...],
    nominal: np.ndarray,
) -> list[tuple[int, str, Gauge]]:
    """Hang the gauges: enterprise by enterprise, then the offices from sectors to the nation."""
    units = [(path, kinds[kind].gauges) for path, kind in zip(made.paths, made.kind, strict=True)]
    units += [(path, offices.sector()) for path in sectors]
    units += [(path, offices.branch()) for path in branches]
    units += [("", offices.nation())]
    return [
        (place, path, gauge)
        for place, (path, gauges) in enumerate(units)
        for gauge in gauges
        if nominal[gauge.quantity, place] > 0.0  # a branch that draws no power has no meter for it
    ]


def _gauges(
    made: Enterprises, flows: Flows, hung: list[tuple[int, str, Gauge]], nominal: np.ndarray
) -> Gauges:
    """Make arrays of the gauges; last come scales at the gates, one for each flow under contract."""
    weighed = np.flatnonzero(flows.weight > 0.0)
    rows = [*hung, *(_scale(made, flows, one) for one in weighed.tolist())]
    gauges = tuple(gauge for _, _, gauge in rows)
    place = np.array([p for p, _, _ in rows])
    quantity = np.array([int(gauge.quantity) for gauge in gauges])
    usual = np.concatenate([nominal[quantity, place][: len(hung)], flows.nominal[weighed]])
    digits = np.array([gauge.digits for gauge in gauges])
    return Gauges(
        gauges=gauges,
        paths=tuple(f"{path}/{gauge.name}".lstrip("/") for _, path, gauge in rows),
        feeders=tuple(path.partition("/")[0] for _, path, _ in rows),
        place=place,
        quantity=quantity,
        flow=np.concatenate([np.full(len(hung), -1, np.intp), weighed]),
        nominal=usual,
        noise=np.array([gauge.noise for gauge in gauges]),
        memory_h=np.array([gauge.memory_h for gauge in gauges]),
        scale=10.0 ** (digits - 1 - np.floor(np.log10(usual))),
        every=np.array([round(gauge.period_s / 600.0) for gauge in gauges]),
    )


def _scale(made: Enterprises, flows: Flows, flow: int) -> tuple[int, str, Gauge]:
    """Give the scale at a consumer's gate that weighs what comes from one supplier."""
    consumer = int(flows.consumer[flow])
    supplier = made.paths[flows.supplier[flow]].rpartition("/")[2]
    return consumer, made.paths[consumer], Gauge(f"from-{supplier}", "t/h", Quantity.RECEIVED, HOURLY_S)
