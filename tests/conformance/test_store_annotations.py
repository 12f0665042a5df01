"""What every store engine tells of annotations: by span, unit and series, now and as they stood before."""

from opsroom.acts import Annotate, Unannotate
from tests.conformance.shelf import Shelf, each_engine


def wrote(text: str, since: int, until: int, *, unit: int = 2, series: int = 0, key: str = "") -> Annotate:
    return Annotate(
        person="ana",
        seat_id=7,
        unit_id=1,
        key=key,
        on_unit=unit,
        series_id=series,
        t_from=since,
        t_to=until,
        text=text,
    )


@each_engine
def test_annotations_are_found_by_span_and_place_and_as_they_stood(shelf: Shelf) -> None:
    place = shelf.fresh()
    store = shelf.open(place)
    acts = [
        (1, 100, wrote("span", 10, 20, key="7-a")),
        (2, 110, wrote("instant", 30, 30, series=5)),
        (3, 120, wrote("elsewhere", 10, 20, unit=3)),
    ]
    store.journal.commit(3, [], [], acts)
    store.journal.commit(4, [], [], [acts[0], (4, 200, Unannotate(annotation_id="n1", person="bo"))])
    store.journal.commit(5, [], [], [(5, 300, Unannotate(annotation_id="n1", person="cy"))])
    if shelf.engine != "memory":
        shelf.close()
        store = shelf.open(place)
    kept = store.annotations

    def texts(since: int, until: int, **which: int) -> list[str]:
        return [one.text for one in kept.of(2, since, until, **which)]

    assert texts(0, 100) == ["instant"]
    assert texts(0, 100, at=150) == ["span", "instant"], "as they stood before one was taken away"
    assert texts(0, 100, at=105) == ["span"]
    assert texts(0, 100, at=150, limit=1) == ["instant"]
    assert texts(0, 100, at=150, series_id=5) == ["span", "instant"], (
        "of the series, and of the unit as a whole"
    )
    assert texts(0, 100, at=150, series_id=6) == ["span"]
    assert texts(20, 30, at=150) == ["span"], "an end belongs to a span, the end of the question does not"
    assert texts(30, 31, at=150) == ["instant"]
    assert [one.text for one in kept.of(3, 0, 100)] == ["elsewhere"]
    gone = kept.annotation("n1")
    assert gone is not None
    assert (gone.removed, gone.removed_by, gone.by_unit) == (200, "bo", 1), "the first to take it away did"
    assert kept.written(7, "7-a") == gone
    assert kept.annotation("n9") is kept.written(7, "7-b") is None
