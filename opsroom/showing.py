"""What screens and plants are told of each step, in one place: at the start all that stands, then changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from opsroom.core import Core
    from opsroom.plants import PlantHub
    from opsroom.step import Changes
    from opsroom.view import View


def show_all(core: Core, view: View) -> None:
    """Give the screens what stands at the start."""
    book, now = core.book, core.now
    raises = {alert.series_id: book.raises_30d(alert.series_id, now) for alert in book.open.values()}
    view.load(now, book.open.values(), raises, core.audits.rows.values(), book.agreed)
    view.pleasures.take(core.pleasures.rows.values())
    view.minutes.take(core.minutes.rows.values())
    view.chairs.follow(core.chairs.rows)


def show(core: Core, view: View, plants: PlantHub, changes: Changes) -> None:
    """Tell screens and plants: it is durable in the log, and the store may be slow or away."""
    edges, bargains = changes.edges, changes.bargains
    view.pleasures.take(changes.pleasures)
    view.minutes.take(changes.minutes)
    view.agreements.note(bargains)
    if changes.marked:
        view.revision += 1
        view.mark_revision = view.revision
    if changes.seated:
        view.chairs.follow(core.chairs.rows)
    if edges or changes.config or changes.audits or bargains:
        now, ids = core.now, {edge.alert.series_id for edge in edges}
        raises = {series_id: core.book.raises_30d(series_id, now) for series_id in ids}
        tree = bool(changes.config or bargains)
        view.apply(now, edges, raises, catalog_changed=tree, audits=changes.audits)
        plants.publish(edges)
    view.now(core.now)


def show_bands(core: Core, view: View, ids: NDArray[Any]) -> None:
    """Give the screens the expected bands of some series."""
    if core.detection and len(ids):
        low, high = core.bands(ids.tolist())
        view.bands(ids, low, high)
