"""What detection is told of a series, which knows no tree and no agreement."""

from __future__ import annotations

from opsroom.catalog import Catalog
from opsroom.detect import SeriesSpec
from opsroom.measuring import shown_as
from opsroom.model import Series
from opsroom.spans import span_us


def spec_of(catalog: Catalog, series: Series, budget_per_week: float) -> SeriesSpec:
    """Give the spec of a series under the terms agreed; `budget_per_week` its expected false alarms."""
    return SeriesSpec(
        id=series.id,
        unit_id=series.unit_id,
        period_us=span_us(series.period_s) if series.period_s and not series.aside else None,
        circular=series.circular,
        band=series.band,
        siblings=catalog.sibling_key(series.id),
        indicator=series.indicator,
        time_zone=catalog.units[series.unit_id].time_zone,
        budget_per_week=budget_per_week,
        way=shown_as(series),
    )
