"""The alarm figures of a seat's own position, as JSON or CSV."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import msgspec
from fastapi import APIRouter, Query, Response

from opsroom.api.answers import answer
from opsroom.api.files import CSV_TYPE, attached, csv_of
from opsroom.api.ports import ApiRoom, CallerOf, RoomOf
from opsroom.api.queries import DAY_MS, MICROS_PER_MS, Ms
from opsroom.errors import AccessDenied, Invalid, NotFound
from opsroom.figures import Edge, Figures, Row, account, gather, table
from opsroom.figures.floods import WINDOW_US
from opsroom.model import MICROS_PER_S
from opsroom.view.cards import ms

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opsroom.api.ports import JournalRows
    from opsroom.catalog import Catalog
    from opsroom.model import Micros, Unit
    from opsroom.seats import Seat
    from opsroom.settings import FiguresSection

figures_router = APIRouter(prefix="/api/v1", tags=["reading"])

LEAD_US: Final = 3_600 * MICROS_PER_S
PAGE: Final = 5_000
COLUMNS: Final = ("figure", "of", "value", "form", "target", "most", "edition", "judgement")


@figures_router.get("/figures", summary="Alarm figures of the seat's own position")
async def figures(
    room: RoomOf,
    caller: CallerOf,
    since: Annotated[Ms | None, Query(alias="from")] = None,
    until: Annotated[Ms | None, Query(alias="to")] = None,
    unit: str | None = None,
    form: Annotated[Literal["json", "csv"], Query(alias="format")] = "json",
) -> Response:
    """Give every figure with target, most, edition and judgement, from `from` up to, not including, `to`.

    Default is the day up to now; a `to` that is still to come is now.
    """
    own = _own(room, caller.seat, unit)
    limits = room.settings.figures
    now = room.view.at // MICROS_PER_MS + 1
    end = now if until is None else min(until, now)
    start = since if since is not None else max(0, end - DAY_MS)
    if start >= end:
        raise Invalid("The range is empty.", remedy="Give from before to.", code="range_empty", field="from")
    if end - start > limits.days_max * DAY_MS:
        raise Invalid(
            f"The span is longer than {limits.days_max:g} days.",
            remedy="Ask for parts of it.",
            code="figures_too_long",
            field="from",
            days=limits.days_max,
        )
    t_from, t_to = start * MICROS_PER_MS, end * MICROS_PER_MS
    found = await room.read(position_figures, room.store.journal, own.id, t_from, t_to, limits)
    ruled = await room.read(room.store.rulings.raises, t_from, t_to)
    events = sum(times for _, unit_id, event, times in ruled if event and unit_id == own.id)
    rows = table(found, limits)
    if form == "csv":
        head = attached(f"alarm-figures-{start}-{end}.csv")
        return Response(as_csv(found, rows, own, room.catalog, events), 200, head, media_type=CSV_TYPE)
    return answer({**as_json(found, rows, own, room.catalog, limits), "events": events})


def position_figures(
    journal: JournalRows, position: int, t_from: Micros, t_to: Micros, limits: FiguresSection
) -> Figures:
    """Read the journal page by page and count it; blocking.

    Raises:
        Invalid: the span holds more edges than `figures.edges_max`.
    """
    return account(gather(_edges(journal, t_from, t_to, limits)), t_from, t_to, limits, position=position)


def _edges(journal: JournalRows, t_from: Micros, t_to: Micros, limits: FiguresSection) -> Iterator[Edge]:
    """Give the edges of the span, of an hour before it, and earlier ones of what still stood then."""
    begin = t_from - LEAD_US
    yield from journal.edges_standing(begin)
    read, after = 0, (0, 0)
    while page := journal.edges_within(begin, t_to, after, PAGE):
        read += len(page)
        if read > limits.edges_max:
            raise Invalid(
                f"The span holds more than {limits.edges_max} edges.",
                remedy="Ask for a shorter one.",
                code="figures_too_many",
                field="from",
                limit=limits.edges_max,
            )
        for _, edge in page:
            yield edge
        after = page[-1][0]


def _own(room: ApiRoom, seat: Seat, path: str | None) -> Unit:
    """Give the seat's unit.

    Raises:
        NotFound: `path` is no unit that the seat sees.
        AccessDenied: it is below, and what its people had to live with is its own affair.
    """
    own = room.catalog.units[seat.unit_id]
    if path is None or path == own.path:
        return own
    other = room.catalog.unit_at(path)
    if other is None or not room.catalog.contains(own.id, other.id):
        raise NotFound("No such unit.", remedy="List them.", code="unit_unknown", unit=path)
    raise AccessDenied(
        "These figures are the unit's own.",
        remedy="Ask its council.",
        code="figures_autonomous",
        unit=path,
    )


def as_json(
    found: Figures, rows: list[Row], own: Unit, catalog: Catalog, limits: FiguresSection
) -> dict[str, Any]:
    """Word the figures for the wire: times in ms, series and units by path."""
    return {
        "unit": own.path,
        "name": own.name,
        "from": ms(found.t_from),
        "to": ms(found.t_to),
        "short": found.short,
        "days_min": limits.days_min,
        "annunciated": found.annunciated,
        "different": found.different,
        "rows": [msgspec.structs.asdict(row) for row in rows],
        "bins": {"from": ms(found.bins_from), "width_s": WINDOW_US // MICROS_PER_S, "counts": found.bins},
        "bin_raises": limits.bin_raises,
        "floods": [
            {"from": ms(one.t_from), "to": ms(one.t_to), "raises": one.raises, "peak": one.peak}
            for one in found.floods
        ],
        "actors": [
            {"series": _path(catalog, one.series_id), **msgspec.structs.asdict(one)} for one in found.actors
        ],
        "chattering": [_path(catalog, one) for one in found.chattering],
        "stale": [{"alert": name, "active_s": age} for name, age in found.stale],
        "mix": {"1": found.mix[0], "2": found.mix[1], "3": found.mix[2]},
        "acknowledge": found.acknowledge,
        "waiting": found.waiting,
        "passed": found.passed,
        "recover": found.recover,
        "climbs": [{"level": level, "n": n} for level, n in found.climbs.items()],
        "acknowledgements": found.acknowledgements,
        "silencings": found.silencings,
        "units": [{"unit": _unit(catalog, one), "n": n} for one, n in found.origins.items()],
        "eemua": {"rate": found.rate_band, "performance": found.performance_band},
        "others": found.others,
    }


def as_csv(found: Figures, rows: list[Row], own: Unit, catalog: Catalog, events: int = 0) -> str:
    """Write one line a figure, then bad actors, climbs by level and units; `events` were never annunciated.

    Text that a spreadsheet would take for a formula begins with an apostrophe.
    """
    lines: list[tuple[Any, ...]] = [
        ("unit", own.path, own.name, "text"),
        ("from", "", ms(found.t_from), "ms"),
        ("to", "", ms(found.t_to), "ms"),
        ("short", "", int(found.short), "flag"),
        ("annunciated", "", found.annunciated, "count"),
        ("events", "", events, "count"),
    ]
    lines += [(r.key, "", r.value, r.form, r.target, r.most, r.edition, r.judgement) for r in rows]
    lines += [("bad_actor", _path(catalog, one.series_id), one.raises, "count") for one in found.actors]
    lines += [("chattering", _path(catalog, one), 1, "flag") for one in found.chattering]
    lines += [("stale", name, age, "seconds") for name, age in found.stale]
    lines += [("climbs_to", level, n, "count") for level, n in found.climbs.items()]
    lines += [("raised_by", _unit(catalog, one), n, "count") for one, n in found.origins.items()]
    lines += [
        ("eemua_rate", "", found.rate_band, "text", None, None, "eemua_public"),
        ("eemua_performance", "", found.performance_band, "text", None, None, "eemua_public"),
    ]
    return csv_of([COLUMNS, *((*line, *[None] * (len(COLUMNS) - len(line))) for line in lines)])


def _path(catalog: Catalog, series_id: int) -> str:
    return catalog.series_path(series_id) if series_id in catalog.series else ""


def _unit(catalog: Catalog, unit_id: int) -> str:
    unit = catalog.units.get(unit_id)
    return "" if unit is None else unit.path
